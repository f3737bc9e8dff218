package servicecheck

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// breakage breaks one rule of the service. The lines that it must be found with are "operation:
// rule"; came is what one of them says.
type breakage struct {
	name    string
	change  func(*exchange)
	lines   []string
	outcome outcome // "" is differs
	came    string
	left    bool // the service goes on showing what was deleted
}

func eachCollection(of func(collection string) breakage) []breakage {
	var all []breakage
	for _, collection := range []string{projects, environments, apiKeys} {
		b := of(collection)
		b.name += " " + collection
		all = append(all, b)
	}
	return all
}

// status changes one status into another.
func status(method, path string, from, to int) func(*exchange) {
	return func(e *exchange) {
		if e.on(method, path) && e.answer.status == from {
			e.answer.status = to
		}
	}
}

// data changes the objects of a good page.
func data(path string, change func(*exchange, []map[string]any) []map[string]any) func(*exchange) {
	return func(e *exchange) {
		if e.on("GET", path) && e.answer.status == http.StatusOK {
			e.answer.setData(change(e, e.answer.data()))
		}
	}
}

// kept goes on showing what is gone.
func kept(collection string) func(*exchange) {
	was := map[string]map[string]any{}
	return func(e *exchange) {
		if !e.on("GET", collection+"/") {
			return
		}
		if e.answer.status == http.StatusOK {
			was[e.URL.Path] = e.answer.body
		} else if was[e.URL.Path] != nil {
			e.answer.set(http.StatusOK, was[e.URL.Path])
		}
	}
}

func emptyPage() map[string]any {
	return map[string]any{"data": []any{}, "next_cursor": "", "total_results": 0}
}

func ofEveryCollection() []breakage {
	var all []breakage
	for _, b := range []func(c string) breakage{
		func(c string) breakage {
			return breakage{
				name: "next_cursor missing", lines: []string{"GET " + c + ": answers a page: data, next_cursor, total_results"}, came: "next_cursor is missing",
				change: func(e *exchange) {
					if e.on("GET", c) {
						delete(e.answer.body, "next_cursor")
					}
				},
			}
		},
		func(c string) breakage {
			return breakage{
				name: "a field missing", lines: []string{"GET " + c + ": shows each object with its fields"}, came: "created_at is missing",
				change: data(c, func(_ *exchange, data []map[string]any) []map[string]any {
					for _, o := range data {
						delete(o, "created_at")
					}
					return data
				}),
			}
		},
		func(c string) breakage {
			return breakage{
				name: "newest first", lines: []string{"GET " + c + ": lists each object once, the oldest first"}, came: "created_at does not ascend",
				change: data(c, func(_ *exchange, data []map[string]any) []map[string]any {
					for i, o := range data {
						o["created_at"] = fmt.Sprintf("%d-01-01T00:00:00Z", 2020-i)
					}
					return data
				}),
			}
		},
		func(c string) breakage {
			return breakage{
				name: "total of the page", lines: []string{"GET " + c + ": total_results counts the whole list"},
				change: func(e *exchange) {
					if e.on("GET", c) && e.answer.status == http.StatusOK {
						e.answer.body["total_results"] = 1
					}
				},
			}
		},
		func(c string) breakage {
			return breakage{
				name: "limit ignored", lines: []string{"GET " + c + ": limit limits a page", "GET " + c + ": limit=0 is refused: 400", "GET " + c + ": limit=101 is refused: 400"},
				came: "data does not have 1 object",
				change: func(e *exchange) {
					if e.on("GET", c) && e.parameter("cursor") == "" {
						e.without("limit")
					}
				},
			}
		},
		func(c string) breakage {
			return breakage{
				name: "cursor ignored", lines: []string{"GET " + c + ": next_cursor leads to the next page", "GET " + c + ": an invalid cursor is refused: 400"},
				came: "data is not the second object of the list",
				change: func(e *exchange) {
					if e.on("GET", c) && e.parameter("cursor") != "" {
						e.without("cursor")
					}
				},
			}
		},
		func(c string) breakage {
			return breakage{
				name: "one object is another", lines: []string{"GET " + c + "/{id}: shows the object as the list does"}, came: "created_at is not the same",
				change: func(e *exchange) {
					if e.on("GET", c+"/") && e.answer.status == http.StatusOK {
						e.answer.body["created_at"] = "2001-01-01T00:00:00Z"
					}
				},
			}
		},
		func(c string) breakage {
			return breakage{
				name: "a page for what is not found", lines: []string{"GET " + c + "/{id}: an unknown id is refused: 404"}, came: "404 text/html, not JSON",
				change: func(e *exchange) {
					if strings.HasPrefix(e.URL.Path, c+"/cnosuch") && e.Method == "GET" {
						e.answer.header.Set("Content-Type", "text/html")
						e.answer.text = "<html>not found</html>"
					}
				},
			}
		},
	} {
		all = append(all, eachCollection(b)...)
	}
	return all
}

