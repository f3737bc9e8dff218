package provider_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// The fault matrix: everything that a run does to a resource, with everything that can
// go wrong at every single request of it. Whatever happens, the run ends in success, or
// in an error that says how to go on; what it says leads to the state that was wanted; and
// in between nothing is lost, doubled, or active without anybody having it.

// mishap is one thing that goes wrong.
type mishap struct {
	name  string
	fault emulatortest.Fault
	// transient: a run gets over a single one of these by itself.
	transient bool
	// refuses: the service refuses the operation for good, and a write cannot succeed.
	refuses bool
	// lasts: it is also tried as an outage, which does not end by itself. The others would
	// show nothing more, or take minutes.
	lasts    bool
	settings arguments
}

var mishaps = []mishap{
	{name: "500", fault: emulatortest.Fault{Kind: "status", Status: 500}, transient: true, lasts: true},
	{name: "500 though done", fault: emulatortest.Fault{Kind: "status", Status: 500, Done: true}, transient: true, lasts: true},
	{name: "502 as a web page", fault: emulatortest.Fault{Kind: "status", Status: 502, Body: new("<html>Bad Gateway</html>")}, transient: true},
	{name: "503 with Retry-After", fault: emulatortest.Fault{Kind: "status", Status: 503, RetryAfter: new(1)}, transient: true},
	{name: "429 with Retry-After", fault: emulatortest.Fault{Kind: "status", Status: 429, RetryAfter: new(1)}, transient: true},
	{name: "429 for an hour", fault: emulatortest.Fault{Kind: "status", Status: 429, RetryAfter: new(3600)}, refuses: true},
	{name: "400", fault: emulatortest.Fault{Kind: "status", Status: 400}, refuses: true},
	{name: "401", fault: emulatortest.Fault{Kind: "status", Status: 401}, refuses: true},
	{name: "403", fault: emulatortest.Fault{Kind: "status", Status: 403}, refuses: true, lasts: true},
	{name: "404 as a web page", fault: emulatortest.Fault{Kind: "status", Status: 404, Body: new("<html>Not Found</html>")}, refuses: true},
	{name: "409", fault: emulatortest.Fault{Kind: "status", Status: 409}, refuses: true},
	{name: "dropped before", fault: emulatortest.Fault{Kind: "drop_before"}, transient: true, lasts: true},
	{name: "dropped after", fault: emulatortest.Fault{Kind: "drop_after"}, transient: true, lasts: true},
	{name: "delayed", fault: emulatortest.Fault{Kind: "delay", MS: 20}, transient: true},
	{name: "too late", fault: emulatortest.Fault{Kind: "delay", MS: 3000}, settings: arguments{"request_timeout": "1s", "max_retries": int64(3)}},
	{name: "truncated", fault: emulatortest.Fault{Kind: "truncate"}, transient: true},
	{name: "web page with 200", fault: emulatortest.Fault{Kind: "garbage"}, transient: true, lasts: true},
	{name: "endless", fault: emulatortest.Fault{Kind: "huge"}, transient: true},
}

// errand is what a run does to one resource.
type errand struct {
	name string
	kind string
	// prepare makes what is there before, without faults, and returns what is in the state.
	prepare func(*scene) instance
	// config is what is wanted, nil for nothing; "prior" is what prepare returned.
	config func(*scene) arguments
	// imports is the id of an errand that imports.
	imports func(*scene) string
	// reads: the errand is a refresh and nothing more.
	reads bool
	// occupied: without a fault it fails, and names the next step.
	occupied bool
}

func nothing(*scene) arguments { return nil }

