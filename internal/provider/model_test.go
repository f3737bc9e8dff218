package provider_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
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

// The model test: random configurations of a few projects, environments and keys, applied
// one resource at a time, with people at work in the same organization, faults of the
// service and interrupts in between. After every step the server, the state and a simple
// model of the provider have to agree.
//
// It runs for a few seconds; MODEL_MINUTES=30 makes it run for half an hour, with new seeds
// all the time (go test needs a -timeout beyond that):
//
//	MODEL_MINUTES=30 go test ./internal/provider -run '^TestModel$' -timeout 60m
//
// A failure is printed step by step, shrunk as far as it can be, with the flag that replays it:
// -rapid.seed=N, or -rapid.failfile=FILE for the shrunk one.
//
//	go test ./internal/provider -run '^TestModel$' -rapid.seed=N
func TestModel(t *testing.T) {
	t.Parallel()
	lasts := 8 * time.Second
	if minutes := os.Getenv("MODEL_MINUTES"); minutes != "" {
		n, err := strconv.ParseFloat(minutes, 64)
		if err != nil {
			t.Fatalf("MODEL_MINUTES: %v", err)
		}
		lasts = time.Duration(n * float64(time.Minute))
	}
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	replay := given["rapid.seed"] || given["rapid.failfile"]
	if !given["rapid.checks"] && !replay {
		// Few sequences at a time, so that the clock is looked at between them and not within
		// one, which has to run in the same way when it is replayed.
		if err := flag.Set("rapid.checks", "3"); err != nil {
			t.Fatal(err)
		}
	}

	began, sequences, steps := time.Now(), 0, new(tally)
	for first := true; first || time.Since(began) < lasts && !replay; first = false {
		rapid.Check(quiet{t}, func(rt *rapid.T) {
			newMachine(t, rt, steps).run(rt)
			sequences++
		})
	}
	if steps.all.Load() == 0 || steps.applied.Load() == 0 {
		t.Error("nothing was applied")
	}
	t.Logf("%d sequences, %s in %s: %.0f steps a minute", sequences, steps, time.Since(began).Round(time.Second), float64(steps.all.Load())/time.Since(began).Minutes())
}

// quiet keeps rapid from saying after each batch that all is well.
type quiet struct{ *testing.T }

func (q quiet) Logf(format string, args ...any) {
	q.Helper()
	if !strings.HasPrefix(format, "[rapid] OK") {
		q.T.Logf(format, args...)
	}
}

// tally counts what the steps were.
type tally struct{ all, applied, failed, faulty, interrupted, edits atomic.Int64 }

func (c *tally) String() string {
	return fmt.Sprintf("%d steps (%d resources applied, %d refused; %d of these with faults, %d interrupted; %d edits from outside)",
		c.all.Load(), c.applied.Load(), c.failed.Load(), c.faulty.Load(), c.interrupted.Load(), c.edits.Load())
}

// checkTB is a testing.TB whose failures rapid sees.
type checkTB struct {
	testing.TB
	rt *rapid.T
}

func (c checkTB) Helper()                        { c.rt.Helper() }
func (c checkTB) Errorf(format string, a ...any) { c.rt.Helper(); c.rt.Errorf(format, a...) }
func (c checkTB) Error(a ...any)                 { c.rt.Helper(); c.rt.Error(a...) }
func (c checkTB) Fatalf(format string, a ...any) { c.rt.Helper(); c.rt.Fatalf(format, a...) }
func (c checkTB) Fatal(a ...any)                 { c.rt.Helper(); c.rt.Fatal(a...) }
func (c checkTB) Logf(format string, a ...any)   { c.rt.Helper(); c.rt.Logf(format, a...) }
func (c checkTB) Log(a ...any)                   { c.rt.Helper(); c.rt.Log(a...) }
func (c checkTB) Cleanup(f func())               { c.rt.Cleanup(f) }
func (c checkTB) Context() context.Context       { return c.rt.Context() }

