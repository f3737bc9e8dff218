package provider

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

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var (
	_ resource.ResourceWithConfigure   = (*setupResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*setupResource)(nil)
	_ resource.ResourceWithImportState = (*setupResource)(nil)
	_ resource.ResourceWithIdentity    = (*setupResource)(nil)
)

func newSetupResource() resource.Resource {
	return &setupResource{}
}

type setupResource struct {
	*providerData
}

type setupResourceModel struct {
	setupModel
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

	setupIdentity = []identityAttribute{
		{"env_project_id", "Id of the project and environment that the setup belongs to.", "cm9v2ga9i0001qz8k5h3d7f1a", idPattern, idMessage},
		{"external_id", "External id of the setup.", "checkout-quality", externalIDPattern, externalIDMessage},
	}
)

func (r *setupResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_auto_monitor_setup"
}

func (r *setupResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
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
				Validators:          []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.NoNullValues(), setvalidator.ValueStringsAre(nameValidator...)},
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
					parseValidator{name: "wait_timeout", summary: "Invalid Wait Timeout", noun: "argument", parse: func(s string) error {
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
			"created_at": createdAtAttribute("setup"),
			"updated_at": schema.StringAttribute{
				MarkdownDescription: "When the setup was last updated, as an RFC 3339 time in UTC.",
				Computed:            true,
			},
		},
	}
}

func (r *setupResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identitySchema(setupIdentity)
}

func (r *setupResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.providerData = configureProject(req.ProviderData, &resp.Diagnostics)
}

func (r *setupResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var plan, state *setupResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || r.providerData == nil {
		return
	}
	if state != nil {
		r.setups.markManaged(state.setupModel)
	}
	if plan == nil && !r.setups.leave(state.setupModel) {
		addTwoSetups(state.ExternalID.ValueString(), &resp.Diagnostics)
	}
	if plan == nil || !r.isProjectKnown(&resp.Diagnostics) && resp.Diagnostics.HasError() || !r.planPlace(ctx, plan, state, resp) {
		return
	}

	switch {
	case state == nil: // create, or the second half of a replacement
		warnUnpublished(ctx, plan.Evaluators, types.SetNull(types.StringType), &resp.Diagnostics)
		if r.project.client != nil && !plan.ExternalID.IsUnknown() && !r.run.isWriting() {
			r.refuseTaken(ctx, plan.ExternalID.ValueString(), true, &resp.Diagnostics)
		}
	case !plan.sameRequest(state.setupModel):
		warnUnpublished(ctx, plan.Evaluators, state.Evaluators, &resp.Diagnostics)
		if plan.ExternalID.Equal(state.ExternalID) {
			resp.Diagnostics.AddWarning("Auto Monitor Setup Will Restart", fmt.Sprintf(
				"Updating the %s replaces all its evaluators. Its status goes from %q back to %q.", state.describe(), state.Status.ValueString(), traceloop.StatusPending))
		}
	case !plan.WaitFor.Equal(state.WaitFor) || !plan.WaitTimeout.Equal(state.WaitTimeout):
		// These arguments are only in the state; the setup does not change.
		plan.setupModel = state.setupModel
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	}
}

// planPlace refuses two resources for one external id, also while the key is not known. What an
// apply plans again, its plan has checked.
func (r *setupResource) planPlace(ctx context.Context, plan, state *setupResourceModel, resp *resource.ModifyPlanResponse) bool {
	ok := true
	if state != nil {
		replacement{Replaces: state.ID.ValueString()}.set(ctx, resp.Private, &resp.Diagnostics)
		if plan.ExternalID.Equal(state.ExternalID) {
			ok = r.setups.keep(state.setupModel)
		} else if !r.setups.leave(state.setupModel) {
			addTwoSetups(state.ExternalID.ValueString(), &resp.Diagnostics)
			return false
		}
	} else if !plan.ExternalID.IsUnknown() && !r.run.isWriting() {
		ok = r.setups.create(plan.ExternalID.ValueString(), getReplacement(ctx, resp.Private, &resp.Diagnostics).Replaces)
	}
	if !ok {
		addTwoSetups(plan.ExternalID.ValueString(), &resp.Diagnostics)
	}
	return ok
}

