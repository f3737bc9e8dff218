package provider

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// rotationNotice is how long before rotate_at a plan begins to warn.
const rotationNotice = 7 * 24 * time.Hour

// ModifyPlan decides whether a key stays, is rotated or is generated, and says what
// that means for the applications that use it. It is called with
//
//	a state and no plan: the key is revoked;
//	a state and a plan:  the key stays, or is the first half of a replacement;
//	a plan and no state: a key is generated, or is the second half of a replacement.
func (r *apiKeyResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	destroy, create := req.Plan.Raw.IsNull(), req.State.Raw.IsNull()
	var config, plan, state *apiKeyResourceModel
	if !destroy {
		resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
		resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	}
	if !create {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if resp.Diagnostics.HasError() || r.providerData == nil {
		return
	}

	if !create {
		r.slots.hold(state.apiKeyModel)
	}
	if destroy {
		r.refuseRevoking(*state, &resp.Diagnostics)
		return
	}
	before := *plan
	if create {
		r.planGenerate(ctx, *config, plan, &resp.Diagnostics)
	} else {
		r.planUpdate(*config, plan, *state, resp)
	}
	if !resp.Diagnostics.HasError() && !plan.sameComputed(before) {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	}
}

// planUpdate plans for a key that there is.
func (r *apiKeyResource) planUpdate(config apiKeyResourceModel, plan *apiKeyResourceModel, state apiKeyResourceModel, resp *resource.ModifyPlanResponse) {
	replaced := !plan.ProjectID.Equal(state.ProjectID) || !plan.Environment.Equal(state.Environment) || triggersRotate(state.RotationTriggers, plan.RotationTriggers)

	resealed := !plan.AgeRecipients.Equal(state.AgeRecipients)
	given := !config.ExistingKeyWO.IsNull()
	if resealed && state.hasKey() && !given {
		replaced = true
		resp.RequiresReplace.Append(path.Root("age_recipients"))
		resp.Diagnostics.AddWarning("Changing Recipients Rotates the API Key", fmt.Sprintf(
			"age_recipients changes for the %s, and its plain text is not there to be sealed: a sealed key never is, and one that was in the state in plain text is not made secret by sealing it later. "+
				"The key is revoked and another is generated; applications that use it are refused until they have the new one. To keep the key, give it as existing_key_wo in the same plan.", state.describe()))
	}

	plan.setRotateAt()
	if due, known := plan.dueAt(); known && !r.now().Before(due) && r.slots.wasRead(state.apiKeyModel) {
		replaced = true
		// Terraform replaces for an attribute only if it changes: the new key has another date.
		plan.RotateAt = types.StringUnknown()
		if !plan.RotateAfterDays.Equal(state.RotateAfterDays) {
			resp.Diagnostics.AddAttributeWarning(path.Root("rotate_after_days"), "API Key Is Older Than That", fmt.Sprintf(
				"The %s was due at %s, so this plan rotates it: applications that use it are refused until they have the new one. To rotate it later, give a higher number now.",
				state.describe(), timestamp(due).ValueString()))
		}
		resp.RequiresReplace.Append(path.Root("rotate_at"))
	}
	if replaced {
		r.refuseRevoking(state, &resp.Diagnostics)
		return
	}

	r.warnDue(*plan, &resp.Diagnostics)
	if given && (resealed || !state.hasKey()) {
		if !config.ExistingKeyWO.IsUnknown() {
			if _, ok := proven(config.ExistingKeyWO, state.apiKeyModel, &resp.Diagnostics); !ok {
				return
			}
		}
		plan.setKeyUnknown()
	}
}

// planGenerate plans for a key that there is not yet.
func (r *apiKeyResource) planGenerate(ctx context.Context, config apiKeyResourceModel, plan *apiKeyResourceModel, diags *diag.Diagnostics) {
	plan.setKeyUnknown()
	if plan.RotateAfterDays.IsNull() {
		plan.RotateAt = types.StringNull()
	}
	if plan.ProjectID.IsUnknown() || plan.Environment.IsUnknown() {
		return
	}

	held, replacing := r.slots.held(plan.apiKeyModel)
	if replacing {
		// The second half of a replacement, which may be a forced one: see protectedSet.
		r.refuseRevoking(apiKeyResourceModel{apiKeyModel: held}, diags)
	} else if !config.ExistingKeyWO.IsNull() {
		diags.AddAttributeWarning(path.Root("existing_key_wo"), "Existing Key Is Not Read",
			"This plan generates a new key, so existing_key_wo is not read. To take over a running key, import it first; otherwise remove the argument.")
	}
	if r.client == nil || diags.HasError() {
		return
	}
	if !r.applying.Load() {
		r.checkEnvironment(ctx, plan.apiKeyModel, diags)
	}
	if !replacing && plan.ReplaceExisting.ValueBool() && !diags.HasError() && !r.applying.Load() {
		r.warnReplacesExisting(ctx, plan.apiKeyModel, diags)
	}
}

// checkEnvironment refuses a new key for a project or an environment that does not exist.
func (r *apiKeyResource) checkEnvironment(ctx context.Context, plan apiKeyModel, diags *diag.Diagnostics) {
	projectID, slug := plan.ProjectID.ValueString(), plan.Environment.ValueString()
	missing, existing, err := r.missing(ctx, projectID, slug)
	switch {
	case traceloop.IsNotFound(err):
		addUnknownProject(diags, projectID)
	case err != nil:
		diags.AddError("Unable to Check Environment", r.failure(fmt.Sprintf("list the keys and the environments of the project %s, to check that it has %q", projectID, slug), err))
	case missing:
		addUnknownEnvironment(diags, projectID, slug, existing)
	}
}

// warnReplacesExisting names the key that replace_existing is going to revoke.
func (r *apiKeyResource) warnReplacesExisting(ctx context.Context, plan apiKeyModel, diags *diag.Diagnostics) {
	occupant, err := r.occupant(ctx, plan.ProjectID.ValueString(), plan.Environment.ValueString())
	if err != nil {
		diags.AddError("Unable to Check Environment", r.failure(fmt.Sprintf(
			"look for a key in project %s, environment %q, which replace_existing would revoke", plan.ProjectID.ValueString(), plan.Environment.ValueString()), err))
		return
	}
	if occupant == nil || r.refuseOwnKey(diags, "generate a key in place of the existing one", *occupant) {
		return
	}
	diags.AddAttributeWarning(path.Root("replace_existing"), "Existing API Key Is Going to Be Revoked", fmt.Sprintf(
		"The %s, generated %s ago, stands where this resource generates one. Since replace_existing is true, apply revokes it: applications that use it are refused from then on.",
		newAPIKeyModel(*occupant).describe(), elapsed(r.now().Sub(occupant.CreatedAt))))
}

// occupant returns the key of a project and environment, from what is known of the project;
// nil, nil when there is none.
func (r *apiKeyResource) occupant(ctx context.Context, projectID, environment string) (*traceloop.APIKey, error) {
	if keys, looked := r.occupancy.before(projectID); looked {
		key, ok := keys[environment]
		if !ok {
			return nil, nil
		}
		return &key, nil
	}
	for key, err := range r.client.ListAPIKeys(ctx, traceloop.APIKeyFilter{ProjectID: projectID}) {
		if err != nil {
			return nil, err
		}
		if key.Environment == environment {
			return &key, nil
		}
	}
	return nil, nil
}

// warnDue gives notice of a rotation that is near.
func (r *apiKeyResource) warnDue(plan apiKeyResourceModel, diags *diag.Diagnostics) {
	due, known := plan.dueAt()
	if !known {
		return
	}
	switch remaining := due.Sub(r.now()); {
	case remaining <= 0:
		diags.AddWarning("API Key Is Overdue for Rotation", fmt.Sprintf(
			"The %s was due at %s, %s ago. It is not rotated here, since only a plan that refreshes the state rotates a key. "+
				"To rotate it, plan again without -refresh=false; before that, get the applications that use it ready. To keep it for longer, raise rotate_after_days.",
			plan.describe(), plan.RotateAt.ValueString(), elapsed(-remaining)))
	case remaining <= rotationNotice:
		diags.AddWarning("API Key Is Soon Due for Rotation", fmt.Sprintf(
			"The %s is due at %s, in %s. From then on a plan rotates it: it is revoked and another is generated. Get the applications that use it ready, or raise rotate_after_days.",
			plan.describe(), plan.RotateAt.ValueString(), elapsed(remaining)))
	}
}

// refuseRevoking stops a plan that would revoke the provider's own key.
func (r *apiKeyResource) refuseRevoking(state apiKeyResourceModel, diags *diag.Diagnostics) {
	if r.client != nil {
		r.refuseOwnKey(diags, "revoke it", state.apiKey())
	}
}

// rotates asks for a replacement when one recorded map becomes another.
func rotates(_ context.Context, req planmodifier.MapRequest, resp *mapplanmodifier.RequiresReplaceIfFuncResponse) {
	resp.RequiresReplace = triggersRotate(req.StateValue, req.PlanValue)
}

func triggersRotate(state, plan types.Map) bool {
	return !state.IsNull() && !plan.IsNull() && !plan.Equal(state)
}

// proven returns the existing key if it is the one that the service knows by its
// masked form.
func proven(given types.String, key apiKeyModel, diags *diag.Diagnostics) (string, bool) {
	full, err := parseFullKey(given.ValueString())
	if err == nil && traceloop.MaskKey(full) == key.MaskedKey.ValueString() {
		return full, true
	}
	// Not anchored, since the CLI would quote the line, and with it the key.
	diags.AddError("Existing Key Does Not Match", fmt.Sprintf(
		"The argument existing_key_wo is not the %s: its prefix, its length or its last 4 characters differ. Nothing was changed. "+
			"Give the key that the application uses; if it is lost, remove the argument, and rotate the key when the application is ready for a new one.", key.describe()))
	return "", false
}

// slotSet holds the keys that the plan under way finds in the state, by project and
// environment. A creation in the same place is the second half of a replacement.
type slotSet struct {
	mu   sync.Mutex
	keys map[string]apiKeyModel
	read map[string]bool // by id
}

// reading notes a key that this process has refreshed. Only a plan refreshes: when core
// plans once more to apply, what was an update must not have become a replacement
// because time has passed.
func (s *slotSet) reading(key apiKeyModel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read == nil {
		s.read = map[string]bool{}
	}
	s.read[key.ID.ValueString()] = true
}

func (s *slotSet) wasRead(key apiKeyModel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read[key.ID.ValueString()]
}

func (s *slotSet) hold(key apiKeyModel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		s.keys = map[string]apiKeyModel{}
	}
	s.keys[key.slot()] = key
}

func (s *slotSet) held(key apiKeyModel) (apiKeyModel, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, ok := s.keys[key.slot()]
	return held, ok
}