var errands = []errand{
	{name: "create project", kind: projectKind, config: func(*scene) arguments { return arguments{"name": "Billing"} }},
	{
		name: "read project", kind: projectKind, reads: true, prepare: (*scene).billing,
		config: func(*scene) arguments { return arguments{"name": "Billing", "deletion_protection": false} },
	},
	{
		name: "rename project", kind: projectKind, prepare: (*scene).billing,
		config: func(*scene) arguments { return arguments{"name": "Invoices", "deletion_protection": false} },
	},
	{
		name: "protect project", kind: projectKind, prepare: (*scene).billing,
		config: func(*scene) arguments { return arguments{"name": "Billing"} },
	},
	{name: "delete project", kind: projectKind, prepare: (*scene).billing, config: nothing},
	{
		name: "import project", kind: projectKind, imports: func(s *scene) string { return s.orders },
		config: func(*scene) arguments { return arguments{"name": "Orders"} },
	},

	{
		name: "create environment", kind: environmentKind,
		config: func(s *scene) arguments { return arguments{"name": "EU Production", "project_id": s.orders} },
	},
	{
		name: "create organization-level environment", kind: environmentKind,
		config: func(*scene) arguments { return arguments{"name": "Shared"} },
	},
	{
		name: "read environment", kind: environmentKind, reads: true, prepare: (*scene).europe,
		config: func(s *scene) arguments {
			return arguments{"name": "EU Production", "project_id": s.orders, "deletion_protection": false}
		},
	},
	{
		name: "replace environment", kind: environmentKind, prepare: (*scene).europe,
		config: func(s *scene) arguments { return arguments{"name": "US Production", "project_id": s.orders} },
	},
	{
		name: "protect environment", kind: environmentKind, prepare: (*scene).europe,
		config: func(s *scene) arguments { return arguments{"name": "EU Production", "project_id": s.orders} },
	},
	{name: "delete environment", kind: environmentKind, prepare: (*scene).europe, config: nothing},
	{
		name: "import environment", kind: environmentKind,
		prepare: func(s *scene) instance {
			s.server.CreateEnvironment(s.orders, "EU Production")
			return s.driver().none(environmentKind)
		},
		imports: func(s *scene) string { return s.orders + "/eu-production" },
		config:  func(s *scene) arguments { return arguments{"name": "EU Production", "project_id": s.orders} },
	},

	{
		name: "generate key", kind: keyKind,
		config: func(s *scene) arguments { return arguments{"project_id": s.orders, "environment": "prd"} },
	},
	{
		name: "generate sealed key", kind: keyKind,
		config: func(s *scene) arguments {
			return arguments{"project_id": s.orders, "environment": "prd", "age_recipients": []string{s.recipient}}
		},
	},
	{
		name: "generate key where one is", kind: keyKind, occupied: true,
		prepare: func(s *scene) instance {
			s.server.GenerateKey(s.orders, "prd")
			return s.driver().none(keyKind)
		},
		config: func(s *scene) arguments { return arguments{"project_id": s.orders, "environment": "prd"} },
	},
	{
		name: "replace existing key", kind: keyKind,
		prepare: func(s *scene) instance {
			s.server.GenerateKey(s.orders, "prd")
			return s.driver().none(keyKind)
		},
		config: func(s *scene) arguments {
			return arguments{"project_id": s.orders, "environment": "prd", "replace_existing": true}
		},
	},
	{
		name: "read key", kind: keyKind, reads: true, prepare: (*scene).key,
		config: func(s *scene) arguments { return s.keyConfig("1") },
	},
	{
		name: "rotate key", kind: keyKind, prepare: (*scene).key,
		config: func(s *scene) arguments { return s.keyConfig("2") },
	},
	{
		name: "move key", kind: keyKind, prepare: (*scene).key,
		config: func(s *scene) arguments { return arguments{"project_id": s.orders, "environment": "dev"} },
	},
	{
		name: "record triggers", kind: keyKind, prepare: (*scene).key,
		config: func(s *scene) arguments { return arguments{"project_id": s.orders, "environment": "prd"} },
	},
	{name: "revoke key", kind: keyKind, prepare: (*scene).key, config: nothing},
	{
		name: "import key", kind: keyKind,
		prepare: func(s *scene) instance {
			s.server.GenerateKey(s.orders, "prd")
			return s.driver().none(keyKind)
		},
		imports: func(s *scene) string { return s.orders + "/prd" },
		config:  func(s *scene) arguments { return arguments{"project_id": s.orders, "environment": "prd"} },
	},
}

// scene is the organization of one case: the project "Orders" that the errand is about, and
// the default project, which it must leave alone.
type scene struct {
	t         testing.TB
	server    *emulatortest.Server
	url       string // of the server, or of a way to it
	settings  arguments
	orders    string
	recipient string

	bystanders []string // ids that must survive
	before     []string // ids of all that was there before the errand
}

