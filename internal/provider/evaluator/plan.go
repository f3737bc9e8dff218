package evaluator

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"regexp"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// loss is what a destroy means.
const loss = "Traceloop has no operation that deletes an evaluator: Terraform would only forget it, and its slug would stay taken"

func handle(id string) base.Handle { return base.HandleOf("evaluator", id) }

// slugPlace is a slug, which only one evaluator of an organization can have.
func slugPlace(slug string) base.Handle { return base.HandleOf("evaluator_slug", slug) }

// slugOf is the slug of a new evaluator. Without one in the configuration, the service makes one from
// the name, and the provider assumes its rule for environments. It is empty if that makes none.
func slugOf(r traceloop.EvaluatorRequest) string { return cmp.Or(r.Slug, traceloop.Slug(r.Name)) }

// place is where a new evaluator will be.
func place(r traceloop.EvaluatorRequest) base.Handle {
	if slug := slugOf(r); slug != "" {
		return slugPlace(slug)
	}
	return base.HandleOf("evaluator_name", r.Name)
}

func (m model) object(token string) base.Object {
	return base.Object{Handle: handle(m.ID.ValueString()), Place: place(m.request()), Token: token, Type: typeName, Name: m.Describe()}
}

// leaving is the evaluator for Ledger.Destroy. It frees no place, because Traceloop keeps it.
func (m model) leaving(token string) base.Object {
	o := m.object(token)
	o.Place = o.Handle
	return o
}

func (r *managedResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var plan, state *resourceModel
	diags := &resp.Diagnostics
	diags.Append(req.Plan.Get(ctx, &plan)...)
	diags.Append(req.State.Get(ctx, &state)...)
	var slug types.String // as the configuration has it
	diags.Append(req.Config.GetAttribute(ctx, path.Root("slug"), &slug)...)
	token := base.AddressToken(ctx, resp.Private, diags)
	if diags.HasError() || r.Data == nil {
		return
	}
	switch {
	case plan == nil:
		base.Note{Removed: true}.Set(ctx, resp.Private, diags)
		if !r.stored(*state, resp.Private).RefuseProtected(ctx, diags) && !r.Ledger.Destroy(state.leaving(token)).Report(diags) {
			diags.AddWarning("Evaluator Will Not Be Deleted", state.forgotten())
		}
	case !r.HasProjectKey(diags):
	case state == nil:
		r.planCreation(ctx, *plan, slug.IsUnknown(), base.GetNote(ctx, resp.Private, diags), token, diags)
	case !slug.IsNull() && !slug.Equal(state.Slug):
		r.planReplacement(ctx, *plan, *state, token, resp)
	default:
		r.planChange(ctx, *plan, *state, token, resp)
	}
}

// planReplacement plans the first half of a replacement. The second one is planCreation.
func (r *managedResource) planReplacement(ctx context.Context, plan, state resourceModel, token string, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	base.Note{Replaces: handle(state.ID.ValueString()), Next: slugPlace(plan.Slug.ValueString())}.Set(ctx, resp.Private, diags)
	if r.stored(state, resp.Private).RefuseReplacing(ctx, base.NewChange("slug", state.Slug, plan.Slug), plan.DeletionProtection, diags) {
		return
	}
	if !r.Ledger.Destroy(state.leaving(token)).Report(diags) {
		diags.AddWarning("Evaluator Will Not Be Deleted", state.forgotten())
		plan.warnPlaceholders(diags)
	}
}

// planChange plans an update, or nothing. Terraform plans the first half of a forced replacement like
// that too.
func (r *managedResource) planChange(ctx context.Context, plan, state resourceModel, token string, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	base.Note{Replaces: handle(state.ID.ValueString())}.Set(ctx, resp.Private, diags)
	if r.Ledger.Keep(state.object(token)).Report(diags) {
		return
	}
	if plan.Slug.IsUnknown() { // no answer has shown it
		plan.Slug = state.Slug
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("slug"), plan.Slug)...)
	}
	if base.SameArguments(plan.arguments(), state.arguments()) { // deletion_protection is only in the state
		plan.Version, plan.UpdatedAt = state.Version, state.UpdatedAt
		diags.Append(resp.Plan.Set(ctx, plan)...)
		return
	}
	if !plan.Messages.Equal(state.Messages) || !plan.InputSchema.Equal(state.InputSchema) {
		plan.warnPlaceholders(diags)
	}
}

// planCreation also plans the second half of a replacement, in which Terraform shows only errors. The
// plan does not know a slug that the service makes from the name.
func (r *managedResource) planCreation(ctx context.Context, plan resourceModel, slugComesLater bool, note base.Note, token string, diags *diag.Diagnostics) {
	replaced, refused := r.RefuseForced(ctx, note, token, loss, nil, diags)
	if !refused && note.Replaces != "" && note.Next == "" { // the slug does not change
		refused = true
		diags.AddError("Evaluator Cannot Be Replaced", fmt.Sprintf(
			"This plan was told to replace the %s (-replace, replace_triggered_by). Traceloop has no operation that deletes an evaluator, so the slug of the new one would be taken. Nothing was changed. "+
				"Change the evaluator in place. To have another one, change its slug.", replaced))
	}
	if refused {
		return
	}
	plan.warnPlaceholders(diags)
	if plan.Name.IsUnknown() || slugComesLater {
		return
	}
	request := plan.request()
	r.PlannedEvaluators.Add(slugOf(request))
	creation := base.Creation{Place: place(request), Replaces: note.Replaces, Type: typeName, Name: fmt.Sprintf("evaluator %q", request.Name)}
	client := r.ProjectIfKnown()
	if conflict := r.Ledger.Create(creation); conflict != nil || client == nil {
		conflict.Report(diags)
		return
	}
	holder, err := findHolder(ctx, r.listAll, request)
	switch {
	case err != nil || holder == nil: // apply says what is wrong
	case note.Replaces != "":
		diags.AddAttributeError(path.Root("slug"), "Unable to Replace Evaluator", r.describeTaken(holder, request, "Terraform would forget the old evaluator, and could not create the new one. Nothing was changed."))
	default:
		diags.AddAttributeWarning(path.Root("slug"), "Evaluator Exists Already", r.describeTaken(holder, request, "If Traceloop does not allow a second one, apply will refuse this evaluator."))
	}
}

