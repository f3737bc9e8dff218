package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var (
	_ resource.ResourceWithConfigure   = (*environmentResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*environmentResource)(nil)
	_ resource.ResourceWithImportState = (*environmentResource)(nil)
	_ resource.ResourceWithIdentity    = (*environmentResource)(nil)
)

func newEnvironmentResource() resource.Resource {
	return &environmentResource{}
}

type environmentResource struct {
	*providerData
}

type environmentResourceModel struct {
	environmentModel
	DeletionProtection types.Bool `tfsdk:"deletion_protection"`
}

func (r *environmentResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_environment"
}

func (r *environmentResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An environment separates the stages of a deployment within a project. A project-level environment exists in one project. An organization-level environment appears at once in every project, present and future.\n\n" +
			"The built-in environments `dev`, `stg` and `prd` exist in every project and need no resource: use their slugs. They can be imported. Destroying an imported one only removes it from the state.\n\n" +
			"~> **Deleting an environment is irreversible.** Its traces are gone and its API keys are revoked at once. For an organization-level environment, this happens in every project. " +
			"While `deletion_protection` is on, a plan that would delete the environment fails.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Id of the environment, assigned by Traceloop.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the environment, such as `EU Production`; 1 to 255 characters, with at least one ASCII letter or digit. Environments cannot be renamed: changing the name replaces the environment and deletes its traces.",
				Required:            true,
				Validators:          environmentNameValidator,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Id of the project that the environment belongs to. Without it, the environment is organization-level. Changing it replaces the environment and deletes its traces.",
				Optional:            true,
				Validators:          idValidator,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"slug": schema.StringAttribute{
				MarkdownDescription: "Slug that Traceloop makes from the name, such as `eu-production`. Use it as the `environment` of a `traceloop_api_key`.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"scope": schema.StringAttribute{
				MarkdownDescription: "`organization` or `project`.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"built_in": schema.BoolAttribute{
				MarkdownDescription: "Whether this is one of the environments `dev`, `stg` and `prd`, which cannot be deleted.",
				Computed:            true,
				PlanModifiers:       []planmodifier.Bool{boolplanmodifier.UseStateForUnknown()},
			},
			"created_at":          createdAtAttribute("environment"),
			"deletion_protection": deletionProtectionAttribute("environment"),
		},
	}
}

func (r *environmentResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identitySchema(environmentIdentity)
}

func (r *environmentResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.providerData = configure(req.ProviderData, &resp.Diagnostics)
}

func (r *environmentResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var plan, state *environmentResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || r.providerData == nil || plan != nil && destroysOnly() {
		return
	}

	if state != nil && plan != nil {
		replacement{Replaces: state.ID.ValueString()}.set(ctx, resp.Private, &resp.Diagnostics)
	}
	switch {
	case plan == nil:
		r.planDestroy(ctx, *state, &resp.Diagnostics)
	case state == nil:
		r.planCreate(ctx, *plan, resp)
	case !plan.Name.Equal(state.Name) || !plan.ProjectID.Equal(state.ProjectID):
		r.planReplace(ctx, *plan, *state, &resp.Diagnostics)
	default:
		r.planKeep(*state, &resp.Diagnostics)
	}
}

func (r *environmentResource) planKeep(state environmentResourceModel, diags *diag.Diagnostics) {
	h := state.holding()
	if other, conflict := r.run.keep(h); conflict != noConflict {
		addSlugConflict(diags, state.environmentModel, other)
	}
	if project, ok := r.run.destroyedProject(h.place.project); ok && h.protected {
		addProtectedInside(diags, project, h)
	}
}

func (r *environmentResource) planDestroy(ctx context.Context, state environmentResourceModel, diags *diag.Diagnostics) {
	h := state.holding()
	switch {
	case state.BuiltIn.ValueBool():
		// Nothing is lost, so protection does not apply.
		addForgotten(diags, state)
	case h.protected:
		addProtected(diags, h.object.describe(), h.loss)
	case r.run.leave(h) == isClaimed:
		addSlugConflict(diags, state.environmentModel, holding{})
	default:
		r.warnCascade(ctx, diags, h, "")
	}
}

// planReplace plans the first half of a replacement.
func (r *environmentResource) planReplace(ctx context.Context, plan, state environmentResourceModel, diags *diag.Diagnostics) {
	if h := state.holding(); h.protected {
		addReplacesProtected(diags, h, state.changeTo(plan.environmentModel), plan.DeletionProtection)
		return
	}
	r.planDestroy(ctx, state, diags)
	if !diags.HasError() && r.client != nil {
		r.canFollow(ctx, r.client.ListEnvironments, plan.environmentModel, state.ID.ValueString(), diags)
	}
}

