package check

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

func TestEveryRuleHoldsOnTheEmulator(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"-write", "-yes"}} {
		server := populated(t)
		before := contents(server)
		r := check(t, t.Context(), server.URL, server, args...)
		for _, l := range r.lines {
			if l.outcome != holds {
				t.Errorf("%s", l)
			}
		}
		if r.status != exitHolds || r.stderr != "" || len(r.lines) < 60 {
			t.Errorf("%q: status %d, %d lines, %q", args, r.status, len(r.lines), r.stderr)
		}
		if after := contents(server); after != before {
			t.Errorf("%q: the organization has changed:\n%s\n%s", args, before, after)
		}
		writes := 0
		for _, request := range server.Requests() {
			if request.Method != http.MethodGet {
				writes++
			}
		}
		if (writes > 0) != (args != nil) {
			t.Errorf("%q: %d requests that write", args, writes)
		}
		leaks(t, server, r.report)
	}
}

// A service that answers as the real one was seen to differs only in what the provider accepts.
func TestSeenFormsAreTolerated(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"-write", "-yes"}} {
		server := populated(t, emulatortest.WithVariant(emulator.VariantSeen))
		before := export(t, server)
		r := check(t, t.Context(), server.URL, server, args...)
		if trouble := troubles(r.lines); trouble != "" || r.status != exitHolds {
			t.Errorf("%q: status %d\n%s", args, r.status, trouble)
		}
		for _, what := range []string{"next_cursor is missing", "masked_key is missing", "another status", "no body", "a refusal in another form", "another header"} {
			if said := strings.Contains(r.report, what); !said && (args != nil || what == "next_cursor is missing") {
				t.Errorf("%q: it does not say %q\n%s", args, what, r.report)
			}
		}
		if after := export(t, server); after != before {
			t.Errorf("%q: the organization has changed:\n%s\n%s", args, before, after)
		}
		if strings.Contains(r.report, "cme") || strings.Contains(r.report, "tl_") {
			t.Errorf("the report shows a name or a key:\n%s", r.report)
		}
	}
}

func export(t *testing.T, server *org) string {
	t.Helper()
	response, err := http.Get(server.URL + "/_emulator/export")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(text), "acme-cart") {
		t.Fatalf("%v\n%s", err, text)
	}
	return string(text)
}

// A new organization has too little to show every rule, and nothing differs.
func TestFreshOrganization(t *testing.T) {
	t.Parallel()
	server := &org{Server: emulatortest.Start(t, emulatortest.WithAnyRequest())}
	r := check(t, t.Context(), server.URL, server, "-write", "-yes")
	if r.status != exitHolds || troubles(r.lines) == "" || !contains(r.lines, "GET /v2/api-keys lists each object once", notShown) {
		t.Errorf("status %d\n%s", r.status, r.stdout)
	}
}
