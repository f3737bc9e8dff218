package provider_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"pgregory.net/rapid"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// machine is one organization, and what Terraform has of it.
type machine struct {
	scene
	other  *emulatortest.Server // another organization behind the same base URL
	oracle oracle
	steps  *tally
	clock  clock
	slots  []*slot
	home   string // the default project, which stays

	identities map[string]*age.X25519Identity // by recipient
	recipients []string

	plain    map[string]string // keys generated from outside, in full, by id
	excused  map[string]bool   // keys that an error has named
	arrivals atomic.Int64      // requests since the last apply began
	breakAt  int64             // the request that brings an interrupt; 0: none
	breaks   func()
}

// slot is a resource block and its instance in the state.
type slot struct {
	label  string
	kind   string
	config arguments // nil: there is no block
	state  instance
}

var (
	projectNames     = []string{"Orders", "Billing", "Default project"}
	environmentNames = []string{"EU", "eu", "US 1", "prd"}
	environmentSlugs = []string{"dev", "prd", "eu", "us-1"}
)

func newMachine(t *testing.T, rt *rapid.T, other *emulatortest.Server, steps *tally) *machine {
	tb := checkTB{t, rt}
	m := &machine{
		other:      other,
		steps:      steps,
		identities: map[string]*age.X25519Identity{},
		plain:      map[string]string{},
		excused:    map[string]bool{},
		breaks:     func() {},
	}
	server := emulatortest.Start(tb, emulatortest.WithNow(m.clock.now))
	way := serves(tb, func(w http.ResponseWriter, r *http.Request) {
		// The service has one clock. net/http would set the real time.
		w.Header().Set("Date", m.clock.now().UTC().Format(http.TimeFormat))
		if m.arrivals.Add(1) == m.breakAt {
			m.breaks()
		}
		if r.Header.Get("Authorization") == "Bearer "+other.ManagementKey {
			other.Emulator.ServeHTTP(w, r)
			return
		}
		server.Emulator.ServeHTTP(w, r)
	})
	m.scene = scene{t: tb, server: server, url: way}
	m.oracle = oracle{driver: &driver{t: tb}, now: m.clock.now}
	m.home = server.Projects()[0].ID
	for range 2 {
		identity, err := age.GenerateX25519Identity()
		if err != nil {
			tb.Fatal(err)
		}
		m.recipients = append(m.recipients, identity.Recipient().String())
		m.identities[identity.Recipient().String()] = identity
	}
	d := m.process(0)
	for kind, n := range map[string]int{projectKind: 2, environmentKind: 3, keyKind: 4} {
		for i := range n {
			m.slots = append(m.slots, &slot{label: fmt.Sprintf("%s.%d", kind, i), kind: kind, state: d.none(kind)})
		}
	}
	slices.SortFunc(m.slots, func(a, b *slot) int { return strings.Compare(a.label, b.label) })
	return m
}

// process is the provider as one run of the CLI starts it.
func (m *machine) process(retries int64) *driver {
	return newDriverWith(m.t, m.clock.later, arguments{"base_url": m.url, "api_key": m.server.ManagementKey, "max_retries": retries})
}

// elsewhere is process with the management key of the other organization.
func (m *machine) elsewhere() *driver {
	return newDriverWith(m.t, m.clock.later, arguments{"base_url": m.url, "api_key": m.other.ManagementKey, "max_retries": int64(0)})
}

