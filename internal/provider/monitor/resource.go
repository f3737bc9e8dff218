// Package monitor is the auto monitor setups: the resource, the data sources and the list resource.
package monitor

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

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

var (
	_ resource.ResourceWithConfigure   = (*managedResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*managedResource)(nil)
	_ resource.ResourceWithImportState = (*managedResource)(nil)
	_ resource.ResourceWithIdentity    = (*managedResource)(nil)
)

// NewResource returns the resource traceloop_auto_monitor_setup.
func NewResource() resource.Resource {
	return &managedResource{}
}

type managedResource struct {
	*base.Data
}

type resourceModel struct {
	model
	WaitFor     types.String `tfsdk:"wait_for"`
	WaitTimeout types.String `tfsdk:"wait_timeout"`
}

var (
	externalIDPattern   = regexp.MustCompile(`^[^\p{Cc}]{1,255}$`)
	externalIDMessage   = "must have 1 to 255 characters, without control characters"
	externalIDValidator = []validator.String{
		stringvalidator.RegexMatches(externalIDPattern, externalIDMessage),
		stringvalidator.NoneOf(".", "..", "bulk"), // in a path these mean another operation
	}

	identity = []base.IdentityAttribute{
		{Name: "env_project_id", Description: "Id of the project and environment that the setup belongs to.", Example: "cm9v2ga9i0001qz8k5h3d7f1a", Pattern: base.IDPattern, Message: base.IDMessage},
		{Name: "external_id", Description: "External id of the setup.", Example: "checkout-quality", Pattern: externalIDPattern, Message: externalIDMessage},
	}
)

func (r *managedResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_auto_monitor_setup"
}

func (r *managedResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An auto monitor setup creates monitors: Traceloop waits for spans that match the selector, and then runs evaluators on those spans.\n\n" +
			"The operations for setups are **documented by Traceloop**. They use the provider argument `project_api_key`, and the setup belongs to the project and environment of that key. " +
			"An update replaces all evaluators and sets the status back to `pending`.\n\n" +
			"The provider sends creations and updates that run at the same time as one request, of up to 100. Terraform runs 10 at a time by default, so 300 setups take 31 requests to apply. " +
			"With `-parallelism=100` they take 4: [Many at once](../guides/monitors.md#many-at-once).",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Id of the setup, assigned by Traceloop.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"external_id": schema.StringAttribute{
				MarkdownDescription: "Your own id for the setup, unique in its project and environment; 1 to 255 characters. Changing it destroys the setup and creates another.",
				Required:            true,
				Validators:          externalIDValidator,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"evaluators": schema.SetAttribute{
				MarkdownDescription: "Slugs of the evaluators to run, such as `answer-relevancy`; at least one. A plan warns about a slug that Traceloop's documentation does not list, because it may be one of your organization's own. Each runs with the configuration that Traceloop has for it: [why](../guides/monitors.md#what-terraform-manages). Changing them restarts the setup.",
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
				MarkdownDescription: "Id of the project that the setup belongs to: the project of the key.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"env_project_id": schema.StringAttribute{
				MarkdownDescription: "Id that Traceloop uses for the project and environment of the key together.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"created_at": base.CreatedAtAttribute("setup"),
			"updated_at": schema.StringAttribute{
				MarkdownDescription: "When the setup was last updated, as an RFC 3339 time in UTC.",
				Computed:            true,
			},
		},
	}
}

func (r *managedResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = base.IdentitySchema(identity)
}

func (r *managedResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.Data = base.ConfigureProject(req.ProviderData, &resp.Diagnostics)
}

func (r *managedResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var plan, state *resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || r.Data == nil {
		return
	}
	if state != nil {
		r.Monitors.MarkManaged(state.ID.ValueString())
	}
	if plan == nil && !r.Monitors.Leave(state.ID.ValueString(), state.ExternalID.ValueString()) {
		addTwoSetups(state.ExternalID.ValueString(), &resp.Diagnostics)
	}
	if plan == nil || !r.HasProjectKey(&resp.Diagnostics) || !r.planPlace(ctx, plan, state, resp) {
		return
	}

	client := r.ProjectIfKnown()
	switch {
	case state == nil: // create, or the second half of a replacement
		warnUnpublished(ctx, plan.Evaluators, types.SetNull(types.StringType), &resp.Diagnostics)
		if client != nil && !plan.ExternalID.IsUnknown() && !r.Run.IsWriting() {
			r.refuseTaken(ctx, client, plan.ExternalID.ValueString(), true, &resp.Diagnostics)
		}
	case !plan.sameRequest(state.model):
		warnUnpublished(ctx, plan.Evaluators, state.Evaluators, &resp.Diagnostics)
		if plan.ExternalID.Equal(state.ExternalID) {
			resp.Diagnostics.AddWarning("Auto Monitor Setup Will Restart", fmt.Sprintf(
				"Updating the %s replaces all its evaluators. Its status goes from %q back to %q.", state.Describe(), state.Status.ValueString(), traceloop.StatusPending))
		}
	case !plan.WaitFor.Equal(state.WaitFor) || !plan.WaitTimeout.Equal(state.WaitTimeout):
		// These arguments are only in the state; the setup does not change.
		plan.model = state.model
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	}
}

