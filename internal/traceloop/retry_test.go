package traceloop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var (
	refusedDial      = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	refusedOnWindows = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.Errno(10061)}
	noSuchHost       = &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "localhost", IsNotFound: true}}
)

// TestRetryTable holds each cell of the retry table: what happens once, and whether
// the request is made again.
func TestRetryTable(t *testing.T) {
	type cell struct {
		requests int // that reached the service
		want     func(error) bool
	}
	var (
		ok          = func(err error) bool { return err == nil }
		unreachable = func(err error) bool { return IsUnknownHost(err) && !strings.Contains(err.Error(), "attempts") }
		refused     = func(err error) bool {
			return IsRefused(err) && !isUnknown(err) && !strings.Contains(err.Error(), "attempts")
		}
		missing = func(err error) bool {
			_, is := errors.AsType[*MissingOperationError](err)
			return is && !isUnknown(err)
		}
		unreadable  = func(err error) bool { _, is := errors.AsType[*UnreadableError](err); return is && !isUnknown(err) }
		refusedWith = func(status int) func(error) bool {
			return func(err error) bool { return hasStatus(err, status) && !isUnknown(err) }
		}
		repeated      = cell{2, ok}
		unknownAtOnce = cell{1, isUnknown}
	)
	tests := []struct {
		name    string
		host    string // empty: not on loopback
		answer  http.HandlerFunc
		dialErr error
		others  cell // GET, PATCH and DELETE
		post    cell
	}{
		{name: "connection refused", dialErr: refusedDial, others: cell{1, ok}, post: cell{1, ok}},
		{name: "connection refused on loopback", host: "localhost", dialErr: refusedDial, others: cell{0, refused}, post: cell{0, refused}},
		{name: "connection refused on a loopback address", host: "127.0.0.1:4319", dialErr: refusedDial, others: cell{0, refused}, post: cell{0, refused}},
		{name: "connection refused as on Windows", host: "[::1]:4319", dialErr: refusedOnWindows, others: cell{0, refused}, post: cell{0, refused}},
		{name: "connection dropped on loopback", host: "localhost", answer: drop, others: repeated, post: unknownAtOnce},
		{name: "no such host", dialErr: noSuchHost, others: cell{0, unreachable}, post: cell{0, unreachable}},
		{name: "429 with Retry-After", answer: refusal(429, "Retry-After", "3"), others: repeated, post: repeated},
		{name: "429 without Retry-After", answer: refusal(429), others: repeated, post: repeated},
		{name: "429 as a web page", answer: html(429), others: repeated, post: repeated},
		{name: "503 with Retry-After", answer: refusal(503, "Retry-After", "3"), others: repeated, post: unknownAtOnce},
		{name: "500", answer: refusal(500), others: repeated, post: unknownAtOnce},
		{name: "502", answer: html(502), others: repeated, post: unknownAtOnce},
		{name: "503", answer: refusal(503), others: repeated, post: unknownAtOnce},
		{name: "504", answer: html(504), others: repeated, post: unknownAtOnce},
		{name: "408", answer: refusal(408), others: repeated, post: unknownAtOnce},
		{name: "524", answer: html(524), others: repeated, post: unknownAtOnce},
		{name: "501", answer: refusal(501), others: cell{1, refusedWith(501)}, post: cell{1, refusedWith(501)}},
		{name: "connection dropped", answer: drop, others: repeated, post: unknownAtOnce},
		{name: "timeout", answer: hang, others: repeated, post: unknownAtOnce},
		{name: "web page with 200", answer: html(200), others: repeated, post: unknownAtOnce},
		{name: "truncated", answer: truncated, others: repeated, post: unknownAtOnce},
		{name: "400", answer: refusal(400), others: cell{1, refusedWith(400)}, post: cell{1, refusedWith(400)}},
		{name: "401 as a web page", answer: html(401), others: cell{1, refusedWith(401)}, post: cell{1, refusedWith(401)}},
		{name: "403", answer: refusal(403), others: cell{1, refusedWith(403)}, post: cell{1, refusedWith(403)}},
		{name: "404", answer: refusal(404), others: cell{1, IsNotFound}, post: cell{1, IsNotFound}},
		{name: "404 as a web page", answer: html(404), others: cell{1, unreadable}, post: cell{1, unreadable}},
		{name: "404 of a router", answer: notRouted, others: cell{1, missing}, post: cell{1, missing}},
		{name: "405", answer: refusal(405), others: cell{1, missing}, post: cell{1, missing}},
		{name: "409", answer: refusal(409), others: cell{1, IsConflict}, post: cell{1, IsConflict}},
		{name: "409 as a web page", answer: html(409), others: cell{1, unreadable}, post: cell{1, unreadable}},
	}
	for _, tt := range tests {
		for method, call := range calls {
			t.Run(tt.name+"/"+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := serve(t, good, tt.dialErr)
					if tt.answer != nil {
						s = serve(t, inTurn(tt.answer, good))
					}
					c := s.client(Config{MaxRetries: DefaultMaxRetries})
					if tt.host != "" {
						c.base.Host = tt.host
					}
					want := tt.others
					if method == http.MethodPost {
						want = tt.post
					}
					if tt.name == "404" && (method == http.MethodGet || method == http.MethodDelete) {
						want.requests = 2 // the second one confirms that the service knows such objects
					}
					if tt.name == "truncated" && method == http.MethodDelete {
						want.requests = 1 // it is done
					}
					started := time.Now()
					err := call(t.Context(), c)
					if !want.want(err) {
						t.Errorf("unexpected outcome: %T %v", err, err)
					}
					if lost, ok := errors.AsType[*UnknownOutcomeError](err); ok && (!lost.Started.Equal(started) || lost.MayBeConflict != (tt.name == "500") || !strings.HasSuffix(err.Error(), "; it is unknown whether the service carried out this POST")) {
						t.Errorf("it began at %s, and the error is %+v", started, lost)
					}
					if n := len(s.got()); n != want.requests {
						t.Errorf("%d requests reached the service, want %d", n, want.requests)
					}
				})
			})
		}
	}
}

