package apikey

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// rotationNotice is how long before rotate_at plans start to warn.
const rotationNotice = 7 * 24 * time.Hour

// ModifyPlan decides whether a key is kept, rotated or generated. It is called with
//
//	a state and no plan: revoke the key;
//	a state and a plan:  keep the key, or plan the first half of a replacement;
//	a plan and no state: generate a key, or plan the second half of a replacement.
func (r *managedResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.Data == nil {
		return
	}
	destroy, create := req.Plan.Raw.IsNull(), req.State.Raw.IsNull()
	var config, plan, state *resourceModel
	if !destroy {
		resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
		resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	}
	if !create {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	token := base.AddressToken(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}

	if destroy {
		base.Note{Removed: true}.Set(ctx, resp.Private, &resp.Diagnostics)
		r.planDestroy(state.model, token, &resp.Diagnostics)
		r.warnRevoked(ctx, state.model, &resp.Diagnostics)
		return
	}
	before := *plan
	if create {
		r.planCreate(ctx, *config, plan, token, resp)
	} else {
		base.Note{Replaces: state.handle()}.Set(ctx, resp.Private, &resp.Diagnostics)
		r.planUpdate(ctx, *config, plan, *state, token, resp)
	}
	if !resp.Diagnostics.HasError() && !plan.sameComputed(before) {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	}
}

// planDestroy plans a revocation, also that of a replacement.
func (r *managedResource) planDestroy(state model, token string, diags *diag.Diagnostics) {
	if !r.refuseOwn(state.apiKey(), diags) {
		r.Ledger.Destroy(state.object(token)).Report(diags)
	}
}

func (r *managedResource) planUpdate(ctx context.Context, config resourceModel, plan *resourceModel, state resourceModel, token string, resp *resource.ModifyPlanResponse) {
	if !plan.ProjectID.Equal(state.ProjectID) || !plan.Environment.Equal(state.Environment) {
		r.planReplace(ctx, *plan, state, token, &resp.Diagnostics)
		return
	}
	resealed := !sameRecipients(ctx, state.AgeRecipients, plan.AgeRecipients)
	if !resealed {
		plan.AgeRecipients = state.AgeRecipients
	}
	rotates := triggersChanged(state.RotationTriggers, plan.RotationTriggers)
	if resealed && state.hasKey() {
		rotates = rotateToSeal(config, state, resp) || rotates
	}
	plan.setRotateAt()
	isImported := r.Ledger.WasImported(state.handle())
	if due, known := plan.dueAt(); known && !r.Now().Before(due) && r.KeysRead.Has(state.ID.ValueString()) && !isImported {
		rotateWhenDue(due, plan, state, resp)
		rotates = true
	}
	given := !config.ExistingKeyWO.IsNull()
	switch {
	case resp.Diagnostics.HasError():
		return
	case rotates:
		if !r.refuseStranding(*plan, state.object(token), &resp.Diagnostics) {
			r.planDestroy(state.model, token, &resp.Diagnostics)
		}
		return
	case r.Ledger.Keep(state.object(token)).Report(&resp.Diagnostics):
		return
	}
	r.warnDue(*plan, isImported, &resp.Diagnostics)
	if isImported && !given {
		warnNotRetrieved(state.model, &resp.Diagnostics)
	}
	if given && (resealed || !state.hasKey()) {
		if !config.ExistingKeyWO.IsUnknown() {
			if _, ok := matchExistingKey(config.ExistingKeyWO, state.model, &resp.Diagnostics); !ok {
				return
			}
			warnUnproven(config.ExistingKeyWO, state.model, &resp.Diagnostics)
		}
		plan.setKeyUnknown()
	}
}

// rotateToSeal reports whether a change of age_recipients rotates the key: without existing_key_wo, the
// provider cannot seal the key again.
func rotateToSeal(config, state resourceModel, resp *resource.ModifyPlanResponse) bool {
	switch {
	case config.ExistingKeyWO.IsUnknown():
		resp.Diagnostics.AddAttributeError(path.Root("existing_key_wo"), "Existing Key Is Not Known Yet", fmt.Sprintf(
			"age_recipients changes for the %s. With existing_key_wo, the key is sealed again in place. Without it, the key is rotated. The value of existing_key_wo is not known before apply, so this plan cannot decide. "+
				"Nothing was changed. First apply the resource that existing_key_wo refers to (terraform apply -target=ADDRESS), or change age_recipients in a later plan. %s", state.Describe(), base.RefreshHint))
		return false
	case !config.ExistingKeyWO.IsNull():
		return false
	}
	resp.RequiresReplace.Append(path.Root("age_recipients"))
	resp.Diagnostics.AddWarning("Changing Recipients Rotates the API Key", fmt.Sprintf(
		"age_recipients changes for the %s. The provider cannot seal the current key again, so it revokes that key and generates another. Applications that use it cannot send traces until they have the new key. "+
			"To keep the current key, set it as existing_key_wo in the same plan.", state.Describe()))
	return true
}

// rotateWhenDue plans a rotation for rotate_at. Terraform replaces a resource only for an attribute that changes.
func rotateWhenDue(due time.Time, plan *resourceModel, state resourceModel, resp *resource.ModifyPlanResponse) {
	plan.RotateAt = types.StringUnknown()
	resp.RequiresReplace.Append(path.Root("rotate_at"))
	if !plan.RotateAfterDays.Equal(state.RotateAfterDays) {
		resp.Diagnostics.AddAttributeWarning(path.Root("rotate_after_days"), "API Key Is Already Due for Rotation", fmt.Sprintf(
			"The %s was due at %s, so this plan rotates it. Applications that use it cannot send traces until they have the new key. To rotate it later, set a higher number of days now.",
			state.Describe(), base.Timestamp(due).ValueString()))
	}
}

// planReplace plans the first half of a replacement in another project or environment.
func (r *managedResource) planReplace(ctx context.Context, plan, state resourceModel, token string, diags *diag.Diagnostics) {
	if r.Ledger.WasImported(state.handle()) {
		addImportedReplaced(plan.model, state.model, diags)
		return
	}
	r.planDestroy(state.model, token, diags)
	client := r.ManagementIfKnown()
	switch {
	case diags.HasError() || r.refuseStranding(plan, state.object(token), diags):
	case plan.hasUnknownPlace():
		r.addUnknownPlace(plan, state.model, diags)
	case client != nil:
		r.checkPlace(ctx, client, plan, true, diags)
	}
}

const unknownValueSummary = "Rotation Depends on an Unknown Value"

// refuseStranding refuses to replace a key while something else will probably fail (see
// base.Ledger.FirstMayFail), or while a value is not known that may stop the generation of the next one.
func (r *managedResource) refuseStranding(plan resourceModel, replaced base.Object, diags *diag.Diagnostics) bool {
	if blocked := r.Ledger.FirstMayFail(); blocked != "" {
		first := "First correct what will fail, or replace the key in a later plan."
		if !r.KeysRead.Has(strings.TrimPrefix(string(replaced.Handle), "api_key/")) {
			first = "If it only replaces a tainted object, plan again without -refresh=false. Otherwise first correct what will fail."
		}
		diags.AddAttributeError(path.Root("project_id"), lostSummary, fmt.Sprintf(
			"This plan would revoke the %s and generate another. It also creates or renames the %s, and that will probably fail (see the warning about it). "+
				"If the key refers to that resource, or to another instance of its block, Terraform then generates none. Nothing was changed. %s %s", replaced.Name, blocked, first, base.RefreshHint))
		return true
	}
	argument := plan.unknownForRotation()
	if argument == "" {
		return false
	}
	diags.AddAttributeError(path.Root(argument), unknownValueSummary, fmt.Sprintf(
		"This plan rotates the %[1]s, but %[2]s is not known before apply. If its value turned out to be invalid, the old key would be revoked and no new one generated. Nothing was changed. "+
			"First apply the resource that %[2]s refers to (terraform apply -target=ADDRESS), or rotate the key in a later plan. %[3]s", replaced.Name, argument, base.RefreshHint))
	return true
}

// planCreate plans a new key, also for the second half of a replacement.
func (r *managedResource) planCreate(ctx context.Context, config resourceModel, plan *resourceModel, token string, resp *resource.ModifyPlanResponse) {
	plan.setKeyUnknown()
	if plan.RotateAfterDays.IsNull() {
		plan.RotateAt = types.StringNull()
	}

	note := base.GetNote(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if note.Replaces == "" && !config.ExistingKeyWO.IsNull() {
		resp.Diagnostics.AddAttributeWarning(path.Root("existing_key_wo"), "Existing Key Is Ignored",
			"This plan generates a new key, so the provider ignores existing_key_wo. To keep using an existing key, import it first. Otherwise remove the argument.")
	}
	var replaced base.Object
	if note.Replaces != "" {
		var ok bool
		if replaced, ok = r.planForced(ctx, note.Replaces, token, *plan, &resp.Diagnostics); !ok {
			return
		}
	}
	if plan.hasUnknownPlace() {
		return
	}

	place := placeOf(plan.request())
	creation := base.Creation{
		Place: place, Within: around(plan.request()), Replaces: note.Replaces, Type: typeName,
		Revokes: plan.ReplaceExisting.IsUnknown() || plan.ReplaceExisting.ValueBool(),
		Name:    fmt.Sprintf("API key of project %s, environment %q", plan.ProjectID.ValueString(), plan.Environment.ValueString()),
	}
	if r.Ledger.Create(creation).Report(&resp.Diagnostics) {
		return
	}
	if tainted, ok := r.Ledger.Tainted(place); ok && note.Replaces == "" && r.refuseStranding(*plan, tainted, &resp.Diagnostics) {
		return
	}
	note.Next = place
	moves := note.Replaces != "" && replaced.Place != place
	if client := r.ManagementIfKnown(); client != nil && (moves || note.Replaces == "" && !r.Ledger.IsWriting()) {
		if existing := r.checkPlace(ctx, client, *plan, moves, &resp.Diagnostics); existing != nil {
			note.Revokes = existing.ID
		}
	}
	if note.Replaces != "" {
		note.Set(ctx, resp.Private, &resp.Diagnostics)
	}
}

// planForced plans the second half of a replacement. Terraform may force it (-replace,
// replace_triggered_by), and then the first half looked like an update.
func (r *managedResource) planForced(ctx context.Context, key base.Handle, token string, plan resourceModel, diags *diag.Diagnostics) (base.Object, bool) {
	replaced, conflict := r.Ledger.Replace(key, token)
	switch {
	case conflict.Report(diags), r.refuseStranding(plan, replaced, diags):
	case r.Ledger.WasImported(key):
		addImportedForced(replaced.Name, diags)
	default:
		if client := r.ManagementIfKnown(); client != nil {
			if found, err := client.GetAPIKey(ctx, strings.TrimPrefix(string(key), "api_key/")); err == nil {
				r.refuseOwn(*found, diags)
			}
		}
	}
	return replaced, !diags.HasError()
}

// checkPlace checks that a key can be generated. A new key cannot be generated where there is one: then
// apply refuses that key alone, so this warns. A replacement would revoke a key that has no successor, so
// this refuses it. It returns the existing key if generating revokes it.
func (r *managedResource) checkPlace(ctx context.Context, client *traceloop.Client, plan resourceModel, isReplacement bool, diags *diag.Diagnostics) *traceloop.APIKey {
	add, outcome, unknown, hint := diags.AddAttributeWarning, "Apply refuses this key alone.", "", ""
	if isReplacement {
		add, outcome, hint = diags.AddAttributeError, "Nothing was changed.", base.RefreshHint
		unknown = outcome + " Make the value known: first apply the resource that it refers to (terraform apply -target=ADDRESS)."
	}
	projectID, slug := plan.ProjectID.ValueString(), plan.Environment.ValueString()
	existing, err := r.existingKey(ctx, client, plan.model)
	if err == nil {
		var missing string
		if missing, err = r.missing(ctx, client, plan.request()); missing != "" {
			add(path.Root("environment"), unknownEnvironmentSummary, sentences(missing+referToEnvironment, outcome, hint))
			return nil
		}
	}
	switch {
	case traceloop.IsNotFound(err):
		add(path.Root("project_id"), base.UnknownProjectSummary, sentences(r.UnknownProject(ctx, client, projectID), outcome, hint))
	case err != nil:
		diags.AddError("Unable to Check Environment", r.Failure(fmt.Sprintf("list the keys and the environments of the project %s, to check that a key can be generated in %q", projectID, slug), err))
	case existing == nil:
	case plan.ReplaceExisting.IsUnknown():
		add(path.Root("replace_existing"), occupiedSummary, sentences(r.describeExisting(*existing),
			"The value of replace_existing is not known before apply. With true, apply revokes that key, and applications that use it can no longer send traces. With false, apply refuses to generate a key.",
			unknown, hint))
	case !plan.ReplaceExisting.ValueBool():
		add(path.Root("environment"), occupiedSummary, r.describeOccupied(*existing, sentences(outcome, hint)))
	case r.RefuseOwnKey(diags, "replace the existing API key", *existing):
	default:
		diags.AddAttributeWarning(path.Root("replace_existing"), "Existing API Key Will Be Revoked", fmt.Sprintf(
			"Environment %q of project %s already has an API key: the %s, generated %s ago. Because replace_existing is true, apply revokes it. Applications that use it can no longer send traces.",
			slug, projectID, newModel(*existing).Describe(), base.Elapsed(r.Now().Sub(existing.CreatedAt))))
		return existing
	}
	return nil
}

// missing is missingEnvironment for a plan, which may create the environment. The three built-in
// environments need no look.
func (r *managedResource) missing(ctx context.Context, client *traceloop.Client, key traceloop.APIKeyRequest) (string, error) {
	if isBuiltIn(key.Environment) || r.Applied.Made.Has(key.ProjectID) ||
		r.Ledger.Creates(base.EnvironmentHandle(key.ProjectID, key.Environment)) || r.Ledger.Creates(base.EnvironmentHandle("", key.Environment)) {
		return "", nil
	}
	missing, err := missingEnvironment(ctx, client.ListEnvironments, key.ProjectID, key.Environment)
	if missing != "" { // another provider block may have created it since this client read the list
		missing, err = missingEnvironment(ctx, client.ListEnvironmentsUncached, key.ProjectID, key.Environment)
	}
	return missing, err
}

// isBuiltIn reports whether every project has an environment. Source: Traceloop's documentation, "Projects
// and Environments".
func isBuiltIn(slug string) bool { return slices.Contains([]string{"dev", "stg", "prd"}, slug) }

// sentences joins those that are not empty.
func sentences(all ...string) string {
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), " ")
}

