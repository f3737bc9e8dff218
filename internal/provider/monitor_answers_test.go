package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// What is tolerated in answers about setups must not depend on the emulator. So the answers of this
// file are written by hand.

const madeUpKey = "tl_0123456789abcdef0123456789abcdef"

// answering is a service whose answers a test writes: a status and a body, by method and path.
type answering struct {
	URL string

	mu       sync.Mutex
	answers  map[string]string
	later    map[string]map[string]string // answers that change once a request is answered
	requests []string
}

func newAnswering(t *testing.T, answers map[string]string) *answering {
	t.Helper()
	a := &answering{answers: answers, later: map[string]map[string]string{}}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.URL = server.URL
	return a
}

func (a *answering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	line := r.Method + " " + r.URL.Path
	a.requests = append(a.requests, line)
	status, body := http.StatusNotFound, `{"error":"not found"}`
	if answer, ok := a.answers[line]; ok {
		text, rest, _ := strings.Cut(answer, " ")
		if _, err := fmt.Sscan(text, &status); err != nil {
			panic(err)
		}
		body = rest
	}
	maps.Copy(a.answers, a.later[line])
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// set changes answers from now on.
func (a *answering) set(answers map[string]string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.Copy(a.answers, answers)
}

// after changes answers once a request is answered.
func (a *answering) after(line string, answers map[string]string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.later[line] = answers
}

// count returns how many requests begin with a method and a path, since the last reset.
func (a *answering) count(prefix string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, line := range a.requests {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

// life is the life of a setup at this service.
func (a *answering) life(t *testing.T, settings arguments) *life {
	t.Helper()
	return newLife(newDriverWith(t, time.Now, arguments{"base_url": a.URL, "project_api_key": madeUpKey}.with(settings)), setupKind)
}

// answered is a setup in an answer: new, with one evaluator. with replaces fields; nil removes one.
func answered(externalID string, with map[string]any) string {
	now := time.Now().UTC().Format(time.RFC3339Nano)
	fields := map[string]any{
		"id": "s-1", "external_id": externalID, "org_id": "o-1", "project_id": "p-1", "env_project_id": "ep-1", "status": "pending",
		"evaluators": []any{map[string]any{"evaluator_type": "char-count", "status": "pending"}}, "init_rules": []any{}, "created_at": now, "updated_at": now,
	}
	maps.Copy(fields, with)
	maps.DeleteFunc(fields, func(_ string, value any) bool { return value == nil })
	body, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return string(body)
}

const (
	createSetup = "POST " + setupsPath
	bulkSetups  = "POST " + setupsPath + "/bulk"
	listSetups  = "GET " + setupsPath
	readSetup   = "GET " + setupsPath + "/checkout"
	updateSetup = "PUT " + setupsPath + "/checkout"
	deleteSetup = "DELETE " + setupsPath + "/checkout"
)

func evaluatorsOf(types ...string) []any {
	all := []any{}
	for _, slug := range types {
		all = append(all, map[string]any{"evaluator_type": slug, "status": "pending"})
	}
	return all
}

// appliesWith applies a creation, and returns its warnings.
func (l *life) appliesWith(config arguments) string {
	l.t.Helper()
	d := l.provider.next()
	if err := l.saves(config).apply(d); err != nil {
		l.t.Fatal(err)
	}
	return said(d.applied)
}

// What an answer shows in another way, later, or not at all is as requested: no warning, and no later plan that finds
// a difference. What it shows differently is a warning, and drift.
func TestSetupAnswers_terseOrLate(t *testing.T) {
	t.Parallel()
	rule := func(key string, rest map[string]any) map[string]any {
		all := map[string]any{"key": key, "source": "span_attributes", "operator": "equals", "value": "v"}
		maps.Copy(all, rest)
		maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
		return all
	}
	nothing := map[string]any{"source": nil, "operator": nil, "value": nil}
	inList := map[string]any{"source": "resource_attributes", "operator": "in", "value": nil}
	config := setupConfig("checkout", "char-count", "our-own").with(arguments{"selector": []arguments{
		{"key": "a", "source": "span_attributes", "value": "v"},
		{"key": "b", "source": "span_attributes", "value": "v"},
		{"key": "c", "source": "resource_attributes", "operator": "in", "values": []string{"y", "x"}},
		{"key": "c", "source": "resource_attributes", "operator": "in", "values": []string{"z"}},
	}})
	for name, test := range map[string]struct {
		answer map[string]any // beside own evaluators by their slug, and all rules
		warns  []string
	}{
		"own evaluator by its type": {map[string]any{"evaluators": evaluatorsOf("LLM_AS_A_JUDGE", "CHAR_COUNT")}, nil},
		"no evaluators":             {map[string]any{"evaluators": nil, "status": "completed"}, nil},
		"none while pending":        {map[string]any{"evaluators": []any{}, "init_rules": []any{}}, nil},
		"no rules":                  {map[string]any{"init_rules": nil, "status": "completed"}, nil},
		"parts of rules":            {map[string]any{"init_rules": []any{rule("c", inList), rule("c", inList), rule("b", nothing), rule("a", nothing)}}, nil},
		"another order": {map[string]any{"init_rules": []any{
			rule("b", map[string]any{"operator": nil, "op": "equals"}), rule("a", nil),
			rule("c", map[string]any{"source": "resource_attributes", "operator": "in", "value": nil, "values": []string{"z"}}),
			rule("c", map[string]any{"source": "resource_attributes", "operator": "in", "value": nil, "values": []string{"x", "y"}}),
		}}, nil},
		"no times, no status": {map[string]any{"created_at": nil, "updated_at": nil, "status": nil}, nil},
		"another rule":        {map[string]any{"init_rules": []any{rule("a", nil), rule("d", nil)}}, []string{"Answer Differs From the Request", "selector", "state has what was requested"}},
		"empty rules":         {map[string]any{"init_rules": []any{}, "status": "completed"}, []string{"Answer Differs From the Request", "selector"}},
		"one evaluator less":  {map[string]any{"evaluators": evaluatorsOf("CHAR_COUNT")}, []string{"Answer Differs From the Request", "evaluators", "our-own"}},
		"one own too many":    {map[string]any{"evaluators": evaluatorsOf("LLM_AS_A_JUDGE", "LLM_AS_A_JUDGE", "CHAR_COUNT")}, []string{"Answer Differs From the Request", "LLM_AS_A_JUDGE"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := map[string]any{"evaluators": evaluatorsOf("our-own", "CHAR_COUNT"), "init_rules": nil}
			maps.Copy(answer, test.answer)
			setup := answered("checkout", answer)
			l := newAnswering(t, map[string]string{listSetups: "200 []", createSetup: "200 " + setup, readSetup: "200 " + setup, deleteSetup: "204 "}).life(t, nil)
			if got := l.appliesWith(config); test.warns == nil && got != "" || !says(test.warns...).MatchString(got) {
				t.Errorf("the apply warns %q, want %q", got, test.warns)
			}
			l.has(arguments{"id": "s-1", "evaluators": config["evaluators"]})
			if test.warns != nil {
				if p := l.plan(config, true); p.action != "update" {
					t.Errorf("the next plan is to %q", p.action)
				}
				return
			}
			l.changesNothing(config)
			l.destroy()
		})
	}
}

// An import of rules in another order plans no change.
func TestSetupAnswers_importedRules(t *testing.T) {
	t.Parallel()
	rule := func(key string) map[string]any {
		return map[string]any{"key": key, "source": "span_attributes", "operator": "equals", "value": "v"}
	}
	service := newAnswering(t, map[string]string{readSetup: "200 " + answered("checkout", map[string]any{"init_rules": []any{rule("b"), rule("c"), rule("a")}})})
	l := service.life(t, nil)
	l.takesOver("checkout")
	config := func(keys ...string) arguments {
		var rules []arguments
		for _, key := range keys {
			rules = append(rules, arguments{"key": key, "source": "span_attributes", "value": "v"})
		}
		return setupConfig("checkout", "char-count").with(arguments{"selector": rules})
	}
	l.changesNothing(config("a", "b", "c"))
	l.changesNothing(config("c", "b", "a"))
	if p := l.plan(config("a", "b"), true); p.action != "update" {
		t.Errorf("without a rule, the plan is to %q", p.action)
	}
}

// What an update answers: nothing, another id, or that the setup is gone. And then it may not be read.
func TestSetupAnswers_update(t *testing.T) {
	t.Parallel()
	changed := map[string]any{"id": "s-2", "evaluators": evaluatorsOf("WORD_COUNT"), "created_at": "2026-01-02T03:04:05Z"}
	found := "200 " + answered("checkout", changed)
	for name, test := range map[string]struct {
		answer, read string
		refuses      []string
	}{
		"empty":        {"200 ", found, nil},
		"another id":   {found, found, nil},
		"gone":         {`404 {"error":"not found"}`, found, []string{"Auto Monitor Setup No Longer Exists", "Nothing was changed", "Plan again"}},
		"another env":  {"200 " + answered("checkout", map[string]any{"env_project_id": "ep-2"}), found, []string{"Unable to Update Auto Monitor Setup", "different projects or environments", "ep-2"}},
		"unreadable":   {"200 <html>", found, nil},
		"another type": {"200 " + answered("checkout", map[string]any{"evaluators": "many"}), found, nil},
		"not read":     {"200 ", "500 {}", []string{"Unable to Update Auto Monitor Setup", "it cannot be read", "may have carried this out: the next plan shows it"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := "200 " + answered("checkout", nil)
			service := newAnswering(t, map[string]string{listSetups: "200 []", createSetup: before, readSetup: before, updateSetup: test.answer, deleteSetup: "204 "})
			l := service.life(t, arguments{"max_retries": int64(0)})
			l.apply(setupConfig("checkout", "char-count"), "create")
			config := setupConfig("checkout", "word-count")
			service.after(updateSetup, map[string]string{readSetup: test.read})
			if test.refuses != nil {
				l.refusesToApply(config, test.refuses...)
				l.has(arguments{"id": "s-1", "evaluators": []string{"char-count"}})
			} else {
				l.apply(config, "update")
				l.has(arguments{"id": "s-2", "evaluators": []string{"word-count"}})
			}
			if n := service.count(updateSetup); n != 1 {
				t.Errorf("%d PUTs, want one: each restarts the setup", n)
			}
		})
	}
}

// A setup that the service had before is not taken for the new one.
func TestSetupAnswers_wasThere(t *testing.T) {
	t.Parallel()
	old := map[string]any{"created_at": "2026-01-02T03:04:05Z"}
	service := newAnswering(t, map[string]string{listSetups: "200 []", createSetup: "200 " + answered("checkout", old)})
	l := service.life(t, nil)
	l.refusesToApply(setupConfig("checkout", "char-count"), "Auto Monitor Setup Already Exists", "s-1", "2026-01-02T03:04:05Z", "replaced its evaluators", "does not manage it", "import {")
	if !l.state.value.IsNull() {
		t.Errorf("the state has it: %s", l.state.value)
	}

	// The service may refuse a setup that came into being after the look.
	service = newAnswering(t, map[string]string{listSetups: "200 []", createSetup: `409 {"error":"taken"}`})
	service.after(createSetup, map[string]string{readSetup: "200 " + answered("checkout", old)})
	service.life(t, nil).refusesToApply(setupConfig("checkout", "char-count"), "Auto Monitor Setup Already Exists", "s-1", "2026-01-02T03:04:05Z", "Nothing was changed", "import {")
}

// An item of a bulk upsert may fail because the service fails, which is not the configuration's fault.
func TestSetupAnswers_bulk(t *testing.T) {
	t.Parallel()
	service := newAnswering(t, map[string]string{listSetups: "200 []", bulkSetups: fmt.Sprintf(
		`200 {"setups":[{"external_id":"a","status":"ok","result":%s},{"external_id":"b","status":"error","error":"setups[1]: internal error"},{"external_id":"c","status":"error","error":"setups[2]: unknown slug"}]}`, answered("a", nil))})
	d := service.life(t, nil).provider
	errs := createdTogether(t, d, setupConfig("a", "char-count"), setupConfig("b", "char-count"), setupConfig("c", "made-up"))
	if errs[0] != nil {
		t.Error(errs[0])
	}
	refuses(t, errs[1], "internal error", "The service failed", "Apply again")
	refuses(t, errs[2], "unknown slug", "Correct the configuration")
	if n := service.count(bulkSetups); n != 1 {
		t.Errorf("%d bulk upserts, want one", n)
	}
}

// project_id holds the key to its project. Nothing is left behind where only the answer shows the
// project, and nothing is sent where it is known before.
func TestSetupAnswers_otherProject(t *testing.T) {
	t.Parallel()
	service := newAnswering(t, map[string]string{listSetups: "200 []", createSetup: "200 " + answered("checkout", nil), deleteSetup: "204 "})
	l := service.life(t, nil)
	config := setupConfig("checkout", "char-count").with(arguments{"project_id": "p-2"})
	l.refusesToApply(config, "Project Key Belongs to Another Project", `project_id = "p-2"`, "project p-1", "TRACELOOP_PROJECT_API_KEY", "Nothing is left behind")
	if !l.state.value.IsNull() || service.count(deleteSetup) != 1 {
		t.Errorf("the state has %s, and the requests are %q", l.state.value, service.requests)
	}

	service.set(map[string]string{deleteSetup: `403 {"error":"no"}`})
	l.refusesToApply(config, "Project Key Belongs to Another Project", "could not be deleted again", "Delete it in the Traceloop dashboard")

	// Another setup shows the key's project: the plan warns, and the apply sends nothing.
	l = service.life(t, nil)
	other := setupConfig("other", "char-count").with(arguments{"project_id": "p-1"})
	service.set(map[string]string{createSetup: "200 " + answered("other", nil), "GET " + setupsPath + "/other": "200 " + answered("other", nil)})
	l.apply(other, "create")
	d := l.provider.next()
	if _, err := d.refresh(t.Context(), setupKind, l.state); err != nil {
		t.Fatal(err)
	}
	before := service.count("POST")
	p, err := d.plan(t.Context(), setupKind, d.none(setupKind), config)
	if err != nil {
		t.Fatal(err)
	}
	warns(t, p.diags, "Project Key Belongs to Another Project", "Apply will refuse")
	_, err = d.carryOut(t.Context(), setupKind, d.none(setupKind), p)
	refuses(t, err, "Project Key Belongs to Another Project")
	if n := service.count("POST"); n != before {
		t.Errorf("%d creations were sent", n-before)
	}

	// One that exists does not move.
	l.refusesToPlan(other.with(arguments{"project_id": "p-2"}), "Auto Monitor Setup Cannot Move to Another Project", "destroy it with the key of its own project", "-refresh=false")
	l.changesNothing(setupConfig("other", "char-count"))
}

// A project_id that the plan does not know is held to the project later.
func TestSetupAnswers_unknownProject(t *testing.T) {
	t.Parallel()
	setup := "200 " + answered("checkout", nil)
	service := newAnswering(t, map[string]string{listSetups: "200 []", createSetup: setup, readSetup: setup})
	l := service.life(t, nil)
	config := setupConfig("checkout", "char-count")
	l.apply(config, "create")
	d := l.provider.next()
	for projectID, phrases := range map[string][]string{"p-1": nil, "p-2": {"Project Key Belongs to Another Project", "Nothing was changed"}} {
		p, err := d.plan(t.Context(), setupKind, l.state, config.with(arguments{"project_id": unknownText}))
		if err != nil || p.action != "update" {
			t.Fatalf("the plan is to %q: %v", p.action, err)
		}
		p.config = d.object(d.schemas[setupKind].ValueType(), config.with(arguments{"project_id": projectID}))
		planned := attributes(t, p.value)
		planned["project_id"] = tftypes.NewValue(tftypes.String, projectID)
		p.value = tftypes.NewValue(p.value.Type(), planned)
		after, err := d.next().applyOnce(t.Context(), setupKind, l.state, p)
		if phrases == nil {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		refuses(t, err, phrases...)
		if !after.value.Equal(l.state.value) {
			t.Errorf("the state has %s", after.value)
		}
	}
	if n := service.count("P"); n != 1 {
		t.Errorf("%d writes, want the creation: %q", n, service.requests)
	}

	// Without a key the project may be another one, as if the plan replaced it: so the setup is replaced.
	d = newDriverWith(t, time.Now, arguments{"base_url": service.URL, "project_api_key": unknownText})
	p, err := d.plan(t.Context(), setupKind, l.state, config.with(arguments{"project_id": unknownText}))
	if err != nil || p.action != "replace" || strings.Join(p.forcedBy, " ") != "project_id" {
		t.Errorf("the plan is to %q for %q: %v", p.action, p.forcedBy, err)
	}
}

// What the key of a project manages is gone if the API's own 404 says so, it is not young, and the same organization
// answers, as far as the list of setups shows that.
func TestAnswers_goneForTheProjectKey(t *testing.T) {
	t.Parallel()
	const notFound = `404 {"error":"not found"}`
	setupOf := func(organization string) string {
		return "200 [" + answered("b", map[string]any{"id": "s-9", "org_id": organization, "project_id": "p-9", "env_project_id": "ep-9"}) + "]"
	}
	kinds := map[string]struct {
		title  string
		config arguments
	}{
		setupKind: {"Auto Monitor Setup", setupConfig("checkout", "char-count")}, evaluatorKind: {"Evaluator", evaluatorConfig("Tone")},
	}
	for name, test := range map[string]struct {
		now   func() time.Time
		list  string
		shown bool // at last
		gone  bool
		says  []string
	}{
		"another organization":  {later, setupOf("o-2"), false, false, []string{"Another Organization Answers", "o-1", "o-2", "nothing was changed", "terraform state rm"}},
		"the same":              {later, setupOf("o-1"), false, true, []string{"No Longer Found", "any more"}},
		"no known organization": {later, "200 []", false, true, []string{"No Longer Found", "belongs to another organization"}},
		"unreadable list":       {later, `400 {"error":"no list today"}`, false, false, []string{"no list today"}},
		"young":                 {time.Now, setupOf("o-1"), false, false, []string{"Not Found Yet", "Run the command again then"}},
		"young, then shown":     {time.Now, setupOf("o-1"), true, false, nil},
	} {
		for kind, k := range kinds {
			t.Run(k.title+" "+name, func(t *testing.T) {
				t.Parallel()
				service := evaluating(t, shown(nil))
				setup := answered("checkout", nil)
				service.set(map[string]string{createSetup: "200 " + setup, readSetup: "200 " + setup, listSetups: setupOf("o-1")})
				sleep := func(context.Context, time.Duration) error {
					if test.shown {
						service.set(map[string]string{listSetups: "200 [" + setup + "]", listEvaluators: `200 {"evaluators":[` + shown(nil) + `]}`})
					}
					return nil
				}
				l := newLife(newDriverOf(t, provider.NewServerWithSleep(test.now, sleep), arguments{"base_url": service.URL, "project_api_key": madeUpKey}), kind)
				l.apply(k.config, "create")
				service.set(map[string]string{listSetups: test.list, listEvaluators: `200 {"evaluators":[]}`, readSetup: notFound, readEvaluator: notFound})
				d, typ := l.provider.next(), l.state.value.Type()
				read := ask(t.Context(), t, d.server.ReadResource, &tfprotov6.ReadResourceRequest{TypeName: kind, CurrentState: d.dynamic(typ, l.state.value), Private: l.state.private})
				text := said(read.Diagnostics)
				if err := failure(read.Diagnostics); err != nil {
					text = err.Error()
				}
				if gone := d.value(typ, read.NewState).IsNull(); gone != test.gone || !says(slices.Clone(test.says)...).MatchString(text) || test.says == nil && text != "" {
					t.Errorf("gone: %t, %s", gone, text)
				}

				// A destroy that does not refresh. Protection does not stop that of what is gone.
				service.set(map[string]string{listSetups: test.list, listEvaluators: `200 {"evaluators":[]}`})
				p, err := l.provider.next().plan(t.Context(), kind, l.state, nil)
				if err == nil {
					destroying := l.provider.next()
					_, err = destroying.carryOut(t.Context(), kind, l.state, p)
					if perhaps := kind == setupKind && name == "no known organization"; strings.Contains(said(destroying.applied), "No Longer Found") != perhaps {
						t.Errorf("the destroy warns %q", said(destroying.applied))
					}
				}
				if (err == nil) != test.gone || err != nil && !test.shown && !says(slices.Clone(test.says)...).MatchString(err.Error()) {
					t.Errorf("the destroy: %v", err)
				}
			})
		}
	}
}

// The key of a setup is revoked, or not known. If its project is gone, so is the setup; otherwise the
// error says what to do next.
func TestSetupAnswers_refusedKey(t *testing.T) {
	t.Parallel()
	project := `200 {"id":"p-1","name":"Orders","slug":"orders","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:05Z"}`
	const revoked = `401 {"error":"invalid key"}`
	for name, test := range map[string]struct {
		key     any
		answer  string
		exists  bool
		mark    string // of the organization that the management key belongs to
		phrases []string
	}{
		"refused, and the project is gone":          {madeUpKey, revoked, false, "e-1", nil},
		"refused, and another organization answers": {madeUpKey, revoked, false, "e-2", []string{"Unable to Delete Auto Monitor Setup", "terraform state rm ADDRESS"}},
		"refused":                          {madeUpKey, revoked, true, "e-1", []string{"Unable to Delete Auto Monitor Setup", "has not been revoked", "terraform state rm ADDRESS"}},
		"forbidden":                        {madeUpKey, `403 {"error":"Forbidden"}`, true, "e-1", []string{"Unable to Delete Auto Monitor Setup", "does not accept a management key"}},
		"unknown, and the project is gone": {unknownText, revoked, false, "e-1", nil},
		"unknown":                          {unknownText, revoked, true, "e-1", []string{"Unknown Provider Configuration", "-target=ADDRESS", "terraform state rm ADDRESS"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			setup := "200 " + answered("checkout", nil)
			service := newAnswering(t, map[string]string{
				listSetups: "200 []", createSetup: setup, readSetup: setup,
				"GET /v2/projects/p-1": project, "GET /v2/projects": "200 [" + project[len("200 "):] + "]", "GET /v2/environments": "200 [" + builtInJSON + "]",
			})
			l := service.life(t, arguments{"api_key": "tl_management0000000000000000000"})
			config := setupConfig("checkout", "char-count")
			l.apply(config, "create")

			service.set(map[string]string{listSetups: test.answer, readSetup: test.answer, deleteSetup: test.answer})
			if !test.exists {
				service.set(map[string]string{
					"GET /v2/projects/p-1": `404 {"error":"not found"}`, "GET /v2/projects": "200 []",
					"GET /v2/environments": "200 [" + strings.Replace(builtInJSON, "e-1", test.mark, 1) + "]",
				})
			}
			l = &life{t, setupKind, newDriverWith(t, time.Now, arguments{"base_url": service.URL, "api_key": "tl_management0000000000000000000", "project_api_key": test.key}), l.state}
			p, err := l.provider.plan(t.Context(), setupKind, l.state, nil)
			if err != nil {
				t.Fatal(err)
			}
			after, err := l.provider.next().carryOut(t.Context(), setupKind, l.state, p)
			if test.phrases == nil {
				if err != nil || !after.value.IsNull() {
					t.Errorf("%v; the state has %s", err, after.value)
				}
			} else {
				refuses(t, err, test.phrases...)
			}
			if test.key != madeUpKey {
				return
			}
			if test.phrases != nil {
				l.refusesToPlan(config, append([]string{"Unable to Read Auto Monitor Setup"}, append(test.phrases[1:], "-refresh=false")...)...)
				return
			}
			refreshed, err := l.provider.next().refresh(t.Context(), setupKind, l.state)
			if err != nil || !refreshed.value.IsNull() {
				t.Errorf("%v; the state has %s", err, refreshed.value)
			}
		})
	}
}

const builtInJSON = `{"id":"e-1","name":"prd","slug":"prd","scope":"organization","project_id":null,"built_in":true,"created_at":"2026-01-02T03:04:05Z"}`

// A replacement whose second half fails says what the first half has deleted. One that cannot
// succeed is refused by its plan.
func TestSetupAnswers_replacement(t *testing.T) {
	t.Parallel()
	setup := "200 " + answered("checkout", nil)
	service := newAnswering(t, map[string]string{listSetups: "200 []", createSetup: setup, readSetup: setup, deleteSetup: "204 "})
	l := service.life(t, arguments{"max_retries": int64(0)})
	l.apply(setupConfig("checkout", "char-count"), "create")

	config := setupConfig("cart", "char-count")
	taken := answered("cart", map[string]any{"id": "s-7", "env_project_id": "ep-7"})
	service.set(map[string]string{listSetups: "200 [" + taken + "]"})
	l.refusesToPlan(config, "Unable to Replace Auto Monitor Setup", `"checkout" (id s-1)`, `"cart" (id s-7)`, "Nothing was changed", "-refresh=false")

	// The list does not have the evaluator that the setup has: only a new one is compared.
	service.set(map[string]string{listSetups: "200 []", listEvaluators: `200 {"evaluators":[{"id":"ev-1","slug":"word-count"}]}`})
	l.refusesToPlan(setupConfig("cart", "char-count", "word-cuont"), "Unknown Evaluator", `Did you mean "word-count"?`, "another provider block creates", "-target=traceloop_evaluator.example", `"checkout" (id s-1)`, "Nothing was changed", "-refresh=false")
	l.plan(setupConfig("cart", "char-count", "word-count"), false)
	for status, phrases := range map[string][]string{
		`400 {"error":"no"}`:  {"Unable to Create Auto Monitor Setup", "This apply has already deleted the auto monitor setup", `"checkout" (id s-1)`, "until an apply succeeds", "Nothing else was changed"},
		`500 {"error":"sad"}`: {"This apply has already deleted the auto monitor setup", `"checkout" (id s-1)`},
	} {
		before := l.state
		service.set(map[string]string{createSetup: status})
		l.refusesToApply(config, phrases...)
		l.state = before
	}
	if n := service.count(deleteSetup); n != 2 {
		t.Errorf("%d deletions, want 2", n)
	}
}

// A new slug is compared with the organization's own list, or, if that cannot be read, with the
// published one.
func TestSetup_unknownEvaluators(t *testing.T) {
	t.Parallel()
	all := func(except ...string) string {
		list := []string{`{"id":"ev-1","slug":"our-tone","name":"Tone"}`}
		for _, slug := range traceloop.PublishedEvaluators {
			if !strings.Contains(strings.Join(except, " "), slug) {
				list = append(list, `{"id":"`+slug+`","slug":"`+slug+`"}`)
			}
		}
		return `200 {"evaluators":[` + strings.Join(list, ",") + `]}`
	}
	for name, test := range map[string]struct {
		list, slug string
		want       []string // nothing: no warning
	}{
		"its own":                {all(), "our-tone", nil},
		"prebuilt":               {all(), "pii-detector", nil},
		"SaaS only, and there":   {all(), "tone-detection", nil},
		"a typo of its own":      {all(), "our-tones", []string{"Unknown Evaluator", `Did you mean "our-tone"?`, "traceloop_evaluator.example.slug"}},
		"a type":                 {all(), "PII_DETECTOR", []string{"Unknown Evaluator", `Did you mean "pii-detector"?`}},
		"SaaS only, not there":   {all("tone-detection"), "tone-detection", []string{"Unknown Evaluator", `marks it as "SaaS only"`}},
		"unlisted, not there":    {all("action-advancement"), "action-advancement", []string{"Unknown Evaluator", "its page of evaluator slugs does not list it"}},
		"a list of only its own": {`200 {"evaluators":[{"id":"ev-1","slug":"our-tone"}]}`, "pii-detector", nil},
		"no list, published":     {`404 {"error":"not found"}`, "pii-detector", nil},
		"no list, own":           {`404 {"error":"not found"}`, "our-tone", []string{"Unknown Evaluator", "cannot read their list", "published on 2026-06-18", "ignore this warning"}},
		"no list, a typo":        {`403 {"error":"Forbidden"}`, "pii_detektor", []string{"Unknown Evaluator", `Did you mean "pii-detector"?`}},
		"no list, SaaS only":     {`403 {"error":"Forbidden"}`, "tone-detection", []string{"Unknown Evaluator", "may not be among", `marks it as "SaaS only"`}},
		"no list, unlisted":      {`403 {"error":"Forbidden"}`, "action-advancement", []string{"Unknown Evaluator", "may not be among", "its page of evaluator slugs"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := newAnswering(t, map[string]string{listEvaluators: test.list, listSetups: "200 []"})
			l := service.life(t, arguments{"max_retries": int64(0)})
			p := l.plan(setupConfig("checkout", "char-count", test.slug), true)
			if got := said(p.diags); len(test.want) == 0 && got != "" || !says(test.want...).MatchString(got) {
				t.Errorf("the plan warns: %q", got)
			}
			if n := service.count(listEvaluators); n != 1 {
				t.Errorf("the list was read %d times", n)
			}
		})
	}
}

// An answer may show the organization's own evaluators by their type. Their ids tell which ones they
// are.
func TestSetupAnswers_ownEvaluatorsByID(t *testing.T) {
	t.Parallel()
	own := func(ids ...string) map[string]any {
		evaluators := evaluatorsOf("CHAR_COUNT")
		for _, id := range ids {
			evaluators = append(evaluators, map[string]any{"evaluator_type": "LLM_AS_A_JUDGE", "evaluator_id": id, "status": "completed"})
		}
		return map[string]any{"evaluators": evaluators}
	}
	setup := answered("checkout", own("ev-1", "ev-2"))
	service := newAnswering(t, map[string]string{
		listEvaluators: `200 {"evaluators":[{"id":"ev-1","slug":"tone"},{"id":"ev-2","slug":"facts"},{"id":"ev-3","slug":"else"},{"id":"cc","slug":"char-count"}]}`,
		listSetups:     "200 []", createSetup: "200 " + setup, readSetup: "200 " + setup,
	})
	l := service.life(t, nil)
	config := setupConfig("checkout", "char-count", "facts", "tone")
	l.apply(config, "create")
	for _, slug := range []string{"tone", "facts"} {
		if status := l.provider.format(l.nested("evaluator_status", slug)); status != "status=completed" {
			t.Errorf("the status of %s is %q", slug, status)
		}
	}
	l.imports("checkout")
	service.set(map[string]string{readSetup: "200 " + answered("checkout", own("ev-1", "ev-3"))})
	if p := l.plan(config, true); p.action != "update" {
		t.Errorf("another evaluator is no drift: %q", p.action)
	}
}
