package monitor

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

func (r *managedResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var plan, state *resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || r.Data == nil {
		return
	}
	token := base.AddressToken(ctx, resp.Private, &resp.Diagnostics)
	switch {
	case plan == nil:
		base.Note{Removed: true}.Set(ctx, resp.Private, &resp.Diagnostics)
		r.Ledger.Destroy(state.object(token)).Report(&resp.Diagnostics)
	case !r.HasProjectKey(&resp.Diagnostics):
	case state == nil:
		r.planCreate(ctx, *plan, base.GetNote(ctx, resp.Private, &resp.Diagnostics), token, &resp.Diagnostics)
	default:
		r.planUpdate(ctx, *plan, *state, token, resp)
	}
}

// planCreate plans a new setup. If it replaces one, Terraform shows no warnings.
func (r *managedResource) planCreate(ctx context.Context, plan resourceModel, note base.Note, token string, diags *diag.Diagnostics) {
	replaced, refused := r.RefuseForced(ctx, note, token, "", nil, diags)
	if refused {
		return
	}
	r.checkEvaluators(ctx, plan.Evaluators, types.SetNull(types.StringType), "", diags)
	if plan.ExternalID.IsUnknown() {
		return
	}
	creation := base.Creation{Place: plan.place(), Replaces: note.Replaces, Type: typeName, Name: fmt.Sprintf("auto monitor setup %q", plan.ExternalID.ValueString())}
	if !plan.ProjectID.IsUnknown() && !plan.ProjectID.IsNull() {
		creation.Within = []base.Handle{base.HandleOf("project", plan.ProjectID.ValueString())}
	}
	conflict, client := r.Ledger.Create(creation), r.ProjectIfKnown()
	if conflict != nil || client == nil {
		conflict.Report(diags)
		return
	}
	r.look(ctx, client, plan, note.Replaces, replaced, diags)
}

// look warns about what will stop a creation. If the plan destroys a setup for it, that is an error.
func (r *managedResource) look(ctx context.Context, client *traceloop.ProjectClient, plan resourceModel, replaces base.Handle, replaced string, diags *diag.Diagnostics) {
	projectID := plan.ProjectID.ValueString()
	if own := client.OwnProjectID(); projectID != "" && own != "" && own != projectID {
		// What is replaced is in the key's project, and planUpdate refuses to move it.
		diags.AddAttributeWarning(path.Root("project_id"), otherProjectSummary, r.describeOtherProject(plan.ExternalID.ValueString(), projectID, own)+" Apply will refuse this setup.")
		return
	}
	taken, err := client.FindAutoMonitorSetup(ctx, plan.ExternalID.ValueString(), projectID)
	switch {
	case err != nil:
		diags.AddWarning("Unable to Check Auto Monitor Setup", r.ProjectFailure(fmt.Sprintf("check that no auto monitor setup %q exists", plan.ExternalID.ValueString()), err))
	case taken == nil || handle(taken.EnvProjectID, taken.ExternalID) == replaces:
	case replaced != "":
		addStranded(replaced, describe(taken.ExternalID, taken.ID), diags)
	default:
		if tainted, ok := r.Ledger.Tainted(plan.place()); ok && tainted.Handle == handle(taken.EnvProjectID, taken.ExternalID) {
			return
		}
		diags.AddAttributeWarning(path.Root("external_id"), takenSummary, describeTaken(*taken, "Apply will refuse this setup, unless this configuration manages that one and the plan replaces it."))
	}
}

// addStranded refuses a replacement whose second half would fail.
func addStranded(replaced, holder string, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("external_id"), "Unable to Replace Auto Monitor Setup", fmt.Sprintf(
		"This plan replaces the %s, but the external id of the new one belongs to the %s. The old setup would be deleted, and the new one could not be created. Nothing was changed. "+
			"Choose an external id that is free. To exchange external ids, apply once with a third one in between. %s", replaced, holder, base.RefreshHint))
}

// planUpdate plans a setup that exists: an update, a replacement, or nothing.
func (r *managedResource) planUpdate(ctx context.Context, plan, state resourceModel, token string, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	object := state.object(token)
	note := base.Note{Replaces: object.Handle}
	if !plan.ExternalID.IsUnknown() {
		note.Next = plan.place()
	}
	note.Set(ctx, resp.Private, diags)

	moves, ok := r.planProject(ctx, plan, state, resp)
	if !ok {
		return
	}
	if moves || !plan.ExternalID.Equal(state.ExternalID) {
		r.Ledger.Destroy(object).Report(diags)
		r.checkEvaluators(ctx, plan.Evaluators, state.Evaluators, object.Name, diags)
		return
	}
	if r.Ledger.Keep(object).Report(diags) {
		return
	}
	if sameRules(plan.Selector, state.Selector) {
		plan.Selector = state.Selector
	}
	if !base.SameArguments(plan.arguments(), state.arguments()) {
		r.checkEvaluators(ctx, plan.Evaluators, state.Evaluators, "", diags)
		diags.AddWarning("Auto Monitor Setup Will Restart", fmt.Sprintf(
			"Updating the %s replaces all its evaluators, and sets its status back to %q.", state.Describe(), traceloop.StatusPending))
		return
	}
	// The other arguments are only in the state, and the order of the rules has no meaning: the
	// setup does not change.
	planned := plan.ProjectID
	plan.model = state.model
	plan.ProjectID = planned
	diags.Append(resp.Plan.Set(ctx, plan)...)
}

// planProject reports whether the setup moves to another project. The key decides where a setup
// is, so project_id alone moves none.
func (r *managedResource) planProject(ctx context.Context, plan, state resourceModel, resp *resource.ModifyPlanResponse) (moves, ok bool) {
	switch {
	case plan.ProjectID.Equal(state.ProjectID):
		return false, true
	case plan.ProjectID.IsUnknown() && r.ProjectIfKnown() != nil:
		// The key is known, and with it the project: what the argument turns out to be cannot change it.
		return false, true
	case !plan.ProjectID.IsUnknown() && !r.IsProjectGone(ctx, resp.Private, state.ProjectID.ValueString(), &resp.Diagnostics):
		resp.Diagnostics.AddAttributeError(path.Root("project_id"), "Auto Monitor Setup Cannot Move to Another Project", fmt.Sprintf(
			"The %[1]s is in the project %[2]s, and project_id changes to %[3]q. The project of the key decides where a setup is. Nothing was changed.\n\n"+
				"  - To keep the setup, set project_id = %[2]q.\n"+
				"  - To move it, first destroy it with the key of its own project. Then create it with the key of the other one.\n"+
				"  - %[4]s", state.Describe(), state.ProjectID.ValueString(), plan.ProjectID.ValueString(), base.RefreshHint))
		return false, false
	}
	resp.RequiresReplace = append(resp.RequiresReplace, path.Root("project_id"))
	return true, true
}
