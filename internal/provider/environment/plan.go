package environment

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

func (r *managedResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var plan, state *resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	token := base.AddressToken(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || r.Data == nil {
		return
	}
	if plan != nil && state != nil {
		kept := state.object(token)
		base.Note{Replaces: kept.Handle, Protected: kept.Protected}.Set(ctx, resp.Private, &resp.Diagnostics)
	}
	switch {
	case plan == nil:
		base.Note{Removed: true}.Set(ctx, resp.Private, &resp.Diagnostics)
		r.planDestroy(ctx, *state, token, resp)
	case state == nil:
		r.planCreate(ctx, *plan, token, resp)
	case !plan.Name.Equal(state.Name) || !plan.ProjectID.Equal(state.ProjectID):
		r.planReplace(ctx, *plan, *state, token, resp)
	default: // also the first half of a forced replacement
		r.Ledger.Keep(state.object(token)).Report(&resp.Diagnostics)
	}
}

func (r *managedResource) planDestroy(ctx context.Context, state resourceModel, token string, resp *resource.ModifyPlanResponse) {
	if !r.stored(state, resp.Private).RefuseProtected(ctx, &resp.Diagnostics) {
		r.planDelete(ctx, state, token, &resp.Diagnostics)
	}
}

// planDelete plans to delete an environment that is not protected.
func (r *managedResource) planDelete(ctx context.Context, state resourceModel, token string, diags *diag.Diagnostics) {
	switch {
	case state.BuiltIn.ValueBool():
		addForgotten(diags, state) // nothing is lost
	case r.Ledger.Destroy(state.object(token)).Report(diags), r.isMissing(ctx, state):
	default:
		r.WarnCascade(ctx, diags, state.Describe(), loss(state.ProjectID.ValueString()), state.keyFilter(), "")
	}
}

// planReplace plans the first half of a replacement.
func (r *managedResource) planReplace(ctx context.Context, plan, state resourceModel, token string, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	client := r.ManagementIfKnown()
	if r.stored(state, resp.Private).RefuseReplacing(ctx, state.changeTo(plan.model), plan.DeletionProtection, diags) {
		return
	}
	base.Note{Replaces: state.object(token).Handle}.Set(ctx, resp.Private, diags) // not protected, or gone
	if !state.BuiltIn.ValueBool() && r.refuseStranding(state.object(token), diags) {
		return
	}
	r.planDelete(ctx, state, token, diags)
	if !diags.HasError() && !state.BuiltIn.ValueBool() && client != nil {
		r.canFollow(ctx, client, client.ListEnvironments, plan.model, state.ID.ValueString(), diags)
	}
}

const lostSummary = "Environment Would Be Lost"

// refuseStranding refuses to replace an environment while something else will probably fail: see
// base.Ledger.FirstMayFail.
func (r *managedResource) refuseStranding(replaced base.Object, diags *diag.Diagnostics) bool {
	blocked := r.Ledger.FirstMayFail()
	if blocked == "" {
		return false
	}
	first := "First correct that, or replace the environment in a later plan."
	if !r.Ledger.Has(replaced.Handle) { // the plan does not refresh, so it cannot tell what is tainted
		first = "If it only replaces a tainted project, plan again without -refresh=false. Otherwise first correct that, and apply it."
	}
	diags.AddAttributeError(path.Root("project_id"), lostSummary, fmt.Sprintf(
		"This plan would destroy the %s, and create another one. It also creates or renames the %s, which apply will probably refuse (see the warning about it). "+
			"If the environment refers to that resource, or to another instance of its block, Terraform then creates none. Nothing was changed. %s %s", replaced.Name, blocked, first, base.RefreshHint))
	return true
}

// planCreate also plans the second half of a replacement.
func (r *managedResource) planCreate(ctx context.Context, plan resourceModel, token string, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	r.Ledger.CreateSome(typeName)
	note := base.GetNote(ctx, resp.Private, diags)
	projectID, slug := parsePlace(note.Replaces)
	keys := &traceloop.APIKeyFilter{ProjectID: projectID, Environment: slug}
	replaced, refused := r.RefuseForced(ctx, note, token, base.Irreversible+loss(projectID), keys, diags)
	if !refused && note.Replaces != "" {
		refused = r.refuseStranding(base.Object{Handle: note.Replaces, Name: replaced}, diags)
	}
	if refused || plan.Name.IsUnknown() || plan.ProjectID.IsUnknown() {
		return
	}
	creation := plan.creation()
	creation.Replaces = note.Replaces
	conflict := r.Ledger.Create(creation)
	if conflict.Report(diags) {
		return
	}
	if conflict != nil {
		r.Ledger.MayFail(plan.describeNew(), plan.place())
	}
	if tainted, ok := r.Ledger.Tainted(creation.Place); ok && note.Replaces == "" && r.refuseStranding(tainted, diags) {
		return
	}
	if note.Replaces == "" {
		r.warnTaken(ctx, plan.model, diags)
		return
	}
	note.Next = creation.Place
	note.Set(ctx, resp.Private, diags)
}

// isMissing reports whether Traceloop does not find the environment. Terraform 1.11 plans to destroy
// what has no block before it reads it, and the read says that it is gone.
func (r *managedResource) isMissing(ctx context.Context, state resourceModel) bool {
	client := r.ManagementIfKnown()
	if client == nil {
		return false
	}
	_, err := client.GetEnvironment(ctx, state.ID.ValueString())
	return traceloop.IsNotFound(err)
}

// warnTaken warns that a slug is taken, or a project missing. Apply refuses this environment alone then.
// The provider's own rule for slugs only suggests.
func (r *managedResource) warnTaken(ctx context.Context, plan model, diags *diag.Diagnostics) {
	client := r.ManagementIfKnown()
	if client == nil || r.Ledger.IsWriting() {
		return
	}
	const outcome = "Apply will refuse this environment, unless that has changed by then."
	holder, err := findHolder(ctx, client.ListEnvironments, plan, "")
	switch {
	case traceloop.IsNotFound(err):
		r.Ledger.MayFail(plan.describeNew(), plan.place())
		diags.AddAttributeWarning(path.Root("project_id"), base.UnknownProjectSummary, r.UnknownProject(ctx, client, plan.ProjectID.ValueString())+" "+outcome)
	case err != nil: // the apply says what is wrong
	case holder != nil:
		r.Ledger.MayFail(plan.describeNew(), plan.place())
		diags.AddAttributeWarning(path.Root("name"), existsSummary, r.describeExisting(plan, holder, outcome))
	}
}

// canFollow reports whether an environment can be created after the one that it replaces is
// deleted. A new project has no conflicting environments.
func (r *managedResource) canFollow(ctx context.Context, client *traceloop.Client, list base.EnvironmentList, next model, replaced string, diags *diag.Diagnostics) bool {
	if next.Name.IsUnknown() || next.ProjectID.IsUnknown() {
		return true
	}
	holder, err := findHolder(ctx, list, next, replaced)
	switch {
	case traceloop.IsNotFound(err):
		diags.AddAttributeError(path.Root("project_id"), base.UnknownProjectSummary, r.UnknownProject(ctx, client, next.ProjectID.ValueString())+" Nothing was changed. "+base.RefreshHint)
	case err != nil:
		diags.AddError("Unable to Replace Environment", r.Failure(fmt.Sprintf(
			"check that the slug %q is free, before it deletes the environment %s", traceloop.Slug(next.Name.ValueString()), replaced), err)+" Nothing was changed.")
	case holder != nil:
		diags.AddAttributeError(path.Root("name"), existsSummary, r.describeExisting(next, holder, "Nothing was changed. "+base.RefreshHint))
	default:
		return true
	}
	return false
}

// findHolder returns the environment that has the planned name or slug already, or nil. It ignores the
// id "except".
func findHolder(ctx context.Context, list base.EnvironmentList, plan model, except string) (*traceloop.Environment, error) {
	name := plan.Name.ValueString()
	slug := traceloop.Slug(name)
	return base.First(list(ctx, traceloop.EnvironmentFilter{ProjectID: plan.ProjectID.ValueString()}), func(e traceloop.Environment) bool {
		return (e.Slug == slug || e.Name == name) && e.ID != except
	})
}

// parsePlace is the opposite of base.EnvironmentHandle.
func parsePlace(h base.Handle) (projectID, slug string) {
	projectID, slug, _ = strings.Cut(strings.TrimPrefix(string(h), "environment/"), "/")
	if projectID == "organization" {
		projectID = ""
	}
	return projectID, slug
}
