package monitor

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

func attributes() map[string]schema.Attribute {
	return base.AttributesOf(NewResource(), "id", "external_id", "evaluators", "selector", "status", "evaluator_status", "project_id", "env_project_id", "created_at", "updated_at")
}

// NewDataSource returns the data source traceloop_auto_monitor_setup.
func NewDataSource() datasource.DataSource {
	attributes := attributes()
	attributes["external_id"] = schema.StringAttribute{MarkdownDescription: "External id of the setup.", Required: true, Validators: externalIDValidator}
	return base.NewDataSource("auto_monitor_setup", schema.Schema{
		MarkdownDescription: "Reads one auto monitor setup of the project and environment of the provider argument `project_api_key`. A missing setup is an error. The operation is documented by Traceloop.\n\n" + base.DependsOnKey,
		Attributes:          attributes,
	}, readSetup)
}

func readSetup(ctx context.Context, d *base.Data, into *model, diags *diag.Diagnostics) {
	client, ok := d.ProjectForReading(diags)
	if !ok {
		return
	}
	externalID := into.ExternalID.ValueString()
	setup, err := client.GetAutoMonitorSetup(ctx, externalID, "")
	switch {
	case traceloop.IsNotFound(err):
		diags.AddAttributeError(path.Root("external_id"), "Auto Monitor Setup Not Found", describeMissing(d, externalID))
	case err != nil:
		diags.AddError("Unable to Read Auto Monitor Setup", d.ProjectFailure(fmt.Sprintf("read the auto monitor setup %q", externalID), err))
	default:
		*into = newModel(ctx, client, *setup)
	}
}

func describeMissing(d *base.Data, externalID string) string {
	return fmt.Sprintf("The project and environment of the project key, which comes from %s, have no auto monitor setup with the external id %q. The data source traceloop_auto_monitor_setups lists them.",
		d.ProjectKeySource(), externalID)
}

type pluralModel struct {
	Status types.String `tfsdk:"status"`
	Setups []model      `tfsdk:"auto_monitor_setups"`
}

// NewPluralDataSource returns the data source traceloop_auto_monitor_setups.
func NewPluralDataSource() datasource.DataSource {
	return base.NewDataSource("auto_monitor_setups", schema.Schema{
		MarkdownDescription: "Lists auto monitor setups, as the service lists them for the provider argument `project_api_key`. Traceloop documents that these are the setups of the whole organization. To select those of one project and environment, compare their `env_project_id` in a `for` expression.\n\n" + base.DependsOnKey,
		Attributes: map[string]schema.Attribute{
			"status":              statusAttribute,
			"auto_monitor_setups": base.Listing("The setups.", attributes()),
		},
	}, readSetups)
}

var statusAttribute = schema.StringAttribute{
	MarkdownDescription: "Only setups with this status: `pending`, `in_progress`, `waiting_for_spans`, `completed`, `partial` or `failed`. Default: any status.",
	Optional:            true,
	Validators: []validator.String{stringvalidator.OneOf(
		traceloop.StatusPending, traceloop.StatusInProgress, traceloop.StatusWaitingForSpans,
		traceloop.StatusCompleted, traceloop.StatusPartial, traceloop.StatusFailed,
	)},
}

func readSetups(ctx context.Context, d *base.Data, into *pluralModel, diags *diag.Diagnostics) {
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
		into.Setups[i] = newModel(ctx, client, setup)
	}
}
