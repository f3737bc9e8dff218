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
		setup.ProjectID, describe(setup.ExternalID, setup.ID), base.TimeOr(setup.CreatedAt, types.StringValue("at an unknown time")).ValueString(), setup.EnvProjectID, outcome, base.ImportBlock(resourceType, "example", setup.ExternalID))
}

func (r *managedResource) describeOtherProject(externalID, projectID, own string) string {
	return fmt.Sprintf("The setup %q has project_id = %q, but the project key, which comes from %s, belongs to the project %s. "+
		"Use the key of the project. If project_api_key refers to the attribute key of a traceloop_api_key, that attribute may be null, because the key is sealed or imported. A provider cannot tell null from an argument that is not set, so it then takes the key from the environment variable %s.",
		externalID, projectID, r.ProjectKeySource(), own, base.EnvProjectKey)
}

// stored is the setup for what every object of a state needs.
func (r *managedResource) stored(client *traceloop.ProjectClient, state resourceModel, private base.PrivateState) *base.Stored[traceloop.AutoMonitorSetup] {
	return &base.Stored[traceloop.AutoMonitorSetup]{
		Object: state.object(""), Data: r.Data, Kind: "Auto Monitor Setup", ProjectID: state.ProjectID.ValueString(), CreatedAt: state.CreatedAt, Private: private, OfProjectKey: true,
		Get: func(ctx context.Context) (*traceloop.AutoMonitorSetup, error) {
			return client.GetAutoMonitorSetup(ctx, state.ExternalID.ValueString(), state.EnvProjectID.ValueString())
		},
		List: func(ctx context.Context) iter.Seq2[traceloop.AutoMonitorSetup, error] {
			client.ForgetAutoMonitorSetups()
			return base.Each(client.ListAutoMonitorSetups(ctx, ""))
		},
		Is: func(s traceloop.AutoMonitorSetup) bool {
			return handle(s.EnvProjectID, s.ExternalID) == state.object("").Handle
		},
		Remove: func(ctx context.Context) error {
			return client.DeleteAutoMonitorSetup(ctx, state.ExternalID.ValueString(), state.EnvProjectID.ValueString())
		},
		OnceDestroyed: "Traceloop does not run its evaluators until an apply succeeds.",
	}
}

// find looks for the setup of a write whose answer is lost. It is ours if it is as requested and the attempt may have
// written it: writtenAt returns the time that shows this. The client has repeated a bulk upsert already, which is safe.
func find(ctx context.Context, client *traceloop.ProjectClient, plan model, started time.Time, writtenAt func(traceloop.AutoMonitorSetup) time.Time) base.Settled[traceloop.AutoMonitorSetup] {
	setup, err := client.GetAutoMonitorSetup(ctx, plan.ExternalID.ValueString(), "")
	if err != nil {
		if traceloop.IsNotFound(err) {
			err = nil
		}
		return base.Settled[traceloop.AutoMonitorSetup]{Err: err}
	}
	written := plan.answered(named(ctx, client, *setup, plan.Evaluators))
	return base.Settled[traceloop.AutoMonitorSetup]{Object: setup, Ours: client.CreatedSince(writtenAt(*setup), started) && base.SameArguments(written.arguments(), plan.arguments())}
}

func createdAt(s traceloop.AutoMonitorSetup) time.Time { return s.CreatedAt }
func updatedAt(s traceloop.AutoMonitorSetup) time.Time { return s.UpdatedAt }