func newScene(t *testing.T, recipient string, settings arguments) *scene {
	t.Helper()
	s := &scene{t: t, server: emulatortest.Start(t), settings: settings, recipient: recipient}
	s.url = s.server.URL
	home := s.server.Projects()[0].ID
	s.server.GenerateKey(home, "prd")
	s.server.CreateEnvironment(home, "Europe")
	s.orders = s.server.CreateProject("Orders").ID
	s.bystanders = s.ids()
	return s
}

// driver is a process of its own, as each run of the CLI starts one.
func (s *scene) driver() *driver {
	s.t.Helper()
	settings := arguments{"base_url": s.url, "api_key": s.server.ManagementKey, "max_retries": int64(1)}
	maps.Copy(settings, s.settings)
	return newDriverWith(s.t, time.Now, settings)
}

// ids names all that the server has.
func (s *scene) ids() []string {
	s.t.Helper()
	var ids []string
	for _, project := range s.server.Projects() {
		ids = append(ids, project.ID)
	}
	for _, environment := range s.server.Environments("") {
		ids = append(ids, environment.ID)
	}
	for _, key := range s.server.Keys() {
		ids = append(ids, key.ID)
	}
	return ids
}

func (s *scene) made(kind string, config arguments) instance {
	s.t.Helper()
	d := s.driver()
	made, _, err := d.apply(s.t.Context(), kind, d.none(kind), config)
	if err != nil {
		s.t.Fatalf("before any fault: %v", err)
	}
	return made
}

// billing is an unprotected project with a key.
func (s *scene) billing() instance {
	made := s.made(projectKind, arguments{"name": "Billing", "deletion_protection": false})
	s.server.GenerateKey(s.driver().text(made, "id"), "prd")
	return made
}

// europe is an unprotected environment with a key.
func (s *scene) europe() instance {
	made := s.made(environmentKind, arguments{"name": "EU Production", "project_id": s.orders, "deletion_protection": false})
	s.server.GenerateKey(s.orders, "eu-production")
	return made
}

func (s *scene) key() instance { return s.made(keyKind, s.keyConfig("1")) }

func (s *scene) keyConfig(trigger string) arguments {
	return arguments{"project_id": s.orders, "environment": "prd", "rotation_triggers": map[string]string{"at": trigger}}
}

// prepare makes what the errand needs.
func (s *scene) prepare(e errand) instance {
	s.t.Helper()
	prior := s.driver().none(e.kind)
	if e.prepare != nil {
		prior = e.prepare(s)
	}
	s.before = s.ids()
	s.server.ResetRequests()
	return prior
}

// run does the errand, as one run of the CLI.
func (s *scene) run(e errand, prior instance) (instance, error) {
	s.t.Helper()
	d, ctx := s.driver(), s.t.Context()
	if e.imports != nil {
		return d.importID(ctx, e.kind, e.imports(s))
	}
	refreshed, err := d.refresh(ctx, e.kind, prior)
	if err != nil || e.reads {
		return refreshed, err
	}
	after, _, err := d.apply(ctx, e.kind, refreshed, e.config(s))
	return after, err
}

// A key in full; the masked form has stars.
var plainKey = regexp.MustCompile(`tl_[0-9A-Za-z]{8}`)

// What an error tells of what was attempted, and of what to do next: one phrase of each.
var (
	attemptedPhrases = []string{
		"The provider tried to", "Nothing was changed", "nothing was changed", "A project named", "Traceloop has no ", "The project ", "No environment was created", "No key was generated",
	}
	nextPhrases = []string{
		"import {", "Run the command again", "apply again", "Apply again", "Check that", "Check the id", "Choose another name", "choose another name", "Remove this resource", "refer to it, so that", "Use the id of", "set replace_existing = true",
		"use a management key", "Plan again", "Choose one:", "Remove one of the two", "Rename or remove", "Correct the configuration", "Look in the Traceloop dashboard", "take two steps",
	}
)

// explains checks the text of an error.
func explains(tb testing.TB, server *emulatortest.Server, err error) {
	tb.Helper()
	text := err.Error()
	for what, phrases := range map[string][]string{"what was attempted": attemptedPhrases, "what to do next": nextPhrases} {
		if !slices.ContainsFunc(phrases, func(phrase string) bool { return strings.Contains(text, phrase) }) {
			tb.Errorf("the error does not say %s: %v", what, err)
		}
	}
	if strings.Contains(text, server.ManagementKey) || plainKey.MatchString(text) {
		tb.Errorf("the error shows a key in full: %v", plainKey.ReplaceAllString(text, "(hidden)"))
	}
}

