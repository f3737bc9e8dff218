package traceloop

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
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

// listed returns the ids that a list yields, and then what is wrong with it.
func listed(t *testing.T, list iter.Seq2[Project, error]) string {
	t.Helper()
	var got []string
	failed := false
	for project, err := range list {
		if failed {
			t.Error("the list goes on after an error")
		}
		failed = err != nil
		unreadable, isUnreadable := errors.AsType[*UnreadableError](err)
		mismatch, isMismatch := errors.AsType[*MismatchError](err)
		switch {
		case isUnreadable:
			got = append(got, unreadable.Reason)
		case isMismatch:
			got = append(got, mismatch.Reason)
		case failed:
			got = append(got, err.Error())
		default:
			got = append(got, project.ID)
		}
	}
	return strings.Join(got, " ")
}

func TestPages(t *testing.T) {
	const cursor = "a/b+c &limit=1#é"
	for _, tt := range []struct {
		name  string
		pages []http.HandlerFunc
		want  string
	}{
		{"two", []http.HandlerFunc{page(`"`+cursor+`"`, "a", "b"), page(`""`, "c")}, "a b c"},
		{"cursor null", []http.HandlerFunc{page(`"1"`, "a"), page(`null`, "b")}, "a b"},
		{"one empty page in between", []http.HandlerFunc{page(`"1"`, "a"), page(`"2"`), page(`""`, "b")}, "a b"},
		{"empty last page", []http.HandlerFunc{page(`"1"`, "a"), page(`"2"`), page(`""`)}, "a"},

		// What may be incomplete is an error.
		{"cursor repeated at once", []http.HandlerFunc{page(`"1"`, "a"), page(`"1"`, "b")}, "a the list does not end: it repeats a cursor or empty pages"},
		{"cursor repeated later", []http.HandlerFunc{page(`"1"`, "a"), page(`"2"`, "b"), page(`"1"`, "c")}, "a b the list does not end: it repeats a cursor or empty pages"},
		{"empty pages", []http.HandlerFunc{page(`"1"`), page(`"2"`)}, "the list does not end: it repeats a cursor or empty pages"},
		{"object on two pages", []http.HandlerFunc{page(`"1"`, "a", "b"), page(`""`, "b")}, "a b the list contains an object twice"},
		{"broken object", []http.HandlerFunc{page(`"1"`, "a"), page(`""`, "b", "")}, "a its field id is empty"},
		{"unreadable page", []http.HandlerFunc{page(`"1"`, "a"), truncated}, "a its body is incomplete"},
		{"refusal", []http.HandlerFunc{page(`"1"`, "a", "b"), refusal(401)}, "a b GET /v2/projects: 401 Unauthorized: Refused with 401. (request id req-1)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, inTurn(tt.pages...))
			if got := listed(t, s.client(Config{}).ListProjectsUncached(t.Context())); got != tt.want || len(s.got()) != len(tt.pages) {
				t.Errorf("got %q after %d requests, want %q after %d", got, len(s.got()), tt.want, len(tt.pages))
			}
			for i, r := range s.got() {
				query, err := url.ParseQuery(r.query)
				if err != nil || query.Get("limit") != "100" || query.Has("cursor") != (i > 0) || tt.name == "two" && i > 0 && query.Get("cursor") != cursor {
					t.Errorf("request %d has the query %q", i, r.query)
				}
			}
		})
	}
}

func TestFormsOfLists(t *testing.T) {
	second := strings.Replace(projectJSON, `"p1"`, `"p2"`, 1)
	for body, want := range map[string]string{
		`{"data":[` + projectJSON + `,` + second + `],"next_cursor":"","total_results":2}`: "p1 p2",
		`{"projects":[` + second + `,` + projectJSON + `],"total":2}`:                      "p2 p1",
		`[` + projectJSON + `,` + second + `]`:                                             "p1 p2",
		`{"data":[` + projectJSON + `]}`:                                                   "p1",
		`{"projects":[],"total":0}`:                                                        "",
		`{"projects":null,"total":0}`:                                                      "",
		`{"data":null}`:                                                                    "",
		`null`:                                                                             "",
		`[]`:                                                                               "",

		`{"projects":[` + projectJSON + `],"total":2}`:                        "the list shows 1 of its 2 objects",
		`{"data":[` + projectJSON + `],"next_cursor":"","total_results":101}`: "the list shows 1 of its 101 objects",
		`{"data":{},"next_cursor":""}`:                                        "its field data is not a list of objects",
		`{"data":[null],"next_cursor":""}`:                                    "its field id is missing",
		`{"data":["p1"],"next_cursor":""}`:                                    "its field data is not a list of objects",
		`{"data":[],"next_cursor":2}`:                                         "its field next_cursor is not a string",
		`{"items":[` + projectJSON + `],"total":1}`:                           "its field data is missing",
		`{"environments":[` + projectJSON + `]}`:                              "its field data is missing",
		`{"error":"with status 200"}`:                                         "its field data is missing",
		`{"projects":{"p1":` + projectJSON + `}}`:                             "its field projects is not a list of objects",
		`7`: "its body is not a JSON object",
		`{"projects":[` + projectJSON + `,` + projectJSON + `],"total":2}`:             "the list contains an object twice",
		`[` + strings.Replace(projectJSON, `"slug":"orders"`, `"slug":["a"]`, 1) + `]`: "its field slug is not a string",
	} {
		if got := listed(t, serve(t, answer(200, body)).client(Config{}).ListProjects(t.Context())); got != want {
			t.Errorf("%s\ngot %q, want %q", body, got, want)
		}
	}

	// Each collection has a name of its own.
	c := serve(t, byLine{
		"GET /v2/environments": answer(200, `{"environments":[`+sharedJSON+`],"total":1}`),
		"GET /v2/api-keys":     answer(200, `{"api_keys":[`+apiKeyJSON+`],"total":1}`),
	}.answer).client(Config{})
	if environments, keys := all(t, c.ListEnvironments(t.Context(), EnvironmentFilter{})), all(t, c.ListAPIKeys(t.Context(), APIKeyFilter{})); len(environments) != 1 || len(keys) != 1 {
		t.Errorf("got %v and %v", environments, keys)
	}
}

func TestBreakFetchesNoFurtherPage(t *testing.T) {
	s := serve(t, inTurn(page(`"1"`, "a", "b"), page(`""`, "c")))
	list := s.client(Config{}).ListProjects(t.Context())
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
