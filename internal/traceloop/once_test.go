package traceloop

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// The creations that a service with Idempotency-Key carries out once, however often
// they are sent.
func TestRepeatableCreationIsRepeatedWithTheSameKey(t *testing.T) {
	for name, first := range map[string]http.HandlerFunc{
		"500": refusal(500), "503 with Retry-After": refusal(503, "Retry-After", "3"), "dropped": drop, "timeout": hang, "truncated": truncated, "web page": html(200),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{answers: []http.HandlerFunc{first}}
				c, _ := inMemory(t, s, Config{MaxRetries: DefaultMaxRetries})
				project, err := c.CreateProject(t.Context(), ProjectRequest{Name: "Orders"})
				if err != nil || project.ID == "" {
					t.Fatalf("got %v, %v", project, err)
				}
				requests := s.got()
				if len(requests) != 2 {
					t.Fatalf("%d requests, want 2", len(requests))
				}
				if a, b := requests[0].header.Get("Idempotency-Key"), requests[1].header.Get("Idempotency-Key"); a == "" || a != b {
					t.Errorf("the repeat has the Idempotency-Key %q, the first attempt %q", b, a)
				}
			})
		})
	}
}

// A service that does not know the header finds its own first creation in the way.
func TestConflictAfterARepeatIsAnUnknownOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		s := &service{answers: []http.HandlerFunc{drop, refusal(409)}}
		c, _ := inMemory(t, s, Config{MaxRetries: DefaultMaxRetries})
		_, err := c.CreateProject(t.Context(), ProjectRequest{Name: "Orders"})
		unknown := as[*UnknownOutcomeError](t, err)
		if !IsConflict(err) || !unknown.Started.Equal(started) {
			t.Errorf("got %v, started %s; want a conflict, started %s", err, unknown.Started, started)
		}
	})
}

// Terraform cancels the context at the first interrupt, and keeps the results of calls in
// flight.
func TestInterruptedWriteIsSeenThrough(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodPatch, http.MethodDelete} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, interrupt := context.WithCancel(t.Context())
				s := &service{answers: []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
					interrupt()
					<-time.After(time.Second) // of the bubble: the client has noticed by then
					good(w, r)
				}}}
				c, _ := inMemory(t, s, Config{MaxRetries: DefaultMaxRetries})
				if err := calls[method](ctx, c); err != nil {
					t.Errorf("the write on its way ended with: %v", err)
				}
				if err := calls[method](ctx, c); err == nil || len(s.got()) != 1 {
					t.Errorf("a write after the interrupt: %v; %d requests, want 1", err, len(s.got()))
				}
			})
		})
	}
}

func TestCreatedSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		ahead := now.Add(time.Hour) // the service's clock
		s := &service{answers: []http.HandlerFunc{answer(200, projectJSON, "Date", ahead.UTC().Format(http.TimeFormat))}}
		c, _ := inMemory(t, s, Config{})
		if c.CreatedSince(ahead, now) {
			t.Error("it knows the service's clock before the first answer")
		}
		if _, err := c.GetProject(t.Context(), "p1"); err != nil {
			t.Fatal(err)
		}
		for created, want := range map[time.Time]bool{
			ahead:                      true,
			ahead.Add(-clockSlack):     true,
			ahead.Add(-clockSlack - 1): false,
			now:                        false,
			ahead.Add(time.Minute):     true,
		} {
			if got := c.CreatedSince(created, now); got != want {
				t.Errorf("created %s after we began: %t, want %t", created.Sub(ahead), got, want)
			}
		}
	})
}