func ofReads() []breakage {
	return []breakage{
		{
			name: "no key needed", lines: []string{"GET /v2/projects: needs a key: 401 without one"},
			change: func(e *exchange) {
				if e.Header.Get("Authorization") == "" {
					e.answer.set(http.StatusOK, emptyPage())
				}
			},
		},
		{
			name: "another status for an unknown key", lines: []string{"GET /v2/projects: knows its keys: 401 with another"}, came: "403 {error: string}",
			change: func(e *exchange) {
				if e.answer.status == http.StatusUnauthorized && e.Header.Get("Authorization") != "" {
					e.answer.status = http.StatusForbidden
				}
			},
		},
		{
			name: "errors of another form", lines: []string{"GET /v2/projects/{id}: an unknown id is refused: 404", "GET /v2/projects: needs a key: 401 without one"},
			came: "404 {error: {code: string, message: string}}",
			change: func(e *exchange) {
				if message, is := e.answer.body["error"]; is {
					e.answer.body = map[string]any{"error": map[string]any{"code": "x", "message": message}}
				}
			},
		},
		{
			name: "names taken twice", lines: []string{"GET /v2/projects: no two projects have one name"},
			change: data(projects, func(_ *exchange, data []map[string]any) []map[string]any {
				for _, o := range data {
					o["name"] = "Orders of Acme"
				}
				return data
			}),
		},
		{
			name: "slugs of another kind", lines: []string{"GET /v2/environments: a slug is made from its name"},
			change: data(environments, func(_ *exchange, data []map[string]any) []map[string]any {
				for _, o := range data {
					if o["name"] == "EU Production" {
						o["slug"] = "euproduction"
					}
				}
				return data
			}),
		},
		{
			name: "organization-level environments with a project", lines: []string{"GET /v2/environments: project_id is null only for an organization-level environment"},
			change: data(environments, func(_ *exchange, data []map[string]any) []map[string]any {
				for _, o := range data {
					if o["project_id"] == nil {
						o["project_id"] = "c1"
					}
				}
				return data
			}),
		},
		{
			name: "no built-in stg", came: "data has no built-in stg",
			lines:  inBoth("the organization's built-in environments dev, stg and prd are in force"),
			change: without(func(e map[string]any) bool { return e["slug"] == "stg" }),
		},
		{
			name: "no inherited environments", came: "data lacks an organization-level environment",
			lines:  inBoth("a project inherits every organization-level environment"),
			change: without(func(e map[string]any) bool { return e["scope"] == "organization" }),
		},
		{
			name: "environments of other projects", came: "project_id is another project's",
			lines: inBoth("a project has no environments of other projects"),
			change: data(environments, func(e *exchange, data []map[string]any) []map[string]any {
				if e.parameter("project_id") != "" {
					data[0]["project_id"] = "c1"
				}
				return data
			}),
		},
		{
			name: "a slug twice", lines: inBoth("a slug is unique in a project"),
			change: data(environments, func(e *exchange, data []map[string]any) []map[string]any {
				if e.parameter("project_id") != "" {
					data[1]["slug"] = data[0]["slug"]
				}
				return data
			}),
		},
		{
			name: "an unknown project has an empty list",
			lines: []string{
				"GET /v2/environments: project_id of an unknown project is refused: 404",
				"GET /v2/environments: a deleted project has no environments: 404",
				"GET /v2/api-keys: project_id of an unknown project is refused: 404",
			},
			came: `200 {data: [], next_cursor: "", total_results: number}`,
			change: func(e *exchange) {
				if e.Method == "GET" && e.parameter("project_id") != "" && e.answer.status == http.StatusNotFound {
					e.answer.set(http.StatusOK, emptyPage())
				}
			},
		},
		{
			name: "keys in full in lists", lines: []string{"GET /v2/api-keys: never shows a key in full", "GET /v2/api-keys: lists the key masked"}, came: "api_key is present",
			change: data(apiKeys, func(_ *exchange, data []map[string]any) []map[string]any {
				for _, o := range data {
					o["api_key"] = "tl_LeakedKeyOfTheOrganization"
				}
				return data
			}),
		},
		{
			name: "two keys in a place", lines: []string{"GET /v2/api-keys: a project and an environment have one key"},
			change: data(apiKeys, func(_ *exchange, data []map[string]any) []map[string]any {
				if len(data) > 1 {
					data[1]["project_id"], data[1]["environment"] = data[0]["project_id"], data[0]["environment"]
				}
				return data
			}),
		},
		{
			name: "keys of every project", lines: []string{"GET /v2/api-keys: project_id selects keys", "GET /v2/api-keys: a new project has no keys"},
			change: func(e *exchange) {
				if e.on("GET", apiKeys) && e.answer.status == http.StatusOK {
					e.without("project_id")
				}
			},
		},
		{
			name: "keys of every environment", lines: []string{"GET /v2/api-keys: environment selects keys", "GET /v2/api-keys: an environment without keys has an empty list"},
			change: func(e *exchange) {
				if e.on("GET", apiKeys) {
					e.without("environment")
				}
			},
		},
		{
			name: "answers without a name", lines: []string{"every operation: names each answer in X-Request-Id"},
			change: func(e *exchange) { e.answer.header.Del("X-Request-Id") },
		},
	}
}

