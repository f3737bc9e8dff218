package apikey

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
	occupied, isOccupied := errors.AsType[*occupiedError](err)
	switch {
	case isOrphan:
		r.addOrphan(orphan, attempted, diags)
		return
	case isOccupied:
		diags.AddAttributeError(path.Root("environment"), occupiedSummary, r.describeOccupied(occupied.key, "No key was generated."))
		return
	case traceloop.IsConflict(err):
		key, findErr := activeKey(ctx, client.ListAPIKeysUncached, traceloop.APIKeyRequest{ProjectID: projectID, Environment: environment})
		if findErr == nil && key != nil {
			diags.AddAttributeError(path.Root("environment"), occupiedSummary, r.describeOccupied(*key, "No key was generated."))
			return
		}
	case traceloop.IsNotFound(err):
		missing, listErr := missingEnvironment(ctx, client.ListEnvironmentsUncached, projectID, environment)
		switch {
		case traceloop.IsNotFound(listErr):
			r.AddUnknownProject(ctx, client, projectID, diags)
			return
		case missing != "":
			diags.AddAttributeError(path.Root("environment"), unknownEnvironmentSummary, missing+referToEnvironment+" No key was generated.")
			return
		}
	}
	diags.AddError("Unable to Generate API Key", r.Failure(attempted, err))
}

// addNoID warns that a key is known by its place alone.
func addNoID(key, next string, diags *diag.Diagnostics) {
	diags.AddWarning("API Key Without an ID", fmt.Sprintf(
		"Neither the answer to its generation nor the list of keys shows the id of the %s. %s.", key, next))
}

// explainVanished says why a key of the state is gone, and what apply does. It names the key that has
// succeeded it, if any.
func explainVanished(state resourceModel, successor *traceloop.APIKey) (because, next string) {
	because = "it was revoked, or its project or environment was deleted: applications that use it can no longer send traces"
	if successor == nil {
		return because, "If the configuration still has it, that apply generates a new key. The state may hold the only copy of the old key"
	}
	outcome := "Terraform does not generate a second one: apply refuses this key alone."
	if state.ReplaceExisting.ValueBool() {
		outcome = "With replace_existing = true, apply revokes that key and generates another. To keep that key, remove the argument."
	}
	return because + ". Somebody has rotated it outside Terraform", fmt.Sprintf(
		"The environment now has another key, %s, generated %s. %s To manage that key, import it and set existing_key_wo to its value:\n\n%s",
		show(*successor), base.Timestamp(successor.CreatedAt).ValueString(), outcome, base.ImportBlock(typeName, "example", successor.ProjectID+"/"+successor.Environment))
}

const occupiedSummary = "Environment Already Has an API Key"

// describeExisting names the existing key.
func (r *managedResource) describeExisting(key traceloop.APIKey) string {
	return fmt.Sprintf("Environment %q of project %s already has an API key: %s, generated %s, %s ago. Each environment of a project holds one.",
		key.Environment, key.ProjectID, show(key), base.Timestamp(key.CreatedAt).ValueString(), base.Elapsed(r.Now().Sub(key.CreatedAt)))
}

// describeOccupied names the existing key, and what can be done about it. It ends with a block to copy.
func (r *managedResource) describeOccupied(key traceloop.APIKey, outcome string) string {
	const (
		elsewhere = "  - Use another environment.\n" +
			"  - " + base.NotFirst + ": the environment has no room for a second key.\n"
		tainted = "is tainted, apply revokes the key and generates another. To keep the key, use terraform untaint ADDRESS.\n"
	)
	begin := fmt.Sprintf("%s %s Choose one:\n\n", r.describeExisting(key), outcome)
	if r.KeysRead.Has(key.ID) {
		return begin + "  - A resource of this state manages that key. If it " + tainted +
			"  - If keys exchange their environments, set replace_existing = true in all of them.\n" + elsewhere +
			"  - If its resource block has another address now, or a removed block with destroy = false lets Terraform forget it, use a moved block, which keeps the key:\n\n" +
			base.MovedBlock(typeName)
	}
	return begin + "  - If no application uses that key, set replace_existing = true, which revokes it. Or revoke it " + revokeByHand + ". Then apply again.\n" + elsewhere +
		"  - If a resource of this configuration manages that key and " + tainted +
		"  - To manage that key here, add one of these two blocks. If this configuration manages it at another address, or a removed block with destroy = false lets Terraform forget it, moved keeps the key. " +
		"Otherwise, import it (write the address of this resource after \"to\"). The key itself cannot be retrieved. If you have it, set it as existing_key_wo.\n\n" +
		base.MovedBlock(typeName) + "\n\n" + base.ImportBlock(typeName, "example", key.ProjectID+"/"+key.Environment)
}

