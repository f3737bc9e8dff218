// Package environment is the environments: the resource, the data sources and the list resource.
package environment

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

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var (
	_ resource.ResourceWithConfigure   = (*managedResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*managedResource)(nil)
	_ resource.ResourceWithImportState = (*managedResource)(nil)
	_ resource.ResourceWithIdentity    = (*managedResource)(nil)
)

var identity = []base.IdentityAttribute{{Name: "id", Description: "Id of the environment.", Example: "cm9v2g95l0000qz8k5h3d7f1a", Pattern: base.IDPattern, Message: base.IDMessage}}

// NewResource returns the resource traceloop_environment.
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
	resp.TypeName = req.ProviderTypeName + "_environment"
}

func (r *managedResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
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
				Validators:          base.EnvironmentNameValidator,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Id of the project that the environment belongs to. Without it, the environment is organization-level. Changing it replaces the environment and deletes its traces.",
				Optional:            true,
				Validators:          base.IDValidator,
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
			"created_at":          base.CreatedAtAttribute("environment"),
			"deletion_protection": base.DeletionProtectionAttribute("environment"),
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

	if state != nil && plan != nil {
		base.Replacement{Replaces: state.ID.ValueString()}.Set(ctx, resp.Private, &resp.Diagnostics)
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

func (r *managedResource) planKeep(state resourceModel, diags *diag.Diagnostics) {
	h := state.holding()
	if other, conflict := r.Run.Keep(h); conflict != base.NoConflict {
		addSlugConflict(diags, state.model, other)
	}
	if project, ok := r.Run.DestroyedProject(h.Place.Project); ok && h.Protected {
		base.AddProtectedInside(diags, project, h)
	}
}

func (r *managedResource) planDestroy(ctx context.Context, state resourceModel, diags *diag.Diagnostics) {
	h := state.holding()
	switch {
	case state.BuiltIn.ValueBool():
		// Nothing is lost, so protection does not apply.
		addForgotten(diags, state)
	case h.Protected:
		base.AddProtected(diags, h.Object.Describe(), h.Loss)
	case r.Run.Leave(h) == base.IsClaimed:
		addSlugConflict(diags, state.model, base.Holding{})
	default:
		r.WarnCascade(ctx, diags, h, "")
	}
}

// planReplace plans the first half of a replacement.
func (r *managedResource) planReplace(ctx context.Context, plan, state resourceModel, diags *diag.Diagnostics) {
	if h := state.holding(); h.Protected {
		base.AddReplacesProtected(diags, h, state.changeTo(plan.model), plan.DeletionProtection)
		return
	}
	r.planDestroy(ctx, state, diags)
	if client := r.ManagementIfKnown(); client != nil && !diags.HasError() {
		r.canFollow(ctx, client, client.ListEnvironments, plan.model, state.ID.ValueString(), diags)
	}
}

// planCreate also plans the second half of a replacement.
func (r *managedResource) planCreate(ctx context.Context, plan resourceModel, resp *resource.ModifyPlanResponse) {
	note := base.GetReplacement(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	replaced := r.Run.Holding(note.Replaces)
	if replaced.ID != "" && !replaced.Leaves && r.RefuseReplacing(ctx, &resp.Diagnostics, replaced) || plan.Name.IsUnknown() {
		return
	}
	slug := traceloop.Slug(plan.Name.ValueString())
	if slices.Contains(base.BuiltInSlugs, slug) {
		addEnvironmentExists(&resp.Diagnostics, plan.model, &traceloop.Environment{Slug: slug, Scope: traceloop.ScopeProject, BuiltIn: true}, "Nothing was changed.")
		return
	}
	if plan.ProjectID.IsUnknown() {
		return
	}
	if other, conflict := r.Run.Claim(plan.place(), note.Replaces, false); conflict != base.NoConflict {
		addSlugConflict(&resp.Diagnostics, plan.model, other)
		return
	}
	if note.Replaces != "" {
		note.Project, note.Name = plan.ProjectID.ValueString(), slug
		note.Set(ctx, resp.Private, &resp.Diagnostics)
	} else if client := r.ManagementIfKnown(); client != nil && !plan.ProjectID.IsNull() && !r.Run.IsWriting() {
		r.CheckProject(ctx, client, plan.ProjectID.ValueString(), &resp.Diagnostics)
	}
}

// canFollow reports whether an environment can be created after the one that it replaces is
// deleted. A new project has no conflicting environments.
func (r *managedResource) canFollow(ctx context.Context, client *traceloop.Client, list base.EnvironmentList, next model, replaced string, diags *diag.Diagnostics) bool {
	if next.Name.IsUnknown() || next.ProjectID.IsUnknown() {
		return true
	}
	taken, err := r.taken(ctx, list, next, replaced)
	switch {
	case traceloop.IsNotFound(err):
		r.AddUnknownProject(ctx, client, next.ProjectID.ValueString(), diags)
	case err != nil:
		diags.AddError("Unable to Replace Environment", r.Failure(fmt.Sprintf(
			"check that the slug %q is free, before it deletes the environment %s", traceloop.Slug(next.Name.ValueString()), replaced), err)+" Nothing was changed.")
	case taken != nil:
		addEnvironmentExists(diags, next, taken, "Nothing was changed.")
	default:
		return true
	}
	return false
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

	environment := r.create(ctx, client, plan, &resp.Diagnostics)
	if environment == nil {
		r.WarnHandedOver(plan.place(), &resp.Diagnostics)
		return
	}
	plan.model = newModel(*environment)
	base.SetIdentity(resp.Identity, identity, plan.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// create returns nil on error.
func (r *managedResource) create(ctx context.Context, client *traceloop.Client, plan resourceModel, diags *diag.Diagnostics) *traceloop.Environment {
	name, projectID := plan.Name.ValueString(), plan.ProjectID.ValueString()
	environment, found, err := base.Create(ctx, func(ctx context.Context) (*traceloop.Environment, error) {
		return client.CreateEnvironment(ctx, traceloop.EnvironmentRequest{Name: name, ProjectID: projectID})
	}, func(ctx context.Context, started time.Time) base.Settled[traceloop.Environment] {
		return r.findEnvironment(ctx, client, projectID, name, started)
	})
	if _, unknown := errors.AsType[*traceloop.UnknownOutcomeError](err); unknown {
		id := traceloop.Slug(name)
		if projectID != "" {
			id = projectID + "/" + id
		}
		r.AddUnsettled(diags, fmt.Sprintf("environment %q", name), found.Object != nil, base.ImportBlock("traceloop_environment", "example", id), err, found.Err)
		return nil
	}
	switch {
	case traceloop.IsConflict(err):
		taken, _ := r.taken(ctx, client.ListEnvironments, plan.model, "")
		addEnvironmentExists(diags, plan.model, taken, "No environment was created.")
	case traceloop.IsNotFound(err) && projectID != "":
		r.AddUnknownProject(ctx, client, projectID, diags)
	case err != nil:
		diags.AddError("Unable to Create Environment", r.Failure(fmt.Sprintf("create the environment %q", name), err))
	default:
		return environment
	}
	return nil
}

// taken returns the environment that has the planned slug already, or nil. It ignores the id
// "except".
func (r *managedResource) taken(ctx context.Context, list base.EnvironmentList, plan model, except string) (*traceloop.Environment, error) {
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

	environment, err := client.GetEnvironment(ctx, state.ID.ValueString())
	if traceloop.IsNotFound(err) {
		r.AddNotFound(&resp.Diagnostics, "Environment", state.Describe(),
			"it was deleted: its traces are gone, and its keys are revoked", "It then creates a new, empty environment")
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Read Environment", r.Failure("read the "+state.Describe(), err))
		return
	}

	r.Run.SawEnvironment(*environment)
	state.model = newModel(*environment)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// Update calls no API: every attribute that the service knows forces replacement.
func (r *managedResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	base.DropReplacement(ctx, resp.Private, &resp.Diagnostics)
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

	if state.BuiltIn.ValueBool() {
		addForgotten(&resp.Diagnostics, state)
		return
	}
	// The plan refuses this too, except for a tainted object: Terraform replaces one without
	// asking the provider.
	if base.IsProtected(state.DeletionProtection) {
		base.AddProtected(&resp.Diagnostics, state.Describe(), state.loss())
		return
	}
	client, ok := r.ManagementForWriting(&resp.Diagnostics)
	if !ok || !r.GuardCascade(&resp.Diagnostics, state.Describe(), client.ListAPIKeysUncached(ctx, state.keyFilter())) {
		return
	}
	next := base.Place{Kind: base.EnvironmentPlace, Project: note.Project, Name: note.Name}
	if note.Name != "" && next != state.place() {
		model := model{Name: types.StringValue(note.Name)} // the slug of a slug is itself
		if note.Project != "" {
			model.ProjectID = types.StringValue(note.Project)
		}
		if !r.canFollow(ctx, client, client.ListEnvironmentsUncached, model, note.Replaces, &resp.Diagnostics) {
			return
		}
	}
	err := client.DeleteEnvironment(ctx, state.ID.ValueString())
	if err != nil && !traceloop.IsNotFound(err) {
		resp.Diagnostics.AddError("Unable to Delete Environment", r.Failure("delete the "+state.Describe(), err))
		return
	}
	if note.Name != "" {
		r.Run.HandOver(next, base.Handover{Deleted: state.Describe()})
	}
}

func (r *managedResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	client, ok := r.Management(&resp.Diagnostics)
	if !ok {
		return
	}
	byIdentity := req.ID == ""
	if req.ID = base.ImportID(req, identity, &resp.Diagnostics); resp.Diagnostics.HasError() {
		return
	}

	environment, err := r.find(ctx, client, req.ID)
	switch {
	case err != nil:
		resp.Diagnostics.AddError("Unable to Import Environment", r.Failure(fmt.Sprintf("look up the environment %q", req.ID), err))
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
	model := imported(*environment)
	base.SetIdentity(resp.Identity, identity, model.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// find resolves an import id. It returns nil if there is no such environment.
func (r *managedResource) find(ctx context.Context, client *traceloop.Client, importID string) (*traceloop.Environment, error) {
	projectID, slug, ok := strings.Cut(importID, "/")
	if !ok {
		projectID, slug = "", importID
		if !base.IDPattern.MatchString(importID) {
			return nil, nil
		}
		environment, err := client.GetEnvironment(ctx, importID)
		if !traceloop.IsNotFound(err) {
			return environment, err
		}
	} else if !base.IDPattern.MatchString(projectID) {
		return nil, nil
	}
	if !base.SlugPattern.MatchString(slug) {
		return nil, nil
	}

	for environment, err := range client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}) {
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

func (m resourceModel) holding() base.Holding {
	return base.Holding{
		ID: m.ID.ValueString(), Place: m.place(), Object: m.model,
		Protected: base.IsProtected(m.DeletionProtection) && !m.BuiltIn.ValueBool(), Loss: m.loss(), Keys: m.keyFilter(),
	}
}

// loss says what is lost with the environment.
func (m resourceModel) loss() string {
	if m.ProjectID.IsNull() {
		return "its traces are gone and its API keys are revoked at once, in every project"
	}
	return "its traces are gone and its API keys are revoked at once"
}

// keyFilter selects the API keys of the environment, in every project for an organization-level
// one. No project can have its own environment with that slug.
func (m resourceModel) keyFilter() traceloop.APIKeyFilter {
	return traceloop.APIKeyFilter{ProjectID: m.ProjectID.ValueString(), Environment: m.Slug.ValueString()}
}
