package emulatortest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
)

const (
	validProject = `{"id":"c1","name":"A","slug":"a","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}`
	validKey     = `{"id":"c1","project_id":"c2","environment":"dev","masked_key":"tl_****","created_at":"2026-01-01T00:00:00Z"}`
	shownKey     = `{"id":"c1","project_id":"c2","environment":"dev","masked_key":"tl_****","created_at":"2026-01-01T00:00:00Z","api_key":"tl_Secret0Secret0Secret0"}`
)

func page(item string) string {
	return `{"data":[` + item + `],"next_cursor":"","total_results":1}`
}

// check serves one request from an answer made up, and returns what the check reports.
func check(t *testing.T, request *http.Request, anyRequest bool, answer http.HandlerFunc) (violations []string, w *httptest.ResponseRecorder) {
	t.Helper()
	c, err := newContractCheck(func(format string, args ...any) {
		violations = append(violations, fmt.Sprintf(format, args...))
	}, anyRequest)
	if err != nil {
		t.Fatal(err)
	}
	w = httptest.NewRecorder()
	c.wrap(answer, true).ServeHTTP(w, request)
	return violations, w
}

func jsonAnswer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "r")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func TestAnswersThatBreakTheContract(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, method, path string
		answer             http.HandlerFunc
		says               string // empty: it keeps the contract
	}{
		{"valid project", "GET", "/v2/projects/c1", jsonAnswer(200, validProject), ""},
		{"valid page", "GET", "/v2/projects", jsonAnswer(200, page(validProject)), ""},
		{"valid key", "GET", "/v2/api-keys/c1", jsonAnswer(200, validKey), ""},
		{"valid refusal", "GET", "/v2/projects/c1", jsonAnswer(404, `{"error":"no"}`), ""},
		{"valid refusal of the default kind", "GET", "/v2/projects/c1", jsonAnswer(500, `{"error":"no"}`), ""},
		{"outside the contract", "POST", "/v1/traces", jsonAnswer(200, ``), ""},
		{"field missing", "GET", "/v2/projects/c1", jsonAnswer(200, strings.Replace(validProject, `"slug":"a",`, ``, 1)), `"slug" is missing`},
		{"field missing in a page", "GET", "/v2/projects", jsonAnswer(200, page(`{"id":"c1"}`)), "/data/0"},
		{"wrong time", "GET", "/v2/projects/c1", jsonAnswer(200, strings.ReplaceAll(validProject, "2026-01-01T00:00:00Z", "yesterday")), "date-time"},
		{"wrong type", "GET", "/v2/projects/c1", jsonAnswer(200, strings.Replace(validProject, `"c1"`, `1`, 1)), "/id"},
		{"null cursor", "GET", "/v2/projects", jsonAnswer(200, `{"data":[],"next_cursor":null,"total_results":0}`), "/next_cursor"},
		{"wrong status", "GET", "/v2/projects/c1", jsonAnswer(202, `{}`), `"error" is missing`},
		{"refusal without a message", "GET", "/v2/projects/c1", jsonAnswer(404, `{"message":"no"}`), `"error" is missing`},
		{"HTML", "GET", "/v2/projects/c1", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Request-Id", "r")
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "<html>")
		}, "text/html"},
		{"not JSON", "GET", "/v2/projects/c1", jsonAnswer(200, `{"id"`), "decode"},
		{"no request id", "GET", "/v2/projects/c1", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, validProject)
		}, "X-Request-Id"},
		{"key shown again", "GET", "/v2/api-keys/c1", jsonAnswer(200, shownKey), "api_key"},
		{"key shown in a page", "GET", "/v2/api-keys", jsonAnswer(200, page(shownKey)), "api_key"},
		{"corrupted by a fault", "GET", "/v2/projects/c1", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(emulator.FaultHeader, "garbage")
			w.WriteHeader(http.StatusOK)
			io.WriteString(w, "<html>")
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			request := httptest.NewRequest(test.method, test.path, nil)
			request.Header.Set("Authorization", "Bearer tl_Secret1Secret1Secret1")
			plain := httptest.NewRecorder()
			test.answer(plain, request)
			violations, w := check(t, request, false, test.answer)
			if w.Code != plain.Code || w.Body.String() != plain.Body.String() {
				t.Errorf("the client got %d %q, not %d %q", w.Code, w.Body, plain.Code, plain.Body)
			}
			wantViolation(t, violations, test.says)
		})
	}
}

