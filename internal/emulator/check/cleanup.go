package check

import (
	"cmp"
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
	for _, p := range t.readPatiently(ctx, "listProjects", nil).items {
		t.noteOwn("createProject", p)
	}
	for _, project := range slices.Clone(t.created) {
		if project.getter == "getProject" {
			t.searchIn(ctx, project.id)
		}
	}
	for _, creation := range []string{"createAPIKey", "createEnvironment", "createProject"} {
		for _, made := range t.created {
			if made.kind == kinds[creation].kind && !t.removed(ctx, made, nil) {
				t.left = append(t.left, made)
			}
		}
	}
	// A 204 or a 404 alone does not prove that it is gone.
	if read := t.searchLists(ctx); t.lost && !read {
		t.left = append(t.left, t.thing("createProject", ""))
	}
	return t.left
}

// searchIn finds what is in the check's project.
func (t *trial) searchIn(ctx context.Context, project string) {
	filter := url.Values{"project_id": {project}}
	for creation, list := range map[string]string{"createAPIKey": "listAPIKeys", "createEnvironment": "listEnvironments"} {
		for _, o := range t.readPatiently(ctx, list, filter).items {
			if o.text("project_id") == project && o["built_in"] != true {
				t.noteOwn(creation, o)
			}
		}
	}
}

func (t *trial) noteOwn(creation string, o m) {
	made := t.thing(creation, o.text("id"))
	isOther := creation == "createProject" && !strings.HasPrefix(o.text("name"), t.name)
	if !isOther && t.removable(made.id) && !slices.Contains(t.created, made) {
		t.created = append(t.created, made)
	}
}

// removed deletes something and reports whether it is gone.
func (t *trial) removed(ctx context.Context, made thing, key *string) bool {
	for attempt := range cleanUpAttempts {
		if attempt > 0 && t.wait(ctx, time.Second<<(attempt-1)) != nil {
			return false
		}
		t.send(ctx, &call{operation: t.byID[made.remove], id: made.id, key: key})
		switch a := t.send(ctx, &call{operation: t.byID[made.getter], id: made.id, key: key}); a.status {
		case http.StatusBadRequest, http.StatusNotFound, http.StatusGone:
			return true
		}
	}
	return false
}

// removeSetups deletes the setups that the scenario has left, with a key of their project.
func (t *trial) removeSetups(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	key := cmp.Or(t.objects["key"].text("api_key"), t.objects["dev"].text("api_key"))
	for _, id := range t.setups {
		if made := t.thing("createSetup", id); !t.removed(ctx, made, &key) {
			t.left = append(t.left, made)
		}
	}
}

// searchLists notes what the lists still show as left. It reports whether the list of projects could
// be read.
func (t *trial) searchLists(ctx context.Context) (read bool) {
	mine := map[string]bool{}
	for _, made := range t.created {
		mine[made.id] = true
	}
	for _, of := range [][2]string{{"createAPIKey", "listAPIKeys"}, {"createEnvironment", "listEnvironments"}, {"createProject", "listProjects"}} {
		l := t.readPatiently(ctx, of[1], nil)
		read = l.good()
		for _, o := range l.items {
			still := t.thing(of[0], o.text("id"))
			ours := mine[still.id] || mine[o.text("project_id")] || of[0] == "createProject" && strings.HasPrefix(o.text("name"), t.name)
			if ours && t.removable(still.id) && !slices.Contains(t.left, still) {
				t.left = append(t.left, still)
			}
		}
	}
	return read
}

func (t *trial) readPatiently(ctx context.Context, list string, filter url.Values) *listing {
	var l *listing
	for attempt := range cleanUpAttempts {
		if attempt > 0 && t.wait(ctx, time.Second<<(attempt-1)) != nil {
			break
		}
		if l = t.read(ctx, list, filter); l.good() || l.first.err == nil && l.first.status/100 == 4 {
			break
		}
	}
	return l
}