func (m *machine) run(rt *rapid.T) {
	step := func(action func(*rapid.T)) func(*rapid.T) {
		return func(rt *rapid.T) {
			m.steps.all.Add(1)
			m.advance(3 * time.Minute) // what a step has deleted is old enough to be gone
			action(rt)
		}
	}
	rt.Repeat(map[string]func(*rapid.T){
		"":                          m.check,
		"configure and apply":       step(func(rt *rapid.T) { sl := m.pick(rt); m.configure(rt, sl); m.apply(rt, sl, false) }),
		"configure and apply again": step(func(rt *rapid.T) { sl := m.pick(rt); m.configure(rt, sl); m.apply(rt, sl, false) }),
		"apply with faults":         step(func(rt *rapid.T) { sl := m.pick(rt); m.configure(rt, sl); m.apply(rt, sl, true) }),
		"repair":                    step(func(rt *rapid.T) { m.apply(rt, m.pick(rt), false) }),
		"contest a place":           step(m.contest),
		"apply keys together":       step(func(rt *rapid.T) { m.applyTogether(rt, false) }),
		"disturb keys together":     step(func(rt *rapid.T) { m.applyTogether(rt, true) }),
		"apply all together":        step(func(rt *rapid.T) { m.applyAll(rt, false) }),
		"apply all again":           step(func(rt *rapid.T) { m.applyAll(rt, false) }),
		"disturb all together":      step(func(rt *rapid.T) { m.applyAll(rt, true) }),
		"use another organization":  step(m.useAnotherOrganization),
		"import":                    step(m.importSomething),
		"let time pass":             step(func(rt *rapid.T) { m.advance(time.Duration(rapid.IntRange(1, 20).Draw(rt, "days")) * 24 * time.Hour) }),
		"edit from outside":         step(m.edit),
		"edit keys from outside":    step(m.editKeys),
	})
}

func (m *machine) advance(d time.Duration) { m.clock.ahead.Add(int64(d)) }

func (m *machine) pick(rt *rapid.T) *slot {
	return m.slots[rapid.IntRange(0, len(m.slots)-1).Draw(rt, "slot")]
}

// id is that of the slot's object; empty when it has none.
func (m *machine) id(sl *slot) string { return m.text(sl.state, "id") }

func (m *machine) text(i instance, name string) string {
	return m.oracle.text(i, name)
}

// configure writes another block, or takes it out.
func (m *machine) configure(rt *rapid.T, sl *slot) {
	if rapid.IntRange(0, 4).Draw(rt, "block") == 0 {
		sl.config = nil
		return
	}
	switch sl.kind {
	case projectKind:
		sl.config = arguments{
			"name":                rapid.SampledFrom(projectNames).Draw(rt, "name"),
			"deletion_protection": rapid.Bool().Draw(rt, "protected"),
		}
	case environmentKind:
		sl.config = arguments{
			"name":                rapid.SampledFrom(environmentNames).Draw(rt, "name"),
			"deletion_protection": rapid.Bool().Draw(rt, "protected"),
		}
		if rapid.IntRange(0, 3).Draw(rt, "level") > 0 {
			sl.config["project_id"] = m.project(rt)
		}
	case keyKind:
		sl.config = arguments{
			"project_id":       m.project(rt),
			"environment":      rapid.SampledFrom(environmentSlugs).Draw(rt, "environment"),
			"replace_existing": rapid.Bool().Draw(rt, "replace"),
		}
		if n := rapid.IntRange(0, 2).Draw(rt, "trigger"); n > 0 {
			sl.config["rotation_triggers"] = map[string]string{"at": strconv.Itoa(n)}
		}
		if days := rapid.SampledFrom([]int64{0, 1, 30}).Draw(rt, "rotate after"); days > 0 {
			sl.config["rotate_after_days"] = days
		}
		switch n := rapid.IntRange(0, 5).Draw(rt, "recipients"); n {
		case 0, 1:
			sl.config["age_recipients"] = m.recipients[n : n+1]
		case 2:
			sl.config["age_recipients"] = m.recipients
		}
	}
}

// project refers to a project: one of the configuration, or the default one.
func (m *machine) project(rt *rapid.T) string {
	var ids []string
	for _, sl := range m.slots {
		if id := m.id(sl); sl.kind == projectKind && id != "" {
			ids = append(ids, id)
		}
	}
	if n := rapid.IntRange(0, 2).Draw(rt, "project"); n < len(ids) {
		return ids[n]
	}
	return m.home
}

// faults draws what goes wrong in an apply.
func (m *machine) faults(rt *rapid.T) []emulatortest.Fault {
	var plan []emulatortest.Fault
	for range rapid.IntRange(0, 2).Draw(rt, "faults") {
		fault := rapid.SampledFrom([]emulatortest.Fault{
			{Kind: "status", Status: 500},
			{Kind: "status", Status: 500, Done: true},
			{Kind: "status", Status: 503, Done: true},
			{Kind: "status", Status: 401},
			{Kind: "status", Status: 403},
			{Kind: "status", Status: 400},
			{Kind: "drop_before"},
			{Kind: "drop_after"},
			{Kind: "drop_after"},
			{Kind: "truncate"},
			{Kind: "garbage"},
		}).Draw(rt, "fault")
		fault.Method = rapid.SampledFrom([]string{"", "GET", "POST", "POST", "DELETE", "PATCH"}).Draw(rt, "method")
		fault.Path = rapid.SampledFrom([]string{"", "/v2/projects", "/v2/environments", "/v2/api-keys"}).Draw(rt, "path")
		fault.After = rapid.IntRange(0, 3).Draw(rt, "after")
		fault.Times = rapid.SampledFrom([]int{1, 1, 2, 5, 100}).Draw(rt, "times")
		plan = append(plan, fault)
	}
	return plan
}

