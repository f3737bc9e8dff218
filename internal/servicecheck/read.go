package servicecheck

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// organization contains the results of the reads.
type organization struct {
	projects, environments, keys *listing
}

// ids returns the ids of all objects that existed before the check's first write.
func (o *organization) ids() map[string]bool {
	ids := map[string]bool{}
	for _, l := range []*listing{o.projects, o.environments, o.keys} {
		for _, item := range l.items {
			ids[item.text("id")] = true
		}
	}
	return ids
}

// checkReads checks what needs only reads. It returns nil if the first request gets no answer,
// because each of the others could take as long.
func (c *checker) checkReads(ctx context.Context) *organization {
	if !c.checkKeys(ctx) {
		return nil
	}
	o := &organization{}
	o.projects = c.checkCollection(ctx, c.paths.Projects, projectFields)
	c.checkProjects(ctx, o)
	o.environments = c.checkCollection(ctx, c.paths.Environments, environmentFields)
	c.checkEnvironments(ctx, o)
	o.keys = c.checkCollection(ctx, c.paths.APIKeys, apiKeyFields)
	c.checkAPIKeys(ctx, o)
	return o
}

func (c *checker) checkKeys(ctx context.Context) (answered bool) {
	none, unknown := "", "tlm_"+rand.Text()
	r := list(c.paths.Projects, nil)
	r.as, r.asWhom = &none, "no key"
	first := c.rule(ctx, r.operation(), "needs a key: 401 without one", func() verdict { return c.send(ctx, r).refuses(http.StatusUnauthorized) })
	if first.outcome == noAnswer {
		return false
	}
	r.as, r.asWhom = &unknown, "a key that does not exist"
	c.rule(ctx, r.operation(), "knows its keys: 401 with another", func() verdict { return c.send(ctx, r).refuses(http.StatusUnauthorized) })
	return true
}

// checkCollection checks the rules for every collection: its pages, and reads of one object.
func (c *checker) checkCollection(ctx context.Context, collection string, fields []field) *listing {
	operation := "GET " + collection
	c.rule(ctx, operation, "answers a page: data, next_cursor, total_results", func() verdict {
		return c.send(ctx, list(collection, nil)).answers(http.StatusOK, isPage)
	})
	all := c.read(ctx, collection, nil)
	rule := func(operation, text string, judge func() verdict) {
		c.rule(ctx, operation, text, func() verdict {
			if why := all.there(); why != nil {
				return *why
			}
			return judge()
		})
	}
	rule(operation, "shows each object with its fields", func() verdict { return c.judgeFields(all, fields) })
	rule(operation, "lists each object once, the oldest first", func() verdict { return judgeOrder(all) })
	rule(operation, "total_results counts the whole list", func() verdict { return judgeTotal(all) })
	rule(operation, "limit limits a page", func() verdict {
		if len(all.items) < 2 {
			return unshown("the list has fewer than 2 objects")
		}
		return c.send(ctx, list(collection, url.Values{"limit": {"1"}})).answers(http.StatusOK, func(page object) string {
			if len(items(page)) != 1 {
				return "data does not have 1 object"
			}
			return ""
		})
	})
	rule(operation, "next_cursor leads to the next page", func() verdict { return c.judgeCursor(ctx, collection, all) })
	for _, limit := range []string{"0", "101"} {
		rule(operation, "limit="+limit+" is refused: 400", func() verdict {
			return c.send(ctx, list(collection, url.Values{"limit": {limit}})).refuses(http.StatusBadRequest)
		})
	}
	rule(operation, "an invalid cursor is refused: 400", func() verdict {
		return c.send(ctx, list(collection, url.Values{"cursor": {rand.Text()}})).refuses(http.StatusBadRequest)
	})

	operation += "/{id}"
	rule(operation, "shows the object as the list does", func() verdict {
		if len(all.items) == 0 {
			return unshown("the list shows no object")
		}
		listed := all.items[0]
		if listed.text("id") == "" {
			return unshown("the list shows no id")
		}
		return c.send(ctx, element(http.MethodGet, collection, listed.text("id"))).answers(http.StatusOK, func(o object) string {
			if wrong := lacks(o, fields); wrong != "" {
				return wrong
			}
			return same(o, listed, fields)
		})
	})
	rule(operation, "an unknown id is refused: 404", func() verdict {
		return c.send(ctx, element(http.MethodGet, collection, noSuchID())).refuses(http.StatusNotFound)
	})
	return all
}

func noSuchID() string { return "cnosuch" + rand.Text() }

func (c *checker) judgeFields(all *listing, fields []field) verdict {
	if all.wrong.outcome != holds && len(all.items) == 0 {
		return all.wrong
	}
	for _, item := range all.items {
		if wrong := lacks(item, fields); wrong != "" {
			return all.first.verdict(differs, "", wrong)
		}
	}
	if len(all.items) == 0 {
		return unshown("the list is empty")
	}
	return itHolds
}

