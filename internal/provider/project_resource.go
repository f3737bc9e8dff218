package provider

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

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var (
	_ resource.ResourceWithConfigure   = (*projectResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*projectResource)(nil)
	_ resource.ResourceWithImportState = (*projectResource)(nil)
	_ resource.ResourceWithIdentity    = (*projectResource)(nil)
)

func newProjectResource() resource.Resource {
	return &projectResource{}
}

type projectResource struct {
	*providerData
}

type projectResourceModel struct {
	projectModel
	DeletionProtection types.Bool `tfsdk:"deletion_protection"`
}

func (r *projectResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_project"
}

func (r *projectResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
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
				Validators:          nameValidator,
			},
			"slug": schema.StringAttribute{
				MarkdownDescription: "Slug that Traceloop makes from the name.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"created_at":          createdAtAttribute("project"),
			"deletion_protection": deletionProtectionAttribute("project"),
		},
	}
}

func (r *projectResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identitySchema(projectIdentity)
}

func (r *projectResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.providerData = configure(req.ProviderData, &resp.Diagnostics)
}

func (r *projectResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var plan, state *projectResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || r.providerData == nil || plan != nil && destroysOnly() {
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
		replacement{Replaces: state.ID.ValueString()}.set(ctx, resp.Private, &resp.Diagnostics)
		kept := state.holding()
		kept.place = plan.place()
		if other, conflict := r.run.keep(kept); conflict != noConflict {
			addNameConflict(&resp.Diagnostics, plan.Name.ValueString(), other)
		}
	}
}

func (r *projectResource) planDestroy(ctx context.Context, state projectResourceModel, diags *diag.Diagnostics) {
	h := state.holding()
	if h.protected {
		addProtected(diags, h.object.describe(), h.loss)
		return
	}
	if r.run.leave(h) == isClaimed {
		addNameConflict(diags, state.Name.ValueString(), h)
		return
	}
	if !r.refuseDestroyingProtected(h, diags) {
		r.warnCascade(ctx, diags, h, r.describeEnvironments(ctx, h.id))
	}
}

