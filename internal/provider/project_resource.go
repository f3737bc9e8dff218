package provider

import (
	"context"
	"errors"
	"fmt"

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
		MarkdownDescription: "A project keeps the traces, datasets, prompts and evaluators of one application apart from those of others. " +
			"It has the built-in environments `dev`, `stg` and `prd`, and every organization-level one, from the start.\n\n" +
			"~> **Deleting a project is irreversible.** Its traces, datasets and environments are gone and its API keys are revoked at once. " +
			"`deletion_protection` makes any plan that would do so fail.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Id of the project, given by Traceloop.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the project, unique in the organization; 1 to 255 characters. A change renames the project in place: its id, traces and keys stay, its `slug` follows.",
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
	if resp.Diagnostics.HasError() || r.providerData == nil {
		return
	}

	switch {
	case plan == nil: // destroy
		if isProtected(state.DeletionProtection) {
			addProtected(&resp.Diagnostics, "destroy", state.describe(), projectLoss)
			return
		}
		r.warnCascade(ctx, &resp.Diagnostics, state.describe(), projectLoss, state.keys())
	case state == nil: // create, or the second half of a forced replacement
		r.planReplacing(ctx, &resp.Diagnostics, "project "+plan.Name.ValueString())
	default:
		if !plan.Name.Equal(state.Name) {
			resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("slug"), types.StringUnknown())...)
		}
		r.kept.keep("project "+plan.Name.ValueString(), kept{state.describe(), projectLoss, isProtected(state.DeletionProtection), state.keys()})
	}
}

func (r *projectResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan projectResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}

	r.applying.Store(true)
	name := plan.Name.ValueString()
	project, err := r.client.CreateProject(ctx, traceloop.ProjectRequest{Name: name})
	if unknown, ok := errors.AsType[*traceloop.UnknownOutcomeError](err); ok {
		settling, cancel := settling(ctx)
		defer cancel()
		found, lookErr := r.settleProject(settling, name, unknown.Started)
		// A service that knows the repeat by its Idempotency-Key refuses it only for somebody else's project.
		if !found.ours || traceloop.IsConflict(err) {
			id := "<project id>"
			if found.object != nil {
				id = found.object.ID
			}
			r.addUnsettled(&resp.Diagnostics, fmt.Sprintf("project %q", name), found.object != nil, importBlock("traceloop_project", "example", id), err, lookErr)
			return
		}
		project, err = found.object, nil
	}
	if traceloop.IsConflict(err) {
		r.addNameTaken(ctx, &resp.Diagnostics, "Unable to Create Project", name)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Create Project", r.failure(fmt.Sprintf("create the project %q", name), err))
		return
	}
	r.environments.create(project.ID)
	r.occupancy.create(project.ID)

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
		resp.Diagnostics.AddWarning("Project Was Deleted Outside Terraform",
			fmt.Sprintf("Traceloop no longer has the %s. It is removed from the state; the next apply creates a new, empty one. What the old one held is gone, and its keys are revoked.", state.describe()))
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Read Project", r.failure("read the "+state.describe(), err))
		return
	}

	r.environments.sawProject(project.ID)
	state.projectModel = newProjectModel(*project)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func (r *projectResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state projectResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}

	if !plan.Name.Equal(state.Name) {
		if !r.ready(&resp.Diagnostics) {
			return
		}
		name := plan.Name.ValueString()
		project, err := r.client.UpdateProject(ctx, state.ID.ValueString(), traceloop.ProjectRequest{Name: name})
		if traceloop.IsConflict(err) {
			r.addNameTaken(ctx, &resp.Diagnostics, "Unable to Rename Project", name)
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
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}

	// The plan has refused this already, but for a tainted object: Terraform does not
	// ask the provider before it replaces one.
	if isProtected(state.DeletionProtection) {
		addProtected(&resp.Diagnostics, "destroy", state.describe(), projectLoss)
		return
	}
	if !r.guardCascade(&resp.Diagnostics, state.describe(), r.client.ListAPIKeysFresh(ctx, state.keys())) {
		return
	}
	err := r.client.DeleteProject(ctx, state.ID.ValueString())
	if err != nil && !traceloop.IsNotFound(err) {
		resp.Diagnostics.AddError("Unable to Delete Project", r.failure("delete the "+state.describe(), err))
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
			fmt.Sprintf("Traceloop has no project with the id %q. A name or a slug is no id: the data source traceloop_projects lists the ids.", req.ID))
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

// addNameTaken says which project has the name, and how to adopt it.
func (r *projectResource) addNameTaken(ctx context.Context, diags *diag.Diagnostics, summary, name string) {
	detail := fmt.Sprintf("A project named %q exists already; names are unique in the organization. Choose another name, or, unless another resource manages it, import the existing project", name)
	id := "<project id>"
	for project, err := range r.client.ListProjects(ctx) {
		if err == nil && project.Name == name {
			id = project.ID
			break
		}
	}
	diags.AddAttributeError(path.Root("name"), summary,
		detail+" (write the address of this resource after \"to\"):\n\n"+importBlock("traceloop_project", "example", id))
}

// projectLoss is what goes with a project.
const projectLoss = "its traces, datasets and environments are gone and its API keys are revoked at once"

func (m projectModel) describe() string {
	return fmt.Sprintf("project %q (id %s)", m.Name.ValueString(), m.ID.ValueString())
}

// keys selects the API keys that go with the project.
func (m projectModel) keys() traceloop.APIKeyFilter {
	return traceloop.APIKeyFilter{ProjectID: m.ID.ValueString()}
}
