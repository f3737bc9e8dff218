package monitor

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const (
	takenSummary        = "Auto Monitor Setup Already Exists"
	otherProjectSummary = "Project Key Belongs to Another Project"
)

// addNotCreated explains why a setup was not created.
func (r *managedResource) addNotCreated(externalID string, err error, diags *diag.Diagnostics) {
	there, isThere := errors.AsType[*traceloop.AlreadyThereError](err)
	other, isOther := errors.AsType[*traceloop.OtherProjectError](err)
	switch {
	case isThere && there.Replaced:
		diags.AddAttributeError(path.Root("external_id"), takenSummary, describeTaken(there.Setup,
			"It came into being while this one was created, so the request replaced its evaluators and its selector. Its owner sees that as drift. This resource does not manage it."))
	case isThere:
		diags.AddAttributeError(path.Root("external_id"), takenSummary, describeTaken(there.Setup, "Nothing was changed."))
	case isOther:
		left := " Nothing is left behind."
		if other.Left != nil {
			left = fmt.Sprintf(" The setup was created in the project %s, and could not be deleted again: %s. Delete it in the Traceloop dashboard.", other.Own, other.Left)
		}
		diags.AddAttributeError(path.Root("project_id"), otherProjectSummary, r.describeOtherProject(externalID, other.ProjectID, other.Own)+left)
	default:
		diags.AddError("Unable to Create Auto Monitor Setup", r.ProjectFailure(fmt.Sprintf("create the auto monitor setup %q", externalID), err))
	}
}

// describeTaken says which setup has an external id, and ends with a block to copy.
func describeTaken(setup traceloop.AutoMonitorSetup, outcome string) string {
	return fmt.Sprintf("The project %s already has the %s, created %s. It is in the environment with the env_project_id %s. An external id is unique in its project. %s Choose one:\n\n"+
		"  - Use another external id.\n"+
		"  - If this configuration manages that setup at another address, remove one of the two resources.\n"+
		"  - "+base.NotFirst+".\n"+
		"  - If it is in the environment of the project key, import it (write the address of this resource after \"to\"):\n\n%s",
		setup.ProjectID, newModel(setup).Describe(), base.TimeOr(setup.CreatedAt, types.StringValue("at an unknown time")).ValueString(), setup.EnvProjectID, outcome, base.ImportBlock(resourceType, "example", setup.ExternalID))
}

func (r *managedResource) describeOtherProject(externalID, projectID, own string) string {
	return fmt.Sprintf("The setup %q has project_id = %q, but the project key, which comes from %s, belongs to the project %s. "+
		"Use the key of the project. If project_api_key refers to the attribute key of a traceloop_api_key, that attribute may be null, because the key is sealed or imported. A provider cannot tell null from an argument that is not set, so it then takes the key from the environment variable %s.",
		externalID, projectID, r.ProjectKeySource(), own, base.EnvProjectKey)
}

// forget says how Terraform forgets a setup that it can neither read nor delete.
const forget = "If the key is revoked, let Terraform forget the setup: terraform state rm ADDRESS. Traceloop deletes a setup together with its project."

// stored is the setup for what every object of a state needs.
func (r *managedResource) stored(client *traceloop.ProjectClient, state resourceModel, private base.PrivateState, diags *diag.Diagnostics) *base.Stored[traceloop.AutoMonitorSetup] {
	setup := &base.Stored[traceloop.AutoMonitorSetup]{
		Object: state.object(""), Data: r.Data, Kind: "Auto Monitor Setup", ID: string(state.object("").Handle), ProjectID: state.ProjectID.ValueString(),
		CreatedAt: state.CreatedAt, Private: private, OfProjectKey: true,
		List: func(ctx context.Context) iter.Seq2[traceloop.AutoMonitorSetup, error] {
			client.ForgetAutoMonitorSetups()
			return base.Each(client.ListAutoMonitorSetups(ctx, ""))
		},
		IDOf: func(s traceloop.AutoMonitorSetup) string { return string(handle(s.EnvProjectID, s.ExternalID)) },
	}
	setup.NotFound = func(ctx context.Context, _ error) {
		setup.Certain = r.IsProjectGone(ctx, private, state.ProjectID.ValueString(), diags)
	}
	return setup
}

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