// listAll lists all evaluators, with one request in a plan.
func (r *managedResource) listAll(ctx context.Context) ([]traceloop.Evaluator, error) {
	return r.ProjectIfKnown().ListEvaluators(ctx, "")
}

// findHolder returns the evaluator that has the slug of a new one, or nil. If the service makes the slug
// from the name, one of the same name counts too.
func findHolder(ctx context.Context, list func(context.Context) ([]traceloop.Evaluator, error), r traceloop.EvaluatorRequest) (*traceloop.Evaluator, error) {
	evaluators, err := list(ctx)
	hasSlug := func(e traceloop.Evaluator) bool { return e.Slug != "" && e.Slug == slugOf(r) }
	return cmp.Or(newest(evaluators, hasSlug), newest(evaluators, isLike(r))), err
}

// isLike selects what a request may have created. Only the service knows the slug that it makes from a name.
func isLike(r traceloop.EvaluatorRequest) func(traceloop.Evaluator) bool {
	return func(e traceloop.Evaluator) bool {
		return r.Slug != "" && e.Slug == r.Slug || r.Slug == "" && base.SameName(e.Name, r.Name)
	}
}

func newest(evaluators []traceloop.Evaluator, selects func(traceloop.Evaluator) bool) (found *traceloop.Evaluator) {
	for _, e := range evaluators {
		if selects(e) && (found == nil || e.CreatedAt.After(found.CreatedAt)) {
			found = &e
		}
	}
	return found
}

// describeTaken names the evaluator that has the slug or the name of a new one.
func (r *managedResource) describeTaken(holder *traceloop.Evaluator, request traceloop.EvaluatorRequest, outcome string) string {
	wanted := fmt.Sprintf("slug %q", request.Slug)
	if request.Slug == "" { // not the slug itself: if the name is a key by mistake, that is not masked
		wanted = fmt.Sprintf("slug that Traceloop makes from the name %q", request.Name)
	}
	switch {
	case holder == nil:
		return fmt.Sprintf("An evaluator exists already with the %s. Slugs are unique in the organization. %s Choose another slug. The data source traceloop_evaluators lists the evaluators.", wanted, outcome)
	case holder.Slug != slugOf(request):
		wanted = fmt.Sprintf("name %q, from which Traceloop makes the slug", request.Name)
	}
	detail := fmt.Sprintf("The %s has the %s. %s Choose another slug.", newModel(*holder).Describe(), wanted, outcome)
	switch {
	case !isOwn(*holder):
		return detail + " That evaluator is one of Traceloop's: to use it, no resource is needed."
	case r.Ledger.Has(handle(holder.ID)), r.Applied.Made.Has(holder.ID):
		return detail + " This configuration manages that evaluator. If it is tainted, terraform untaint ADDRESS keeps it. If you moved the resource block to another address, use a moved block:\n\n" + base.MovedBlock(typeName)
	}
	return detail + " Or import that evaluator, unless this configuration manages it. Write the address of this resource after \"to\":\n\n" + base.ImportBlock(typeName, base.Label(request.Name), holder.ID)
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

func (m model) forgotten() string {
	return fmt.Sprintf("Traceloop has no operation that deletes an evaluator. Terraform only removes the %s from the state. It stays in the organization, with the slug %q, and monitors can use it. "+
		"To manage it again, import it by its id.", m.Describe(), m.Slug.ValueString())
}

// placeholder is an input in a message.
var placeholder = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)

// warnPlaceholders warns about placeholders without an input, and inputs without a placeholder.
func (m model) warnPlaceholders(diags *diag.Diagnostics) {
	var used, inputs []string
	for _, message := range base.Elements(m.Messages) {
		if message["content"].IsUnknown() {
			return
		}
		for _, match := range placeholder.FindAllStringSubmatch(message.Text("content"), -1) {
			used = append(used, match[1])
		}
	}
	for _, input := range base.Elements(m.InputSchema) {
		if input["name"].IsUnknown() {
			return
		}
		inputs = append(inputs, input.Text("name"))
	}
	if m.Messages.IsUnknown() || m.InputSchema.IsUnknown() {
		return
	}
	slices.Sort(used)
	for _, name := range slices.Compact(used) {
		if !slices.Contains(inputs, name) {
			diags.AddAttributeWarning(path.Root("messages"), "Placeholder Without Input", fmt.Sprintf(
				"The messages have the placeholder {{%s}}, and input_schema has no input of that name. The model would get no value for it. Add the input, or correct the placeholder.", name))
		}
	}
	for _, name := range inputs {
		if !slices.Contains(used, name) {
			diags.AddAttributeWarning(path.Root("input_schema"), "Unused Input", fmt.Sprintf(
				"No message has a placeholder for the input %q, so the model would not see it. Write {{%s}} into a message, or remove the input.", name, name))
		}
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
