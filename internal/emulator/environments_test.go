package emulator_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

func slugs(environments []emulatortest.Environment) (slugs []string) {
	for _, environment := range environments {
		slugs = append(slugs, environment.Slug)
	}
	return slugs
}

func wantSlugs(t *testing.T, s *emulatortest.Server, projectID string, want ...string) {
	t.Helper()
	if got := slugs(s.Environments(projectID)); !slices.Equal(got, want) {
		t.Errorf("the environments are %q, want %q", got, want)
	}
}

// Rule 2.
func TestBuiltInEnvironments(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest()) // PATCH is not in the contract
	all := s.Environments("")
	if inForce := s.Environments(s.CreateProject("Orders").ID); !slices.Equal(inForce, all) {
		t.Errorf("the new project has %+v, want the organization's: %+v", inForce, all)
	}
	for _, environment := range all {
		path := "/v2/environments/" + environment.ID
		wantRefusal(t, send(t, s, "DELETE", path, ""), http.StatusConflict, "built-in")
		wantRefusal(t, send(t, s, "PATCH", path, `{"name":"other"}`), http.StatusMethodNotAllowed, "PATCH")
	}
	wantSlugs(t, s, "", "dev", "stg", "prd")
}

// Rule 3.
func TestOrganizationEnvironmentIsEverywhere(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	present := s.CreateProject("Present")
	created := s.CreateEnvironment("", "EU Production")
	future := s.CreateProject("Future")
	if created.Slug != "eu-production" || created.Scope != "organization" || created.ProjectID != nil || created.BuiltIn {
		t.Errorf("created %+v", created)
	}
	var keys []string
	for _, project := range []emulatortest.Project{present, future} {
		wantSlugs(t, s, project.ID, "dev", "stg", "prd", "eu-production")
		_, key := s.GenerateKey(project.ID, "eu-production")
		s.SendSpans(key, 1)
		keys = append(keys, key)
	}
	s.DeleteEnvironment(created.ID)
	wantSlugs(t, s, present.ID, "dev", "stg", "prd")
	for _, key := range keys {
		if status := s.SendSpans(key, 1); status != http.StatusUnauthorized {
			t.Errorf("a span with a key of the deleted environment was answered %d", status)
		}
	}
	if accepted := s.Traces().Accepted; len(accepted) != 0 {
		t.Errorf("traces are left: %+v", accepted)
	}
}

// The same slug in another project is another environment.
func TestProjectEnvironmentIsInItsProjectOnly(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	orders, billing := s.CreateProject("Orders"), s.CreateProject("Billing")
	created := s.CreateEnvironment(orders.ID, "Canary")
	s.CreateEnvironment(billing.ID, "Canary")
	_, key := s.GenerateKey(billing.ID, "canary")
	wantSlugs(t, s, "", "dev", "stg", "prd", "canary", "canary")
	s.DeleteEnvironment(created.ID)
	wantSlugs(t, s, orders.ID, "dev", "stg", "prd")
	wantSlugs(t, s, billing.ID, "dev", "stg", "prd", "canary")
	if status := s.SendSpans(key, 1); status != http.StatusOK {
		t.Errorf("the other environment's key was answered %d", status)
	}
}

func TestEnvironmentSlugsAreUniqueWhereTheyAreInForce(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	orders, billing := s.CreateProject("Orders"), s.CreateProject("Billing")
	s.CreateEnvironment("", "Shared")
	s.CreateEnvironment(orders.ID, "Canary")

	in := func(project emulatortest.Project, name string) string {
		return fmt.Sprintf(`{"name":%q,"project_id":%q}`, name, project.ID)
	}
	for _, test := range []struct{ name, body, says string }{
		{"built in, organization", `{"name":"DEV"}`, "built-in"},
		{"built in, project", in(orders, "prd"), "built-in"},
		{"organization twice", `{"name":"shared"}`, "The organization already has"},
		{"inherited by the project", in(orders, "Shared!"), "every project inherits"},
		{"project twice", in(orders, "canary"), "The project already has"},
		{"organization, a project has it", `{"name":"Canary"}`, "A project already has"},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantRefusal(t, post(t, s, "/v2/environments", test.body), http.StatusConflict, test.says)
		})
	}
	wantSlugs(t, s, orders.ID, "dev", "stg", "prd", "shared", "canary")
	s.CreateEnvironment(billing.ID, "Canary")
}

func TestEnvironmentRequests(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	wantRefusal(t, post(t, s, "/v2/environments", `{"name":"¿?"}`), http.StatusBadRequest, "name", "slug")
	wantRefusal(t, post(t, s, "/v2/environments", `{"name":"a","project_id":null}`), http.StatusBadRequest, "project_id", "null")
	wantRefusal(t, post(t, s, "/v2/environments", `{"name":"a","project_id":""}`), http.StatusBadRequest, "project_id")
	wantRefusal(t, post(t, s, "/v2/environments", `{"name":"a","project_id":"cnone"}`), http.StatusNotFound, `"cnone"`)
	if created := s.CreateEnvironment("", strings.Repeat("a", 255)); len(created.Slug) != 255 {
		t.Errorf("the slug has %d characters", len(created.Slug))
	}
}