// existingKey is activeKey for a plan, whose keys share one list of each project.
func (r *managedResource) existingKey(ctx context.Context, client *traceloop.Client, in model) (*traceloop.APIKey, error) {
	return base.First(client.ListAPIKeys(ctx, traceloop.APIKeyFilter{ProjectID: in.ProjectID.ValueString()}), func(k traceloop.APIKey) bool {
		return k.Environment == in.Environment.ValueString()
	})
}

// warnRevoked warns once that a plan revokes keys that have no resource block any more. No call ends a
// plan, so how many there are is not known.
func (r *managedResource) warnRevoked(ctx context.Context, state model, diags *diag.Diagnostics) {
	if diags.HasError() || r.WarnedRevoked.Load() || r.Ledger.IsWriting() { // an apply plans the rest of create_before_destroy
		return
	}
	if client := r.ManagementIfKnown(); client != nil {
		if _, err := client.GetAPIKey(ctx, state.ID.ValueString()); traceloop.IsNotFound(err) {
			return // the read says so, which comes later in Terraform 1.11
		}
	}
	if !r.WarnedRevoked.Swap(true) {
		diags.AddWarning("API Keys Will Be Revoked", fmt.Sprintf(
			"Apply revokes the %s, because this plan destroys its resource. It may revoke more keys: the plan lists them as traceloop_api_key resources that will be destroyed. "+
				"Traceloop then refuses the traces of the applications that use them, at once. If a resource only has another address now, add a moved block, which keeps its key.", state.Describe()))
	}
}