// planCreate also plans the second half of a replacement, which is always a forced one.
func (r *projectResource) planCreate(ctx context.Context, plan projectResourceModel, resp *resource.ModifyPlanResponse) {
	note := getReplacement(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	replaced := r.run.holding(note.Replaces)
	if note.Replaces != "" && (r.refuseReplacing(ctx, &resp.Diagnostics, replaced) || r.refuseDestroyingProtected(replaced, &resp.Diagnostics)) || plan.Name.IsUnknown() {
		return
	}
	if other, conflict := r.run.claim(plan.place(), note.Replaces, false); conflict != noConflict {
		addNameConflict(&resp.Diagnostics, plan.Name.ValueString(), other)
		return
	}
	if note.Replaces == "" {
		return
	}
	note.Name = plan.Name.ValueString()
	note.set(ctx, resp.Private, &resp.Diagnostics)
	if r.client != nil {
		r.canFollow(ctx, r.client.ListProjects, note, &resp.Diagnostics)
	}
}

// canFollow reports whether a project can be created after the one that it replaces is deleted.
func (r *projectResource) canFollow(ctx context.Context, list func(context.Context) iter.Seq2[traceloop.Project, error], note replacement, diags *diag.Diagnostics) bool {
	for project, err := range list(ctx) {
		if err != nil {
			diags.AddError("Unable to Replace Project", r.failure(fmt.Sprintf("check that the name %q is free, before it deletes the project %s", note.Name, note.Replaces), err)+" Nothing was changed.")
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
func (r *projectResource) refuseDestroyingProtected(project holding, diags *diag.Diagnostics) bool {
	environments := r.run.markDestroyed(project.id, project.object.describe())
	for _, environment := range environments {
		addProtectedInside(diags, project.object.describe(), environment)
	}
	return len(environments) > 0
}

func (r *projectResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan projectResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !r.writable(&resp.Diagnostics) {
		return
	}

	name := plan.Name.ValueString()
	project, found, err := create(ctx, func(ctx context.Context) (*traceloop.Project, error) {
		return r.client.CreateProject(ctx, traceloop.ProjectRequest{Name: name})
	}, func(ctx context.Context, started time.Time) settled[traceloop.Project] {
		return r.findProject(ctx, name, started)
	})
	if _, unknown := errors.AsType[*traceloop.UnknownOutcomeError](err); unknown {
		id := "<project id>"
		if found.object != nil {
			id = found.object.ID
		}
		r.addUnsettled(&resp.Diagnostics, fmt.Sprintf("project %q", name), found.object != nil, importBlock("traceloop_project", "example", id), err, found.err)
	}
	switch {
	case resp.Diagnostics.HasError():
	case traceloop.IsConflict(err):
		r.addNameTaken(ctx, &resp.Diagnostics, "Unable to Create Project", name, "No project was created.")
	case err != nil:
		resp.Diagnostics.AddError("Unable to Create Project", r.failure(fmt.Sprintf("create the project %q", name), err))
	}
	if resp.Diagnostics.HasError() {
		r.warnHandedOver(plan.place(), &resp.Diagnostics)
		return
	}
	r.run.createdProject(project.ID)
	r.keysBefore.createdProject(project.ID)

	plan.projectModel = newProjectModel(*project)
	setIdentity(resp.Identity, projectIdentity, plan.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *projectResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state projectResourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}
	completeIdentity(resp.Identity, projectIdentity, state.ID)

	project, err := r.client.GetProject(ctx, state.ID.ValueString())
	if traceloop.IsNotFound(err) {
		r.addNotFound(&resp.Diagnostics, "Project", state.describe(),
			"it was deleted: its data is gone, and its keys are revoked", "It then creates a new, empty project")
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Read Project", r.failure("read the "+state.describe(), err))
		return
	}

	r.run.sawProject(project.ID)
	state.projectModel = newProjectModel(*project)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func (r *projectResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state projectResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	dropReplacement(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}

	if !plan.Name.Equal(state.Name) {
		if !r.writable(&resp.Diagnostics) {
			return
		}
		name := plan.Name.ValueString()
		project, err := r.client.UpdateProject(ctx, state.ID.ValueString(), traceloop.ProjectRequest{Name: name})
		if traceloop.IsConflict(err) {
			r.addNameTaken(ctx, &resp.Diagnostics, "Unable to Rename Project", name, "Nothing was changed.")
			return
		}
		if err != nil {
			resp.Diagnostics.AddError("Unable to Rename Project", r.failure(fmt.Sprintf("rename the %s to %q", state.describe(), name), err))
			return
		}
		plan.projectModel = newProjectModel(*project)
	}
	completeIdentity(resp.Identity, projectIdentity, plan.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *projectResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state projectResourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	note := takeReplacement(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.writable(&resp.Diagnostics) {
		return
	}

	// The plan refuses this too, except for a tainted object: Terraform replaces one without
	// asking the provider.
	if isProtected(state.DeletionProtection) {
		addProtected(&resp.Diagnostics, state.describe(), projectLoss)
		return
	}
	if !r.guardCascade(&resp.Diagnostics, state.describe(), r.client.ListAPIKeysUncached(ctx, state.keyFilter())) ||
		note.Name != "" && note.Name != state.Name.ValueString() && !r.canFollow(ctx, r.client.ListProjectsUncached, note, &resp.Diagnostics) {
		return
	}
	err := r.client.DeleteProject(ctx, state.ID.ValueString())
	if err != nil && !traceloop.IsNotFound(err) {
		resp.Diagnostics.AddError("Unable to Delete Project", r.failure("delete the "+state.describe(), err))
		return
	}
	if note.Name != "" {
		r.run.handOver(place{kind: projectPlace, name: note.Name}, handover{deleted: state.describe()})
	}
}

func (r *projectResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !r.ready(&resp.Diagnostics) {
		return
	}
	if req.ID = importID(req, projectIdentity, &resp.Diagnostics); resp.Diagnostics.HasError() {
		return
	}
	if !idPattern.MatchString(req.ID) {
		addInvalidImportID(&resp.Diagnostics, "project", req.ID, "<project id>, such as cm9v2g95l0000qz8k5h3d7f1a")
		return
	}
	project, err := r.client.GetProject(ctx, req.ID)
	if traceloop.IsNotFound(err) {
		resp.Diagnostics.AddError("Unable to Import Project",
			fmt.Sprintf("Traceloop has no project with the id %q. A name or a slug is not an id. The data source traceloop_projects lists the ids.", req.ID))
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Import Project", r.failure(fmt.Sprintf("read the project %q", req.ID), err))
		return
	}
	model := importedProject(*project)
	setIdentity(resp.Identity, projectIdentity, model.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

func (r *projectResource) addNameTaken(ctx context.Context, diags *diag.Diagnostics, summary, name, outcome string) {
	id := "<project id>"
	for project, err := range r.client.ListProjects(ctx) {
		if err == nil && project.Name == name {
			id = project.ID
			break
		}
	}
	addNameTaken(diags, summary, name, id, outcome)
}

// addNameTaken names the project that has the name, with a block to import it.
func addNameTaken(diags *diag.Diagnostics, summary, name, id, outcome string) {
	diags.AddAttributeError(path.Root("name"), summary, fmt.Sprintf(
		"A project named %q already exists. Project names are unique in the organization. %s Choose another name. Or import the existing project, unless another resource manages it (write the address of this resource after \"to\"):\n\n%s",
		name, outcome, importBlock("traceloop_project", "example", id)))
}

// addNameConflict refuses two resources for one project. "other" is the one in the state, if known.
func addNameConflict(diags *diag.Diagnostics, name string, other holding) {
	by := "Another resource of this plan creates a project with that name."
	if other.object != nil {
		by = fmt.Sprintf("The %s is in the state of another resource.", other.object.describe())
	}
	diags.AddAttributeError(path.Root("name"), "Two Resources for One Project", fmt.Sprintf(
		"Project names are unique in the organization, and this plan has two resources for %q. %s Nothing was changed. "+
			"Rename or remove one of them. If you moved the resource block to another address, use a moved block, which keeps the project.", name, by))
}

// projectLoss says what is lost with a project.
const projectLoss = "its traces, datasets and environments are gone and its API keys are revoked at once"

func (m projectModel) describe() string {
	return fmt.Sprintf("project %q (id %s)", m.Name.ValueString(), m.ID.ValueString())
}

// keyFilter selects the API keys of the project.
func (m projectModel) keyFilter() traceloop.APIKeyFilter {
	return traceloop.APIKeyFilter{ProjectID: m.ID.ValueString()}
}

func (m projectModel) place() place {
	return place{kind: projectPlace, name: m.Name.ValueString()}
}

func (m projectResourceModel) holding() holding {
	return holding{
		id: m.ID.ValueString(), place: m.place(), object: m.projectModel,
		protected: isProtected(m.DeletionProtection), loss: projectLoss, keys: m.keyFilter(),
	}
}
