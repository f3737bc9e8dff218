package servicecheck

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// tracesPath is where applications send their spans (OTLP over HTTP).
const tracesPath = "/v1/traces"

// trial is a check that writes: it creates, uses and deletes its own project.
type trial struct {
	*checker

	org    *organization
	before map[string]bool // ids of objects that the check did not create
	name   string          // of its project
	suffix string          // unique, in all its names

	asked   bool // whether a creation was sent
	lost    bool // whether a project with an unknown id may exist
	created []thing
	left    []thing // what could not be removed
}

// thing is an object that the check created.
type thing struct {
	kind       string // project, environment or API key
	collection string
	id         string
}

func newTrial(c *checker, org *organization) *trial {
	suffix := traceloop.Slug(rand.Text()[:10])
	return &trial{
		checker: c, org: org, before: org.ids(), suffix: suffix,
		name: "Check of terraform-provider-traceloop, may be deleted, " + suffix,
	}
}

// create sends a creation and notes the new object. It does not note an id that existed before,
// because the check must never remove what it did not create.
func (t *trial) create(ctx context.Context, kind, collection, idempotency string, body map[string]string) *answer {
	r := request{method: http.MethodPost, path: collection, shown: collection, body: body, idempotency: idempotency, generates: kind == kindKey}
	t.asked = true
	a := t.send(ctx, r)
	id := a.object().text("id")
	if !a.good() || !t.removable(id) {
		t.lost = t.lost || kind == kindProject && (a.err != nil || a.status/100 == 5 || a.good())
		return a
	}
	if key := a.object().text("api_key"); key != "" {
		t.generated = append(t.generated, key)
	}
	if made := (thing{kind, collection, id}); !slices.Contains(t.created, made) {
		t.created = append(t.created, made)
	}
	return a
}

// removable reports whether an id can belong to an object of the check. An id such as ".." would
// send a DELETE to another path.
func (t *trial) removable(id string) bool {
	return id != "" && id != "." && id != ".." && !t.before[id]
}

const (
	kindProject     = "project"
	kindEnvironment = "environment"
	kindKey         = "API key"
)

// needs checks a rule that needs an object of an earlier rule.
func (t *trial) needs(ctx context.Context, operation, rule, thing string, made bool, judge func() verdict) verdict {
	return t.rule(ctx, operation, rule, func() verdict {
		if !made {
			return unshown("the check has no %s of its own", thing)
		}
		return judge()
	})
}

// run checks the life of a project.
func (t *trial) run(ctx context.Context) {
	project := t.checkProject(ctx)
	environment := t.checkEnvironment(ctx, project)
	t.checkLifeOfKeys(ctx, project, environment)
	t.checkCascades(ctx, project, environment)
}

