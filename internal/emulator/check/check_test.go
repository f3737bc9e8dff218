package check

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// On the emulator every rule holds. A service that answers as the real one was seen to differs only in what
// the provider accepts. Neither is changed.
func TestEmulator(t *testing.T) {
	t.Parallel()
	seen := []string{"next_cursor is missing", "masked_key is missing", "another status", "no body", "a refusal in another form", "another header"}
	for name, test := range map[string]struct {
		variant emulator.Variant
		args    []string
		says    []string // what is tolerated
	}{
		"reads":                 {emulator.VariantContract, nil, nil},
		"writes":                {emulator.VariantContract, writing, nil},
		"reads, in seen forms":  {emulator.VariantSeen, nil, seen[:1]},
		"writes, in seen forms": {emulator.VariantSeen, writing, seen},
	} {
		server := populated(t, emulatortest.WithVariant(test.variant))
		before := export(t, server)
		r := check(t, t.Context(), server.URL, server, test.args...)
		if trouble := troubles(r.lines); trouble != "" || r.status != exitHolds || r.stderr != "" || len(r.lines) < 60 {
			t.Errorf("%s: status %d, %d lines, %q\n%s", name, r.status, len(r.lines), r.stderr, trouble)
		}
		if strings.Contains(r.report, string(tolerated)+" ") != (test.says != nil) {
			t.Errorf("%s: %s", name, r.report)
		}
		for _, what := range test.says {
			if !strings.Contains(r.report, what) {
				t.Errorf("%s: it does not say %q\n%s", name, what, r.report)
			}
		}
		if after := export(t, server); after != before {
			t.Errorf("%s: the organization has changed:\n%s\n%s", name, before, after)
		}
		if wrote := slices.ContainsFunc(server.Requests(), func(r emulatortest.Request) bool { return r.Method != http.MethodGet }); wrote != (test.args != nil) {
			t.Errorf("%s: it wrote: %t", name, wrote)
		}
		if strings.Contains(r.report, "cme") || strings.Contains(r.report, "tl_") {
			t.Errorf("%s: the report shows a name or a key:\n%s", name, r.report)
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