// sameRequest reports whether another model leads to the same request.
func (m setupModel) sameRequest(other setupModel) bool {
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

func (r *setupResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan setupResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() || !r.projectReady(&resp.Diagnostics) {
		return
	}
	externalID := plan.ExternalID.ValueString()
	request := plan.request(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.refuseTaken(ctx, externalID, false, &resp.Diagnostics) {
		return
	}
	r.run.beginWriting()

	setup, err := r.project.client.CreateAutoMonitorSetup(ctx, request)
	if unknown, ok := errors.AsType[*traceloop.UnknownOutcomeError](err); ok {
		if setup = r.settleSetup(ctx, request, unknown, &resp.Diagnostics); setup == nil {
			return
		}
		err = nil
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Create Auto Monitor Setup", r.projectFailure(fmt.Sprintf("create the auto monitor setup %q", externalID), err))
		return
	}
	setIdentity(resp.Identity, setupIdentity, types.StringValue(setup.EnvProjectID), plan.ExternalID)
	plan.take(*setup)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	r.waitForStatus(ctx, &plan, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (m *setupResourceModel) take(setup traceloop.AutoMonitorSetup) {
	m.setupModel = newSetupModel(setup).inOrderOf(m.Selector)
}

func (r *setupResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state setupResourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	completeIdentity(resp.Identity, setupIdentity, state.EnvProjectID, state.ExternalID)
	r.setups.markManaged(state.setupModel)
	if !r.isProjectKnown(&resp.Diagnostics) {
		r.setups.warnUnread(&resp.Diagnostics)
		return
	}

	setup, err := r.project.client.GetAutoMonitorSetup(ctx, state.ExternalID.ValueString(), state.EnvProjectID.ValueString())
	if traceloop.IsNotFound(err) {
		resp.Diagnostics.AddWarning("Auto Monitor Setup Was Deleted Outside Terraform", fmt.Sprintf(
			"Traceloop no longer has the %s. The next apply removes it from the state and creates a new one.", state.describe()))
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Read Auto Monitor Setup", r.projectFailure("read the "+state.describe(), err))
		return
	}
	state.take(*setup)
	state.warnFailed(&resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func (r *setupResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state setupResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	dropReplacement(ctx, resp.Private, &resp.Diagnostics)
	completeIdentity(resp.Identity, setupIdentity, state.EnvProjectID, state.ExternalID)
	if plan.sameRequest(state.setupModel) {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		return
	}
	request := plan.request(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.projectReady(&resp.Diagnostics) {
		return
	}
	r.run.beginWriting()

	setup, _, err := r.project.client.UpdateAutoMonitorSetup(ctx, request, state.EnvProjectID.ValueString())
	if unknown, ok := errors.AsType[*traceloop.UnknownOutcomeError](err); ok {
		if setup = r.settleSetup(ctx, request, unknown, &resp.Diagnostics); setup == nil {
			return
		}
		err = nil
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Update Auto Monitor Setup", r.projectFailure("update the "+state.describe(), err))
		return
	}
	plan.take(*setup)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	r.waitForStatus(ctx, &plan, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *setupResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state setupResourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	dropReplacement(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.projectReady(&resp.Diagnostics) {
		return
	}
	r.run.beginWriting()
	err := r.project.client.DeleteAutoMonitorSetup(ctx, state.ExternalID.ValueString(), state.EnvProjectID.ValueString())
	if err != nil && !traceloop.IsNotFound(err) {
		resp.Diagnostics.AddError("Unable to Delete Auto Monitor Setup", r.projectFailure("delete the "+state.describe(), err))
		return
	}
	r.setups.markDeleted(state.setupModel)
}

func (r *setupResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !r.projectReady(&resp.Diagnostics) {
		return
	}
	envProjectID, externalID := "", importID(req, setupIdentity, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if req.ID == "" {
		envProjectID, externalID, _ = strings.Cut(externalID, "/")
	}
	if !externalIDPattern.MatchString(externalID) || slices.Contains([]string{".", "..", "bulk"}, externalID) {
		addInvalidImportID(&resp.Diagnostics, "auto monitor setup", externalID, "<external id>, such as checkout-quality")
		return
	}
	setup, err := r.project.client.GetAutoMonitorSetup(ctx, externalID, envProjectID)
	if traceloop.IsNotFound(err) {
		resp.Diagnostics.AddError("Unable to Import Auto Monitor Setup", fmt.Sprintf(
			"The project and environment of the project key, which comes from %s, have no auto monitor setup with the external id %q. The data source traceloop_auto_monitor_setups lists them.", r.project.key.source, maskKeyIn(externalID)))
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Import Auto Monitor Setup", r.projectFailure(fmt.Sprintf("read the auto monitor setup %q", maskKeyIn(externalID)), err))
		return
	}
	model := importedSetup(*setup)
	setIdentity(resp.Identity, setupIdentity, model.EnvProjectID, model.ExternalID)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// importedSetup is the resource after an import.
func importedSetup(setup traceloop.AutoMonitorSetup) setupResourceModel {
	return setupResourceModel{setupModel: newSetupModel(setup)}
}

// request converts the model. It sorts sets, which have no order.
func (m setupModel) request(ctx context.Context, diags *diag.Diagnostics) traceloop.AutoMonitorSetupRequest {
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
