package check

import (
	"context"
	"net/http"
	"slices"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
)

// step is one rule: a request, and what has to come. An answer also has to show what was sent, and a read
// what is known of the object.
type step struct {
	op    string // an operation's id
	rule  string
	of    string // whose id is in the path: an object of the scenario, or nobody
	in    string // the project, and after a slash the environment, of a creation or a list
	key   string // the object whose key is sent instead of the operation's own
	after string // an object, or a deletion, without which the rule means nothing
	body  m
	query map[string]string
	like  string // the object with whose Idempotency-Key the creation is repeated, and which is answered again
	want  int
	or    int    // another status that the provider accepts
	as    string // the name of the object, or of the deletion
	shows m      // of the answer

	check func(c *checker, a *answer) string
}

// What is in the place of an object's name.
const (
	nobody     = "nobody"
	noKey      = "no key"
	unknownKey = "a key that does not exist"
)

// The scenario, one line a rule. Its objects are named by as; "other" is a project that existed before.
// The rules that are derived from the documents come between beginning and middle.
func (c *checker) beginning() []step {
	first, second := "EU Check & "+c.suffix, "Last "+c.suffix
	return []step{
		{op: "createProject", rule: "creates a project", body: m{"name": c.name}, want: 201, as: "project"},
		{op: "createProject", rule: "a repeat with the same Idempotency-Key gets the first answer again", body: m{"name": c.name}, like: "project", want: 201, or: 409},
		{op: "createProject", rule: "the same Idempotency-Key with another body is refused", body: m{"name": c.name + " (other)"}, like: "project", want: 400, or: 201},
		{op: "createProject", rule: "a name that is taken is refused", after: "project", body: m{"name": c.name}, want: 409},
		{op: "createProject", rule: "an empty name is refused", body: m{"name": ""}, want: 400},
		{op: "getProject", rule: "shows a new project at once", of: "project", want: 200},
		{op: "listProjects", rule: "lists a new project at once", after: "project", query: map[string]string{"limit": pageLimit}, want: 200, check: has("project")},
		{op: "listEnvironments", rule: "a new project has the organization-level environments", in: "project", want: 200, check: inForce},
		{op: "listAPIKeys", rule: "a new project has no keys", in: "project", want: 200, check: hasOnly()},
		{op: "updateProject", rule: "renames a project, whose id stays", of: "project", body: m{"name": c.name + " (renamed)"}, want: 200, as: "project"},
		{op: "getProject", rule: "shows the new name", of: "project", want: 200},
		{op: "updateProject", rule: "an empty body is refused", of: "project", body: m{}, want: 400},

		{op: "createEnvironment", rule: "creates a project-level environment", in: "project", body: m{"name": first}, want: 201, as: "eu"},
		{op: "createEnvironment", rule: "a repeat with the same Idempotency-Key gets the first answer again", in: "project", body: m{"name": first}, like: "eu", want: 201, or: 409},
		{op: "createEnvironment", rule: "a slug that is taken is refused", after: "eu", in: "project", body: m{"name": first}, want: 409},
		{op: "createEnvironment", rule: "a built-in slug is refused", in: "project", body: m{"name": contract.BuiltInEnvironments[0]}, want: 409},
		{op: "createEnvironment", rule: "an unknown project is refused", in: nobody, body: m{"name": first}, want: 404},
		{op: "createEnvironment", rule: "creates another environment", in: "project", body: m{"name": second}, want: 201, as: "second"},
		{op: "getEnvironment", rule: "shows a new environment at once", of: "eu", want: 200},
		{op: "listEnvironments", rule: "its project has the new environment at once", after: "eu", in: "project", want: 200, check: has("eu")},
		{op: "listEnvironments", rule: "no other project has it", after: "eu", in: "other project", want: 200, check: lacks("eu")},
		{op: "PATCH /v2/environments/{id}", rule: "an environment cannot be renamed", of: "eu", body: m{"name": second}, want: 405, or: 404},

		{op: "createAPIKey", rule: "generates a key and shows it in full", in: "project/eu", want: 201, as: "key"},
		{op: "createAPIKey", rule: "a repeat with the same Idempotency-Key does not show the key again", in: "project/eu", like: "key", want: 409},
		{op: "createAPIKey", rule: "a second key is refused", after: "key", in: "project/eu", want: 409},
		{op: "createAPIKey", rule: "an unknown environment is refused", in: "project/no-such-" + c.suffix, want: 404},
		{op: "createAPIKey", rule: "an unknown project is refused", in: nobody + "/dev", want: 404},
		{op: "createAPIKey", rule: "generates a key in a built-in environment", in: "project/dev", want: 201, as: "dev key"},
		{op: "getAPIKey", rule: "shows the key, not in full", of: "key", want: 200},
		{op: "listAPIKeys", rule: "lists the key of its environment alone", after: "key", in: "project/eu", want: 200, check: hasOnly("key")},
		{op: "listProjects", rule: "needs a management key", key: "key", want: 403},
		{op: "sendTraces", rule: "takes traces with the key", key: "key", body: m{}, want: 200},
	}
}