func inBoth(rule string) []string {
	return []string{"GET /v2/environments: " + rule, "GET /v2/environments: new project: " + rule}
}

// without takes environments out of the lists of projects.
func without(is func(map[string]any) bool) func(*exchange) {
	return data(environments, func(e *exchange, data []map[string]any) []map[string]any {
		if e.parameter("project_id") == "" {
			return data
		}
		return slices.DeleteFunc(data, is)
	})
}

func ofProjects() []breakage {
	return []breakage{
		{name: "200 for a creation", change: status("POST", projects, 201, 200), lines: []string{"POST /v2/projects: creates a project: 201"}, came: "200 {created_at: string, id: string"},
		{
			name: "Idempotency-Key unknown",
			lines: []string{
				"POST /v2/projects: a repeat with the same Idempotency-Key gets the first answer again: 201",
				"POST /v2/projects: the same Idempotency-Key with another body is refused: 400",
				"POST /v2/environments: a repeat with the same Idempotency-Key gets the first answer again: 201",
			},
			change: func(e *exchange) {
				if e.Method == "POST" && e.Header.Get("Idempotency-Key") != "" && e.answer.status == http.StatusBadRequest || e.answer.status == http.StatusCreated && repeated(e) {
					e.Header.Del("Idempotency-Key")
					e.answer = e.serve()
				}
			},
		},
		{
			name: "names and slugs need not be unique",
			lines: []string{
				"POST /v2/projects: a name that is taken is refused: 409",
				"POST /v2/environments: a slug that is taken is refused: 409",
				"POST /v2/environments: a built-in slug is refused: 409",
			},
			came: "201 {built_in: boolean",
			change: func(e *exchange) {
				if e.Method == "POST" && e.answer.status == http.StatusConflict && !e.on("POST", apiKeys) {
					e.sent["name"] = fmt.Sprint(e.sent["name"], " once more")
					e.answer = e.serve()
				}
			},
		},
		{
			name: "an empty name is made up", lines: []string{"POST /v2/projects: an empty name is refused: 400"}, came: "201 {created_at",
			change: func(e *exchange) {
				if e.on("POST", projects) && e.sent["name"] == "" {
					e.sent["name"] = "Untitled"
					e.answer = e.serve()
				}
			},
		},
		{
			name: "a new project is not there yet", lines: []string{"GET /v2/projects/{id}: shows a new project at once"}, outcome: notThere,
			change: func() func(*exchange) {
				made := false
				return func(e *exchange) {
					made = made || e.on("POST", projects)
					if e.on("GET", projects+"/") && made {
						e.answer.set(http.StatusNotFound, map[string]any{"error": "Not yet."})
					}
				}
			}(),
		},
		{
			name: "a rename keeps the slug", lines: []string{"PATCH /v2/projects/{id}: renames a project; its slug follows, its id stays: 200"}, came: "slug is the same",
			change: func() func(*exchange) {
				var slug any
				return func(e *exchange) {
					if e.on("POST", projects) && slug == nil {
						slug = e.answer.body["slug"]
					}
					if e.on("PATCH", projects+"/") {
						e.answer.body["slug"] = slug
					}
				}
			}(),
		},
		{name: "400 for an unknown project", change: status("PATCH", projects+"/", 404, 400), lines: []string{"PATCH /v2/projects/{id}: an unknown id is refused: 404"}},
		{name: "200 for a deletion", change: status("DELETE", projects+"/", 204, 200), lines: []string{"DELETE /v2/projects/{id}: deletes a project: 204"}, came: "200 without a body"},
		{name: "a deletion without an end", change: status("DELETE", projects+"/", 404, 204), lines: []string{"DELETE /v2/projects/{id}: a deleted project is not deleted again: 404"}},
		{name: "deleted projects stay", change: kept(projects), lines: []string{"GET /v2/projects/{id}: a deleted project is not found: 404"}, left: true},
	}
}

