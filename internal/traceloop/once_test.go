package traceloop

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// Nobody knows whether the service knows the Idempotency-Key, so a creation that may have been
// carried out is not repeated: the caller looks for the object first.
func TestCreationIsNotRepeatedBlindly(t *testing.T) {
	creations := map[string]func(context.Context, *Client) error{
		"project": func(ctx context.Context, c *Client) error {
			_, err := c.CreateProject(ctx, ProjectRequest{Name: "Orders"})
			return err
		},
		"environment": func(ctx context.Context, c *Client) error {
			_, err := c.CreateEnvironment(ctx, EnvironmentRequest{Name: "QA"})
			return err
		},
	}
	for object, create := range creations {
		for name, first := range map[string]http.HandlerFunc{
			"500": refusal(500), "503 with Retry-After": refusal(503, "Retry-After", "3"), "dropped": drop, "timeout": hang, "truncated": truncated,
			"web page": html(200), "empty": answer(201, ""), "without an id": answer(201, `{"name":"Orders"}`),
		} {
			t.Run(object+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					started := time.Now()
					s := &service{answers: []http.HandlerFunc{first}}
					c, _ := inMemory(t, s, Config{MaxRetries: DefaultMaxRetries})
					unknown := as[*UnknownOutcomeError](t, create(t.Context(), c))
					if !unknown.Started.Equal(started) || len(s.got()) != 1 {
						t.Errorf("started %s, %d requests; want %s and 1", unknown.Started, len(s.got()), started)
					}
				})
			})
		}
	}
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
