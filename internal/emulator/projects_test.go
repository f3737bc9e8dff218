package emulator_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// Rule 1.
func TestNewOrganizationHasDefaultProject(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)

	projects := s.Projects()
	if len(projects) != 1 || projects[0].Name != "Default project" || projects[0].Slug != "default-project" {
		t.Fatalf("want only the Default project, got %+v", projects)
	}
	if id := projects[0].ID; !regexp.MustCompile(`^c[a-z0-9]{24}$`).MatchString(id) {
		t.Errorf("id %q does not look like a cuid", id)
	}
	if renamed := s.RenameProject(projects[0].ID, "Orders"); renamed.Name != "Orders" {
		t.Errorf("renamed to %q", renamed.Name)
	}
	s.DeleteProject(projects[0].ID)
	if projects := s.Projects(); len(projects) != 0 {
		t.Errorf("want no project, got %+v", projects)
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
	wantRefusal(t, send(t, s, "PATCH", "/v2/projects/"+created.ID, `{"name":"Default project"}`), http.StatusConflict, "already exists")
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

// Rule 8.
func TestDeletingProjectTakesEverythingOfIt(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	doomed, other := s.CreateProject("Doomed"), s.CreateProject("Other")
	shared := s.CreateEnvironment("", "Shared")
	s.CreateEnvironment(doomed.ID, "Own")
	var doomedKeys []string
	for _, environment := range []string{"dev", "own", "shared"} {
		_, key := s.GenerateKey(doomed.ID, environment)
		doomedKeys = append(doomedKeys, key)
		s.SendSpans(key, 1)
	}
	otherID, otherKey := s.GenerateKey(other.ID, "shared")
	s.SendSpans(otherKey, 1)

	s.DeleteProject(doomed.ID)

	for _, key := range doomedKeys {
		if status := s.SendSpans(key, 1); status != http.StatusUnauthorized {
			t.Errorf("a span with a key of the deleted project was answered %d", status)
		}
	}
	if keys := s.Keys(); len(keys) != 1 || keys[0].ID != otherID {
		t.Errorf("want the other project's key only, got %+v", keys)
	}
	if accepted := s.Traces().Accepted; len(accepted) != 1 || accepted[0].ProjectID != other.ID {
		t.Errorf("want the other project's traces only, got %+v", accepted)
	}
	environments := s.Environments("")
	for _, environment := range environments {
		if environment.ProjectID != nil && *environment.ProjectID == doomed.ID {
			t.Errorf("%+v is still there", environment)
		}
	}
	if !slices.ContainsFunc(environments, func(e emulatortest.Environment) bool { return e.ID == shared.ID }) {
		t.Error("the organization-level environment went with the project")
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	for _, test := range []struct{ name, body, says string }{
		{"missing", `{}`, "missing or empty"},
		{"empty", `{"name":""}`, "missing or empty"},
		{"blank", `{"name":" "}`, "white space"},
		{"leading space", `{"name":" a"}`, "white space"},
		{"trailing no-break space", `{"name":"a\u00a0"}`, "white space"},
		{"control character", `{"name":"a\u0007b"}`, "control character"},
		{"line break", `{"name":"a\nb"}`, "control character"},
		{"256 characters", `{"name":"` + strings.Repeat("é", 256) + `"}`, "256 characters"},
		{"broken UTF-8", "{\"name\":\"a\xff\"}", "UTF-8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, path := range []string{"/v2/projects", "/v2/environments"} {
				wantRefusal(t, post(t, s, path, test.body), http.StatusBadRequest, test.says)
			}
			wantRefusal(t, send(t, s, "PATCH", "/v2/projects/"+s.Projects()[0].ID, test.body), http.StatusBadRequest, test.says)
		})
	}
	if n := len(s.Projects()); n != 1 {
		t.Errorf("%d projects were created", n-1)
	}
	s.CreateProject(strings.Repeat("é", 255))
	s.CreateProject("a")
}
