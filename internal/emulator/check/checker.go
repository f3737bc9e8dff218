package check

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// checker sends the requests of a check and keeps its verdicts.
type checker struct {
	*documents

	management service // nil without a management key
	project    service // nil without the key of a project and environment
	show       func(line)
	wait       func(context.Context, time.Duration) error

	lines     []line
	names     []string // the header that names each answer, or ""
	generated []string // keys that the service generated

	lists    map[string]*listing // by operation, as they were before the first write
	before   map[string]bool     // ids of objects that the check did not create
	suffix   string              // unique, in all names
	name     string              // of the check's project
	setupIDs [3]string           // external ids; the last one must not be created
	objects  map[string]m        // by the names of the scenario

	lost    bool    // whether a project with an unknown id may exist
	created []thing // the first one first
	left    []thing // what could not be removed
}

func newChecker() (*checker, error) {
	d, err := readDocuments()
	if err != nil {
		return nil, err
	}
	c := &checker{documents: d, lists: map[string]*listing{}, before: map[string]bool{}, objects: map[string]m{}, suffix: traceloop.Slug(rand.Text()[:10])}
	c.name = "Check of terraform-provider-traceloop, may be deleted, " + c.suffix
	for i := range c.setupIDs {
		c.setupIDs[i] = "terraform-provider-traceloop-check-" + c.suffix + "-" + strconv.Itoa(i+1)
	}
	return c, nil
}

// rule checks one rule, unless the check is interrupted.
func (c *checker) rule(ctx context.Context, o *operation, rule string, judge func() verdict) outcome {
	v := unshown("the check was interrupted")
	if ctx.Err() == nil {
		if judged := judge(); judged.outcome != noAnswer || ctx.Err() == nil {
			v = judged
		}
	}
	c.add(line{operation: o.String(), rule: rule, verdict: v})
	return v.outcome
}

func (c *checker) add(l line) {
	c.lines = append(c.lines, l)
	c.show(l)
}

// try sends a step and judges the answer.
func (c *checker) try(ctx context.Context, s step) (*answer, verdict) {
	sent, missing := c.call(s)
	if missing != "" {
		return &answer{call: sent}, unshown("an earlier rule gave no %s", missing)
	}
	a := c.send(ctx, sent)
	c.remember(a)
	return a, c.judge(a)
}

// run checks the rule of a step.
func (c *checker) run(ctx context.Context, s step) outcome {
	o := c.byName[s.op]
	return c.rule(ctx, o, s.rule+": "+strconv.Itoa(s.want), func() verdict {
		a, v := c.try(ctx, s)
		// A new object may appear only after a while.
		for attempt := 0; o.method == http.MethodGet && s.after+s.of != "" && s.want == http.StatusOK && attempt < attempts; attempt++ {
			if v.outcome != differs && v.outcome != notThere || c.wait(ctx, time.Second<<attempt) != nil {
				break
			}
			var later verdict
			if a, later = c.try(ctx, s); later.fine() {
				v = a.verdict(tolerated, append(a.notes, "only after a while")...)
			}
		}
		switch {
		case s.as == "" || !a.good():
		case c.removable(a.object().text("id")):
			c.objects[s.as] = a.object()
		case s.want != http.StatusCreated:
			c.objects[s.as] = m{}
		}
		return v
	})
}

// checkNames checks that each answer has an id for support.
func (c *checker) checkNames() {
	v := itHolds
	switch {
	case slices.Contains(c.names, ""):
		v = verdict{outcome: differs, came: "an answer without X-Request-Id, x-kong-request-id and cf-ray"}
	case slices.ContainsFunc(c.names, func(name string) bool { return name != "X-Request-Id" }):
		v = verdict{outcome: tolerated, came: "another header than X-Request-Id"}
	}
	c.add(line{operation: "every operation", rule: "names each answer in X-Request-Id", verdict: v})
}

