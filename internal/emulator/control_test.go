package emulator_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

func TestControlCalls(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	noKey := []string{"Authorization", "", "Content-Type", ""}

	wantDone(t, send(t, s, "PUT", "/_emulator/faults",
		`{"faults":[{"method":"GET","path":"/v2/projects","kind":"status","status":503,"retry_after":2,"body":"{}","done":true,"times":2,"after":1}]}`, noKey...))
	for i, want := range []int{200, 503, 503, 200} {
		if answer := get(t, s, "/v2/projects"); answer.status != want {
			t.Errorf("request %d was answered %d, want %d", i+1, answer.status, want)
		}
	}
	wantDone(t, send(t, s, "PUT", "/_emulator/faults", `{"faults":[{"kind":"status","status":500}]}`, noKey...))
	wantDone(t, send(t, s, "PUT", "/_emulator/faults", `{"faults":[]}`, noKey...))
	if answer := get(t, s, "/v2/projects"); answer.status != http.StatusOK {
		t.Errorf("with no faults: %d", answer.status)
	}

	wantDone(t, send(t, s, "PUT", "/_emulator/settings", `{"latency_ms":1,"rate_limit_per_second":1}`, noKey...))
	wantDone(t, send(t, s, "PUT", "/_emulator/settings", `{"latency_ms":1}`, noKey...))
	for range 2 { // both values were replaced: there is no rate limit
		if answer := get(t, s, "/v2/projects"); answer.status != http.StatusOK {
			t.Errorf("with no rate limit: %d", answer.status)
		}
	}
	s.SetFaults(emulatortest.Fault{Kind: "status", Status: 500, Times: 100})
	s.SetSettings(emulatortest.Settings{RateLimitPerSecond: 1})
	for range 3 { // which neither faults nor limits meet
		wantDone(t, send(t, s, "DELETE", "/_emulator/requests", "", noKey...))
		if answer := get(t, s, "/_emulator/requests"); string(answer.body) != `{"total":0,"max_in_flight":0,"requests":[]}` {
			t.Errorf("answered %d %s", answer.status, answer.body)
		}
	}
	traces := decoded[emulatortest.Traces](t, send(t, s, "GET", "/_emulator/traces", "", noKey...), http.StatusOK)
	if len(traces.Accepted) != 0 || traces.RefusedRequests != 0 {
		t.Errorf("traces: %+v", traces)
	}
}

func TestPagesAndControlCallsOnlyFromLoopback(t *testing.T) {
	t.Parallel()
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for remote, want := range map[string]int{
		"127.0.0.1:1": 200, "127.9.9.9:1": 200, "[::1]:1": 200, "[::ffff:127.0.0.1]:1": 200,
		"192.0.2.1:1": 403, "[2001:db8::1]:1": 403, "": 403, "@": 403,
	} {
		for _, path := range []string{"/_emulator/requests", "/"} {
			r := httptest.NewRequest("GET", path, nil)
			r.RemoteAddr, r.Host = remote, "127.0.0.1"
			r.Header.Set("Authorization", "Bearer "+e.ManagementKey())
			r.Header.Set("X-Forwarded-For", "127.0.0.1")
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("%s from %q was answered %d %s, want %d", path, remote, w.Code, w.Body, want)
			}
		}
	}
}
