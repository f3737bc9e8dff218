package emulator_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

func projectPage(t *testing.T, s *emulatortest.Server, cursor string) ([]string, emulator.Page[emulatortest.Project]) {
	t.Helper()
	query := url.Values{"limit": {"2"}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	page := decoded[emulator.Page[emulatortest.Project]](t, get(t, s, "/v2/projects?"+query.Encode()), http.StatusOK)
	var names []string
	for _, project := range page.Data {
		names = append(names, project.Name)
	}
	return names, page
}

func TestPagesWhileRowsComeAndGo(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	s.DeleteProject(s.Projects()[0].ID)
	ids := map[string]string{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		ids[name] = s.CreateProject(name).ID
	}

	first, page := projectPage(t, s, "")
	if !slices.Equal(first, []string{"a", "b"}) || page.TotalResults != 6 {
		t.Fatalf("the first page is %q of %d", first, page.TotalResults)
	}
	s.DeleteProject(ids["a"]) // seen
	s.DeleteProject(ids["b"]) // seen, and where the cursor stands
	s.DeleteProject(ids["d"]) // not seen yet
	s.CreateProject("a")
	s.RenameProject(ids["c"], "z")

	second, page := projectPage(t, s, page.NextCursor)
	if !slices.Equal(second, []string{"z", "e"}) || page.TotalResults != 4 {
		t.Fatalf("the second page is %q of %d", second, page.TotalResults)
	}
	third, page := projectPage(t, s, page.NextCursor)
	if !slices.Equal(third, []string{"f", "a"}) || page.NextCursor != "" {
		t.Fatalf("the third page is %q, and its cursor %q", third, page.NextCursor)
	}
}

// A sequence number is never used twice, even when the newest row is deleted.
func TestPageAfterNewestRowWasReplaced(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	newest := s.CreateProject("b")
	s.CreateProject("c")
	_, page := projectPage(t, s, "")
	for _, project := range s.Projects()[1:] {
		s.DeleteProject(project.ID)
	}
	replacement := s.CreateProject("d")
	if names, _ := projectPage(t, s, page.NextCursor); !slices.Equal(names, []string{"d"}) {
		t.Errorf("%s after %s: the page is %q", replacement.ID, newest.ID, names)
	}
}

func TestLastPageHasNoCursor(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	for i := range 99 {
		s.CreateProject(fmt.Sprint("p", i))
	}
	for _, test := range []struct {
		query string
		rows  int
		more  bool
	}{{"", 50, true}, {"?limit=100", 100, false}, {"?limit=99", 99, true}} {
		page := decoded[emulator.Page[emulatortest.Project]](t, get(t, s, "/v2/projects"+test.query), http.StatusOK)
		if len(page.Data) != test.rows || (page.NextCursor != "") != test.more || page.TotalResults != 100 {
			t.Errorf("%q: %d rows of %d, cursor %q", test.query, len(page.Data), page.TotalResults, page.NextCursor)
		}
	}
}

func TestPageParameters(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	for _, limit := range []string{"0", "101", "-1", "ten", "", "1.5"} {
		wantRefusal(t, get(t, s, "/v2/projects?limit="+limit), http.StatusBadRequest, "limit")
	}
	project := s.Projects()[0].ID
	other := s.CreateProject("Other").ID
	list := "/v2/environments?limit=1&project_id=" + project
	cursor := decoded[emulator.Page[emulatortest.Environment]](t, get(t, s, list), http.StatusOK).NextCursor
	page := decoded[emulator.Page[emulatortest.Environment]](t, get(t, s, list+"&cursor="+cursor), http.StatusOK)
	if got := slugs(page.Data); !slices.Equal(got, []string{"stg"}) {
		t.Errorf("the second page is %q", got)
	}
	forged := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for _, query := range []string{
		"/v2/environments?project_id=" + other + "&cursor=" + cursor,
		"/v2/environments?cursor=" + cursor,
		"/v2/projects?cursor=" + cursor,
		"/v2/projects?cursor=",
		"/v2/projects?cursor=%21",
		"/v2/projects?cursor=" + forged("/v2/projects?\nx"),
		"/v2/projects?cursor=" + forged("/v2/projects?\n-1"),
		"/v2/projects?cursor=" + forged("7"),
	} {
		wantRefusal(t, get(t, s, query), http.StatusBadRequest, "cursor")
	}
}
