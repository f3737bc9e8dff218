package check

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	cleanUpTime     = 3 * time.Minute
	cleanUpAttempts = 4
)

// cleanUp removes what the check created, also after an interrupt. It returns what it could not
// remove; an entry without an id is a project that may exist.
func (c *checker) cleanUp(ctx context.Context) []thing {
	if !c.asked {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	remaining := c.remaining(ctx)
	for attempt := 0; attempt < cleanUpAttempts && len(remaining) > 0; attempt++ {
		if attempt > 0 && c.wait(ctx, time.Second<<(attempt-1)) != nil {
			break
		}
		for _, made := range remaining {
			if made.id != "" {
				c.send(ctx, &call{operation: c.byID[made.remove], id: made.id})
			}
		}
		remaining = c.remaining(ctx)
	}
	return append(c.left, remaining...)
}

// remaining are the check's objects, in the order in which they are deleted: what was answered and still
// can be read, and what the lists have, which may be of a lost answer. A 404 alone does not prove that
// an object is gone.
func (c *checker) remaining(ctx context.Context) (all []thing) {
	projects := c.read(ctx, "listProjects", nil)
	mine := map[string]bool{}
	for _, made := range c.created {
		mine[made.id] = true
	}
	for _, p := range projects.items {
		if strings.HasPrefix(p.text("name"), c.name) {
			mine[p.text("id")] = true
		}
	}
	for _, creation := range []string{"createAPIKey", "createEnvironment", "createProject"} {
		list := projects
		if creation != "createProject" {
			list = c.read(ctx, kinds[creation].list, nil)
		}
		for _, made := range c.created {
			if made.kind == kinds[creation].kind && !c.gone(ctx, made, nil) {
				all = append(all, made)
			}
		}
		for _, o := range list.items {
			made := c.thing(creation, o.text("id"))
			if (mine[made.id] || mine[o.text("project_id")]) && c.removable(made.id) && !slices.Contains(all, made) {
				all = append(all, made)
			}
		}
	}
	if c.lost && !projects.good() {
		all = append(all, c.thing("createProject", ""))
	}
	return all
}

// gone reports whether an object can no longer be read.
func (c *checker) gone(ctx context.Context, made thing, key *string) bool {
	a := c.send(ctx, &call{operation: c.byID[made.getter], id: made.id, key: key})
	return slices.Contains([]int{http.StatusBadRequest, http.StatusNotFound, http.StatusGone}, a.status)
}

// removeSetups deletes the setups that the scenario has left, with a key of their project.
func (c *checker) removeSetups(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	key := cmp.Or(c.objects["key"].text("api_key"), c.objects["dev"].text("api_key"))
	for _, id := range c.setups {
		made := c.thing("createSetup", id)
		for attempt := 0; !c.gone(ctx, made, &key); attempt++ {
			if attempt == cleanUpAttempts || attempt > 0 && c.wait(ctx, time.Second<<(attempt-1)) != nil {
				c.left = append(c.left, made)
				break
			}
			c.send(ctx, &call{operation: c.byID[made.remove], id: id, key: &key})
		}
	}
}
