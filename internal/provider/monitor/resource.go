// Package monitor is the auto monitor setups: the resource, the data sources and the list resource.
package monitor

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ base.ManagedResource = (*managedResource)(nil)

// NewResource returns the resource traceloop_auto_monitor_setup.
func NewResource() resource.Resource {
	return &managedResource{base.NewResource("auto_monitor_setup", identity, base.ConfigureProject)}
}

type managedResource struct{ base.IdentifiedResource }

type resourceModel struct {
	model
	WaitFor     types.String `tfsdk:"wait_for"`
	WaitTimeout types.String `tfsdk:"wait_timeout"`
}

const typeName = "traceloop_auto_monitor_setup"

var (
	externalIDPattern   = regexp.MustCompile(`^[^\p{Cc}/]{1,255}$`)
	externalIDMessage   = "must have 1 to 255 characters, without slashes and control characters"
	externalIDValidator = []validator.String{
		base.ParseValidator{Name: "external_id", Summary: "Invalid External ID", Noun: "argument", Parse: func(s string) error {
			if err := traceloop.ValidateExternalID(s); err != nil {
				return fmt.Errorf("it %w", err)
			}
			return nil
		}},
	}

	identity = []base.IdentityAttribute{
		{Name: "env_project_id", Description: "Id of the project and environment that the setup belongs to.", Example: "cm9v2ga9i0001qz8k5h3d7f1a", Pattern: base.IDPattern, Message: base.IDMessage},
		{Name: "external_id", Description: "External id of the setup.", Example: "checkout-quality", Pattern: externalIDPattern, Message: externalIDMessage},
	}
)

func (r *managedResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An auto monitor setup creates monitors: Traceloop waits for spans that match the selector, and then runs evaluators on those spans.\n\n" +
			"The operations for setups are **documented by Traceloop**. They use the provider argument `project_api_key`, and the setup belongs to the project and environment of that key. " +
			"An update replaces all evaluators and sets the status back to `pending`.\n\n" +
			"The provider sends creations and updates that run at the same time as one request, of up to 100. Terraform runs 10 at a time by default, so 300 setups take 32 requests to apply. " +
			"With `-parallelism=100` they take 5: [Many at once](../guides/evaluators-and-monitors.md#many-at-once).",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Id of the setup, assigned by Traceloop. An update may change it.",
				Computed:            true,
			},
			"external_id": schema.StringAttribute{
				MarkdownDescription: "Your own id for the setup, unique in its project, in all its environments; 1 to 255 characters, without slashes. Changing it destroys the setup and creates another.",
				Required:            true,
				Validators:          externalIDValidator,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"evaluators": schema.SetAttribute{
				MarkdownDescription: "Slugs of the evaluators to run, such as `answer-relevancy`; at least one. A plan warns about a slug that the organization does not have. To use an evaluator of your own, refer to its `traceloop_evaluator`. Each runs with the configuration that Traceloop has for it: [why](../guides/evaluators-and-monitors.md#what-terraform-manages). Changing them restarts the setup.",
				ElementType:         types.StringType,
				Required:            true,
				Validators:          []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.NoNullValues(), setvalidator.ValueStringsAre(base.NameValidator...)},
			},
			"selector": selectorAttribute(),
			"wait_for": schema.StringAttribute{
				MarkdownDescription: "Status to wait for after creating or updating: `waiting_for_spans` (or a later status) or `completed`. The wait also ends at `partial` and `failed`. " +
					"If the setup does not reach the status, apply warns and does not fail. Default: apply does not wait.",
				Optional:   true,
				Validators: []validator.String{stringvalidator.OneOf(traceloop.StatusWaitingForSpans, traceloop.StatusCompleted)},
			},
			"wait_timeout": schema.StringAttribute{
				MarkdownDescription: "The longest time that `wait_for` waits, as a duration such as `90s` or `10m`; from `1s` to `1h`. Needs `wait_for`. Default: `5m`.",
				Optional:            true,
				Validators: []validator.String{
					base.ParseValidator{Name: "wait_timeout", Summary: "Invalid Wait Timeout", Noun: "argument", Parse: func(s string) error {
						_, err := parseWaitTimeout(s)
						return err
					}},
					stringvalidator.AlsoRequires(path.MatchRoot("wait_for")),
				},
			},
			"status": schema.StringAttribute{
				MarkdownDescription: "Progress of the setup: `pending`, `in_progress`, `waiting_for_spans`, `completed`, `partial` (some monitors failed) or `failed`. It changes by itself, and that is not drift.",
				Computed:            true,
			},
			"evaluator_status": schema.MapNestedAttribute{
				MarkdownDescription: "Progress of each evaluator, by its slug.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"status":        schema.StringAttribute{MarkdownDescription: "Status of the evaluator, with the same values as the status of the setup.", Computed: true},
					"error_message": schema.StringAttribute{MarkdownDescription: "Why the evaluator failed. Null if it did not.", Computed: true},
				}},
			},
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Id of the project that the setup belongs to. Set it to be safe: if the key belongs to another project, the provider creates nothing. " +
					"The key of a sealed or imported `traceloop_api_key` is null, and null counts as not set. Then, without this argument, the provider creates the setup with the key in `TRACELOOP_PROJECT_API_KEY`, perhaps in another project. Default: the project of the key.",
				Optional:      true,
				Computed:      true,
				Validators:    base.IDValidator,
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"env_project_id": base.ComputedAttribute("Id that Traceloop uses for the project and environment of the key together."),
			"created_at": schema.StringAttribute{
				MarkdownDescription: "When the setup was created, as an RFC 3339 time in UTC.",
				Computed:            true,
			},
			"updated_at": schema.StringAttribute{
				MarkdownDescription: "When the setup was last updated, as an RFC 3339 time in UTC.",
				Computed:            true,
			},
		},
	}
}