// warnNotRetrieved has an anchor, so that the CLI shows the warning once for all imported keys.
func warnNotRetrieved(state model, diags *diag.Diagnostics) {
	diags.AddAttributeWarning(path.Root("environment"), "Imported Key Cannot Be Retrieved", fmt.Sprintf(
		"This plan imports the %s. Traceloop shows a key only when it is generated, so the attribute key is null. Applications can continue to use the key. "+
			"If you have the key, set it once as existing_key_wo, which stores it without rotating it. Otherwise, to have a key in the state, rotate it when the application is ready for a new one.", state.Describe()))
}

func (r *managedResource) warnDue(plan resourceModel, isImported bool, diags *diag.Diagnostics) {
	due, known := plan.dueAt()
	if !known {
		return
	}
	switch remaining := due.Sub(r.Now()); {
	case remaining <= 0:
		why := "only a plan that refreshes the state rotates a key. To rotate it, plan again without -refresh=false"
		if isImported {
			why = "it imports the key. The next apply rotates it"
		}
		diags.AddWarning("API Key Is Overdue for Rotation", fmt.Sprintf(
			"The %s was due at %s, %s ago. This plan does not rotate it, because %s. "+
				"Before that, prepare the applications that use it. To keep the key longer, raise rotate_after_days.",
			plan.Describe(), plan.RotateAt.ValueString(), base.Elapsed(-remaining), why))
	case remaining <= rotationNotice:
		diags.AddWarning("API Key Is Soon Due for Rotation", fmt.Sprintf(
			"The %s is due at %s, in %s. After that time, the next apply rotates it: it revokes the key and generates another. Prepare the applications that use it, or raise rotate_after_days.",
			plan.Describe(), plan.RotateAt.ValueString(), base.Elapsed(remaining)))
	}
}

