package project

import (
	"context"
	"fmt"
	"iter"

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
	token := base.AddressToken(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || r.Data == nil {
		return
	}
	switch {
	case plan == nil:
		base.Note{Removed: true}.Set(ctx, resp.Private, &resp.Diagnostics)
		r.planDestroy(ctx, *state, token, resp)
	case state == nil:
		r.planCreate(ctx, *plan, token, resp)
	default:
		r.planUpdate(ctx, *plan, *state, token, resp)
	}
}

func (r *managedResource) planDestroy(ctx context.Context, state resourceModel, token string, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	if r.stored(state, resp.Private).RefuseProtected(ctx, diags) || r.Ledger.Destroy(state.object(token)).Report(diags) {
		return
	}
	r.WarnCascade(ctx, diags, state.Describe(), loss, state.keyFilter(), r.describeEnvironments(ctx, state.ID.ValueString()))
}

// planUpdate also plans the first half of a forced replacement.
func (r *managedResource) planUpdate(ctx context.Context, plan, state resourceModel, token string, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	kept := state.object(token)
	base.Note{Replaces: kept.Handle, Protected: kept.Protected}.Set(ctx, resp.Private, diags)
	renamed := !plan.Name.Equal(state.Name)
	if renamed {
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("slug"), types.StringUnknown())...)
		if !plan.Name.IsUnknown() {
			kept.Place = plan.place()
		}
	}
	if !r.Ledger.Keep(kept).Report(diags) && renamed {
		r.warnTaken(ctx, plan, state.ID.ValueString(), diags)
	}
}

// planCreate also plans the second half of a replacement, which is always a forced one.
func (r *managedResource) planCreate(ctx context.Context, plan resourceModel, token string, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	r.Ledger.CreateSome(typeName)
	note := base.GetNote(ctx, resp.Private, diags)
	keys := &traceloop.APIKeyFilter{ProjectID: idOf(note.Replaces)}
	if _, refused := r.RefuseForced(ctx, note, token, base.Irreversible+loss, keys, diags); refused || plan.Name.IsUnknown() {
		return
	}
	creation := base.Creation{Place: plan.place(), Replaces: note.Replaces, Type: typeName, Name: plan.describeNew()}
	conflict := r.Ledger.Create(creation)
	if conflict.Report(diags) {
		return
	}
	if conflict != nil {
		r.Ledger.MayFail(creation.Name, creation.Place)
	}
	if note.Replaces == "" {
		r.warnTaken(ctx, plan, "", diags)
		return
	}
	note.Next = creation.Place
	note.Set(ctx, resp.Private, diags)
	if client := r.ManagementIfKnown(); client != nil {
		r.canFollow(ctx, client.ListProjects, note, diags)
	}
}

// warnTaken warns that a name is taken. Apply refuses this project alone then.
func (r *managedResource) warnTaken(ctx context.Context, plan resourceModel, except string, diags *diag.Diagnostics) {
	client := r.ManagementIfKnown()
	if client == nil || plan.Name.IsUnknown() || r.Ledger.IsWriting() {
		return
	}
	holder, err := findHolder(client.ListProjects(ctx), plan.Name.ValueString(), except)
	if err != nil || holder == nil { // the apply says what is wrong
		return
	}
	r.Ledger.MayFail(plan.describeNew(), plan.place())
	diags.AddAttributeWarning(path.Root("name"), "Project Name Is Taken", r.describeTaken(holder, plan.Name.ValueString(), "Apply will refuse this project, unless the name is free by then."))
}

// canFollow reports whether a project can be created after the one that it replaces is deleted.
func (r *managedResource) canFollow(ctx context.Context, list func(context.Context) iter.Seq2[traceloop.Project, error], note base.Note, diags *diag.Diagnostics) bool {
	name, replaced := nameOf(note.Next), idOf(note.Replaces)
	holder, err := findHolder(list(ctx), name, replaced)
	switch {
	case err != nil:
		diags.AddError("Unable to Replace Project", r.Failure(fmt.Sprintf("check that the name %q is free, before it deletes the project %s", name, replaced), err)+" Nothing was changed.")
	case holder != nil:
		diags.AddAttributeError(path.Root("name"), "Unable to Replace Project", r.describeTaken(holder, name, "Nothing was changed. "+base.RefreshHint))
	default:
		return true
	}
	return false
}

// findHolder returns the project that has a name, or nil. It ignores the id "except".
func findHolder(projects iter.Seq2[traceloop.Project, error], name, except string) (*traceloop.Project, error) {
	return base.First(projects, func(p traceloop.Project) bool { return p.Name == name && p.ID != except })
}