func wantViolation(t *testing.T, violations []string, says string) {
	t.Helper()
	all := strings.Join(violations, "\n")
	if says == "" && all != "" {
		t.Errorf("reported: %s", all)
	}
	if says != "" && (len(violations) != 1 || !strings.Contains(all, says)) {
		t.Errorf("reported %q, want one violation that says %q", violations, says)
	}
	if strings.Contains(all, "Secret") {
		t.Errorf("a key is in the report: %s", all)
	}
}

func TestRequestsThatBreakTheContract(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, method, path, body, says string }{
		{"valid list", "GET", "/v2/projects?limit=7&cursor=x", "", ""},
		{"valid creation", "POST", "/v2/projects", `{"name":"A"}`, ""},
		{"valid id that needs escaping", "GET", "/v2/projects/a%2Fb%20c", "", ""},
		{"unknown path", "GET", "/v2/users", "", "no matching operation"},
		{"no id", "GET", "/v2/projects/", "", "no matching operation"},
		{"unknown method", "PATCH", "/v2/environments/c1", `{"name":"A"}`, "method not allowed"},
		{"limit", "GET", "/v2/projects?limit=101", "", "limit"},
		{"unknown field", "POST", "/v2/projects", `{"name":"A","colour":"red"}`, "colour"},
		{"no body", "POST", "/v2/projects", "", "request body"},
		{"missing field", "POST", "/v2/api-keys", `{"project_id":"c1"}`, "environment"},
		{"no slug", "POST", "/v2/api-keys", `{"project_id":"c1","environment":"EU"}`, "/environment"},
		{"key in the wrong place", "POST", "/v2/api-keys", `{"project_id":"c1","environment":"tl_Secret0Secret0Secret0"}`, "/environment"},
		{"key in the path", "POST", "/v2/api-keys/tl_Secret0Secret0Secret0", "", "method not allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answer := func(w http.ResponseWriter, r *http.Request) {
				if body, err := io.ReadAll(r.Body); err != nil || string(body) != test.body {
					t.Errorf("the emulator got %q, %v", body, err)
				}
				jsonAnswer(400, `{"error":"no"}`)(w, r)
			}
			for _, anyRequest := range []bool{false, true} {
				request := httptest.NewRequest(test.method, test.path, strings.NewReader(test.body))
				request.Header.Set("Content-Type", "application/json")
				violations, _ := check(t, request, anyRequest, answer)
				says := test.says
				if anyRequest {
					says = ""
				}
				wantViolation(t, violations, says)
			}
		})
	}
}

func TestRequestCutOff(t *testing.T) {
	t.Parallel()
	request := httptest.NewRequest("POST", "/v2/projects", io.MultiReader(strings.NewReader(`{"na`), failing{}))
	violations, w := check(t, request, false, func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); string(body) != `{"na` || err == nil {
			t.Errorf("the emulator got %q, %v", body, err)
		}
		jsonAnswer(400, `{"error":"no"}`)(w, r)
	})
	if w.Code != http.StatusBadRequest {
		t.Errorf("answered %d", w.Code)
	}
	wantViolation(t, violations, "is incomplete")
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("connection lost") }

func TestNoReportAfterTheTest(t *testing.T) {
	t.Parallel()
	c, err := newContractCheck(func(string, ...any) { t.Error("reported") }, false)
	if err != nil {
		t.Fatal(err)
	}
	c.silence()
	c.wrap(jsonAnswer(200, `{}`), true).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/v2/projects", nil))
}
