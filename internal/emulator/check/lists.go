package check

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
	"github.com/traceloop/terraform-provider-traceloop/internal/contract/validate"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const (
	maxPages  = 100   // that are read of a whole list
	pageLimit = "100" // the contract's maximum for limit
)

// listing is a list that was read to its last page, or to as many as were asked for.
type listing struct {
	first    *answer // of the first page
	items    []m
	complete bool
	verdict  verdict // of the first page that is not fine, or of the first
}

func (c *checker) read(ctx context.Context, name string, filter url.Values, pages int) *listing {
	l := &listing{}
	query := url.Values{}
	if c.byName[name].managed() {
		query.Set("limit", pageLimit)
	}
	for name := range filter {
		query.Set(name, filter.Get(name))
	}
	for range pages {
		a, v := c.try(ctx, step{op: name, query: query, want: http.StatusOK})
		l.items = append(l.items, a.items...)
		if l.first == nil || !v.fine() {
			l.first, l.verdict = a, v
		}
		if !v.fine() {
			break
		}
		next := a.object().text("next_cursor")
		if l.complete = next == ""; l.complete {
			break
		}
		query.Set("cursor", next)
	}
	return l
}

// good reports whether the whole list was read.
func (l *listing) good() bool { return l.complete && l.verdict.fine() }

// unread says why a rule about the list cannot be checked; "" if it can.
func (l *listing) unread(objects int) string {
	switch {
	case len(l.items) >= objects:
		return ""
	case !l.verdict.fine():
		return "the list could not be read: " + string(l.verdict.outcome)
	default:
		return "the list has fewer objects than " + strconv.Itoa(objects)
	}
}

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
		c.checkEnvironments(ctx, all)
	}
	return true
}

