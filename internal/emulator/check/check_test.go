package check

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// On the emulator every rule holds. A service that answers as the real one was seen to differs only in what
// the provider accepts.
func TestEmulator(t *testing.T) {
	t.Parallel()
	seen := []string{"next_cursor is missing", "masked_key is missing", "another status", "no body", "a refusal in another form", "without X-Request-Id"}
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
		s := populated(t, nil, emulatortest.WithVariant(test.variant))
		r := s.check(t, t.Context(), test.args...)
		if len(r.troubles()) > 0 || r.status != exitHolds || r.stderr != "" || len(r.lines) < 55 {
			t.Errorf("%s: status %d, %d lines, %q\n%s", name, r.status, len(r.lines), r.stderr, r.stdout)
		}
		if r.has(tolerated, "") != (test.says != nil) {
			t.Errorf("%s: %s", name, r.report)
		}
		for _, what := range test.says {
			if !strings.Contains(r.report, what) {
				t.Errorf("%s: it does not say %q\n%s", name, what, r.report)
			}
		}
		if wrote := slices.ContainsFunc(s.Requests(), func(r emulatortest.Request) bool { return r.Method != http.MethodGet }); wrote != (test.args != nil) {
			t.Errorf("%s: it wrote: %t", name, wrote)
		}
	}
}

// A new organization has too little to show every rule, and nothing differs.
func TestFreshOrganization(t *testing.T) {
	t.Parallel()
	r := start(t).check(t, t.Context(), writing...)
	if r.status != exitHolds || !r.has(notShown, "GET /v2/api-keys: environment selects objects") || r.has(differs, "") {
		t.Errorf("status %d\n%s", r.status, r.stdout)
	}
}

// A 429 is repeated after the pause that the service asks for.
func TestPausesAreKept(t *testing.T) {
	t.Parallel()
	s := populated(t, nil)
	requests, every, pause := 0, 3, "30"
	s.refuse = func(e *exchange) bool {
		requests++
		e.status = http.StatusTooManyRequests
		e.header.Set("Retry-After", pause)
		return requests%every == 0
	}
	r := s.check(t, t.Context(), writing...)
	if want := time.Duration(requests/3) * 30 * time.Second; r.status != exitHolds || r.waited != want {
		t.Errorf("status %d after %s, want %s\n%s", r.status, r.waited, want, r.troubles())
	}
	// A longer pause than it waits for is an answer.
	every, pause = 1, "3600"
	if r = s.check(t, t.Context(), writing...); r.status != exitDiffers || r.waited != 0 {
		t.Errorf("status %d after %s", r.status, r.waited)
	}
}

// Neither key is sent in the place of the other, and with one of them its part is checked alone. The
// project's key never writes.
func TestEachKeyGoesToItsOperations(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		without []string // of the keys
		args    []string
		lines   []string // of these operations, and of no others
	}{
		"both":                  {nil, nil, []string{projects, setups, evaluators}},
		"both, and it writes":   {nil, writing, []string{projects, setups, evaluators}},
		"a management key":      {[]string{ofProject}, nil, []string{projects}},
		"one, and it writes":    {[]string{ofProject}, writing, []string{projects, setups}},
		"a project's key":       {[]string{ofManagement}, nil, []string{setups, evaluators}},
		"one that cannot write": {[]string{ofManagement}, writing, nil},
		"none":                  {[]string{ofManagement, ofProject}, nil, nil},
	} {
		s := populated(t, nil)
		management, key := "Bearer "+s.ManagementKey, "Bearer "+s.keys[ofProject]
		for _, variable := range test.without {
			delete(s.keys, variable)
		}
		s.change = func(e *exchange) {
			reads, ofEvaluators := e.Method == http.MethodGet, strings.HasPrefix(e.URL.Path, evaluators)
			published, with := ofEvaluators || strings.HasPrefix(e.URL.Path, setups), e.Header.Get("Authorization")
			if with == management && (published || s.keys[ofManagement] == "") || with == key && (!published || s.keys[ofProject] == "" || !reads) ||
				!reads && (ofEvaluators || strings.HasPrefix(e.URL.Path, "/v2/organizations")) {
				t.Errorf("%s: %s %s was sent with the wrong key, or at all", name, e.Method, e.URL.Path)
			}
		}
		r := s.check(t, t.Context(), test.args...)
		for _, path := range []string{projects, setups, evaluators} {
			if has := strings.Contains(strings.Join(r.lines, "\n"), path+":"); has != slices.Contains(test.lines, path) {
				t.Errorf("%s: there are lines on %s: %t", name, path, has)
			}
		}
		if holds := r.status == exitHolds; holds != (test.lines != nil) {
			t.Errorf("%s: status %d, %s\n%s", name, r.status, r.stderr, r.troubles())
		}
	}
}

// A service that puts names and ids everywhere, even into the names of fields. The terminal shows no more than the
// report, except the address and the name of the check's own project.
func TestReportShowsNothingOfTheOrganization(t *testing.T) {
	t.Parallel()
	s := populated(t, nil)
	s.change = func(e *exchange) {
		for i, value := range s.private() {
			if o := e.object(); i > 0 && o != nil {
				o[value] = map[string]any{value: value, "message": value}
			}
		}
		everything := strings.Join(s.private(), " ")
		if message, ok := e.object()["error"].(string); ok {
			e.object()["error"] = map[string]any{"message": message + everything}
		}
		if e.on("GET", environments) && e.status == http.StatusOK {
			e.object()["data"] = "none"
		}
		if e.on("GET", apiKeys+"/") && e.status == http.StatusOK {
			e.object()["created_at"], e.object()["environment"] = everything, everything
		}
	}
	r := s.check(t, t.Context(), writing...)
	if !strings.Contains(r.report, "another name") || r.status == exitHolds {
		t.Errorf("the service was not seen to show anything: %d\n%s", r.status, r.report)
	}
	for _, value := range s.private() {
		if strings.Contains(r.stdout+r.stderr, value) {
			t.Errorf("the terminal shows %q", value)
		}
	}
}