func judgeOrder(all *listing) verdict {
	if all.wrong.outcome != holds {
		return *all.whole()
	}
	seen := map[string]bool{}
	for i, item := range all.items {
		id := item.text("id")
		if seen[id] {
			return all.first.verdict(differs, "", "an id occurs twice")
		}
		seen[id] = true
		if i > 0 && createdAt(item).Before(createdAt(all.items[i-1])) {
			return all.first.verdict(differs, "", "created_at does not ascend")
		}
	}
	if len(all.items) < 2 {
		return unshown("the list has fewer than 2 objects")
	}
	return itHolds
}

func judgeTotal(all *listing) verdict {
	if why := all.whole(); why != nil {
		return *why
	}
	if total, _ := all.first.object()["total_results"].(float64); int(total) != len(all.items) {
		return all.first.verdict(differs, "", "total_results is not the number of objects in all pages")
	}
	return itHolds
}

// judgeCursor reads the first two objects, each on its own page.
func (c *checker) judgeCursor(ctx context.Context, collection string, all *listing) verdict {
	if len(all.items) < 2 {
		return unshown("the list has fewer than 2 objects")
	}
	cursor := ""
	v := c.send(ctx, list(collection, url.Values{"limit": {"1"}})).answers(http.StatusOK, func(page object) string {
		if wrong := isPage(page); wrong != "" {
			return wrong
		}
		if cursor = page.text("next_cursor"); cursor == "" {
			return "next_cursor is empty, and another page follows"
		}
		return ""
	})
	if v.outcome != holds {
		return v
	}
	next := c.send(ctx, list(collection, url.Values{"limit": {"1"}, "cursor": {cursor}}))
	return next.answers(http.StatusOK, func(page object) string {
		switch on := items(page); {
		case len(on) != 1 || on[0].text("id") != all.items[1].text("id"):
			return "data is not the second object of the list"
		case len(all.items) == 2 && all.complete && page.text("next_cursor") != "":
			return "next_cursor is not empty, and no page follows"
		}
		return ""
	})
}

func (c *checker) checkProjects(ctx context.Context, o *organization) {
	c.rule(ctx, "GET "+c.paths.Projects, "no two projects have one name", func() verdict {
		if why := o.projects.whole(); why != nil {
			return *why
		}
		names := map[string]bool{}
		for _, p := range o.projects.items {
			if names[p.text("name")] {
				return o.projects.first.verdict(differs, "", "a name occurs twice")
			}
			names[p.text("name")] = true
		}
		return itHolds
	})
}

func (c *checker) checkEnvironments(ctx context.Context, o *organization) {
	operation := "GET " + c.paths.Environments
	all := o.environments
	each := func(rule string, wrong func(object) string) {
		c.rule(ctx, operation, rule, func() verdict {
			if all.wrong.outcome != holds {
				return *all.whole()
			}
			for _, e := range all.items {
				if problem := wrong(e); problem != "" {
					return all.first.verdict(differs, "", problem)
				}
			}
			if len(all.items) == 0 {
				return unshown("the list is empty")
			}
			return itHolds
		})
	}
	each("a slug is made from its name", func(e object) string {
		if e.text("slug") != traceloop.Slug(e.text("name")) {
			return "slug is not the name in lower case with one hyphen for each run of other characters"
		}
		return ""
	})
	each("project_id is null only for an organization-level environment", func(e object) string {
		if (e.text("scope") == traceloop.ScopeOrganization) != (e["project_id"] == nil) {
			return "scope and project_id do not agree"
		}
		return ""
	})

	project := some(o.projects)
	var inForce *listing
	if project != "" {
		inForce = c.read(ctx, c.paths.Environments, url.Values{"project_id": {project}})
	}
	c.inForceRules(ctx, "", project, inForce, o)
	c.rule(ctx, operation, "project_id of an unknown project is refused: 404", func() verdict {
		if why := all.there(); why != nil {
			return *why
		}
		return c.send(ctx, list(c.paths.Environments, url.Values{"project_id": {noSuchID()}})).refuses(http.StatusNotFound)
	})
}

