// Package project is the projects: the resource, the data sources and the list resource.
package project

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ base.ManagedResource = (*managedResource)(nil)

const typeName = "traceloop_project"

var identity = []base.IdentityAttribute{{Name: "id", Description: "Id of the project.", Example: "cm9v2g95l0000qz8k5h3d7f1a", Pattern: base.IDPattern, Message: base.IDMessage}}

// NewResource returns the resource traceloop_project.
func NewResource() resource.Resource {
	return &managedResource{base.NewResource("project", identity, base.Configure)}
}

type managedResource struct{ base.IdentifiedResource }

type resourceModel struct {
	model
	DeletionProtection types.Bool `tfsdk:"deletion_protection"`
}

func (r *managedResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A project separates the traces, datasets, prompts and evaluators of one application from those of others. " +
			"A new project inherits every organization-level environment: the built-in ones `dev`, `stg` and `prd`, and those that you add.\n\n" +
			"~> **Deleting a project is irreversible.** Its traces, datasets and environments are gone and its API keys are revoked at once. " +
			"While `deletion_protection` is on, a plan that would delete the project fails.",
		Attributes: map[string]schema.Attribute{
			"id": base.ComputedAttribute("Id of the project, assigned by Traceloop."),
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the project, unique in the organization; 1 to 255 characters. Changing it renames the project in place. The id, the traces and the keys stay; `slug` changes with the name.",
				Required:            true,
				Validators:          base.NameValidator,
			},
			"slug":                base.ComputedAttribute("Slug that Traceloop makes from the name."),
			"created_at":          base.CreatedAtAttribute("project"),
			"deletion_protection": base.DeletionProtectionAttribute("project"),
		},
	}
}