// checkAfter holds right after the faulty run, before anything is repaired.
func (s *scene) checkAfter(e errand, prior, after instance, err error) {
	s.t.Helper()
	t, now := s.t, s.ids()
	d := s.driver()
	id := d.text(after, "id")
	if err != nil {
		explains(t, s.server, err)
	}

	// Nothing but a true 404 drops an object from the state.
	if id == "" && !prior.value.IsNull() && slices.Contains(now, d.text(prior, "id")) {
		t.Errorf("the state has lost %s %s, which exists", e.kind, d.text(prior, "id"))
	}
	if e.reads && !after.value.Equal(prior.value) {
		t.Errorf("reading has changed the state from %v to %v", prior.value, after.value)
	}
	// What was made is in the state, or the error tells of it.
	for _, made := range now {
		if slices.Contains(s.before, made) || made == id || s.comesAlong(made) {
			continue
		}
		if err == nil {
			t.Errorf("%s was made and is not in the state", made)
		} else if text := err.Error(); !strings.Contains(text, made) && !strings.Contains(text, "could not find out") {
			t.Errorf("%s was made, is not in the state, and the error does not name it: %v", made, err)
		}
	}
	if err == nil {
		s.equalsServer(e.kind, after)
	}
}

// comesAlong: the built-in environments are made with their project.
func (s *scene) comesAlong(id string) bool {
	for _, environment := range s.server.Environments("") {
		if environment.ID == id {
			return environment.BuiltIn
		}
	}
	return false
}

// notReplayedBlindly checks that no second key was generated before looking for the first.
func (s *scene) notReplayedBlindly() {
	s.t.Helper()
	open := false
	for _, request := range s.server.Requests() {
		if request.Path != "/v2/api-keys" {
			continue
		}
		if request.Method == "POST" && open {
			s.t.Errorf("a POST whose outcome was unknown was followed by another: %v", s.server.Requests())
		}
		// A rate limit and a conflict say that nothing was done.
		open = request.Method == "POST" && request.Status != 429 && (request.Status != 409 || request.Fault != "")
	}
}

// converge applies until there is nothing to do: once more, and again after each step
// that the error names. It returns the number of steps.
func (s *scene) converge(e errand, after instance, firstErr error) (instance, int) {
	s.t.Helper()
	config, state, ctx := e.config(s), after, s.t.Context()
	if state.value.IsNull() && e.imports != nil { // the import block is still there
		imported, err := s.driver().importID(ctx, e.kind, e.imports(s))
		if err != nil {
			s.t.Fatalf("importing again: %v", err)
		}
		state = imported
	}
	const most = 3
	for steps := range most {
		d := s.driver()
		refreshed, err := d.refresh(ctx, e.kind, state)
		if err != nil {
			s.t.Fatalf("refreshing after the fault: %v", err)
		}
		if state, _, err = d.apply(ctx, e.kind, refreshed, config); err == nil {
			return state, steps
		}
		explains(s.t, s.server, err)
		if firstErr == nil {
			s.t.Fatalf("the run succeeded, and the next does not: %v", err)
		}
		if config, state, err = s.follow(e, config, state, err); err != nil {
			s.t.Fatalf("%v\nThe first error was: %v", err, firstErr)
		}
	}
	s.t.Fatalf("it does not converge within %d applies; the first error was: %v", most, firstErr)
	return state, most
}

var importID = regexp.MustCompile(`(?s)import \{.*?id = "([^"<]+)"`)

// follow does what an error says.
func (s *scene) follow(e errand, config arguments, state instance, err error) (arguments, instance, error) {
	s.t.Helper()
	text := err.Error()
	if e.kind == keyKind && strings.Contains(text, "replace_existing = true") {
		named := slices.ContainsFunc(s.server.Keys(), func(key emulatortest.APIKey) bool { return strings.Contains(text, key.ID) })
		if !named {
			return nil, state, fmt.Errorf("the error names no active key: %w", err)
		}
		next := maps.Clone(config)
		next["replace_existing"] = true
		return next, state, nil
	}
	if match := importID.FindStringSubmatch(text); match != nil {
		imported, importErr := s.driver().importID(s.t.Context(), e.kind, match[1])
		return config, imported, importErr
	}
	return nil, state, fmt.Errorf("one more apply fails, and names no step that this test knows: %w", err)
}