func (c *checker) middle() []step {
	one, two, bad := c.setupIDs[0], c.setupIDs[1], c.setupIDs[2]
	both := []any{
		m{"key": "gen_ai.system", "source": contract.SourceSpan, "operator": contract.Equals, "value": "openai"},
		m{"key": "service.name", "source": contract.SourceResource, "operator": contract.In, "values": []any{"a", "b"}},
	}
	setup := func(id string, selector []any, evaluators ...any) m {
		body := m{"evaluators": evaluators, "selector": selector}
		if id != "" {
			body["external_id"] = id
		}
		return body
	}
	bulk := func(items ...any) m { return m{"setups": items} }
	return []step{
		{op: "createSetup", rule: "creates a setup in the project of the key", key: "key", body: setup(one, both, "char-count", "word-count"), want: 201, as: "setup", shows: isSetup(one, both, "char-count", "word-count")},
		{op: "createSetup", rule: "no evaluators are refused", key: "key", body: setup(bad, both), want: 400},
		{op: "createSetup", rule: "a slash in an external id is refused", key: "key", body: setup(bad+"/1", both, "char-count"), want: 400},
		{op: "createSetup", rule: "an external id is unique in the project", after: "setup", key: "dev key", body: setup(one, both, "char-count"), want: 409},
		{op: "getSetup", rule: "shows a new setup at once", key: "key", of: "setup", want: 200},
		{op: "getSetup", rule: "every key of the project reads it", key: "dev key", of: "setup", want: 200},
		{op: "listSetups", rule: "lists a new setup at once", after: "setup", key: "key", want: 200, check: has("setup")},
		{op: "updateSetup", rule: "replaces the evaluators", key: "key", of: "setup", body: setup("", both, "word-count"), want: 200, shows: isSetup(one, both, "word-count")},
		{op: "getSetup", rule: "shows the new evaluators", key: "key", of: "setup", want: 200, shows: isSetup(one, both, "word-count")},
		{op: "updateSetup", rule: "an empty selector removes the rules", key: "key", of: "setup", body: setup("", []any{}, "word-count"), want: 200, shows: isSetup(one, nil, "word-count")},
		{op: "getSetup", rule: "shows no rules", key: "key", of: "setup", want: 200, shows: isSetup(one, nil, "word-count")},
		{op: "upsertSetups", rule: "answers each item, and refuses one alone", after: "setup", key: "key", body: bulk(setup(one, both, "char-count"), setup(bad, both, "no-such-evaluator-"+c.suffix), setup(two, both, "word-count")), want: 207, as: "bulk upsert", shows: areSetups(one, bad, two)},
		{op: "upsertSetups", rule: "one external id twice is refused", key: "key", body: bulk(setup(two, both, "char-count"), setup(two, both, "word-count")), want: 400},
		{op: "getSetup", rule: "shows what the bulk upsert replaced", after: "bulk upsert", key: "key", of: "setup", want: 200, shows: isSetup(one, both, "char-count")},
		{op: "deleteSetup", rule: "deletes a setup", key: "key", of: "setup", want: 204, as: "setup's deletion"},
		{op: "getSetup", rule: "a deleted setup is not found", after: "setup's deletion", key: "key", of: "setup", want: 404},
		{op: "deleteSetup", rule: "a deleted setup is not deleted again", after: "setup's deletion", key: "key", of: "setup", want: 404},
	}
}

func (c *checker) end() []step {
	return []step{
		{op: "revokeAPIKey", rule: "revokes a key", of: "key", want: 204, as: "revocation"},
		{op: "sendTraces", rule: "refuses traces with a revoked key at once", after: "revocation", key: "key", body: m{}, want: 401},
		{op: "getAPIKey", rule: "a revoked key is not found", after: "revocation", of: "key", want: 404},
		{op: "listAPIKeys", rule: "a revoked key is not listed", after: "revocation", in: "project", want: 200, check: lacks("key")},
		{op: "revokeAPIKey", rule: "a revoked key is not revoked again", after: "revocation", of: "key", want: 404},
		{op: "createAPIKey", rule: "generates the next key where the last was revoked", after: "revocation", in: "project/eu", want: 201, as: "next"},
		{op: "deleteEnvironment", rule: "deletes an environment", of: "eu", want: 204, as: "environment's deletion"},
		{op: "getEnvironment", rule: "a deleted environment is not found", after: "environment's deletion", of: "eu", want: 404},
		{op: "getAPIKey", rule: "the key of a deleted environment is not found", after: "environment's deletion", of: "next", want: 404},
		{op: "sendTraces", rule: "refuses traces with the key of a deleted environment", after: "environment's deletion", key: "next", body: m{}, want: 401},
		{op: "deleteProject", rule: "deletes a project", of: "project", want: 204, as: "project's deletion"},
		{op: "getProject", rule: "a deleted project is not found", after: "project's deletion", of: "project", want: 404},
		{op: "listEnvironments", rule: "a deleted project has no environments", after: "project's deletion", in: "project", want: 404},
		{op: "getEnvironment", rule: "an environment of a deleted project is not found", after: "project's deletion", of: "second", want: 404},
		{op: "getAPIKey", rule: "a key of a deleted project is not found", after: "project's deletion", of: "dev key", want: 404},
		{op: "sendTraces", rule: "refuses traces with a key of a deleted project", after: "project's deletion", key: "dev key", body: m{}, want: 401},
		{op: "deleteProject", rule: "a deleted project is not deleted again", after: "project's deletion", of: "project", want: 404},
	}
}

