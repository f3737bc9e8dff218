package apikey

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ list.ListResourceWithConfigure = (*listResource)(nil)

// NewListResource returns the list resource traceloop_api_key.
func NewListResource() list.ListResource {
	return &listResource{}
}

type listResource struct {
	*base.Data
}

func (l *listResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_key"
}

func (l *listResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
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
	}
}

func (l *listResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.Data = base.Configure(req.ProviderData, &resp.Diagnostics)
}

func (l *listResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config struct {
		ProjectID   types.String `tfsdk:"project_id"`
		Environment types.String `tfsdk:"environment"`
		MinAgeDays  types.Number `tfsdk:"min_age_days"`
	}
	diags := req.Config.Get(ctx, &config)
	if diags.HasError() {
		return
	}
	client, ok := l.Management(&diags)
	if !ok {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}

	filter := traceloop.APIKeyFilter{ProjectID: config.ProjectID.ValueString(), Environment: config.Environment.ValueString()}
	keys := base.Where(client.ListAPIKeys(ctx, filter), func(k traceloop.APIKey) bool {
		return newAgedModel(k, l.Now()).AgeDays.ValueInt64() >= base.Whole(config.MinAgeDays)
	})
	stream.Results = base.Results(ctx, req, identity, keys, func(k traceloop.APIKey) (base.Listed, error) {
		model := imported(k)
		project, err := l.ProjectName(ctx, client, k.ProjectID)
		return base.Listed{Name: project + " / " + k.Environment, Identity: []types.String{model.ProjectID, model.Environment}, Resource: model}, err
	}, func(err error, diags *diag.Diagnostics) {
		if traceloop.IsNotFound(err) {
			l.AddUnknownProject(ctx, client, filter.ProjectID, diags)
			return
		}
		diags.AddError("Unable to List API Keys", l.Failure("list the active API keys", err))
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
