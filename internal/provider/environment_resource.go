package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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

// builtInSlugs are the environments that every project has. Source: Traceloop's
// documentation, "Projects and Environments".
var builtInSlugs = []string{"dev", "stg", "prd"}

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
		MarkdownDescription: "An environment separates the stages of a deployment within a project. A project-level environment exists in one project; an organization-level one appears at once in every project, present and future.\n\n" +
			"The built-in environments `dev`, `stg` and `prd` exist in every project and need no resource: use their slugs. They can be imported; destroying an imported one only forgets it.\n\n" +
			"~> **Deleting an environment is irreversible.** Its traces are gone and its API keys are revoked at once, for an organization-level environment in every project. " +
			"`deletion_protection` makes any plan that would do so fail.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Id of the environment, given by Traceloop.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the environment, such as `EU Production`; 1 to 255 characters, with at least one ASCII letter or digit. Environments cannot be renamed: a change replaces the environment, and its traces are gone.",
				Required:            true,
				Validators:          environmentNameValidator,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Id of the project that the environment belongs to. Without it the environment is organization-level. A change replaces the environment, and its traces are gone.",
				Optional:            true,
				Validators:          idValidator,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"slug": schema.StringAttribute{
				MarkdownDescription: "Slug that Traceloop makes from the name, such as `eu-production`. It is what `traceloop_api_key` takes as `environment`.",
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
	if resp.Diagnostics.HasError() || r.providerData == nil {
		return
	}

	switch {
	case plan == nil:
		r.planDestroy(ctx, "destroy", *state, &resp.Diagnostics)
	case state == nil:
		r.planCreate(ctx, *plan, &resp.Diagnostics)
	case !plan.Name.Equal(state.Name) || !plan.ProjectID.Equal(state.ProjectID):
		r.planDestroy(ctx, "replace", *state, &resp.Diagnostics)
	case !state.BuiltIn.ValueBool():
		r.kept.keep(state.keptName(), kept{state.describe(), state.loss(), isProtected(state.DeletionProtection), state.keys()})
	}
}

func (r *environmentResource) planDestroy(ctx context.Context, action string, state environmentResourceModel, diags *diag.Diagnostics) {
	switch {
	case state.BuiltIn.ValueBool():
		// Nothing is lost, so protection has nothing to protect.
		addForgotten(diags, state)
	case isProtected(state.DeletionProtection):
		addProtected(diags, action, state.describe(), state.loss())
	default:
		r.warnCascade(ctx, diags, state.describe(), state.loss(), state.keys())
	}
}

// planCreate also sees the second half of every replacement.
func (r *environmentResource) planCreate(ctx context.Context, plan environmentResourceModel, diags *diag.Diagnostics) {
	if plan.Name.IsUnknown() {
		return
	}
	slug := traceloop.Slug(plan.Name.ValueString())
	if slices.Contains(builtInSlugs, slug) {
		addEnvironmentExists(diags, plan.environmentModel, &traceloop.Environment{Slug: slug, Scope: traceloop.ScopeProject, BuiltIn: true})
		return
	}
	if plan.ProjectID.IsUnknown() {
		return
	}
	if !r.planReplacing(ctx, diags, plan.keptName()) {
		return
	}
	r.environments.plan(plan.ProjectID.ValueString(), slug)
	if !plan.ProjectID.IsNull() && r.client != nil && !r.applying.Load() {
		r.checkProject(ctx, plan.ProjectID.ValueString(), diags)
	}
}