func (t *trial) checkProject(ctx context.Context) (id string) {
	post := "POST " + t.paths.Projects
	idempotency := rand.Text()
	body := map[string]string{"name": t.name}
	var first object
	t.rule(ctx, post, "creates a project: 201", func() verdict {
		a := t.create(ctx, kindProject, t.paths.Projects, idempotency, body)
		v := a.answers(http.StatusCreated, func(o object) string {
			switch wrong := lacks(o, projectFields); {
			case wrong != "":
				return wrong
			case o.text("name") != t.name:
				return "name is not the one that was sent"
			case t.before[o.text("id")]:
				return "id belongs to an object that existed before"
			}
			return ""
		})
		if a.good() && len(t.created) > 0 {
			first, id = a.object(), t.created[0].id
		}
		return v
	})
	made := id != ""
	t.needs(ctx, post, "a repeat with the same Idempotency-Key gets the first answer again: 201", kindProject, made, func() verdict {
		return t.create(ctx, kindProject, t.paths.Projects, idempotency, body).answers(http.StatusCreated, func(o object) string {
			return same(o, first, projectFields)
		})
	})
	t.needs(ctx, post, "the same Idempotency-Key with another body is refused: 400", kindProject, made, func() verdict {
		other := map[string]string{"name": t.name + " (other)"}
		return t.create(ctx, kindProject, t.paths.Projects, idempotency, other).refuses(http.StatusBadRequest)
	})
	t.needs(ctx, post, "a name that is taken is refused: 409", kindProject, made, func() verdict {
		return t.create(ctx, kindProject, t.paths.Projects, rand.Text(), body).refuses(http.StatusConflict)
	})
	t.rule(ctx, post, "an empty name is refused: 400", func() verdict {
		return t.create(ctx, kindProject, t.paths.Projects, rand.Text(), map[string]string{"name": ""}).refuses(http.StatusBadRequest)
	})
	one := element("GET", t.paths.Projects, id)
	t.needs(ctx, one.operation(), "shows a new project at once", kindProject, made, func() verdict {
		return t.send(ctx, one).answers(http.StatusOK, func(o object) string { return same(o, first, projectFields) })
	})
	patch := element("PATCH", t.paths.Projects, id)
	t.needs(ctx, patch.operation(), "renames a project; its slug follows, its id stays: 200", kindProject, made, func() verdict {
		renamed := t.name + " (renamed)"
		patch.body = map[string]string{"name": renamed}
		return t.send(ctx, patch).answers(http.StatusOK, func(o object) string {
			switch wrong := lacks(o, projectFields); {
			case wrong != "":
				return wrong
			case o.text("name") != renamed:
				return "name is not the one that was sent"
			case o.text("id") != id:
				return "id is not the same"
			case o.text("slug") == first.text("slug"):
				return "slug is the same"
			}
			return ""
		})
	})
	unknown := element("PATCH", t.paths.Projects, noSuchID())
	unknown.body = body
	t.rule(ctx, unknown.operation(), "an unknown id is refused: 404", func() verdict { return t.send(ctx, unknown).refuses(http.StatusNotFound) })

	var inForce *listing
	if made && ctx.Err() == nil {
		inForce = t.read(ctx, t.paths.Environments, url.Values{"project_id": {id}})
	}
	if inForce != nil || ctx.Err() == nil {
		t.inForceRules(ctx, "new project: ", id, inForce, t.org)
	}
	t.needs(ctx, "GET "+t.paths.APIKeys, "a new project has no keys", kindProject, made, func() verdict {
		return t.send(ctx, list(t.paths.APIKeys, url.Values{"project_id": {id}})).answers(http.StatusOK, isEmptyPage)
	})
	return id
}

