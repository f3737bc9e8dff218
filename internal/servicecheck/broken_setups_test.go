package servicecheck

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

const (
	setups = "/v2/auto-monitor-setups"
	bulk   = setups + "/bulk"
)

// setupsListed changes the setups of a good list.
func setupsListed(change func(*exchange, []map[string]any)) func(*exchange) {
	return func(e *exchange) {
		if e.on("GET", setups) && e.answer.status == http.StatusOK && len(e.answer.objects()) > 0 {
			change(e, e.answer.objects())
		}
	}
}

// rules are those of all setups together.
func rules(setups []map[string]any) []map[string]any {
	var all []map[string]any
	for _, setup := range setups {
		for _, rule := range setup["init_rules"].([]any) {
			all = append(all, rule.(map[string]any))
		}
	}
	return all
}

func ofSetups() []breakage {
	return []breakage{
		{
			name: "setups: 403 for no key", change: status("GET", setups, 401, 403), came: "403 {error: string}",
			lines: []string{"GET " + setups + ": needs a key: 401 without one", "GET " + setups + ": knows its keys: 401 with another"},
		},
		{
			name: "setups in pages", lines: []string{"GET " + setups + ": answers a list: 200"}, came: "200 {data: [3 × {created_at: string",
			change: func(e *exchange) {
				if e.on("GET", setups) && e.answer.status == http.StatusOK {
					e.answer.set(http.StatusOK, map[string]any{"data": e.answer.list})
				}
			},
		},
		{
			name: "setups without a place", lines: []string{"GET " + setups + ": shows each setup with its fields"}, came: "env_project_id is missing",
			change: setupsListed(func(_ *exchange, all []map[string]any) { delete(all[0], "env_project_id") }),
		},
		{
			name: "a status of another word", lines: []string{"GET " + setups + ": shows each setup with its fields"}, came: "status is not a status that Traceloop documents",
			change: setupsListed(func(_ *exchange, all []map[string]any) { all[0]["status"] = "running" }),
		},
		{
			name: "types of evaluators, as in the OpenAPI document", lines: []string{"GET " + setups + ": names evaluators by their slugs, in evaluator_type"},
			came: "evaluators: evaluator_type is not a slug",
			change: setupsListed(func(_ *exchange, all []map[string]any) {
				all[0]["evaluators"].([]any)[0].(map[string]any)["evaluator_type"] = "CHAR_COUNT"
			}),
		},
		{
			name: "op, as in the OpenAPI document", lines: []string{"GET " + setups + ": shows rules with key, source, operator and what the operator requires"},
			came: "init_rules: operator is missing",
			change: setupsListed(func(_ *exchange, all []map[string]any) {
				for _, rule := range rules(all) {
					rule["op"] = rule["operator"]
					delete(rule, "operator")
				}
			}),
		},
		{
			name: "one value in place of a list", lines: []string{"GET " + setups + ": shows rules with key, source, operator and what the operator requires"},
			came: "init_rules: values is missing",
			change: setupsListed(func(_ *exchange, all []map[string]any) {
				for _, rule := range rules(all) {
					delete(rule, "values")
				}
			}),
		},
		{
			name: "a setup twice", lines: []string{"GET " + setups + ": lists each setup once"}, came: "an id occurs twice",
			change: setupsListed(func(e *exchange, _ []map[string]any) { e.answer.list = append(e.answer.list, e.answer.list...) }),
		},
		{
			name: "an external id twice", lines: []string{"GET " + setups + ": an external id is unique in a project and environment"},
			came: "a project and environment have one external id twice",
			change: setupsListed(func(_ *exchange, all []map[string]any) {
				for _, setup := range all {
					setup["external_id"], setup["env_project_id"] = "acme-cart", all[len(all)-1]["env_project_id"]
				}
			}),
		},
		{
			name: "status ignored", lines: []string{"GET " + setups + ": status selects setups"}, came: "status is another one",
			change: func(e *exchange) {
				if e.on("GET", setups) && e.parameter("status") != "" {
					e.without("status")
				}
			},
		},
		{
			name: "external_id ignored", lines: []string{"GET " + setups + ": external_id selects setups"}, came: "external_id is another one",
			change: func(e *exchange) {
				if e.on("GET", setups) && e.parameter("external_id") != "" {
					e.without("external_id")
				}
			},
		},
		{
			name: "a new setup is not listed yet", lines: []string{"GET " + setups + ": lists a new setup at once"}, came: "the list lacks it",
			change: setupsListed(func(e *exchange, _ []map[string]any) {
				e.answer.list = slices.DeleteFunc(e.answer.list, func(o any) bool {
					return strings.HasPrefix(fmt.Sprint(o.(map[string]any)["external_id"]), "terraform-provider")
				})
			}),
		},
		{
			name: "one setup is another", lines: []string{"GET " + setups + "/{external_id}: shows the setup as the list does", "GET " + setups + "/{external_id}: shows a new setup at once"},
			came: "created_at is not the same",
			change: func(e *exchange) {
				if e.on("GET", setups+"/") && e.answer.status == http.StatusOK {
					e.answer.body["created_at"] = "2001-01-01T00:00:00Z"
				}
			},
		},
		{
			name: "setups of every environment", lines: []string{"GET " + setups + "/{external_id}: a setup of another project or environment is not found: 404"}, came: "200 {created_at",
			change: func() func(*exchange) {
				listed := map[string]map[string]any{}
				return func(e *exchange) {
					if e.on("GET", setups) && e.answer.status == http.StatusOK {
						for _, setup := range e.answer.objects() {
							listed[fmt.Sprint(setup["external_id"])] = setup
						}
					}
					id := strings.TrimPrefix(e.URL.Path, setups+"/")
					if e.on("GET", setups+"/") && e.answer.status == http.StatusNotFound && listed[id] != nil && !strings.HasPrefix(id, "terraform-provider") {
						e.answer.set(http.StatusOK, listed[id])
					}
				}
			}(),
		},
		{
			name: "400 for a setup that is not there", change: status("GET", setups+"/", 404, 400),
			lines: []string{"GET " + setups + "/{external_id}: an unknown external id is refused: 404"}, came: "400 {error: string}",
		},
		{name: "200 for a new setup", change: status("POST", setups, 201, 200), lines: []string{"POST " + setups + ": creates a setup in the project and environment of the key: 201"}},
		{
			name: "a new setup is elsewhere", lines: []string{"POST " + setups + ": creates a setup in the project and environment of the key: 201"}, came: "project_id is not the key's project",
			change: func(e *exchange) {
				if e.on("POST", setups) && e.answer.status == http.StatusCreated {
					e.answer.body["project_id"] = "c1"
				}
			},
		},
		{
			name: "evaluators are made up", lines: []string{"POST " + setups + ": no evaluators are refused: 400"}, came: "201 {created_at",
			change: func(e *exchange) {
				if e.on("POST", setups) && e.answer.status == http.StatusBadRequest {
					e.sent["evaluators"] = []string{"char-count"}
					e.answer = e.serve()
				}
			},
		},
		{
			name: "an update keeps the status", lines: []string{"PUT " + setups + "/{external_id}: replaces the evaluators, and the setup is pending: 200"}, came: "status is not pending",
			change: func(e *exchange) {
				if e.on("PUT", setups+"/") && e.answer.status == http.StatusOK {
					e.answer.body["status"] = "completed"
				}
			},
		},
		{
			name: "an empty selector says nothing", lines: []string{"PUT " + setups + "/{external_id}: an empty selector removes the rules: 200"}, came: "init_rules are not the selector that was sent",
			change: func() func(*exchange) {
				var was any
				return func(e *exchange) {
					if !e.on("PUT", setups+"/") || e.answer.status != http.StatusOK {
						return
					}
					if list, _ := e.sent["selector"].([]any); len(list) == 0 {
						e.answer.body["init_rules"] = was
					}
					was = e.answer.body["init_rules"]
				}
			}(),
		},
		{
			name: "an update creates", lines: []string{"PUT " + setups + "/{external_id}: an unknown external id is refused: 404"}, came: "207 {setups",
			change: func(e *exchange) {
				if e.on("PUT", setups+"/") && e.answer.status == http.StatusNotFound {
					id := strings.TrimPrefix(e.URL.Path, setups+"/")
					e.sent = map[string]any{"setups": []any{map[string]any{"external_id": id, "evaluators": []string{"char-count"}}}}
					e.Method, e.URL.Path = "POST", bulk
					e.answer = e.serve()
				}
			},
		},
		{
			name: "items in another order", lines: []string{"POST " + bulk + ": answers each item, in the order of the request: 207"}, came: "setups is not in the order of the request",
			change: bulkAnswered(func(_ *exchange, items []any) { slices.Reverse(items) }),
		},
		{
			name: "a bulk upsert makes another setup", lines: []string{"POST " + bulk + ": replaces an existing setup"}, came: "result: id is not the same",
			change: bulkAnswered(func(_ *exchange, items []any) {
				items[0].(map[string]any)["result"].(map[string]any)["id"] = "c1"
			}),
		},
		{
			name: "all items or none", lines: []string{"POST " + bulk + ": creates a missing setup, even if another item is refused"}, came: "result: id is missing",
			change: bulkAnswered(func(e *exchange, items []any) {
				item := items[2].(map[string]any)
				e.delete(setups + "/" + fmt.Sprint(item["external_id"]))
				items[2] = map[string]any{"external_id": item["external_id"], "status": "error", "error": "setups[2]: not done"}
			}),
		},
		{
			name: "refusals without an index", lines: []string{"POST " + bulk + ": refuses only the item with an unknown evaluator, and names its index"}, came: "error does not begin with the item's index",
			change: bulkAnswered(func(_ *exchange, items []any) { items[1].(map[string]any)["error"] = "unknown evaluator" }),
		},
		{
			name: "422 for a bulk upsert that cannot be", change: status("POST", bulk, 400, 422), came: "422 {error: string}",
			lines: []string{"POST " + bulk + ": one external id twice is refused: 400", "POST " + bulk + ": no items are refused: 400"},
		},
		{name: "200 for the deletion of a setup", change: status("DELETE", setups+"/", 204, 200), lines: []string{"DELETE " + setups + "/{external_id}: deletes a setup: 204"}, came: "200 without a body"},
		{name: "a deletion of a setup without an end", change: status("DELETE", setups+"/", 404, 204), lines: []string{"DELETE " + setups + "/{external_id}: a deleted setup is not deleted again: 404"}},
		{name: "deleted setups stay", change: kept(setups), lines: []string{"GET " + setups + "/{external_id}: a deleted setup is not found: 404"}, left: true},
	}
}

// bulkAnswered changes the answer to the bulk upsert of three items.
func bulkAnswered(change func(*exchange, []any)) func(*exchange) {
	return func(e *exchange) {
		if items, _ := e.answer.body["setups"].([]any); e.on("POST", bulk) && e.answer.status == http.StatusMultiStatus && len(items) == 3 {
			change(e, items)
		}
	}
}
