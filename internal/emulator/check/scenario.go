package check

import (
	"context"
	"maps"
	"net/http"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// step is one rule: a request, and what has to come. An answer also has to show what was sent, and a read
// what is known of the object. A text such as "$project.id" stands for a member of an object.
type step struct {
	op    string // an operation's id
	rule  string
	of    string // the object whose id is in the path
	key   string // the object whose key is sent instead of the operation's own
	after string // an object, or a deletion, without which the rule means nothing
	body  m
	query m
	want  int
	or    int    // another status that the provider accepts
	as    string // the name of the object, or of the deletion
	shows m      // of the answer

	check func(c *checker, a *answer) string // names another problem of the answer, or ""
}

// Objects with a meaning of their own.
const (
	nobody     = "nobody"
	noKey      = "no key"
	unknownKey = "a key that does not exist"
	ownKey     = "the project's own key"
	devKey     = "the project's key for dev"
)

// The scenario, one line a rule. Its objects are named by as; "other project" existed before.
// The rules that are derived from the documents come between the tables.
func (c *checker) scenario(ctx context.Context) {
	name, suffix := c.name, c.suffix
	renamed, first, second := m{"name": name + " (renamed)"}, "EU Check & "+suffix, "Last "+suffix
	inProject, inEU, inDev := m{"project_id": "$project.id"}, m{"project_id": "$project.id", "environment": "$eu.slug"}, m{"project_id": "$project.id", "environment": "dev"}
	environment := func(name, project string) m { return m{"name": name, "project_id": project} }
	c.run(ctx, []step{
		{op: "createProject", rule: "creates a project", body: m{"name": name}, want: 201, as: "project"},
		{op: "createProject", rule: "a name that is taken is refused", after: "project", body: m{"name": name}, want: 409},
		{op: "createProject", rule: "an empty name is refused", body: m{"name": ""}, want: 400},
		{op: "getProject", rule: "shows a new project at once", of: "project", want: 200},
		{op: "listProjects", rule: "lists a new project at once", after: "project", query: m{"limit": "100"}, want: 200, check: lists("project", true)},
		{op: "listEnvironments", rule: "a new project has the organization-level environments", query: inProject, want: 200, check: inForce},
		{op: "updateProject", rule: "renames a project, whose id stays", of: "project", body: renamed, want: 200},
		{op: "getProject", rule: "shows the new name", of: "project", want: 200, shows: renamed},
		{op: "updateProject", rule: "an empty body is refused", of: "project", body: m{}, want: 400},

		{op: "createEnvironment", rule: "creates a project-level environment", body: environment(first, "$project.id"), want: 201, as: "eu"},
		{op: "createEnvironment", rule: "a slug that is taken is refused", after: "eu", body: environment(first, "$project.id"), want: 409},
		{op: "createEnvironment", rule: "a built-in slug is refused", body: environment(contract.BuiltInEnvironments[0], "$project.id"), want: 409},
		{op: "createEnvironment", rule: "an unknown project is refused", body: environment(first, "$nobody.id"), want: 404},
		{op: "createEnvironment", rule: "creates another environment", body: environment(second, "$project.id"), want: 201, as: "second"},
		{op: "getEnvironment", rule: "shows a new environment at once", of: "eu", want: 200},
		{op: "listEnvironments", rule: "its project has the new environment at once", after: "eu", query: inProject, want: 200, check: lists("eu", true)},
		{op: "listEnvironments", rule: "no other project has it", after: "eu", query: m{"project_id": "$other project.id"}, want: 200, check: lists("eu", false)},

		{op: "createAPIKey", rule: "generates a key and shows it in full", body: inEU, want: 201, as: ownKey},
		{op: "createAPIKey", rule: "a second key is refused", after: ownKey, body: inEU, want: 409},
		{op: "createAPIKey", rule: "an unknown environment is refused", body: m{"project_id": "$project.id", "environment": "no-such-" + suffix}, want: 404},
		{op: "createAPIKey", rule: "an unknown project is refused", body: m{"project_id": "$nobody.id", "environment": "dev"}, want: 404},
		{op: "createAPIKey", rule: "generates a key in a built-in environment", body: inDev, want: 201, as: devKey},
		{op: "getAPIKey", rule: "shows the key, not in full", of: ownKey, want: 200},
		{op: "listAPIKeys", rule: "lists a new key at once", after: ownKey, query: inEU, want: 200, check: lists(ownKey, true)},
		{op: "listProjects", rule: "needs a management key", key: ownKey, want: 403},
		{op: "sendTraces", rule: "takes traces with the key", key: ownKey, body: m{}, want: 200},
	}...)
	for _, o := range c.sorted {
		if o.method != http.MethodGet {
			c.run(ctx, c.derived(ctx, o)...)
		}
	}

	one, two, bad := c.setupIDs[0], c.setupIDs[1], c.setupIDs[2]
	both := []m{
		{"key": "gen_ai.system", "source": contract.SourceSpan, "operator": contract.Equals, "value": "openai"},
		{"key": "service.name", "source": contract.SourceResource, "operator": contract.In, "values": []any{"a", "b"}},
	}
	c.run(ctx, []step{
		{op: "createSetup", rule: "creates a setup in the project of the key", key: ownKey, body: setup(one, both, "char-count", "word-count"), want: 201, as: "setup", shows: isSetup(both, "char-count", "word-count")},
		{op: "createSetup", rule: "no evaluators are refused", key: ownKey, body: setup(bad, both), want: 400},
		{op: "createSetup", rule: "a slash in an external id is refused", key: ownKey, body: setup(bad+"/1", both, "char-count"), want: 400},
		{op: "createSetup", rule: "an external id is unique in the project", after: "setup", key: devKey, body: setup(one, both, "char-count"), want: 409},
		{op: "getSetup", rule: "shows a new setup at once", key: ownKey, of: "setup", want: 200},
		{op: "getSetup", rule: "every key of the project reads it", key: devKey, of: "setup", want: 200},
		{op: "listSetups", rule: "lists a new setup at once", after: "setup", key: ownKey, want: 200, check: lists("setup", true)},
		{op: "updateSetup", rule: "replaces the evaluators", key: ownKey, of: "setup", body: setup("", both, "word-count"), want: 200, shows: isSetup(both, "word-count")},
		{op: "getSetup", rule: "shows the new evaluators", key: ownKey, of: "setup", want: 200, shows: isSetup(both, "word-count")},
		{op: "updateSetup", rule: "an empty selector removes the rules", key: ownKey, of: "setup", body: setup("", []m{}, "word-count"), want: 200, shows: isSetup(nil, "word-count")},
		{op: "getSetup", rule: "shows no rules", key: ownKey, of: "setup", want: 200, shows: isSetup(nil, "word-count")},
		{op: "upsertSetups", rule: "answers each item, and refuses one alone", after: "setup", key: ownKey, body: bulk(setup(one, both, "char-count"), setup(bad, both, "no-such-evaluator-"+suffix), setup(two, both, "word-count")), want: 207, as: "bulk upsert", shows: bulk(
			m{"external_id": one, "status": "ok", "result": m{"external_id": one}}, m{"external_id": bad, "status": "error"}, m{"external_id": two, "status": "ok", "result": m{"external_id": two}},
		)},
		{op: "upsertSetups", rule: "one external id twice is refused", key: ownKey, body: bulk(setup(two, both, "char-count"), setup(two, both, "word-count")), want: 400},
		{op: "getSetup", rule: "shows what the bulk upsert replaced", after: "bulk upsert", key: ownKey, of: "setup", want: 200, shows: isSetup(both, "char-count")},
		{op: "deleteSetup", rule: "deletes a setup", key: ownKey, of: "setup", want: 204, as: "setup's deletion"},
		{op: "getSetup", rule: "a deleted setup is not found", after: "setup's deletion", key: ownKey, of: "setup", want: 404},
		{op: "deleteSetup", rule: "a deleted setup is not deleted again", after: "setup's deletion", key: ownKey, of: "setup", want: 404},
	}...)
	c.remove(ctx, c.remainingSetups) // while there is a key for the setups

	c.run(ctx, []step{
		{op: "revokeAPIKey", rule: "revokes a key", of: ownKey, want: 204, as: "revocation"},
		{op: "sendTraces", rule: "refuses traces with a revoked key at once", after: "revocation", key: ownKey, body: m{}, want: 401},
		{op: "getAPIKey", rule: "a revoked key is not found", after: "revocation", of: ownKey, want: 404},
		{op: "listAPIKeys", rule: "a revoked key is not listed", after: "revocation", query: inProject, want: 200, check: lists(ownKey, false)},
		{op: "revokeAPIKey", rule: "a revoked key is not revoked again", after: "revocation", of: ownKey, want: 404},
		{op: "createAPIKey", rule: "generates the next key where the last was revoked", after: "revocation", body: inEU, want: 201, as: "next key"},
		{op: "deleteEnvironment", rule: "deletes an environment", of: "eu", want: 204, as: "environment's deletion"},
		{op: "getEnvironment", rule: "a deleted environment is not found", after: "environment's deletion", of: "eu", want: 404},
		{op: "getAPIKey", rule: "the key of a deleted environment is not found", after: "environment's deletion", of: "next key", want: 404},
		{op: "sendTraces", rule: "refuses traces with the key of a deleted environment", after: "environment's deletion", key: "next key", body: m{}, want: 401},
		{op: "deleteProject", rule: "deletes a project", of: "project", want: 204, as: "project's deletion"},
		{op: "getProject", rule: "a deleted project is not found", after: "project's deletion", of: "project", want: 404},
		{op: "listEnvironments", rule: "a deleted project has no environments", after: "project's deletion", query: inProject, want: 404},
		{op: "getEnvironment", rule: "an environment of a deleted project is not found", after: "project's deletion", of: "second", want: 404},
		{op: "getAPIKey", rule: "a key of a deleted project is not found", after: "project's deletion", of: devKey, want: 404},
		{op: "sendTraces", rule: "refuses traces with a key of a deleted project", after: "project's deletion", key: devKey, body: m{}, want: 401},
		{op: "deleteProject", rule: "a deleted project is not deleted again", after: "project's deletion", of: "project", want: 404},
	}...)
}

// lists checks that a list has an object of the scenario, or that it has not.
func lists(name string, want bool) func(*checker, *answer) string {
	return func(c *checker, a *answer) string {
		is := len(having(a.items, m{"id": c.objects[name]["id"]})) > 0
		switch {
		case is && !want:
			return "the list has it"
		case want && !is && a.complete():
			return "the list lacks it"
		}
		return ""
	}
}

// inForce checks the environments of a project.
func inForce(c *checker, a *answer) string {
	for _, e := range having(c.lists["/v2/environments"].items, m{"scope": traceloop.ScopeOrganization}) {
		if len(having(a.items, m{"id": e["id"]})) == 0 && a.complete() {
			return "it lacks an organization-level environment"
		}
	}
	return ""
}

// setup is the body of a request.
func setup(id string, selector []m, evaluators ...any) m {
	if id == "" {
		return m{"evaluators": evaluators, "selector": selector}
	}
	return m{"external_id": id, "evaluators": evaluators, "selector": selector}
}

// isSetup is what an answer about a setup shows, in the words of Traceloop's pages or of its OpenAPI document. A
// service may add more to a rule.
func isSetup(selector []m, evaluators ...string) m {
	types, rules := make([]any, 0, len(evaluators)), make([]any, 0, len(selector))
	for _, slug := range evaluators {
		types = append(types, m{"evaluator_type": either{slug, strings.ToUpper(strings.ReplaceAll(slug, "-", "_"))}})
	}
	for _, rule := range selector {
		inDocument := maps.Clone(rule)
		inDocument["op"] = inDocument["operator"]
		delete(inDocument, "operator")
		rules = append(rules, either{rule, inDocument})
	}
	return m{"project_id": "$project.id", "evaluators": types, "init_rules": rules}
}

func bulk(items ...any) m { return m{"setups": items} }
