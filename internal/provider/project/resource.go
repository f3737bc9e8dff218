// Package project is the projects: the resource, the data sources and the list resource.
package project

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var (
	_ resource.ResourceWithConfigure   = (*managedResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*managedResource)(nil)
	_ resource.ResourceWithImportState = (*managedResource)(nil)
	_ resource.ResourceWithIdentity    = (*managedResource)(nil)
)

var identity = []base.IdentityAttribute{{Name: "id", Description: "Id of the project.", Example: "cm9v2g95l0000qz8k5h3d7f1a", Pattern: base.IDPattern, Message: base.IDMessage}}

// NewResource returns the resource traceloop_project.
func NewResource() resource.Resource {
	return &managedResource{}
}

type managedResource struct {
	*base.Data
}

type resourceModel struct {
	model
	DeletionProtection types.Bool `tfsdk:"deletion_protection"`
}

func (r *managedResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_project"
}

func (r *managedResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A project separates the traces, datasets, prompts and evaluators of one application from those of others. " +
			"A new project has the built-in environments `dev`, `stg` and `prd`, and every organization-level environment.\n\n" +
			"~> **Deleting a project is irreversible.** Its traces, datasets and environments are gone and its API keys are revoked at once. " +
			"While `deletion_protection` is on, a plan that would delete the project fails.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Id of the project, assigned by Traceloop.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the project, unique in the organization; 1 to 255 characters. Changing it renames the project in place. The id, the traces and the keys stay; `slug` changes with the name.",
				Required:            true,
				Validators:          base.NameValidator,
			},
			"slug": schema.StringAttribute{
				MarkdownDescription: "Slug that Traceloop makes from the name.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"created_at":          base.CreatedAtAttribute("project"),
			"deletion_protection": base.DeletionProtectionAttribute("project"),
		},
	}
}

func (r *managedResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = base.IdentitySchema(identity)
}

func (r *managedResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.Data = base.Configure(req.ProviderData, &resp.Diagnostics)
}

func (r *managedResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var plan, state *resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || r.Data == nil || plan != nil && base.DestroysOnly() {
		return
	}

	switch {
	case plan == nil:
		r.planDestroy(ctx, *state, &resp.Diagnostics)
	case state == nil:
		r.planCreate(ctx, *plan, resp)
	default:
		if !plan.Name.Equal(state.Name) {
			resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("slug"), types.StringUnknown())...)
		}
		base.Replacement{Replaces: state.ID.ValueString()}.Set(ctx, resp.Private, &resp.Diagnostics)
		kept := state.holding()
		kept.Place = plan.place()
		if other, conflict := r.Run.Keep(kept); conflict != base.NoConflict {
			addNameConflict(&resp.Diagnostics, plan.Name.ValueString(), other)
		}
	}
}

func (r *managedResource) planDestroy(ctx context.Context, state resourceModel, diags *diag.Diagnostics) {
	h := state.holding()
	if h.Protected {
		base.AddProtected(diags, h.Object.Describe(), h.Loss)
		return
	}
	if r.Run.Leave(h) == base.IsClaimed {
		addNameConflict(diags, state.Name.ValueString(), h)
		return
	}
	if !r.refuseDestroyingProtected(h, diags) {
		r.WarnCascade(ctx, diags, h, r.describeEnvironments(ctx, h.ID))
	}
}

