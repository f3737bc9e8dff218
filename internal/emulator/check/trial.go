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

// trial is a check that writes: it creates, uses and deletes its own project.
type trial struct {
	*checker

	org      organization
	before   map[string]bool // ids of objects that the check did not create
	name     string          // of its project
	suffix   string          // unique, in all its names
	setupIDs [3]string       // external ids; the last one must not be created
	objects  map[string]m    // by the names of the scenario
	repeats  map[string]string

	asked   bool // whether a creation was sent
	lost    bool // whether a project with an unknown id may exist
	created []thing
	setups  []string // external ids of setups that may exist
	left    []thing  // what could not be removed
}

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

func newTrial(c *checker, org organization) *trial {
	suffix := traceloop.Slug(rand.Text()[:10])
	t := &trial{
		checker: c, org: org, before: org.ids(), suffix: suffix,
		name:    "Check of terraform-provider-traceloop, may be deleted, " + suffix,
		objects: map[string]m{}, repeats: map[string]string{},
	}
	for i := range t.setupIDs {
		t.setupIDs[i] = "terraform-provider-traceloop-check-" + suffix + "-" + strconv.Itoa(i+1)
	}
	if projects := org["listProjects"].items; len(projects) > 0 {
		t.objects["other"] = projects[0]
	}
	return t
}

// run checks the life of a project.
func (t *trial) run(ctx context.Context) {
	t.runSteps(ctx, t.beginning())
	for _, o := range t.sorted {
		if o.method != http.MethodGet && !slices.Contains(never, o.id) {
			for _, r := range withoutKey(o) {
				t.judgeCall(ctx, r)
			}
		}
	}
	t.runSteps(ctx, t.derived())
	t.checkMethods(ctx)
	t.runSteps(ctx, t.middle())
	t.removeSetups(ctx) // while there is a key for them
	t.runSteps(ctx, t.end())
}

func (t *trial) runSteps(ctx context.Context, steps []step) {
	for _, s := range steps {
		t.runStep(ctx, s)
	}
}

func (t *trial) runStep(ctx context.Context, s step) {
	o := t.byID[s.op]
	if s.op == "renameEnvironment" {
		of := t.byID["getEnvironment"]
		o = &operation{id: s.op, method: http.MethodPatch, path: of.path, layer: of.layer}
	}
	t.rule(ctx, o, s.rule+": "+strconv.Itoa(s.want), func() verdict {
		call, missing := t.call(o, s)
		if missing != "" {
			return unshown("an earlier rule gave no %s", missing)
		}
		check := func(a *answer) string {
			if s.check == nil {
				return ""
			}
			return s.check(t, a)
		}
		a := t.sendOwn(ctx, call)
		v := a.judge(check)
		if a.isEmptyChange() && v.outcome == tolerated {
			read := *call
			read.operation, read.body, read.want = t.sibling(o), nil, http.StatusOK
			if problem := t.send(ctx, &read).judge(check); !problem.fine() {
				return problem
			}
		}
		// A new object may appear only after a while.
		for attempt := 0; o.method == http.MethodGet && s.want == http.StatusOK && attempt < cleanUpAttempts; attempt++ {
			if v.outcome != differs && v.outcome != notThere || t.wait(ctx, time.Second<<attempt) != nil {
				break
			}
			a = t.send(ctx, call)
			if a.judge(check).fine() {
				v = a.verdict(tolerated, append(a.notes, "only after a while")...)
			}
		}
		switch {
		case s.as == "" || !a.good():
		case t.removable(a.object().text("id")):
			t.objects[s.as], t.repeats[s.as] = a.object(), call.idempotency
		case s.want != http.StatusCreated:
			t.objects[s.as] = m{}
		}
		return v
	})
}

// sibling is the operation that reads what o changes.
func (t *trial) sibling(o *operation) *operation {
	i := slices.IndexFunc(t.sorted, func(other *operation) bool { return other.path == o.path && other.method == http.MethodGet })
	return t.sorted[i]
}

// call makes the request of a step. missing names an object of an earlier step that is not there.
func (t *trial) call(o *operation, s step) (c *call, missing string) {
	c = &call{operation: o, body: s.body, want: s.want, or: s.or}
	find := func(name string) m {
		if name == nobody {
			return m{"id": noSuchID(), "external_id": noSuchID()}
		}
		if t.objects[name] == nil {
			missing = name
		}
		return t.objects[name]
	}
	if s.after != "" {
		find(s.after)
	}
	if s.of != "" {
		c.id = find(s.of).text("id")
		if strings.HasSuffix(o.path, "{external_id}") {
			c.id = find(s.of).text("external_id")
		}
	}
	if s.key != "" {
		key := find(s.key).text("api_key")
		if c.key, c.whose = &key, "the project's own key"; key == "" {
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
		c.query = url.Values{}
		for name := range place {
			c.query.Set(name, place.text(name))
		}
		if o.managed() && o.isList() && s.key == "" {
			c.query.Set("limit", pageLimit)
		}
	case http.MethodPost:
		if s.in != "" {
			for name, value := range s.body {
				place[name] = value
			}
			c.body = place
		}
		if o.managed() && len(c.body) > 0 {
			c.idempotency = rand.Text()
			if s.like != "" {
				find(s.like)
				c.idempotency = t.repeats[s.like]
			}
		}
	}
	return c, missing
}

// sendOwn sends a call, and notes what it has created, or may have.
func (t *trial) sendOwn(ctx context.Context, c *call) *answer {
	t.asked = true
	a := t.send(ctx, c)
	mayExist := a.err != nil || a.status/100 != 4
	switch id := a.object().text("id"); c.operation.id {
	case "createProject", "createEnvironment", "createAPIKey":
		if made := t.thing(c.operation.id, id); a.good() && t.removable(id) {
			if !slices.Contains(t.created, made) {
				t.created = append(t.created, made)
			}
		} else if c.operation.id == "createProject" {
			t.lost = t.lost || mayExist
		}
		if key := a.object().text("api_key"); key != "" && c.operation.id == "createAPIKey" {
			t.generated = append(t.generated, key)
		}
	case "createSetup", "upsertSetups":
		items, _ := c.body["setups"].([]any)
		for _, item := range append(items, c.body) {
			external := item.(m).text("external_id") //nolint:forcetypeassert // of this package
			if external != "" && mayExist && !slices.Contains(t.setups, external) {
				t.setups = append(t.setups, external)
			}
		}
	}
	return a
}

// removable reports whether an id can belong to an object of the check. An id such as ".." would
// send a DELETE to another path.
func (t *trial) removable(id string) bool {
	return id != "" && id != "." && id != ".." && !t.before[id]
}

// checkMethods sends methods that an object does not have, for an object that does not exist.
func (t *trial) checkMethods(ctx context.Context) {
	for _, o := range t.sorted {
		if o.method != http.MethodGet || !o.isOfOne() || o.id == "getEvaluator" {
			continue
		}
		for _, method := range []string{http.MethodPatch, http.MethodPut} {
			if slices.ContainsFunc(t.sorted, func(other *operation) bool { return other.path == o.path && other.method == method }) {
				continue
			}
			c := call{operation: &operation{method: method, path: o.path, layer: o.layer}, id: noSuchID(), body: m{}, want: http.StatusMethodNotAllowed, or: http.StatusNotFound}
			if !o.managed() {
				key := t.objects["key"].text("api_key")
				c.key, c.whose = &key, "the project's own key"
				if key == "" {
					continue
				}
			}
			t.judgeCall(ctx, ruledCall{c, "there is no such operation"})
		}
	}
}
