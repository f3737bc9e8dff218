package monitor

import (
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// model is an auto monitor setup as the service describes it. The resource and the data
// sources share it.
type model struct {
	ID              types.String `tfsdk:"id"`
	ExternalID      types.String `tfsdk:"external_id"`
	Evaluators      types.Set    `tfsdk:"evaluators"`
	Selector        types.List   `tfsdk:"selector"`
	Status          types.String `tfsdk:"status"`
	EvaluatorStatus types.Map    `tfsdk:"evaluator_status"`
	ProjectID       types.String `tfsdk:"project_id"`
	EnvProjectID    types.String `tfsdk:"env_project_id"`
	CreatedAt       types.String `tfsdk:"created_at"`
	UpdatedAt       types.String `tfsdk:"updated_at"`
}

var (
	ruleType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"key": types.StringType, "source": types.StringType, "operator": types.StringType,
		"value": types.StringType, "values": types.SetType{ElemType: types.StringType},
	}}
	evaluatorStatusType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"status": types.StringType, "error_message": types.StringType,
	}}
)

type ruleModel struct {
	Key      types.String `tfsdk:"key"`
	Source   types.String `tfsdk:"source"`
	Operator types.String `tfsdk:"operator"`
	Value    types.String `tfsdk:"value"`
	Values   types.Set    `tfsdk:"values"`
}

func newModel(s traceloop.AutoMonitorSetup) model {
	slugs, statuses := make([]string, len(s.Evaluators)), map[string]attr.Value{}
	for i, e := range s.Evaluators {
		slugs[i] = e.Slug
		statuses[e.Slug] = types.ObjectValueMust(evaluatorStatusType.AttrTypes, map[string]attr.Value{
			"status": base.TextOr(e.Status, types.StringNull()), "error_message": base.TextOr(e.ErrorMessage, types.StringNull()),
		})
	}
	selector := types.ListNull(ruleType)
	if len(s.Selector) > 0 {
		rules := make([]attr.Value, len(s.Selector))
		for i, rule := range s.Selector {
			rules[i] = types.ObjectValueMust(ruleType.AttrTypes, map[string]attr.Value{
				"key":      types.StringValue(rule.Key),
				"source":   base.TextOr(rule.Source, types.StringNull()),
				"operator": types.StringValue(rule.Operator),
				"value":    types.StringPointerValue(rule.Value),
				"values":   stringSet(rule.Values),
			})
		}
		selector = types.ListValueMust(ruleType, rules)
	}
	return model{
		ID:              types.StringValue(s.ID),
		ExternalID:      types.StringValue(s.ExternalID),
		Evaluators:      stringSet(slugs),
		Selector:        selector,
		Status:          base.TextOr(s.Status, types.StringNull()),
		EvaluatorStatus: types.MapValueMust(evaluatorStatusType, statuses),
		ProjectID:       types.StringValue(s.ProjectID),
		EnvProjectID:    types.StringValue(s.EnvProjectID),
		CreatedAt:       base.TimeOr(s.CreatedAt, types.StringNull()),
		UpdatedAt:       base.TimeOr(s.UpdatedAt, types.StringNull()),
	}
}

// stringSet returns null for an empty list.
func stringSet(values []string) types.Set {
	if len(values) == 0 {
		return types.SetNull(types.StringType)
	}
	elements := make([]attr.Value, 0, len(values))
	for _, value := range slices.Compact(slices.Sorted(slices.Values(values))) {
		elements = append(elements, types.StringValue(value))
	}
	return types.SetValueMust(types.StringType, elements)
}

// Describe names the object in a sentence.
func (m model) Describe() string {
	return fmt.Sprintf("auto monitor setup %q (id %s)", m.ExternalID.ValueString(), m.ID.ValueString())
}

// What follows compares what the service answers with what was asked. An answer may be terse or late:
// it may show an organization's own evaluator by its type, have no evaluators while the setup is
// pending, or have the rules in another order. None of this is drift.

// answered is the setup as the service describes it. What only seems to differ stays as it was.
func (m model) answered(setup traceloop.AutoMonitorSetup) model {
	got := newModel(setup)
	late := len(setup.Evaluators) == 0 && (setup.Status == traceloop.StatusPending || setup.Status == "")
	if late && !m.Evaluators.IsNull() || hasTypesForSlugs(m.Evaluators, got.Evaluators) {
		got.Evaluators = m.Evaluators
	}
	if late && got.Selector.IsNull() || sameRules(m.Selector, got.Selector) {
		got.Selector = m.Selector
	}
	return got
}

// wrote takes the answer to a write. The state has what was asked, and a warning names what
// differs.
func (m *resourceModel) wrote(setup traceloop.AutoMonitorSetup, diags *diag.Diagnostics) {
	answer := newModel(setup)
	m.follow(setup)
	var differences []string
	if !answer.Evaluators.Equal(m.Evaluators) {
		differences = append(differences, base.Difference("evaluators", m.Evaluators, answer.Evaluators))
	}
	if !sameRules(answer.Selector, m.Selector) {
		differences = append(differences, fmt.Sprintf("selector: rules requested: %d, rules in the answer: %d, or other ones", len(m.Selector.Elements()), len(answer.Selector.Elements())))
	}
	if len(differences) > 0 {
		base.AddDiffers(diags, m.Describe(), differences...)
	}
}

// follow takes what changes by itself, and keeps what was asked.
func (m *resourceModel) follow(setup traceloop.AutoMonitorSetup) {
	asked := m.model
	m.model = asked.answered(setup)
	m.Evaluators, m.Selector = asked.Evaluators, asked.Selector
}

// hasTypesForSlugs reports whether an answer is what was asked with types in the place of the slugs of
// the organization's own evaluators. Where the list of evaluators can be read, named has put the slugs back.
func hasTypesForSlugs(asked, answer types.Set) bool {
	typed := types.StringValue(traceloop.TypeOwnEvaluator)
	elements := answer.Elements()
	if !slices.ContainsFunc(elements, typed.Equal) {
		return false
	}
	own := 0
	for _, slug := range asked.Elements() {
		if !slices.ContainsFunc(elements, slug.Equal) {
			own++
		}
	}
	// All others of the answer were asked. A set has the type once, for any number of them.
	return own > 0 && len(elements)-1 == len(asked.Elements())-own
}

// sameRules reports whether two selectors have the same rules. Their order has no meaning: a span
// must match all of them.
func sameRules(a, b types.List) bool {
	if a.IsUnknown() || b.IsUnknown() {
		return false
	}
	has := func(list types.List) func(attr.Value) bool {
		return func(rule attr.Value) bool { return slices.ContainsFunc(list.Elements(), rule.Equal) }
	}
	missing := func(list, other types.List) bool {
		return slices.ContainsFunc(list.Elements(), func(rule attr.Value) bool { return !has(other)(rule) })
	}
	return !missing(a, b) && !missing(b, a)
}
