package monitor

import (
	"context"
	"iter"

	datasourceschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

type listModel struct {
	Status       types.String `tfsdk:"status"`
	EnvProjectID types.String `tfsdk:"env_project_id"`
}

// NewListResource returns the list resource traceloop_auto_monitor_setup.
func NewListResource() list.ListResource {
	return base.NewListResource("auto_monitor_setup", schema.Schema{
		MarkdownDescription: "Lists auto monitor setups, as the service lists them for the provider argument `project_api_key`. Each is shown as its external id. Traceloop documents that these are the setups of the whole organization. " +
			"Set `env_project_id` to list the setups that this provider block can import. " + base.QueryVersions,
		Attributes: base.Arguments(map[string]datasourceschema.Attribute{
			"status": statusAttribute,
			"env_project_id": datasourceschema.StringAttribute{
				MarkdownDescription: "Only setups of this project and environment. Default: all that the service lists.",
				Validators:          base.IDValidator,
			},
		}),
	}, listResults)
}

func listResults(ctx context.Context, d *base.Data, config listModel, req list.ListRequest, diags *diag.Diagnostics) iter.Seq[list.ListResult] {
	client, ok := d.Project(diags)
	if !ok {
		return nil
	}
	setups := base.Where(base.Each(client.ListAutoMonitorSetups(ctx, config.Status.ValueString())), func(s traceloop.AutoMonitorSetup) bool {
		return config.EnvProjectID.IsNull() || s.EnvProjectID == config.EnvProjectID.ValueString()
	})
	return base.Results(ctx, req, identity, setups, func(s traceloop.AutoMonitorSetup) (base.Listed, error) {
		model := resourceModel{model: newModel(ctx, client, s)}
		return base.Listed{Name: s.ExternalID, Identity: []types.String{model.EnvProjectID, model.ExternalID}, Resource: model}, nil
	}, func(err error, diags *diag.Diagnostics) {
		diags.AddError("Unable to List Auto Monitor Setups", d.ProjectFailure("list the auto monitor setups", err))
	})
}
