package servicecheck

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// Auto monitor setups have the only published operations that read. They are called with the key
// of a project and environment, never with the management key.

var (
	setupStatuses = []string{
		traceloop.StatusPending, traceloop.StatusInProgress, traceloop.StatusWaitingForSpans,
		traceloop.StatusCompleted, traceloop.StatusPartial, traceloop.StatusFailed,
	}
	setupStatus = kind{func(v any) bool { s, ok := v.(string); return ok && slices.Contains(setupStatuses, s) }, "a status that Traceloop documents"}
	source      = kind{func(v any) bool { return v == contract.SourceSpan || v == contract.SourceResource }, "span_attributes or resource_attributes"}
	operator    = kind{func(v any) bool { s, ok := v.(string); _, known := contract.FindOperator(s); return ok && known }, "an operator that Traceloop documents"}

	setupFields = []field{
		{"id", text},
		{"external_id", text},
		{"project_id", text},
		{"env_project_id", text},
		{"init_rules", anyList},
		{"evaluators", anyList},
		{"status", setupStatus},
		{"created_at", moment},
		{"updated_at", moment},
	}
	// stillFields are the fields that do not change without a request.
	stillFields     = []field{{"id", text}, {"external_id", text}, {"project_id", text}, {"env_project_id", text}, {"init_rules", anyList}, {"created_at", moment}}
	evaluatorFields = []field{{"evaluator_type", slug}}
	ruleFields      = []field{{"key", text}, {"source", source}, {"operator", operator}}
)

// maxPlaces limits the projects and environments in which to look for a setup of the key.
const maxPlaces = 20

func (c *checker) setups(query url.Values) request {
	r := list(c.paths.AutoMonitorSetups, query)
	r.published = true
	return r
}

func (c *checker) setup(method, externalID string) request {
	r := element(method, c.paths.AutoMonitorSetups, externalID)
	r.shown, r.published = c.paths.AutoMonitorSetups+"/{external_id}", true
	return r
}

// checkSetups checks the reads of auto monitor setups. It returns false if the first request gets no
// answer.
func (c *checker) checkSetups(ctx context.Context) (answered bool) {
	none, unknown := "", traceloop.KeyPrefix+rand.Text()
	r := c.setups(nil)
	operation := r.operation()
	r.as, r.asWhom = &none, "no key"
	if c.rule(ctx, operation, "needs a key: 401 without one", func() verdict { return c.send(ctx, r).refuses(http.StatusUnauthorized) }).outcome == noAnswer {
		return false
	}
	r.as, r.asWhom = &unknown, "a key that does not exist"
	c.rule(ctx, operation, "knows its keys: 401 with another", func() verdict { return c.send(ctx, r).refuses(http.StatusUnauthorized) })

	var all *answer
	listed := c.rule(ctx, operation, "answers a list: 200", func() verdict {
		all = c.send(ctx, c.setups(nil))
		return all.lists(func([]object) string { return "" })
	})
	var setups []object
	if listed.outcome == holds {
		setups = all.objects()
	}
	rule := func(operation, rule string, judge func() verdict) {
		c.rule(ctx, operation, rule, func() verdict {
			if listed.outcome != holds {
				return unshown("the list could not be read: %s", listed.outcome)
			}
			return judge()
		})
	}
	needs := func(operation, text string, judge func() verdict) {
		rule(operation, text, func() verdict {
			if len(setups) == 0 {
				return unshown("there are no auto monitor setups")
			}
			return judge()
		})
	}
	each := func(rule string, wrong func(object) string) {
		needs(operation, rule, func() verdict {
			for _, setup := range setups {
				if problem := wrong(setup); problem != "" {
					return all.verdict(differs, "", problem)
				}
			}
			return itHolds
		})
	}
	each("shows each setup with its fields", has(setupFields))
	each("names evaluators by their slugs, in evaluator_type", func(o object) string { return eachLacks(o, "evaluators", evaluatorFields) })
	rules := 0
	each("shows rules with key, source, operator and what the operator requires", func(o object) string {
		rules += len(o.objects("init_rules"))
		return wrongRules(o)
	})
	if last := len(c.lines) - 1; rules == 0 && c.lines[last].outcome == holds {
		c.lines[last].verdict = unshown("no setup has rules")
	}
	seen, places := map[string]bool{}, map[[2]string]bool{}
	each("lists each setup once", func(o object) string {
		twice := seen[o.text("id")]
		seen[o.text("id")] = true
		return problemIf(twice, "an id occurs twice")
	})
	each("an external id is unique in a project and environment", func(o object) string {
		place := [2]string{o.text("env_project_id"), o.text("external_id")}
		twice := places[place]
		places[place] = true
		return problemIf(twice, "a project and environment have one external id twice")
	})
	needs(operation, "status selects setups", func() verdict {
		i := slices.IndexFunc(setupStatuses, func(status string) bool {
			return slices.ContainsFunc(setups, func(o object) bool { return o.text("status") != status })
		})
		return c.selects(ctx, "status", setupStatuses[i])
	})
	needs(operation, "external_id selects setups", func() verdict { return c.selects(ctx, "external_id", setups[0].text("external_id")) })

	one := operation + "/{external_id}"
	own, answer := c.ownSetup(ctx, setups)
	needs(one, "shows the setup as the list does", func() verdict {
		if own == nil {
			return unshown("none of the setups is of the key's project and environment")
		}
		return answer.answers(http.StatusOK, func(o object) string {
			if wrong := lacks(o, setupFields); wrong != "" {
				return wrong
			}
			return same(o, own, stillFields)
		})
	})
	needs(one, "a setup of another project or environment is not found: 404", func() verdict {
		for _, other := range setups {
			place := other.text("env_project_id")
			if place != own.text("env_project_id") && !places[[2]string{own.text("env_project_id"), other.text("external_id")}] {
				return c.send(ctx, c.setup(http.MethodGet, other.text("external_id"))).refuses(http.StatusNotFound)
			}
		}
		return unshown("no other project or environment has a setup")
	})
	rule(one, "an unknown external id is refused: 404", func() verdict {
		return c.send(ctx, c.setup(http.MethodGet, noSuchID())).refuses(http.StatusNotFound)
	})
	return true
}