func (t *trial) checkEnvironment(ctx context.Context, project string) (environment object) {
	post := "POST " + t.paths.Environments
	made := project != ""
	idempotency := rand.Text()
	body := map[string]string{"name": "EU Check & " + t.suffix, "project_id": project}
	t.needs(ctx, post, "creates a project-level environment, with a slug made from its name: 201", kindProject, made, func() verdict {
		a := t.create(ctx, kindEnvironment, t.paths.Environments, idempotency, body)
		v := a.answers(http.StatusCreated, func(o object) string {
			switch wrong := lacks(o, environmentFields); {
			case wrong != "":
				return wrong
			case o.text("slug") != traceloop.Slug(body["name"]):
				return "slug is not the name in lower case with one hyphen for each run of other characters"
			case o.text("scope") != traceloop.ScopeProject || o.text("project_id") != project:
				return "scope or project_id is not the project's"
			case o["built_in"] == true:
				return "built_in is true"
			}
			return ""
		})
		if a.good() && t.removable(a.object().text("id")) {
			environment = a.object()
		}
		return v
	})
	is := environment != nil
	id := environment.text("id")
	t.needs(ctx, post, "a repeat with the same Idempotency-Key gets the first answer again: 201", kindEnvironment, is, func() verdict {
		return t.create(ctx, kindEnvironment, t.paths.Environments, idempotency, body).answers(http.StatusCreated, func(o object) string {
			return same(o, environment, environmentFields)
		})
	})
	t.needs(ctx, post, "a slug that is taken is refused: 409", kindEnvironment, is, func() verdict {
		return t.create(ctx, kindEnvironment, t.paths.Environments, rand.Text(), body).refuses(http.StatusConflict)
	})
	t.needs(ctx, post, "a built-in slug is refused: 409", kindProject, made, func() verdict {
		return t.create(ctx, kindEnvironment, t.paths.Environments, rand.Text(), map[string]string{"name": "prd", "project_id": project}).refuses(http.StatusConflict)
	})
	t.rule(ctx, post, "project_id of an unknown project is refused: 404", func() verdict {
		return t.create(ctx, kindEnvironment, t.paths.Environments, rand.Text(), map[string]string{"name": body["name"], "project_id": noSuchID()}).refuses(http.StatusNotFound)
	})
	get := "GET " + t.paths.Environments
	t.needs(ctx, get, "its project has the new environment at once", kindEnvironment, is, func() verdict {
		return t.shows(ctx, url.Values{"project_id": {project}}, id, true)
	})
	t.needs(ctx, get, "no other project has it", kindEnvironment, is, func() verdict {
		other := some(t.org.projects)
		if other == "" {
			return unshown("there is no other project")
		}
		return t.shows(ctx, url.Values{"project_id": {other}}, id, false)
	})
	patch := element("PATCH", t.paths.Environments, id)
	t.needs(ctx, patch.operation(), "an environment cannot be renamed: 405", kindEnvironment, is, func() verdict {
		patch.body = map[string]string{"name": "EU Check " + t.suffix}
		return t.send(ctx, patch).refuses(http.StatusMethodNotAllowed)
	})
	return environment
}

// shows checks whether a list of environments contains this id.
func (t *trial) shows(ctx context.Context, filter url.Values, id string, want bool) verdict {
	l := t.read(ctx, t.paths.Environments, filter)
	if l.wrong.outcome != holds {
		return l.wrong
	}
	switch there := l.find(id) != nil; {
	case there == want:
		return itHolds
	case want && !l.complete:
		return *l.whole()
	case want:
		return l.first.verdict(differs, "", "data lacks it")
	default:
		return l.first.verdict(differs, "", "data has it")
	}
}

