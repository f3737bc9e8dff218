package apikey

import (
	"context"
	"fmt"
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
	destroy, create := req.Plan.Raw.IsNull(), req.State.Raw.IsNull()
	if r.Data == nil || !destroy && base.DestroysOnly() {
		return
	}
	var config, plan, state *resourceModel
	if !destroy {
		resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
		resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	}
	if !create {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}

	if destroy {
		r.planRevoke(*state, resp)
		return
	}
	before := *plan
	if create {
		r.planGenerate(ctx, *config, plan, resp)
	} else {
		base.Replacement{Replaces: state.ID.ValueString()}.Set(ctx, resp.Private, &resp.Diagnostics)
		r.planUpdate(ctx, *config, plan, *state, resp)
	}
	if !resp.Diagnostics.HasError() && !plan.sameComputed(before) {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	}
}

func (r *managedResource) planRevoke(state resourceModel, resp *resource.ModifyPlanResponse) {
	r.refuseRevoking(state.model, &resp.Diagnostics)
	if r.Run.Leave(state.holding()) == base.IsClaimed {
		addClaimedPlace(state.model, "Nothing was changed.", &resp.Diagnostics)
	}
}

func (r *managedResource) planUpdate(ctx context.Context, config resourceModel, plan *resourceModel, state resourceModel, resp *resource.ModifyPlanResponse) {
	if !plan.ProjectID.Equal(state.ProjectID) || !plan.Environment.Equal(state.Environment) {
		r.planMove(ctx, plan.model, plan.ReplaceExisting, state, resp)
		return
	}
	if other, conflict := r.Run.Keep(state.holding()); conflict != base.NoConflict {
		addPlaceConflict(plan.model, other, conflict, &resp.Diagnostics)
		return
	}

	replaced := triggersChanged(state.RotationTriggers, plan.RotationTriggers)
	resealed := !sameRecipients(ctx, state.AgeRecipients, plan.AgeRecipients)
	if !resealed {
		plan.AgeRecipients = state.AgeRecipients
	}
	given := !config.ExistingKeyWO.IsNull()
	switch {
	case !resealed || !state.hasKey():
	case config.ExistingKeyWO.IsUnknown():
		resp.Diagnostics.AddAttributeError(path.Root("existing_key_wo"), "Existing Key Is Not Known Yet", fmt.Sprintf(
			"age_recipients changes for the %s. With existing_key_wo, the key is sealed again in place. Without it, the key is rotated. The value of existing_key_wo is not known before apply, so this plan cannot decide. "+
				"Nothing was changed. First apply the resource that existing_key_wo refers to (terraform apply -target=ADDRESS), or change age_recipients in a later plan.", state.Describe()))
		return
	case !given:
		replaced = true
		resp.RequiresReplace.Append(path.Root("age_recipients"))
		resp.Diagnostics.AddWarning("Changing Recipients Rotates the API Key", fmt.Sprintf(
			"age_recipients changes for the %s. The provider cannot seal the current key again, so it revokes that key and generates another. Applications that use it cannot send traces until they have the new key. "+
				"To keep the current key, set it as existing_key_wo in the same plan.", state.Describe()))
	}

	plan.setRotateAt()
	if due, known := plan.dueAt(); known && !r.Now().Before(due) && r.Run.MayRotate(state.ID.ValueString()) {
		replaced = true
		// Terraform replaces a resource only for an attribute that changes.
		plan.RotateAt = types.StringUnknown()
		if !plan.RotateAfterDays.Equal(state.RotateAfterDays) {
			resp.Diagnostics.AddAttributeWarning(path.Root("rotate_after_days"), "API Key Is Already Due for Rotation", fmt.Sprintf(
				"The %s was due at %s, so this plan rotates it. Applications that use it cannot send traces until they have the new key. To rotate it later, set a higher number of days now.",
				state.Describe(), base.Timestamp(due).ValueString()))
		}
		resp.RequiresReplace.Append(path.Root("rotate_at"))
	}
	if replaced {
		r.refuseRevoking(state.model, &resp.Diagnostics)
		return
	}

	r.warnDue(*plan, &resp.Diagnostics)
	if given && (resealed || !state.hasKey()) {
		if !config.ExistingKeyWO.IsUnknown() {
			if _, ok := matchExistingKey(config.ExistingKeyWO, state.model, &resp.Diagnostics); !ok {
				return
			}
		}
		plan.setKeyUnknown()
	}
}

