package emulator_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

func TestRateLimit(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := emulatortest.Start(t, emulatortest.WithNow(func() time.Time { return now }))
	s.SetSettings(emulatortest.Settings{RateLimitPerSecond: 2})

	step := 0
	want := func(statuses ...int) {
		t.Helper()
		step++
		for i, status := range statuses {
			if answer := get(t, s, "/v2/projects"); answer.status != status {
				t.Fatalf("step %d, request %d was answered %d, want %d", step, i+1, answer.status, status)
			}
		}
	}
	want(200, 200, 429) // a burst is one second's worth
	now = now.Add(499 * time.Millisecond)
	want(429)
	now = now.Add(time.Millisecond)
	want(200, 429)
	now = now.Add(time.Hour)
	want(200, 200, 429) // and never more
	now = now.Add(-time.Hour)
	want(429)

	refused := get(t, s, "/v2/projects")
	wantRefusal(t, refused, http.StatusTooManyRequests, "Too many requests")
	if after := refused.header.Get("Retry-After"); after != "1" {
		t.Errorf("Retry-After is %q", after)
	}
	s.CreateProject("Orders") // by the test itself: not limited

	s.SetSettings(emulatortest.Settings{})
	want(200, 200, 200)
}

func TestRateLimitedCreationIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithNow(func() time.Time { return time.Time{} }))
	s.SetSettings(emulatortest.Settings{RateLimitPerSecond: 1})
	get(t, s, "/v2/projects")
	s.SetFaults(emulatortest.Fault{Kind: "status", Status: 500})
	wantRefusal(t, post(t, s, "/v2/projects", `{"name":"Orders"}`), http.StatusTooManyRequests)
	wantCreated(t, s, false)
	if requests := s.Requests(); requests[1].Status != 429 || requests[1].Fault != "" {
		t.Errorf("recorded %+v: a request past the rate meets no fault", requests[1])
	}
}

// In a synctest bubble time moves only when everybody waits for it.
func TestWaits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		settings emulator.Settings
		faults   []emulator.Fault
		patience time.Duration // of the client
		want     time.Duration
	}{
		{"none", emulator.Settings{}, nil, time.Hour, 0},
		{"latency", emulator.Settings{LatencyMS: 1500}, nil, time.Hour, 1500 * time.Millisecond},
		{"delay", emulator.Settings{}, []emulator.Fault{{Kind: "delay", MS: 2000}}, time.Hour, 2 * time.Second},
		{"both", emulator.Settings{LatencyMS: 1500}, []emulator.Fault{{Kind: "delay", MS: 2000}}, time.Hour, 3500 * time.Millisecond},
		{"latency, client gone", emulator.Settings{LatencyMS: 1500}, nil, time.Second, time.Second},
		{"delay, client gone", emulator.Settings{}, []emulator.Fault{{Kind: "delay", MS: 3_600_000}}, time.Second, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, err := emulator.New(emulator.Options{})
				if err != nil {
					t.Fatal(err)
				}
				defer e.Close()
				if err := e.SetSettings(test.settings); err != nil {
					t.Fatal(err)
				}
				if err := e.SetFaults(test.faults...); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), test.patience)
				defer cancel()
				r := httptest.NewRequestWithContext(ctx, "POST", "/v2/projects", strings.NewReader(`{"name":"Orders"}`))
				r.Header.Set("Authorization", "Bearer "+e.ManagementKey())
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()

				began := time.Now()
				e.ServeHTTP(w, r)
				if took := time.Since(began); took != test.want {
					t.Errorf("it took %s, want %s", took, test.want)
				}
				// Carried out, whether the client waited or not.
				if w.Code != http.StatusCreated {
					t.Errorf("answered %d %s", w.Code, w.Body)
				}
			})
		})
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	s.CreateProject("by the test itself")
	get(t, s, "/v2/projects?limit=7")
	post(t, s, "/v2/projects", `{"name":"Orders"}`)
	send(t, s, "POST", "/v1/traces", "")
	get(t, s, "/nothing")

	want := []emulatortest.Request{
		{Method: "GET", Path: "/v2/projects", Query: "limit=7", Status: 200},
		{Method: "POST", Path: "/v2/projects", Status: 201},
		{Method: "POST", Path: "/v1/traces", Status: 403},
		{Method: "GET", Path: "/nothing", Status: 404},
	}
	record := decoded[emulator.Requests](t, get(t, s, "/_emulator/requests"), http.StatusOK)
	if fmt.Sprint(record.Requests) != fmt.Sprint(want) || record.Total != 4 || record.MaxInFlight != 1 {
		t.Errorf("recorded %+v, want %+v", record, want)
	}

	wantDone(t, send(t, s, "DELETE", "/_emulator/requests", ""))
	if answer := get(t, s, "/_emulator/requests"); string(answer.body) != `{"total":0,"max_in_flight":0,"requests":[]}` {
		t.Errorf("after it was forgotten: %s", answer.body)
	}
}

func TestMaxInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, err := emulator.New(emulator.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		if err := e.SetSettings(emulator.Settings{LatencyMS: 1000}); err != nil {
			t.Fatal(err)
		}
		ask := func() { e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/v2/projects", nil)) }
		var asked sync.WaitGroup
		for _, together := range []int{1, 3, 2} {
			for range together {
				asked.Go(ask)
			}
			asked.Wait()
		}
		if got := e.Requests().MaxInFlight; got != 3 {
			t.Errorf("max in flight is %d, want 3", got)
		}
		for range 2 {
			asked.Go(ask)
		}
		synctest.Wait()
		e.ResetRequests()
		asked.Wait()
		if got := e.Requests(); got.Total != 0 || got.MaxInFlight != 2 {
			t.Errorf("after a reset with two in flight: %+v", got)
		}
	})
}