// checkLifeOfKeys generates a key, reads it, revokes it and generates another.
func (t *trial) checkLifeOfKeys(ctx context.Context, project string, environment object) {
	post := "POST " + t.paths.APIKeys
	is := environment != nil
	place := map[string]string{"project_id": project, "environment": environment.text("slug")}
	idempotency := rand.Text()
	var key object
	t.needs(ctx, post, "generates a key and shows it in full: 201", kindEnvironment, is, func() verdict {
		a := t.create(ctx, kindKey, t.paths.APIKeys, idempotency, place)
		if a.good() && t.removable(a.object().text("id")) && a.object().text("api_key") != "" {
			key = a.object()
		}
		return a.answers(http.StatusCreated, func(o object) string {
			switch wrong := lacks(o, generatedFields); {
			case wrong != "":
				return wrong
			case o.text("project_id") != project || o.text("environment") != place["environment"]:
				return "project_id or environment is another one"
			case o.text("masked_key") != traceloop.MaskKey(o.text("api_key")):
				return "masked_key is not api_key with stars between its prefix and its last 4 characters"
			}
			return ""
		})
	})
	generated := key != nil
	id, secret := key.text("id"), key.text("api_key")
	one := element("GET", t.paths.APIKeys, id)
	t.needs(ctx, one.operation(), "shows the key masked", kindKey, generated, func() verdict {
		return t.send(ctx, one).answers(http.StatusOK, func(o object) string { return masked(o, key) })
	})
	t.needs(ctx, "GET "+t.paths.APIKeys, "lists the key masked", kindKey, generated, func() verdict {
		query := url.Values{"project_id": {project}, "environment": {place["environment"]}}
		return t.send(ctx, list(t.paths.APIKeys, query)).answers(http.StatusOK, func(page object) string {
			if wrong := isPage(page); wrong != "" {
				return wrong
			}
			if len(items(page)) != 1 {
				return "data does not have 1 key"
			}
			return masked(items(page)[0], key)
		})
	})
	t.needs(ctx, post, "a second key is refused: 409", kindKey, generated, func() verdict {
		return t.create(ctx, kindKey, t.paths.APIKeys, rand.Text(), place).refuses(http.StatusConflict)
	})
	t.needs(ctx, post, "a repeat with the same Idempotency-Key does not show the key again: 409", kindKey, generated, func() verdict {
		return t.create(ctx, kindKey, t.paths.APIKeys, idempotency, place).refuses(http.StatusConflict)
	})
	t.needs(ctx, post, "an unknown environment is refused: 404", kindProject, project != "", func() verdict {
		nowhere := map[string]string{"project_id": project, "environment": "no-such-" + t.suffix}
		return t.create(ctx, kindKey, t.paths.APIKeys, rand.Text(), nowhere).refuses(http.StatusNotFound)
	})
	t.rule(ctx, post, "an unknown project is refused: 404", func() verdict {
		nowhere := map[string]string{"project_id": noSuchID(), "environment": "dev"}
		return t.create(ctx, kindKey, t.paths.APIKeys, rand.Text(), nowhere).refuses(http.StatusNotFound)
	})

	manage := list(t.paths.Projects, nil)
	manage.as, manage.asWhom = &secret, "the project's own key"
	t.needs(ctx, manage.operation(), "needs a management key: 403 with a project's own key", kindKey, generated, func() verdict {
		return t.send(ctx, manage).refuses(http.StatusForbidden)
	})
	t.needs(ctx, "POST "+tracesPath, "takes traces with the key: 200", kindKey, generated, func() verdict {
		return t.sendTraces(ctx, secret).answers(http.StatusOK, nil)
	})
	t.checkLifeOfSetups(ctx, project, secret)
	remove := element("DELETE", t.paths.APIKeys, id)
	revoked := t.needs(ctx, remove.operation(), "revokes a key: 204", kindKey, generated, func() verdict {
		return t.send(ctx, remove).answers(http.StatusNoContent, nil)
	}).outcome == holds
	const it = "key that it has revoked"
	t.needs(ctx, "POST "+tracesPath, "refuses traces with a revoked key at once: 401", it, revoked, func() verdict {
		return t.sendTraces(ctx, secret).refuses(http.StatusUnauthorized)
	})
	t.needs(ctx, one.operation(), "a revoked key is not found: 404", it, revoked, func() verdict {
		return t.send(ctx, one).refuses(http.StatusNotFound)
	})
	t.needs(ctx, "GET "+t.paths.APIKeys, "a revoked key is not listed", it, revoked, func() verdict {
		return t.send(ctx, list(t.paths.APIKeys, url.Values{"project_id": {project}})).answers(http.StatusOK, isEmptyPage)
	})
	t.needs(ctx, remove.operation(), "a revoked key is not revoked again: 404", it, revoked, func() verdict {
		return t.send(ctx, remove).refuses(http.StatusNotFound)
	})
}

// masked returns the problem with a read of a new key, or "".
func masked(shown, generated object) string {
	switch _, there := shown["api_key"]; {
	case there:
		return "api_key is present"
	case strings.Contains(fmt.Sprint(shown), generated.text("api_key")):
		return "it contains the full key"
	}
	if wrong := lacks(shown, apiKeyFields); wrong != "" {
		return wrong
	}
	return same(shown, generated, apiKeyFields)
}

// sendTraces sends an export without spans.
func (t *trial) sendTraces(ctx context.Context, key string) *answer {
	return t.send(ctx, request{
		method: http.MethodPost, path: tracesPath, shown: tracesPath, body: map[string]string{}, as: &key, asWhom: "the project's own key",
	})
}