// planCreate also plans the second half of a replacement.
func (r *environmentResource) planCreate(ctx context.Context, plan environmentResourceModel, resp *resource.ModifyPlanResponse) {
	note := getReplacement(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	replaced := r.run.holding(note.Replaces)
	if replaced.id != "" && !replaced.leaves && r.refuseReplacing(ctx, &resp.Diagnostics, replaced) || plan.Name.IsUnknown() {
		return
	}
	slug := traceloop.Slug(plan.Name.ValueString())
	if slices.Contains(builtInSlugs, slug) {
		addEnvironmentExists(&resp.Diagnostics, plan.environmentModel, &traceloop.Environment{Slug: slug, Scope: traceloop.ScopeProject, BuiltIn: true}, "Nothing was changed.")
		return
	}
	if plan.ProjectID.IsUnknown() {
		return
	}
	if other, conflict := r.run.claim(plan.place(), note.Replaces, false); conflict != noConflict {
		addSlugConflict(&resp.Diagnostics, plan.environmentModel, other)
		return
	}
	if note.Replaces != "" {
		note.Project, note.Name = plan.ProjectID.ValueString(), slug
		note.set(ctx, resp.Private, &resp.Diagnostics)
	} else if !plan.ProjectID.IsNull() && r.client != nil && !r.run.isWriting() {
		r.checkProject(ctx, plan.ProjectID.ValueString(), &resp.Diagnostics)
	}
}

// canFollow reports whether an environment can be created after the one that it replaces is
// deleted. A new project has no conflicting environments.
func (r *environmentResource) canFollow(ctx context.Context, list environmentList, next environmentModel, replaced string, diags *diag.Diagnostics) bool {
	if next.Name.IsUnknown() || next.ProjectID.IsUnknown() {
		return true
	}
	taken, err := r.taken(ctx, list, next, replaced)
	switch {
	case traceloop.IsNotFound(err):
		r.addUnknownProject(ctx, next.ProjectID.ValueString(), diags)
	case err != nil:
		diags.AddError("Unable to Replace Environment", r.failure(fmt.Sprintf(
			"check that the slug %q is free, before it deletes the environment %s", traceloop.Slug(next.Name.ValueString()), replaced), err)+" Nothing was changed.")
	case taken != nil:
		addEnvironmentExists(diags, next, taken, "Nothing was changed.")
	default:
		return true
	}
	return false
}

func (r *environmentResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan environmentResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !r.writable(&resp.Diagnostics) {
		return
	}

	environment := r.create(ctx, plan, &resp.Diagnostics)
	if environment == nil {
		r.warnHandedOver(plan.place(), &resp.Diagnostics)
		return
	}
	plan.environmentModel = newEnvironmentModel(*environment)
	setIdentity(resp.Identity, environmentIdentity, plan.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// create returns nil on error.
func (r *environmentResource) create(ctx context.Context, plan environmentResourceModel, diags *diag.Diagnostics) *traceloop.Environment {
	name, projectID := plan.Name.ValueString(), plan.ProjectID.ValueString()
	environment, found, err := create(ctx, func(ctx context.Context) (*traceloop.Environment, error) {
		return r.client.CreateEnvironment(ctx, traceloop.EnvironmentRequest{Name: name, ProjectID: projectID})
	}, func(ctx context.Context, started time.Time) settled[traceloop.Environment] {
		return r.findEnvironment(ctx, projectID, name, started)
	})
	if _, unknown := errors.AsType[*traceloop.UnknownOutcomeError](err); unknown {
		id := traceloop.Slug(name)
		if projectID != "" {
			id = projectID + "/" + id
		}
		r.addUnsettled(diags, fmt.Sprintf("environment %q", name), found.object != nil, importBlock("traceloop_environment", "example", id), err, found.err)
		return nil
	}
	switch {
	case traceloop.IsConflict(err):
		taken, _ := r.taken(ctx, r.client.ListEnvironments, plan.environmentModel, "")
		addEnvironmentExists(diags, plan.environmentModel, taken, "No environment was created.")
	case traceloop.IsNotFound(err) && projectID != "":
		r.addUnknownProject(ctx, projectID, diags)
	case err != nil:
		diags.AddError("Unable to Create Environment", r.failure(fmt.Sprintf("create the environment %q", name), err))
	default:
		return environment
	}
	return nil
}

// taken returns the environment that has the planned slug already, or nil. It ignores the id
// "except".
func (r *environmentResource) taken(ctx context.Context, list environmentList, plan environmentModel, except string) (*traceloop.Environment, error) {
	slug := traceloop.Slug(plan.Name.ValueString())
	for environment, err := range list(ctx, traceloop.EnvironmentFilter{ProjectID: plan.ProjectID.ValueString()}) {
		if err != nil {
			return nil, err
		}
		if environment.Slug == slug && environment.ID != except {
			return &environment, nil
		}
	}
	return nil, nil
}

func (r *environmentResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state environmentResourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}
	completeIdentity(resp.Identity, environmentIdentity, state.ID)

	environment, err := r.client.GetEnvironment(ctx, state.ID.ValueString())
	if traceloop.IsNotFound(err) {
		r.addNotFound(&resp.Diagnostics, "Environment", state.describe(),
			"it was deleted: its traces are gone, and its keys are revoked", "It then creates a new, empty environment")
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Read Environment", r.failure("read the "+state.describe(), err))
		return
	}

	r.run.sawEnvironment(*environment)
	state.environmentModel = newEnvironmentModel(*environment)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// Update calls no API: every attribute that the service knows forces replacement.
func (r *environmentResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan environmentResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	dropReplacement(ctx, resp.Private, &resp.Diagnostics)
	completeIdentity(resp.Identity, environmentIdentity, plan.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *environmentResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state environmentResourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	note := takeReplacement(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}

	if state.BuiltIn.ValueBool() {
		addForgotten(&resp.Diagnostics, state)
		return
	}
	// The plan refuses this too, except for a tainted object: Terraform replaces one without
	// asking the provider.
	if isProtected(state.DeletionProtection) {
		addProtected(&resp.Diagnostics, state.describe(), state.loss())
		return
	}
	if !r.writable(&resp.Diagnostics) || !r.guardCascade(&resp.Diagnostics, state.describe(), r.client.ListAPIKeysUncached(ctx, state.keyFilter())) {
		return
	}
	next := place{environmentPlace, note.Project, note.Name}
	if note.Name != "" && next != state.place() {
		model := environmentModel{Name: types.StringValue(note.Name)} // the slug of a slug is itself
		if note.Project != "" {
			model.ProjectID = types.StringValue(note.Project)
		}
		if !r.canFollow(ctx, r.client.ListEnvironmentsUncached, model, note.Replaces, &resp.Diagnostics) {
			return
		}
	}
	err := r.client.DeleteEnvironment(ctx, state.ID.ValueString())
	if err != nil && !traceloop.IsNotFound(err) {
		resp.Diagnostics.AddError("Unable to Delete Environment", r.failure("delete the "+state.describe(), err))
		return
	}
	if note.Name != "" {
		r.run.handOver(next, handover{deleted: state.describe()})
	}
}

func (r *environmentResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !r.ready(&resp.Diagnostics) {
		return
	}
	byIdentity := req.ID == ""
	if req.ID = importID(req, environmentIdentity, &resp.Diagnostics); resp.Diagnostics.HasError() {
		return
	}

	environment, err := r.find(ctx, req.ID)
	switch {
	case err != nil:
		resp.Diagnostics.AddError("Unable to Import Environment", r.failure(fmt.Sprintf("look up the environment %q", req.ID), err))
		return
	case environment == nil || byIdentity && environment.ID != req.ID:
		addEnvironmentImportError(&resp.Diagnostics, req.ID)
		return
	}
	// An inherited environment cannot be imported through a project: its state has no project_id,
	// so the configuration's project_id would replace it.
	if projectID, slug, ok := strings.Cut(req.ID, "/"); ok && environment.ProjectID != projectID {
		resp.Diagnostics.AddError("Unable to Import Environment", fmt.Sprintf(
			"The project %[2]s inherits the environment %[1]q from the organization, and does not own it. Import it as an organization-level environment, into a resource without project_id, with the id %[3]q.",
			slug, projectID, slug))
		return
	}
	model := importedEnvironment(*environment)
	setIdentity(resp.Identity, environmentIdentity, model.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// find resolves an import id. It returns nil if there is no such environment.
func (r *environmentResource) find(ctx context.Context, importID string) (*traceloop.Environment, error) {
	projectID, slug, ok := strings.Cut(importID, "/")
	if !ok {
		projectID, slug = "", importID
		if !idPattern.MatchString(importID) {
			return nil, nil
		}
		environment, err := r.client.GetEnvironment(ctx, importID)
		if !traceloop.IsNotFound(err) {
			return environment, err
		}
	} else if !idPattern.MatchString(projectID) {
		return nil, nil
	}
	if !slugPattern.MatchString(slug) {
		return nil, nil
	}

	for environment, err := range r.client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}) {
		switch {
		case traceloop.IsNotFound(err):
			return nil, nil
		case err != nil:
			return nil, err
		case environment.Slug == slug && (projectID != "" || environment.Scope == traceloop.ScopeOrganization):
			return &environment, nil
		}
	}
	return nil, nil
}

func (m environmentResourceModel) holding() holding {
	return holding{
		id: m.ID.ValueString(), place: m.place(), object: m.environmentModel,
		protected: isProtected(m.DeletionProtection) && !m.BuiltIn.ValueBool(), loss: m.loss(), keys: m.keyFilter(),
	}
}

// loss says what is lost with the environment.
func (m environmentResourceModel) loss() string {
	if m.ProjectID.IsNull() {
		return "its traces are gone and its API keys are revoked at once, in every project"
	}
	return "its traces are gone and its API keys are revoked at once"
}

// keyFilter selects the API keys of the environment, in every project for an organization-level
// one. No project can have its own environment with that slug.
func (m environmentResourceModel) keyFilter() traceloop.APIKeyFilter {
	return traceloop.APIKeyFilter{ProjectID: m.ProjectID.ValueString(), Environment: m.Slug.ValueString()}
}
