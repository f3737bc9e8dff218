package apikey

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// listModel has the arguments of the list resource and of the data source traceloop_api_keys.
type listModel struct {
	ProjectID   types.String `tfsdk:"project_id"`
	Environment types.String `tfsdk:"environment"`
	MinAgeDays  types.Number `tfsdk:"min_age_days"`
}

// NewListResource returns the list resource traceloop_api_key.
func NewListResource() list.ListResource {
	return base.NewListResource("api_key", schema.Schema{
		MarkdownDescription: "Lists the active API keys of the organization, oldest first. Each is shown as its project and environment, such as `Orders / prd`. The keys themselves cannot be retrieved: the attribute `key` is null. " + base.QueryVersions,
		Attributes:          base.Arguments(filters()),
	}, listResults)
}

func listResults(ctx context.Context, d *base.Data, filter listModel, req list.ListRequest, diags *diag.Diagnostics) iter.Seq[list.ListResult] {
	client, ok := d.Management(diags)
	if !ok {
		return nil
	}
	return base.Results(ctx, req, identity, filter.list(ctx, d, client), func(k traceloop.APIKey) (base.Listed, error) {
		model := imported(k)
		project, err := d.ProjectName(ctx, client, k.ProjectID)
		return base.Listed{Name: project + " / " + k.Environment, Identity: []types.String{model.ProjectID, model.Environment}, Resource: model}, err
	}, func(err error, diags *diag.Diagnostics) {
		filter.addError(ctx, d, client, err, diags)
	})
}

// list yields the keys that the arguments select.
func (m listModel) list(ctx context.Context, d *base.Data, client *traceloop.Client) iter.Seq2[traceloop.APIKey, error] {
	keys := client.ListAPIKeys(ctx, traceloop.APIKeyFilter{ProjectID: m.ProjectID.ValueString(), Environment: m.Environment.ValueString()})
	return base.Where(keys, func(k traceloop.APIKey) bool {
		return newAgedModel(k, d.Now()).AgeDays.ValueInt64() >= base.Whole(m.MinAgeDays)
	})
}

func (m listModel) addError(ctx context.Context, d *base.Data, client *traceloop.Client, err error, diags *diag.Diagnostics) {
	if traceloop.IsNotFound(err) {
		d.AddUnknownProject(ctx, client, m.ProjectID.ValueString(), diags)
		return
	}
	diags.AddError("Unable to List API Keys", d.Failure("list the active API keys", err))
}
