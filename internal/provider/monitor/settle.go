package monitor

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// settleSetup looks for the setup of a write whose answer is lost. It returns the setup if it is
// as requested and not older than the attempt. Otherwise it adds an error. The client has
// repeated a bulk upsert already, which is safe.
func (r *managedResource) settleSetup(ctx context.Context, client *traceloop.ProjectClient, request traceloop.AutoMonitorSetupRequest, unknown *traceloop.UnknownOutcomeError, diags *diag.Diagnostics) *traceloop.AutoMonitorSetup {
	ctx, cancel := base.Settling(ctx)
	defer cancel()
	setup, err := client.GetAutoMonitorSetup(ctx, request.ExternalID, "")
	if err == nil && client.CreatedSince(setup.UpdatedAt, unknown.Started) && isAsRequested(*setup, request) {
		return setup
	}

	detail := fmt.Sprintf("The provider tried to write the auto monitor setup %q.\n\n%s\n\n", request.ExternalID, unknown)
	adopt := base.ImportBlock("traceloop_auto_monitor_setup", "example", request.ExternalID)
	switch {
	case traceloop.IsNotFound(err):
		detail += "It does not exist: nothing was created. Apply again. " + r.NextStep(unknown.Err)
	case err != nil:
		detail += fmt.Sprintf("The provider could not find out whether this succeeded:\n\n%s\n\nApply again. If the setup then exists and Terraform does not manage it, import it (write the address of this resource after \"to\"):\n\n%s", err, adopt)
	default:
		detail += "A setup with this external id exists, but it is older than this attempt, or differs from the configuration. Apply again. " +
			"If Terraform does not manage it yet, import it (write the address of this resource after \"to\"):\n\n" + adopt
	}
	diags.AddError("Outcome of Write Is Unknown", detail)
	return nil
}

func isAsRequested(setup traceloop.AutoMonitorSetup, request traceloop.AutoMonitorSetupRequest) bool {
	asked := traceloop.AutoMonitorSetup{ExternalID: request.ExternalID, Selector: request.Selector}
	for _, slug := range request.Evaluators {
		asked.Evaluators = append(asked.Evaluators, traceloop.AutoMonitorEvaluator{Slug: slug})
	}
	got, want := newModel(setup), newModel(asked)
	return got.Evaluators.Equal(want.Evaluators) && sameElements(got.Selector.Elements(), want.Selector.Elements())
}
