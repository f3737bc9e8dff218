package evaluator

import (
	"cmp"
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
	diags := &resp.Diagnostics
	diags.Append(req.Plan.Get(ctx, &plan)...)
	diags.Append(req.State.Get(ctx, &state)...)
	var slug types.String // as the configuration has it
	diags.Append(req.Config.GetAttribute(ctx, path.Root("slug"), &slug)...)
	token := base.AddressToken(ctx, resp.Private, diags)
	if diags.HasError() || r.Data == nil {
		return
	}
	switch {
	case plan == nil:
		base.Note{Removed: true}.Set(ctx, resp.Private, diags)
		if !r.stored(*state, resp.Private).RefuseProtected(ctx, diags) && !r.Ledger.Destroy(state.leaving(token)).Report(diags) {
			diags.AddWarning("Evaluator Will Not Be Deleted", state.forgotten())
		}
	case !r.HasProjectKey(diags):
	case state == nil:
		r.planCreate(ctx, *plan, slug.IsUnknown(), base.GetNote(ctx, resp.Private, diags), token, diags)
	case !slug.IsNull() && !slug.Equal(state.Slug):
		r.planReplace(ctx, *plan, *state, token, resp)
	default:
		r.planUpdate(ctx, *plan, *state, token, resp)
	}
}

// planReplace plans the first half of a replacement. The second one is planCreate.
func (r *managedResource) planReplace(ctx context.Context, plan, state resourceModel, token string, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	base.Note{Replaces: handle(state.ID.ValueString()), Next: slugPlace(plan.Slug.ValueString())}.Set(ctx, resp.Private, diags)
	if r.stored(state, resp.Private).RefuseReplacing(ctx, base.NewChange("slug", state.Slug, plan.Slug), plan.DeletionProtection, diags) {
		return
	}
	if !r.Ledger.Destroy(state.leaving(token)).Report(diags) {
		diags.AddWarning("Evaluator Will Not Be Deleted", state.forgotten())
		plan.warnPlaceholders(diags)
	}
}

// planUpdate plans an update, or nothing. Terraform plans the first half of a forced replacement like
// that too.
func (r *managedResource) planUpdate(ctx context.Context, plan, state resourceModel, token string, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	base.Note{Replaces: handle(state.ID.ValueString())}.Set(ctx, resp.Private, diags)
	if r.Ledger.Keep(state.object(token)).Report(diags) {
		return
	}
	if plan.Slug.IsUnknown() { // no answer has shown it
		plan.Slug = state.Slug
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("slug"), plan.Slug)...)
	}
	if base.SameArguments(plan.arguments(), state.arguments()) { // deletion_protection is only in the state
		plan.Version, plan.UpdatedAt = state.Version, state.UpdatedAt
		diags.Append(resp.Plan.Set(ctx, plan)...)
		return
	}
	if !plan.Messages.Equal(state.Messages) || !plan.InputSchema.Equal(state.InputSchema) {
		plan.warnPlaceholders(diags)
	}
}

// planCreate also plans the second half of a replacement, in which Terraform shows only errors. The
// plan does not know a slug that the service makes from the name.
func (r *managedResource) planCreate(ctx context.Context, plan resourceModel, slugComesLater bool, note base.Note, token string, diags *diag.Diagnostics) {
	replaced, refused := r.RefuseForced(ctx, note, token, loss, nil, diags)
	if !refused && note.Replaces != "" && note.Next == "" { // the slug does not change
		refused = true
		diags.AddError("Evaluator Cannot Be Replaced", fmt.Sprintf(
			"This plan was told to replace the %s (-replace, replace_triggered_by). Traceloop has no operation that deletes an evaluator, so the slug of the new one would be taken. Nothing was changed. "+
				"Change the evaluator in place. To have another one, change its slug. %s", replaced, base.RefreshHint))
	}
	if refused {
		return
	}
	plan.warnPlaceholders(diags)
	if plan.Name.IsUnknown() || slugComesLater {
		return
	}
	request := plan.request()
	r.PlannedEvaluators.Add(slugOf(request))
	creation := base.Creation{Place: place(request), Replaces: note.Replaces, Type: typeName, Name: fmt.Sprintf("evaluator %q", request.Name)}
	client := r.ProjectIfKnown()
	if conflict := r.Ledger.Create(creation); conflict != nil || client == nil {
		conflict.Report(diags)
		return
	}
	evaluators, _ := client.ListEvaluators(ctx, "") // apply says what is wrong
	switch holder := findHolder(evaluators, request); {
	case holder == nil:
	case note.Replaces != "":
		diags.AddAttributeError(path.Root("slug"), "Unable to Replace Evaluator", r.describeTaken(holder, request, true, "Terraform would forget the old evaluator, and could not create the new one. Nothing was changed. "+base.RefreshHint))
	default:
		diags.AddAttributeWarning(path.Root("slug"), "Evaluator Exists Already", r.describeTaken(holder, request, false, "If Traceloop does not allow a second one, apply will refuse this evaluator."))
	}
}

// findHolder returns the evaluator that has the slug of a new one, or nil. If the service makes the slug
// from the name, one of the same name counts too.
func findHolder(evaluators []traceloop.Evaluator, r traceloop.EvaluatorRequest) *traceloop.Evaluator {
	hasSlug := func(e traceloop.Evaluator) bool { return e.Slug != "" && e.Slug == slugOf(r) }
	return cmp.Or(newest(evaluators, hasSlug), newest(evaluators, isLike(r)))
}

// isLike selects what a request may have created. Only the service knows the slug that it makes from a name.
func isLike(r traceloop.EvaluatorRequest) func(traceloop.Evaluator) bool {
	return func(e traceloop.Evaluator) bool {
		return r.Slug != "" && e.Slug == r.Slug || r.Slug == "" && base.SameName(e.Name, r.Name)
	}
}

func newest(evaluators []traceloop.Evaluator, selects func(traceloop.Evaluator) bool) (found *traceloop.Evaluator) {
	for _, e := range evaluators {
		if selects(e) && (found == nil || e.CreatedAt.After(found.CreatedAt)) {
			found = &e
		}
	}
	return found
}