// thing is an object that the check created.
type thing struct {
	kind, id           string
	list, read, delete string // operations; without a list, the object is only read
	key                string // the step with whose key it is deleted; "" for the management key
}

var kinds = map[string]thing{
	"createProject":     {kind: "project", list: "listProjects", read: "getProject", delete: "deleteProject"},
	"createEnvironment": {kind: "environment", list: "listEnvironments", read: "getEnvironment", delete: "deleteEnvironment"},
	"createAPIKey":      {kind: "API key", list: "listAPIKeys", read: "getAPIKey", delete: "revokeAPIKey"},
	"createSetup":       {kind: "auto monitor setup", read: "getSetup", delete: "deleteSetup", key: "key"},
}

// remember notes what a call has created, or may have.
func (c *checker) remember(a *answer) {
	switch o := a.call.name; o {
	case "createProject", "createEnvironment", "createAPIKey":
		id := a.object().text("id")
		switch {
		case a.good() && c.removable(id):
			c.own(o, id)
		case o == "createProject":
			c.lost = c.lost || a.err != nil || a.status/100 != 4
		}
		if key := a.object().text("api_key"); key != "" && o == "createAPIKey" {
			c.generated = append(c.generated, key)
		}
	case "createSetup", "upsertSetups":
		items, _ := a.call.body["setups"].([]any)
		for _, item := range append(items, a.call.body) {
			id := item.(m).text("external_id") //nolint:forcetypeassert // of this package
			if id != "" && (a.err != nil || a.status/100 != 4) {
				c.own("createSetup", id)
			}
		}
	}
}

func (c *checker) own(creation, id string) {
	made := kinds[creation]
	made.id = id
	if !slices.Contains(c.created, made) {
		c.created = append(c.created, made)
	}
}

// removable reports whether an id can belong to an object of the check. An id such as ".." would
// send a DELETE to another path.
func (c *checker) removable(id string) bool {
	return id != "" && id != "." && id != ".." && !c.before[id]
}

const (
	cleanUpTime = 3 * time.Minute
	attempts    = 4
)

// remove deletes the setups, or everything else that the check created and that still is there: also
// after an interrupt.
func (c *checker) remove(ctx context.Context, setups bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	remaining := c.remaining(ctx, setups)
	for attempt := 0; attempt < attempts && len(remaining) > 0; attempt++ {
		if attempt > 0 && c.wait(ctx, time.Second<<(attempt-1)) != nil {
			break
		}
		for _, made := range remaining {
			if made.id != "" {
				c.try(ctx, step{op: made.delete, id: made.id, key: made.key})
			}
		}
		remaining = c.remaining(ctx, setups)
	}
	c.left = append(c.left, remaining...)
}

// remaining are the check's objects, in the order in which they are deleted. An entry without an id is a
// project that may exist.
func (c *checker) remaining(ctx context.Context, setups bool) (all []thing) {
	if !setups { // a project whose creation got no answer has what was created in it
		projects := c.read(ctx, "listProjects", nil, maxPages)
		for _, p := range projects.items {
			if id := p.text("id"); strings.HasPrefix(p.text("name"), c.name) && c.removable(id) {
				c.own("createProject", id)
			}
		}
		if c.lost && !projects.good() {
			all = append(all, kinds["createProject"])
		}
	}
	for _, made := range c.created {
		if (made.list == "") == setups && c.exists(ctx, made) {
			all = append(all, made)
		}
	}
	slices.Reverse(all)
	return all
}

// exists reports whether an object still can be read or is listed. A 404 alone does not prove that it is
// gone.
func (c *checker) exists(ctx context.Context, made thing) bool {
	a, _ := c.try(ctx, step{op: made.read, id: made.id, key: made.key})
	gone := []int{http.StatusBadRequest, http.StatusNotFound, http.StatusGone}
	if !slices.Contains(gone, a.status) {
		return true
	}
	return made.list != "" && find(c.read(ctx, made.list, nil, maxPages).items, made.id) != nil
}
