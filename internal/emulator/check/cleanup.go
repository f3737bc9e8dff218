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
func (t *trial) cleanUp(ctx context.Context) []thing {
	if !t.asked {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	remaining := t.remaining(ctx)
	for attempt := 0; attempt < cleanUpAttempts && len(remaining) > 0; attempt++ {
		if attempt > 0 && t.wait(ctx, time.Second<<(attempt-1)) != nil {
			break
		}
		for _, made := range remaining {
			if made.id != "" {
				t.send(ctx, &call{operation: t.byID[made.remove], id: made.id})
			}
		}
		remaining = t.remaining(ctx)
	}
	return append(t.left, remaining...)
}

// remaining are the check's objects, in the order in which they are deleted: what was answered and still
// can be read, and what the lists have, which may be of a lost answer. A 404 alone does not prove that
// an object is gone.
func (t *trial) remaining(ctx context.Context) (all []thing) {
	projects := t.read(ctx, "listProjects", nil)
	mine := map[string]bool{}
	for _, made := range t.created {
		mine[made.id] = true
	}
	for _, p := range projects.items {
		if strings.HasPrefix(p.text("name"), t.name) {
			mine[p.text("id")] = true
		}
	}
	for _, creation := range []string{"createAPIKey", "createEnvironment", "createProject"} {
		list := projects
		if creation != "createProject" {
			list = t.read(ctx, kinds[creation].list, nil)
		}
		for _, made := range t.created {
			if made.kind == kinds[creation].kind && !t.gone(ctx, made, nil) {
				all = append(all, made)
			}
		}
		for _, o := range list.items {
			made := t.thing(creation, o.text("id"))
			if (mine[made.id] || mine[o.text("project_id")]) && t.removable(made.id) && !slices.Contains(all, made) {
				all = append(all, made)
			}
		}
	}
	if t.lost && !projects.good() {
		all = append(all, t.thing("createProject", ""))
	}
	return all
}

// gone reports whether an object can no longer be read.
func (t *trial) gone(ctx context.Context, made thing, key *string) bool {
	a := t.send(ctx, &call{operation: t.byID[made.getter], id: made.id, key: key})
	return slices.Contains([]int{http.StatusBadRequest, http.StatusNotFound, http.StatusGone}, a.status)
}

// removeSetups deletes the setups that the scenario has left, with a key of their project.
func (t *trial) removeSetups(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	key := cmp.Or(t.objects["key"].text("api_key"), t.objects["dev"].text("api_key"))
	for _, id := range t.setups {
		made := t.thing("createSetup", id)
		for attempt := 0; !t.gone(ctx, made, &key); attempt++ {
			if attempt == cleanUpAttempts || attempt > 0 && t.wait(ctx, time.Second<<(attempt-1)) != nil {
				t.left = append(t.left, made)
				break
			}
			t.send(ctx, &call{operation: t.byID[made.remove], id: id, key: &key})
		}
	}
}
