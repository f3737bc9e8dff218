package check

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// thing is an object that the check created.
type thing struct {
	kind   string
	path   string // of its collection
	id     string
	list   string // the operations that list, read and delete it
	getter string
	remove string
}

var kinds = map[string]thing{
	"createProject":     {kind: "project", list: "listProjects", getter: "getProject", remove: "deleteProject"},
	"createEnvironment": {kind: "environment", list: "listEnvironments", getter: "getEnvironment", remove: "deleteEnvironment"},
	"createAPIKey":      {kind: "API key", list: "listAPIKeys", getter: "getAPIKey", remove: "revokeAPIKey"},
	"createSetup":       {kind: "auto monitor setup", list: "listSetups", getter: "getSetup", remove: "deleteSetup"},
}

func (c *checker) thing(creation, id string) thing {
	made := kinds[creation]
	made.path, made.id = c.byID[creation].path, id
	return made
}

// begin prepares the scenario.
func (c *checker) begin() {
	c.before, c.suffix = c.org.ids(), traceloop.Slug(rand.Text()[:10])
	c.name = "Check of terraform-provider-traceloop, may be deleted, " + c.suffix
	for i := range c.setupIDs {
		c.setupIDs[i] = "terraform-provider-traceloop-check-" + c.suffix + "-" + strconv.Itoa(i+1)
	}
	if projects := c.org["listProjects"].items; len(projects) > 0 {
		c.objects["other"] = projects[0]
	}
}

// run checks the life of a project.
func (c *checker) run(ctx context.Context) {
	c.runSteps(ctx, c.beginning()...)
	c.runSteps(ctx, c.derived()...)
	c.runSteps(ctx, c.middle()...)
	c.removeSetups(ctx) // while there is a key for them
	c.runSteps(ctx, c.end()...)
}

func (c *checker) runSteps(ctx context.Context, steps ...step) {
	for _, s := range steps {
		c.runStep(ctx, s)
	}
}

func (c *checker) runStep(ctx context.Context, s step) verdict {
	o := c.byID[s.op]
	return c.rule(ctx, o, s.rule+": "+strconv.Itoa(s.want), func() verdict {
		call, missing := c.call(o, s)
		if missing != "" {
			return unshown("an earlier rule gave no %s", missing)
		}
		check := func(a *answer) string {
			if s.check == nil {
				return ""
			}
			return s.check(c, a)
		}
		a := c.sendOwn(ctx, call)
		v := a.judge(check)
		if a.isEmptyChange() && v.outcome == tolerated {
			read := *call
			read.operation, read.body, read.want = c.sibling(o), nil, http.StatusOK
			if problem := c.send(ctx, &read).judge(check); !problem.fine() {
				return problem
			}
		}
		// A new object may appear only after a while.
		for attempt := 0; o.method == http.MethodGet && s.want == http.StatusOK && attempt < cleanUpAttempts; attempt++ {
			if v.outcome != differs && v.outcome != notThere || c.wait(ctx, time.Second<<attempt) != nil {
				break
			}
			a = c.send(ctx, call)
			if a.judge(check).fine() {
				v = a.verdict(tolerated, append(a.notes, "only after a while")...)
			}
		}
		switch {
		case s.as == "" || !a.good():
		case c.removable(a.object().text("id")):
			c.objects[s.as], c.repeats[s.as] = a.object(), call.idempotency
		case s.want != http.StatusCreated:
			c.objects[s.as] = m{}
		}
		return v
	})
}

// sibling is the operation that reads what o changes.
func (c *checker) sibling(o *operation) *operation {
	i := slices.IndexFunc(c.sorted, func(other *operation) bool { return other.path == o.path && other.method == http.MethodGet })
	return c.sorted[i]
}

// call makes the request of a step. missing names an object of an earlier step that is not there.
func (c *checker) call(o *operation, s step) (sent *call, missing string) {
	sent = &call{operation: o, body: s.body, query: s.query, want: s.want, or: s.or}
	find := func(name string) m {
		if name == nobody {
			return m{"id": noSuchID(), "external_id": noSuchID()}
		}
		if c.objects[name] == nil {
			missing = name
		}
		return c.objects[name]
	}
	if s.after != "" {
		find(s.after)
	}
	if s.of != "" {
		sent.id = find(s.of).text("id")
		if strings.HasSuffix(o.path, "{external_id}") {
			sent.id = find(s.of).text("external_id")
		}
	}
	key := ""
	switch s.key {
	case "":
	case noKey, unknownKey:
		if sent.key, sent.whose = &key, s.key; s.key == unknownKey {
			key = traceloop.KeyPrefix + rand.Text()
		}
	default:
		key = find(s.key).text("api_key")
		if sent.key, sent.whose = &key, "the project's own key"; key == "" {
			missing = s.key
		}
	}
	project, environment, _ := strings.Cut(s.in, "/")
	place := m{}
	if project != "" {
		place["project_id"] = find(project).text("id")
	}
	if environment == "eu" { // the scenario's own; others are slugs
		environment = find(environment).text("slug")
	}
	if environment != "" {
		place["environment"] = environment
	}
	switch o.method {
	case http.MethodGet:
		if s.in != "" || s.check != nil && o.managed() && o.isList() {
			sent.query = url.Values{"limit": {pageLimit}}
		}
		for name := range place {
			sent.query.Set(name, place.text(name))
		}
	case http.MethodPost:
		if s.in != "" {
			for name, value := range s.body {
				place[name] = value
			}
			sent.body = place
		}
		if o.managed() && len(sent.body) > 0 {
			sent.idempotency = rand.Text()
			if s.like != "" {
				find(s.like)
				sent.idempotency = c.repeats[s.like]
			}
		}
	}
	return sent, missing
}

// sendOwn sends a call, and notes what it has created, or may have.
func (c *checker) sendOwn(ctx context.Context, sent *call) *answer {
	c.asked = c.asked || sent.method != http.MethodGet
	a := c.send(ctx, sent)
	mayExist := a.err != nil || a.status/100 != 4
	switch id := a.object().text("id"); sent.operation.id {
	case "createProject", "createEnvironment", "createAPIKey":
		if made := c.thing(sent.operation.id, id); a.good() && c.removable(id) {
			if !slices.Contains(c.created, made) {
				c.created = append(c.created, made)
			}
		} else if sent.operation.id == "createProject" {
			c.lost = c.lost || mayExist
		}
		if key := a.object().text("api_key"); key != "" && sent.operation.id == "createAPIKey" {
			c.generated = append(c.generated, key)
		}
	case "createSetup", "upsertSetups":
		items, _ := sent.body["setups"].([]any)
		for _, item := range append(items, sent.body) {
			external := item.(m).text("external_id") //nolint:forcetypeassert // of this package
			if external != "" && mayExist && !slices.Contains(c.setups, external) {
				c.setups = append(c.setups, external)
			}
		}
	}
	return a
}

// removable reports whether an id can belong to an object of the check. An id such as ".." would
// send a DELETE to another path.
func (c *checker) removable(id string) bool {
	return id != "" && id != "." && id != ".." && !c.before[id]
}
