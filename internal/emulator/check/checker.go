package check

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// checker sends the requests of a check and keeps its verdicts.
type checker struct {
	byName map[string]*operation
	sorted []*operation    // of the documents, by path, what reads first
	fields map[string]bool // whose names may be shown

	management *traceloop.Client // nil without a management key
	project    *traceloop.Client // nil without the key of a project and environment
	baseURL    string
	out        io.Writer
	wait       func(context.Context, time.Duration) error

	verdicts  []verdict
	count     map[outcome]int
	unnamed   bool     // an answer has no X-Request-Id
	generated []string // keys that the service generated

	lists    map[string]*listing // by path, as they were before the first write
	before   map[string]bool     // ids of objects that the check did not create
	suffix   string              // unique, in all names
	name     string              // of the check's project
	setupIDs []string            // external ids; the last one must not be created
	objects  map[string]m        // by the names of the scenario

	projects []string // ids of projects that the check created
	lost     bool     // whether a project with an unknown id may exist
	left     []thing  // what could not be removed
}

func newChecker() (*checker, error) {
	suffix := traceloop.Slug(rand.Text()[:10])
	id := "terraform-provider-traceloop-check-" + suffix
	c := &checker{
		byName: map[string]*operation{}, fields: map[string]bool{},
		count: map[outcome]int{}, lists: map[string]*listing{}, before: map[string]bool{}, suffix: suffix,
		name:     "Check of terraform-provider-traceloop, may be deleted, " + suffix,
		setupIDs: []string{id + "-1", id + "-2", id + "-3"},
		objects: map[string]m{
			nobody:     {"id": "cnosuch" + suffix, "external_id": "no-such-" + suffix},
			unknownKey: {"api_key": traceloop.KeyPrefix + rand.Text()},
		},
	}
	err := c.readDocuments()
	return c, err
}

// run checks the rules of steps, until the check is interrupted.
func (c *checker) run(ctx context.Context, steps ...step) {
	for _, s := range steps {
		v := unshown("the check was interrupted")
		if ctx.Err() == nil {
			if judged := c.patient(ctx, s); judged.outcome != noAnswer || ctx.Err() == nil {
				v = judged
			}
		}
		c.add(v, c.byName[s.op].String(), s.rule+": "+strconv.Itoa(s.want))
	}
}

func (c *checker) add(v verdict, operation, rule string) {
	v.operation, v.rule = operation, rule
	c.verdicts = append(c.verdicts, v)
	c.count[v.outcome]++
	fmt.Fprint(c.out, v, detail("reason", v.private))
}

// patient tries a step. A new object may appear only after a while.
func (c *checker) patient(ctx context.Context, s step) verdict {
	a, v := c.try(ctx, s)
	late := a.method == http.MethodGet && s.after+s.of != "" && s.want == http.StatusOK
	for attempt := 0; late && attempt < attempts && (v.outcome == differs || v.outcome == notThere) && c.wait(ctx, time.Second<<attempt) == nil; attempt++ {
		var later verdict
		if a, later = c.try(ctx, s); later.fine() {
			return c.verdict(a, tolerated, append(a.notes, "only after a while")...)
		}
	}
	return v
}

// try sends a step and judges the answer. It notes what was created, or may have been.
func (c *checker) try(ctx context.Context, s step) (*answer, verdict) {
	a, missing := c.resolve(s)
	if missing != "" {
		return a, unshown("no answer so far has what this rule needs: " + missing)
	}
	c.send(ctx, a)
	v := c.judge(a)
	id, key := a.object().text("id"), a.object().text("api_key")
	created := a.good() && c.removable(id)
	if s.as != "" && a.good() && (created || s.want != http.StatusCreated) {
		c.objects[s.as] = a.object()
	}
	switch {
	case s.op == "createAPIKey" && key != "":
		c.generated = append(c.generated, key)
	case s.op == "createProject" && created && !slices.Contains(c.projects, id):
		c.projects = append(c.projects, id)
	case s.op == "createProject" && !created:
		c.lost = c.lost || a.err != nil || a.status/100 != 4
	}
	return a, v
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
		made := thing{kind: "auto monitor setup, unless it went with its project; with an API key of that project", id: id, read: "getSetup", delete: "deleteSetup", key: ownKey}
		if c.objects[ownKey].text("api_key") != "" && c.isThere(ctx, made) {
			all = append(all, made)
		}
	}
	return all
}

// remainingProjects are the check's projects and what is in them, in the order in which they are deleted. A
// 404 alone does not prove that one is gone.
func (c *checker) remainingProjects(ctx context.Context) (all []thing) {
	project := thing{kind: "project", read: "getProject", delete: "deleteProject"}
	projects := c.read(ctx, c.byName["listProjects"], nil)
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
			for _, item := range c.read(ctx, c.byName[inside.read], m{"project_id": id}).items {
				if inside.id = item.text("id"); item.text("project_id") == id && c.removable(inside.id) {
					all = append(all, inside)
				}
			}
		}
		project.id = id
		if c.isThere(ctx, project) || len(having(projects.items, m{"id": id})) > 0 {
			all = append(all, project)
		}
	}
	if c.lost && !projects.complete {
		all = append(all, thing{kind: "look for the project in the answer to", delete: "listProjects"})
	}
	return all
}

// printLeft prints what could not be removed, and how to remove it.
func (c *checker) printLeft() {
	if len(c.left) > 0 {
		fmt.Fprintf(c.out, "\nCould not be removed. Delete the project %q in Traceloop's dashboard, or:\n", c.name)
	}
	for _, l := range c.left {
		o, key := c.byName[l.delete], "TRACELOOP_MANAGEMENT_API_KEY"
		if l.key != "" {
			key = "TRACELOOP_PROJECT_API_KEY"
		}
		path := strings.TrimSuffix(o.collection()+"/"+url.PathEscape(l.id), "/")
		fmt.Fprintf(c.out, "  %s:\n    echo \"Authorization: Bearer $%s\" | curl -X %s -H @- %s%s\n", l.kind, key, o.method, c.baseURL, path)
	}
}
