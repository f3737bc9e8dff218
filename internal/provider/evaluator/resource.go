// Package evaluator is the evaluators: the resource, the data sources and the list resource.
package evaluator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
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

var identity = []base.IdentityAttribute{{Name: "id", Description: "Id of the evaluator.", Example: "cm9v2g95l0002qz8k5h3d7f1c", Pattern: base.IDPattern, Message: base.IDMessage}}

// NewResource returns the resource traceloop_evaluator.
func NewResource() resource.Resource {
	return &managedResource{base.NewResource("evaluator", identity, base.ConfigureProject)}
}

type managedResource struct{ base.IdentifiedResource }

type resourceModel struct {
	model
	DeletionProtection types.Bool `tfsdk:"deletion_protection"`
}

const typeName = "traceloop_evaluator"

// slugValidator is for a slug that the configuration chooses. The service's rule is not published:
// this one is that of the slugs that Traceloop publishes.
var slugValidator = base.SlugValidatorOf("an evaluator", "support-tone")

func (r *managedResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	notEmpty := []validator.String{stringvalidator.LengthAtLeast(1)}
	resp.Schema = schema.Schema{
		MarkdownDescription: "An evaluator of your organization: an LLM judges spans by your prompt (LLM as a judge). Auto monitor setups use it by its `slug`.\n\n" +
			"It uses the provider argument `project_api_key`, the key of any project and environment. The evaluator belongs to the organization of that key. " +
			"Its creation is **documented by Traceloop**. Reading and changing it is **seen in Traceloop's SDK** for JavaScript, and not documented.\n\n" +
			"~> **Traceloop has no operation that deletes an evaluator.** Terraform can only forget it: it stays in Traceloop, and its slug stays taken. " +
			"While `deletion_protection` is on, a plan that would do that fails.",
		Attributes: map[string]schema.Attribute{
			"id": base.ComputedAttribute("Id of the evaluator, assigned by Traceloop."),
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the evaluator; 1 to 255 characters. Changing it renames the evaluator in place. The slug stays.",
				Required:            true,
				Validators:          base.NameValidator,
			},
			"slug": schema.StringAttribute{
				MarkdownDescription: "Slug of the evaluator, unique in the organization: lower-case letters, digits and single hyphens. Changing it creates another evaluator, and Terraform forgets the old one. Default: Traceloop makes it from the name.",
				Optional:            true,
				Computed:            true,
				Validators:          slugValidator,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplaceIfConfigured()},
			},
			"description": schema.StringAttribute{
				MarkdownDescription: "What the evaluator judges, for people. Default: none.",
				Optional:            true,
				Validators:          notEmpty,
			},
			"llm_provider": schema.StringAttribute{
				MarkdownDescription: "Provider of the LLM, such as `openai`. Traceloop's API calls it `provider`, which Terraform reserves for its own use.",
				Required:            true,
				Validators:          notEmpty,
			},
			"model": schema.StringAttribute{
				MarkdownDescription: "Model that judges, such as `gpt-4o-mini`.",
				Required:            true,
				Validators:          notEmpty,
			},
			"messages": schema.ListNestedAttribute{
				MarkdownDescription: "Messages to the model, in this order; at least one. A placeholder such as `{{text}}` stands for the input of that name.",
				Required:            true,
				Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.NoNullValues()},
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"role":    schema.StringAttribute{MarkdownDescription: "Role of the message, such as `system` or `user`. Traceloop publishes no list of roles.", Required: true, Validators: notEmpty},
					"content": schema.StringAttribute{MarkdownDescription: "Text of the message, with placeholders.", Required: true, Validators: notEmpty},
				}},
			},
			"input_schema":  propertiesAttribute("What the evaluator gets from a span; at least one. The names must differ.", "input"),
			"output_schema": propertiesAttribute("What the evaluator answers; at least one. The names must differ.", "output"),
			"temperature":   decimalAttribute("Temperature of the model."),
			"top_p":         decimalAttribute("Nucleus sampling of the model."),
			"max_tokens": schema.NumberAttribute{
				MarkdownDescription: "Longest answer of the model, in tokens; a whole number. Traceloop publishes no range. Default: Traceloop chooses.",
				Optional:            true,
				Validators:          []validator.Number{base.WholeNumber(0, 1_000_000_000)},
			},
			"frequency_penalty": decimalAttribute("How much the model avoids words that it has used often."),
			"presence_penalty":  decimalAttribute("How much the model avoids words that it has used at all."),
			"stop": schema.ListAttribute{
				MarkdownDescription: "Texts at which the model stops; at least one. Traceloop's SDK cannot change them, so where a change sends them is assumed. Default: none.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.NoNullValues(), listvalidator.ValueStringsAre(notEmpty...)},
			},
			"type": base.ComputedAttribute("Type of the evaluator, such as `LLM_AS_A_JUDGE`."),
			"version": schema.StringAttribute{
				MarkdownDescription: "Version of the evaluator. Traceloop makes a new one with each change. Null if Traceloop does not say it.",
				Computed:            true,
			},
			"created_at": base.CreatedAtAttribute("evaluator"),
			"updated_at": schema.StringAttribute{
				MarkdownDescription: "When the evaluator was last changed, as an RFC 3339 time in UTC. Null if Traceloop does not say it.",
				Computed:            true,
			},
			"deletion_protection": base.DeletionProtectionAttribute("evaluator"),
		},
	}
}

