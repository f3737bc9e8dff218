package servicecheck

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
)

// setupTrial creates, uses and deletes auto monitor setups in the check's own project, with the key
// that it has just generated there.
type setupTrial struct {
	*trial

	project, key string
	ids          [3]string // external ids; the last one must not be created
	open         map[string]bool
	deleted      map[string]bool
}

const kindSetup = "auto monitor setup"

type (
	fieldsOf = map[string]any
	listOf   = []any
)

// trialSelector has a rule with a value and a rule with a list of values.
var trialSelector = listOf{
	fieldsOf{"key": "gen_ai.system", "source": "span_attributes", "operator": "equals", "value": "openai"},
	fieldsOf{"key": "service.name", "source": "resource_attributes", "operator": "in", "values": listOf{"a", "b"}},
}

// checkLifeOfSetups creates setups, alone and in bulk, and deletes them.
func (t *trial) checkLifeOfSetups(ctx context.Context, project, key string) {
	name := "terraform-provider-traceloop-check-" + t.suffix
	s := &setupTrial{
		trial: t, project: project, key: key, ids: [3]string{name + "-1", name + "-2", name + "-3"},
		open: map[string]bool{}, deleted: map[string]bool{},
	}
	defer s.cleanUp(ctx)
	first := s.checkOne(ctx)
	s.checkBulk(ctx, first)
	s.checkDeletion(ctx, first)
}

// sendSetup sends a request with the project's own key. ids are the setups that it may create.
func (s *setupTrial) sendSetup(ctx context.Context, r request, ids ...string) *answer {
	r.as, r.asWhom, r.published = &s.key, "the project's own key", true
	a := s.send(ctx, r)
	if a.err != nil || a.status/100 != 4 {
		for _, id := range ids {
			s.open[id] = true
		}
	}
	return a
}

func (s *setupTrial) create(ctx context.Context, body fieldsOf) *answer {
	r := s.setups(nil)
	r.method, r.content = http.MethodPost, body
	id, _ := body["external_id"].(string)
	return s.sendSetup(ctx, r, id)
}

func (s *setupTrial) put(ctx context.Context, id string, body fieldsOf) *answer {
	r := s.setup(http.MethodPut, id)
	r.content = body
	return s.sendSetup(ctx, r, id)
}

func (s *setupTrial) bulk(ctx context.Context, items ...any) *answer {
	r := request{method: http.MethodPost, path: s.paths.AutoMonitorSetupsBulk, shown: s.paths.AutoMonitorSetupsBulk, content: fieldsOf{"setups": items}}
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i], _ = item.(fieldsOf)["external_id"].(string)
	}
	return s.sendSetup(ctx, r, ids...)
}

func (s *setupTrial) item(id string, evaluators ...any) fieldsOf {
	return fieldsOf{"external_id": id, "evaluators": evaluators, "selector": trialSelector}
}

// isWritten returns the problem with the answer to a write of a setup, or "".
func (s *setupTrial) isWritten(o object, id string, selector listOf, evaluators ...string) string {
	if wrong := lacks(o, setupFields); wrong != "" {
		return wrong
	}
	if wrong := eachLacks(o, "evaluators", evaluatorFields); wrong != "" {
		return wrong
	}
	var slugs []string
	for _, e := range o.objects("evaluators") {
		slugs = append(slugs, e.text("evaluator_type"))
	}
	slices.Sort(slugs)
	switch {
	case o.text("external_id") != id:
		return "external_id is not the one that was sent"
	case o.text("project_id") != s.project:
		return "project_id is not the key's project"
	case !slices.Equal(slugs, evaluators):
		return "evaluators are not those that were sent"
	case o.text("status") != "pending":
		return "status is not pending"
	}
	if wrong := wrongRules(o); wrong != "" {
		return wrong
	}
	return problemIf(!sameRules(o.objects("init_rules"), selector), "init_rules are not the selector that was sent")
}