func (r *environmentResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan environmentResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}

	r.applying.Store(true)
	environment, err := r.client.CreateEnvironment(ctx, traceloop.EnvironmentRequest{
		Name:      plan.Name.ValueString(),
		ProjectID: plan.ProjectID.ValueString(),
	})
	if unknown, ok := errors.AsType[*traceloop.UnknownOutcomeError](err); ok {
		settling, cancel := settling(ctx)
		defer cancel()
		projectID, slug := plan.ProjectID.ValueString(), traceloop.Slug(plan.Name.ValueString())
		found, lookErr := r.settleEnvironment(settling, projectID, slug, unknown.Started)
		// A service that knows the repeat by its Idempotency-Key refuses it only for somebody else's environment.
		if !found.ours || traceloop.IsConflict(err) {
			id := slug
			if projectID != "" {
				id = projectID + "/" + slug
			}
			r.addUnsettled(&resp.Diagnostics, fmt.Sprintf("environment %q", plan.Name.ValueString()), found.object != nil, importBlock("traceloop_environment", "example", id), err, lookErr)
			return
		}
		environment, err = found.object, nil
	}
	switch {
	case traceloop.IsConflict(err):
		addEnvironmentExists(&resp.Diagnostics, plan.environmentModel, r.taken(ctx, plan))
		return
	case traceloop.IsNotFound(err) && !plan.ProjectID.IsNull():
		addUnknownProject(&resp.Diagnostics, plan.ProjectID.ValueString())
		return
	case err != nil:
		resp.Diagnostics.AddError("Unable to Create Environment", r.failure(fmt.Sprintf("create the environment %q", plan.Name.ValueString()), err))
		return
	}

	plan.environmentModel = newEnvironmentModel(*environment)
	setIdentity(resp.Identity, environmentIdentity, plan.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// taken finds the environment that holds the slug which the plan wants; nil when it
// cannot be found.
func (r *environmentResource) taken(ctx context.Context, plan environmentResourceModel) *traceloop.Environment {
	slug := traceloop.Slug(plan.Name.ValueString())
	for environment, err := range r.client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: plan.ProjectID.ValueString()}) {
		if err != nil {
			return nil
		}
		if environment.Slug == slug {
			return &environment
		}
	}
	return nil
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
		resp.Diagnostics.AddWarning("Environment Was Deleted Outside Terraform",
			fmt.Sprintf("Traceloop no longer has the %s. It is removed from the state; the next apply creates a new, empty one. The traces of the old one are gone, and its keys are revoked.", state.describe()))
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Read Environment", r.failure("read the "+state.describe(), err))
		return
	}

	r.environments.sawEnvironment(*environment)
	state.environmentModel = newEnvironmentModel(*environment)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// Update has nothing to tell the service: all that it knows of replaces the environment.
func (r *environmentResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan environmentResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	completeIdentity(resp.Identity, environmentIdentity, plan.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *environmentResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state environmentResourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}

	if state.BuiltIn.ValueBool() {
		addForgotten(&resp.Diagnostics, state)
		return
	}
	// The plan has refused this already, but for a tainted object: Terraform does not
	// ask the provider before it replaces one.
	if isProtected(state.DeletionProtection) {
		addProtected(&resp.Diagnostics, "destroy", state.describe(), state.loss())
		return
	}
	if !r.ready(&resp.Diagnostics) {
		return
	}
	if !r.guardCascade(&resp.Diagnostics, state.describe(), r.client.ListAPIKeysFresh(ctx, state.keys())) {
		return
	}
	err := r.client.DeleteEnvironment(ctx, state.ID.ValueString())
	if err != nil && !traceloop.IsNotFound(err) {
		resp.Diagnostics.AddError("Unable to Delete Environment", r.failure("delete the "+state.describe(), err))
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
	// Only a project's own environment can be named through the project: the state of an
	// inherited one would want to be replaced by the project_id of the configuration.
	if projectID, slug, ok := strings.Cut(req.ID, "/"); ok && environment.ProjectID != projectID {
		resp.Diagnostics.AddError("Unable to Import Environment", fmt.Sprintf(
			"The environment %q is inherited from the organization; the project %s does not own it. Import it at organization level, into a resource without project_id, with the id %q.",
			slug, projectID, slug))
		return
	}
	model := importedEnvironment(*environment)
	setIdentity(resp.Identity, environmentIdentity, model.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// find resolves an import id; nil, nil when nothing answers to it.
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

func (m environmentResourceModel) keptName() string {
	return "environment " + m.ProjectID.ValueString() + "/" + traceloop.Slug(m.Name.ValueString())
}

// loss is what goes with the environment.
func (m environmentResourceModel) loss() string {
	if m.ProjectID.IsNull() {
		return "its traces are gone and its API keys are revoked at once, in every project"
	}
	return "its traces are gone and its API keys are revoked at once"
}

// keys selects the API keys that go with the environment. No project can have an
// environment of its own with the slug of an organization-level one.
func (m environmentResourceModel) keys() traceloop.APIKeyFilter {
	return traceloop.APIKeyFilter{ProjectID: m.ProjectID.ValueString(), Environment: m.Slug.ValueString()}
}
