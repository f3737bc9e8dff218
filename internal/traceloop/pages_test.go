package traceloop

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// page is an answer with a page of projects; next is the JSON of its next_cursor.
func page(next string, ids ...string) http.HandlerFunc {
	var data []string
	for _, id := range ids {
		data = append(data, strings.Replace(projectJSON, `"p1"`, `"`+id+`"`, 1))
	}
	return answer(200, fmt.Sprintf(`{"data":[%s],"next_cursor":%s,"total_results":0}`, strings.Join(data, ","), next))
}

// listed returns the ids that a list of projects yields, and its errors.
func listed(t *testing.T, s *service) (ids []string, errs []error) {
	t.Helper()
	c := onLoopback(t, s, Config{})
	for project, err := range c.ListProjectsUncached(t.Context()) {
		if len(errs) > 0 {
			t.Error("the list goes on after an error")
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		ids = append(ids, project.ID)
	}
	return ids, errs
}

func TestPages(t *testing.T) {
	tests := []struct {
		name  string
		pages []http.HandlerFunc
		want  []string
	}{
		{"one page", []http.HandlerFunc{page(`""`, "a", "b")}, []string{"a", "b"}},
		{"none", []http.HandlerFunc{page(`""`)}, nil},
		{"two", []http.HandlerFunc{page(`"c/1 &x"`, "a", "b"), page(`""`, "c")}, []string{"a", "b", "c"}},
		{"cursor null", []http.HandlerFunc{page(`"1"`, "a"), page(`null`, "b")}, []string{"a", "b"}},
		{"no cursor", []http.HandlerFunc{answer(200, `{"data":[`+projectJSON+`]}`)}, []string{"p1"}},
		{"one empty page in between", []http.HandlerFunc{page(`"1"`, "a"), page(`"2"`), page(`""`, "b")}, []string{"a", "b"}},
		{"empty last page", []http.HandlerFunc{page(`"1"`, "a"), page(`"2"`), page(`""`)}, []string{"a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &service{answers: tt.pages}
			ids, errs := listed(t, s)
			if len(errs) > 0 || !slices.Equal(ids, tt.want) {
				t.Errorf("got %v, %v; want %v", ids, errs, tt.want)
			}
			if len(s.got()) != len(tt.pages) {
				t.Errorf("%d requests, want %d", len(s.got()), len(tt.pages))
			}
			for i, r := range s.got() {
				query, err := url.ParseQuery(r.query)
				if err != nil || query.Get("limit") != "100" || query.Has("cursor") != (i > 0) {
					t.Errorf("request %d has the query %q", i, r.query)
				}
			}
		})
	}
}

func TestCursorIsSentAsItCame(t *testing.T) {
	const cursor = "a/b+c &limit=1#é"
	s := &service{answers: []http.HandlerFunc{page(`"`+cursor+`"`, "a"), page(`""`, "b")}}
	listed(t, s)
	query, err := url.ParseQuery(s.got()[1].query)
	if err != nil || query.Get("cursor") != cursor || query.Get("limit") != "100" {
		t.Errorf("got %q", s.got()[1].query)
	}
}

func TestPagesThatCannotBeRight(t *testing.T) {
	tests := []struct {
		name   string
		pages  []http.HandlerFunc
		before int // objects yielded before the error
		reason string
	}{
		{"cursor repeated at once", []http.HandlerFunc{page(`"1"`, "a"), page(`"1"`, "b")}, 1, "does not end"},
		{"cursor repeated later", []http.HandlerFunc{page(`"1"`, "a"), page(`"2"`, "b"), page(`"1"`, "c")}, 2, "does not end"},
		{"empty pages", []http.HandlerFunc{page(`"1"`), page(`"2"`), page(`"3"`)}, 0, "does not end"},
		{"object on two pages", []http.HandlerFunc{page(`"1"`, "a", "b"), page(`""`, "b")}, 2, "twice"},
		{"object twice on a page", []http.HandlerFunc{page(`""`, "a", "a")}, 0, "twice"},
		{"no data", []http.HandlerFunc{answer(200, `{"next_cursor":""}`)}, 0, "field data is missing"},
		{"data an object", []http.HandlerFunc{answer(200, `{"data":{},"next_cursor":""}`)}, 0, "field data is not a list of objects"},
		{"null in the data", []http.HandlerFunc{answer(200, `{"data":[null],"next_cursor":""}`)}, 0, "field id is missing"},
		{"string in the data", []http.HandlerFunc{answer(200, `{"data":["p1"],"next_cursor":""}`)}, 0, "field data is not a list of objects"},
		{"cursor a number", []http.HandlerFunc{answer(200, `{"data":[],"next_cursor":2}`)}, 0, "field next_cursor is not a string"},
		{"broken object", []http.HandlerFunc{page(`"1"`, "a"), page(`""`, "b", "")}, 1, "field id is empty"},
		{"unreadable page", []http.HandlerFunc{page(`"1"`, "a"), truncated}, 1, "is incomplete"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ids, errs := listed(t, &service{answers: tt.pages})
			if len(ids) != tt.before || len(errs) != 1 {
				t.Fatalf("got %v and %v, want %d objects and one error", ids, errs, tt.before)
			}
			if reason := problemOf(t, errs[0]); !strings.Contains(reason, tt.reason) {
				t.Errorf("got %q, want %q", reason, tt.reason)
			}
		})
	}
}

// problemOf is what is wrong with an answer.
func problemOf(t *testing.T, err error) string {
	t.Helper()
	if unreadable, ok := errors.AsType[*UnreadableError](err); ok {
		return unreadable.Reason
	}
	return as[*MismatchError](t, err).Reason
}

func TestRefusalBetweenPages(t *testing.T) {
	ids, errs := listed(t, &service{answers: []http.HandlerFunc{page(`"1"`, "a", "b"), refusal(401)}})
	if len(ids) != 2 || len(errs) != 1 || !hasStatus(errs[0], 401) {
		t.Errorf("got %v and %v, want two objects and the 401", ids, errs)
	}
}

func TestBreakFetchesNoFurtherPage(t *testing.T) {
	s := &service{answers: []http.HandlerFunc{page(`"1"`, "a", "b"), page(`""`, "c")}}
	c := onLoopback(t, s, Config{})
	list := c.ListProjects(t.Context())
	if len(s.got()) != 0 {
		t.Error("a request was made before the list was read")
	}
	for project, err := range list {
		if err != nil {
			t.Fatal(err)
		}
		if project.ID == "b" {
			break
		}
	}
	if len(s.got()) != 1 {
		t.Errorf("%d requests, want 1", len(s.got()))
	}
}
