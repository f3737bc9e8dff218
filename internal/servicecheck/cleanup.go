package servicecheck

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	cleanUpTime     = 3 * time.Minute
	cleanUpAttempts = 4
)

// cleanUp removes what the check created, also after an interrupt. It looks for objects of lost
// answers by their name. It returns what it could not remove; an entry without an id is a project
// that may exist.
func (t *trial) cleanUp(ctx context.Context) []thing {
	if !t.asked {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	t.searchProjects(ctx)
	for _, project := range slices.Clone(t.created) {
		if project.kind == kindProject {
			t.searchIn(ctx, project.id)
		}
	}
	for _, kind := range []string{kindKey, kindEnvironment, kindProject} {
		for _, made := range t.created {
			if made.kind == kind && !t.remove(ctx, made) {
				t.left = append(t.left, made)
			}
		}
	}
	// A 204 or a 404 alone does not prove that it is gone.
	if read := t.searchLists(ctx); t.lost && !read {
		t.left = append(t.left, thing{kind: kindProject})
	}
	return t.left
}

// searchProjects finds the check's projects by their name.
func (t *trial) searchProjects(ctx context.Context) {
	for _, p := range t.readPatiently(ctx, t.paths.Projects, nil).items {
		if strings.HasPrefix(p.text("name"), t.name) {
			t.note(kindProject, t.paths.Projects, p)
		}
	}
}

// searchIn finds what is in the check's project, except the built-in environments.
func (t *trial) searchIn(ctx context.Context, project string) {
	filter := url.Values{"project_id": {project}}
	for _, k := range t.readPatiently(ctx, t.paths.APIKeys, filter).items {
		if k.text("project_id") == project {
			t.note(kindKey, t.paths.APIKeys, k)
		}
	}
	for _, e := range t.readPatiently(ctx, t.paths.Environments, filter).items {
		if e.text("project_id") == project && e["built_in"] == false {
			t.note(kindEnvironment, t.paths.Environments, e)
		}
	}
}

func (t *trial) note(kind, collection string, o object) {
	made := thing{kind, collection, o.text("id")}
	if t.removable(made.id) && !slices.Contains(t.created, made) {
		t.created = append(t.created, made)
	}
}

// remove deletes something and reports whether it is gone.
func (t *trial) remove(ctx context.Context, made thing) bool {
	for attempt := range cleanUpAttempts {
		if attempt > 0 && t.wait(ctx, time.Second<<(attempt-1)) != nil {
			return false
		}
		t.send(ctx, element(http.MethodDelete, made.collection, made.id))
		switch a := t.send(ctx, element(http.MethodGet, made.collection, made.id)); a.status {
		case http.StatusBadRequest, http.StatusNotFound, http.StatusGone:
			return true
		}
	}
	return false
}

// searchLists notes what the lists still show as left. It reports whether the list of projects could
// be read.
func (t *trial) searchLists(ctx context.Context) bool {
	mine := map[string]bool{}
	for _, made := range t.created {
		mine[made.id] = true
	}
	read := false
	for _, of := range []thing{{kind: kindKey, collection: t.paths.APIKeys}, {kind: kindEnvironment, collection: t.paths.Environments}, {kind: kindProject, collection: t.paths.Projects}} {
		l := t.readPatiently(ctx, of.collection, nil)
		read = of.kind == kindProject && l.wrong.outcome == holds && l.complete
		for _, o := range l.items {
			still := thing{of.kind, of.collection, o.text("id")}
			ours := mine[still.id] || mine[o.text("project_id")] || of.kind == kindProject && strings.HasPrefix(o.text("name"), t.name)
			if ours && t.removable(still.id) && !slices.Contains(t.left, still) {
				t.left = append(t.left, still)
			}
		}
	}
	return read
}

func (t *trial) readPatiently(ctx context.Context, collection string, filter url.Values) *listing {
	var l *listing
	for attempt := range cleanUpAttempts {
		if attempt > 0 && t.wait(ctx, time.Second<<(attempt-1)) != nil {
			break
		}
		if l = t.read(ctx, collection, filter); l.wrong.outcome == holds || l.first.err == nil && l.first.status/100 == 4 {
			break
		}
	}
	return l
}