// checkEnd holds once all is repaired.
func (s *scene) checkEnd(e errand, prior, end instance) {
	s.t.Helper()
	t, now, d := s.t, s.ids(), s.driver()
	s.equalsServer(e.kind, end)

	id := d.text(end, "id")
	if gone := d.text(prior, "id"); gone != "" && gone != id && slices.Contains(now, gone) {
		t.Errorf("%s should be gone", gone)
	}
	for _, is := range now {
		if is != id && !slices.Contains(s.before, is) && !s.comesAlong(is) {
			t.Errorf("%s is left over on the server", is)
		}
	}
	for _, was := range s.bystanders {
		if !slices.Contains(now, was) {
			t.Errorf("%s was there before, had nothing to do with it, and is gone", was)
		}
	}
	if key := d.text(end, "key"); e.kind == keyKind && key != "" {
		if status := s.server.SendSpans(key, 1); status != 200 {
			t.Errorf("the key of the state is answered %d, want 200", status)
		}
	}

	// The second plan is empty. replace_existing may stay in or be taken out.
	config := e.config(s)
	if d.boolean(end, "replace_existing") {
		config["replace_existing"] = true
	}
	refreshed, err := d.refresh(t.Context(), e.kind, end)
	if err != nil {
		t.Fatalf("the second plan: %v", err)
	}
	if p, err := d.plan(t.Context(), e.kind, refreshed, config); err != nil || p.action != "" {
		t.Errorf("the second plan is not empty: %s, %v", p.action, err)
	}
}

// equalsServer compares a state with what the server has.
func (s *scene) equalsServer(kind string, state instance) {
	s.t.Helper()
	if state.value.IsNull() {
		return
	}
	d := s.driver()
	want := map[string]string{}
	switch id := d.text(state, "id"); kind {
	case projectKind:
		for _, p := range s.server.Projects() {
			if p.ID == id {
				want = map[string]string{"id": p.ID, "name": p.Name, "slug": p.Slug, "created_at": p.CreatedAt}
			}
		}
	case environmentKind:
		for _, v := range s.server.Environments("") {
			if v.ID == id {
				want = map[string]string{"id": v.ID, "name": v.Name, "slug": v.Slug, "scope": v.Scope, "project_id": "", "created_at": v.CreatedAt}
				if v.ProjectID != nil {
					want["project_id"] = *v.ProjectID
				}
			}
		}
	case keyKind:
		for _, k := range s.server.Keys() {
			if k.ID == id {
				want = map[string]string{"id": k.ID, "project_id": k.ProjectID, "environment": k.Environment, "masked_key": k.MaskedKey, "created_at": k.CreatedAt}
			}
		}
	}
	if len(want) == 0 {
		s.t.Errorf("the state has %s %s, and the server has not", kind, d.text(state, "id"))
	}
	for name, value := range want {
		if name == "created_at" { // the server's has fractions of a second
			created, err := time.Parse(time.RFC3339, value)
			if err != nil {
				s.t.Fatal(err)
			}
			value = created.UTC().Format(time.RFC3339)
		}
		if got := d.text(state, name); got != value {
			s.t.Errorf("%s is %q in the state, and %q on the server", name, got, value)
		}
	}
}

// boolean returns a bool attribute; false when it is null or there is none.
func (d *driver) boolean(i instance, name string) bool {
	value, ok := attributes(d.t, i.value)[name]
	if !ok || value.IsNull() {
		return false
	}
	var b bool
	if err := value.As(&b); err != nil {
		d.t.Fatal(err)
	}
	return b
}

// outcomes counts how the cases ended.
type outcomes struct {
	mu     sync.Mutex
	counts map[string]int
}

func (o *outcomes) add(outcome string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.counts[outcome]++
}

// matrixWidth is how many cases are under way at a time: most of them wait most of the time.
const matrixWidth = 32

