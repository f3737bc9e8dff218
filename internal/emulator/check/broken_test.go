package check

import (
	"crypto/rand"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

const teapot = http.StatusTeapot // which no rule wants

// All refusals are broken at once, since no other rule needs them.
func TestEachBrokenRefusalIsFound(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*exchange){
		"another status":     func(e *exchange) { e.status = teapot },
		"without an error":   func(e *exchange) { delete(e.object(), "error") },
		"another media type": func(e *exchange) { e.header.Set("Content-Type", "text/plain") },
	} {
		r := populated(t, func(e *exchange) {
			if e.status >= 400 {
				change(e)
			}
		}).check(t, t.Context(), writing...)
		refusals := slices.DeleteFunc(r.lines, func(line string) bool { return !regexp.MustCompile(`: 4\d\d$`).MatchString(line) })
		for _, line := range refusals {
			if !strings.HasPrefix(line, string(differs)) && (name == "another status" || !strings.HasSuffix(line, "405") && !strings.Contains(line, "/v1/")) {
				t.Errorf("%s: %s", name, line)
			}
		}
		if len(refusals) < 60 {
			t.Errorf("only %d rules want a refusal", len(refusals))
		}
	}
}

// required finds the required properties of a schema. at returns the values of the schema in an answer.
func required(schema *openapi3.Schema, at func(any) []any, found func(name string, at func(any) []any)) {
	for _, name := range schema.Required {
		found(name, at)
	}
	for _, part := range schema.AllOf {
		required(part.Value, at, found)
	}
	below := func(ref *openapi3.SchemaRef, members func(any) []any) {
		required(ref.Value, func(answer any) (all []any) {
			for _, value := range at(answer) {
				all = append(all, members(value)...)
			}
			return all
		}, found)
	}
	if schema.Items != nil {
		below(schema.Items, func(value any) []any { list, _ := value.([]any); return list })
	}
	for name, property := range schema.Properties {
		below(property, func(value any) []any { o, _ := value.(object); return []any{o[name]} })
	}
}

