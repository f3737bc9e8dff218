package monitor

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ list.ListResourceWithConfigure = (*listResource)(nil)

// NewListResource returns the list resource traceloop_auto_monitor_setup.
func NewListResource() list.ListResource {
	return &listResource{}
}

type listResource struct {
	*base.Data
}

func (l *listResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_auto_monitor_setup"
}

func (l *listResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists auto monitor setups, as the service lists them for the provider argument `project_api_key`. Each is shown as its external id. Traceloop documents that these are the setups of the whole organization. " +
			"Set `env_project_id` to list the setups that this provider block can import. " + base.QueryVersions,
		Attributes: map[string]schema.Attribute{
			"status": schema.StringAttribute{
				MarkdownDescription: "Only setups with this status: `pending`, `in_progress`, `waiting_for_spans`, `completed`, `partial` or `failed`. Default: any status.",
				Optional:            true,
				Validators:          statusValidator,
			},
			"env_project_id": schema.StringAttribute{
				MarkdownDescription: "Only setups of this project and environment. Default: all that the service lists.",
				Optional:            true,
				Validators:          base.IDValidator,
			},
		},
	}
}

func (l *listResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.Data = base.ConfigureProject(req.ProviderData, &resp.Diagnostics)
}

func (l *listResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config struct {
		Status       types.String `tfsdk:"status"`
		EnvProjectID types.String `tfsdk:"env_project_id"`
	}
	diags := req.Config.Get(ctx, &config)
	if diags.HasError() {
		return
	}
	client, ok := l.Project(&diags)
	if !ok {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	setups := base.Where(listSetups(ctx, client, config.Status.ValueString()), func(s traceloop.AutoMonitorSetup) bool {
		return config.EnvProjectID.IsNull() || s.EnvProjectID == config.EnvProjectID.ValueString()
	})
	stream.Results = base.Results(ctx, req, identity, setups, func(s traceloop.AutoMonitorSetup) (base.Listed, error) {
		model := imported(s)
		return base.Listed{Name: s.ExternalID, Identity: []types.String{model.EnvProjectID, model.ExternalID}, Resource: model}, nil
	}, func(err error, diags *diag.Diagnostics) {
		diags.AddError("Unable to List Auto Monitor Setups", l.ProjectFailure("list the auto monitor setups", err))
	})
}

// listSetups yields the setups of one request. An error comes last.
func listSetups(ctx context.Context, client *traceloop.ProjectClient, status string) iter.Seq2[traceloop.AutoMonitorSetup, error] {
	return func(yield func(traceloop.AutoMonitorSetup, error) bool) {
		setups, err := client.ListAutoMonitorSetups(ctx, status)
		for _, setup := range setups {
			if !yield(setup, nil) {
				return
			}
		}
		if err != nil {
			yield(traceloop.AutoMonitorSetup{}, err)
		}
	}
}