func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	ended := outcomes{counts: map[string]int{}}
	sealTo := recipient(t)

	// Not t.Parallel, which has as many at work as there are processors.
	var cases errgroup.Group
	cases.SetLimit(matrixWidth)
	for _, e := range errands {
		// The requests of a run without faults: each is hit in turn.
		var requests []emulatortest.Request
		t.Run(e.name, func(t *testing.T) {
			s := newScene(t, sealTo, nil)
			prior := s.prepare(e)
			after, err := s.run(e, prior)
			requests = s.server.Requests()
			s.checkAfter(e, prior, after, err)
			if occupied := err != nil; occupied != e.occupied || len(requests) == 0 {
				t.Fatalf("without a fault: %v, with the requests %v", err, requests)
			}
		})

		run := func(m mishap, where string, fault emulatortest.Fault, hit emulatortest.Request) {
			cases.Go(func() error {
				t.Run(fmt.Sprintf("%s, %s %s", e.name, m.name, where), func(t *testing.T) { e.meets(t, m, fault, hit, sealTo, &ended) })
				return nil
			})
		}
		for _, m := range mishaps {
			seen := map[string]bool{}
			for n, request := range requests {
				one := m.fault
				one.After = n
				run(m, fmt.Sprintf("at request %d", n+1), one, request)
				if !m.lasts {
					continue
				}
				rest := m.fault
				rest.After, rest.Times = n, 1000
				run(m, fmt.Sprintf("from request %d on", n+1), rest, request)
				if call := request.Method + " " + request.Path; !seen[call] {
					seen[call] = true
					every := m.fault
					every.Method, every.Path, every.Times = request.Method, request.Path, 1000
					run(m, fmt.Sprintf("at every %s of request %d", request.Method, n+1), every, request)
				}
			}
		}
	}
	cases.Wait() // the cases report for themselves

	total := 0
	for _, n := range ended.counts {
		total += n
	}
	t.Logf("%d cases: %v", total, ended.counts)
}

// meets is one case.
func (e errand) meets(t *testing.T, m mishap, fault emulatortest.Fault, hit emulatortest.Request, sealTo string, ended *outcomes) {
	s := newScene(t, sealTo, m.settings)
	prior := s.prepare(e)
	fault.Path = s.translate(fault.Path, hit)
	s.server.SetFaults(fault)
	after, err := s.run(e, prior)
	s.server.SetFaults()
	// One without a status is still under way, though nobody waits for it any longer.
	if !slices.ContainsFunc(s.server.Requests(), func(r emulatortest.Request) bool { return r.Fault != "" || r.Status == 0 }) {
		t.Errorf("the fault hit no request: %v", s.server.Requests())
	}

	s.checkAfter(e, prior, after, err)
	s.notReplayedBlindly()
	// A broken 409 is not repeated: its status alone says that nothing was done.
	if once := fault.Times == 0; once && m.transient && !e.occupied && err != nil && !strings.Contains(err.Error(), "(409 Conflict)") {
		t.Errorf("a single one of these should be got over, and is an error: %v", err)
	}
	// What was made, and can be looked at, is taken over.
	made := fault.Kind == "drop_after" || fault.Kind == "garbage" || fault.Done
	if made && fault.Method == "POST" && e.kind != keyKind && err != nil {
		t.Errorf("what was made is not taken over: %v", err)
	}
	// With replace_existing a conflict is no refusal.
	if m.refuses && hit.Method != "GET" && err == nil && !(m.fault.Status == 409 && e.config(s)["replace_existing"] == true) {
		t.Errorf("%s %s was refused, and the run succeeded", hit.Method, hit.Path)
	}

	end, steps := s.converge(e, after, err)
	s.checkEnd(e, prior, end)
	switch {
	case err == nil:
		ended.add("succeeded")
	case steps == 0:
		ended.add("failed, and one more apply converged")
	default:
		ended.add("failed, and the named step led on")
	}
}

// translate puts this scene's ids into a path of another: what follows the collection.
func (s *scene) translate(path string, hit emulatortest.Request) string {
	if path == "" {
		return ""
	}
	parts := strings.Split(hit.Path, "/")
	if len(parts) < 4 {
		return path
	}
	return strings.Join(parts[:3], "/") + "/" // the errand uses no id but the object's own
}