// The successes of each operation get another status, and each required property is dropped from them.
func TestEachBrokenSuccessIsFound(t *testing.T) {
	t.Parallel()
	c, err := newChecker()
	if err != nil {
		t.Fatal(err)
	}
	tried, written := 0, map[*openapi3.Schema]bool{}
	for _, o := range c.sorted {
		if o.spec == nil {
			continue
		}
		args := writing
		if o.method == http.MethodGet {
			args = nil
		}
		breaks := func(what string, want outcome, change func(*exchange) bool) {
			changed := false
			r := populated(t, func(e *exchange) {
				if e.status < 300 && (e.on(o.method, o.path) || o.isOfOne() && e.on(o.method, o.collection()+"/")) {
					changed = change(e) || changed
				}
			}).check(t, t.Context(), args...)
			if changed && !r.has(want, o.String()+":") || r.status == exitLeft {
				t.Errorf("%s: %s is not %s, or something is left\n%s", o, what, want, r.stdout)
			}
			if changed {
				tried++
			}
		}
		breaks("another status", differs, func(e *exchange) bool {
			e.status = teapot
			return true
		})
		for status := range o.spec.Responses.Map() {
			content := o.spec.Responses.Value(status).Value.Content["application/json"]
			if !strings.HasPrefix(status, "2") || content == nil || args != nil && written[content.Schema.Value] {
				continue // there is nothing to drop, or another write answers the same object
			}
			written[content.Schema.Value] = true
			required(content.Schema.Value, func(answer any) []any { return []any{answer} }, func(name string, at func(any) []any) {
				want := differs
				if slices.Contains(optional, name) {
					want = tolerated
				}
				breaks("an answer without "+name, want, func(e *exchange) (dropped bool) {
					for _, value := range at(e.body) {
						if o, is := value.(object); is && o[name] != nil {
							dropped = true
							delete(o, name)
						}
					}
					return dropped
				})
			})
		}
	}
	if tried < 75 {
		t.Errorf("only %d answers were broken", tried)
	}
}

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
				e.pass()
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
	generated, reads, made := "", 0, false
	was := map[string]any{}
	for _, b := range []struct {
		want   outcome
		rule   string // how the line begins that finds it
		change func(*exchange)
	}{
		{differs, "GET " + setups + ": answers a list", set("GET", setups, "external_id", "acme")},
		{differs, "GET " + apiKeys + ": answers a list", set("GET", apiKeys, "environment", "prd")},
		{tolerated, "GET " + apiKeys + ": answers a list", set("GET", apiKeys, "masked_key", "tl_1234…9876")},
		{holds, "GET " + setups + ": answers a list", set("GET", setups, "colour", "red")},
		{differs, "GET " + projects + "/{id}: shows the object as the list does", set("GET", projects+"/", "name", "Acme")},
		{differs, "GET " + environments + ": answers a list", set("GET", environments, "scope", "project")},
		{differs, "GET " + environments + ": the built-in environments", set("GET", environments, "built_in", false)},
		{differs, "GET " + environments + ": a new project has the organization-level", each("GET", environments, func(o object) {
			if o["name"] == "Acme QA" {
				o["id"] = rand.Text()
			}
		})},
		{differs, "POST " + projects + ": creates a project", set("POST", projects, "name", "Acme")},
		{differs, "PATCH " + projects + "/{id}: renames", set("PATCH", projects+"/", "id", "c1")},
		{differs, "GET " + projects + "/{id}: shows the new name", each("GET", projects+"/", func(o object) {
			o["name"], _ = strings.CutSuffix(o["name"].(string), " (renamed)")
		})},
		{differs, "POST " + environments + ": creates a project-level", set("POST", environments, "scope", "organization")},
		{tolerated, "POST " + environments + ": creates a project-level", set("POST", environments, "slug", "acme")},
		{differs, "POST " + apiKeys + ": generates a key and", set("POST", apiKeys, "masked_key", "tl_**********0000")},
		{tolerated, "POST " + apiKeys + ": generates a key and", set("POST", apiKeys, "masked_key", "*************")},
		{differs, "POST " + apiKeys + ": generates a key and", set("POST", apiKeys, "environment", "prd")},
		{differs, "GET " + apiKeys + ": answers a list", set("GET", apiKeys, "api_key", "tl_another")},
		{differs, "POST " + setups + ": creates a setup", set("POST", setups, "init_rules", []any{})},
		{holds, "POST " + setups + ": creates a setup", each("POST", setups, func(o object) {
			o["evaluators"].([]any)[0].(object)["evaluator_type"] = "CHAR_COUNT"
			for _, rule := range o["init_rules"].([]any) {
				rule.(object)["op"] = rule.(object)["operator"]
				delete(rule.(object), "operator")
			}
		})},
		{differs, "PUT " + setups + "/{external_id}: replaces", set("PUT", setups+"/", "evaluators", []any{object{"evaluator_type": "char-count"}})},
		{differs, "POST " + setups + "/bulk: answers each item", each("POST", setups+"/bulk", func(o object) { o["setups"] = o["setups"].([]any)[:2] })},

		{differs, "GET " + projects + ": answers a list", ofProjects(func(o object, all []any) { o["data"] = append(all, all[0]) })},
		{tolerated, "GET " + projects + ": answers a list", ofProjects(func(_ object, all []any) { all[0].(object)["created_at"] = "2099-01-01T00:00:00Z" })},
		{tolerated, "GET " + projects + ": answers a list", ofProjects(func(o object, all []any) { delete(o, "data"); o["projects"] = all })},
		{tolerated, "GET " + projects + ": answers a list", ofProjects(func(o object, _ []any) { o["data"], o["total_results"] = nil, 0 })},
		{differs, "GET " + projects + ": answers a list", ofProjects(func(o object, _ []any) { delete(o, "next_cursor"); o["total"] = 9 })},
		{differs, "GET " + projects + ": answers a list", ofProjects(func(o object, _ []any) { o["total_results"] = 1 })},
		{differs, "GET " + projects + ": limit limits a page", ignored(projects, "limit")},
		{differs, "GET " + projects + ": limit=101 is refused", ignored(projects, "limit")},
		{differs, "GET " + projects + ": next_cursor leads to the next page", ignored(projects, "cursor")},
		{differs, "GET " + environments + ": project_id selects", ignored(environments, "project_id")},
		{differs, "GET " + environments + ": no other project has it", ignored(environments, "project_id")},
		{differs, "GET " + setups + ": external_id selects", ignored(setups, "external_id")},
		{differs, "GET " + evaluators + ": source selects", ignored(evaluators, "source")},

		{tolerated, "every operation: names each answer", func(e *exchange) { e.header.Del("X-Request-Id") }},
		{differs, "GET " + apiKeys + "/{id}: shows the key, not in full", func(e *exchange) {
			if e.on("POST", apiKeys) && e.done() {
				generated = e.object()["api_key"].(string)
			} else if e.on("GET", apiKeys+"/") && e.object() != nil {
				e.object()["hash"] = generated
			}
		}},
		{differs, "GET " + projects + "/{id}: a deleted project is not found", func(e *exchange) {
			if e.on("GET", projects+"/") && e.status == http.StatusOK {
				was[e.URL.Path] = e.body
			} else if e.on("GET", projects+"/") && was[e.URL.Path] != nil {
				e.status, e.body = http.StatusOK, was[e.URL.Path]
			}
		}},
		// A new object that a read finds only after a while is tolerated.
		{tolerated, "GET " + projects + "/{id}: shows a new project at once", func(e *exchange) {
			made = made || e.on("POST", projects) && e.done()
			if made && e.on("GET", projects+"/") && e.status == http.StatusOK && reads < 2 {
				reads++
				e.status, e.body = http.StatusNotFound, object{"error": "Not yet."}
			}
		}},
	} {
		if r := populated(t, b.change).check(t, t.Context(), writing...); !r.has(b.want, b.rule) {
			t.Errorf("not %s: %s\n%s", b.want, b.rule, r.report)
		}
	}
}
