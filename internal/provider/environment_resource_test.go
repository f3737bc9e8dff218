package provider_test

import (
	"slices"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

const environmentAddress = "traceloop_environment.eu"

// environmentLife is the whole life of an environment, with a provider of any paths.
func environmentLife(t *testing.T, server *emulatortest.Server, newServer newServer) {
	t.Helper()
	project := server.CreateProject("Orders").ID
	l := newLife(newDriverOf(t, newServer, arguments{"base_url": server.URL, "api_key": server.ManagementKey}), environmentKind)
	config := arguments{"project_id": project, "name": "EU Production", "deletion_protection": false}
	l.apply(config, "create")
	l.has(arguments{"slug": "eu-production", "scope": "project", "built_in": false})
	id := l.id()
	l.imports(id, "deletion_protection")
	l.imports(project+"/eu-production", "deletion_protection")

	// There is no rename.
	renamed := config.with(arguments{"name": "US Production"})
	l.apply(renamed, "replace")
	if l.id() == id {
		t.Errorf("the environment %s was not replaced", id)
	}

	// Deleted outside Terraform: created again.
	server.DeleteEnvironment(l.id())
	l.apply(renamed, "create")

	// Another scope is another environment.
	l.apply(renamed.with(arguments{"project_id": nil}), "replace")
	l.has(arguments{"scope": "organization", "project_id": nil})
	l.imports("us-production", "deletion_protection")
	l.destroy()
	if n := len(server.Environments("")); n != 3 {
		t.Errorf("the server has %d environments after destroy, want the 3 built-in ones", n)
	}
}

func TestEnvironment_cannotBeCreated(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.CreateProject("Orders").ID
	server.CreateEnvironment("", "Inherited")
	server.CreateEnvironment(project, "EU Production")

	for name, test := range map[string]struct {
		projectID any
		name      string
		phrases   []string
	}{
		"built in":                {project, "Dev", []string{"Environment Already Exists", "built in", "inherits", "data \"traceloop_environment\"", project}},
		"built in everywhere":     {nil, "prd", []string{"Environment Already Exists", "built in", "every project inherits it", "id = \"prd\""}},
		"built in, written large": {nil, "PRD", []string{"Environment Already Exists", `with name = "prd"`, "id = \"prd\""}},
		"inherited":               {project, "inherited", []string{"Environment Already Exists", "inherits", "data \"traceloop_environment\"", "inherited"}},
		"exists in the project":   {project, "eu production", []string{"Environment Already Exists", `with name = "EU Production"`, "import {", project + "/eu-production"}},
		"organization has it":     {nil, "Inherited", []string{"Environment Already Exists", "The organization has", "id = \"inherited\""}},
		"a project has it":        {nil, "EU production", []string{"Environment Already Exists", project + "/eu-production"}},
		"unknown project":         {"cnosuchproject", "EU", []string{"Unknown Project", "There are:", `("Default project")`}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLife(newDriver(t, server, time.Now), environmentKind)
			config := arguments{"project_id": test.projectID, "name": test.name, "deletion_protection": false}
			// The plan warns, so that it stops nobody else; the service decides.
			if warned := warnings(l.plan(config, false).diags); !slices.Contains(warned, test.phrases[0]) {
				t.Errorf("the plan warns of %q", warned)
			}
			l.refusesToApply(config, test.phrases...)
			if !l.state.value.IsNull() {
				t.Errorf("the state has %s", l.state.value)
			}
		})
	}
	if n := len(server.Environments("")); n != 3+2 {
		t.Errorf("the server has %d environments, want 5: nothing was to be created", n)
	}
}

// It is forgotten, and not deleted.
func TestEnvironment_importedBuiltIn(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	l := newLife(newDriver(t, server, time.Now), environmentKind)
	for _, id := range []string{"dev", environmentNamed(server, "dev").ID} {
		var err error
		if l.state, err = l.provider.next().importID(t.Context(), environmentKind, id); err != nil {
			t.Fatal(err)
		}
		l.apply(arguments{"name": "dev"}, "")
		l.has(arguments{"built_in": true, "slug": "dev", "scope": "organization"})
		forgets, applying := l.saves(nil), l.provider.next()
		if err := forgets.apply(applying); err != nil || !l.state.value.IsNull() {
			t.Errorf("the state has %s: %v", l.state.value, err)
		}
		warns(t, append(forgets.diags, applying.applied...), "Built-in Environment Is Not Deleted", "dev")
	}
	noWrites(t, server)
	if n := len(server.Environments("")); n != 3 {
		t.Errorf("the organization has %d environments, want 3", n)
	}
}