func TestRetriesEnd(t *testing.T) {
	for maxRetries, most := range map[int]time.Duration{
		0: 0,
		1: 500 * time.Millisecond,
		4: 7500 * time.Millisecond,
		8: 39500 * time.Millisecond, // 0.5 + 1 + 2 + 4 s, and then 8 s each
	} {
		t.Run(fmt.Sprint(maxRetries), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, refusal(500))
				started := time.Now()
				err := calls[http.MethodGet](t.Context(), s.client(Config{MaxRetries: maxRetries}))
				if n := len(s.got()); !hasStatus(err, 500) || n != maxRetries+1 {
					t.Errorf("got %v after %d requests, want the last answer after %d", err, n, maxRetries+1)
				}
				if took := time.Since(started); took < most/2 || took > most {
					t.Errorf("took %s, want %s to %s", took, most/2, most)
				}
			})
		})
	}
}

func TestNetworkErrorSaysHowOftenItWasTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, good, refusedDial, refusedDial, refusedDial)
		err := calls[http.MethodGet](t.Context(), s.client(Config{MaxRetries: 2}))
		if want := "GET /v2/projects/p1: dial tcp: connection refused (after 3 attempts)"; !errors.Is(err, syscall.ECONNREFUSED) || err.Error() != want || s.dials.Load() != 3 {
			t.Errorf("got %q after %d dials, want %q with the network's error in the chain", err, s.dials.Load(), want)
		}
	})
}

// A POST is repeated if it cannot have been sent.
func TestPostThatMayNotHaveBeenSent(t *testing.T) {
	for name, tt := range map[string]struct {
		baseURL string
		first   func(context.Context, *testing.T) (net.Conn, error)
		dials   int32
		want    func(error) bool
	}{
		"a dial without an end": {
			"http://localhost", func(ctx context.Context, _ *testing.T) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}, 2, func(err error) bool { return err == nil },
		},
		"a failed handshake": {
			DefaultBaseURL, func(context.Context, *testing.T) (net.Conn, error) {
				client, server := net.Pipe()
				server.Close()
				return client, nil
			}, 3, func(err error) bool { return err != nil && !isUnknown(err) },
		},
		// net/http cannot say how much of it will still go out.
		"a connection that takes the request's beginning": {
			"http://localhost", func(_ context.Context, t *testing.T) (net.Conn, error) {
				client, server := net.Pipe()
				t.Cleanup(func() { server.Close() })
				return client, nil
			}, 1, isUnknown,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, good)
				c := newClient(t, Config{
					BaseURL: tt.baseURL, MaxRetries: 2, RequestTimeout: time.Second,
					UserAgent: strings.Repeat("x", 1<<16), // more than net/http's buffer, so that the headers are not all written
				})
				var dials atomic.Int32
				c.transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
					if dials.Add(1) == 1 || tt.dials == 3 {
						return tt.first(ctx, t)
					}
					return s.dial(ctx, network, addr)
				}
				if err := calls[http.MethodPost](t.Context(), c); !tt.want(err) || dials.Load() != tt.dials {
					t.Errorf("got %v after %d dials, want %d", err, dials.Load(), tt.dials)
				}
			})
		})
	}
}

func isUnknown(err error) bool {
	_, unknown := errors.AsType[*UnknownOutcomeError](err)
	return unknown
}

