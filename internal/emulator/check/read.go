package check

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
	"github.com/traceloop/terraform-provider-traceloop/internal/contract/validate"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// organization has the lists that were read, by operation.
type organization map[string]*listing

// ids returns the ids of all objects that existed before the check's first write.
func (o organization) ids() map[string]bool {
	ids := map[string]bool{}
	for _, l := range o {
		for _, item := range l.items {
			ids[item.text("id")] = true
		}
	}
	return ids
}

// checkReads checks what needs only reads. It returns false if the first request gets no answer,
// because each of the others could take as long.
func (c *checker) checkReads(ctx context.Context) (answered bool) {
	for _, o := range c.sorted {
		if o.method != http.MethodGet || o.managed() && c.management == nil || !o.managed() && c.project == nil {
			continue
		}
		for _, s := range withoutKey(o) {
			if c.runStep(ctx, s).outcome == noAnswer && len(c.lines) == 1 {
				return false
			}
		}
		if o.isList() {
			c.org[o.id] = c.checkList(ctx, o)
		}
	}
	if environments := c.org["listEnvironments"]; environments != nil {
		c.checkEnvironments(ctx, environments)
	}
	return true
}

// checkList checks a list, its parameters, and reads of one of its objects.
func (c *checker) checkList(ctx context.Context, o *operation) *listing {
	c.rule(ctx, o, "answers a list: 200", func() verdict {
		return c.send(ctx, &call{operation: o, want: http.StatusOK}).judge(nil)
	})
	all := c.read(ctx, o.id, nil)
	needs := func(n int, o *operation, rule string, judge func() verdict) {
		c.rule(ctx, o, rule, func() verdict {
			switch {
			case len(all.items) < n && !all.verdict.fine():
				return unshown("the list could not be read: %s", all.verdict.outcome)
			case len(all.items) < n:
				return unshown("the list has fewer objects than %d", n)
			}
			return judge()
		})
	}
	needs(1, o, "lists each object once, with its fields, the oldest first", func() verdict {
		if all.verdict.outcome != holds {
			return all.verdict
		}
		body, err := json.Marshal(all.items)
		if err == nil {
			err = validate.Invariants(o.spec, http.StatusOK, body)
		}
		if err != nil {
			return all.first.verdict(differs, err.Error())
		}
		return itHolds
	})
	for _, p := range o.parameters() {
		c.checkParameter(ctx, o, p.Name, all, needs)
		if schema := p.Schema.Value; schema.Type.Is("integer") && all.first.good() {
			for _, bound := range []*float64{schema.Min, schema.Max} {
				outside := strconv.Itoa(int(*bound) - 1)
				if bound == schema.Max {
					outside = strconv.Itoa(int(*bound) + 1)
				}
				s := step{op: o.id, rule: p.Name + "=" + outside + " is refused", query: url.Values{p.Name: {outside}}, want: 400}
				if !all.first.paged {
					s.or = 200
				}
				c.runStep(ctx, s)
			}
		}
	}
	for _, one := range c.sorted {
		if one.method == http.MethodGet && one.isOfOne() && one.collection() == o.path {
			c.checkOne(ctx, one, all, needs)
		}
	}
	return all
}

type ruleNeeding func(n int, o *operation, rule string, judge func() verdict)

func (c *checker) checkParameter(ctx context.Context, o *operation, name string, all *listing, needs ruleNeeding) {
	page := func(query url.Values, check func(*answer) string) verdict {
		return c.send(ctx, &call{operation: o, query: query, want: http.StatusOK}).judge(check)
	}
	unpaged := func() verdict { return all.first.verdict(tolerated, "the list has no pages") }
	switch name {
	case "limit":
		needs(1, o, "total_results counts the whole list", func() verdict {
			if !all.first.paged {
				return unpaged()
			}
			if total, _ := all.first.object()["total_results"].(float64); all.complete && int(total) != len(all.items) {
				return all.first.verdict(differs, "total_results is not the number of objects in all pages")
			}
			return itHolds
		})
		needs(2, o, "limit limits a page, and next_cursor leads to the next", func() verdict {
			if !all.first.paged {
				return unpaged()
			}
			var cursor string
			v := page(url.Values{"limit": {"1"}}, func(a *answer) string {
				cursor = a.object().text("next_cursor")
				return problemIf(len(a.items) != 1 || cursor == "", "it does not have 1 object and a cursor")
			})
			if !v.fine() {
				return v
			}
			return page(url.Values{"limit": {"1"}, "cursor": {cursor}}, func(a *answer) string {
				switch {
				case len(a.items) != 1 || a.items[0].text("id") != all.items[1].text("id"):
					return "it is not the second object of the list"
				case len(all.items) == 2 && all.complete && a.object().text("next_cursor") != "":
					return "next_cursor is not empty, and no page follows"
				}
				return ""
			})
		})
	case "cursor":
		s := step{op: o.id, rule: "an invalid cursor is refused", query: url.Values{"cursor": {rand.Text()}}, want: 400}
		if all.first.good() && !all.first.paged {
			s.or = 200
		}
		c.runStep(ctx, s)
	case "project_id":
		c.runStep(ctx, step{op: o.id, rule: "an unknown project is refused", query: url.Values{name: {noSuchID()}}, want: 404})
		fallthrough
	default:
		i := slices.IndexFunc(all.items, func(item m) bool { return item.text(name) != "" })
		needs(i+1, o, name+" selects objects", func() verdict {
			if i < 0 {
				return unshown("no object has a value to select by")
			}
			value := all.items[i].text(name)
			found := c.read(ctx, o.id, url.Values{name: {value}})
			switch {
			case !found.good():
				return found.verdict
			case found.find(all.items[i].text("id")) == nil:
				return found.first.verdict(differs, "it lacks an object that is selected")
			case slices.ContainsFunc(found.items, func(item m) bool { return item[name] != value && (o.id != "listEnvironments" || item[name] != nil) }):
				return found.first.verdict(differs, "it has an object that is not selected")
			}
			return found.verdict
		})
	}
}

