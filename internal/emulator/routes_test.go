package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	for _, path := range []string{"/v1", "/v2", "/v2/", "/v2/users", "/v2/projects/", "/v2/projects/a/b", "/v2/projects/a%2Fb", "/v2/auto-monitor-setups/a/b", "/v2//projects", "/v2/x/../projects", "/_emulator", "/_emulator/", "/_emulator/nothing"} {
		wantRefusal(t, get(t, s, path), http.StatusNotFound, "nothing at")
		wantRefusal(t, send(t, s, "GET", path, "", "Authorization", ""), http.StatusNotFound, "nothing at")
	}
	for path, allow := range map[string]string{
		"/v2/projects": "GET, POST", "/v2/projects/x": "DELETE, GET, PATCH", "/v2/environments": "GET, POST",
		"/v2/environments/x": "DELETE, GET", "/v2/api-keys": "GET, POST", "/v2/api-keys/x": "DELETE, GET",
		"/v2/auto-monitor-setups": "GET, POST", "/v2/auto-monitor-setups/x": "DELETE, GET, PUT", "/v2/organizations": "POST",
		"/v2/evaluators": "GET, POST", "/v2/evaluators/x": "GET, PATCH",
		"/v1/traces": "POST", "/_emulator/requests": "DELETE, GET", "/_emulator/faults": "PUT",
		"/_emulator/settings": "PUT", "/_emulator/traces": "GET", "/_emulator/export": "GET",
	} {
		refused := send(t, s, "OPTIONS", path, "")
		wantRefusal(t, refused, http.StatusMethodNotAllowed, "OPTIONS", path)
		if got := refused.header.Get("Allow"); got != allow {
			t.Errorf("%s: Allow is %q, want %q", path, got, allow)
		}
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	for _, test := range []struct{ name, body, says string }{
		{"none", "", "Content-Type"},
		{"blank", " ", "ends before"},
		{"cut off", `{"name":"a"`, "ends before"},
		{"not JSON", `name=a`, "not JSON"},
		{"array", `[]`, "JSON object"},
		{"null", `null`, "JSON object"},
		{"unknown field", `{"name":"a","colour":"red"}`, `"colour"`},
		{"field in another case", `{"Name":"a"}`, `"Name"`},
		{"field twice", `{"name":"a","name":"b"}`, "twice"},
		{"number", `{"name":7}`, `"name" must be a string, not a JSON number`},
		{"null field", `{"name":null}`, `"name" must not be null`},
		{"trailing object", `{"name":"a"}{}`, "more text after"},
		{"trailing garbage", `{"name":"a"}]`, "more text after"},
		{"too large", `{"name":"` + strings.Repeat("a", 1<<20) + `"}`, "larger than 1048576 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantRefusal(t, post(t, s, "/v2/projects", test.body), http.StatusBadRequest, test.says)
		})
	}
	for _, contentType := range []string{"", "text/plain", "application/json-patch+json", ";"} {
		wantRefusal(t, post(t, s, "/v2/projects", `{"name":"a"}`, "Content-Type", contentType), http.StatusBadRequest, "Content-Type must be application/json")
	}
	decoded[emulatortest.Project](t, post(t, s, "/v2/projects", `{"name":"a"} `, "Content-Type", "application/json; charset=utf-8"), http.StatusCreated)
}