// inForceRules checks the environments of a project, own and inherited. which begins each rule.
func (c *checker) inForceRules(ctx context.Context, which, project string, inForce *listing, o *organization) {
	operation := "GET " + c.paths.Environments
	rule := func(text string, wrong func() string, enough func() string) {
		c.rule(ctx, operation, which+text, func() verdict {
			if project == "" {
				return unshown("there is no project to ask for")
			}
			if inForce.wrong.outcome != holds {
				return inForce.wrong
			}
			if why := inForce.whole(); why != nil {
				return *why
			}
			if problem := wrong(); problem != "" {
				return inForce.first.verdict(differs, "", problem)
			}
			if missing := enough(); missing != "" {
				return unshown("%s", missing)
			}
			return itHolds
		})
	}
	always := func() string { return "" }
	// Whether one can be deleted is not tried: it is the organization's, and would be lost.
	rule("the organization's built-in environments dev, stg and prd are in force", func() string {
		for _, slug := range contract.BuiltInEnvironments {
			if !slices.ContainsFunc(inForce.items, func(e object) bool { return e.text("slug") == slug && e["built_in"] == true && e["project_id"] == nil }) {
				return "data has no built-in " + slug + " of the organization"
			}
		}
		return ""
	}, always)
	rule("a project has no environments of other projects", func() string {
		for _, e := range inForce.items {
			if e["project_id"] != nil && e.text("project_id") != project {
				return "project_id is another project's"
			}
		}
		return ""
	}, always)
	shared := 0
	rule("a project inherits every organization-level environment", func() string {
		for _, e := range o.environments.items {
			if e.text("scope") != traceloop.ScopeOrganization {
				continue
			}
			shared++
			if inForce.find(e.text("id")) == nil {
				return "data lacks an organization-level environment"
			}
		}
		return ""
	}, func() string {
		if shared == 0 {
			return "the organization has no organization-level environment"
		}
		return ""
	})
	rule("a slug is unique in a project", func() string {
		slugs := map[string]bool{}
		for _, e := range inForce.items {
			if slugs[e.text("slug")] {
				return "a slug occurs twice"
			}
			slugs[e.text("slug")] = true
		}
		return ""
	}, always)
}

// some returns the id of a project in the list, or "".
func some(projects *listing) string {
	if len(projects.items) == 0 {
		return ""
	}
	return projects.items[0].text("id")
}

func (c *checker) checkAPIKeys(ctx context.Context, o *organization) {
	operation := "GET " + c.paths.APIKeys
	all := o.keys
	c.rule(ctx, operation, "never shows a key in full", func() verdict {
		switch {
		case all.wrong.outcome != holds && len(all.items) == 0:
			return *all.whole()
		case len(all.items) == 0:
			return unshown("there are no keys")
		}
		for _, k := range all.items {
			if _, there := k["api_key"]; there {
				return all.first.verdict(differs, "", "api_key is present")
			}
		}
		return itHolds
	})
	c.rule(ctx, operation, "a project and an environment have one key", func() verdict {
		switch {
		case all.wrong.outcome != holds && len(all.items) == 0:
			return *all.whole()
		case len(all.items) == 0:
			return unshown("there are no keys")
		}
		places := map[[2]string]bool{}
		for _, k := range all.items {
			place := [2]string{k.text("project_id"), k.text("environment")}
			if places[place] {
				return all.first.verdict(differs, "", "a project and an environment have two")
			}
			places[place] = true
		}
		return itHolds
	})
	for _, name := range []string{"project_id", "environment"} {
		c.rule(ctx, operation, name+" selects keys", func() verdict {
			if len(all.items) == 0 {
				return unshown("there are no keys")
			}
			value := all.items[0].text(name)
			found := c.read(ctx, c.paths.APIKeys, url.Values{name: {value}})
			if found.wrong.outcome != holds {
				return found.wrong
			}
			for _, k := range found.items {
				if k.text(name) != value {
					return found.first.verdict(differs, "", name+" is another one")
				}
			}
			if found.find(all.items[0].text("id")) == nil {
				return found.first.verdict(differs, "", "data lacks a key that is selected")
			}
			return itHolds
		})
	}
	c.rule(ctx, operation, "project_id of an unknown project is refused: 404", func() verdict {
		if why := all.there(); why != nil {
			return *why
		}
		return c.send(ctx, list(c.paths.APIKeys, url.Values{"project_id": {noSuchID()}})).refuses(http.StatusNotFound)
	})
	c.rule(ctx, operation, "an environment without keys has an empty list", func() verdict {
		if why := all.there(); why != nil {
			return *why
		}
		query := url.Values{"environment": {"no-such-" + traceloop.Slug(rand.Text())}}
		return c.send(ctx, list(c.paths.APIKeys, query)).answers(http.StatusOK, isEmptyPage)
	})
}

func isEmptyPage(page object) string {
	if wrong := isPage(page); wrong != "" {
		return wrong
	}
	if len(items(page)) > 0 {
		return "data is not empty"
	}
	return ""
}

// checkEveryAnswer checks the rules for all answers.
func (c *checker) checkEveryAnswer(ctx context.Context) {
	c.rule(context.WithoutCancel(ctx), "every operation", "names each answer in X-Request-Id", func() verdict {
		switch {
		case c.answers == 0:
			return unshown("there was no answer")
		case c.unnamed > 0:
			return verdict{outcome: differs, came: "an answer without X-Request-Id"}
		}
		return itHolds
	})
	if len(c.generated) == 0 {
		return
	}
	c.rule(context.WithoutCancel(ctx), "every operation", "shows a key in full only when it is generated", func() verdict {
		if len(c.shown) > 0 {
			return verdict{outcome: differs, sent: c.shown[0], came: "a key in full"}
		}
		return itHolds
	})
}

func createdAt(o object) time.Time {
	t, err := time.Parse(time.RFC3339, o.text("created_at"))
	if err != nil {
		return time.Time{}
	}
	return t
}
