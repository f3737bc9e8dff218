package monitor

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// refuseTaken reports whether the external id is free. Otherwise it adds an error.
func (r *managedResource) refuseTaken(ctx context.Context, client *traceloop.ProjectClient, externalID string, planning bool, diags *diag.Diagnostics) bool {
	taken, err := r.Monitors.Find(ctx, client, externalID)
	switch {
	case err != nil:
		diags.AddError("Unable to Check Auto Monitor Setup", r.ProjectFailure(fmt.Sprintf("check that no auto monitor setup %q exists, because creating one would replace it", externalID), err))
	case taken != nil && !(planning && r.Monitors.IsManaged(taken.ID)):
		diags.AddAttributeError(path.Root("external_id"), "Auto Monitor Setup Already Exists", fmt.Sprintf(
			"The project and environment of the project key already have the %s, created %s. Nothing was changed. Choose one:\n\n"+
				"  - To manage that setup, import it (write the address of this resource after \"to\"):\n\n%s\n\n"+
				"  - If this resource, or one that refers to it, has lifecycle { create_before_destroy = true }, remove that: two setups cannot share one external id.\n"+
				"  - Use another external id.",
			newModel(*taken).Describe(), base.Timestamp(taken.CreatedAt).ValueString(), base.ImportBlock("traceloop_auto_monitor_setup", "example", externalID)))
	case !planning && !r.Monitors.Claim(externalID):
		addTwoSetups(externalID, diags)
	default:
		return true
	}
	return false
}

func addTwoSetups(externalID string, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("external_id"), "Two Resources for One Auto Monitor Setup", fmt.Sprintf(
		"Another resource has, creates or deletes the auto monitor setup %q with the same project key. Nothing was changed for this one. "+
			"Remove one of the two, or choose another external id for one of them. To move the setup to another resource, use a moved block. To give the external id to another resource, apply once without the new one.", externalID))
}
