package check

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// each changes the objects of a good list.
func each(path string, change func(o map[string]any)) func(*exchange) {
	return func(e *exchange) {
		if e.on("GET", path) && e.status == http.StatusOK {
			for _, o := range e.data() {
				change(o)
			}
		}
	}
}

// list changes a good page as a whole.
func list(path string, change func(e *exchange, all []any) []any) func(*exchange) {
	return func(e *exchange) {
		if e.on("GET", path) && e.status == http.StatusOK {
			if all, bare := e.body.([]any); bare {
				e.body = change(e, all)
			} else {
				e.object()["data"] = change(e, e.object()["data"].([]any))
			}
		}
	}
}

// without leaves out the environments that a predicate selects.
func without(drop func(map[string]any) bool) func(*exchange) {
	return list("/v2/environments", func(_ *exchange, all []any) []any {
		return slices.DeleteFunc(all, func(o any) bool { return drop(o.(map[string]any)) })
	})
}

func ignoring(path, parameter string) func(*exchange) {
	return func(e *exchange) {
		if e.on("GET", path) && e.parameter(parameter) != "" {
			e.without(parameter)
		}
	}
}

// answering changes the good answers of an operation.
func answering(method, path string, change func(e *exchange, o map[string]any)) func(*exchange) {
	return func(e *exchange) {
		if e.on(method, path) && e.status < 300 {
			change(e, e.object())
		}
	}
}

func set(name string, value any) func(*exchange, map[string]any) {
	return func(_ *exchange, o map[string]any) { o[name] = value }
}

// kept goes on showing what was deleted.
func kept(path string) func(*exchange) {
	was := map[string]any{}
	return func(e *exchange) {
		if !e.on("GET", path) {
			return
		}
		if e.status == http.StatusOK {
			was[e.URL.Path] = e.body
		} else if was[e.URL.Path] != nil {
			e.set(http.StatusOK, was[e.URL.Path])
		}
	}
}

const (
	projects     = "/v2/projects"
	environments = "/v2/environments"
	apiKeys      = "/v2/api-keys"
	setups       = "/v2/auto-monitor-setups"
	evaluators   = "/v2/evaluators"
)