// repeated reports whether an Idempotency-Key was there before: the emulator then answered
// with what there is.
func repeated(e *exchange) bool {
	key := e.Header.Get("Idempotency-Key")
	_, before := seenKeys.LoadOrStore(key, true)
	return before
}

var seenKeys sync.Map

func ofEnvironments() []breakage {
	return []breakage{
		{
			name: "a new environment has another slug", lines: []string{"POST /v2/environments: creates a project-level environment, with a slug made from its name: 201"}, came: "slug is not the name",
			change: func(e *exchange) {
				if e.on("POST", environments) && e.answer.status == http.StatusCreated {
					e.answer.body["slug"] = "x1"
				}
			},
		},
		{name: "400 for an unknown project", change: status("POST", environments, 404, 400), lines: []string{"POST /v2/environments: project_id of an unknown project is refused: 404"}},
		{
			name: "one environment for each project", lines: []string{"POST /v2/environments: creates another environment: 201"}, outcome: notAllowed,
			change: func(e *exchange) {
				if name, _ := e.sent["name"].(string); e.on("POST", environments) && strings.HasPrefix(name, "Last") {
					id := e.answer.body["id"]
					e.answer.set(http.StatusForbidden, map[string]any{"error": "Buy another plan."})
					e.delete(environments + "/" + fmt.Sprint(id))
				}
			},
		},
		{
			name: "a new environment is not there yet", lines: []string{"GET /v2/environments: its project has the new environment at once"}, came: "data lacks it",
			change: without(func(e map[string]any) bool { return strings.HasPrefix(e["name"].(string), "EU Check") }),
		},
		{
			name: "a new environment is everywhere", lines: []string{"GET /v2/environments: no other project has it"}, came: "data has it",
			change: func() func(*exchange) {
				var made map[string]any
				return func(e *exchange) {
					if e.on("POST", environments) && e.answer.status == http.StatusCreated && made == nil {
						made = maps.Clone(e.answer.body)
					}
					if of := e.parameter("project_id"); e.on("GET", environments) && of != "" && made != nil && of != made["project_id"] && e.answer.status == http.StatusOK {
						e.answer.setData(append(e.answer.data(), made))
					}
				}
			}(),
		},
		{
			name: "environments are renamed", lines: []string{"PATCH /v2/environments/{id}: an environment cannot be renamed: 405"}, came: "200 {id: string}",
			change: func(e *exchange) {
				if e.on("PATCH", environments+"/") {
					e.answer.set(http.StatusOK, map[string]any{"id": "x"})
				}
			},
		},
		{name: "202 for a deletion", change: status("DELETE", environments+"/", 204, 202), lines: []string{"DELETE /v2/environments/{id}: deletes an environment: 204"}},
		{
			name: "deleted environments stay", change: keptOf(environments, environments), left: true,
			lines: []string{"GET /v2/environments/{id}: a deleted environment is not found: 404"},
		},
		{
			name: "environments outlive their project", left: true, change: keptOf(environments, projects),
			lines: []string{"DELETE /v2/projects/{id}: its environments are deleted with it"},
		},
	}
}

// keptOf goes on showing the last object that was made in a collection, once an object of
// another one was deleted.
func keptOf(collection, deleted string) func(*exchange) {
	var last map[string]any
	done := false
	return func(e *exchange) {
		if e.on("POST", collection) && e.answer.status == http.StatusCreated {
			last = maps.Clone(e.answer.body)
			delete(last, "api_key")
		}
		done = done || e.on("DELETE", deleted+"/") && e.answer.status == http.StatusNoContent
		if done && e.on("GET", collection+"/") && strings.HasSuffix(e.URL.Path, "/"+fmt.Sprint(last["id"])) {
			e.answer.set(http.StatusOK, last)
		}
	}
}