// apply is one run of the CLI for one resource, and checks all that it did.
func (m *machine) apply(rt *rapid.T, sl *slot, disturbed bool) {
	// The times of the service are cut to the second, so that a project or an environment of
	// this moment may be taken for one's own. A key is not: its place is looked at before.
	if sl.kind != keyKind || rapid.Bool().Draw(rt, "later") {
		m.advance(10 * time.Second)
	}
	ctx, interrupt := context.WithCancel(m.t.Context())
	defer interrupt()
	retries := int64(0)
	m.arrivals.Store(0)
	if disturbed {
		plan := m.faults(rt)
		m.server.SetFaults(plan...)
		if rapid.IntRange(0, 2).Draw(rt, "interrupt") == 0 {
			m.breakAt, m.breaks = rapid.Int64Range(1, 6).Draw(rt, "at request"), interrupt
			m.steps.interrupted.Add(1)
		}
		if rapid.IntRange(0, 15).Draw(rt, "retry") == 0 { // it takes time
			retries = 1
		}
		m.steps.faulty.Add(1)
	}
	config := sl.config
	if secret := m.plain[m.id(sl)]; secret != "" && config != nil && sl.kind == keyKind && rapid.Bool().Draw(rt, "proof") {
		config = maps.Clone(config)
		config["existing_key_wo"] = secret
	}

	run, planning, applying, expected := m.together(), m.process(retries), m.process(retries), true
	refreshed, err := planning.refresh(ctx, sl.kind, sl.state)
	run.prior[sl] = refreshed
	if err == nil {
		expected = m.oracle.succeeds(run.before, sl.kind, refreshed, config)
		run.plans[sl], err = planning.plan(ctx, sl.kind, refreshed, config)
	}
	sl.state = refreshed
	if err == nil && run.plans[sl].action != "" {
		sl.state, err = applying.carryOut(ctx, sl.kind, refreshed, run.plans[sl])
	}
	m.server.SetFaults()
	m.breakAt, m.breaks = 0, func() {}
	run.said = texts(slices.Concat(run.plans[sl].diags, applying.applied))
	rt.Logf("%s: %v: %v", sl.label, config, err)

	m.steps.applied.Add(1)
	if err != nil {
		m.steps.failed.Add(1)
		if ctx.Err() == nil {
			explains(m.t, m.server, err)
		}
	}
	if !disturbed && expected != (err == nil) {
		m.t.Errorf("%s: the model says that the apply of %v goes through: %t; it ended in: %v", sl.label, config, expected, err)
	}
	run.checkApply([]*slot{sl}, err)
	m.secrets(sl)
	if err == nil {
		m.planIsEmpty(sl)
	}
}

// importSomething takes over an object that is in no state, by one of its import ids.
func (m *machine) importSomething(rt *rapid.T) {
	sl := m.pick(rt)
	if !sl.state.value.IsNull() {
		return
	}
	held := map[string]bool{}
	for _, other := range m.slots {
		held[m.id(other)] = true
	}
	ids := m.importIDs(sl.kind, held)
	if len(ids) == 0 {
		return
	}
	forms := ids[rapid.IntRange(0, len(ids)-1).Draw(rt, "object")]
	before := m.snapshot()
	d := m.process(0)
	imported, err := d.importID(m.t.Context(), sl.kind, rapid.SampledFrom(forms).Draw(rt, "form"))
	if err != nil {
		m.t.Fatalf("%s: importing %v: %v", sl.label, forms, err)
	}
	if sl.kind == keyKind && sl.config != nil {
		config := maps.Clone(sl.config)
		if rapid.Bool().Draw(rt, "parent unknown") {
			config["project_id"] = tftypes.UnknownValue
		}
		if p, err := d.plan(m.t.Context(), sl.kind, imported, config); err == nil && p.action == "replace" {
			m.t.Errorf("%s: the plan that imports the key replaces it: %v", sl.label, config)
		}
	}
	sl.state = imported
	if !reflect.DeepEqual(before, m.snapshot()) {
		m.t.Errorf("%s: the import of %v has changed something", sl.label, forms)
	}
	equalsServer(m.t, m.server, sl.kind, imported)
}