// addAppeared refuses to revoke a key that the plan did not show.
func addAppeared(key traceloop.APIKey, outcome string, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("environment"), "API Key Appeared After the Plan", fmt.Sprintf(
		"Environment %q of project %s has the API key %s, generated %s. The plan did not find that key there. %s Plan again: the new plan shows what happens to that key.",
		key.Environment, key.ProjectID, show(key), base.Timestamp(key.CreatedAt).ValueString(), outcome))
}

// addSpared refuses to revoke an existing key.
func addSpared(existing, why, next string, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("environment"), occupiedSummary, sentences(existing, why, "The provider did not revoke it, and generated no key.", next))
}

// addGeneratedTwice refuses to revoke a key that this apply generated for another resource.
func addGeneratedTwice(key model, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("environment"), "Two Resources for One API Key", fmt.Sprintf(
		"Another resource of this configuration has just generated the API key of project %s, environment %q. This resource is for the same key. Each environment of a project holds one key. "+
			"The provider did not revoke that key, and generated no key for this resource. Remove one of the two resources, or choose another environment for one of them.",
		key.ProjectID.ValueString(), key.Environment.ValueString()))
}

// addImportedReplaced refuses to revoke a key in the plan that imports it.
func addImportedReplaced(plan, state model, diags *diag.Diagnostics) {
	c := state.changeTo(plan)
	why := fmt.Sprintf("%s changes from %s to %s", c.Argument, c.From, c.To)
	remedy := fmt.Sprintf("Set %s = %s, or import the key of the project and environment that the configuration names. %s", c.Argument, c.From, base.RefreshHint)
	if plan.ProjectID.IsUnknown() {
		why = "project_id is not known before apply"
		remedy = base.RefreshHint + " Import its project too, so that project_id is known (write the address of the project after \"to\"):\n\n" + base.ImportBlock("traceloop_project", "example", state.ProjectID.ValueString())
	}
	addImported(c.Argument, state.Describe(), why, remedy, diags)
}

// addImportedForced is addImportedReplaced for a replacement that Terraform forces.
func addImportedForced(key string, diags *diag.Diagnostics) {
	addImported("project_id", key, "this plan was told to replace it", "Import the key first, and replace it in a later plan. "+base.RefreshHint, diags)
}

func addImported(attribute, key, why, remedy string, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root(attribute), "Imported API Key Would Be Replaced", fmt.Sprintf(
		"This plan imports the %s and would replace it at once, because %s. A replacement revokes the key, and applications that use it can no longer send traces. Nothing was changed.\n\n%s",
		key, why, remedy))
}

const lostSummary = "API Key Would Be Lost"

// addUnknownPlace warns that a key is replaced only because its place is not known yet. It refuses that if
// a creation of this plan may fail, so that the new place may never exist. With replace_existing it refuses
// it unless the place may be a new one, in which no key can be: the apply of create_before_destroy cannot
// tell a replacement from a new key, and so cannot refuse to revoke what its plan did not name.
func (r *managedResource) addUnknownPlace(plan resourceModel, state model, diags *diag.Diagnostics) {
	c := state.changeTo(plan.model)
	const cause = "A usual cause is depends_on on a data source or on a module: then Terraform reads the data source only while it applies. Remove it. " +
		"If this plan replaces the project or the environment of the key, the key goes with it. Then keep that object."
	keep := fmt.Sprintf("To keep the key, make %s known: import what it refers to, or write %s. %s", c.Argument, c.From, cause)
	if (plan.ReplaceExisting.IsUnknown() || plan.ReplaceExisting.ValueBool()) && !r.Ledger.CreatesSomeOf("traceloop_project", "traceloop_environment") {
		diags.AddAttributeError(path.Root(c.Argument), unknownValueSummary, fmt.Sprintf(
			"This plan would revoke the %s and generate another, because %s is not known before apply. With replace_existing, apply might revoke a third key, which it finds in the new place and which this plan cannot name. Nothing was changed. "+
				"To replace the key, set replace_existing = false. If the new place has a key, apply then generates none, and the old key is gone. %s %s", state.Describe(), c.Argument, keep, base.RefreshHint))
		return
	}
	diags.AddAttributeWarning(path.Root(c.Argument), "API Key Will Be Replaced", fmt.Sprintf(
		"Apply revokes the %s and generates another, because %s is not known before apply. Applications that use it cannot send traces until they have the new key. %s",
		state.Describe(), c.Argument, keep))
}