// checkList checks a list, its parameters, and reads of one of its objects.
func (c *checker) checkList(ctx context.Context, o *operation) *listing {
	c.run(ctx, step{op: o.name, rule: "answers a list", want: http.StatusOK})
	all := c.read(ctx, o.name, nil, maxPages)
	rule := func(objects int, o *operation, text string, judge func() verdict) {
		c.rule(ctx, o, text, func() verdict {
			if why := all.unread(objects); why != "" {
				return unshown("%s", why)
			}
			return judge()
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
			return all.first.verdict(differs, err.Error())
		case counted && all.complete && int(total) != len(all.items):
			return all.first.verdict(differs, "total_results is not the number of objects in all pages")
		}
		return all.verdict
	})
	// A list without pages has no bounds to keep, either.
	or := 0
	if all.first.good() && !all.first.paged {
		or = http.StatusOK
	}
	for _, p := range o.spec.Parameters {
		name, schema := p.Value.Name, p.Value.Schema.Value
		switch {
		case p.Value.In != "query":
		case name == "cursor":
			c.run(ctx, step{op: o.name, rule: "an invalid cursor is refused", query: url.Values{name: {rand.Text()}}, want: 400, or: or})
		case schema.Type.Is("integer"):
			for _, outside := range []float64{*schema.Min - 1, *schema.Max + 1} {
				value := strconv.Itoa(int(outside))
				c.run(ctx, step{op: o.name, rule: name + "=" + value + " is refused", query: url.Values{name: {value}}, want: 400, or: or})
			}
			rule(2, o, "limit limits a page, and next_cursor leads to the next", func() verdict { return c.pages(ctx, o, all) })
		default:
			if name == "project_id" {
				c.run(ctx, step{op: o.name, rule: "an unknown project is refused", query: url.Values{name: {noSuchID()}}, want: 404})
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
		return all.first.verdict(tolerated, "the list has no pages")
	}
	most := min(3, len(all.items))
	pages := c.read(ctx, o.name, url.Values{"limit": {"1"}}, most)
	sameID := func(a, b m) bool { return a.text("id") == b.text("id") }
	switch {
	case !pages.verdict.fine():
		return pages.verdict
	case len(pages.first.items) != 1:
		return pages.first.verdict(differs, "it does not have 1 object")
	case !slices.EqualFunc(pages.items, all.items[:most], sameID):
		return pages.first.verdict(differs, "the pages that follow do not have the next objects of the list")
	case all.complete && pages.complete != (most == len(all.items)):
		return pages.first.verdict(differs, "next_cursor is not empty, and no page follows")
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
	found := c.read(ctx, o.name, url.Values{name: {value}}, maxPages)
	inherited := func(item m) bool { return o.name == "listEnvironments" && item[name] == nil }
	switch {
	case !found.good():
		return found.verdict
	case find(found.items, all.items[i].text("id")) == nil:
		return found.first.verdict(differs, "it lacks an object that is selected")
	case slices.ContainsFunc(found.items, func(item m) bool { return item[name] != value && !inherited(item) }):
		return found.first.verdict(differs, "it has an object that is not selected")
	}
	return found.verdict
}

// maxTries limits how many objects are tried, to find one that the key can read.
const maxTries = 20

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
		s := step{op: one.name, id: listed.text("id"), want: 200, check: func(c *checker, a *answer) string { return c.same(a.object(), listed) }}
		if one.name == "getSetup" {
			s.id = listed.text("external_id")
		}
		if a, v := c.try(ctx, s); one.name != "getSetup" || a.status != http.StatusNotFound {
			return v
		}
	}
	return unshown("none of the setups is of the key's project")
}

// volatile are the fields that change without a request.
var volatile = []string{"status", "updated_at", "evaluators"}

// same names a field that differs between two answers about one object. It compares what both have.
func (c *checker) same(a, b m) string {
	for name, value := range b {
		other, there := a[name]
		isTime := strings.HasSuffix(name, "_at") && moment(value).Equal(moment(other))
		if !there || slices.Contains(volatile, name) || isTime || reflect.DeepEqual(value, other) {
			continue
		}
		if !c.fields[name] {
			name = "a field"
		}
		return name + " is not the same"
	}
	return ""
}

// moment reads a time. The service rounds the time of a creation when it is read, so it is rounded here.
func moment(value any) time.Time {
	text, _ := value.(string)
	read, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{} // the document refuses it
	}
	return read.Round(time.Millisecond)
}

// checkEnvironments checks what the document says in words.
func (c *checker) checkEnvironments(ctx context.Context, all *listing) {
	var builtIn []string
	scopes, slugs := true, true
	for _, e := range all.items {
		shared := e.text("scope") == traceloop.ScopeOrganization
		if e["built_in"] == true && shared && e["project_id"] == nil {
			builtIn = append(builtIn, e.text("slug"))
		}
		scopes = scopes && shared == (e["project_id"] == nil)
		slugs = slugs && e.text("slug") == traceloop.Slug(e.text("name"))
	}
	slices.Sort(builtIn)
	want := slices.Sorted(slices.Values(contract.BuiltInEnvironments))
	for _, is := range []struct {
		rule  string
		holds bool
		or    outcome
	}{
		{"the built-in environments dev, stg and prd are organization-level, each once", slices.Equal(builtIn, want), differs},
		{"project_id is null only for an organization-level environment", scopes, differs},
		{"a slug is its name in lower case, with one hyphen for each run of other characters", slugs, tolerated},
	} {
		c.rule(ctx, c.byName["listEnvironments"], is.rule, func() verdict {
			switch {
			case !all.good():
				return unshown("the list could not be read to its end")
			case !is.holds:
				return all.first.verdict(is.or)
			}
			return itHolds
		})
	}
	c.run(ctx, step{op: "listEnvironments", rule: "a project has the organization-level environments and its own", in: "other project", want: 200, check: inForce})
}

// inForce checks the environments of a project.
func inForce(c *checker, a *answer) string {
	slugs := map[string]bool{}
	for _, e := range a.items {
		switch {
		case e["project_id"] != nil && e.text("project_id") != a.call.query.Get("project_id"):
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