// planPlace refuses two resources for one external id, also while the key is not known. What an
// apply plans again, its plan has checked.
func (r *managedResource) planPlace(ctx context.Context, plan, state *resourceModel, resp *resource.ModifyPlanResponse) bool {
	ok := true
	if state != nil {
		base.Replacement{Replaces: state.ID.ValueString()}.Set(ctx, resp.Private, &resp.Diagnostics)
		if plan.ExternalID.Equal(state.ExternalID) {
			ok = r.Monitors.Keep(state.ID.ValueString(), state.ExternalID.ValueString())
		} else if !r.Monitors.Leave(state.ID.ValueString(), state.ExternalID.ValueString()) {
			addTwoSetups(state.ExternalID.ValueString(), &resp.Diagnostics)
			return false
		}
	} else if !plan.ExternalID.IsUnknown() && !r.Run.IsWriting() {
		ok = r.Monitors.Create(plan.ExternalID.ValueString(), base.GetReplacement(ctx, resp.Private, &resp.Diagnostics).Replaces)
	}
	if !ok {
		addTwoSetups(plan.ExternalID.ValueString(), &resp.Diagnostics)
	}
	return ok
}

// sameRequest reports whether another model leads to the same request.
func (m model) sameRequest(other model) bool {
	return m.ExternalID.Equal(other.ExternalID) && m.Evaluators.Equal(other.Evaluators) && m.Selector.Equal(other.Selector)
}

// warnUnpublished warns about new slugs that Traceloop's documentation does not list.
func warnUnpublished(ctx context.Context, plan, state types.Set, diags *diag.Diagnostics) {
	var slugs, before []types.String
	if plan.IsUnknown() {
		return
	}
	diags.Append(plan.ElementsAs(ctx, &slugs, false)...)
	diags.Append(state.ElementsAs(ctx, &before, false)...)
	for _, slug := range slugs {
		if slug.IsUnknown() || slices.Contains(before, slug) || slices.Contains(traceloop.PublishedEvaluators, slug.ValueString()) {
			continue
		}
		diags.AddAttributeWarning(path.Root("evaluators"), "Evaluator Is Not in the Published List", fmt.Sprintf(
			"%q is not in the list that Traceloop published on %s.%s If it is your organization's own evaluator, or newer than the list, ignore this warning. Otherwise the service refuses it.",
			slug.ValueString(), traceloop.EvaluatorsPublished, closest(slug.ValueString())))
	}
}

// closest suggests a published slug that is similar to this one.
func closest(slug string) string {
	for _, published := range traceloop.PublishedEvaluators {
		if len(slug) > 3 && (strings.HasPrefix(published, slug) || strings.HasPrefix(slug, published) || strings.ReplaceAll(slug, "_", "-") == published) {
			return fmt.Sprintf(" Did you mean %q?", published)
		}
	}
	return ""
}

