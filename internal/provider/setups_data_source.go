package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ datasource.DataSourceWithConfigure = (*setupsDataSource)(nil)

func newSetupsDataSource() datasource.DataSource {
	return &setupsDataSource{}
}

type setupsDataSource struct {
	*providerData
}

type setupsDataSourceModel struct {
	Status types.String `tfsdk:"status"`
	Setups []setupModel `tfsdk:"auto_monitor_setups"`
}

func (d *setupsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_auto_monitor_setups"
}

func (d *setupsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists auto monitor setups, as the service lists them for the provider argument `project_api_key`. Traceloop documents that these are the setups of the whole organization. Use `env_project_id` to select those of one project and environment.",
		Attributes: map[string]schema.Attribute{
			"status": schema.StringAttribute{
				MarkdownDescription: "Only setups with this status: `pending`, `in_progress`, `waiting_for_spans`, `completed`, `partial` or `failed`. Default: any status.",
				Optional:            true,
				Validators:          setupStatusValidator,
			},
			"auto_monitor_setups": schema.ListNestedAttribute{
				MarkdownDescription: "The setups.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: setupAttributes()},
			},
		},
	}
}

var setupStatusValidator = []validator.String{stringvalidator.OneOf(
	traceloop.StatusPending, traceloop.StatusInProgress, traceloop.StatusWaitingForSpans,
	traceloop.StatusCompleted, traceloop.StatusPartial, traceloop.StatusFailed,
)}

func (d *setupsDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.providerData = configureProject(req.ProviderData, &resp.Diagnostics)
}

func (d *setupsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var state setupsDataSourceModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !d.projectReady(&resp.Diagnostics) {
		return
	}
	setups, err := d.project.client.ListAutoMonitorSetups(ctx, state.Status.ValueString())
	if err != nil {
		resp.Diagnostics.AddError("Unable to List Auto Monitor Setups", d.projectFailure("list the auto monitor setups", err))
		return
	}
	state.Setups = make([]setupModel, len(setups))
	for i, setup := range setups {
		state.Setups[i] = newSetupModel(setup)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}
