package check

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
	"github.com/traceloop/terraform-provider-traceloop/internal/contract/validate"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const (
	maxPages = 100 // that are read of a whole list
	maxTries = 20  // objects, to find one that the key can read
)

// listing is a list that was read to its last page.
type listing struct {
	verdict // of the first page that is not fine, or of the first

	first    *answer // whose verdict that is
	items    []m
	complete bool
}

func (c *checker) read(ctx context.Context, o *operation, filter m) *listing {
	l := &listing{}
	query := m{}
	if o.managed() {
		query["limit"] = strconv.Itoa(contract.MaxPage)
	}
	maps.Copy(query, filter)
	for range maxPages {
		a, v := c.try(ctx, step{op: o.name, query: query, want: http.StatusOK})
		l.items = append(l.items, a.items...)
		if l.first == nil || !v.fine() {
			l.first, l.verdict = a, v
		}
		query["cursor"] = a.object().text("next_cursor")
		if l.complete = v.fine() && query["cursor"] == ""; l.complete || !v.fine() {
			break
		}
	}
	return l
}

// having are the objects with these members.
func having(items []m, want m) (found []m) {
	for _, item := range items {
		if matches(want, map[string]any(item)) {
			found = append(found, item)
		}
	}
	return found
}

// checkReads checks what needs only reads. It ends if the first request gets no answer, because each of the
// others could take as long.
func (c *checker) checkReads(ctx context.Context) (answered bool) {
	for _, o := range c.sorted {
		if o.method != http.MethodGet || c.via(o) == nil {
			continue
		}
		if o.isList() {
			all := c.read(ctx, o, nil)
			c.lists[o.path] = all
			if all.outcome == noAnswer {
				c.add(all.verdict, o.String(), "answers a list")
			}
			if all.outcome == noAnswer && len(c.verdicts) == 1 {
				return false
			}
			for _, item := range all.items {
				c.before[item.text("id")] = true
			}
		}
		c.run(ctx, c.derived(ctx, o)...)
	}
	if projects := c.lists["/v2/projects"]; projects != nil {
		c.pick("other project", projects.items)
	}
	if all := c.lists["/v2/environments"]; all != nil && all.complete {
		c.run(ctx,
			step{op: "listEnvironments", rule: "the built-in environments dev, stg and prd are organization-level, each once", want: 200, check: builtIn},
			step{op: "listEnvironments", rule: "a project has the organization-level environments", query: m{"project_id": "$other project.id"}, want: 200, check: inForce},
		)
	}
	return true
}

// whole checks all pages of a list.
func whole(c *checker, a *answer) string {
	all := c.lists[a.path]
	if !all.fine() {
		return all.came
	}
	body, err := json.Marshal(all.items)
	if err == nil && len(all.items) > 0 {
		err = validate.Invariants(a.spec, http.StatusOK, body)
	}
	order, another := errors.AsType[*validate.OrderError](err)
	switch total, counted := cmp.Or(a.object()["total"], a.object()["total_results"]).(float64); {
	case another:
		a.note(order.Error())
	case err != nil:
		return err.Error()
	case counted && all.complete && int(total) != len(all.items):
		return "the total is not the number of objects in all pages"
	}
	return ""
}

// isPageOf checks a page of one object.
func isPageOf(name string) func(*checker, *answer) string {
	return func(c *checker, a *answer) string {
		if !a.paged() {
			a.note("the list has no pages")
		} else if len(a.items) != 1 || a.items[0]["id"] != c.objects[name]["id"] {
			return "it does not have the next object of the list alone"
		}
		return ""
	}
}

// selects checks a parameter that is also a field of the objects.
func selects(name string) func(*checker, *answer) string {
	return func(c *checker, a *answer) string {
		inherited := func(item m) bool { return item.text("scope") == traceloop.ScopeOrganization && name == "project_id" }
		if slices.ContainsFunc(a.items, func(item m) bool { return item[name] != a.query[name] && !inherited(item) }) {
			return "it has an object that is not selected"
		}
		return lists("an object with "+name, true)(c, a)
	}
}

// builtIn checks the environments of the organization.
func builtIn(c *checker, _ *answer) string {
	all := c.lists["/v2/environments"].items
	once := len(having(all, m{"built_in": true})) == len(contract.BuiltInEnvironments)
	for _, slug := range contract.BuiltInEnvironments {
		once = once && len(having(all, m{"built_in": true, "slug": slug, "scope": traceloop.ScopeOrganization})) == 1
	}
	if !once {
		return "they are not"
	}
	return ""
}

