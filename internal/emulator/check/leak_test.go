package check

import (
	"net/http"
	"strings"
	"testing"
)

// private are the names, ids and keys of an organization.
func private(server *org) []string {
	values := []string{server.ManagementKey, "tl_LeakedKeyOfTheOrganization"}
	for _, p := range server.Projects() {
		values = append(values, p.ID, p.Name, p.Slug)
	}
	for _, e := range server.Environments("") {
		if !e.BuiltIn { // dev, stg and prd are the contract's own words
			values = append(values, e.ID, e.Name, e.Slug)
		}
	}
	for _, k := range server.Keys() {
		values = append(values, k.ID, k.MaskedKey)
	}
	if server.key != "" {
		values = append(values, server.key)
		for _, s := range server.Setups(server.key) {
			values = append(values, s.ID, s.ExternalID, s.OrgID, s.EnvProjectID)
		}
	}
	return values
}

// leaks reports what a text shows of the organization.
func leaks(t *testing.T, server *org, text string) {
	t.Helper()
	for _, value := range leaked(server, text) {
		t.Errorf("the report shows %q", value)
	}
	for _, value := range []string{"may be deleted", "EU Check", "traceloop-check", server.URL, "127.0.0.1"} {
		if strings.Contains(text, value) {
			t.Errorf("the report shows %q", value)
		}
	}
}

func leaked(server *org, text string) []string {
	var found []string
	for _, value := range private(server) {
		if strings.Contains(text, value) {
			found = append(found, value)
		}
	}
	return found
}

// A service that puts names and ids everywhere, even into the names of fields.
func TestReportShowsNothingOfTheOrganization(t *testing.T) {
	t.Parallel()
	server := populated(t)
	url, _ := startBroken(t, server, func(e *exchange) {
		for i, value := range private(server) {
			if o := e.object(); i > 0 && o != nil {
				o[value] = map[string]any{value: value, "message": value}
			}
		}
		if message, ok := e.object()["error"].(string); ok {
			e.object()["error"] = map[string]any{"message": message + strings.Join(private(server), " ")}
		}
		if e.on("GET", "/v2/environments") && e.status == http.StatusOK {
			e.object()["data"] = "none"
		}
	})
	r := check(t, t.Context(), url, server, writing...)
	if !strings.Contains(r.report, "of other names") || r.status == exitHolds {
		t.Errorf("the service was not seen to show anything: %d\n%s", r.status, r.report)
	}
	leaks(t, server, r.report)
	// The terminal shows no more, except the address and the name of the check's own project.
	if found := leaked(server, r.stdout+r.stderr); len(found) > 0 {
		t.Errorf("the terminal shows %q", found)
	}
	for _, value := range private(server) {
		if found := leaked(server, r.report+value); len(found) == 0 {
			t.Errorf("%q would not be found", value)
		}
	}
}