// checkCascades deletes the environment and the project, each with a key.
func (t *trial) checkCascades(ctx context.Context, project string, environment object) {
	keyOf := func(slug string) (key string, id string, v verdict) {
		a := t.create(ctx, kindKey, t.paths.APIKeys, rand.Text(), map[string]string{"project_id": project, "environment": slug})
		return a.object().text("api_key"), a.object().text("id"), a.answers(http.StatusCreated, has(generatedFields))
	}
	var key, keyID string
	t.needs(ctx, "POST "+t.paths.APIKeys, "generates the next key where the last was revoked: 201", kindEnvironment, environment != nil, func() (v verdict) {
		key, keyID, v = keyOf(environment.text("slug"))
		return v
	})
	remove := element("DELETE", t.paths.Environments, environment.text("id"))
	gone := t.needs(ctx, remove.operation(), "deletes an environment: 204", kindEnvironment, environment != nil, func() verdict {
		return t.send(ctx, remove).answers(http.StatusNoContent, nil)
	}).outcome == holds
	const ofEnvironment = "environment that it has deleted with a key"
	t.needs(ctx, "GET "+remove.shown, "a deleted environment is not found: 404", "environment that it has deleted", gone, func() verdict {
		return t.send(ctx, element("GET", t.paths.Environments, environment.text("id"))).refuses(http.StatusNotFound)
	})
	t.needs(ctx, remove.operation(), "its key is revoked with it", ofEnvironment, gone && key != "", func() verdict {
		return t.revoked(ctx, key, keyID)
	})

	key, keyID = "", ""
	t.needs(ctx, "POST "+t.paths.APIKeys, "generates a key in a built-in environment: 201", kindProject, project != "", func() (v verdict) {
		key, keyID, v = keyOf("dev")
		return v
	})
	var last string
	t.needs(ctx, "POST "+t.paths.Environments, "creates another environment: 201", kindProject, project != "", func() verdict {
		a := t.create(ctx, kindEnvironment, t.paths.Environments, rand.Text(), map[string]string{"name": "Last " + t.suffix, "project_id": project})
		if a.good() && t.removable(a.object().text("id")) {
			last = a.object().text("id")
		}
		return a.answers(http.StatusCreated, has(environmentFields))
	})
	remove = element("DELETE", t.paths.Projects, project)
	gone = t.needs(ctx, remove.operation(), "deletes a project: 204", kindProject, project != "", func() verdict {
		return t.send(ctx, remove).answers(http.StatusNoContent, nil)
	}).outcome == holds
	const deleted = "project that it has deleted"
	t.needs(ctx, "GET "+remove.shown, "a deleted project is not found: 404", deleted, gone, func() verdict {
		return t.send(ctx, element("GET", t.paths.Projects, project)).refuses(http.StatusNotFound)
	})
	t.needs(ctx, "GET "+t.paths.Environments, "a deleted project has no environments: 404", deleted, gone, func() verdict {
		return t.send(ctx, list(t.paths.Environments, url.Values{"project_id": {project}})).refuses(http.StatusNotFound)
	})
	t.needs(ctx, remove.operation(), "its environments are deleted with it", deleted+" with an environment", gone && last != "", func() verdict {
		return t.send(ctx, element("GET", t.paths.Environments, last)).refuses(http.StatusNotFound)
	})
	t.needs(ctx, remove.operation(), "its keys are revoked with it", deleted+" with a key", gone && key != "", func() verdict {
		return t.revoked(ctx, key, keyID)
	})
	t.needs(ctx, remove.operation(), "a deleted project is not deleted again: 404", deleted, gone, func() verdict {
		return t.send(ctx, remove).refuses(http.StatusNotFound)
	})
}

// revoked checks that a key is gone and no longer accepted.
func (t *trial) revoked(ctx context.Context, key, id string) verdict {
	if v := t.send(ctx, element("GET", t.paths.APIKeys, id)).refuses(http.StatusNotFound); v.outcome != holds {
		return v
	}
	return t.sendTraces(ctx, key).refuses(http.StatusUnauthorized)
}