// sameRules compares only what was sent. A service may add more, such as the type of a value.
func sameRules(rules []object, sent listOf) bool {
	if len(rules) != len(sent) {
		return false
	}
	for i := range sent {
		for name, value := range sent[i].(fieldsOf) { //nolint:forcetypeassert // of this file
			if !reflect.DeepEqual(rules[i][name], value) {
				return false
			}
		}
	}
	return true
}

func (s *setupTrial) checkOne(ctx context.Context) (first object) {
	generated := s.key != ""
	post := "POST " + s.paths.AutoMonitorSetups
	one := s.setup(http.MethodGet, s.ids[0])
	put := "PUT " + one.shown
	s.needs(ctx, post, "creates a setup in the project and environment of the key: 201", kindKey, generated, func() verdict {
		a := s.create(ctx, s.item(s.ids[0], "char-count", "word-count"))
		if a.good() && a.object().text("id") != "" {
			first = a.object()
		}
		return a.answers(http.StatusCreated, func(o object) string { return s.isWritten(o, s.ids[0], trialSelector, "char-count", "word-count") })
	})
	made := first != nil
	s.needs(ctx, post, "no evaluators are refused: 400", kindKey, generated, func() verdict {
		return s.create(ctx, s.item(s.ids[2])).refuses(http.StatusBadRequest)
	})
	s.needs(ctx, one.operation(), "shows a new setup at once", kindSetup, made, func() verdict {
		return s.sendSetup(ctx, one).answers(http.StatusOK, func(o object) string { return same(o, first, stillFields) })
	})
	s.needs(ctx, "GET "+s.paths.AutoMonitorSetups, "lists a new setup at once", kindSetup, made, func() verdict {
		return s.sendSetup(ctx, s.setups(nil)).lists(func(all []object) string {
			is := slices.ContainsFunc(all, func(o object) bool { return o.text("id") == first.text("id") })
			return problemIf(!is, "the list lacks it")
		})
	})
	s.needs(ctx, put, "replaces the evaluators, and the setup is pending: 200", kindSetup, made, func() verdict {
		return s.put(ctx, s.ids[0], fieldsOf{"evaluators": listOf{"word-count"}, "selector": trialSelector}).answers(http.StatusOK, func(o object) string {
			if o.text("id") != first.text("id") {
				return "id is not the same"
			}
			return s.isWritten(o, s.ids[0], trialSelector, "word-count")
		})
	})
	s.needs(ctx, put, "an empty selector removes the rules: 200", kindSetup, made, func() verdict {
		return s.put(ctx, s.ids[0], fieldsOf{"evaluators": listOf{"word-count"}, "selector": listOf{}}).answers(http.StatusOK, func(o object) string {
			return s.isWritten(o, s.ids[0], listOf{}, "word-count")
		})
	})
	s.needs(ctx, put, "an unknown external id is refused: 404", kindKey, generated, func() verdict {
		return s.put(ctx, s.ids[2], fieldsOf{"evaluators": listOf{"word-count"}, "selector": listOf{}}).refuses(http.StatusNotFound)
	})
	return first
}