func (r *managedResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	client, ok := r.ProjectForWriting(&resp.Diagnostics)
	if !ok {
		return
	}

	setup := r.create(ctx, client, plan.model, &resp.Diagnostics)
	if setup == nil {
		resp.Diagnostics = r.Applied.NameDestroyed(plan.place(), typeName, resp.Diagnostics)
		return
	}
	r.Applied.Created(plan.place(), typeName)
	r.Absences.Created(handle(setup.EnvProjectID, setup.ExternalID))
	base.SetIdentity(resp.Identity, identity, types.StringValue(setup.EnvProjectID), plan.ExternalID)
	r.remember(ctx, resp.Private, *setup, &resp.Diagnostics)
	plan.wrote(named(ctx, client, *setup, plan.Evaluators), &resp.Diagnostics)
	r.waitForStatus(ctx, client, &plan, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// create returns nil on error.
func (r *managedResource) create(ctx context.Context, client *traceloop.ProjectClient, plan model, diags *diag.Diagnostics) *traceloop.AutoMonitorSetup {
	request := plan.request()
	defer r.Monitors.Creating(request.ExternalID)()
	setup, found, err := base.Create(ctx, base.Once, func(ctx context.Context) (*traceloop.AutoMonitorSetup, error) {
		return client.CreateAutoMonitorSetup(ctx, request)
	}, func(ctx context.Context, started time.Time) base.Settled[traceloop.AutoMonitorSetup] {
		return find(ctx, client, plan, started, createdAt)
	})
	if _, unknown := errors.AsType[*traceloop.UnknownOutcomeError](err); unknown {
		r.AddUnsettled(diags, fmt.Sprintf("auto monitor setup %q", request.ExternalID), found.Object != nil, base.ImportBlock(typeName, "example", request.ExternalID), err, found.Err)
		return nil
	}
	if found.Ours && request.ProjectID != "" && request.ProjectID != setup.ProjectID {
		left := client.DeleteAutoMonitorSetup(context.WithoutCancel(ctx), setup.ExternalID, setup.EnvProjectID)
		if traceloop.MayHaveDeleted(left) {
			left = nil
		}
		err = &traceloop.OtherProjectError{ExternalID: request.ExternalID, ProjectID: request.ProjectID, Own: setup.ProjectID, Left: left}
	}
	if err != nil {
		r.addNotCreated(ctx, client, request.ExternalID, err, diags)
		return nil
	}
	return setup
}

// find looks for the setup of a write whose answer is lost. It is ours if it is as requested and the attempt may have
// written it: writtenAt returns the time that shows this. The client has repeated a bulk upsert already, which is safe.
func find(ctx context.Context, client *traceloop.ProjectClient, plan model, started time.Time, writtenAt func(traceloop.AutoMonitorSetup) time.Time) base.Settled[traceloop.AutoMonitorSetup] {
	setup, err := client.GetAutoMonitorSetup(ctx, plan.ExternalID.ValueString(), "")
	if err != nil {
		if traceloop.IsNotFound(err) {
			err = nil
		}
		return base.Settled[traceloop.AutoMonitorSetup]{Err: err}
	}
	written := plan.answered(named(ctx, client, *setup, plan.Evaluators))
	return base.Settled[traceloop.AutoMonitorSetup]{Object: setup, Ours: client.CreatedSince(writtenAt(*setup), started) && base.SameArguments(written.arguments(), plan.arguments())}
}

func createdAt(s traceloop.AutoMonitorSetup) time.Time { return s.CreatedAt }
func updatedAt(s traceloop.AutoMonitorSetup) time.Time { return s.UpdatedAt }

func (r *managedResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state resourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	base.CompleteIdentity(resp.Identity, identity, state.EnvProjectID, state.ExternalID)
	client := r.ProjectForRefresh("Auto Monitor Setups", &resp.Diagnostics)
	if client == nil {
		return
	}

	setup := r.stored(client, state, resp.Private).Read(ctx, &resp.State, &resp.Diagnostics)
	if setup == nil {
		return
	}
	r.remember(ctx, resp.Private, *setup, &resp.Diagnostics)
	state.model = state.answered(named(ctx, client, *setup, state.Evaluators))
	r.Ledger.Read(state.object(base.AddressToken(ctx, resp.Private, &resp.Diagnostics))).Report(&resp.Diagnostics)
	state.warnFailed(&resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func (r *managedResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	base.TakeNote(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	base.CompleteIdentity(resp.Identity, identity, state.EnvProjectID, state.ExternalID)
	request := plan.request()
	if !plan.ProjectID.Equal(state.ProjectID) { // the plan did not know it
		resp.Diagnostics.AddAttributeError(path.Root("project_id"), otherProjectSummary, r.describeOtherProject(request.ExternalID, request.ProjectID, state.ProjectID.ValueString())+" Nothing was changed.")
		return
	}
	if base.SameArguments(plan.arguments(), state.arguments()) {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		return
	}
	client, ok := r.ProjectForWriting(&resp.Diagnostics)
	if !ok {
		return
	}

	setup, created, err := client.UpdateAutoMonitorSetup(ctx, request, state.EnvProjectID.ValueString())
	unknown, isUnknown := errors.AsType[*traceloop.UnknownOutcomeError](err)
	if isUnknown {
		settling, cancel := base.Settling(ctx)
		defer cancel()
		if found := find(settling, client, plan.model, unknown.Started, updatedAt); found.Ours {
			setup, err = found.Object, nil
		}
	}
	switch {
	case traceloop.IsNotFound(err):
		resp.Diagnostics.AddError("Auto Monitor Setup No Longer Exists", fmt.Sprintf(
			"The provider tried to update the %s. It was deleted outside Terraform after the plan. Nothing was changed. Plan again: the next apply creates it.", state.Describe()))
		return
	case err != nil && isUnknown:
		resp.Diagnostics.AddError("Unable to Update Auto Monitor Setup", r.ProjectFailure("update the "+state.Describe(), unknown.Err)+" The service may have carried this out: the next plan shows it.")
		return
	case err != nil:
		resp.Diagnostics.AddError("Unable to Update Auto Monitor Setup", r.ProjectFailure("update the "+state.Describe(), err))
		return
	case created:
		resp.Diagnostics.AddWarning("Auto Monitor Setup Was Created Again", fmt.Sprintf(
			"The %s was deleted outside Terraform after the plan. So this apply created it again, with the id %s.", state.Describe(), setup.ID))
	}
	r.remember(ctx, resp.Private, *setup, &resp.Diagnostics)
	plan.wrote(named(ctx, client, *setup, plan.Evaluators), &resp.Diagnostics)
	r.waitForStatus(ctx, client, &plan, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *managedResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state resourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	note := base.TakeNote(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	r.Ledger.Write()
	if r.ProjectIfKnown() == nil && r.IsProjectGone(ctx, resp.Private, state.ProjectID.ValueString(), &resp.Diagnostics) {
		return
	}
	client, ok := r.ProjectOr("The "+state.Describe()+" was not deleted. If the key is revoked, let Terraform forget the setup: terraform state rm ADDRESS. Traceloop deletes a setup together with its project.", &resp.Diagnostics)
	if !ok {
		return
	}

	r.stored(client, state, resp.Private).Delete(ctx, "Unable to Delete Auto Monitor Setup", "delete", note, &resp.Diagnostics)
}

func (r *managedResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	envProjectID, externalID := "", base.ImportID(req, identity, &resp.Diagnostics)
	client, ok := r.Project(&resp.Diagnostics)
	if !ok {
		return
	}
	if req.ID == "" {
		envProjectID, externalID, _ = strings.Cut(externalID, "/")
	}
	if traceloop.ValidateExternalID(externalID) != nil {
		base.AddInvalidImportID(&resp.Diagnostics, "auto monitor setup", externalID, "<external id>, such as checkout-quality")
		return
	}
	setup, err := client.GetAutoMonitorSetup(ctx, externalID, envProjectID)
	if traceloop.IsNotFound(err) {
		resp.Diagnostics.AddError("Unable to Import Auto Monitor Setup", describeMissing(r.Data, externalID))
		return
	}
	if err != nil {
		detail := r.ProjectFailure(fmt.Sprintf("read the auto monitor setup %q", externalID), err)
		if base.IsElsewhere(err) { // a list has the setups of the whole organization
			detail += " Or remove the import block."
		}
		resp.Diagnostics.AddError("Unable to Import Auto Monitor Setup", detail)
		return
	}
	model := resourceModel{model: newModel(ctx, client, *setup)}
	if r.Import(ctx, resp, model.object(""), model, model.EnvProjectID, model.ExternalID) {
		r.remember(ctx, resp.Private, *setup, &resp.Diagnostics)
	}
}

// remember notes where a setup is, for the day when it is not found.
func (r *managedResource) remember(ctx context.Context, private base.PrivateState, setup traceloop.AutoMonitorSetup, diags *diag.Diagnostics) {
	base.NoteOrganizationID(ctx, private, setup.OrgID, diags)
	r.RememberProject(ctx, private, setup.ProjectID, diags)
}

// stored is the setup for what every object of a state needs.
func (r *managedResource) stored(client *traceloop.ProjectClient, state resourceModel, private base.PrivateState) *base.Stored[traceloop.AutoMonitorSetup] {
	return &base.Stored[traceloop.AutoMonitorSetup]{
		Object: state.object(""), Data: r.Data, Kind: "Auto Monitor Setup", ProjectID: state.ProjectID.ValueString(), CreatedAt: state.CreatedAt, Private: private, OfProjectKey: true,
		Get: func(ctx context.Context) (*traceloop.AutoMonitorSetup, error) {
			return client.GetAutoMonitorSetup(ctx, state.ExternalID.ValueString(), state.EnvProjectID.ValueString())
		},
		List: func(ctx context.Context) iter.Seq2[traceloop.AutoMonitorSetup, error] {
			client.ForgetAutoMonitorSetups()
			return base.Each(client.ListAutoMonitorSetups(ctx, ""))
		},
		Is: func(s traceloop.AutoMonitorSetup) bool {
			return handle(s.EnvProjectID, s.ExternalID) == state.object("").Handle
		},
		Remove: func(ctx context.Context) error {
			return client.DeleteAutoMonitorSetup(ctx, state.ExternalID.ValueString(), state.EnvProjectID.ValueString())
		},
		OnceDestroyed: "Traceloop does not run its evaluators until an apply succeeds.",
	}
}
