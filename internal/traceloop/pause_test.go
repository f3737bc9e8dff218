package traceloop

import (
	"math"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().UTC()
		httpDate := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
		tests := []struct {
			name, value, date string
			want              time.Duration
			told              bool
		}{
			{"seconds", "7", "", 7 * time.Second, true},
			{"seconds in white space", " 7 ", "", 7 * time.Second, true},
			{"zero", "0", "", 0, false},
			{"negative", "-3", "", 0, false},
			{"fraction", "1.5", "", 0, false},
			{"out of range", "99999999999999999999", "", math.MaxInt32 * time.Second, true},
			{"missing", "", "", 0, false},
			{"garbled", "soon", "", 0, false},
			{"date", httpDate(9 * time.Second), "", 9 * time.Second, true},
			{"date in the past", httpDate(-time.Second), "", 0, false},
			{"date by a clock that is an hour ahead", httpDate(time.Hour + 9*time.Second), httpDate(time.Hour), 9 * time.Second, true},
		}
		for _, tt := range tests {
			h := http.Header{}
			h.Set("Retry-After", tt.value)
			if tt.date != "" {
				h.Set("Date", tt.date)
			}
			got, told := retryAfter(h)
			if told != tt.told || told && got != tt.want {
				t.Errorf("%s: got %s, %t; want %s, %t", tt.name, got, told, tt.want, tt.told)
			}
		}
	})
}

// The forms of Retry-After, as they lengthen a call.
func TestWaitAsTold(t *testing.T) {
	tests := []struct {
		name        string
		answer      http.HandlerFunc
		least, most time.Duration
	}{
		{"seconds", refusal(429, "Retry-After", "5"), 5 * time.Second, 6 * time.Second},
		{"the longest", refusal(429, "Retry-After", "60"), 60 * time.Second, 61 * time.Second},
		{"date", func(w http.ResponseWriter, r *http.Request) {
			refusal(429, "Retry-After", time.Now().UTC().Add(5*time.Second).Format(http.TimeFormat))(w, r)
		}, 4 * time.Second, 6 * time.Second},
		{"missing", refusal(429), 250 * time.Millisecond, 1500 * time.Millisecond},
		{"garbled", refusal(429, "Retry-After", "later"), 250 * time.Millisecond, 1500 * time.Millisecond},
		{"zero", refusal(429, "Retry-After", "0"), 250 * time.Millisecond, 1500 * time.Millisecond},
		{"503", refusal(503, "Retry-After", "5"), 5 * time.Second, 6 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{answers: []http.HandlerFunc{tt.answer}}
				c, _ := inMemory(t, s, Config{MaxRetries: 1})
				started := time.Now()
				if err := calls[http.MethodGet](t.Context(), c); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(started); took < tt.least || took > tt.most {
					t.Errorf("took %s, want %s to %s", took, tt.least, tt.most)
				}
			})
		})
	}
}

func TestRateLimitIsNoFailure(t *testing.T) {
	for method, call := range calls {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limited := refusal(429, "Retry-After", "1")
				s := &service{answers: []http.HandlerFunc{limited, limited, limited, limited, limited, limited}}
				c, _ := inMemory(t, s, Config{MaxRetries: 0})
				if err := call(t.Context(), c); err != nil {
					t.Error(err)
				}
				if n := len(s.got()); n != 7 {
					t.Errorf("%d requests, want 7", n)
				}
			})
		})
	}
}

func TestTooLongAPauseFailsAtOnce(t *testing.T) {
	for _, status := range []int{429, 503} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{answers: []http.HandlerFunc{refusal(status, "Retry-After", "61")}}
				c, _ := inMemory(t, s, Config{MaxRetries: 1})
				started := time.Now()
				for range 2 { // the second call finds the pause without asking the service again
					err := as[*RateLimitError](t, calls[http.MethodGet](t.Context(), c))
					if want := started.Add(61 * time.Second); !err.Until.Equal(want) {
						t.Errorf("come back at %s, want %s", err.Until, want)
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
		requests := 0
		c, _ := inMemory(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests++
			refusal(429, "Retry-After", "30")(w, r)
		}), Config{})
		started := time.Now()
		as[*RateLimitError](t, calls[http.MethodPost](t.Context(), c))
		if took := time.Since(started); took < 9*time.Minute || took > maxPatience {
			t.Errorf("gave up after %s, want just under %s", took, maxPatience)
		}
		if requests < 15 || requests > 21 {
			t.Errorf("%d requests, want one for each half minute", requests)
		}
	})
}

// One 429 holds back every call of the client, and after the pause they do not all
// come at the same moment.
func TestPauseIsShared(t *testing.T) {
	for _, status := range []int{429, 503} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{answers: []http.HandlerFunc{refusal(status, "Retry-After", "20")}}
				c, _ := inMemory(t, s, Config{MaxRetries: 1})
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
		s := &service{answers: []http.HandlerFunc{refusal(503, "Retry-After", "20")}}
		c, _ := inMemory(t, s, Config{})
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