func TestDeleteThenNotFound(t *testing.T) {
	isPlain := func(err error) bool { return IsNotFound(err) && !MayHaveDeleted(err) }
	unreadable404 := func(err error) bool {
		unreadable, ok := errors.AsType[*UnreadableError](err)
		return ok && unreadable.StatusCode == 404
	}
	for name, tt := range map[string]struct {
		first    http.HandlerFunc
		then     http.HandlerFunc
		dialErrs []error
		want     func(error) bool
	}{
		"dropped":                {drop, refusal(404), nil, MayHaveDeleted},
		"502":                    {html(502), refusal(404), nil, MayHaveDeleted},
		"502, then 410":          {html(502), refusal(410), nil, MayHaveDeleted},
		"unreadable":             {html(200), refusal(404), nil, MayHaveDeleted},
		"timeout":                {hang, refusal(404), nil, MayHaveDeleted},
		"dropped, then not sent": {drop, refusal(404), []error{nil, refusedDial}, MayHaveDeleted},
		"410":                    {refusal(410), refusal(410), nil, isPlain},
		"nothing sent before":    {refusal(404), refusal(404), []error{refusedDial}, isPlain},
		"429 deletes nothing":    {refusal(429), refusal(404), nil, isPlain},
		"a web page with 404":    {drop, html(404), nil, unreadable404},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, byLine{"DELETE /v2/projects/p1": inTurn(tt.first, tt.then), "GET /v2/projects": good}.answer, tt.dialErrs...)
				if err := s.client(Config{MaxRetries: 2}).DeleteProject(t.Context(), "p1"); !tt.want(err) {
					t.Errorf("got %v after %s", err, s.lines())
				}
			})
		})
	}
}

// Terraform cancels the context at the first interrupt, and keeps the results of calls in flight: a write
// on its way is seen through, a wait is not.
func TestInterrupt(t *testing.T) {
	late := func(w http.ResponseWriter, r *http.Request) {
		_ = sleep(r.Context(), time.Second) // of the bubble: the client has noticed by then
		good(w, r)
	}
	for name, first := range map[string]http.HandlerFunc{"late": late, "none": hang, "backoff": refusal(500), "pause": refusal(429, "Retry-After", "30")} {
		for method, call := range calls {
			t.Run(name+"/"+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					if method == http.MethodPost && name == "backoff" {
						return // a POST does not wait after a 500
					}
					s := serve(t, first)
					c := s.client(Config{MaxRetries: DefaultMaxRetries})
					ctx, interrupt := context.WithCancel(t.Context())
					defer time.AfterFunc(100*time.Millisecond, interrupt).Stop()
					started := time.Now()
					err := call(ctx, c)
					sent := method != http.MethodGet && (name == "late" || name == "none") // a write
					if took := time.Since(started); took > 100*time.Millisecond && !sent {
						t.Errorf("it ended after %s, not at the interrupt", took)
					}
					if done := sent && name == "late"; done != (err == nil) || !done && !errors.Is(err, context.Canceled) {
						t.Errorf("got %v", err)
					}
					if want := method == http.MethodPost && name == "none"; isUnknown(err) != want {
						t.Errorf("outcome unknown: %t, want %t (%v)", isUnknown(err), want, err)
					}
					if err := calls[http.MethodPatch](ctx, c); err == nil || len(s.got()) != 1 {
						t.Errorf("a write after the interrupt: %v; %d requests, want 1", err, len(s.got()))
					}
				})
			})
		}
	}
}

func TestPostsOfOneCallShareAnIdempotencyKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, inTurn(refusal(429), good))
		c := s.client(Config{})
		for range 2 {
			if err := calls[http.MethodPost](t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		var keys []string
		for _, r := range s.got() {
			keys = append(keys, r.header.Get("Idempotency-Key"))
		}
		if len(keys) != 3 || len(keys[0]) < 20 || keys[0] != keys[1] || keys[1] == keys[2] {
			t.Errorf("got %q, want one key for each call", keys)
		}
	})
}

func TestBackoff(t *testing.T) {
	for n, most := range map[int]time.Duration{
		1: 500 * time.Millisecond, 2: time.Second, 3: 2 * time.Second, 4: 4 * time.Second,
		5: 8 * time.Second, 6: 8 * time.Second, 1000: 8 * time.Second,
	} {
		seen := map[time.Duration]bool{}
		for range 100 {
			d := backoff(n)
			seen[d] = true
			if d <= most/2 || d > most {
				t.Fatalf("backoff(%d) = %s, want up to %s and more than its half", n, d, most)
			}
		}
		if len(seen) < 50 {
			t.Errorf("backoff(%d) has only %d values in 100: no jitter", n, len(seen))
		}
	}
}

func TestClockOfTheService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		ahead := now.Add(time.Hour) // the service's clock
		c := serve(t, answer(200, projectJSON, "Date", ahead.UTC().Format(http.TimeFormat))).client(Config{})
		if _, known := c.Now(); known || c.CreatedSince(ahead, now) {
			t.Error("it knows the service's clock before the first answer")
		}
		if err := calls[http.MethodGet](t.Context(), c); err != nil {
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
		time.Sleep(time.Minute)
		if now, known := c.Now(); !known || !now.Equal(ahead.Add(time.Minute)) {
			t.Errorf("got %s, %t; want %s", now, known, ahead.Add(time.Minute))
		}
	})
}