func ofKeys() []breakage {
	return []breakage{
		{
			name: "another mask", lines: []string{"POST /v2/api-keys: generates a key and shows it in full: 201"}, came: "masked_key is not api_key with stars",
			change: func(e *exchange) {
				if e.on("POST", apiKeys) && e.answer.status == http.StatusCreated {
					e.answer.body["masked_key"] = "tl_****Wx3k"
				}
			},
		},
		{
			name: "the key again in a read", lines: []string{"GET /v2/api-keys/{id}: shows the key masked", "every operation: shows a key in full only when it is generated"},
			came: "a key in full",
			change: func() func(*exchange) {
				keys := map[any]any{}
				return func(e *exchange) {
					if e.on("POST", apiKeys) && e.answer.status == http.StatusCreated {
						keys[e.answer.body["id"]] = e.answer.body["api_key"]
					}
					if key := keys[e.answer.body["id"]]; e.on("GET", apiKeys+"/") && key != nil {
						e.answer.body["api_key"] = key
					}
				}
			}(),
		},
		{
			name: "a second key, and the same once more", came: "201 {api_key: string",
			lines: []string{
				"POST /v2/api-keys: a second key is refused: 409",
				"POST /v2/api-keys: a repeat with the same Idempotency-Key does not show the key again: 409",
			},
			change: func() func(*exchange) {
				var first map[string]any
				return func(e *exchange) {
					if e.on("POST", apiKeys) && e.answer.status == http.StatusCreated && first == nil {
						first = maps.Clone(e.answer.body)
					}
					if e.on("POST", apiKeys) && e.answer.status == http.StatusConflict {
						e.answer.set(http.StatusCreated, first)
					}
				}
			}(),
		},
		{
			name: "400 for what there is not", change: status("POST", apiKeys, 404, 400),
			lines: []string{"POST /v2/api-keys: an unknown environment is refused: 404", "POST /v2/api-keys: an unknown project is refused: 404"},
		},
		{
			name: "a project's own key manages", lines: []string{"GET /v2/projects: needs a management key: 403 with a project's own key"},
			change: func(e *exchange) {
				if e.on("GET", projects) && e.answer.status == http.StatusForbidden {
					e.answer.set(http.StatusOK, emptyPage())
				}
			},
		},
		{name: "no traces here", change: status("POST", tracesPath, 200, 404), lines: []string{"POST /v1/traces: takes traces with the key: 200"}, outcome: notThere},
		{name: "200 for a revocation", change: status("DELETE", apiKeys+"/", 204, 200), lines: []string{"DELETE /v2/api-keys/{id}: revokes a key: 204"}},
		{name: "a revocation without an end", change: status("DELETE", apiKeys+"/", 404, 204), lines: []string{"DELETE /v2/api-keys/{id}: a revoked key is not revoked again: 404"}},
		{
			name: "revoked keys still send traces", came: "200",
			lines: []string{
				"POST /v1/traces: refuses traces with a revoked key at once: 401",
				"DELETE /v2/environments/{id}: its key is revoked with it",
			},
			change: status("POST", tracesPath, 401, 200),
		},
		{name: "revoked keys stay", change: kept(apiKeys), lines: []string{"GET /v2/api-keys/{id}: a revoked key is not found: 404"}, left: true},
		{
			name: "keys outlive their environment", left: true, change: keptOf(apiKeys, environments),
			lines: []string{"DELETE /v2/environments/{id}: its key is revoked with it"},
		},
		{
			name: "keys outlive their project", left: true, change: keptOf(apiKeys, projects),
			lines: []string{"DELETE /v2/projects/{id}: its keys are revoked with it"},
		},
		{
			name: "revoked keys are listed", lines: []string{"GET /v2/api-keys: a revoked key is not listed"}, came: "data is not empty",
			change: func() func(*exchange) {
				listed := map[string][]map[string]any{}
				return func(e *exchange) {
					if of := e.parameter("project_id"); e.on("GET", apiKeys) && of != "" && e.answer.status == http.StatusOK {
						if len(e.answer.data()) > 0 {
							listed[of] = e.answer.data()
						} else if listed[of] != nil {
							e.answer.setData(listed[of])
						}
					}
				}
			}(),
		},
		{
			name: "a place is used up by its first key", lines: []string{"POST /v2/api-keys: generates the next key where the last was revoked: 201"}, came: "409 {error: string}",
			change: func() func(*exchange) {
				used := map[any]bool{}
				return func(e *exchange) {
					if !e.on("POST", apiKeys) || e.answer.status != http.StatusCreated {
						return
					}
					if place := e.sent["environment"]; used[place] {
						id := e.answer.body["id"]
						e.answer.set(http.StatusConflict, map[string]any{"error": "Used up."})
						e.delete(apiKeys + "/" + fmt.Sprint(id))
					} else {
						used[place] = true
					}
				}
			}(),
		},
		{
			name: "keys of built-in environments are for others", lines: []string{"POST /v2/api-keys: generates a key in a built-in environment: 201"}, outcome: notAllowed,
			change: func(e *exchange) {
				if e.on("POST", apiKeys) && e.sent["environment"] == "dev" && e.answer.status == http.StatusCreated {
					id := e.answer.body["id"]
					e.answer.set(http.StatusForbidden, map[string]any{"error": "Not yours."})
					e.delete(apiKeys + "/" + fmt.Sprint(id))
				}
			},
		},
	}
}

