package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// applyTogether plans all keys in one process, in any order, and applies them in another, in
// any order that Terraform may choose. What the plan allows the apply does, unless somebody
// disturbs it; and whatever happens, no key goes of which the plan did not say so.
func (m *machine) applyTogether(rt *rapid.T, disturbed bool) {
	var slots []*slot
	for _, sl := range m.slots {
		if sl.kind == keyKind {
			slots = append(slots, sl)
		}
	}
	m.contestPlaces(rt, slots)

	run := m.together()
	if refused := run.plan(rt, slots, nil, true); refused != nil {
		rt.Logf("together: %v", refused)
		explains(m.t, m.server, refused)
		m.steps.failed.Add(1)
		m.nothingGoes(run.before, "")
		return
	}
	m.steps.applied.Add(1)
	before, said := run.before, run.said
	for _, sl := range slots {
		sl.state = run.prior[sl]
		if action := run.plans[sl].action; action == "replace" || action == "delete" {
			said += m.id(sl) + "\n"
		}
	}
	if disturbed {
		m.editKeys(rt)
		before = m.snapshot()
		// Terraform hands a creation nothing of its plan: with replace_existing it revokes what it finds.
		for sl, p := range run.plans {
			if p.action == "create" && sl.config["replace_existing"] == true {
				said += before.occupant(text(sl.config["project_id"]), text(sl.config["environment"])) + "\n"
			}
		}
	}

	for sl, err := range m.carryOut(rt, m.process(0), slots, run.plans) {
		if !disturbed && !run.refusesAlone(sl) {
			m.t.Errorf("%s: the plan allowed the apply to %s, which failed: %v", sl.label, run.plans[sl].action, err)
		}
	}
	m.nothingGoes(before, said)
	if !disturbed {
		run.checkSettled(rt, slots, nil)
	}
}

// carryOut applies the plans in any order that Terraform may choose. It returns the errors.
func (m *machine) carryOut(rt *rapid.T, applying *driver, slots []*slot, plans map[*slot]planResult) map[*slot]error {
	failed, half := map[*slot]error{}, map[*slot]int{}
	for open := slices.Clone(slots); len(open) > 0; {
		i := rapid.IntRange(0, len(open)-1).Draw(rt, "next")
		sl, p := open[i], plans[open[i]]
		prior, err := sl.state, error(nil)
		switch {
		case p.action == "":
		case half[sl] == 0:
			sl.state, err = applying.carryOutDelete(m.t.Context(), sl.kind, sl.state, p)
		default:
			sl.state, err = applying.carryOutRest(m.t.Context(), sl.kind, sl.state, p)
		}
		if err != nil {
			rt.Logf("%s: %s: %v", sl.label, p.action, err)
			failed[sl] = err
			if id := m.text(prior, "id"); id != "" && m.id(sl) != id {
				m.t.Errorf("%s: the state has lost %s by an action that failed: %v", sl.label, id, err)
			}
			explains(m.t, m.server, err)
		}
		if half[sl]++; err != nil || half[sl] == 2 || p.action == "" || p.action == "delete" {
			open = slices.Delete(open, i, i+1)
		}
	}
	return failed
}

// contestPlaces has keys swap their places, move on to the next one's, or meet in one.
func (m *machine) contestPlaces(rt *rapid.T, slots []*slot) {
	m.configure(rt, rapid.SampledFrom(slots).Draw(rt, "configured"))
	var blocks []*slot
	for _, sl := range slots {
		if sl.config != nil {
			sl.config = maps.Clone(sl.config)
			blocks = append(blocks, sl)
		}
	}
	if len(blocks) < 2 {
		return
	}
	if rapid.Bool().Draw(rt, "all replace existing") {
		for _, sl := range blocks {
			sl.config["replace_existing"] = true
		}
	}
	type at struct{ project, environment any }
	var places []at
	for _, sl := range blocks {
		places = append(places, at{sl.config["project_id"], sl.config["environment"]})
	}
	put := func(sl *slot, p at) { sl.config["project_id"], sl.config["environment"] = p.project, p.environment }
	switch rapid.SampledFrom([]string{"stay", "swap", "shift", "meet"}).Draw(rt, "how") {
	case "swap":
		put(blocks[0], places[1])
		put(blocks[1], places[0])
	case "shift":
		for i, sl := range blocks {
			put(sl, places[(i+1)%len(places)])
		}
	case "meet":
		put(blocks[0], places[1])
	}
}

// nothingGoes checks that of each key that went somebody said so.
func (m *machine) nothingGoes(before snapshot, said string) {
	now := m.snapshot()
	for id, key := range before.keys {
		if !now.has(id) && !strings.Contains(said, id) {
			m.t.Errorf("the plan did not say that the key %s of %s goes: %s", id, fmt.Sprint(key.ProjectID, "/", key.Environment), said)
		}
	}
}

func shuffled(rt *rapid.T, slots []*slot) []*slot {
	return rapid.Permutation(slots).Draw(rt, "order")
}
