package check

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	projects     = "/v2/projects"
	environments = "/v2/environments"
	apiKeys      = "/v2/api-keys"
	setups       = "/v2/auto-monitor-setups"
	evaluators   = "/v2/evaluators"
)

type object = map[string]any

// What the documents say in words, or by an extension, is broken once for each kind of rule.
func TestEachBrokenRuleIsFound(t *testing.T) {
	t.Parallel()
	each := func(method, path string, change func(object)) func(*exchange) {
		return func(e *exchange) {
			if e.on(method, path) && e.status < 300 {
				for _, o := range e.objects() {
					change(o)
				}
			}
		}
	}
	set := func(method, path, name string, value any) func(*exchange) {
		return each(method, path, func(o object) { o[name] = value })
	}
	ignored := func(path, parameter string) func(*exchange) {
		return func(e *exchange) {
			if query := e.URL.Query(); e.on("GET", path) && query.Has(parameter) {
				query.Del(parameter)
				e.URL.RawQuery = query.Encode()
				e.again()
			}
		}
	}
	ofProjects := func(change func(o object, all []any)) func(*exchange) {
		return func(e *exchange) {
			if e.on("GET", projects) && e.status == http.StatusOK {
				change(e.object(), e.object()["data"].([]any))
			}
		}
	}
	generated := ""
	was := map[string]any{}
	for _, b := range []struct {
		rule   string // how the line begins that finds it
		want   outcome
		change func(*exchange)
	}{
		{"GET " + setups + " answers a list", differs, set("GET", setups, "external_id", "acme")},
		{"GET " + apiKeys + " answers a list", differs, set("GET", apiKeys, "environment", "prd")},
		{"GET " + apiKeys + " answers a list", tolerated, set("GET", apiKeys, "masked_key", "tl_1234…9876")},
		{"GET " + setups + " answers a list", holds, set("GET", setups, "colour", "red")},
		{"GET " + projects + "/{id} shows the object as the list does", differs, set("GET", projects+"/", "name", "Acme")},
		{"GET " + environments + " answers a list", differs, set("GET", environments, "scope", "project")},
		{"GET " + environments + " the built-in environments", differs, set("GET", environments, "built_in", false)},
		{"GET " + environments + " a new project has the organization-level", differs, each("GET", environments, func(o object) {
			if o["name"] == "Acme QA" {
				o["id"] = rand.Text()
			}
		})},
		{"POST " + projects + " creates a project", differs, set("POST", projects, "name", "Acme")},
		{"PATCH " + projects + "/{id} renames", differs, set("PATCH", projects+"/", "id", "c1")},
		{"GET " + projects + "/{id} shows the new name", differs, each("GET", projects+"/", func(o object) {
			o["name"], _ = strings.CutSuffix(o["name"].(string), " (renamed)")
		})},
		{"POST " + environments + " creates a project-level", differs, set("POST", environments, "scope", "organization")},
		{"POST " + environments + " creates a project-level", tolerated, set("POST", environments, "slug", "acme")},
		{"POST " + apiKeys + " generates a key and", differs, set("POST", apiKeys, "masked_key", "tl_**********0000")},
		{"POST " + apiKeys + " generates a key and", tolerated, set("POST", apiKeys, "masked_key", "*************")},
		{"POST " + apiKeys + " generates a key and", differs, set("POST", apiKeys, "environment", "prd")},
		{"GET " + apiKeys + "/{id} shows the key, not in full", differs, set("GET", apiKeys+"/", "api_key", "tl_another")},
		{"POST " + setups + " creates a setup", differs, set("POST", setups, "init_rules", []any{})},
		{"PUT " + setups + "/{external_id} replaces", differs, set("PUT", setups+"/", "evaluators", []any{object{"evaluator_type": "char-count"}})},
		{"POST " + setups + "/bulk answers each item", differs, each("POST", setups+"/bulk", func(o object) { slices.Reverse(o["setups"].([]any)) })},

		{"GET " + projects + " lists each object once", differs, ofProjects(func(o object, all []any) { o["data"] = append(all, all[0]) })},
		{"GET " + projects + " answers a list", tolerated, ofProjects(func(_ object, all []any) { all[0].(object)["created_at"] = "2099-01-01T00:00:00Z" })},
		{"GET " + projects + " answers a list", tolerated, ofProjects(func(o object, all []any) { delete(o, "data"); o["projects"] = all })},
		{"GET " + projects + " answers a list", tolerated, ofProjects(func(o object, _ []any) { o["data"] = nil })},
		{"GET " + projects + " answers a list", differs, ofProjects(func(o object, _ []any) { delete(o, "next_cursor"); o["total"] = 9 })},
		{"GET " + projects + " lists each object once", differs, ofProjects(func(o object, _ []any) { o["total_results"] = 1 })},
		{"GET " + projects + " limit limits a page", differs, ignored(projects, "limit")},
		{"GET " + projects + " limit=101 is refused", differs, ignored(projects, "limit")},
		{"GET " + projects + " limit limits a page", differs, ignored(projects, "cursor")},
		{"GET " + environments + " project_id selects", differs, ignored(environments, "project_id")},
		{"GET " + environments + " no other project has it", differs, ignored(environments, "project_id")},
		{"GET " + setups + " external_id selects", differs, ignored(setups, "external_id")},
		{"GET " + evaluators + " source selects", differs, ignored(evaluators, "source")},

		{"every operation names each answer", differs, func(e *exchange) { e.header.Del("X-Request-Id") }},
		{"GET " + projects + "/{id} an unknown id", differs, func(e *exchange) { e.header.Set("Content-Type", "text/plain") }},
		{"GET " + apiKeys + "/{id} shows the key, not in full", differs, func(e *exchange) {
			if e.on("POST", apiKeys) && e.done() {
				generated = e.object()["api_key"].(string)
			} else if e.on("GET", apiKeys+"/") && e.object() != nil {
				e.object()["hash"] = generated
			}
		}},
		{"GET " + projects + "/{id} a deleted project is not found", differs, func(e *exchange) {
			if e.on("GET", projects+"/") && e.status == http.StatusOK {
				was[e.URL.Path] = e.body
			} else if e.on("GET", projects+"/") && was[e.URL.Path] != nil {
				e.set(http.StatusOK, was[e.URL.Path])
			}
		}},
	} {
		if r := checkBroken(t, b.change, writing...); !contains(r.lines, b.rule, b.want) {
			t.Errorf("not found: %s\n%s", b.rule, r.report)
		}
	}
}