// delete takes back what the emulator has done.
func (e *exchange) delete(path string) {
	method, target, answer := e.Method, e.URL, e.answer
	e.Method, e.URL = "DELETE", &url.URL{Path: path}
	e.serve()
	e.Method, e.URL, e.answer = method, target, answer
}

func TestEachBrokenRuleIsFound(t *testing.T) {
	t.Parallel()
	all := slices.Concat(ofEveryCollection(), ofReads(), ofProjects(), ofEnvironments(), ofKeys(), ofSetups())
	var mu sync.Mutex
	covered := map[string]bool{}
	t.Run("rules", func(t *testing.T) {
		for _, b := range all {
			t.Run(b.name, func(t *testing.T) {
				t.Parallel()
				server := populated(t)
				before := contents(server)
				url, _ := startBroken(t, server, b.change)
				r := check(t, t.Context(), url, server, "-write", "-yes")
				want := b.outcome
				if want == "" {
					want = differs
				}
				for _, expected := range b.lines {
					operation, rule, _ := strings.Cut(expected, ": ")
					if !contains(r.lines, operation, rule, want) || !strings.Contains(r.stdout, fmt.Sprintf("%-12s %s\n", want, expected)) {
						t.Errorf("it is not found as %s %s\n%s", want, expected, troubles(r.lines))
					}
				}
				if !strings.Contains(r.stdout, b.came) || !strings.Contains(r.report, b.came) {
					t.Errorf("nothing says %q\n%s", b.came, troubles(r.lines))
				}
				if left := r.status == exitLeft; left != b.left || r.status == exitHolds {
					t.Errorf("status %d\n%s", r.status, troubles(r.lines))
				}
				if after := contents(server); after != before {
					t.Errorf("the organization has changed:\n%s\n%s", before, after)
				}
				leaks(t, server, r.report)
				mu.Lock()
				defer mu.Unlock()
				for _, expected := range b.lines {
					covered[expected] = true
				}
			})
		}
	})

	server := populated(t)
	for _, l := range check(t, t.Context(), server.URL, server, "-write", "-yes").lines {
		if rule := l.operation + ": " + l.rule; !covered[rule] {
			t.Errorf("no service breaks %q", rule)
		}
	}
}

func troubles(lines []line) string {
	var text strings.Builder
	for _, l := range lines {
		if l.outcome != holds {
			fmt.Fprintf(&text, "%s %s: %s %v\n", l.outcome, l.operation, l.rule, l.parts())
		}
	}
	return text.String()
}

// A service that knows none of the operations, or allows none, is told apart.
func TestServiceThatKnowsOrAllowsNothing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		change  func(*exchange)
		outcome outcome
		exit    int
	}{
		{func(e *exchange) {
			if e.answer.status != http.StatusUnauthorized {
				e.answer.set(http.StatusForbidden, map[string]any{"error": "Not with this key."})
			}
		}, notAllowed, exitNotAllowed},
		{func(e *exchange) {
			e.answer.set(http.StatusNotFound, nil)
			e.answer.text = "404 page not found"
		}, notThere, exitNotThere},
	} {
		server := populated(t)
		before := contents(server)
		url, b := startBroken(t, server, test.change)
		r := check(t, t.Context(), url, server, "-write", "-yes")
		if !contains(r.lines, "GET "+projects, "answers a page: data, next_cursor, total_results", test.outcome) || r.status != test.exit {
			t.Errorf("%s: status %d\n%s", test.outcome, r.status, r.stdout)
		}
		if len(b.writes) > 0 || contents(server) != before {
			t.Errorf("%s: it wrote %q, and could not have found it again", test.outcome, b.writes)
		}
	}
}
