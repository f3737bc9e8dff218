package emulator

import (
	"database/sql"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// How long a setup is pending, and then in progress. After that it waits for a span that matches
// its rules, unless one has arrived already.
const (
	pendingFor  = 5 * time.Second
	progressFor = 5 * time.Second
)

// setupTime is the time by the clock of the setups.
func (e *Emulator) setupTime() time.Time {
	return e.now().UTC().Add(time.Duration(e.settings.snapshot().SetupsAheadSeconds) * time.Second)
}

// progress sets the status of a setup and of its evaluators. failing has the reasons of evaluators that
// fail.
func (s *storedSetup) progress(now time.Time, failing map[string]string) {
	begun, err := time.Parse(time.RFC3339Nano, s.begunAt)
	elapsed := now.Sub(begun)
	switch {
	case err != nil || elapsed < pendingFor:
		s.Status = traceloop.StatusPending
	case elapsed < pendingFor+progressFor:
		s.Status = traceloop.StatusInProgress
	case s.matched == 0:
		s.Status = traceloop.StatusWaitingForSpans
	default:
		s.finish(failing)
		return
	}
	for i := range s.Evaluators {
		s.Evaluators[i].Status = s.Status
	}
}

// finish runs the evaluators as far as the status needs.
func (s *storedSetup) finish(failing map[string]string) {
	failures := 0
	for i := range s.Evaluators {
		evaluator := &s.Evaluators[i]
		evaluator.Status = traceloop.StatusCompleted
		if message, fails := failing[evaluator.Type]; fails {
			evaluator.Status, evaluator.ErrorMessage = traceloop.StatusFailed, message
			failures++
		}
	}
	switch failures {
	case 0:
		s.Status = traceloop.StatusCompleted
	case len(s.Evaluators):
		s.Status = traceloop.StatusFailed
	default:
		s.Status = traceloop.StatusPartial
	}
}

// matchSpans counts the spans that match the setups of a project and environment.
func matchSpans(tx *sql.Tx, envProject string, traces ptrace.Traces) error {
	stored, err := setups.read(tx, "t.env_project_id = ?", envProject)
	if err != nil {
		return err
	}
	for _, setup := range stored {
		matched := 0
		for _, resource := range traces.ResourceSpans().All() {
			for _, scope := range resource.ScopeSpans().All() {
				for _, span := range scope.Spans().All() {
					if matches(setup.InitRules, resource.Resource().Attributes(), span.Attributes()) {
						matched++
					}
				}
			}
		}
		if matched == 0 {
			continue
		}
		if _, err := tx.Exec("UPDATE setups SET matched = matched + ? WHERE id = ?", matched, setup.ID); err != nil {
			return err
		}
	}
	return nil
}

// matches reports whether a span matches every rule.
func matches(rules []Rule, resource, span pcommon.Map) bool {
	for _, rule := range rules {
		attributes := span
		if rule.Source == contract.SourceResource {
			attributes = resource
		}
		value, exists := attributes.Get(rule.Key)
		text := ""
		if exists {
			text = value.AsString()
		}
		if !rule.holds(text, exists) {
			return false
		}
	}
	return true
}

// holds treats a missing attribute as different from every value.
func (r Rule) holds(text string, exists bool) bool {
	value := ""
	if r.Value != nil {
		value = *r.Value
	}
	matches := true
	switch r.Operator {
	case contract.Equals, contract.NotEquals:
		matches = text == value
	case contract.Contains, contract.NotContains:
		matches = strings.Contains(text, value)
	case contract.In, contract.NotIn:
		matches = slices.Contains(r.Values, text)
	}
	negated := slices.Contains([]string{contract.NotEquals, contract.NotContains, contract.NotIn, contract.NotExists}, r.Operator)
	return (exists && matches) != negated
}