// ownSetup looks for a setup of the key's project and environment, because a list does not say
// which one that is.
func (c *checker) ownSetup(ctx context.Context, setups []object) (object, *answer) {
	tried := map[string]bool{}
	for _, setup := range setups {
		place := setup.text("env_project_id")
		if tried[place] || len(tried) == maxPlaces || setup.text("external_id") == "" {
			continue
		}
		tried[place] = true
		a := c.send(ctx, c.setup(http.MethodGet, setup.text("external_id")))
		if !a.good() {
			continue
		}
		for _, own := range setups {
			if own.text("id") == a.object().text("id") {
				return own, a
			}
		}
	}
	return nil, nil
}

// selects checks a filter of the list.
func (c *checker) selects(ctx context.Context, name, value string) verdict {
	return c.send(ctx, c.setups(url.Values{name: {value}})).lists(func(found []object) string {
		for _, setup := range found {
			if setup.text(name) != value {
				return name + " is another one"
			}
		}
		return ""
	})
}

// objects returns the elements of a list in an object; nil for an element that is not an object.
func (o object) objects(name string) []object {
	values, _ := o[name].([]any)
	all := make([]object, len(values))
	for i, value := range values {
		all[i], _ = value.(map[string]any)
	}
	return all
}

func eachLacks(o object, name string, fields []field) string {
	for _, element := range o.objects(name) {
		if wrong := lacks(element, fields); wrong != "" {
			return name + ": " + wrong
		}
	}
	return ""
}

func wrongRules(setup object) string {
	if wrong := eachLacks(setup, "init_rules", ruleFields); wrong != "" {
		return wrong
	}
	for _, rule := range setup.objects("init_rules") {
		operator, _ := contract.FindOperator(rule.text("operator"))
		if _, is := rule[string(operator.Operand)]; operator.Operand != contract.NoValue && !is {
			return fmt.Sprintf("init_rules: %s is missing", operator.Operand)
		}
	}
	return ""
}

func problemIf(is bool, problem string) string {
	if is {
		return problem
	}
	return ""
}