// scenario checks the life of a project.
func (c *checker) scenario(ctx context.Context) {
	all := func(steps []step) {
		for _, s := range steps {
			c.run(ctx, s)
		}
	}
	all(c.beginning())
	all(c.derived())
	all(c.middle())
	c.remove(ctx, c.remainingSetups) // while there is a key for the setups
	all(c.end())
}

// derived are the rules of every operation that writes, and of methods that no document has.
func (c *checker) derived() (steps []step) {
	for _, o := range c.sorted {
		key := ""
		if !o.managed() {
			key = "key"
		}
		switch {
		case slices.Contains(never, o.name) || o.isList():
			continue
		case o.method == http.MethodGet:
			for _, method := range []string{http.MethodPatch, http.MethodPut} {
				if other := c.byName[method+" "+o.path]; other != nil && o.name != "getEvaluator" {
					steps = append(steps, step{op: other.name, rule: "there is no such operation", of: nobody, key: key, body: m{}, want: 405, or: 404})
				}
			}
			continue
		case o.isOfOne():
			steps = append(steps, step{op: o.name, rule: "an unknown id is refused", of: nobody, key: key, body: bodyOf(o), want: 404})
		case o.method == http.MethodPost:
			steps = append(steps, step{op: o.name, rule: "an empty body is refused", key: key, body: m{}, want: 400})
		}
		steps = append(steps, withoutKey(o)...)
	}
	return steps
}

// withoutKey are the rules of every operation about keys.
func withoutKey(o *operation) []step {
	of := ""
	if o.isOfOne() {
		of = nobody
	}
	return []step{
		{op: o.name, rule: "needs a key", of: of, body: bodyOf(o), key: noKey, want: 401},
		{op: o.name, rule: "knows its keys", of: of, body: bodyOf(o), key: unknownKey, want: 401},
	}
}

// bodyOf returns the body of a request that is refused for another reason; nil if the operation has none.
func bodyOf(o *operation) m {
	switch {
	case o.spec.RequestBody == nil:
		return nil
	case o.name == "updateProject":
		return m{"name": "Check of terraform-provider-traceloop"}
	case o.name == "updateSetup":
		return m{"evaluators": []any{"char-count"}}
	default:
		return m{}
	}
}

func has(name string) func(*checker, *answer) string {
	return func(c *checker, a *answer) string {
		// On a further page it is not looked for.
		return problemIf(find(a.items, c.objects[name].text("id")) == nil && a.object().text("next_cursor") == "", "the list lacks it")
	}
}

func lacks(name string) func(*checker, *answer) string {
	return func(c *checker, a *answer) string {
		return problemIf(find(a.items, c.objects[name].text("id")) != nil, "the list has it")
	}
}

// hasOnly checks that a list has these objects and no others.
func hasOnly(names ...string) func(*checker, *answer) string {
	return func(c *checker, a *answer) string {
		for _, name := range names {
			if problem := has(name)(c, a); problem != "" {
				return problem
			}
		}
		return problemIf(len(a.items) > len(names), "the list has another object")
	}
}

// isSetup is what an answer about a setup shows. A service may add more to a rule.
func isSetup(id string, selector []any, evaluators ...string) m {
	slugs := make(anyOrder, 0, len(evaluators))
	for _, slug := range evaluators {
		slugs = append(slugs, m{"evaluator_type": slug})
	}
	return m{"external_id": id, "project_id": "$project.id", "evaluators": slugs, "init_rules": selector}
}

// areSetups are the answers to three items of which the second is refused alone.
func areSetups(one, refused, two string) m {
	return m{"setups": []any{
		m{"external_id": one, "status": "ok", "result": m{"external_id": one, "id": "$setup.id"}},
		m{"external_id": refused, "status": "error", "error": begins("setups[1]: ")},
		m{"external_id": two, "status": "ok", "result": m{"external_id": two}},
	}}
}
