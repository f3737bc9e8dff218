package provider_test

import (
	"bytes"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// applyAll plans all resources in one process, in any order, and applies them in another, in any
// order. References are literal ids and slugs, so Terraform knows of no order either. It imports
// objects, also those that have an address, and replaces some as taint and -replace do. Nothing that
// the plan keeps or creates may go, and no key goes of which nobody says so.
func (m *machine) applyAll(rt *rapid.T, disturbed bool) {
	blocks := map[*slot]arguments{}
	for _, sl := range m.slots {
		blocks[sl] = sl.config
	}
	slots := m.rearrange(rt)
	imports := m.importsFor(rt, slots)
	defer func() {
		for _, sl := range m.slots {
			sl.state.tainted, sl.state.forced = false, false
		}
	}()
	run := m.together()
	if refused := run.plan(rt, slots, imports, false); refused != nil {
		rt.Logf("all together: %v", refused)
		explains(m.t, m.server, refused)
		m.steps.failed.Add(1)
		if !reflect.DeepEqual(run.before, m.snapshot()) {
			m.t.Errorf("a plan that was refused has changed something: %v", refused)
		}
		run.justify(slots, imports, refused)
		if rapid.Bool().Draw(rt, "put back") {
			for _, sl := range m.slots {
				sl.config = blocks[sl]
			}
		}
		return
	}
	m.steps.applied.Add(1)
	m.steps.wholeApplied.Add(1)
	run.checkPlan(slots, imports)
	for _, sl := range slots {
		sl.state = run.prior[sl]
	}
	if disturbed {
		m.steps.faulty.Add(1)
		m.server.SetFaults(m.faults(rt)...)
	}
	applying := m.process(0)
	failed := m.carryOut(rt, applying, slots, run.plans)
	m.server.SetFaults()
	for _, diag := range applying.applied {
		run.said += diag.Summary + diag.Detail + "\n"
	}
	run.checkApply(slots, errors.Join(slices.Collect(maps.Values(failed))...))
	// A tainted object goes in any case: the provider is not asked whether it may.
	if !disturbed && !run.unread {
		for sl, err := range failed {
			if m.id(sl) == "" && run.destroys(sl) && !run.prior[sl].tainted && strings.Contains(err.Error(), "has already") {
				m.t.Errorf("%s: what the plan allowed to replace has no successor: %v", sl.label, err)
			}
		}
	}
	if len(failed) == 0 && !run.unread {
		run.checkSettled(rt, slots, imports)
	}
}

// rearrange changes blocks, and asks for replacements. It returns what the plan is about: all, or
// what -target names.
func (m *machine) rearrange(rt *rapid.T) []*slot {
	m.steps.whole.Add(1)
	for range rapid.IntRange(1, 3).Draw(rt, "changes") {
		sl := m.pick(rt)
		switch rapid.SampledFrom([]string{"configure", "configure", "take out", "taint", "replace"}).Draw(rt, "change") {
		case "configure":
			m.configure(rt, sl)
		case "take out":
			sl.config = nil
		case "taint":
			sl.state.tainted = !sl.state.value.IsNull()
		case "replace":
			sl.state.forced = !sl.state.value.IsNull()
		}
	}
	if rapid.IntRange(0, 3).Draw(rt, "rotate by hand") == 0 {
		m.rotateByHand(rt)
	}
	slots := slices.Clone(m.slots)
	if rapid.IntRange(0, 5).Draw(rt, "target") == 0 {
		slots = shuffled(rt, slots)[:rapid.IntRange(2, 5).Draw(rt, "targets")]
	}
	return slots
}

// rotateByHand is somebody who rotates a key in the dashboard.
func (m *machine) rotateByHand(rt *rapid.T) {
	if keys := m.server.Keys(); len(keys) > 0 {
		m.steps.byHand.Add(1)
		key := one(rt, keys)
		m.server.RevokeKey(key.ID)
		id, plain := m.server.GenerateKey(key.ProjectID, key.Environment)
		m.plain[id] = plain
	}
}

// importBlock is an import block.
type importBlock struct {
	id    string
	forms []string // all import ids of the object
}

// importsFor writes import blocks. Their objects may have an address already. Terraform does not ask
// about an address that -target leaves out, so that one is none of them.
func (m *machine) importsFor(rt *rapid.T, slots []*slot) map[*slot]importBlock {
	imports, leftOut := map[*slot]importBlock{}, map[string]bool{}
	for _, sl := range m.slots {
		if !slices.Contains(slots, sl) {
			leftOut[m.id(sl)] = true
		}
	}
	for _, sl := range slots {
		if !sl.state.value.IsNull() || rapid.IntRange(0, 4).Draw(rt, "import") > 0 {
			continue
		}
		all := m.importIDs(sl.kind, leftOut)
		if len(all) == 0 {
			continue
		}
		forms := all[rapid.IntRange(0, len(all)-1).Draw(rt, "object")]
		imports[sl] = importBlock{rapid.SampledFrom(forms).Draw(rt, "form"), forms}
		for _, other := range m.slots {
			if slices.Contains(forms, m.id(other)) && other.config != nil && rapid.Bool().Draw(rt, "same arguments") {
				sl.config = maps.Clone(other.config)
			}
		}
		if sl.config == nil {
			m.configure(rt, sl)
		}
		if sl.config == nil {
			delete(imports, sl) // an import needs a block
		}
	}
	return imports
}

// together is one plan of many resources, and its apply.
type together struct {
	*machine
	before snapshot
	prior  map[*slot]instance // after the refresh or the import
	plans  map[*slot]planResult
	said   string // by the plan and the apply
	unread bool   // -refresh=false
}

func (m *machine) together() *together {
	return &together{machine: m, before: m.snapshot(), plans: map[*slot]planResult{}, prior: map[*slot]instance{}}
}

// plan plans resources in one process, in any order.
func (w *together) plan(rt *rapid.T, slots []*slot, imports map[*slot]importBlock, refreshes bool) error {
	ctx, planning := w.t.Context(), w.process(0)
	w.unread = !refreshes && rapid.IntRange(0, 3).Draw(rt, "refresh") == 0
	for _, sl := range slots {
		// Without a refresh, Terraform says nothing of a tainted object. And nothing tells that a creation
		// in another place replaces a tainted project or environment, also where somebody has renamed it.
		w.prior[sl] = sl.state
		places := slices.Compact(w.handles(sl)[min(1, len(w.handles(sl))):])
		if project, ok := w.before.projects[w.had(sl)]; ok && project.Name != w.text(sl.state, "name") {
			places = nil
		}
		sl.state.tainted = sl.state.tainted && !w.unread && (sl.kind == keyKind || len(places) == 1)
		delete(w.prior, sl)
	}
	var refused []error
	unreadable := map[*slot]bool{}
	for _, sl := range rapid.Permutation(slices.Concat(slots, slots)).Draw(rt, "order") {
		was, read := w.prior[sl]
		var err error
		switch id := imports[sl].id; {
		case unreadable[sl]:
			continue
		case read:
			w.plans[sl], err = planning.plan(ctx, sl.kind, was, sl.config)
			for _, diag := range w.plans[sl].diags {
				w.said += diag.Summary + diag.Detail + "\n"
			}
		case id != "":
			w.prior[sl], err = planning.importID(ctx, sl.kind, id)
		case !w.unread:
			w.prior[sl], err = planning.refresh(ctx, sl.kind, sl.state)
		default:
			w.prior[sl] = sl.state
		}
		unreadable[sl] = err != nil
		refused = append(refused, err)
	}
	return errors.Join(refused...)
}

// refusesAlone says whether the plan warns that the apply refuses this key alone.
func (w *together) refusesAlone(sl *slot) bool {
	return slices.ContainsFunc(warnings(w.plans[sl].diags), func(summary string) bool {
		return slices.Contains([]string{"Environment Already Has an API Key", "Unknown Environment", "Unknown Project"}, summary)
	})
}

// had is the id of what is at an address before the plan.
func (w *together) had(sl *slot) string { return w.text(w.prior[sl], "id") }

// keeps says whether the plan keeps what the slot has.
func (w *together) keeps(sl *slot) bool {
	action := w.plans[sl].action
	return w.had(sl) != "" && (action == "" || action == "update")
}

// destroys says whether the plan destroys what the slot has. Built-in environments are only forgotten.
func (w *together) destroys(sl *slot) bool {
	action := w.plans[sl].action
	return w.had(sl) != "" && (action == "delete" || action == "replace") && !w.before.environments[w.had(sl)].BuiltIn
}

// checkPlan checks a plan that nothing refused.
func (w *together) checkPlan(slots []*slot, imports map[*slot]importBlock) {
	for _, sl := range slots {
		id := w.had(sl)
		if id == "" {
			continue
		}
		for _, other := range slots {
			if sl == other || w.had(other) == "" {
				continue
			}
			if w.had(other) == id && !w.before.environments[id].BuiltIn { // which is only forgotten
				w.t.Errorf("%s and %s: the plan has %s at two addresses (import ids %q and %q)", sl.label, other.label, id, imports[sl].id, imports[other].id)
			}
			if w.keeps(sl) && w.destroys(other) && w.before.has(id) && w.before.cascade(w.had(other))[id] {
				w.t.Errorf("the plan keeps %s (%s), and destroys %s (%s), which takes it along", sl.label, id, other.label, w.had(other))
			}
		}
	}
}

// checkApply checks what an apply has changed.
func (w *together) checkApply(slots []*slot, err error) {
	now, message := w.snapshot(), ""
	if err != nil {
		message = err.Error()
	}
	mayGo, named := map[string]bool{}, map[string]bool{}
	for _, sl := range slots {
		if w.destroys(sl) {
			goes := w.before.cascade(w.had(sl))
			maps.Copy(mayGo, goes)
			named[w.had(sl)] = true
			if p := w.prior[sl]; p.forced || p.tainted { // there, Terraform shows no warnings of the plan
				maps.Copy(named, goes)
			}
		}
	}
	unread := strings.Contains(w.said, "could not find out which keys") // a fault in the plan, which says so
	for _, was := range w.before.ids() {
		key, isKey := w.before.keys[was]
		isNamed := named[was] || isKey && (strings.Contains(w.said, was) || strings.Contains(w.said, key.MaskedKey))
		if !now.has(was) && (!isNamed && isKey && !(unread && mayGo[was]) || !isKey && !mayGo[was]) {
			w.t.Errorf("%s was deleted, and nobody said so: %v\n%s", was, err, w.said)
		}
	}

	held := map[string]bool{}
	for _, sl := range w.slots {
		held[w.id(sl)] = true
	}
	for _, sl := range slots {
		old, id := w.had(sl), w.id(sl)
		switch {
		case w.keeps(sl) && w.before.has(old) && !now.has(old):
			w.t.Errorf("%s: the plan kept %s, and its apply has destroyed it: %v", sl.label, old, err)
		case old != id && id != "" && !now.has(id):
			w.t.Errorf("%s: the apply has created %s, and destroyed it: %v", sl.label, id, err)
		}
		if now.has(old) && !held[old] && !now.environments[old].BuiltIn {
			w.t.Errorf("%s: the state has lost %s, which exists: %v", sl.label, old, err)
		}
	}
	for _, is := range now.ids() {
		if w.before.has(is) || held[is] || now.environments[is].BuiltIn {
			continue
		}
		if !strings.Contains(message, is) && !strings.Contains(message, "could not find out") {
			w.t.Errorf("%s was made, is not in the state, and no error names it: %v", is, err)
		}
		w.excused[is] = true
	}
}

// checkSettled plans once more after an apply without errors.
func (w *together) checkSettled(rt *rapid.T, slots []*slot, imports map[*slot]importBlock) {
	again, ctx := w.process(0), w.t.Context()
	for _, sl := range shuffled(rt, slots) {
		w.secrets(sl)
		refreshed, err := again.refresh(ctx, sl.kind, sl.state)
		if err != nil {
			w.t.Fatalf("%s: %v", sl.label, err)
		}
		// A key that is due is not rotated by the plan that imports it, but by the next one.
		isDue := imports[sl].id != "" && sl.kind == keyKind
		if p, err := again.plan(ctx, sl.kind, refreshed, sl.config); err != nil || p.action != "" && !(isDue && p.action == "replace") && !w.refusesAlone(sl) {
			w.t.Errorf("%s: after the apply a plan wants to %s: %v", sl.label, p.action, err)
		}
	}
}

// justify checks that the ledger refuses a plan only where two resources meet.
func (w *together) justify(slots []*slot, imports map[*slot]importBlock, refused error) {
	share := func(sl, other *slot) bool {
		theirs := append(w.handles(other), imports[other].forms...)
		return sl != other && slices.ContainsFunc(append(w.handles(sl), imports[sl].forms...), func(h string) bool {
			return slices.ContainsFunc(theirs, func(their string) bool { return h == their || takesInAll(h, their) || takesInAll(their, h) })
		})
	}
	var shares, takesAlong bool
	for _, sl := range slots {
		// Before it is planned, an object in the place of a creation looks like a tainted one.
		goes := w.goes(sl) || w.had(sl) != "" && slices.ContainsFunc(slots, func(other *slot) bool { return share(sl, other) })
		for _, other := range slots {
			shares = shares || share(sl, other)
			takesAlong = takesAlong || goes && sl != other && w.isInside(other, imports[other], sl)
		}
	}
	if strings.Contains(refused.Error(), "Two Resources for One") && !shares {
		w.t.Errorf("no two resources are for one object or place: %v", refused)
	}
	if strings.Contains(refused.Error(), "Destroying Takes Along") && !takesAlong {
		w.t.Errorf("nothing is in what goes: %v", refused)
	}
}

// takesInAll says whether a place is that of an organization-level environment, and its slug is that of
// the other place, in some project.
func takesInAll(place, other string) bool {
	slug, forAll := strings.CutPrefix(place, "environment /")
	return forAll && strings.HasPrefix(other, "environment ") && strings.HasSuffix(other, "/"+slug)
}

// handles are the object of a slot, and the places that it has and is to have.
func (w *together) handles(sl *slot) []string {
	place := func(name, project, environment string) string {
		switch sl.kind {
		case projectKind:
			return "name " + name
		case environmentKind:
			return "environment " + project + "/" + traceloop.Slug(name)
		}
		return "key of " + project + "/" + environment
	}
	var handles []string
	if had := w.prior[sl]; w.had(sl) != "" {
		project := w.text(had, "project_id")
		handles = append(handles, w.had(sl), place(w.text(had, "name"), project, w.text(had, "environment")))
	}
	if c := sl.config; c != nil {
		handles = append(handles, place(text(c["name"]), text(c["project_id"]), text(c["environment"])))
	}
	return handles
}

// goes says whether a plan has to destroy what the slot has.
func (w *together) goes(sl *slot) bool {
	had := w.prior[sl]
	switch {
	case w.had(sl) == "":
		return false
	case sl.config == nil, had.tainted, had.forced:
		return true
	case sl.kind == environmentKind:
		return text(sl.config["name"]) != w.text(had, "name") || text(sl.config["project_id"]) != w.text(had, "project_id")
	}
	return false
}

// isInside says whether what a slot has or is to have is in what another one has.
func (w *together) isInside(sl *slot, imports importBlock, other *slot) bool {
	in := w.prior[other]
	takes := func(project, environment string) bool {
		if other.kind == projectKind {
			return project == w.had(other)
		}
		level := w.text(in, "project_id")
		return other.kind == environmentKind && sl.kind == keyKind && environment == w.text(in, "slug") && (level == "" || level == project)
	}
	had := w.prior[sl]
	return w.had(sl) != "" && takes(w.text(had, "project_id"), w.text(had, "environment")) ||
		sl.config != nil && takes(text(sl.config["project_id"]), text(sl.config["environment"])) ||
		slices.ContainsFunc(imports.forms, func(id string) bool { return w.before.cascade(w.had(other))[id] })
}

// useAnotherOrganization has the management key of another organization. Nothing is lost.
func (m *machine) useAnotherOrganization(rt *rapid.T) {
	var slots []*slot
	for _, sl := range m.slots {
		if m.snapshot().has(m.id(sl)) {
			slots = append(slots, sl)
		}
	}
	if len(slots) == 0 {
		return
	}
	sl := one(rt, slots)
	id := m.id(sl)
	m.steps.elsewhere.Add(1)
	ctx, before := m.t.Context(), m.snapshot()
	prior, wrong := sl.state, m.elsewhere()
	how := rapid.SampledFrom([]string{"refresh", "destroy", "saved destroy", "saved replacement", "saved plan", "tainted"}).Draw(rt, "how")
	after, err := prior, error(nil)
	p := planResult{}
	config := sl.config
	switch how {
	case "refresh":
		if bytes.Contains(prior.private, []byte("origin")) {
			after, err = wrong.refresh(ctx, sl.kind, prior)
			if err == nil {
				m.t.Errorf("%s: %s is in another organization, and a refresh says nothing", sl.label, id)
			}
		}
	case "destroy":
		p, err = wrong.plan(ctx, sl.kind, prior, nil)
	case "saved destroy":
		p, err = m.process(0).plan(ctx, sl.kind, prior, nil)
	case "saved replacement":
		prior.forced = true
		p, err = m.process(0).plan(ctx, sl.kind, prior, config)
	case "saved plan":
		p, err = m.process(0).plan(ctx, sl.kind, prior, config)
	case "tainted":
		prior.tainted = true
		p, err = wrong.plan(ctx, sl.kind, prior, config)
	}
	if err == nil && p.action != "" {
		after, err = wrong.next().carryOut(ctx, sl.kind, prior, p)
	}
	rt.Logf("%s: another organization: %s: %v", sl.label, how, err)
	if m.text(after, "id") != id && !before.environments[id].BuiltIn {
		m.t.Errorf("%s: %s with the key of another organization: the state has lost %s: %v", sl.label, how, id, err)
	}
	if err != nil {
		explains(m.t, m.server, err)
	}
	if !reflect.DeepEqual(before, m.snapshot()) {
		m.t.Errorf("%s: %s with the key of another organization has changed something: %v", sl.label, how, err)
	}
}