// checkBulk sends three items: one replaces a setup, one is refused, and one creates a setup.
func (s *setupTrial) checkBulk(ctx context.Context, first object) {
	bulk := "POST " + s.paths.AutoMonitorSetupsBulk
	made := first != nil
	var items []object
	s.needs(ctx, bulk, "answers each item, in the order of the request: 207", kindSetup, made, func() verdict {
		sent := []string{s.ids[0], s.ids[2], s.ids[1]}
		a := s.bulk(ctx, s.item(sent[0], "char-count"), s.item(sent[1], "no-such-evaluator-"+s.suffix), s.item(sent[2], "word-count"))
		return a.answers(http.StatusMultiStatus, func(o object) string {
			answered := o.objects("setups")
			if len(answered) != len(sent) {
				return "setups does not have an element for each item"
			}
			for i, item := range answered {
				switch {
				case item.text("external_id") != sent[i]:
					return "setups is not in the order of the request"
				case item.text("status") != "ok" && item.text("status") != "error":
					return "status of an item is neither ok nor error"
				}
			}
			items = answered
			return ""
		})
	})
	of := func(rule string, wrong func() string) {
		s.needs(ctx, bulk, rule, "bulk upsert", items != nil, func() verdict {
			if problem := wrong(); problem != "" {
				return verdict{outcome: differs, sent: bulk + " {setups} with the project's own key", came: "207: " + problem}
			}
			return itHolds
		})
	}
	result := func(i int) object {
		o, _ := items[i]["result"].(map[string]any)
		return o
	}
	of("replaces an existing setup", func() string {
		if wrong := s.isWritten(result(0), s.ids[0], trialSelector, "char-count"); wrong != "" {
			return "result: " + wrong
		}
		return problemIf(result(0).text("id") != first.text("id"), "result: id is not the same")
	})
	of("creates a missing setup, even if another item is refused", func() string {
		if wrong := s.isWritten(result(2), s.ids[1], trialSelector, "word-count"); wrong != "" {
			return "result: " + wrong
		}
		return ""
	})
	of("refuses only the item with an unknown evaluator, and names its index", func() string {
		return problemIf(items[1].text("status") != "error" || !strings.HasPrefix(items[1].text("error"), "setups[1]: "), "error does not begin with the item's index")
	})
	s.needs(ctx, bulk, "one external id twice is refused: 400", kindSetup, made, func() verdict {
		return s.bulk(ctx, s.item(s.ids[1], "char-count"), s.item(s.ids[1], "word-count")).refuses(http.StatusBadRequest)
	})
	s.needs(ctx, bulk, "no items are refused: 400", kindSetup, made, func() verdict { return s.bulk(ctx).refuses(http.StatusBadRequest) })
}

func (s *setupTrial) checkDeletion(ctx context.Context, first object) {
	get, remove := s.setup(http.MethodGet, s.ids[0]), s.setup(http.MethodDelete, s.ids[0])
	gone := s.needs(ctx, remove.operation(), "deletes a setup: 204", kindSetup, first != nil, func() verdict {
		worst := itHolds
		for _, id := range s.ids[:2] {
			if !s.open[id] {
				continue
			}
			a := s.sendSetup(ctx, s.setup(http.MethodDelete, id))
			s.deleted[id] = a.good()
			if v := a.answers(http.StatusNoContent, nil); v.outcome != holds {
				worst = v
			}
		}
		return worst
	}).outcome == holds
	const deleted = "auto monitor setup that it has deleted"
	s.needs(ctx, get.operation(), "a deleted setup is not found: 404", deleted, gone, func() verdict {
		return s.sendSetup(ctx, get).refuses(http.StatusNotFound)
	})
	s.needs(ctx, remove.operation(), "a deleted setup is not deleted again: 404", deleted, gone, func() verdict {
		return s.sendSetup(ctx, remove).refuses(http.StatusNotFound)
	})
}

// cleanUp deletes the remaining setups before the key for them is revoked.
func (s *setupTrial) cleanUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	for _, id := range s.ids {
		if s.open[id] && !s.remove(ctx, id) {
			s.left = append(s.left, thing{kindSetup, s.paths.AutoMonitorSetups, id})
		}
	}
}

func (s *setupTrial) remove(ctx context.Context, id string) (gone bool) {
	for attempt := range cleanUpAttempts {
		if attempt > 0 && s.wait(ctx, time.Second<<(attempt-1)) != nil {
			return false
		}
		if attempt > 0 || !s.deleted[id] {
			s.sendSetup(ctx, s.setup(http.MethodDelete, id))
		}
		switch s.sendSetup(ctx, s.setup(http.MethodGet, id)).status {
		case http.StatusBadRequest, http.StatusNotFound, http.StatusGone:
			return true
		}
	}
	return false
}
