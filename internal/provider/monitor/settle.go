package monitor

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// settle looks for the setup of a write whose answer is lost. It returns the setup if it is as
// requested and the attempt may have written it: writtenAt returns the time that shows this. Otherwise it
// adds an error. The client has repeated a bulk upsert already, which is safe.
func (r *managedResource) settle(ctx context.Context, client *traceloop.ProjectClient, plan model, unknown *traceloop.UnknownOutcomeError, writtenAt func(traceloop.AutoMonitorSetup) time.Time, diags *diag.Diagnostics) *traceloop.AutoMonitorSetup {
	ctx, cancel := base.Settling(ctx)
	defer cancel()
	externalID := plan.ExternalID.ValueString()
	setup, err := client.GetAutoMonitorSetup(ctx, externalID, "")
	if err == nil && !unknown.MayBeConflict && client.CreatedSince(writtenAt(*setup), unknown.Started) && plan.answered(named(ctx, client, *setup)).sameRequest(plan) {
		return setup
	}

	detail := fmt.Sprintf("The provider tried to write the auto monitor setup %q.\n\n%s\n\n", externalID, unknown)
	adopt := base.ImportBlock(resourceType, "example", externalID)
	switch {
	case traceloop.IsNotFound(err):
		detail += "It does not exist: nothing was created. Apply again. " + r.NextStep(unknown.Err)
	case err != nil:
		detail += fmt.Sprintf("The provider could not find out whether this succeeded:\n\n%s\n\nApply again. If the setup then exists and Terraform does not manage it, import it (write the address of this resource after \"to\"):\n\n%s", err, adopt)
	default:
		detail += "A setup with this external id exists, but it may be older than this attempt, somebody else may have created it, or it differs from the configuration. Apply again. " +
			"If Terraform does not manage it yet, import it (write the address of this resource after \"to\"):\n\n" + adopt
	}
	diags.AddError("Outcome of Write Is Unknown", detail)
	return nil
}

func createdAt(s traceloop.AutoMonitorSetup) time.Time { return s.CreatedAt }
func updatedAt(s traceloop.AutoMonitorSetup) time.Time { return s.UpdatedAt }