func decimalAttribute(description string) schema.NumberAttribute {
	return schema.NumberAttribute{
		MarkdownDescription: description + " Traceloop publishes no range. Default: Traceloop chooses.",
		Optional:            true,
		Validators:          []validator.Number{base.Decimal()},
	}
}

func propertiesAttribute(description, noun string) schema.ListNestedAttribute {
	takes := map[string]string{}
	for _, t := range traceloop.EvaluatorPropertyTypes {
		takes[t] = ""
	}
	takes["enum"] = "enum_values"
	operands := base.Operands{Described: "must have enum_values exactly where the type is enum", Of: "type", Takes: takes}
	return schema.ListNestedAttribute{
		MarkdownDescription: description,
		Required:            true,
		Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.NoNullValues(), uniqueNames{"must have unique names"}},
		NestedObject: schema.NestedAttributeObject{Validators: []validator.Object{operands}, Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{MarkdownDescription: "Name of the " + noun + ".", Required: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
			"type": schema.StringAttribute{
				MarkdownDescription: "Type of the " + noun + ": `string`, `int`, `float`, `boolean` or `enum`.",
				Required:            true,
				Validators:          []validator.String{stringvalidator.OneOf(traceloop.EvaluatorPropertyTypes...)},
			},
			"description": schema.StringAttribute{MarkdownDescription: "What the " + noun + " means. Default: none.", Optional: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
			"enum_values": schema.ListAttribute{
				MarkdownDescription: "Values that the " + noun + " can have; at least one. Required for the type `enum`, and only for it.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.NoNullValues(), listvalidator.UniqueValues(), listvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))},
			},
		}},
	}
}

// uniqueNames refuses two properties with one name.
type uniqueNames struct{ base.Described }

func (uniqueNames) ValidateList(_ context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	seen := map[string]bool{}
	for i, property := range base.Elements(req.ConfigValue) {
		name := property.Text("name")
		if seen[name] {
			resp.Diagnostics.AddAttributeError(req.Path.AtListIndex(i).AtName("name"), "Duplicate Name", fmt.Sprintf("%s has %q twice. Remove one of the two, or rename it.", req.Path, name))
		}
		seen[name] = name != "" // which is not known yet
	}
}