// What the documents say in words, or by an extension, is broken once for each rule.
func TestEachBrokenRuleIsFound(t *testing.T) {
	t.Parallel()
	var generated string
	for _, b := range []struct {
		name   string
		rule   string // how the line begins that finds it
		want   outcome
		change func(*exchange)
	}{
		{"an object twice", "GET " + projects + " lists each object once", differs, list(projects, func(e *exchange, all []any) []any {
			e.object()["total_results"] = len(all) + 1
			return append(all, all[len(all)-1])
		})},
		{"a name twice", "GET " + projects + " lists each object once", differs, each(projects, func(o map[string]any) { o["name"] = "Acme" })},
		{"two keys of one place", "GET " + apiKeys + " lists each object once", differs, each(apiKeys, func(o map[string]any) { o["environment"] = "prd" })},
		{"an external id twice in a project", "GET " + setups + " answers a list", differs, each(setups, func(o map[string]any) { o["external_id"] = "acme" })},
		{"newest first", "GET " + projects + " answers a list", tolerated, each(projects, func(o map[string]any) {
			o["created_at"] = map[bool]string{true: "2027-01-01T00:00:00Z", false: "2026-01-01T00:00:00Z"}[o["name"] == "Default project"]
		})},
		{"a mask of another form", "GET " + apiKeys + " answers a list", tolerated, each(apiKeys, func(o map[string]any) { o["masked_key"] = "tl_1234…9876" })},
		{"a slug of another form", "GET " + environments + " answers a list", tolerated, each(environments, func(o map[string]any) { o["slug"] = "_" + o["slug"].(string) })},
		{"further fields", "GET " + setups + " answers a list", holds, each(setups, func(o map[string]any) { o["colour"] = "red" })},
		{"fewer than total", "GET " + projects + " answers a list", differs, func(e *exchange) {
			if e.on("GET", projects) && e.status == http.StatusOK {
				e.body = map[string]any{"projects": e.object()["data"], "total": 9}
			}
		}},
		{"null for none", "GET " + projects + " answers a list", tolerated, func(e *exchange) {
			if e.on("GET", projects) && e.status == http.StatusOK {
				e.body = map[string]any{"projects": nil}
			}
		}},
		{"total of the page", "GET " + projects + " total_results", differs, answering("GET", projects, set("total_results", 1))},
		{"limit ignored", "GET " + projects + " limit limits a page", differs, ignoring(projects, "limit")},
		{"limit ignored", "GET " + projects + " limit=101 is refused", differs, ignoring(projects, "limit")},
		{"cursor ignored", "GET " + projects + " limit limits a page", differs, ignoring(projects, "cursor")},
		{"project_id ignored", "GET " + environments + " project_id selects", differs, ignoring(environments, "project_id")},
		{"project_id ignored", "GET " + environments + " a project has the organization-level environments and its own", differs, func(e *exchange) {
			if e.on("GET", environments) && e.parameter("project_id") != "" && e.status == http.StatusOK {
				e.data()[0]["project_id"] = "c1"
			}
		}},
		{"environment ignored", "GET " + apiKeys + " environment selects", differs, ignoring(apiKeys, "environment")},
		{"status ignored", "GET " + setups + " external_id selects", differs, ignoring(setups, "external_id")},
		{"source ignored", "GET " + evaluators + " source selects", differs, ignoring(evaluators, "source")},
		{"another object", "GET " + projects + "/{id} shows the object as the list does", differs, answering("GET", projects+"/", set("name", "Acme"))},
		{"no escaped slash", "GET " + projects + "/{id} %2F separates", tolerated, func(e *exchange) {
			if strings.Contains(e.URL.RawPath+e.RequestURI, "%2F") {
				e.status, e.text = http.StatusNotFound, "404 page not found"
			}
		}},
		{"a page for what is not found", "GET " + projects + "/{id} an unknown id", differs, func(e *exchange) {
			if e.on("GET", projects+"/") && e.status == http.StatusNotFound {
				e.header.Set("Content-Type", "text/plain")
				e.text = "404 page not found"
			}
		}},
		{"no id for support", "every operation names each answer", differs, func(e *exchange) { e.header.Del("X-Request-Id") }},
		{"a slug of another rule", "GET " + environments + " a slug is made from its name", tolerated, each(environments, func(o map[string]any) {
			if o["name"] == "EU Production" {
				o["slug"] = "euproduction"
			}
		})},
		{"a scope without a project", "GET " + environments + " project_id is null only", differs, each(environments, func(o map[string]any) { o["scope"] = "project" })},
		{"no built-in stg", "GET " + environments + " the built-in environments", differs, without(func(o map[string]any) bool { return o["slug"] == "stg" })},
		{"built-ins of each project", "GET " + environments + " the built-in environments", differs, each(environments, func(o map[string]any) {
			if o["built_in"] == true {
				o["scope"], o["project_id"] = "project", "c1"
			}
		})},
		{"nothing inherited", "GET " + environments + " a new project has the organization-level", differs, func(e *exchange) {
			if e.parameter("project_id") != "" {
				without(func(o map[string]any) bool { return o["slug"] == "acme-qa" })(e)
			}
		}},
		{"a slug twice", "GET " + environments + " a new project has the organization-level", differs, func(e *exchange) {
			if e.on("GET", environments) && e.parameter("project_id") != "" && e.status == http.StatusOK {
				e.data()[1]["slug"] = e.data()[0]["slug"]
			}
		}},

		{"another name", "POST " + projects + " creates a project", differs, answering("POST", projects, set("name", "Acme"))},
		{"another id", "PATCH " + projects + "/{id} renames", differs, answering("PATCH", projects+"/", set("id", "c1"))},
		{"the old name", "GET " + projects + "/{id} shows the new name", differs, answering("GET", projects+"/", func(_ *exchange, o map[string]any) {
			o["name"] = strings.TrimSuffix(o["name"].(string), " (renamed)")
		})},
		{"another project's", "POST " + environments + " creates a project-level", differs, answering("POST", environments, set("scope", "organization"))},
		{"everywhere", "GET " + environments + " no other project has it", differs, func(e *exchange) {
			if e.on("GET", environments) && e.parameter("project_id") != "" {
				e.without("project_id")
			}
		}},
		{"a mask of another key", "POST " + apiKeys + " generates a key and", differs, answering("POST", apiKeys, set("masked_key", "tl_**********0000"))},
		{"a short mask", "POST " + apiKeys + " generates a key and", tolerated, answering("POST", apiKeys, set("masked_key", "*************"))},
		{"the key of another place", "POST " + apiKeys + " generates a key and", differs, answering("POST", apiKeys, set("environment", "prd"))},
		{"a key shown again", "GET " + apiKeys + "/{id} shows the key, not in full", differs, func(e *exchange) {
			if e.on("POST", apiKeys) && e.status == http.StatusCreated {
				generated = e.object()["api_key"].(string)
			}
			answering("GET", apiKeys+"/", set("hash", generated))(e)
		}},
		{"a field for it", "GET " + apiKeys + "/{id} shows the key, not in full", differs, answering("GET", apiKeys+"/", set("api_key", "tl_another"))},
		{"other rules", "POST " + setups + " creates a setup", differs, answering("POST", setups, set("init_rules", []any{}))},
		{"other evaluators", "PUT " + setups + "/{external_id} replaces the evaluators", differs, answering("PUT", setups+"/", set("evaluators", []any{map[string]any{"evaluator_type": "char-count"}}))},
		{"no operand", "POST " + setups + " creates a setup", differs, answering("POST", setups, func(_ *exchange, o map[string]any) {
			for _, rule := range o["init_rules"].([]any) {
				delete(rule.(map[string]any), "value")
			}
		})},
		{"another order of items", "POST " + setups + "/bulk answers each item", differs, answering("POST", setups+"/bulk", func(_ *exchange, o map[string]any) { slices.Reverse(o["setups"].([]any)) })},
		{"deleted keys are listed", "GET " + apiKeys + " a revoked key is not listed", differs, func() func(*exchange) {
			var was []any
			return list(apiKeys, func(_ *exchange, all []any) []any {
				for _, o := range was {
					if data, _ := json.Marshal(all); !strings.Contains(string(data), o.(map[string]any)["id"].(string)) {
						all = append(all, o)
					}
				}
				was = slices.Clone(all)
				return all
			})
		}()},
		{"a deleted environment", "GET " + environments + "/{id} a deleted environment is not found", differs, kept(environments + "/")},
		{"a revoked key", "GET " + apiKeys + "/{id} a revoked key is not found", differs, kept(apiKeys + "/")},
		{"a deleted project", "GET " + projects + "/{id} a deleted project is not found", differs, kept(projects + "/")},
		{"a deleted setup", "GET " + setups + "/{external_id} a deleted setup is not found", differs, kept(setups + "/")},
	} {
		t.Run(b.rule+", "+b.name, func(t *testing.T) {
			r := checkBroken(t, b.change, writing...)
			if !slices.ContainsFunc(r.lines, func(l line) bool { return strings.HasPrefix(l.operation+" "+l.rule, b.rule) && l.outcome == b.want }) {
				t.Errorf("it is not found\n%s", r.report)
			}
		})
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
	if !contains(r.lines, "GET "+projects+"/{id}", "shows a new project at once", tolerated) || r.status != exitHolds || !strings.Contains(r.report, "only after a while") {
		t.Errorf("status %d\n%s", r.status, troubles(r.lines))
	}
}

// Neither key is sent in the place of the other, and with one of them its part is checked alone. The
// project's key never writes.
func TestEachKeyGoesToItsOperations(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		management, project bool
		args                []string
		lines               map[string]bool // of which operations
	}{
		"both":                  {true, true, nil, map[string]bool{projects: true, setups: true, evaluators: true}},
		"both, and it writes":   {true, true, writing, map[string]bool{projects: true, setups: true, evaluators: true}},
		"a management key":      {true, false, nil, map[string]bool{projects: true}},
		"one, and it writes":    {true, false, writing, map[string]bool{projects: true, setups: true}},
		"a project's key":       {false, true, nil, map[string]bool{setups: true, evaluators: true}},
		"one that cannot write": {false, true, writing, nil},
	} {
		server := populated(t)
		seen := map[string]int{}
		url, _ := startBroken(t, server, func(e *exchange) {
			isPublished := strings.HasPrefix(e.URL.Path, setups) || strings.HasPrefix(e.URL.Path, evaluators)
			switch e.Header.Get("Authorization") {
			case "Bearer " + server.ManagementKey:
				seen["management"]++
				if isPublished {
					t.Errorf("%s: %s %s came with the management key", name, e.Method, e.URL.Path)
				}
			case "Bearer " + server.key:
				seen["project"]++
				if !isPublished || e.Method != http.MethodGet {
					t.Errorf("%s: %s %s came with the project's key", name, e.Method, e.URL.Path)
				}
			}
			if e.Method != http.MethodGet && (strings.HasPrefix(e.URL.Path, evaluators) || strings.HasPrefix(e.URL.Path, "/v2/organizations")) {
				t.Errorf("%s: %s %s was sent", name, e.Method, e.URL.Path)
			}
		})
		management, key := "", ""
		if test.management {
			management = server.ManagementKey
		}
		if test.project {
			key = server.key
		}
		r := checkWith(t, t.Context(), environment(url, management, key), test.args...)
		if test.lines == nil {
			if r.status != exitFailed || len(r.lines) > 0 || !strings.Contains(r.stderr, "TRACELOOP_MANAGEMENT_API_KEY") || len(seen) > 0 {
				t.Errorf("%s: status %d, %q, %v", name, r.status, r.stderr, seen)
			}
			continue
		}
		if r.status != exitHolds {
			t.Errorf("%s: status %d\n%s", name, r.status, troubles(r.lines))
		}
		for _, path := range []string{projects, setups, evaluators} {
			if has := slices.ContainsFunc(r.lines, func(l line) bool { return strings.HasSuffix(l.operation, path) }); has != test.lines[path] {
				t.Errorf("%s: there are lines on %s: %t", name, path, has)
			}
		}
		if (seen["management"] > 0) != test.management || (seen["project"] > 0) != test.project {
			t.Errorf("%s: the keys were used so often: %v", name, seen)
		}
	}
}
