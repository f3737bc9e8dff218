package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

const (
	projectKind     = "traceloop_project"
	environmentKind = "traceloop_environment"
	keyKind         = "traceloop_api_key"
)

// lostAnswers are the faults that carry a creation out and lose the answer, or might have.
var lostAnswers = map[string]emulatortest.Fault{
	"dropped after":  {Kind: "drop_after"},
	"dropped before": {Kind: "drop_before"},
	"500, done":      {Kind: "status", Status: 500, Done: true},
	"502, not done":  {Kind: "status", Status: 502},
	"truncated":      {Kind: "truncate"},
	"HTML":           {Kind: "garbage"},
	"endless":        {Kind: "huge"},
}

func lost(server *emulatortest.Server, path string, fault emulatortest.Fault, times int) {
	fault.Method, fault.Path, fault.Times = "POST", path, times
	server.SetFaults(fault)
}

func TestSettle_lostAnswersAreSettled(t *testing.T) {
	t.Parallel()
	for name, fault := range lostAnswers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := emulatortest.Start(t)
			d := newDriver(t, server, time.Now)
			projectID := server.Projects()[0].ID
			times := 2
			if fault.Done {
				times = 1 // a service that answers 500 again answers a conflict so
			}

			lost(server, "/v2/projects", fault, times)
			project, _, err := d.apply(t.Context(), projectKind, d.none(projectKind), arguments{"name": "Orders"})
			if projects := server.Projects(); err != nil || len(projects) != 2 || d.text(project, "id") != projects[1].ID {
				t.Errorf("creating a project: %v; the server has %v", err, projects)
			}

			lost(server, "/v2/environments", fault, times)
			environment, _, err := d.apply(t.Context(), environmentKind, d.none(environmentKind), arguments{"name": "EU", "project_id": projectID})
			if environments := server.Environments(projectID); err != nil || len(environments) != 4 || d.text(environment, "id") != environments[3].ID {
				t.Errorf("creating an environment: %v; the server has %v", err, environments)
			}

			lost(server, "/v2/api-keys", fault, times)
			key, _, err := d.apply(t.Context(), keyKind, d.none(keyKind), arguments{"project_id": projectID, "environment": "prd"})
			if keys := server.Keys(); err != nil || len(keys) != 1 || d.text(key, "id") != keys[0].ID {
				t.Errorf("generating a key: %v; the server has %v", err, keys)
			}
			if status := server.SendSpans(d.text(key, "key"), 1); status != 200 {
				t.Errorf("the key of the state is answered %d, want 200", status)
			}
		})
	}
}

func TestSettle_keyThatWasThereIsNotTouched(t *testing.T) {
	t.Parallel()
	for name, fault := range lostAnswers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := emulatortest.Start(t)
			projectID := server.Projects()[0].ID
			id, key := server.GenerateKey(projectID, "prd")
			d := newDriver(t, server, time.Now)

			lost(server, "/v2/api-keys", fault, 1)
			_, _, err := d.apply(t.Context(), keyKind, d.none(keyKind), arguments{"project_id": projectID, "environment": "prd"})
			named := err != nil && strings.Contains(err.Error(), id) && strings.Contains(err.Error(), "replace_existing = true")
			// A conflict that arrives in pieces shows its status alone.
			if !named && (err == nil || !strings.Contains(err.Error(), "409")) {
				t.Errorf("want an error that names the key %s and the way on, got %v", id, err)
			}
			if status := server.SendSpans(key, 1); status != 200 {
				t.Errorf("the key that was there is answered %d, want 200", status)
			}
		})
	}
}

// replace_existing covers the key that was there, and the one that was lost.
func TestSettle_replaceExisting(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	projectID := server.Projects()[0].ID
	server.GenerateKey(projectID, "prd")
	d := newDriver(t, server, later)
	server.SetFaults(emulatortest.Fault{Method: "POST", Path: "/v2/api-keys", Kind: "drop_after", After: 1, Times: 1})

	key, _, err := d.apply(t.Context(), keyKind, d.none(keyKind), arguments{"project_id": projectID, "environment": "prd", "replace_existing": true})
	if keys := server.Keys(); err != nil || len(keys) != 1 || keys[0].ID != d.text(key, "id") {
		t.Errorf("%v; the server has %v", err, keys)
	}
}

func TestSettle_orphanIsNamed(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	projectID := server.Projects()[0].ID
	d := newDriver(t, server, later)
	server.SetFaults(
		emulatortest.Fault{Method: "POST", Path: "/v2/api-keys", Kind: "drop_after"},
		emulatortest.Fault{Method: "DELETE", Path: "/v2/api-keys", Kind: "status", Status: 403, Times: 10},
	)
	_, _, err := d.apply(t.Context(), keyKind, d.none(keyKind), arguments{"project_id": projectID, "environment": "prd"})
	orphan := server.Keys()[0]
	for _, phrase := range []string{"API Key May Be Orphaned", orphan.ID, orphan.MaskedKey, "curl -X DELETE", "replace_existing = true"} {
		if err == nil || !strings.Contains(err.Error(), phrase) {
			t.Errorf("the error does not say %q: %v", phrase, err)
		}
	}

	server.SetFaults()
	key, _, err := d.next().apply(t.Context(), keyKind, d.none(keyKind), arguments{"project_id": projectID, "environment": "prd", "replace_existing": true})
	if keys := server.Keys(); err != nil || len(keys) != 1 || keys[0].ID != d.text(key, "id") {
		t.Errorf("the named way on: %v; the server has %v", err, keys)
	}
}

// A service that never answers: no key stays behind, however often it was asked.
func TestSettle_givesUpCleanly(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	projectID := server.Projects()[0].ID
	d := newDriver(t, server, time.Now)
	lost(server, "/v2/api-keys", emulatortest.Fault{Kind: "drop_after"}, 1000)
	_, _, err := d.apply(t.Context(), keyKind, d.none(keyKind), arguments{"project_id": projectID, "environment": "prd"})
	if err == nil || !strings.Contains(err.Error(), "no unknown key was left active") {
		t.Errorf("want an error that says that no key is left, got %v", err)
	}
	if keys := server.Keys(); len(keys) != 0 {
		t.Errorf("the server has the keys %v, want none", keys)
	}
}

// A project with a lost answer that somebody else's has the name of is not adopted.
func TestSettle_olderProjectIsNotAdopted(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, daysAgo(1))
	older := server.CreateProject("Orders")
	d := newDriver(t, server, time.Now)
	lost(server, "/v2/projects", emulatortest.Fault{Kind: "drop_before"}, 1)
	_, _, err := d.apply(t.Context(), projectKind, d.none(projectKind), arguments{"name": "Orders"})
	for _, phrase := range []string{"older than this attempt", "import {", older.ID} {
		if err == nil || !strings.Contains(err.Error(), phrase) {
			t.Errorf("the error does not say %q: %v", phrase, err)
		}
	}
}

// The look before the leap: one list request for each project, not for each key.
func TestSettle_looksOncePerProject(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	d := newDriver(t, server, time.Now)
	projectID := server.Projects()[0].ID
	for _, environment := range []string{"dev", "stg", "prd"} {
		if _, err := d.create(t.Context(), keyKind, arguments{"project_id": projectID, "environment": environment}); err != nil {
			t.Fatal(err)
		}
	}
	// The first creation is planned once more before anything tells that this is an apply.
	if n := calls(server, "GET", "/v2/api-keys"); n != 2 {
		t.Errorf("%d requests looked at keys before 3 were generated, want 1, and 1 to plan the first", n)
	}
}
