package emulator_test

import (
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
	s.CreateProject("b")
	s.CreateProject("c")
	_, page := projectPage(t, s, "")
	for _, project := range s.Projects()[1:] {
		s.DeleteProject(project.ID)
	}
	s.CreateProject("d")
	if names, _ := projectPage(t, s, page.NextCursor); !slices.Equal(names, []string{"d"}) {
		t.Errorf("the page is %q", names)
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