// maxPlaces limits the projects in which to look for an object of the key's own.
const maxPlaces = 20

// checkOne checks the read of one object. Of some lists, the key can read only its own project's
// objects, and the list does not say which one that is.
func (c *checker) checkOne(ctx context.Context, one *operation, all *listing, needs ruleNeeding) {
	idOf := func(item m) string {
		if one.id == "getSetup" {
			return item.text("external_id")
		}
		return item.text("id")
	}
	var listed m
	var shown *answer
	places := map[string]bool{}
	for _, item := range all.items {
		if place := item.text("project_id"); ctx.Err() == nil && !places[place] && len(places) < maxPlaces && idOf(item) != "" {
			places[place] = true
			listed, shown = item, c.send(ctx, &call{operation: one, id: idOf(item), want: http.StatusOK})
			if shown.good() || one.id != "getSetup" {
				break
			}
		}
	}
	needs(1, one, "shows the object as the list does: 200", func() verdict {
		switch {
		case shown == nil:
			return unshown("the list has no object with an id")
		case one.id == "getSetup" && shown.status == http.StatusNotFound:
			return unshown("none of the setups is of the key's project")
		}
		return shown.judge(func(a *answer) string { return same(a.object(), listed) })
	})
	needs(1, one, "%2F separates the elements of a path: 200", func() verdict {
		if shown == nil || !shown.good() {
			return unshown("no object could be read")
		}
		slashed := call{operation: one, id: idOf(listed), slash: true, want: http.StatusOK, or: http.StatusNotFound}
		return c.send(ctx, &slashed).judge(nil)
	})
	c.runStep(ctx, step{op: one.id, rule: "an unknown id is refused", of: nobody, want: 404})
}

// volatile are the fields that change without a request.
var volatile = []string{"status", "updated_at", "evaluators"}

// same names a field that differs between two answers about one object. It compares what both have.
func same(a, b m) string {
	for _, name := range slices.Sorted(maps.Keys(b)) {
		value, there := a[name]
		if !there || slices.Contains(volatile, name) || reflect.DeepEqual(value, b[name]) {
			continue
		}
		if strings.HasSuffix(name, "_at") && moment(value).Equal(moment(b[name])) {
			continue
		}
		if !vocabulary()[name] {
			name = "a field"
		}
		return name + " is not the same"
	}
	return ""
}

// checkEnvironments checks what the document says in words.
func (c *checker) checkEnvironments(ctx context.Context, all *listing) {
	o := c.byID["listEnvironments"]
	rule := func(text string, wrong func() (outcome, string)) {
		c.rule(ctx, o, text, func() verdict {
			if !all.good() {
				return unshown("the list could not be read to its end")
			}
			if outcome, problem := wrong(); problem != "" {
				return all.first.verdict(outcome, problem)
			}
			return itHolds
		})
	}
	rule("the built-in environments dev, stg and prd are organization-level, each once", func() (outcome, string) {
		var slugs []string
		for _, e := range all.items {
			if e["built_in"] == true && e.text("scope") == traceloop.ScopeOrganization {
				slugs = append(slugs, e.text("slug"))
			}
			if e["built_in"] == true && e["project_id"] != nil {
				return differs, "a built-in environment has a project_id"
			}
		}
		slices.Sort(slugs)
		return differs, problemIf(!slices.Equal(slugs, slices.Sorted(slices.Values(contract.BuiltInEnvironments))), "it does not have these three")
	})
	rule("project_id is null only for an organization-level environment", func() (outcome, string) {
		wrong := func(e m) bool { return (e.text("scope") == traceloop.ScopeOrganization) != (e["project_id"] == nil) }
		return differs, problemIf(slices.ContainsFunc(all.items, wrong), "scope and project_id do not agree")
	})
	rule("a slug is made from its name", func() (outcome, string) {
		wrong := func(e m) bool { return e.text("slug") != traceloop.Slug(e.text("name")) }
		return tolerated, problemIf(slices.ContainsFunc(all.items, wrong), "a slug is not the name in lower case with one hyphen for each run of other characters")
	})
	c.rule(ctx, o, "a project has the organization-level environments and its own", func() verdict {
		projects := c.org["listProjects"]
		if projects == nil || len(projects.items) == 0 || !all.good() {
			return unshown("there is no project to ask for")
		}
		id := projects.items[0].text("id")
		return c.send(ctx, &call{operation: o, query: url.Values{"project_id": {id}, "limit": {pageLimit}}, want: http.StatusOK}).judge(c.org.inForce(id))
	})
}

// inForce checks the environments of a project.
func (o organization) inForce(project string) func(*answer) string {
	return func(a *answer) string {
		slugs := map[string]bool{}
		for _, e := range a.items {
			if e["project_id"] != nil && e.text("project_id") != project {
				return "it has an environment of another project"
			}
			if slugs[e.text("slug")] {
				return "a slug occurs twice"
			}
			slugs[e.text("slug")] = true
		}
		for _, e := range o["listEnvironments"].items {
			shared := e.text("scope") == traceloop.ScopeOrganization
			is := slices.ContainsFunc(a.items, func(in m) bool { return in.text("id") == e.text("id") })
			if shared && !is && a.object().text("next_cursor") == "" {
				return "it lacks an organization-level environment"
			}
		}
		return ""
	}
}