// A 404 in the words of the API is all that takes an object out of the state.
func TestFaultMatrix_true404Drops(t *testing.T) {
	t.Parallel()
	for _, e := range errands {
		if !e.reads {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, "", nil)
			prior := s.prepare(e)
			s.server.SetFaults(emulatortest.Fault{Method: "GET", Kind: "status", Status: 404})
			after, err := s.run(e, prior)
			if err != nil || !after.value.IsNull() {
				t.Errorf("a true 404 leaves %v in the state: %v", after.value, err)
			}
		})
	}
}

// An interrupt while a request is under way: the provider sees a write through.
func TestFaultMatrix_interrupt(t *testing.T) {
	t.Parallel()
	for _, e := range errands {
		if e.imports != nil || e.occupied {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, recipient(t), nil)
			prior := s.prepare(e)
			_, err := s.run(e, prior)
			if err != nil {
				t.Fatal(err)
			}
			for n := range s.server.Requests() {
				for name, lost := range map[string]emulatortest.Fault{"and the answer arrives": {Kind: "delay", MS: 1, After: n}, "and the answer is lost": {Kind: "drop_after", After: n}} {
					t.Run(fmt.Sprintf("at request %d, %s", n+1, name), func(t *testing.T) {
						e.interrupted(t, n, lost)
					})
				}
			}
		})
	}
}

// interrupting is a way to the server on which the request with this index brings about an
// interrupt as it arrives.
func interrupting(tb testing.TB, server *emulatortest.Server, index int, interrupt func()) (url string) {
	tb.Helper()
	var arrived atomic.Int64
	way := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if int(arrived.Add(1)) == index+1 {
			interrupt()
		}
		server.Emulator.ServeHTTP(w, r)
	}))
	tb.Cleanup(way.Close)
	return way.URL
}

func (e errand) interrupted(t *testing.T, n int, lost emulatortest.Fault) {
	s := newScene(t, recipient(t), nil)
	prior := s.prepare(e)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	s.server.SetFaults(lost)
	s.url = interrupting(t, s.server, n, interrupt)
	d := s.driver()
	after, err := d.refresh(ctx, e.kind, prior)
	if err == nil && !e.reads {
		after, _, err = d.apply(ctx, e.kind, after, e.config(s))
	}
	s.server.SetFaults()

	now := s.ids()
	id := d.text(after, "id")
	for _, made := range now {
		if slices.Contains(s.before, made) || made == id || s.comesAlong(made) {
			continue
		}
		if err == nil || !strings.Contains(err.Error(), made) {
			t.Errorf("%s was made, is not in the state, and the error does not name it: %v", made, err)
		}
	}
	if id == "" && !prior.value.IsNull() && slices.Contains(now, d.text(prior, "id")) {
		t.Errorf("the state has lost %s, which exists", d.text(prior, "id"))
	}
	s.notReplayedBlindly()
	end, _ := s.converge(e, after, err)
	s.checkEnd(e, prior, end)
}

