package monitor

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

type pluralModel struct {
	Status types.String `tfsdk:"status"`
	Setups []model      `tfsdk:"auto_monitor_setups"`
}

// NewPluralDataSource returns the data source traceloop_auto_monitor_setups.
func NewPluralDataSource() datasource.DataSource {
	return base.NewPluralDataSource("auto_monitor_setups", schema.Schema{
		MarkdownDescription: "Lists auto monitor setups, as the service lists them for the provider argument `project_api_key`. Traceloop documents that these are the setups of the whole organization. To select those of one project and environment, compare their `env_project_id` in a `for` expression.\n\n" + dependsOn,
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
	}, listSetups)
}

var statusValidator = []validator.String{stringvalidator.OneOf(
	traceloop.StatusPending, traceloop.StatusInProgress, traceloop.StatusWaitingForSpans,
	traceloop.StatusCompleted, traceloop.StatusPartial, traceloop.StatusFailed,
)}

func listSetups(ctx context.Context, d *base.Data, into *pluralModel, diags *diag.Diagnostics) {
	client, ok := d.ProjectForReading(diags)
	if !ok {
		return
	}
	setups, err := client.ListAutoMonitorSetups(ctx, into.Status.ValueString())
	if err != nil {
		diags.AddError("Unable to List Auto Monitor Setups", d.ProjectFailure("list the auto monitor setups", err))
		return
	}
	into.Setups = make([]model, len(setups))
	for i, setup := range setups {
		into.Setups[i] = newModel(named(ctx, client, setup))
	}
}
