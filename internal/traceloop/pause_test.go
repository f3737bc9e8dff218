package traceloop

import (
	"math"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The forms of Retry-After, as they lengthen a call.
func TestRetryAfter(t *testing.T) {
	const (
		none     = 0                               // a backoff instead
		midnight = "Sat, 01 Jan 2000 00:00:00 GMT" // when the clock of each synctest bubble begins
	)
	tests := []struct {
		name, value, date string
		status            int
		want              time.Duration
	}{
		{"seconds", "7", "", 429, 7 * time.Second},
		{"seconds with a 503", "7", "", 503, 7 * time.Second},
		{"seconds in white space", " 7 ", "", 429, 7 * time.Second},
		{"the longest", "60", "", 429, time.Minute},
		{"out of range", "99999999999999999999", "", 429, math.MaxInt32 * time.Second},
		{"zero", "0", "", 429, none},
		{"negative", "-3", "", 429, none},
		{"fraction", "1.5", "", 429, none},
		{"missing", "", "", 429, none},
		{"garbled", "soon", "", 429, none},
		{"date", "Sat, 01 Jan 2000 00:00:09 GMT", midnight, 429, 9 * time.Second},
		{"date in the past", "Fri, 31 Dec 1999 23:59:59 GMT", midnight, 429, none},
		{"date by a clock that is an hour ahead", "Sat, 01 Jan 2000 01:00:09 GMT", "Sat, 01 Jan 2000 01:00:00 GMT", 429, 9 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				started := time.Now()
				headers := []string{"Retry-After", tt.value}
				if tt.date != "" {
					headers = append(headers, "Date", tt.date)
				}
				err := calls[http.MethodGet](t.Context(), serve(t, inTurn(refusal(tt.status, headers...), good)).client(Config{MaxRetries: 1}))
				least, most := tt.want, tt.want+resumeSpread
				if tt.want == none {
					least, most = minBackoff/2, minBackoff+resumeSpread
				}
				if tt.want > maxPause {
					if left := as[*RateLimitError](t, err).Until.Sub(started); left != tt.want {
						t.Errorf("it asks to come back in %s, want %s", left, tt.want)
					}
				} else if took := time.Since(started); err != nil || took < least || took > most {
					t.Errorf("got %v after %s, want %s to %s", err, took, least, most)
				}
			})
		})
	}
}

func TestRateLimitIsNoFailure(t *testing.T) {
	for method, call := range calls {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limited := slices.Repeat([]http.HandlerFunc{refusal(429, "Retry-After", "1")}, 6)
				s := serve(t, inTurn(append(limited, good)...))
				if err := call(t.Context(), s.client(Config{})); err != nil || len(s.got()) != 7 {
					t.Errorf("got %v after %d requests, want success after 7", err, len(s.got()))
				}
			})
		})
	}
}

func TestTooLongAPauseFailsAtOnce(t *testing.T) {
	for _, status := range []int{429, 503} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, refusal(status, "Retry-After", "61"))
				c := s.client(Config{MaxRetries: 1})
				started := time.Now()
				for range 2 { // the second call finds the pause without asking the service again
					err := as[*RateLimitError](t, calls[http.MethodGet](t.Context(), c))
					if want := started.Add(61 * time.Second); !err.Until.Equal(want) {
						t.Errorf("come back at %s, want %s", err.Until, want)
					}
					if want := "GET /v2/projects/p1: the service accepts no requests until 2000-01-01T00:01:01Z, which is longer than the provider waits"; err.Error() != want {
						t.Errorf("got %q, want %q", err, want)
					}
				}
				if time.Since(started) != 0 {
					t.Errorf("waited %s, want an error at once", time.Since(started))
				}
				if n := len(s.got()); n != 1 {
					t.Errorf("%d requests, want 1", n)
				}
			})
		})
	}
}

func TestEndlessRateLimitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, refusal(429, "Retry-After", "30"))
		started := time.Now()
		as[*RateLimitError](t, calls[http.MethodPost](t.Context(), s.client(Config{})))
		if took := time.Since(started); took < 9*time.Minute || took > maxPatience {
			t.Errorf("gave up after %s, want just under %s", took, maxPatience)
		}
		if n := len(s.got()); n < 15 || n > 21 {
			t.Errorf("%d requests, want one for each half minute", n)
		}
	})
}

// One 429 holds back every call of the client, and after the pause they do not all
// come at the same moment.
func TestPauseIsShared(t *testing.T) {
	for _, status := range []int{429, 503} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, inTurn(refusal(status, "Retry-After", "20"), good))
				c := s.client(Config{MaxRetries: 1})
				started := time.Now()
				var wg sync.WaitGroup
				call := func(method string) {
					wg.Go(func() {
						if err := calls[method](t.Context(), c); err != nil {
							t.Error(err)
						}
					})
				}
				call(http.MethodPatch)
				synctest.Wait() // it has its answer and waits
				sleep(t.Context(), 5*time.Second)
				for range 10 {
					call(http.MethodPatch)
					call(http.MethodPost)
				}
				synctest.Wait()
				if n := len(s.got()); n != 1 {
					t.Fatalf("%d requests in the pause, want none beside the first", n-1)
				}
				wg.Wait()

				times := map[time.Time]bool{}
				for _, r := range s.got()[1:] {
					times[r.at] = true
					if after := r.at.Sub(started); after < 20*time.Second || after > 20*time.Second+resumeSpread {
						t.Errorf("a request after %s, want 20 s and up to %s", after, resumeSpread)
					}
				}
				if len(times) < 15 {
					t.Errorf("21 calls came back at %d different times: a stampede", len(times))
				}
			})
		})
	}
}

// The look-up that settles a POST's outcome is to come after the pause.
func TestPostAnswered503SetsThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := serve(t, inTurn(refusal(503, "Retry-After", "20"), good)).client(Config{})
		started := time.Now()
		err := as[*UnknownOutcomeError](t, calls[http.MethodPost](t.Context(), c))
		if as[*Error](t, err).StatusCode != 503 || time.Since(started) != 0 {
			t.Errorf("got %v after %s, want the 503 at once", err, time.Since(started))
		}
		if err := calls[http.MethodGet](t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(started); took < 20*time.Second {
			t.Errorf("the next call came after %s, want 20 s", took)
		}
	})
}

func TestPauseIsNeverShortened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pause
		p.extend(30 * time.Second)
		p.extend(time.Second)
		if left := time.Until(p.end()); left != 30*time.Second {
			t.Errorf("%s left, want 30s", left)
		}
	})
}