// examples are objects of the scenario, by collection.
var examples = map[string]string{"/v2/projects": "project", "/v2/environments": "eu", "/v2/api-keys": ownKey}

// validBodies are those of requests that are refused for another reason. Others are empty.
var validBodies = map[string]m{
	"updateProject": {"name": "Check of terraform-provider-traceloop"},
	"updateSetup":   {"evaluators": []any{"char-count"}},
}

// derived are the rules of an operation that follow from its document, or from its absence.
func (c *checker) derived(ctx context.Context, o *operation) (steps []step) {
	add := func(rule string, s step) {
		s.op, s.rule = o.name, rule
		steps = append(steps, s)
	}
	own, of, body := "", "", validBodies[o.name]
	if !o.managed() && o.method != http.MethodGet {
		own = ownKey // never the key of a running application
	}
	if o.isOfOne() {
		of = nobody
	}
	if o.spec == nil {
		add("there is no such operation", step{of: cmp.Or(examples[o.collection()], of), key: own, body: m{}, want: 405, or: 404})
		return steps
	}
	if body == nil && o.spec.RequestBody != nil {
		body = m{}
	}
	add("needs a key", step{of: of, body: body, key: noKey, want: 401})
	add("knows its keys", step{of: of, body: body, key: unknownKey, want: 401})
	switch {
	case o.isOfOne():
		add("an unknown id is refused", step{of: of, body: body, key: own, want: 404})
		if o.method == http.MethodGet {
			c.pick("a listed object", c.readable(ctx, o))
			add("shows the object as the list does", step{of: "a listed object", want: 200})
		}
	case o.method == http.MethodPost:
		add("an empty body is refused", step{body: m{}, key: own, want: 400})
	default:
		all, or := c.lists[o.path], 0
		if all.first.good() && !all.first.paged() {
			or = http.StatusOK // a list without pages has no bounds to keep, either
		}
		c.pick("a page", nil)
		add("answers a list that has each object once", step{want: 200, check: whole})
		c.pick("the first listed object", all.items)
		c.pick("the second listed object", all.items[min(1, len(all.items)):])
		for _, p := range o.spec.Parameters {
			name, schema := p.Value.Name, p.Value.Schema.Value
			refused := func(what, value string, want, or int) {
				add(what+" is refused", step{query: m{name: value}, want: want, or: or})
			}
			switch {
			case schema.Type.Is("integer"):
				for _, outside := range []float64{*schema.Min - 1, *schema.Max + 1} {
					value := strconv.Itoa(int(outside))
					refused(name+"="+value, value, 400, or)
				}
				add("limit limits a page", step{query: m{name: "1"}, after: "the second listed object", want: 200, as: "a page", check: isPageOf("the first listed object")})
				if or != 0 {
					continue
				}
				add("next_cursor leads to the next page", step{query: m{name: "1", "cursor": "$a page.next_cursor"}, want: 200, check: isPageOf("the second listed object")})
			case name == "cursor":
				refused("an invalid cursor", rand.Text(), 400, or)
			case !slices.Contains(changing, name):
				c.pick("an object with "+name, slices.DeleteFunc(slices.Clone(all.items), func(item m) bool { return item.text(name) == "" }))
				add(name+" selects objects", step{query: m{name: "$an object with " + name + "." + name}, want: 200, check: selects(name)})
			}
			if name == "project_id" {
				refused("an unknown project", "$nobody.id", 404, 0)
			}
		}
	}
	return steps
}

// readable are listed objects that the key can read. A key reads only the setups of its own project, and the
// list does not say which project that is.
func (c *checker) readable(ctx context.Context, o *operation) []m {
	items := c.lists[o.collection()].items
	for i, item := range items[:min(maxTries, len(items))] {
		if o.name != "getSetup" || c.reach(ctx, o.name, thing{id: item.text("external_id")}).status != http.StatusNotFound {
			return items[i:]
		}
	}
	return nil
}

// pick names the first of some objects, for the next rules.
func (c *checker) pick(as string, items []m) {
	delete(c.objects, as)
	if len(items) > 0 {
		c.objects[as] = items[0]
	}
}
