package apikey

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// revokeByHand says where to revoke a key without Terraform.
const revokeByHand = "in the dashboard (Settings, Organization, the project, \"Revoke API key\")"

// addCreateError explains why no key was generated.
func (r *managedResource) addCreateError(ctx context.Context, client *traceloop.Client, plan model, err error, diags *diag.Diagnostics) {
	projectID, environment := plan.ProjectID.ValueString(), plan.Environment.ValueString()
	attempted := fmt.Sprintf("generate the API key of project %s, environment %q", projectID, environment)

	orphan, isOrphan := errors.AsType[*orphanError](err)
	switch {
	case isOrphan:
		r.addOrphan(orphan, attempted, diags)
		return
	case traceloop.IsConflict(err):
		key, findErr := activeKey(client.ListAPIKeysUncached(ctx, traceloop.APIKeyFilter{ProjectID: projectID, Environment: environment}))
		if findErr == nil && key != nil {
			diags.AddAttributeError(path.Root("environment"), occupiedSummary, r.describeOccupied(*key, "No key was generated."))
			return
		}
	case traceloop.IsNotFound(err):
		slugs, listErr := r.ListEnvironments(ctx, client.ListEnvironmentsUncached, projectID)
		switch {
		case traceloop.IsNotFound(listErr):
			r.AddUnknownProject(ctx, client, projectID, diags)
			return
		case listErr == nil:
			addUnknownEnvironment(projectID, environment, slugs, diags)
			return
		}
	}
	diags.AddError("Unable to Generate API Key", r.Failure(attempted, err))
}

// addVanished warns that a key of the state is gone, and names the key that replaced it.
func (r *managedResource) addVanished(ctx context.Context, client *traceloop.Client, state model, diags *diag.Diagnostics) {
	const gone = "it was revoked, or its project or environment was deleted: applications that use it can no longer send traces"
	key, err := r.occupant(ctx, client, state)
	if err != nil || key == nil {
		r.AddNotFound(diags, "API Key", state.Describe(), gone, "It then generates a new key. The state may hold the only copy of the old key")
		return
	}
	r.AddNotFound(diags, "API Key", state.Describe(), gone+". Somebody has rotated it outside Terraform", fmt.Sprintf(
		"The environment now has another key, %s (id %s), generated %s. Terraform does not generate a second one. To manage that key, import it and set existing_key_wo to its value:\n\n%s",
		key.MaskedKey, key.ID, base.Timestamp(key.CreatedAt).ValueString(), base.ImportBlock("traceloop_api_key", "example", key.ProjectID+"/"+key.Environment)))
}

const occupiedSummary = "Environment Already Has an API Key"

// describeOccupied names the existing key, and what can be done about it.
func (r *managedResource) describeOccupied(key traceloop.APIKey, outcome string) string {
	return fmt.Sprintf(
		"Environment %q of project %s already has an API key: %s (id %s), generated %s, %s ago. Each environment of a project holds one. %s Choose one:\n\n"+
			"  - To manage that key, import it (write the address of this resource after \"to\"). The key itself cannot be retrieved. If you have it, set it as existing_key_wo:\n\n%s\n\n"+
			"  - If no application uses that key, set replace_existing = true, which revokes it. Or revoke it %s. Then apply again.\n"+
			"  - Use another environment.\n"+
			"  - If another resource block managed that key, use a moved block, which keeps the key.\n"+
			"  - If this resource, or one that refers to it, has lifecycle { create_before_destroy = true }, remove that: the environment has no room for a second key.",
		key.Environment, key.ProjectID, key.MaskedKey, key.ID, base.Timestamp(key.CreatedAt).ValueString(), base.Elapsed(r.Now().Sub(key.CreatedAt)), outcome,
		base.ImportBlock("traceloop_api_key", "example", key.ProjectID+"/"+key.Environment), revokeByHand)
}

// addAppeared refuses to revoke a key that the plan did not show.
func addAppeared(key traceloop.APIKey, outcome string, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("environment"), "API Key Appeared After the Plan", fmt.Sprintf(
		"Environment %q of project %s has the API key %s (id %s), generated %s. The plan did not find that key there. %s Plan again: the new plan shows what happens to that key.",
		key.Environment, key.ProjectID, key.MaskedKey, key.ID, base.Timestamp(key.CreatedAt).ValueString(), outcome))
}

// addPlaceConflict refuses two resources for one place.
func addPlaceConflict(plan model, other base.Holding, conflict base.PlaceConflict, diags *diag.Diagnostics) {
	where := fmt.Sprintf("environment %q of project %s", plan.Environment.ValueString(), plan.ProjectID.ValueString())
	var detail string
	switch conflict {
	case base.IsKept:
		detail = fmt.Sprintf("This resource is for the API key of %s. Another resource of this plan already manages the key there: the %s. "+
			"Each environment of a project holds one key, so each resource would revoke the key of the other. Nothing was changed. Remove one of the two, or choose another environment for one of them.", where, other.Object.Describe())
	case base.IsLeaving:
		detail = fmt.Sprintf("This resource is for the API key of %s. Another resource of this plan has that key now and revokes it: the %s. "+
			"Terraform may try to generate the new key before it revokes the old one. That fails, because each environment of a project holds one key. Nothing was changed. Choose one:\n\n"+
			"  - To keep the key under its new address, use a moved block.\n"+
			"  - Set replace_existing = true in both resources. Then each may revoke the key of the other.\n"+
			"  - Apply the other resource alone first (-target), then this one.", where, other.Object.Describe())
	default:
		addClaimedPlace(plan, "Nothing was changed.", diags)
		return
	}
	diags.AddAttributeError(path.Root("environment"), "Two Resources for One API Key", detail)
}

