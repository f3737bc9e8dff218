package emulator_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

func keyBody(projectID, environment string) string {
	return fmt.Sprintf(`{"project_id":%q,"environment":%q}`, projectID, environment)
}

func wantSlugs(t *testing.T, s *emulatortest.Server, projectID string, want ...string) {
	t.Helper()
	var got []string
	for _, environment := range s.Environments(projectID) {
		got = append(got, environment.Slug)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the environments are %q, want %q", got, want)
	}
}

// Rule 1.
func TestNewOrganizationHasDefaultProject(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	all := s.Projects()
	if len(all) != 1 || all[0].Name != "Default project" || all[0].Slug != "default-project" || !regexp.MustCompile(`^c[a-z0-9]{24}$`).MatchString(all[0].ID) {
		t.Fatalf("want only the Default project, got %+v", all)
	}
	wantSlugs(t, s, "", "dev", "stg", "prd")
	s.DeleteProject(all[0].ID)
	if left := s.Projects(); len(left) != 0 {
		t.Errorf("want no project, got %+v", left)
	}
}

// What the check of a service cannot know of a project: its times, and that its own name changes nothing.
func TestProjectChanges(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 13, 0, 0, 123_456_789, time.FixedZone("CET", 3600))
	s := emulatortest.Start(t, emulatortest.WithNow(func() time.Time { return now }))
	created := s.CreateProject("Ördërs & Co.")
	if created.Slug != "rd-rs-co" || created.CreatedAt != "2026-03-01T12:00:00.123Z" || created.UpdatedAt != created.CreatedAt {
		t.Errorf("created %+v", created)
	}
	now = now.Add(time.Minute)
	if same := s.RenameProject(created.ID, "Ördërs & Co."); same != created {
		t.Errorf("its own name changed it to %+v", same)
	}
	want := created
	want.Name, want.Slug, want.UpdatedAt = "Orders", "orders", "2026-03-01T12:01:00.123Z"
	if renamed := s.RenameProject(created.ID, "Orders"); renamed != want {
		t.Errorf("renamed to %+v, want %+v", renamed, want)
	}
}

func TestProjectSlugs(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	long := strings.Repeat("a", 252) + "-b"
	var slugs []string
	for _, name := range []string{"Orders", "orders", "Orders!", "¿?", "¡!", long, long + "!"} {
		slugs = append(slugs, s.CreateProject(name).Slug)
	}
	want := []string{"orders", "orders-2", "orders-3", "project", "project-2", long, strings.Repeat("a", 252) + "-2"}
	if !slices.Equal(slugs, want) {
		t.Errorf("slugs are %q, want %q", slugs, want)
	}

	second := s.Projects()[2]
	if renamed := s.RenameProject(second.ID, "ORDERS"); renamed.Slug != "orders-2" {
		t.Errorf("its own slug was not free for it: %q", renamed.Slug)
	}
}

// What is deleted takes its environments, keys and traces with it, at once and in every project (Rules 3, 7 and
// 8), and nothing else: the same slug in another project is another environment.
func TestDeletion(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path         func(project, shared, own string) string
		left         []string // keys
		environments []string // of the other project
	}{
		"a project": {
			func(project, _, _ string) string { return "/v2/projects/" + project },
			[]string{"Other eu-production", "Other own"},
			[]string{"dev", "stg", "prd", "eu-production", "own"},
		},
		"an organization-level environment": {
			func(_, shared, _ string) string { return "/v2/environments/" + shared },
			[]string{"Orders dev", "Orders own", "Other own"},
			[]string{"dev", "stg", "prd", "own"},
		},
		"an environment of a project": {
			func(_, _, own string) string { return "/v2/environments/" + own },
			[]string{"Orders dev", "Orders eu-production", "Other eu-production", "Other own"},
			[]string{"dev", "stg", "prd", "eu-production", "own"},
		},
	} {
		s := emulatortest.Start(t)
		orders := s.CreateProject("Orders")
		shared := s.CreateEnvironment("", "EU Production")
		if shared.Slug != "eu-production" || shared.Scope != "organization" || shared.ProjectID != nil || shared.BuiltIn {
			t.Errorf("created %+v", shared)
		}
		other := s.CreateProject("Other") // which has it, too
		own := s.CreateEnvironment(orders.ID, "Own")
		s.CreateEnvironment(other.ID, "Own")
		keys := map[string]string{}
		for _, project := range []emulatortest.Project{orders, other} {
			for _, environment := range []string{"dev", "eu-production", "own"} {
				if project == orders || environment != "dev" {
					_, keys[project.Name+" "+environment] = s.GenerateKey(project.ID, environment)
				}
			}
		}
		for _, key := range keys {
			s.SendSpans(key, 1)
		}
		wantDone(t, send(t, s, "DELETE", test.path(orders.ID, shared.ID, own.ID), ""))

		var traces []string
		for _, accepted := range s.Traces().Accepted {
			traces = append(traces, accepted.Project+" "+accepted.Environment)
		}
		slices.Sort(traces)
		if !slices.Equal(traces, test.left) || len(s.Keys()) != len(test.left) {
			t.Errorf("%s: there are traces of %q and %d keys, want those of %q", name, traces, len(s.Keys()), test.left)
		}
		for where, key := range keys {
			if accepted := s.SendSpans(key, 1) == http.StatusOK; accepted != slices.Contains(test.left, where) {
				t.Errorf("%s: a span with the key of %s was accepted: %t", name, where, accepted)
			}
		}
		wantSlugs(t, s, other.ID, test.environments...)
	}
}

// A stale id never revokes the newer key.
func TestNextAPIKey(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	project := s.Projects()[0].ID
	first, _ := s.GenerateKey(project, "prd")
	s.RevokeKey(first)
	_, second := s.GenerateKey(project, "prd")
	wantRefusal(t, send(t, s, "DELETE", "/v2/api-keys/"+first, ""), http.StatusNotFound, first)
	if status := s.SendSpans(second, 1); status != http.StatusOK {
		t.Errorf("a span with the second key was answered %d", status)
	}
}
