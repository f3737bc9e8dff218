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
	wantDone(t, send(t, s, "PUT", "/_emulator/faults", `{"faults":[{"kind":"drop_before"}]}`, noKey...))
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
	traces := decoded[emulatortest.Traces](t, send(t, s, "GET", "/_emulator/traces", "", noKey...), http.StatusOK)
	if len(traces.Accepted) != 0 || traces.RefusedRequests != 0 {
		t.Errorf("traces: %+v", traces)
	}
}

func TestControlCallsMeetNeitherFaultsNorLimits(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	s.SetFaults(emulatortest.Fault{Kind: "status", Status: 500, Times: 100})
	s.SetSettings(emulatortest.Settings{RateLimitPerSecond: 1})
	for range 3 {
		if answer := get(t, s, "/_emulator/requests"); string(answer.body) != `{"total":0,"max_in_flight":0,"requests":[]}` {
			t.Errorf("answered %d %s", answer.status, answer.body)
		}
	}
}

func TestControlRefusals(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	for _, test := range []struct{ path, body, says string }{
		{"faults", ``, "ends before"},
		{"faults", `[]`, "JSON object"},
		{"faults", `{}`, "faults is missing"},
		{"faults", `{"fault":[]}`, `unknown field "fault"`},
		{"faults", `{"faults":{}}`, `"faults" must be`},
		{"faults", `{"faults":[7]}`, "faults[0]: it must be a JSON object"},
		{"faults", `{"faults":[{}]}`, `faults[0]: kind "" is unknown`},
		{"faults", `{"faults":[{"kind":"drop_after"},{"kind":"explode"}]}`, `faults[1]: kind "explode" is unknown; it must be one of status, drop_before`},
		{"faults", `{"faults":[{"kind":"status"}]}`, "needs status"},
		{"faults", `{"faults":[{"kind":"status","status":100}]}`, "200 to 599"},
		{"faults", `{"faults":[{"kind":"status","status":600}]}`, "200 to 599"},
		{"faults", `{"faults":[{"kind":"status","status":"503"}]}`, `"status" must be a whole number, not a JSON string`},
		{"faults", `{"faults":[{"kind":"status","status":503,"retry_after":-1}]}`, "retry_after"},
		{"faults", `{"faults":[{"kind":"status","status":503,"ms":1}]}`, `ms belongs to kind "delay"`},
		{"faults", `{"faults":[{"kind":"garbage","status":503}]}`, `belong to kind "status"`},
		{"faults", `{"faults":[{"kind":"drop_before","done":true}]}`, `belong to kind "status"`},
		{"faults", `{"faults":[{"kind":"delay"}]}`, "needs ms"},
		{"faults", `{"faults":[{"kind":"delay","ms":3600001}]}`, "needs ms"},
		{"faults", `{"faults":[{"kind":"huge","times":0}]}`, "times must be 1 or more"},
		{"faults", `{"faults":[{"kind":"huge","after":-1}]}`, "after must be 0 or more"},
		{"faults", `{"faults":[{"kind":"huge","method":"get"}]}`, "upper case"},
		{"faults", `{"faults":[{"kind":"huge","path":"v2"}]}`, "begin with /"},
		{"faults", `{"faults":[{"kind":"huge","path":"/_emulator/requests"}]}`, "control calls"},
		{"faults", `{"faults":[{"kind":"huge","delay":1}]}`, `unknown field "delay"`},
		{"settings", `{"latency":1}`, `unknown field "latency"`},
		{"settings", `{"latency_ms":-1}`, "latency_ms"},
		{"settings", `{"latency_ms":3600001}`, "latency_ms"},
		{"settings", `{"latency_ms":1.5}`, `"latency_ms" must be a whole number`},
		{"settings", `{"rate_limit_per_second":-1}`, "rate_limit_per_second"},
		{"settings", `{"rate_limit_per_second":null}`, "null"},
	} {
		t.Run(test.path+" "+test.body, func(t *testing.T) {
			wantRefusal(t, send(t, s, "PUT", "/_emulator/"+test.path, test.body), http.StatusBadRequest, test.says)
		})
	}
	if answer := get(t, s, "/v2/projects"); answer.status != http.StatusOK {
		t.Errorf("a refused plan had an effect: %d", answer.status)
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
