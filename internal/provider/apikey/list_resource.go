package apikey

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

type listModel struct {
	ProjectID   types.String `tfsdk:"project_id"`
	Environment types.String `tfsdk:"environment"`
	MinAgeDays  types.Number `tfsdk:"min_age_days"`
}

// NewListResource returns the list resource traceloop_api_key.
func NewListResource() list.ListResource {
	return base.NewListResource("api_key", schema.Schema{
		MarkdownDescription: "Lists the active API keys of the organization, oldest first. Each is shown as its project and environment, such as `Orders / prd`. The keys themselves cannot be retrieved: the attribute `key` is null. " + base.QueryVersions,
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Only keys of the project with this id. Default: all projects.",
				Optional:            true,
				Validators:          base.IDValidator,
			},
			"environment": schema.StringAttribute{
				MarkdownDescription: "Only keys of the environment with this slug. Default: all environments.",
				Optional:            true,
				Validators:          base.SlugValidator,
			},
			"min_age_days": schema.NumberAttribute{
				MarkdownDescription: "Only keys that are at least this many days old: a whole number, 0 or more. Default: any age.",
				Optional:            true,
				Validators:          []validator.Number{base.WholeNumber(0, maxMinAge)},
			},
		},
	}, listResults)
}

func listResults(ctx context.Context, d *base.Data, config listModel, req list.ListRequest, diags *diag.Diagnostics) iter.Seq[list.ListResult] {
	client, ok := d.Management(diags)
	if !ok {
		return nil
	}
	filter := traceloop.APIKeyFilter{ProjectID: config.ProjectID.ValueString(), Environment: config.Environment.ValueString()}
	keys := base.Where(client.ListAPIKeys(ctx, filter), func(k traceloop.APIKey) bool {
		return newAgedModel(k, d.Now()).AgeDays.ValueInt64() >= base.Whole(config.MinAgeDays)
	})
	return base.Results(ctx, req, identity, keys, func(k traceloop.APIKey) (base.Listed, error) {
		model := imported(k)
		project, err := d.ProjectName(ctx, client, k.ProjectID)
		return base.Listed{Name: project + " / " + k.Environment, Identity: []types.String{model.ProjectID, model.Environment}, Resource: model}, err
	}, func(err error, diags *diag.Diagnostics) {
		addListError(ctx, d, client, filter.ProjectID, err, diags)
	})
}

// imported is the resource after an import, without the value of the key.
func imported(k traceloop.APIKey) resourceModel {
	return resourceModel{
		model:            newModel(k),
		RotationTriggers: types.MapNull(types.StringType),
		AgeRecipients:    types.SetNull(types.StringType),
		ReplaceExisting:  types.BoolValue(false),
	}
}
