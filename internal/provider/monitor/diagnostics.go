package monitor

import (
	"context"
	"errors"
	"fmt"

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
func (r *managedResource) addNotCreated(ctx context.Context, client *traceloop.ProjectClient, externalID string, err error, diags *diag.Diagnostics) {
	there, isThere := errors.AsType[*traceloop.AlreadyThereError](err)
	other, isOther := errors.AsType[*traceloop.OtherProjectError](err)
	if traceloop.IsConflict(err) && !isThere {
		if setup, findErr := client.GetAutoMonitorSetup(ctx, externalID, ""); findErr == nil {
			there, isThere = &traceloop.AlreadyThereError{Setup: *setup}, true
		}
	}
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
		setup.ProjectID, describe(setup.ExternalID, setup.ID), base.TimeOr(setup.CreatedAt, types.StringValue("at an unknown time")).ValueString(), setup.EnvProjectID, outcome, base.ImportBlock(typeName, "example", setup.ExternalID))
}

func (r *managedResource) describeOtherProject(externalID, projectID, own string) string {
	return fmt.Sprintf("The setup %q has project_id = %q, but the project key, which comes from %s, belongs to the project %s. "+
		"Use the key of the project. If project_api_key refers to the attribute key of a traceloop_api_key, that attribute may be null, because the key is sealed or imported. A provider cannot tell null from an argument that is not set, so it then takes the key from the environment variable %s.",
		externalID, projectID, r.ProjectKeySource(), own, base.EnvProjectKey)
}
