package emulator_test

import (
	"net/http"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	for _, path := range []string{"/v1", "/v2", "/v2/", "/v2/users", "/v2/projects/", "/v2/projects/a/b", "/v2/projects/a%2Fb", "/v2/auto-monitor-setups/a/b", "/v2//projects", "/v2/x/../projects", "/_emulator", "/_emulator/", "/_emulator/nothing", "/ui", "/index.html"} {
		wantRefusal(t, send(t, s, "GET", path, "", "Accept", "text/html"), http.StatusNotFound, "nothing at")
		wantRefusal(t, send(t, s, "GET", path, "", "Authorization", ""), http.StatusNotFound, "nothing at")
	}
	for path, allow := range map[string]string{ // of an operation, the check of a service finds out whether it is there
		"/v2/projects/x": "DELETE, GET, PATCH", "/v2/auto-monitor-setups": "GET, POST", "/v2/organizations": "POST", "/v1/traces": "POST",
		"/_emulator/requests": "DELETE, GET", "/_emulator/faults": "PUT",
	} {
		refused := send(t, s, "OPTIONS", path, "")
		wantRefusal(t, refused, http.StatusMethodNotAllowed, "OPTIONS", path)
		if got := refused.header.Get("Allow"); got != allow {
			t.Errorf("%s: Allow is %q, want %q", path, got, allow)
		}
	}
}
