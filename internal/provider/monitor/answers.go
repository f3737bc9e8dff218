package monitor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// This file compares what the service answers with what was asked. An answer may be terse or late:
// it may show an organization's own evaluator by its type, have no evaluators while the setup is
// pending, or have the rules in another order. None of this is drift.

// answered is the setup as the service describes it. What only seems to differ stays as it was.
func (m model) answered(setup traceloop.AutoMonitorSetup) model {
	got := newModel(setup)
	late := len(setup.Evaluators) == 0 && (setup.Status == traceloop.StatusPending || setup.Status == "")
	if own, ok := ownEvaluators(m.Evaluators, got.Evaluators); ok {
		got.Evaluators = m.Evaluators
		got.EvaluatorStatus = renameOwn(got.EvaluatorStatus, own)
	}
	if late && !m.Evaluators.IsNull() {
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
		differences = append(differences, fmt.Sprintf("evaluators: %s; the answer has %s", texts(m.Evaluators), texts(answer.Evaluators)))
	}
	if !sameRules(answer.Selector, m.Selector) {
		differences = append(differences, fmt.Sprintf("selector: %d rules; the answer has %d, or other ones", len(m.Selector.Elements()), len(answer.Selector.Elements())))
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

// ownEvaluators reports whether an answer is what was asked with types in the place of the slugs of
// the organization's own evaluators. It returns these slugs.
func ownEvaluators(asked, answer types.Set) (own []attr.Value, ok bool) {
	typed := types.StringValue(traceloop.TypeOwnEvaluator)
	elements := answer.Elements()
	if !slices.ContainsFunc(elements, typed.Equal) {
		return nil, false
	}
	for _, slug := range asked.Elements() {
		if !slices.ContainsFunc(elements, slug.Equal) {
			own = append(own, slug)
		}
	}
	// All others of the answer were asked. A set has the type once, for any number of them.
	return own, len(own) > 0 && len(elements)-1 == len(asked.Elements())-len(own)
}

// renameOwn puts the status of an own evaluator under its slug, if there is only one.
func renameOwn(status types.Map, own []attr.Value) types.Map {
	elements := status.Elements()
	slug, ok := own[0].(types.String)
	value, found := elements[traceloop.TypeOwnEvaluator]
	if len(own) > 1 || !ok || !found {
		return status
	}
	delete(elements, traceloop.TypeOwnEvaluator)
	elements[slug.ValueString()] = value
	return types.MapValueMust(evaluatorStatusType, elements)
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

func texts(set types.Set) string {
	slugs := make([]string, 0, len(set.Elements()))
	for _, element := range set.Elements() {
		slugs = append(slugs, element.String())
	}
	return "[" + strings.Join(slices.Sorted(slices.Values(slugs)), ", ") + "]"
}