// addSealError revokes a key that cannot be stored.
func (r *managedResource) addSealError(ctx context.Context, client *traceloop.Client, key traceloop.APIKey, err error, diags *diag.Diagnostics) {
	model := newModel(key)
	detail := fmt.Sprintf("The provider generated the %s, but could not seal it to age_recipients: %s. ", model.Describe(), err)
	if err := client.RevokeAPIKey(ctx, key.ID); err != nil && !traceloop.IsNotFound(err) {
		diags.AddError("Unable to Seal API Key", detail+fmt.Sprintf(
			"Nobody has this key, and the provider could not revoke it either (%s). Revoke it %s, correct the recipients and apply again.", err, revokeByHand))
		return
	}
	diags.AddError("Unable to Seal API Key", detail+"So the provider revoked the key. Correct the recipients and apply again.")
}

// addLostRevoked names the key of a lost answer. Somebody else may have generated it at the same time.
func addLostRevoked(key traceloop.APIKey, diags *diag.Diagnostics) {
	diags.AddWarning("API Key of a Lost Answer Was Revoked", fmt.Sprintf(
		"The provider generated a key, and the answer with the key was lost. So this apply revoked the %s, generated %s. "+
			"If somebody else generated that key at the same time, their applications can no longer send traces. They need the key of this resource.",
		newModel(key).Describe(), base.Timestamp(key.CreatedAt).ValueString()))
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
		detail += fmt.Sprintf("The environment now has the key %s, generated %s. It may be older than this attempt, so the provider did not revoke it. ",
			show(*orphan.key), base.Timestamp(orphan.key.CreatedAt).ValueString())
	default:
		detail += fmt.Sprintf("This attempt generated the key %s. Nobody has it, and the provider could not revoke it. ", show(*orphan.key))
	}
	diags.AddError("API Key May Be Orphaned", detail+fmt.Sprintf(
		"To revoke it and generate another, set replace_existing = true and apply. Or revoke it by hand and apply again: %s, or with\n\n"+
			"  echo \"Authorization: Bearer $%s\" | curl -X DELETE -H @- %s/v2/api-keys/%s", revokeByHand, base.EnvManagementKey, r.BaseURL(), orphan.id()))
}

const unknownEnvironmentSummary = "Unknown Environment"

// missingEnvironment says that a project does not have an environment, or nothing. Without a project, it says that
// none has it.
func missingEnvironment(ctx context.Context, list base.EnvironmentList, projectID, slug string) (string, error) {
	var others []traceloop.Environment
	for environment, err := range list(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}) {
		if err != nil || environment.Slug == slug {
			return "", err
		}
		// Several projects may have one with this slug.
		if !slices.ContainsFunc(others, func(e traceloop.Environment) bool { return e.Slug == environment.Slug }) {
			others = append(others, environment)
		}
	}
	where := "No project has an environment"
	if projectID != "" {
		where = "The project " + projectID + " has no environment"
	}
	return fmt.Sprintf("%s with the slug %q. %s", where, slug, base.SuggestEnvironment("slug", slug, others)), nil
}

// referToEnvironment follows missingEnvironment where this configuration may create the environment.
const referToEnvironment = "\n\nIf this configuration creates the environment, with this or another provider block, refer to it, so that Terraform creates it first: environment = traceloop_environment.example.slug."
