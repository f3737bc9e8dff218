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
	named     bool     // each answer has X-Request-Id
	nameless  bool     // an answer has nothing of the kind
	generated []string // keys that the service generated

	lists    map[string]*listing // by operation, as they were before the first write
	before   map[string]bool     // ids of objects that the check did not create
	suffix   string              // unique, in all names
	name     string              // of the check's project
	setupIDs [3]string           // external ids; the last one must not be created
	objects  map[string]m        // by the names of the scenario

	projects []string // ids of projects that the check created
	lost     bool     // whether a project with an unknown id may exist
	left     []thing  // what could not be removed
}

func newChecker() (*checker, error) {
	d, err := readDocuments()
	if err != nil {
		return nil, err
	}
	suffix := traceloop.Slug(rand.Text()[:10])
	c := &checker{
		documents: d, named: true, lists: map[string]*listing{}, before: map[string]bool{}, suffix: suffix,
		name: "Check of terraform-provider-traceloop, may be deleted, " + suffix,
		objects: map[string]m{
			nobody:     {"id": "cnosuch" + suffix, "external_id": "no-such-" + suffix},
			noKey:      {},
			unknownKey: {"api_key": traceloop.KeyPrefix + rand.Text()},
		},
	}
	for i := range c.setupIDs {
		c.setupIDs[i] = "terraform-provider-traceloop-check-" + suffix + "-" + strconv.Itoa(i+1)
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

// try sends a step and judges the answer. It notes what was created, or may have been.
func (c *checker) try(ctx context.Context, s step) (*answer, verdict) {
	a, missing := c.call(s)
	if missing != "" {
		return a, unshown("an earlier rule gave no " + missing)
	}
	c.send(ctx, a)
	v := c.judge(a)
	id, key := a.object().text("id"), a.object().text("api_key")
	switch created := a.good() && c.removable(id); {
	case s.op == "createAPIKey" && key != "":
		c.generated = append(c.generated, key)
	case s.op == "createProject" && created && !slices.Contains(c.projects, id):
		c.projects = append(c.projects, id)
	case s.op == "createProject" && !created:
		c.lost = c.lost || a.err != nil || a.status/100 != 4
	}
	return a, v
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
				v = c.verdict(a, tolerated, append(a.notes, "only after a while")...)
			}
		}
		switch {
		case s.as == "" || !a.good():
		case c.removable(a.object().text("id")):
			c.objects[s.as] = a.object()
		case s.of == s.as: // changed, without an answer to it
			was := c.objects[s.of]
			c.objects[s.as] = m{"id": was["id"], "external_id": was["external_id"], "name": s.body["name"]}
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
	case c.nameless:
		v = verdict{outcome: differs, came: "an answer without X-Request-Id, x-kong-request-id and cf-ray"}
	case !c.named:
		v = verdict{outcome: tolerated, came: "another header than X-Request-Id"}
	}
	c.add(line{operation: "every operation", rule: "names each answer in X-Request-Id", verdict: v})
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

// thing is an object that the check created. Without an id, it is a project that may exist.
type thing struct{ kind, id, read, delete, key string }

// remove deletes the setups, or everything else that the check created and that still is there: also
// after an interrupt.
func (c *checker) remove(ctx context.Context, remaining func(context.Context) []thing) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	left := remaining(ctx)
	for attempt := 0; attempt < attempts && len(left) > 0; attempt++ {
		if attempt > 0 && c.wait(ctx, time.Second<<(attempt-1)) != nil {
			break
		}
		for _, made := range left {
			if made.id != "" {
				c.reach(ctx, made.delete, made)
			}
		}
		left = remaining(ctx)
	}
	c.left = append(c.left, left...)
}

func (c *checker) reach(ctx context.Context, op string, made thing) *answer {
	c.objects["made"] = m{"id": made.id, "external_id": made.id}
	a, _ := c.try(ctx, step{op: op, of: "made", key: made.key})
	return a
}

// isThere reports whether an object can still be read.
func (c *checker) isThere(ctx context.Context, made thing) bool {
	gone := []int{http.StatusBadRequest, http.StatusNotFound, http.StatusGone}
	return !slices.Contains(gone, c.reach(ctx, made.read, made).status)
}

// remainingSetups are those of the scenario. Without its key, none was created.
func (c *checker) remainingSetups(ctx context.Context) (all []thing) {
	for _, id := range c.setupIDs {
		made := thing{kind: "auto monitor setup", id: id, read: "getSetup", delete: "deleteSetup", key: "key"}
		if c.objects["key"].text("api_key") != "" && c.isThere(ctx, made) {
			all = append(all, made)
		}
	}
	return all
}

// remainingProjects are the check's projects and what is in them, in the order in which they are deleted. A
// 404 alone does not prove that one is gone.
func (c *checker) remainingProjects(ctx context.Context) (all []thing) {
	project := thing{kind: "project", read: "getProject", delete: "deleteProject"}
	projects := c.read(ctx, "listProjects", nil, maxPages)
	for _, p := range projects.items { // one whose creation got no answer is found by its name
		id := p.text("id")
		if strings.HasPrefix(p.text("name"), c.name) && c.removable(id) && !slices.Contains(c.projects, id) {
			c.projects = append(c.projects, id)
		}
	}
	for _, id := range c.projects {
		for _, inside := range []thing{
			{kind: "API key", read: "listAPIKeys", delete: "revokeAPIKey"},
			{kind: "environment", read: "listEnvironments", delete: "deleteEnvironment"},
		} {
			for _, item := range c.read(ctx, inside.read, map[string]string{"project_id": id}, maxPages).items {
				if inside.id = item.text("id"); item.text("project_id") == id && c.removable(inside.id) {
					all = append(all, inside)
				}
			}
		}
		project.id = id
		if c.isThere(ctx, project) || find(projects.items, id) != nil {
			all = append(all, project)
		}
	}
	if project.id = ""; c.lost && !projects.good() {
		all = append(all, project)
	}
	return all
}