func (r *managedResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	client, ok := r.ManagementForWriting(&resp.Diagnostics)
	if !ok {
		return
	}

	project := r.create(ctx, client, plan.Name.ValueString(), &resp.Diagnostics)
	if project == nil {
		resp.Diagnostics = r.Applied.NameDestroyed(plan.place(), typeName, resp.Diagnostics, "traceloop_environment", "traceloop_api_key")
		return
	}
	r.Applied.Created(plan.place(), typeName)
	r.Applied.Made.Add(project.ID)
	requested := plan.Name
	plan.model = newModel(*project)
	base.KeepName(ctx, resp.Private, &plan.Name, requested, plan.Describe(), &resp.Diagnostics)
	base.SetIdentity(resp.Identity, identity, plan.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	r.Remember(ctx, client, resp.Private, &resp.Diagnostics)
}

// create returns nil on error.
func (r *managedResource) create(ctx context.Context, client *traceloop.Client, name string, diags *diag.Diagnostics) *traceloop.Project {
	project, found, err := base.Create(ctx, base.Repeatedly, func(ctx context.Context) (*traceloop.Project, error) {
		return client.CreateProject(ctx, traceloop.ProjectRequest{Name: name})
	}, func(ctx context.Context, started time.Time) base.Settled[traceloop.Project] {
		found, err := findHolder(client.ListProjects(ctx), name, "")
		return base.Settled[traceloop.Project]{Object: found, Ours: found != nil && !r.Applied.Made.Has(found.ID) && client.CreatedSince(found.CreatedAt, started), Err: err}
	})
	if _, unknown := errors.AsType[*traceloop.UnknownOutcomeError](err); unknown {
		id := "<project id>"
		if found.Object != nil {
			id = found.Object.ID
		}
		r.AddUnsettled(diags, fmt.Sprintf("project %q", name), found.Object != nil, base.ImportBlock(typeName, base.Label(name), id), err, found.Err)
		return nil
	}
	switch {
	case traceloop.IsConflict(err):
		r.addTaken(ctx, client, diags, "Unable to Create Project", name, "No project was created.")
	case err != nil:
		diags.AddError("Unable to Create Project", r.Failure(fmt.Sprintf("create the project %q", name), err))
	default:
		return project
	}
	return nil
}

func (r *managedResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state resourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if _, ok := r.Management(&resp.Diagnostics); !ok {
		return
	}
	base.CompleteIdentity(resp.Identity, identity, state.ID)

	project := r.stored(state, resp.Private).Read(ctx, &resp.State, &resp.Diagnostics)
	if project == nil {
		return
	}
	name := state.Name
	state.model = newModel(*project)
	state.Name = base.RequestedName(ctx, resp.Private, name, state.Name, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	r.Ledger.Read(state.object(base.AddressToken(ctx, resp.Private, &resp.Diagnostics))).Report(&resp.Diagnostics)
}

func (r *managedResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	base.TakeNote(ctx, resp.Private, &resp.Diagnostics)
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
		switch {
		case traceloop.IsConflict(err):
			r.addTaken(ctx, client, &resp.Diagnostics, "Unable to Rename Project", name, "Nothing was changed.")
		case err != nil:
			resp.Diagnostics.AddError("Unable to Rename Project", r.Failure(fmt.Sprintf("rename the %s to %q", state.Describe(), name), err))
		}
		if err != nil {
			resp.Diagnostics = r.Applied.NameInside(state.ID.ValueString(), resp.Diagnostics)
			return
		}
		requested := plan.Name
		plan.model = newModel(*project)
		if base.RequestedName(ctx, resp.Private, state.Name, plan.Name, &resp.Diagnostics).Equal(state.Name) { // the answer is late: the next read decides
			plan.Name = requested
			base.AddDiffers(&resp.Diagnostics, plan.Describe(), base.Difference("name", requested, state.Name))
		}
		base.KeepName(ctx, resp.Private, &plan.Name, requested, plan.Describe(), &resp.Diagnostics)
	}
	base.CompleteIdentity(resp.Identity, identity, plan.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *managedResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state resourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	note := base.TakeNote(ctx, resp.Private, &resp.Diagnostics)
	client, ok := r.ManagementForWriting(&resp.Diagnostics)
	if !ok {
		return
	}

	project := r.stored(state, resp.Private)
	if project.RefuseProtected(ctx, &resp.Diagnostics) {
		return
	}
	keys, ok := r.GuardCascade(&resp.Diagnostics, project.Name, client.ListAPIKeysUncached(ctx, state.keyFilter()))
	if !ok || note.Next != "" && note.Next != project.Place && !r.canFollow(ctx, client.ListProjectsUncached, note, &resp.Diagnostics) {
		return
	}
	r.WarnDestroyed(ctx, client, &resp.Diagnostics, project.Name, keys)
	project.Delete(ctx, "Unable to Delete Project", "delete", note, &resp.Diagnostics)
}

func (r *managedResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := base.ImportID(req, identity, &resp.Diagnostics)
	client, ok := r.Management(&resp.Diagnostics)
	if !ok {
		return
	}
	if !base.IDPattern.MatchString(id) {
		base.AddInvalidImportID(&resp.Diagnostics, "project", id, "<project id>, such as cm9v2g95l0000qz8k5h3d7f1a")
		return
	}
	project, err := client.GetProject(ctx, id)
	if traceloop.IsNotFound(err) {
		resp.Diagnostics.AddError("Unable to Import Project",
			fmt.Sprintf("Traceloop has no project with the id %q. A name or a slug is not an id. %s", id, r.SuggestProject(ctx, client, "id", id)))
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Import Project", r.Failure(fmt.Sprintf("read the project %q", id), err))
		return
	}
	model := imported(*project)
	if r.Import(ctx, resp, model.object(""), model, model.ID) {
		r.Remember(ctx, client, resp.Private, &resp.Diagnostics)
	}
}

// imported is the resource after an import.
func imported(p traceloop.Project) resourceModel {
	return resourceModel{model: newModel(p), DeletionProtection: types.BoolValue(true)}
}

// stored is the project for what every object of a state needs.
func (r *managedResource) stored(state resourceModel, private base.PrivateState) *base.Stored[traceloop.Project] {
	client, id := r.ManagementIfKnown(), state.ID.ValueString()
	return &base.Stored[traceloop.Project]{
		Object: state.object(""), Data: r.Data, Kind: "Project", CreatedAt: state.CreatedAt, Private: private,
		Get:    func(ctx context.Context) (*traceloop.Project, error) { return client.GetProject(ctx, id) },
		List:   client.ListProjectsUncached,
		Is:     func(p traceloop.Project) bool { return p.ID == id },
		Remove: func(ctx context.Context) error { return client.DeleteProject(ctx, id) },
		Explain: func(context.Context, error) base.Explanation {
			return base.Explanation{Because: "it was deleted: its data is gone, and its keys are revoked", Next: "If the configuration still has it, that apply creates a new, empty project"}
		},
		IfDestroyed:   base.Irreversible + loss,
		OnceDestroyed: "Its data is gone, and its keys are revoked. Applications that use them cannot send traces until an apply succeeds and they have new keys.",
	}
}
