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
	wantSlugs(t, s, "", "dev", "stg", "prd")
	project := s.CreateProject("Orders")
	if inForce := s.Environments(project.ID); !slices.Equal(inForce, all) {
		t.Errorf("the new project has %+v, want the organization's: %+v", inForce, all)
	}
	wantSlugs(t, s, "", "dev", "stg", "prd")
	for _, environment := range all {
		if !environment.BuiltIn || environment.Scope != "organization" || environment.ProjectID != nil || environment.Name != environment.Slug {
			t.Errorf("not built in: %+v", environment)
		}
		if read := decoded[emulatortest.Environment](t, get(t, s, "/v2/environments/"+environment.ID), http.StatusOK); read != environment {
			t.Errorf("read %+v, listed %+v", read, environment)
		}
		path := "/v2/environments/" + environment.ID
		wantRefusal(t, send(t, s, "DELETE", path, ""), http.StatusConflict, "built-in")
		refused := send(t, s, "PATCH", path, `{"name":"other"}`)
		wantRefusal(t, refused, http.StatusMethodNotAllowed, "PATCH")
		if allow := refused.header.Get("Allow"); allow != "DELETE, GET" {
			t.Errorf("Allow is %q", allow)
		}
	}
	wantSlugs(t, s, project.ID, "dev", "stg", "prd")
}

// Rule 3.
func TestOrganizationEnvironmentIsEverywhere(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	present := s.CreateProject("Present")
	created := decoded[emulatortest.Environment](t, post(t, s, "/v2/environments", `{"name":"EU Production"}`), http.StatusCreated)
	future := s.CreateProject("Future")

	if created.Slug != "eu-production" || created.Scope != "organization" || created.ProjectID != nil || created.BuiltIn {
		t.Errorf("created %+v", created)
	}
	wantSlugs(t, s, present.ID, "dev", "stg", "prd", "eu-production")
	wantSlugs(t, s, future.ID, "dev", "stg", "prd", "eu-production")
	var keys []string
	for _, project := range []emulatortest.Project{present, future} {
		_, key := s.GenerateKey(project.ID, "eu-production")
		s.SendSpans(key, 1)
		keys = append(keys, key)
	}

	path := "/v2/environments/" + created.ID
	if read := decoded[emulatortest.Environment](t, get(t, s, path), http.StatusOK); read != created {
		t.Errorf("read %+v, created %+v", read, created)
	}
	wantDone(t, send(t, s, "DELETE", path, ""))

	wantSlugs(t, s, present.ID, "dev", "stg", "prd")
	wantSlugs(t, s, future.ID, "dev", "stg", "prd")
	for _, key := range keys {
		if status := s.SendSpans(key, 1); status != http.StatusUnauthorized {
			t.Errorf("a span with a key of the deleted environment was answered %d", status)
		}
	}
	if accepted := s.Traces().Accepted; len(accepted) != 0 {
		t.Errorf("traces are left: %+v", accepted)
	}
	for _, method := range []string{"GET", "DELETE"} {
		wantRefusal(t, send(t, s, method, path, ""), http.StatusNotFound, created.ID)
	}
}

func TestProjectEnvironmentIsInItsProjectOnly(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	orders, billing := s.CreateProject("Orders"), s.CreateProject("Billing")
	created := s.CreateEnvironment(orders.ID, "Canary")
	s.CreateEnvironment(billing.ID, "Canary") // the same slug elsewhere is another environment
	if created.Scope != "project" || *created.ProjectID != orders.ID {
		t.Errorf("created %+v", created)
	}
	_, ordersKey := s.GenerateKey(orders.ID, "canary")
	_, billingKey := s.GenerateKey(billing.ID, "canary")

	s.DeleteEnvironment(created.ID)

	wantSlugs(t, s, orders.ID, "dev", "stg", "prd")
	wantSlugs(t, s, billing.ID, "dev", "stg", "prd", "canary")
	if status := s.SendSpans(ordersKey, 1); status != http.StatusUnauthorized {
		t.Errorf("the deleted environment's key was answered %d", status)
	}
	if status := s.SendSpans(billingKey, 1); status != http.StatusOK {
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

func TestBuiltInSlugsAreTakenEvenWithoutProjects(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	s.DeleteProject(s.Projects()[0].ID)
	wantSlugs(t, s, "", "dev", "stg", "prd")
	wantRefusal(t, post(t, s, "/v2/environments", `{"name":"dev"}`), http.StatusConflict, "built-in")
}

func TestListEnvironmentsOfBothScopes(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	s.CreateEnvironment("", "Shared")
	orders := s.CreateProject("Orders")
	s.CreateEnvironment(orders.ID, "Canary")
	wantSlugs(t, s, "", "dev", "stg", "prd", "shared", "canary")
	wantRefusal(t, get(t, s, "/v2/environments?project_id=cnone"), http.StatusNotFound, `"cnone"`)
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
