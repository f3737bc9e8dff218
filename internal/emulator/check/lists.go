package check

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
	"github.com/traceloop/terraform-provider-traceloop/internal/contract/validate"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const (
	maxPages  = 100   // that are read of a whole list
	maxTries  = 20    // objects, to find one that the key can read
	pageLimit = "100" // the contract's maximum for limit
)

// listing is a list that was read to its last page, or to as many as were asked for.
type listing struct {
	first    *answer // of the first page
	items    []m
	complete bool
	verdict  verdict // of the first page that is not fine, or of the first
}

func (c *checker) read(ctx context.Context, name string, filter map[string]string, pages int) *listing {
	l := &listing{}
	query := map[string]string{}
	if c.byName[name].managed() {
		query["limit"] = pageLimit
	}
	maps.Copy(query, filter)
	for range pages {
		a, v := c.try(ctx, step{op: name, query: query, want: http.StatusOK})
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

// good reports whether the whole list was read.
func (l *listing) good() bool { return l.complete && l.verdict.fine() }

func find(items []m, id string) m {
	for _, item := range items {
		if item.text("id") == id {
			return item
		}
	}
	return nil
}

// checkReads checks what needs only reads. It returns false if the first request gets no answer,
// because each of the others could take as long.
func (c *checker) checkReads(ctx context.Context) (answered bool) {
	for _, o := range c.sorted {
		if o.method != http.MethodGet || o.managed() && c.management == nil || !o.managed() && c.project == nil {
			continue
		}
		for _, s := range withoutKey(o) {
			if c.run(ctx, s) == noAnswer && len(c.lines) == 1 {
				return false
			}
		}
		if o.isList() {
			c.lists[o.name] = c.checkList(ctx, o)
		}
	}
	for _, l := range c.lists {
		for _, item := range l.items {
			c.before[item.text("id")] = true
		}
	}
	if projects := c.lists["listProjects"]; projects != nil && len(projects.items) > 0 {
		c.objects["other project"] = projects.items[0]
	}
	if all := c.lists["listEnvironments"]; all != nil {
		c.rule(ctx, c.byName["listEnvironments"], "the built-in environments dev, stg and prd are organization-level, each once", func() verdict {
			return c.builtIn(all)
		})
		c.run(ctx, step{op: "listEnvironments", rule: "a project has the organization-level environments and its own", in: "other project", want: 200, check: inForce})
	}
	return true
}

// checkList checks a list, its parameters, and reads of one of its objects.
func (c *checker) checkList(ctx context.Context, o *operation) *listing {
	c.run(ctx, step{op: o.name, rule: "answers a list", want: http.StatusOK})
	all := c.read(ctx, o.name, nil, maxPages)
	rule := func(objects int, o *operation, text string, judge func() verdict) {
		c.rule(ctx, o, text, func() verdict {
			switch {
			case len(all.items) >= objects:
				return judge()
			case !all.verdict.fine():
				return unshown("the list could not be read: " + string(all.verdict.outcome))
			}
			return unshown("the list has fewer objects than " + strconv.Itoa(objects))
		})
	}
	rule(1, o, "lists each object once, with its fields, the oldest first, and counts them", func() verdict {
		body, err := json.Marshal(all.items)
		if err == nil && all.verdict.outcome == holds {
			err = validate.Invariants(o.spec, http.StatusOK, body)
		}
		total, counted := all.first.object()["total_results"].(float64)
		switch {
		case err != nil:
			return c.verdict(all.first, differs, err.Error())
		case counted && all.complete && int(total) != len(all.items):
			return c.verdict(all.first, differs, "total_results is not the number of objects in all pages")
		}
		return all.verdict
	})
	// A list without pages has no bounds to keep, either.
	or := 0
	if all.first.good() && !all.first.paged {
		or = http.StatusOK
	}
	refused := func(text, name, value string, want, or int) {
		c.run(ctx, step{op: o.name, rule: text + " is refused", query: map[string]string{name: value}, want: want, or: or})
	}
	for _, p := range o.spec.Parameters {
		name, schema := p.Value.Name, p.Value.Schema.Value
		switch {
		case p.Value.In != "query":
		case name == "cursor":
			refused("an invalid cursor", name, rand.Text(), 400, or)
		case schema.Type.Is("integer"):
			for _, outside := range []float64{*schema.Min - 1, *schema.Max + 1} {
				value := strconv.Itoa(int(outside))
				refused(name+"="+value, name, value, 400, or)
			}
			rule(2, o, "limit limits a page, and next_cursor leads to the next", func() verdict { return c.pages(ctx, o, all) })
		default:
			if name == "project_id" {
				refused("an unknown project", name, c.objects[nobody].text("id"), 404, 0)
			}
			rule(1, o, name+" selects objects", func() verdict { return c.selects(ctx, o, name, all) })
		}
	}
	for _, one := range c.sorted {
		if one.method == http.MethodGet && one.isOfOne() && one.collection() == o.path {
			rule(1, one, "shows the object as the list does: 200", func() verdict { return c.showsListed(ctx, one, all) })
			c.run(ctx, step{op: one.name, rule: "an unknown id is refused", of: nobody, want: 404})
		}
	}
	return all
}

// pages checks a list by its first pages of one object.
func (c *checker) pages(ctx context.Context, o *operation, all *listing) verdict {
	if !all.first.paged {
		return c.verdict(all.first, tolerated, "the list has no pages")
	}
	most := min(3, len(all.items))
	pages := c.read(ctx, o.name, map[string]string{"limit": "1"}, most)
	sameID := func(a, b m) bool { return a.text("id") == b.text("id") }
	switch {
	case !pages.verdict.fine():
		return pages.verdict
	case len(pages.first.items) != 1:
		return c.verdict(pages.first, differs, "it does not have 1 object")
	case !slices.EqualFunc(pages.items, all.items[:most], sameID):
		return c.verdict(pages.first, differs, "the pages that follow do not have the next objects of the list")
	case all.complete && pages.complete != (most == len(all.items)):
		return c.verdict(pages.first, differs, "next_cursor is not empty, and no page follows")
	}
	return pages.verdict
}

// selects checks a parameter that is also a field of the objects.
func (c *checker) selects(ctx context.Context, o *operation, name string, all *listing) verdict {
	i := slices.IndexFunc(all.items, func(item m) bool { return item.text(name) != "" })
	if i < 0 {
		return unshown("no object has a value to select by")
	}
	value := all.items[i].text(name)
	found := c.read(ctx, o.name, map[string]string{name: value}, maxPages)
	inherited := func(item m) bool { return o.name == "listEnvironments" && item[name] == nil }
	switch {
	case !found.good():
		return found.verdict
	case find(found.items, all.items[i].text("id")) == nil:
		return c.verdict(found.first, differs, "it lacks an object that is selected")
	case slices.ContainsFunc(found.items, func(item m) bool { return item[name] != value && !inherited(item) }):
		return c.verdict(found.first, differs, "it has an object that is not selected")
	}
	return found.verdict
}

// showsListed checks the read of one object. A key reads only the setups of its own project, and the list
// does not say which project that is.
func (c *checker) showsListed(ctx context.Context, one *operation, all *listing) verdict {
	tried := map[string]bool{}
	for _, listed := range all.items {
		place := listed.text("project_id")
		if tried[place] || len(tried) == maxTries {
			continue
		}
		tried[place] = true
		c.objects["listed"] = listed
		if a, v := c.try(ctx, step{op: one.name, of: "listed", want: http.StatusOK}); one.name != "getSetup" || a.status != http.StatusNotFound {
			return v
		}
	}
	return unshown("none of the setups is of the key's project")
}

func (c *checker) builtIn(all *listing) verdict {
	var slugs []string
	for _, e := range all.items {
		if e["built_in"] == true && e.text("scope") == traceloop.ScopeOrganization {
			slugs = append(slugs, e.text("slug"))
		}
	}
	slices.Sort(slugs)
	switch {
	case !all.good():
		return unshown("the list could not be read to its end")
	case !slices.Equal(slugs, slices.Sorted(slices.Values(contract.BuiltInEnvironments))):
		return c.verdict(all.first, differs)
	}
	return itHolds
}

// inForce checks the environments of a project.
func inForce(c *checker, a *answer) string {
	slugs := map[string]bool{}
	for _, e := range a.items {
		switch {
		case e["project_id"] != nil && e.text("project_id") != a.parameters.Get("project_id"):
			return "it has an environment of another project"
		case slugs[e.text("slug")]:
			return "a slug occurs twice"
		}
		slugs[e.text("slug")] = true
	}
	for _, e := range c.lists["listEnvironments"].items {
		if e.text("scope") == traceloop.ScopeOrganization && find(a.items, e.text("id")) == nil && a.object().text("next_cursor") == "" {
			return "it lacks an organization-level environment"
		}
	}
	return ""
}