// machine is one organization, and what Terraform has of it.
type machine struct {
	scene
	steps *tally
	clock clock
	slots []*slot
	home  string // the default project, which stays

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

func newMachine(t *testing.T, rt *rapid.T, steps *tally) *machine {
	tb := checkTB{t, rt}
	m := &machine{
		steps:      steps,
		identities: map[string]*age.X25519Identity{},
		plain:      map[string]string{},
		excused:    map[string]bool{},
		breaks:     func() {},
	}
	server := emulatortest.Start(tb, emulatortest.WithNow(m.clock.now))
	way := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The service has one clock. net/http would set the real time.
		w.Header().Set("Date", m.clock.now().UTC().Format(http.TimeFormat))
		if m.arrivals.Add(1) == m.breakAt {
			m.breaks()
		}
		server.Emulator.ServeHTTP(w, r)
	}))
	tb.Cleanup(way.Close)
	m.scene = scene{t: tb, server: server, url: way.URL}
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
	return newDriverWith(m.t, m.clock.now, arguments{"base_url": m.url, "api_key": m.server.ManagementKey, "max_retries": retries})
}

func (m *machine) run(rt *rapid.T) {
	step := func(action func(*rapid.T)) func(*rapid.T) {
		return func(rt *rapid.T) {
			m.steps.all.Add(1)
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
	return (&driver{t: m.t}).text(i, name)
}

func (m *machine) protected(i instance) bool {
	return (&driver{t: m.t}).boolean(i, "deletion_protection")
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

// things is what the server has, by id.
type things struct {
	projects     map[string]emulatortest.Project
	environments map[string]emulatortest.Environment
	keys         map[string]emulatortest.APIKey
}

func (m *machine) look() things {
	all := things{map[string]emulatortest.Project{}, map[string]emulatortest.Environment{}, map[string]emulatortest.APIKey{}}
	for _, p := range m.server.Projects() {
		all.projects[p.ID] = p
	}
	for _, e := range m.server.Environments("") {
		all.environments[e.ID] = e
	}
	for _, k := range m.server.Keys() {
		all.keys[k.ID] = k
	}
	return all
}

func (a things) has(id string) bool {
	_, project := a.projects[id]
	_, environment := a.environments[id]
	_, key := a.keys[id]
	return project || environment || key
}

func (a things) ids() []string {
	return slices.Concat(slices.Sorted(maps.Keys(a.projects)), slices.Sorted(maps.Keys(a.environments)), slices.Sorted(maps.Keys(a.keys)))
}

// cascade is the object itself, and what goes with it.
func (a things) cascade(id string) map[string]bool {
	goes := map[string]bool{id: true}
	environment, isEnvironment := a.environments[id]
	for _, e := range a.environments {
		if e.ProjectID != nil && *e.ProjectID == id {
			goes[e.ID] = true
		}
	}
	for _, k := range a.keys {
		inProject := k.ProjectID == id
		inEnvironment := isEnvironment && k.Environment == environment.Slug && (environment.ProjectID == nil || *environment.ProjectID == k.ProjectID)
		if inProject || inEnvironment {
			goes[k.ID] = true
		}
	}
	return goes
}

// occupant is the key of a place.
func (a things) occupant(project, environment string) string {
	for _, k := range a.keys {
		if k.ProjectID == project && k.Environment == environment {
			return k.ID
		}
	}
	return ""
}

// taken: a slug that an environment of this level cannot have, besides "but".
func (a things) taken(project, slug, but string) bool {
	for _, e := range a.environments {
		if e.ID != but && e.Slug == slug && (project == "" || e.ProjectID == nil || *e.ProjectID == project) {
			return true
		}
	}
	return false
}

func (a things) inForce(project, slug string) bool {
	if _, there := a.projects[project]; !there {
		return false
	}
	for _, e := range a.environments {
		if e.Slug == slug && (e.ProjectID == nil || *e.ProjectID == project) {
			return true
		}
	}
	return false
}

func (a things) named(name, but string) bool {
	for _, p := range a.projects {
		if p.ID != but && p.Name == name {
			return true
		}
	}
	return false
}

// succeeds is the model: whether an apply without faults goes through.
func (m *machine) succeeds(all things, kind string, state instance, config arguments) bool {
	exists, id := !state.value.IsNull(), m.text(state, "id")
	shielded := exists && m.protected(state) && !(&driver{t: m.t}).boolean(state, "built_in")
	switch kind {
	case projectKind:
		if config == nil {
			return !shielded
		}
		return !all.named(config["name"].(string), id)
	case environmentKind:
		if config == nil {
			return !shielded
		}
		name, project := config["name"].(string), text(config["project_id"])
		if exists && name == m.text(state, "name") && project == m.text(state, "project_id") {
			return true
		}
		slug := traceloop.Slug(name)
		_, there := all.projects[project]
		return !shielded && slug != "prd" && (project == "" || there) && !all.taken(project, slug, id)
	default:
		if config == nil {
			return true
		}
		project, environment := text(config["project_id"]), text(config["environment"])
		if exists && !m.rotates(state, config) {
			return true
		}
		occupant := all.occupant(project, environment)
		return all.inForce(project, environment) && (occupant == "" || occupant == id || config["replace_existing"] == true)
	}
}

// rotates is when a key is replaced.
func (m *machine) rotates(state instance, config arguments) bool {
	if text(config["project_id"]) != m.text(state, "project_id") || text(config["environment"]) != m.text(state, "environment") {
		return true
	}
	triggers, _ := config["rotation_triggers"].(map[string]string)
	if was := m.collection(state, "rotation_triggers"); was != nil && triggers != nil && was[0] != triggers["at"] {
		return true
	}
	recipients, _ := config["age_recipients"].([]string)
	has := m.text(state, "key") != "" || m.text(state, "encrypted_key") != ""
	if has && config["existing_key_wo"] == nil && !slices.Equal(sorted(recipients), sorted(m.collection(state, "age_recipients"))) {
		return true
	}
	days, aged := config["rotate_after_days"].(int64)
	created, err := time.Parse(time.RFC3339, m.text(state, "created_at"))
	return aged && err == nil && !m.clock.now().Before(created.AddDate(0, 0, int(days)))
}

// collection returns the strings of a map or a set of the state; nil when it is null.
func (m *machine) collection(i instance, name string) []string {
	value := attributes(m.t, i.value)[name]
	if value.IsNull() {
		return nil
	}
	var elements []tftypes.Value
	if value.Type().Is(tftypes.Map{}) {
		var all map[string]tftypes.Value
		if err := value.As(&all); err != nil {
			m.t.Fatal(err)
		}
		elements = slices.Collect(maps.Values(all))
	} else if err := value.As(&elements); err != nil {
		m.t.Fatal(err)
	}
	texts := []string{}
	for _, element := range elements {
		var s string
		if err := element.As(&s); err != nil {
			m.t.Fatal(err)
		}
		texts = append(texts, s)
	}
	return texts
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func text(v any) string {
	s, _ := v.(string)
	return s
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

	before, prior := m.look(), sl.state
	d := m.process(retries)
	refreshed, err := d.refresh(ctx, sl.kind, prior)
	after, expected := refreshed, true
	if err == nil {
		expected = m.succeeds(before, sl.kind, refreshed, config)
		after, _, err = d.apply(ctx, sl.kind, refreshed, config)
	}
	m.server.SetFaults()
	m.breakAt, m.breaks = 0, func() {}
	sl.state = after
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
	m.compare(sl, prior, config, before, err)
	m.secrets(sl)
	if err == nil {
		m.planIsEmpty(sl)
	}
}

// compare checks what an apply changed on the server.
func (m *machine) compare(sl *slot, prior instance, config arguments, before things, err error) {
	now, id := m.look(), m.id(sl)
	message := ""
	if err != nil {
		message = err.Error()
	}

	mayGo := map[string]bool{}
	if old := m.text(prior, "id"); old != "" {
		if !m.protected(prior) || sl.kind == keyKind {
			mayGo = before.cascade(old)
		}
	}
	if sl.kind == keyKind && config["replace_existing"] == true {
		mayGo[before.occupant(text(config["project_id"]), text(config["environment"]))] = true
	}
	for _, was := range before.ids() {
		if !now.has(was) && !mayGo[was] {
			m.t.Errorf("%s: %s was deleted, which this apply had no right to: %v", sl.label, was, err)
		}
	}

	unknown := strings.Contains(message, "could not find out")
	for _, is := range now.ids() {
		if before.has(is) || is == id || now.environments[is].BuiltIn {
			continue
		}
		if named := strings.Contains(message, is); !named && !unknown {
			m.t.Errorf("%s: %s was made, is not in the state, and the error does not name it: %v", sl.label, is, err)
		}
		m.excused[is] = true
	}
	if old := m.text(prior, "id"); id == "" && old != "" && now.has(old) && !now.environments[old].BuiltIn {
		m.t.Errorf("%s: the state has lost %s, which exists: %v", sl.label, old, err)
	}
}

// secrets checks where a key's plain text is, and that it is the right one.
func (m *machine) secrets(sl *slot) {
	if sl.kind != keyKind || sl.state.value.IsNull() {
		return
	}
	key, sealed, recipients := m.text(sl.state, "key"), m.text(sl.state, "encrypted_key"), m.collection(sl.state, "age_recipients")
	if recipients != nil && (plainKey.MatchString(sl.state.value.String()) || plainKey.Match(sl.state.private)) {
		m.t.Errorf("%s: the state shows the plain text of a sealed key", sl.label)
	}
	if sealed != "" && recipients == nil {
		m.t.Errorf("%s: the key is sealed, to nobody", sl.label)
	}
	for _, recipient := range recipients {
		if sealed == "" {
			break // imported without the plain text
		}
		opened, err := decrypt(sealed, m.identities[recipient])
		if err != nil {
			m.t.Errorf("%s: %v", sl.label, err)
		}
		key = opened
	}
	if key == "" {
		return
	}
	if masked := m.text(sl.state, "masked_key"); traceloop.MaskKey(key) != masked {
		m.t.Errorf("%s: the key in the state is not the one with the mask %s", sl.label, masked)
	}
	want := 401
	if m.look().has(m.id(sl)) {
		want = 200
	}
	if status := m.server.SendSpans(key, 1); status != want {
		m.t.Errorf("%s: the key of the state is answered %d, want %d", sl.label, status, want)
	}
}

// planIsEmpty plans once more.
func (m *machine) planIsEmpty(sl *slot) {
	d := m.process(0)
	refreshed, err := d.refresh(m.t.Context(), sl.kind, sl.state)
	if err != nil {
		m.t.Fatalf("%s: %v", sl.label, err)
	}
	if p, err := d.plan(m.t.Context(), sl.kind, refreshed, sl.config); err != nil || p.action != "" {
		m.t.Errorf("%s: after the apply a plan wants to %s: %v", sl.label, p.action, err)
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
	var ids [][]string // of each object, its import ids
	switch sl.kind {
	case projectKind:
		for _, p := range m.server.Projects() {
			if !held[p.ID] && p.ID != m.home {
				ids = append(ids, []string{p.ID})
			}
		}
	case environmentKind:
		for _, e := range m.server.Environments("") {
			if held[e.ID] {
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
			if !held[k.ID] {
				ids = append(ids, []string{k.ProjectID + "/" + k.Environment, k.ID})
			}
		}
	}
	if len(ids) == 0 {
		return
	}
	forms := ids[rapid.IntRange(0, len(ids)-1).Draw(rt, "object")]
	before := m.look()
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
	m.compare(sl, imported, nil, before, nil)
	m.equalsServer(sl.kind, imported)
}

// edit is somebody else at work on projects and environments.
func (m *machine) edit(rt *rapid.T) {
	m.steps.edits.Add(1)
	all := m.look()
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
	all := m.look()
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
		all, project, environment := m.look(), text(sl.config["project_id"]), text(sl.config["environment"])
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

// check holds after every step.
func (m *machine) check(*rapid.T) {
	all, held := m.look(), map[string]bool{}
	d := m.process(0)
	for _, sl := range m.slots {
		id := m.id(sl)
		if id == "" {
			continue
		}
		if held[id] {
			m.t.Errorf("%s: %s is in the state twice", sl.label, id)
		}
		held[id] = true
		// What the state has the server has, or else a refresh says that it is gone.
		refreshed, err := d.refresh(m.t.Context(), sl.kind, sl.state)
		if err != nil {
			m.t.Errorf("%s: refreshing: %v", sl.label, err)
			continue
		}
		if gone := refreshed.value.IsNull(); gone == all.has(id) {
			m.t.Errorf("%s: the server has %s: %t; a refresh finds it gone: %t", sl.label, id, all.has(id), gone)
		}
		m.equalsServer(sl.kind, refreshed)
	}
	for id := range all.keys {
		if !held[id] && m.plain[id] == "" && !m.excused[id] {
			m.t.Errorf("the key %s is active, and nobody has it", id)
		}
	}
}