// A dozen of these with the real CLI: one configuration, which lives through a fault at
// each step of its life.
func TestAccFaultMatrix_cli(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	c := newCLI(t, server)
	hcl := func(project, environment, trigger string) string {
		return fmt.Sprintf(`
provider "traceloop" {
  max_retries = 1
}

resource "traceloop_project" "orders" {
  name                = %q
  deletion_protection = false
}

resource "traceloop_environment" "eu" {
  name                = %q
  project_id          = traceloop_project.orders.id
  deletion_protection = false
}

resource "traceloop_api_key" "orders" {
  project_id        = traceloop_project.orders.id
  environment       = traceloop_environment.eu.slug
  rotation_triggers = { at = %q }
}
`, project, environment, trigger)
	}
	for _, step := range []struct {
		name    string
		hcl     string
		fault   emulatortest.Fault
		phrases []string // of the error; none: the apply succeeds
	}{
		{
			name: "the answer to a new project is lost", hcl: hcl("Orders", "EU", "1"),
			fault: emulatortest.Fault{Method: "POST", Path: "/v2/projects", Kind: "drop_after", Times: 2},
		},
		{
			name: "a project cannot be read", hcl: hcl("Orders", "EU", "1"),
			fault:   emulatortest.Fault{Method: "GET", Path: "/v2/projects", Kind: "status", Status: 503, Times: 1000},
			phrases: []string{"Unable to Read Project", "503", "Run the command again"},
		},
		{
			name: "a renaming is dropped once", hcl: hcl("Invoices", "EU", "1"),
			fault: emulatortest.Fault{Method: "PATCH", Path: "/v2/projects", Kind: "drop_before"},
		},
		{
			name: "a renaming is refused", hcl: hcl("Bills", "EU", "1"),
			fault:   emulatortest.Fault{Method: "PATCH", Path: "/v2/projects", Kind: "status", Status: 403},
			phrases: []string{"Unable to Rename Project", "403", "use a management key instead"},
		},
		{
			name: "a sign-in page stands before the environments", hcl: hcl("Bills", "EU", "1"),
			fault:   emulatortest.Fault{Method: "GET", Path: "/v2/environments", Kind: "garbage", Times: 1000},
			phrases: []string{"Unable to Read Environment", "text/html", "Check that the base URL"},
		},
		{
			name: "a key is read in halves once", hcl: hcl("Bills", "EU", "1"),
			fault: emulatortest.Fault{Method: "GET", Path: "/v2/api-keys", Kind: "truncate"},
		},
		{
			name: "the answer to a new key is lost during a rotation", hcl: hcl("Bills", "EU", "2"),
			fault: emulatortest.Fault{Method: "POST", Path: "/v2/api-keys", Kind: "drop_after"},
		},
		{
			name: "a key cannot be generated during a rotation", hcl: hcl("Bills", "EU", "3"),
			fault:   emulatortest.Fault{Method: "POST", Path: "/v2/api-keys", Kind: "status", Status: 500, Done: true, Times: 1000},
			phrases: []string{"Unable to Generate API Key", "no unknown key was left active"},
		},
		{
			name: "a key cannot be revoked", hcl: hcl("Bills", "EU", "4"),
			fault:   emulatortest.Fault{Method: "DELETE", Path: "/v2/api-keys", Kind: "status", Status: 401},
			phrases: []string{"Unable to Revoke API Key", "401", "has not been revoked"},
		},
		{
			name: "a rate limit", hcl: hcl("Bills", "EU", "5"),
			fault: emulatortest.Fault{Kind: "status", Status: 429, RetryAfter: new(1)},
		},
		{
			name: "an environment cannot be deleted to be replaced", hcl: hcl("Bills", "US", "5"),
			fault:   emulatortest.Fault{Method: "DELETE", Path: "/v2/environments", Kind: "drop_before", Times: 1000},
			phrases: []string{"Unable to Delete Environment", "Check that this machine can reach the base URL"},
		},
		{
			name: "an endless answer in place of the list of keys", hcl: hcl("Bills", "EU", "6"),
			fault: emulatortest.Fault{Method: "GET", Path: "/v2/api-keys", Kind: "huge"},
		},
		{
			name: "the project's deletion is lost", hcl: "provider \"traceloop\" {\n  max_retries = 1\n}\n",
			fault: emulatortest.Fault{Method: "DELETE", Path: "/v2/projects", Kind: "drop_after"},
		},
	} {
		t.Log(step.name)
		c.write(step.hcl)
		server.ResetRequests()
		server.SetFaults(step.fault)
		out, err := c.run("apply", "-auto-approve", "-input=false")
		server.SetFaults()
		if !slices.ContainsFunc(server.Requests(), func(r emulatortest.Request) bool { return r.Fault != "" }) {
			t.Errorf("%s: the fault hit no request", step.name)
		}
		if (err != nil) != (len(step.phrases) > 0) {
			t.Fatalf("%s: %v\n%s", step.name, err, out)
		}
		shows(t, out, step.phrases...)
		hides(t, out, server.ManagementKey)
		if plainKey.MatchString(out) {
			t.Errorf("%s: the output shows a key in full", step.name)
		}
		if err != nil {
			c.apply()
		}
		c.ok("plan", "-input=false", "-detailed-exitcode")
		if keys, want := len(server.Keys()), min(1, strings.Count(step.hcl, "traceloop_api_key")); keys != want {
			t.Errorf("%s: %d keys are active, want %d", step.name, keys, want)
		}
	}
	if projects := server.Projects(); len(projects) != 1 {
		t.Errorf("in the end there are the projects %v, want the default one alone", projects)
	}
}