// importIDs returns, for each object that can be imported, its import ids.
func (m *machine) importIDs(kind string, except map[string]bool) [][]string {
	var ids [][]string
	switch kind {
	case projectKind:
		for _, p := range m.server.Projects() {
			if !except[p.ID] && p.ID != m.home {
				ids = append(ids, []string{p.ID})
			}
		}
	case environmentKind:
		for _, e := range m.server.Environments("") {
			if except[e.ID] {
				continue
			}
			if e.ProjectID != nil {
				ids = append(ids, []string{e.ID, *e.ProjectID + "/" + e.Slug})
			} else {
				ids = append(ids, []string{e.ID, e.Slug})
			}
		}
	case keyKind:
		for _, k := range m.server.Keys() {
			if !except[k.ID] {
				ids = append(ids, []string{k.ProjectID + "/" + k.Environment, k.ID})
			}
		}
	}
	return ids
}

// edit is somebody else at work on projects and environments.
func (m *machine) edit(rt *rapid.T) {
	m.steps.edits.Add(1)
	all := m.snapshot()
	projects := slices.DeleteFunc(m.server.Projects(), func(p emulatortest.Project) bool { return p.ID == m.home })
	environments := slices.DeleteFunc(m.server.Environments(""), func(e emulatortest.Environment) bool { return e.BuiltIn })
	name := rapid.SampledFrom(projectNames).Draw(rt, "name")
	switch what := rapid.SampledFrom([]string{"create project", "rename project", "delete project", "create environment", "delete environment"}).Draw(rt, "edit"); {
	case what == "create project" && !all.named(name, "") && len(projects) < 3:
		m.server.CreateProject(name)
	case what == "rename project" && !all.named(name, ""):
		m.server.RenameProject(one(rt, append(projects, all.projects[m.home])).ID, name)
	case what == "delete project" && len(projects) > 0:
		m.server.DeleteProject(one(rt, projects).ID)
	case what == "create environment":
		environment, project := rapid.SampledFrom(environmentNames[:3]).Draw(rt, "environment"), m.project(rt)
		if rapid.IntRange(0, 3).Draw(rt, "level") == 0 {
			project = ""
		}
		if _, there := all.projects[project]; (there || project == "") && !all.taken(project, traceloop.Slug(environment), "") {
			m.server.CreateEnvironment(project, environment)
		}
	case what == "delete environment" && len(environments) > 0:
		m.server.DeleteEnvironment(one(rt, environments).ID)
	}
}

// editKeys is somebody else at work on keys.
func (m *machine) editKeys(rt *rapid.T) {
	m.steps.edits.Add(1)
	all := m.snapshot()
	if rapid.Bool().Draw(rt, "generate") {
		project, environment := m.project(rt), rapid.SampledFrom(environmentSlugs).Draw(rt, "environment")
		if all.inForce(project, environment) && all.occupant(project, environment) == "" {
			id, key := m.server.GenerateKey(project, environment)
			m.plain[id] = key
		}
		return
	}
	if keys := m.server.Keys(); len(keys) > 0 {
		m.server.RevokeKey(one(rt, keys).ID)
	}
}

// contest has somebody else generate a key where one is about to be generated.
func (m *machine) contest(rt *rapid.T) {
	for _, sl := range m.slots {
		if sl.kind != keyKind || sl.config == nil || !sl.state.value.IsNull() {
			continue
		}
		all, project, environment := m.snapshot(), text(sl.config["project_id"]), text(sl.config["environment"])
		if !all.inForce(project, environment) || all.occupant(project, environment) != "" {
			continue
		}
		id, key := m.server.GenerateKey(project, environment)
		m.plain[id] = key
		m.apply(rt, sl, true)
		return
	}
}

func one[T any](rt *rapid.T, all []T) T {
	return all[rapid.IntRange(0, len(all)-1).Draw(rt, "which")]
}