// A new object that a read finds only after a while is tolerated.
func TestLateReadsAreTolerated(t *testing.T) {
	t.Parallel()
	made, reads := false, 0
	r := checkBroken(t, func(e *exchange) {
		made = made || e.on("POST", projects) && e.done()
		if made && e.on("GET", projects+"/") && e.status == http.StatusOK && reads < 2 {
			reads++
			e.set(http.StatusNotFound, map[string]any{"error": "Not yet."})
		}
	}, writing...)
	if !contains(r.lines, "GET "+projects+"/{id} shows a new project at once", tolerated) || r.status != exitHolds || !strings.Contains(r.report, "only after a while") {
		t.Errorf("status %d\n%s", r.status, troubles(r.lines))
	}
}

// A 429 is repeated after the pause that the service asks for.
func TestPausesAreKept(t *testing.T) {
	t.Parallel()
	server := populated(t)
	url, b := startBroken(t, server, nil)
	requests := 0
	b.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
		requests++
		refused := requests%3 == 0
		if refused {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
		}
		return refused
	}
	r := check(t, t.Context(), url, server, writing...)
	if want := time.Duration(requests/3) * 30 * time.Second; r.status != exitHolds || r.waited != want {
		t.Errorf("status %d after %s, want %s\n%s", r.status, r.waited, want, troubles(r.lines))
	}
	// A longer pause than it waits for is an answer.
	b.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	if r = check(t, t.Context(), url, server, writing...); r.status != exitDiffers || r.waited != 0 {
		t.Errorf("status %d after %s", r.status, r.waited)
	}
}

// Neither key is sent in the place of the other, and with one of them its part is checked alone. The
// project's key never writes.
func TestEachKeyGoesToItsOperations(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		management, project bool
		args                []string
		lines               []string // of these operations, and of no others
	}{
		"both":                  {true, true, nil, []string{projects, setups, evaluators}},
		"both, and it writes":   {true, true, writing, []string{projects, setups, evaluators}},
		"a management key":      {true, false, nil, []string{projects}},
		"one, and it writes":    {true, false, writing, []string{projects, setups}},
		"a project's key":       {false, true, nil, []string{setups, evaluators}},
		"one that cannot write": {false, true, writing, nil},
		"none":                  {false, false, nil, nil},
	} {
		server := populated(t)
		key := server.key
		if server.noManagement = !test.management; !test.project {
			server.key = ""
		}
		url, _ := startBroken(t, server, func(e *exchange) {
			reads, ofEvaluators := e.Method == http.MethodGet, strings.HasPrefix(e.URL.Path, evaluators)
			published, with := ofEvaluators || strings.HasPrefix(e.URL.Path, setups), e.Header.Get("Authorization")
			if with == "Bearer "+server.ManagementKey && (published || !test.management) ||
				with == "Bearer "+key && (!published || !test.project || !reads) ||
				!reads && (ofEvaluators || strings.HasPrefix(e.URL.Path, "/v2/organizations")) {
				t.Errorf("%s: %s %s was sent with the wrong key, or at all", name, e.Method, e.URL.Path)
			}
		})
		r := check(t, t.Context(), url, server, test.args...)
		for _, path := range []string{projects, setups, evaluators} {
			has := slices.ContainsFunc(r.lines, func(l line) bool { return strings.HasSuffix(l.operation, path) })
			if has != slices.Contains(test.lines, path) {
				t.Errorf("%s: there are lines on %s: %t", name, path, has)
			}
		}
		if holds := r.status == exitHolds; holds != (test.lines != nil) {
			t.Errorf("%s: status %d, %s\n%s", name, r.status, r.stderr, troubles(r.lines))
		}
	}
}
