package monitor

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ datasource.DataSourceWithConfigure = (*pluralDataSource)(nil)

// NewPluralDataSource returns the data source traceloop_auto_monitor_setups.
func NewPluralDataSource() datasource.DataSource {
	return &pluralDataSource{}
}

type pluralDataSource struct {
	*base.Data
}

type pluralModel struct {
	Status types.String `tfsdk:"status"`
	Setups []model      `tfsdk:"auto_monitor_setups"`
}

func (d *pluralDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_auto_monitor_setups"
}

func (d *pluralDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists auto monitor setups, as the service lists them for the provider argument `project_api_key`. Traceloop documents that these are the setups of the whole organization. Use `env_project_id` to select those of one project and environment.\n\n" + dependsOn,
		Attributes: map[string]schema.Attribute{
			"status": schema.StringAttribute{
				MarkdownDescription: "Only setups with this status: `pending`, `in_progress`, `waiting_for_spans`, `completed`, `partial` or `failed`. Default: any status.",
				Optional:            true,
				Validators:          statusValidator,
			},
			"auto_monitor_setups": schema.ListNestedAttribute{
				MarkdownDescription: "The setups.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: attributes()},
			},
		},
	}
}

var statusValidator = []validator.String{stringvalidator.OneOf(
	traceloop.StatusPending, traceloop.StatusInProgress, traceloop.StatusWaitingForSpans,
	traceloop.StatusCompleted, traceloop.StatusPartial, traceloop.StatusFailed,
)}

func (d *pluralDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.Data = base.ConfigureProject(req.ProviderData, &resp.Diagnostics)
}

func (d *pluralDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var state pluralModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	client, ok := d.ProjectForReading(&resp.Diagnostics)
	if !ok {
		return
	}
	setups, err := client.ListAutoMonitorSetups(ctx, state.Status.ValueString())
	if err != nil {
		resp.Diagnostics.AddError("Unable to List Auto Monitor Setups", d.ProjectFailure("list the auto monitor setups", err))
		return
	}
	state.Setups = make([]model, len(setups))
	for i, setup := range setups {
		state.Setups[i] = newModel(named(ctx, client, setup))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}
