package emulatortest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What the documents demand of an exchange is tested in package validate, and by the check of a service. Here
// is that each side of it is compared with them, and that no report has a key.
func TestViolations(t *testing.T) {
	t.Parallel()
	const (
		key   = `{"id":"c1","project_id":"c2","environment":"dev","masked_key":"tl_****","created_at":"2026-01-01T00:00:00Z"}`
		shown = `{"id":"c1","project_id":"c2","environment":"dev","masked_key":"tl_****","created_at":"2026-01-01T00:00:00Z","api_key":"tl_Secret0Secret0Secret0"}`
		no    = `{"error":"no"}`
	)
	for _, test := range []struct {
		name, method, path string
		body               io.Reader
		status             int
		answer             string
		request, says      string // what is reported; a request may violate the contract in a test that says so
	}{
		{"valid", "GET", "/v2/api-keys/c1", nil, 200, key, "", ""},
		{"valid refusal", "GET", "/v2/api-keys/a%2Fb%20c", nil, 404, no, "", ""},
		{"outside the contract", "POST", "/v1/traces", strings.NewReader("x"), 200, "", "", ""},
		{"property missing", "GET", "/v2/api-keys/c1", nil, 200, `{"id":"c1"}`, "", "is missing"},
		{"undocumented status", "GET", "/v2/api-keys/c1", nil, 202, key, "", `"error" is missing`},
		{"key shown again", "GET", "/v2/api-keys/c1", nil, 200, shown, "", "api_key"},
		{"unknown path", "GET", "/v2/users", nil, 404, no, "no matching operation", ""},
		{"unknown field", "POST", "/v2/projects", strings.NewReader(`{"name":"A","colour":"red"}`), 400, no, "colour", ""},
		{"key in the wrong place", "POST", "/v2/api-keys", strings.NewReader(`{"project_id":"c1","environment":"tl_Secret0Secret0Secret0"}`), 400, no, "/environment", ""},
		{"key in the path", "POST", "/v2/api-keys/tl_Secret0Secret0Secret0", nil, 405, no, "method not allowed", ""},
		{"cut off", "POST", "/v2/projects", io.MultiReader(strings.NewReader(`{"na`), failing{}), 400, no, "is incomplete", ""},
	} {
		for _, anyRequest := range []bool{false, true} {
			var reported []string
			c, err := newContractCheck(func(format string, args ...any) { reported = append(reported, fmt.Sprintf(format, args...)) }, anyRequest)
			if err != nil {
				t.Fatal(err)
			}
			serve := c.wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(test.status)
				io.WriteString(w, test.answer)
			}))
			request := httptest.NewRequest(test.method, test.path, test.body)
			request.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			serve.ServeHTTP(w, request)
			if w.Code != test.status || w.Body.String() != test.answer {
				t.Errorf("%s: the client got %d %q", test.name, w.Code, w.Body)
			}
			says := test.request + test.says
			if anyRequest {
				says = test.says
			}
			all := strings.Join(reported, "\n")
			if (says == "") != (all == "") || !strings.Contains(all, says) || len(reported) > 1 || strings.Contains(all, "Secret") {
				t.Errorf("%s: reported %q, want one violation that says %q", test.name, reported, says)
			}
			if says != "" {
				continue
			}
			c.silence() // the test has ended
			serve.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/v2/users", nil))
			if len(reported) > 0 {
				t.Errorf("after the test: %q", reported)
			}
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("connection lost") }
