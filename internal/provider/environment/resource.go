// Package environment is the environments: the resource, the data sources and the list resource.
package environment

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/boolplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ base.ManagedResource = (*managedResource)(nil)

const typeName = "traceloop_environment"

var identity = []base.IdentityAttribute{{Name: "id", Description: "Id of the environment.", Example: "cm9v2g95l0000qz8k5h3d7f1a", Pattern: base.IDPattern, Message: base.IDMessage}}

// NewResource returns the resource traceloop_environment.
func NewResource() resource.Resource {
	return &managedResource{base.NewResource("environment", identity, base.Configure)}
}

type managedResource struct{ base.IdentifiedResource }

type resourceModel struct {
	model
	DeletionProtection types.Bool `tfsdk:"deletion_protection"`
}

func (r *managedResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An environment separates the stages of a deployment within a project. A project-level environment exists in one project. An organization-level environment appears at once in every project, present and future.\n\n" +
			"The built-in environments `dev`, `stg` and `prd` are organization-level: every project inherits them. They need no resource: use their slugs. They can be imported. Destroying an imported one only removes it from the state.\n\n" +
			"~> **Deleting an environment is irreversible.** Its traces are gone and its API keys are revoked at once. For an organization-level environment, this happens in every project. " +
			"While `deletion_protection` is on, a plan that would delete the environment fails.",
		Attributes: map[string]schema.Attribute{
			"id": base.ComputedAttribute("Id of the environment, assigned by Traceloop."),
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the environment, such as `EU Production`; 1 to 255 characters, with at least one ASCII letter or digit. Environments cannot be renamed: changing the name replaces the environment and deletes its traces.",
				Required:            true,
				Validators:          base.EnvironmentNameValidator,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Id of the project that owns the environment, or null for an organization-level environment. Changing it replaces the environment and deletes its traces.",
				Optional:            true,
				Validators:          base.IDValidator,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"slug":  base.ComputedAttribute("Slug that Traceloop makes from the name, such as `eu-production`. Use it as the `environment` of a `traceloop_api_key`."),
			"scope": base.ComputedAttribute("`project` if one project owns the environment, `organization` if every project inherits it."),
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

func (r *managedResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	client, ok := r.ManagementForWriting(&resp.Diagnostics)
	if !ok {
		return
	}

	environment := r.create(ctx, client, plan, &resp.Diagnostics)
	if environment == nil {
		resp.Diagnostics = r.Applied.NameDestroyed(plan.place(), typeName, resp.Diagnostics, "traceloop_api_key")
		return
	}
	r.Applied.Created(plan.place(), typeName)
	r.Applied.Made.Add(environment.ID)
	requested := plan.Name
	plan.model = newModel(*environment)
	base.KeepName(ctx, resp.Private, &plan.Name, requested, plan.Describe(), &resp.Diagnostics)
	r.Absences.Created(plan.object("").Handle)
	base.SetIdentity(resp.Identity, identity, plan.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	r.Remember(ctx, client, resp.Private, &resp.Diagnostics)
}

// create returns nil on error.
func (r *managedResource) create(ctx context.Context, client *traceloop.Client, plan resourceModel, diags *diag.Diagnostics) *traceloop.Environment {
	name, projectID := plan.Name.ValueString(), plan.ProjectID.ValueString()
	environment, found, err := base.Create(ctx, base.Repeatedly, func(ctx context.Context) (*traceloop.Environment, error) {
		environment, err := client.CreateEnvironment(ctx, traceloop.EnvironmentRequest{Name: name, ProjectID: projectID})
		if traceloop.IsNotFound(err) && r.AwaitProject(ctx, client, projectID) {
			return client.CreateEnvironment(ctx, traceloop.EnvironmentRequest{Name: name, ProjectID: projectID})
		}
		return environment, err
	}, func(ctx context.Context, started time.Time) base.Settled[traceloop.Environment] {
		found, err := base.First(client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}), func(e traceloop.Environment) bool {
			return e.Name == name && e.ProjectID == projectID
		})
		return base.Settled[traceloop.Environment]{Object: found, Ours: found != nil && !r.Applied.Made.Has(found.ID) && client.CreatedSince(found.CreatedAt, started), Err: err}
	})
	if _, unknown := errors.AsType[*traceloop.UnknownOutcomeError](err); unknown {
		id := traceloop.Slug(name)
		if projectID != "" {
			id = projectID + "/" + id
		}
		if found.Object != nil {
			id = found.Object.ID
		}
		r.AddUnsettled(diags, fmt.Sprintf("environment %q", name), found.Object != nil, base.ImportBlock(typeName, base.Label(name), id), err, found.Err)
		return nil
	}
	switch {
	case traceloop.IsConflict(err):
		holder, _ := findHolder(ctx, client.ListEnvironments, plan.model, "")
		diags.AddAttributeError(path.Root("name"), existsSummary, r.describeExisting(plan.model, holder, "No environment was created."))
	case traceloop.IsNotFound(err) && projectID != "":
		r.AddUnknownProject(ctx, client, projectID, diags)
	case err != nil:
		diags.AddError("Unable to Create Environment", r.Failure(fmt.Sprintf("create the environment %q", name), err))
	default:
		return environment
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

	environment := r.stored(state, resp.Private).Read(ctx, &resp.State, &resp.Diagnostics)
	if environment == nil {
		return
	}
	name := state.Name
	state.model = newModel(*environment)
	state.Name = base.RequestedName(ctx, resp.Private, name, state.Name, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	r.Ledger.Read(state.object(base.AddressToken(ctx, resp.Private, &resp.Diagnostics))).Report(&resp.Diagnostics)
}

// Update calls no API: every attribute that the service knows forces replacement.
func (r *managedResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	base.TakeNote(ctx, resp.Private, &resp.Diagnostics)
	base.CompleteIdentity(resp.Identity, identity, plan.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *managedResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state resourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	note := base.TakeNote(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if state.BuiltIn.ValueBool() {
		addForgotten(&resp.Diagnostics, state)
		return
	}
	client, ok := r.ManagementForWriting(&resp.Diagnostics)
	if !ok {
		return
	}

	environment := r.stored(state, resp.Private)
	if environment.RefuseProtected(ctx, &resp.Diagnostics) {
		return
	}
	keys, ok := r.GuardCascade(&resp.Diagnostics, environment.Name, client.ListAPIKeysUncached(ctx, state.keyFilter()))
	if !ok {
		return
	}
	if note.Next != "" && note.Next != environment.Place {
		projectID, slug := parsePlace(note.Next)
		next := model{Name: types.StringValue(slug)} // the slug of a slug is itself
		if projectID != "" {
			next.ProjectID = types.StringValue(projectID)
		}
		if !r.canFollow(ctx, client, client.ListEnvironmentsUncached, next, state.ID.ValueString(), &resp.Diagnostics) {
			return
		}
	}
	r.WarnDestroyed(ctx, client, &resp.Diagnostics, environment.Name, keys)
	environment.Delete(ctx, "Unable to Delete Environment", "delete", note, &resp.Diagnostics)
}

func (r *managedResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := base.ImportID(req, identity, &resp.Diagnostics)
	client, ok := r.Management(&resp.Diagnostics)
	if !ok {
		return
	}
	environment, err := r.find(ctx, client, id)
	switch {
	case err != nil:
		resp.Diagnostics.AddError("Unable to Import Environment", r.Failure(fmt.Sprintf("look up the environment %q", id), err))
		return
	case environment == nil || req.ID == "" && environment.ID != id:
		addImportError(ctx, client, id, &resp.Diagnostics)
		return
	}
	// An inherited environment cannot be imported through a project: its state has no project_id,
	// so the configuration's project_id would replace it.
	if projectID, slug, ok := strings.Cut(id, "/"); ok && environment.ProjectID != projectID {
		resp.Diagnostics.AddError("Unable to Import Environment", fmt.Sprintf(
			"The project %[2]s inherits the environment %[1]q from the organization, and does not own it. Import it as an organization-level environment, into a resource without project_id, with the id %[3]q.",
			slug, projectID, slug))
		return
	}
	model := imported(*environment)
	if r.Import(ctx, resp, model.object(""), model, model.ID) {
		r.Remember(ctx, client, resp.Private, &resp.Diagnostics)
	}
}

// imported is the resource after an import.
func imported(e traceloop.Environment) resourceModel {
	return resourceModel{model: newModel(e), DeletionProtection: types.BoolValue(true)}
}

// stored is the environment for what every object of a state needs.
func (r *managedResource) stored(state resourceModel, private base.PrivateState) *base.Stored[traceloop.Environment] {
	client, id := r.ManagementIfKnown(), state.ID.ValueString()
	return &base.Stored[traceloop.Environment]{
		Object: state.object(""), Data: r.Data, Kind: "Environment", ProjectID: state.ProjectID.ValueString(), CreatedAt: state.CreatedAt, Private: private,
		Get: func(ctx context.Context) (*traceloop.Environment, error) { return client.GetEnvironment(ctx, id) },
		List: func(ctx context.Context) iter.Seq2[traceloop.Environment, error] {
			return client.ListEnvironmentsUncached(ctx, traceloop.EnvironmentFilter{})
		},
		Is:     func(e traceloop.Environment) bool { return e.ID == id },
		Remove: func(ctx context.Context) error { return client.DeleteEnvironment(ctx, id) },
		Explain: func(context.Context, error) base.Explanation {
			return base.Explanation{Because: "it was deleted: its traces are gone, and its keys are revoked", Next: "If the configuration still has it, that apply creates a new, empty environment"}
		},
		IfDestroyed:   base.Irreversible + loss(state.ProjectID.ValueString()),
		OnceDestroyed: "Its traces are gone, and its keys are revoked. Applications that use them cannot send traces until an apply succeeds and they have new keys.",
	}
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

	environment, _, err := find(ctx, client, projectID, "slug", slug)
	if traceloop.IsNotFound(err) {
		return nil, nil
	}
	return environment, err
}
