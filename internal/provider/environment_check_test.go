package provider_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// Projects that the plan has read need no look, nor do environments that they all have.
func TestEnvironmentCheck_costs(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	environment := server.CreateEnvironment("", "EU")
	var projects []string
	for _, name := range []string{"Orders", "Billing", "Search"} {
		projects = append(projects, server.CreateProject(name).ID)
	}

	planning := newDriver(t, server, time.Now)
	for _, id := range projects {
		if _, err := planning.importID(t.Context(), "traceloop_project", id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := planning.importID(t.Context(), "traceloop_environment", environment.ID); err != nil {
		t.Fatal(err)
	}
	server.ResetRequests()
	applying := newDriver(t, server, time.Now) // which has read nothing
	for _, id := range projects {
		for _, slug := range []string{"prd", "eu"} {
			config := arguments{"project_id": id, "environment": slug}
			if _, err := planning.plan(t.Context(), keyKind, planning.none(keyKind), config); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(server.Requests()); n > 2 {
		t.Errorf("planning 6 keys of projects and environments that were read takes %d requests, want at most 2, which show the existing keys", n)
	}
	p, err := planning.plan(t.Context(), keyKind, planning.none(keyKind), arguments{"project_id": projects[1], "environment": "us"})
	if err != nil || !slices.Equal(warnings(p.diags), []string{"Unknown Environment"}) {
		t.Errorf("an unknown environment of a project that was read: %v, %q", err, warnings(p.diags))
	}

	server.ResetRequests()
	for _, id := range projects {
		for _, slug := range []string{"prd", "eu"} {
			if _, err := applying.create(t.Context(), keyKind, arguments{"project_id": id, "environment": slug}); err != nil {
				t.Fatal(err)
			}
		}
	}
	posts, lists := 0, map[string]int{}
	for _, r := range server.Requests() {
		if r.Method == http.MethodPost {
			posts++
		} else {
			lists[r.Method+" "+r.Path]++
		}
	}
	if posts != 6 || lists["GET /v2/api-keys"] > 4 || lists["GET /v2/environments"] > 1 || len(lists) > 2 {
		t.Errorf("creating 6 keys in 3 projects takes %d POSTs and %v, want 6, one list of keys for each project, one to plan the first key, and one of environments at most", posts, lists)
	}
}