func (r *managedResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	client, ok := r.Project(&resp.Diagnostics)
	if !ok {
		return
	}
	externalID := plan.ExternalID.ValueString()
	request := plan.request(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.refuseTaken(ctx, client, externalID, false, &resp.Diagnostics) {
		return
	}
	r.Run.BeginWriting()

	setup, err := client.CreateAutoMonitorSetup(ctx, request)
	if unknown, ok := errors.AsType[*traceloop.UnknownOutcomeError](err); ok {
		if setup = r.settleSetup(ctx, client, request, unknown, &resp.Diagnostics); setup == nil {
			return
		}
		err = nil
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Create Auto Monitor Setup", r.ProjectFailure(fmt.Sprintf("create the auto monitor setup %q", externalID), err))
		return
	}
	base.SetIdentity(resp.Identity, identity, types.StringValue(setup.EnvProjectID), plan.ExternalID)
	plan.take(*setup)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	r.waitForStatus(ctx, client, &plan, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (m *resourceModel) take(setup traceloop.AutoMonitorSetup) {
	m.model = newModel(setup).inOrderOf(m.Selector)
}

func (r *managedResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state resourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	base.CompleteIdentity(resp.Identity, identity, state.EnvProjectID, state.ExternalID)
	r.Monitors.MarkManaged(state.ID.ValueString())
	if !r.HasProjectKey(&resp.Diagnostics) {
		return
	}
	client := r.ProjectIfKnown()
	if client == nil {
		r.Monitors.WarnUnread(r.UnknownProjectArgument(), &resp.Diagnostics)
		return
	}

	setup, err := client.GetAutoMonitorSetup(ctx, state.ExternalID.ValueString(), state.EnvProjectID.ValueString())
	if traceloop.IsNotFound(err) {
		resp.Diagnostics.AddWarning("Auto Monitor Setup Was Deleted Outside Terraform", fmt.Sprintf(
			"Traceloop no longer has the %s. The next apply removes it from the state and creates a new one.", state.Describe()))
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Read Auto Monitor Setup", r.ProjectFailure("read the "+state.Describe(), err))
		return
	}
	state.take(*setup)
	state.warnFailed(&resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func (r *managedResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	base.DropReplacement(ctx, resp.Private, &resp.Diagnostics)
	base.CompleteIdentity(resp.Identity, identity, state.EnvProjectID, state.ExternalID)
	if plan.sameRequest(state.model) {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		return
	}
	request := plan.request(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	client, ok := r.Project(&resp.Diagnostics)
	if !ok {
		return
	}
	r.Run.BeginWriting()

	setup, _, err := client.UpdateAutoMonitorSetup(ctx, request, state.EnvProjectID.ValueString())
	if unknown, ok := errors.AsType[*traceloop.UnknownOutcomeError](err); ok {
		if setup = r.settleSetup(ctx, client, request, unknown, &resp.Diagnostics); setup == nil {
			return
		}
		err = nil
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Update Auto Monitor Setup", r.ProjectFailure("update the "+state.Describe(), err))
		return
	}
	plan.take(*setup)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	r.waitForStatus(ctx, client, &plan, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *managedResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state resourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	base.DropReplacement(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	client, ok := r.Project(&resp.Diagnostics)
	if !ok {
		return
	}
	r.Run.BeginWriting()
	err := client.DeleteAutoMonitorSetup(ctx, state.ExternalID.ValueString(), state.EnvProjectID.ValueString())
	if err != nil && !traceloop.IsNotFound(err) {
		resp.Diagnostics.AddError("Unable to Delete Auto Monitor Setup", r.ProjectFailure("delete the "+state.Describe(), err))
		return
	}
	r.Monitors.MarkDeleted(state.ID.ValueString(), state.ExternalID.ValueString())
}

func (r *managedResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	client, ok := r.Project(&resp.Diagnostics)
	if !ok {
		return
	}
	envProjectID, externalID := "", base.ImportID(req, identity, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if req.ID == "" {
		envProjectID, externalID, _ = strings.Cut(externalID, "/")
	}
	if !externalIDPattern.MatchString(externalID) || slices.Contains([]string{".", "..", "bulk"}, externalID) {
		base.AddInvalidImportID(&resp.Diagnostics, "auto monitor setup", externalID, "<external id>, such as checkout-quality")
		return
	}
	setup, err := client.GetAutoMonitorSetup(ctx, externalID, envProjectID)
	if traceloop.IsNotFound(err) {
		resp.Diagnostics.AddError("Unable to Import Auto Monitor Setup", fmt.Sprintf(
			"The project and environment of the project key, which comes from %s, have no auto monitor setup with the external id %q. The data source traceloop_auto_monitor_setups lists them.", r.ProjectKeySource(), base.MaskKeyIn(externalID)))
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Import Auto Monitor Setup", r.ProjectFailure(fmt.Sprintf("read the auto monitor setup %q", base.MaskKeyIn(externalID)), err))
		return
	}
	model := imported(*setup)
	base.SetIdentity(resp.Identity, identity, model.EnvProjectID, model.ExternalID)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// imported is the resource after an import.
func imported(setup traceloop.AutoMonitorSetup) resourceModel {
	return resourceModel{model: newModel(setup)}
}

// request converts the model. It sorts sets, which have no order.
func (m model) request(ctx context.Context, diags *diag.Diagnostics) traceloop.AutoMonitorSetupRequest {
	request := traceloop.AutoMonitorSetupRequest{ExternalID: m.ExternalID.ValueString()}
	diags.Append(m.Evaluators.ElementsAs(ctx, &request.Evaluators, false)...)
	slices.Sort(request.Evaluators)
	var rules []ruleModel
	diags.Append(m.Selector.ElementsAs(ctx, &rules, false)...)
	for _, rule := range rules {
		sent := traceloop.Rule{Key: rule.Key.ValueString(), Source: rule.Source.ValueString(), Operator: rule.Operator.ValueString(), Value: rule.Value.ValueStringPointer()}
		diags.Append(rule.Values.ElementsAs(ctx, &sent.Values, false)...)
		slices.Sort(sent.Values)
		request.Selector = append(request.Selector, sent)
	}
	return request
}