func (r *managedResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	client, ok := r.ProjectForWriting(&resp.Diagnostics)
	if !ok {
		return
	}

	request := plan.request()
	evaluator := r.create(ctx, client, request, &resp.Diagnostics)
	if evaluator == nil {
		resp.Diagnostics = r.Applied.NameDestroyed(place(request), typeName, resp.Diagnostics)
		return
	}
	r.Applied.Created(place(request), typeName)
	r.Applied.Made.Add(evaluator.ID)
	// From here on, an error would mark the evaluator as tainted.
	read, err := client.GetEvaluator(ctx, evaluator.ID)
	if err != nil {
		resp.Diagnostics.AddWarning("Evaluator Was Created, but Not Read", r.ProjectFailure(fmt.Sprintf("read the evaluator %q (id %s), which it had created", request.Name, evaluator.ID), err)+
			"\n\nThe state has the evaluator, as it was requested. The next plan reads the rest.")
	} else {
		read.Slug, read.Type = cmp.Or(read.Slug, evaluator.Slug), cmp.Or(read.Type, evaluator.Type)
		evaluator = read
	}
	if evaluator.CreatedAt.IsZero() {
		evaluator.CreatedAt, _ = client.Now()
	}
	answer := plan.wrote(*evaluator, &resp.Diagnostics)
	noteDifferences(ctx, resp.Private, plan.model, answer, model{}, &resp.Diagnostics)
	plan.warnSlugless(&resp.Diagnostics)
	base.SetIdentity(resp.Identity, identity, plan.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	r.RememberOrganization(ctx, resp.Private, &resp.Diagnostics)
}

// create returns nil on error. It sends the creation once: if the answer is lost, it looks for the
// evaluator.
func (r *managedResource) create(ctx context.Context, client *traceloop.ProjectClient, request traceloop.EvaluatorRequest, diags *diag.Diagnostics) *traceloop.Evaluator {
	evaluator, found, err := base.Create(ctx, base.Once, func(ctx context.Context) (*traceloop.Evaluator, error) {
		return client.CreateEvaluator(ctx, request)
	}, func(ctx context.Context, started time.Time) base.Settled[traceloop.Evaluator] {
		evaluators, err := client.ListEvaluatorsUncached(ctx)
		found := newest(evaluators, isLike(request))
		return base.Settled[traceloop.Evaluator]{Object: found, Ours: found != nil && isOwn(*found) && !r.Applied.Made.Has(found.ID) && client.CreatedSince(found.CreatedAt, started), Err: err}
	})
	_, unknown := errors.AsType[*traceloop.UnknownOutcomeError](err)
	switch {
	case unknown:
		id := "<evaluator id>"
		if found.Object != nil {
			id = found.Object.ID
		}
		r.AddUnsettled(diags, fmt.Sprintf("evaluator %q", request.Name), found.Object != nil, base.ImportBlock(typeName, base.Label(request.Name), id), err, found.Err)
	case traceloop.IsConflict(err):
		evaluators, _ := client.ListEvaluatorsUncached(ctx) // an error means that the holder is not known
		diags.AddAttributeError(path.Root("slug"), "Unable to Create Evaluator", r.describeTaken(findHolder(evaluators, request), request, false, "No evaluator was created."))
	case err != nil:
		diags.AddError("Unable to Create Evaluator", r.ProjectFailure(fmt.Sprintf("create the evaluator %q", request.Name), err))
	}
	return evaluator
}

func (r *managedResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state resourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	base.CompleteIdentity(resp.Identity, identity, state.ID)
	client := r.ProjectForRefresh("Evaluators", &resp.Diagnostics)
	if client == nil {
		return
	}

	evaluator := r.stored(state, resp.Private).Read(ctx, &resp.State, &resp.Diagnostics)
	if evaluator == nil {
		return
	}
	before := state.model
	state.model = before.answered(*evaluator)
	keepRequested(ctx, resp.Private, &state.model, before, &resp.Diagnostics)
	state.warnSlugless(&resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	r.RememberOrganization(ctx, resp.Private, &resp.Diagnostics)
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
	base.CompleteIdentity(resp.Identity, identity, state.ID)
	if base.SameArguments(plan.arguments(), state.arguments()) {
		plan.Version, plan.UpdatedAt = state.Version, state.UpdatedAt // the plan may not have known that
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		return
	}
	client, ok := r.ProjectForWriting(&resp.Diagnostics)
	if !ok {
		return
	}
	evaluator, err := client.UpdateEvaluator(ctx, state.ID.ValueString(), state.request(), plan.request())
	switch {
	case traceloop.IsNotFound(err):
		resp.Diagnostics.AddError("Evaluator No Longer Exists", fmt.Sprintf(
			"The provider tried to change the %s, and Traceloop does not find it. Plan again: if the evaluator was deleted, the next apply creates it.", state.Describe()))
	case err != nil:
		resp.Diagnostics.AddError("Unable to Change Evaluator", r.ProjectFailure("change the "+state.Describe(), err))
	default:
		answer := plan.wrote(*evaluator, &resp.Diagnostics)
		noteDifferences(ctx, resp.Private, plan.model, answer, state.model, &resp.Diagnostics)
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	}
}

// Delete calls nothing: Traceloop has no operation that deletes an evaluator.
func (r *managedResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state resourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	note := base.TakeNote(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	r.Ledger.Write()
	if r.stored(state, resp.Private).RefuseProtected(ctx, &resp.Diagnostics) {
		return
	}
	resp.Diagnostics.AddWarning("Evaluator Was Not Deleted", state.forgotten())
	if note.Next == slugPlace("") {
		note.Next = "" // the plan did not know it
	}
	r.Applied.Destroyed(state.object(""), "forgotten", "It stays in Traceloop. To manage it again, import it by that id.", note)
}

func (r *managedResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := base.ImportID(req, identity, &resp.Diagnostics)
	client, ok := r.Project(&resp.Diagnostics)
	if !ok {
		return
	}
	if !base.IDPattern.MatchString(id) { // a slug has fewer characters
		base.AddInvalidImportID(&resp.Diagnostics, "evaluator", id, "<evaluator id>, such as cm9v2g95l0002qz8k5h3d7f1c", "<slug>, such as support-tone")
		return
	}
	evaluator, err := client.GetEvaluator(ctx, id)
	switch {
	case traceloop.IsNotFound(err):
		resp.Diagnostics.AddError("Unable to Import Evaluator", describeMissing(ctx, r.Data, client, "id or slug", id))
		return
	case err != nil:
		resp.Diagnostics.AddError("Unable to Import Evaluator", r.ProjectFailure(fmt.Sprintf("read the evaluator %q", id), err))
		return
	case !isOwn(*evaluator):
		resp.Diagnostics.AddError("Unable to Import Evaluator", fmt.Sprintf(
			"The evaluator %q is one of Traceloop's. It cannot be changed, and all organizations have it. Use its slug in traceloop_auto_monitor_setup. The data source traceloop_evaluator reads it.", evaluator.Slug))
		return
	}
	imported := imported(*evaluator)
	if r.Import(ctx, resp, imported.object(""), imported, imported.ID) {
		r.RememberOrganization(ctx, resp.Private, &resp.Diagnostics)
	}
}

// stored is the evaluator for what every object of a state needs.
func (r *managedResource) stored(state resourceModel, private base.PrivateState) *base.Stored[traceloop.Evaluator] {
	client, object, id := r.ProjectIfKnown(), state.object(""), state.ID.ValueString()
	object.Protected = base.IsProtected(state.DeletionProtection)
	return &base.Stored[traceloop.Evaluator]{
		Object: object, Data: r.Data, Kind: "Evaluator", CreatedAt: state.CreatedAt, Private: private, OfProjectKey: true,
		Get: func(ctx context.Context) (*traceloop.Evaluator, error) { return client.GetEvaluator(ctx, id) },
		Is:  func(e traceloop.Evaluator) bool { return e.ID == id },
		List: func(ctx context.Context) iter.Seq2[traceloop.Evaluator, error] {
			return base.Each(client.ListEvaluatorsUncached(ctx))
		},
		IfDestroyed: loss,
	}
}

// imported is the resource after an import.
func imported(e traceloop.Evaluator) resourceModel {
	return resourceModel{model: newModel(e), DeletionProtection: types.BoolValue(true)}
}

// wrote takes from the answer to a write what the plan does not know, and returns the answer. A warning
// names what differs from the plan.
func (m *resourceModel) wrote(e traceloop.Evaluator, diags *diag.Diagnostics) (got model) {
	got = m.answered(e)
	base.WarnDiffering(diags, got.Describe(), m.arguments(), got.arguments())
	for _, computed := range []struct {
		planned *types.String
		got     types.String
	}{{&m.ID, got.ID}, {&m.Slug, got.Slug}, {&m.Type, got.Type}, {&m.Version, got.Version}, {&m.CreatedAt, got.CreatedAt}, {&m.UpdatedAt, got.UpdatedAt}} {
		switch {
		case !computed.planned.IsUnknown():
		case computed.got.IsUnknown():
			*computed.planned = types.StringNull()
		default:
			*computed.planned = computed.got
		}
	}
	return got
}