func (r *managedResource) refuseOwn(key traceloop.APIKey, diags *diag.Diagnostics) bool {
	return r.ManagementIfKnown() != nil && r.RefuseOwnKey(diags, "revoke an API key", key)
}

// replaceOnTriggers replaces the key when one map becomes another.
func replaceOnTriggers(_ context.Context, req planmodifier.MapRequest, resp *mapplanmodifier.RequiresReplaceIfFuncResponse) {
	resp.RequiresReplace = triggersChanged(req.StateValue, req.PlanValue)
}

func triggersChanged(state, plan types.Map) bool {
	return !state.IsNull() && !plan.IsNull() && !plan.Equal(state)
}

// matchExistingKey returns the existing key unless its masked form shows that it is another one.
func matchExistingKey(given types.String, key model, diags *diag.Diagnostics) (string, bool) {
	full, err := base.ParseFullKey(given.ValueString())
	if matches, _ := traceloop.MaskMatches(key.MaskedKey.ValueString(), full); err == nil && matches {
		return full, true
	}
	// Not anchored: the CLI would print the line, and with it the key.
	diags.AddError("Existing Key Does Not Match", fmt.Sprintf(
		"The argument existing_key_wo is not the %s: the characters that the masked form shows differ. Nothing was changed. "+
			"Give the key that the application uses. If that key is lost, remove the argument, and rotate the key when the application is ready for a new one. %s", key.Describe(), base.RefreshHint))
	return "", false
}

// warnUnproven warns that the masked form shows too little of a key to tell whether existing_key_wo is right.
func warnUnproven(given types.String, key model, diags *diag.Diagnostics) {
	if _, provable := traceloop.MaskMatches(key.MaskedKey.ValueString(), given.ValueString()); provable {
		return
	}
	diags.AddWarning("Existing Key Cannot Be Checked", fmt.Sprintf(
		"Traceloop shows too little of the %s to tell whether existing_key_wo is that key. Apply stores it as given. Check that it is the key that the application uses.", key.Describe()))
}