// addClaimedPlace refuses a resource if another one generates a key in the same place.
func addClaimedPlace(key model, outcome string, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("environment"), "Two Resources for One API Key", fmt.Sprintf(
		"Another resource of this plan generates the API key of environment %q of project %s. This resource is for the same key. Each environment of a project holds one key. %s "+
			"Remove one of the two, or choose another environment for one of them. To move this key to the other resource, use a moved block.",
		key.Environment.ValueString(), key.ProjectID.ValueString(), outcome))
}

// addImportedReplaced refuses to revoke a key in the plan that imports it.
func addImportedReplaced(plan, state model, diags *diag.Diagnostics) {
	attribute, why, remedy := "project_id", "this plan was told to replace it", "Import the key first, and replace it in a later plan."
	switch c := state.changeTo(plan); {
	case plan.ProjectID.IsUnknown():
		why = "project_id is not known before apply"
		remedy = "Import its project too, so that project_id is known (write the address of the project after \"to\"):\n\n" + base.ImportBlock("traceloop_project", "example", state.ProjectID.ValueString())
	case c.Argument != "":
		attribute, why = c.Argument, fmt.Sprintf("%s changes from %s to %s", c.Argument, c.From, c.To)
		remedy = fmt.Sprintf("Set %s = %s, or import the key of the project and environment that the configuration names.", c.Argument, c.From)
	}
	diags.AddAttributeError(path.Root(attribute), "Imported API Key Would Be Replaced", fmt.Sprintf(
		"This plan imports the %s and would replace it at once, because %s. A replacement revokes the key, and applications that use it can no longer send traces. Nothing was changed.\n\n%s",
		state.Describe(), why, remedy))
}

// addUnknownPlace warns that a key is replaced only because its place is not known yet.
func addUnknownPlace(plan, state model, diags *diag.Diagnostics) {
	c := state.changeTo(plan)
	diags.AddAttributeWarning(path.Root(c.Argument), "API Key Will Be Replaced", fmt.Sprintf(
		"Apply revokes the %s and generates another, because %s is not known before apply. Applications that use it cannot send traces until they have the new key. "+
			"To keep the key, make %s known: import what it refers to, or write %s.",
		state.Describe(), c.Argument, c.Argument, c.From))
}

// addSealError revokes a key that cannot be stored.
func (r *managedResource) addSealError(ctx context.Context, client *traceloop.Client, key traceloop.APIKey, err error, diags *diag.Diagnostics) {
	model := newModel(key)
	detail := fmt.Sprintf("The provider generated the %s, but could not seal it to age_recipients: %s. ", model.Describe(), err)
	if err := client.RevokeAPIKey(ctx, key.ID); err != nil {
		diags.AddError("Unable to Seal API Key", detail+fmt.Sprintf(
			"Nobody has this key, and the provider could not revoke it either (%s). Revoke it %s, correct the recipients and apply again.", err, revokeByHand))
		return
	}
	diags.AddError("Unable to Seal API Key", detail+"So the provider revoked the key. Correct the recipients and apply again.")
}

// addOrphan names a key that may be active although its value is lost.
func (r *managedResource) addOrphan(orphan *orphanError, attempted string, diags *diag.Diagnostics) {
	projectID, environment := orphan.request.ProjectID, orphan.request.Environment
	detail := fmt.Sprintf("The provider tried to %s.\n\n%s\n\nThe service shows a key only once, and that answer is lost. ", attempted, orphan.err)
	switch {
	case orphan.key == nil:
		detail += fmt.Sprintf("The provider could not find out whether a key was generated. If there is one, nobody has it, and the next plan reports it. To look now:\n\n"+
			"  echo \"Authorization: Bearer $%s\" | curl -H @- '%s/v2/api-keys?project_id=%s&environment=%s'\n\n", base.EnvManagementKey, r.BaseURL(), projectID, environment)
	case orphan.mayPredate:
		detail += fmt.Sprintf("The environment now has the key %s (id %s), generated %s. It may be older than this attempt, so the provider did not revoke it. ",
			orphan.key.MaskedKey, orphan.key.ID, base.Timestamp(orphan.key.CreatedAt).ValueString())
	default:
		detail += fmt.Sprintf("This attempt generated the key %s (id %s). Nobody has it, and the provider could not revoke it. ", orphan.key.MaskedKey, orphan.key.ID)
	}
	diags.AddError("API Key May Be Orphaned", detail+fmt.Sprintf(
		"To revoke it and generate another, set replace_existing = true and apply. Or revoke it by hand and apply again: %s, or with\n\n"+
			"  echo \"Authorization: Bearer $%s\" | curl -X DELETE -H @- %s/v2/api-keys/%s", revokeByHand, base.EnvManagementKey, r.BaseURL(), orphan.id()))
}

// addUnknownEnvironment refuses an environment that the project does not have.
func addUnknownEnvironment(projectID, slug string, existing []string, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("environment"), "Unknown Environment", fmt.Sprintf(
		"The project %s has no environment with the slug %q. %s\n\n"+
			"If this configuration creates the environment, with this or another provider block, refer to it, so that Terraform creates it first: environment = traceloop_environment.example.slug.",
		projectID, slug, base.SlugList(existing)))
}