// planMove plans the first half of a replacement in another project or environment.
func (r *managedResource) planMove(ctx context.Context, plan model, replaceExisting types.Bool, state resourceModel, resp *resource.ModifyPlanResponse) {
	if r.Run.WasImported(state.ID.ValueString()) {
		addImportedReplaced(plan, state.model, &resp.Diagnostics)
		return
	}
	r.planRevoke(state, resp)
	client := r.ManagementIfKnown()
	switch {
	case resp.Diagnostics.HasError():
	case plan.hasUnknownPlace():
		addUnknownPlace(plan, state.model, &resp.Diagnostics)
	case client != nil:
		r.checkPlace(ctx, client, plan, true, replaceExisting.ValueBool(), &resp.Diagnostics)
	}
}

// planGenerate plans a new key, also for the second half of a replacement.
func (r *managedResource) planGenerate(ctx context.Context, config resourceModel, plan *resourceModel, resp *resource.ModifyPlanResponse) {
	plan.setKeyUnknown()
	if plan.RotateAfterDays.IsNull() {
		plan.RotateAt = types.StringNull()
	}

	note := base.GetReplacement(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	replaced := r.Run.Holding(note.Replaces)
	if note.Replaces == "" && !config.ExistingKeyWO.IsNull() {
		resp.Diagnostics.AddAttributeWarning(path.Root("existing_key_wo"), "Existing Key Is Ignored",
			"This plan generates a new key, so the provider ignores existing_key_wo. To keep using an existing key, import it first. Otherwise remove the argument.")
	}
	if key, ok := replaced.Object.(model); ok { // the replacement may be a forced one
		if r.Run.WasImported(note.Replaces) {
			addImportedReplaced(plan.model, key, &resp.Diagnostics)
			return
		}
		r.refuseRevoking(key, &resp.Diagnostics)
	}
	if plan.hasUnknownPlace() || resp.Diagnostics.HasError() {
		return
	}

	revokes := plan.ReplaceExisting.ValueBool()
	if other, conflict := r.Run.Claim(plan.place(), note.Replaces, revokes); conflict != base.NoConflict {
		addPlaceConflict(plan.model, other, conflict, &resp.Diagnostics)
		return
	}
	note.Project, note.Name = plan.ProjectID.ValueString(), plan.Environment.ValueString()
	moves := note.Replaces != "" && replaced.Place != plan.place()
	if client := r.ManagementIfKnown(); client != nil && (moves || note.Replaces == "" && !r.Run.IsWriting()) {
		if occupant := r.checkPlace(ctx, client, plan.model, moves, revokes, &resp.Diagnostics); occupant != nil {
			note.Revokes = occupant.ID
		}
	}
	if note.Replaces != "" {
		note.Set(ctx, resp.Private, &resp.Diagnostics)
	}
}

// checkPlace checks that a key can be generated. It returns the existing key if generating
// revokes it.
func (r *managedResource) checkPlace(ctx context.Context, client *traceloop.Client, plan model, isReplacement, revokes bool, diags *diag.Diagnostics) *traceloop.APIKey {
	projectID, slug := plan.ProjectID.ValueString(), plan.Environment.ValueString()
	occupant, err := r.occupant(ctx, client, plan)
	if err == nil {
		var existing []string
		var missing bool
		if missing, existing, err = r.Missing(ctx, client, projectID, slug); missing {
			addUnknownEnvironment(projectID, slug, existing, diags)
			return nil
		}
	}
	switch {
	case traceloop.IsNotFound(err):
		r.AddUnknownProject(ctx, client, projectID, diags)
	case err != nil:
		diags.AddError("Unable to Check Environment", r.Failure(fmt.Sprintf("list the keys and the environments of the project %s, to check that a key can be generated in %q", projectID, slug), err))
	case occupant == nil:
	case !revokes && r.Run.MayLeave(occupant.ID):
		// This key may replace it. If another resource keeps it, the plan of that resource finds
		// this claim.
	case !revokes && !isReplacement && !r.Run.IsPlanning():
		diags.AddAttributeWarning(path.Root("environment"), occupiedSummary, r.describeOccupied(*occupant, "Apply will fail."))
	case !revokes:
		diags.AddAttributeError(path.Root("environment"), occupiedSummary, r.describeOccupied(*occupant, "Nothing was changed."))
	case r.RefuseOwnKey(diags, "replace the existing API key", *occupant):
	default:
		diags.AddAttributeWarning(path.Root("replace_existing"), "Existing API Key Will Be Revoked", fmt.Sprintf(
			"Environment %q of project %s already has an API key: the %s, generated %s ago. Because replace_existing is true, apply revokes it. Applications that use it can no longer send traces.",
			slug, projectID, newModel(*occupant).Describe(), base.Elapsed(r.Now().Sub(occupant.CreatedAt))))
		return occupant
	}
	return nil
}

// occupant returns the active key of the model's project and environment, or nil.
func (r *managedResource) occupant(ctx context.Context, client *traceloop.Client, in model) (*traceloop.APIKey, error) {
	projectID := in.ProjectID.ValueString()
	if _, created := r.Run.KnowsProject(projectID); created {
		return nil, nil
	}
	for key, err := range client.ListAPIKeys(ctx, traceloop.APIKeyFilter{ProjectID: projectID}) {
		if err != nil {
			return nil, err
		}
		if key.Environment == in.Environment.ValueString() {
			return &key, nil
		}
	}
	r.Run.SawProject(projectID)
	return nil, nil
}

func (r *managedResource) warnDue(plan resourceModel, diags *diag.Diagnostics) {
	due, known := plan.dueAt()
	if !known {
		return
	}
	switch remaining := due.Sub(r.Now()); {
	case remaining <= 0:
		why := "only a plan that refreshes the state rotates a key. To rotate it, plan again without -refresh=false"
		if r.Run.WasImported(plan.ID.ValueString()) {
			why = "it imports the key. The next plan rotates it"
		}
		diags.AddWarning("API Key Is Overdue for Rotation", fmt.Sprintf(
			"The %s was due at %s, %s ago. This plan does not rotate it, because %s. "+
				"Before that, prepare the applications that use it. To keep the key longer, raise rotate_after_days.",
			plan.Describe(), plan.RotateAt.ValueString(), base.Elapsed(-remaining), why))
	case remaining <= rotationNotice:
		diags.AddWarning("API Key Is Soon Due for Rotation", fmt.Sprintf(
			"The %s is due at %s, in %s. After that time, a plan rotates it: apply revokes the key and generates another. Prepare the applications that use it, or raise rotate_after_days.",
			plan.Describe(), plan.RotateAt.ValueString(), base.Elapsed(remaining)))
	}
}

func (r *managedResource) refuseRevoking(state model, diags *diag.Diagnostics) {
	if r.ManagementIfKnown() != nil {
		r.RefuseOwnKey(diags, "revoke an API key", state.apiKey())
	}
}

// replaceOnTriggers replaces the key when one map becomes another.
func replaceOnTriggers(_ context.Context, req planmodifier.MapRequest, resp *mapplanmodifier.RequiresReplaceIfFuncResponse) {
	resp.RequiresReplace = triggersChanged(req.StateValue, req.PlanValue)
}

func triggersChanged(state, plan types.Map) bool {
	return !state.IsNull() && !plan.IsNull() && !plan.Equal(state)
}

// matchExistingKey returns the existing key if its masked form matches.
func matchExistingKey(given types.String, key model, diags *diag.Diagnostics) (string, bool) {
	full, err := base.ParseFullKey(given.ValueString())
	if err == nil {
		matches, provable := traceloop.MaskMatches(key.MaskedKey.ValueString(), full)
		if matches && !provable {
			diags.AddWarning("Existing Key Cannot Be Checked", fmt.Sprintf(
				"The service does not show enough of the %s to check the argument existing_key_wo. The provider takes its word for it. Check that an application with this key can send traces.", key.Describe()))
		}
		if matches {
			return full, true
		}
	}
	// Not anchored: the CLI would print the line, and with it the key.
	diags.AddError("Existing Key Does Not Match", fmt.Sprintf(
		"The argument existing_key_wo is not the %s: its beginning or its end differs from what the service shows of that key. Nothing was changed. "+
			"Give the key that the application uses. If that key is lost, remove the argument, and rotate the key when the application is ready for a new one.", key.Describe()))
	return "", false
}