// planCreate also plans the second half of a replacement, which is always a forced one.
func (r *managedResource) planCreate(ctx context.Context, plan resourceModel, resp *resource.ModifyPlanResponse) {
	note := base.GetReplacement(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	replaced := r.Run.Holding(note.Replaces)
	if note.Replaces != "" && (r.RefuseReplacing(ctx, &resp.Diagnostics, replaced) || r.refuseDestroyingProtected(replaced, &resp.Diagnostics)) || plan.Name.IsUnknown() {
		return
	}
	if other, conflict := r.Run.Claim(plan.place(), note.Replaces, false); conflict != base.NoConflict {
		addNameConflict(&resp.Diagnostics, plan.Name.ValueString(), other)
		return
	}
	if note.Replaces == "" {
		return
	}
	note.Name = plan.Name.ValueString()
	note.Set(ctx, resp.Private, &resp.Diagnostics)
	if client := r.ManagementIfKnown(); client != nil {
		r.canFollow(ctx, client.ListProjects, note, &resp.Diagnostics)
	}
}

// canFollow reports whether a project can be created after the one that it replaces is deleted.
func (r *managedResource) canFollow(ctx context.Context, list func(context.Context) iter.Seq2[traceloop.Project, error], note base.Replacement, diags *diag.Diagnostics) bool {
	for project, err := range list(ctx) {
		if err != nil {
			diags.AddError("Unable to Replace Project", r.Failure(fmt.Sprintf("check that the name %q is free, before it deletes the project %s", note.Name, note.Replaces), err)+" Nothing was changed.")
			return false
		}
		if project.Name == note.Name && project.ID != note.Replaces {
			addNameTaken(diags, "Unable to Replace Project", project.Name, project.ID, "Nothing was changed.")
			return false
		}
	}
	return true
}

// refuseDestroyingProtected stops a plan that destroys a project with a protected environment.
func (r *managedResource) refuseDestroyingProtected(project base.Holding, diags *diag.Diagnostics) bool {
	environments := r.Run.MarkDestroyed(project.ID, project.Object.Describe())
	for _, environment := range environments {
		base.AddProtectedInside(diags, project.Object.Describe(), environment)
	}
	return len(environments) > 0
}

func (r *managedResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	client, ok := r.ManagementForWriting(&resp.Diagnostics)
	if !ok {
		return
	}

	name := plan.Name.ValueString()
	project, found, err := base.Create(ctx, func(ctx context.Context) (*traceloop.Project, error) {
		return client.CreateProject(ctx, traceloop.ProjectRequest{Name: name})
	}, func(ctx context.Context, started time.Time) base.Settled[traceloop.Project] {
		return r.findProject(ctx, client, name, started)
	})
	if _, unknown := errors.AsType[*traceloop.UnknownOutcomeError](err); unknown {
		id := "<project id>"
		if found.Object != nil {
			id = found.Object.ID
		}
		r.AddUnsettled(&resp.Diagnostics, fmt.Sprintf("project %q", name), found.Object != nil, base.ImportBlock("traceloop_project", "example", id), err, found.Err)
	}
	switch {
	case resp.Diagnostics.HasError():
	case traceloop.IsConflict(err):
		r.addNameTaken(ctx, client, &resp.Diagnostics, "Unable to Create Project", name, "No project was created.")
	case err != nil:
		resp.Diagnostics.AddError("Unable to Create Project", r.Failure(fmt.Sprintf("create the project %q", name), err))
	}
	if resp.Diagnostics.HasError() {
		r.WarnHandedOver(plan.place(), &resp.Diagnostics)
		return
	}
	r.Run.CreatedProject(project.ID)
	r.KeysBefore.CreatedProject(project.ID)

	plan.model = newModel(*project)
	base.SetIdentity(resp.Identity, identity, plan.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *managedResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state resourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	client, ok := r.Management(&resp.Diagnostics)
	if !ok {
		return
	}
	base.CompleteIdentity(resp.Identity, identity, state.ID)

	project, err := client.GetProject(ctx, state.ID.ValueString())
	if traceloop.IsNotFound(err) {
		r.AddNotFound(&resp.Diagnostics, "Project", state.Describe(),
			"it was deleted: its data is gone, and its keys are revoked", "It then creates a new, empty project")
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Read Project", r.Failure("read the "+state.Describe(), err))
		return
	}

	r.Run.SawProject(project.ID)
	state.model = newModel(*project)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func (r *managedResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	base.DropReplacement(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}

	if !plan.Name.Equal(state.Name) {
		client, ok := r.ManagementForWriting(&resp.Diagnostics)
		if !ok {
			return
		}
		name := plan.Name.ValueString()
		project, err := client.UpdateProject(ctx, state.ID.ValueString(), traceloop.ProjectRequest{Name: name})
		if traceloop.IsConflict(err) {
			r.addNameTaken(ctx, client, &resp.Diagnostics, "Unable to Rename Project", name, "Nothing was changed.")
			return
		}
		if err != nil {
			resp.Diagnostics.AddError("Unable to Rename Project", r.Failure(fmt.Sprintf("rename the %s to %q", state.Describe(), name), err))
			return
		}
		plan.model = newModel(*project)
	}
	base.CompleteIdentity(resp.Identity, identity, plan.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *managedResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state resourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	note := base.TakeReplacement(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	client, ok := r.ManagementForWriting(&resp.Diagnostics)
	if !ok {
		return
	}

	// The plan refuses this too, except for a tainted object: Terraform replaces one without
	// asking the provider.
	if base.IsProtected(state.DeletionProtection) {
		base.AddProtected(&resp.Diagnostics, state.Describe(), projectLoss)
		return
	}
	if !r.GuardCascade(&resp.Diagnostics, state.Describe(), client.ListAPIKeysUncached(ctx, state.keyFilter())) ||
		note.Name != "" && note.Name != state.Name.ValueString() && !r.canFollow(ctx, client.ListProjectsUncached, note, &resp.Diagnostics) {
		return
	}
	err := client.DeleteProject(ctx, state.ID.ValueString())
	if err != nil && !traceloop.IsNotFound(err) {
		resp.Diagnostics.AddError("Unable to Delete Project", r.Failure("delete the "+state.Describe(), err))
		return
	}
	if note.Name != "" {
		r.Run.HandOver(base.Place{Kind: base.ProjectPlace, Name: note.Name}, base.Handover{Deleted: state.Describe()})
	}
}

func (r *managedResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	client, ok := r.Management(&resp.Diagnostics)
	if !ok {
		return
	}
	if req.ID = base.ImportID(req, identity, &resp.Diagnostics); resp.Diagnostics.HasError() {
		return
	}
	if !base.IDPattern.MatchString(req.ID) {
		base.AddInvalidImportID(&resp.Diagnostics, "project", req.ID, "<project id>, such as cm9v2g95l0000qz8k5h3d7f1a")
		return
	}
	project, err := client.GetProject(ctx, req.ID)
	if traceloop.IsNotFound(err) {
		resp.Diagnostics.AddError("Unable to Import Project",
			fmt.Sprintf("Traceloop has no project with the id %q. A name or a slug is not an id. The data source traceloop_projects lists the ids.", req.ID))
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Import Project", r.Failure(fmt.Sprintf("read the project %q", req.ID), err))
		return
	}
	model := imported(*project)
	base.SetIdentity(resp.Identity, identity, model.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// projectLoss says what is lost with a project.
const projectLoss = "its traces, datasets and environments are gone and its API keys are revoked at once"

// Describe names the object in a sentence.
func (m model) Describe() string {
	return fmt.Sprintf("project %q (id %s)", m.Name.ValueString(), m.ID.ValueString())
}

// keyFilter selects the API keys of the project.
func (m model) keyFilter() traceloop.APIKeyFilter {
	return traceloop.APIKeyFilter{ProjectID: m.ID.ValueString()}
}

func (m model) place() base.Place {
	return base.Place{Kind: base.ProjectPlace, Name: m.Name.ValueString()}
}

func (m resourceModel) holding() base.Holding {
	return base.Holding{
		ID: m.ID.ValueString(), Place: m.place(), Object: m.model,
		Protected: base.IsProtected(m.DeletionProtection), Loss: projectLoss, Keys: m.keyFilter(),
	}
}
