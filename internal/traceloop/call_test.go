package traceloop

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// None of these answers may pass for a project, nor may their contents show.
func TestAnswersThatAreNoProject(t *testing.T) {
	replace := func(from, to string) http.HandlerFunc {
		if !strings.Contains(projectJSON, from) {
			t.Fatalf("%s is not in the answer", from)
		}
		return answer(http.StatusOK, strings.Replace(projectJSON, from, to, 1))
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		reason string
		api    bool // it comes from the API
	}{
		{"web page", html(200), "its content type is text/html", false},
		{"JSON called text", answer(200, projectJSON, "Content-Type", "text/plain"), "its content type is text/plain", false},
		{"malformed content type", answer(200, projectJSON, "Content-Type", ";"), "its content type is missing or malformed", false},
		{"web page called JSON", answer(200, "<html>secret</html>"), "its body is not JSON", false},
		{"empty", answer(200, ""), "its body is empty", false},
		{"no content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, "its body is empty", false},
		{"half the JSON", answer(200, projectJSON[:len(projectJSON)/2]), "its body is not JSON", false},
		{"broken off", truncated, "its body is incomplete", false},
		{"two objects", answer(200, projectJSON+projectJSON), "its body is not JSON", false},
		{"broken gzip", answer(200, "secret", "Content-Encoding", "gzip"), "its body is incomplete", false},
		{"list", answer(200, "["+projectJSON+"]"), "its body is not a JSON object", true},
		{"string", answer(200, `"secret"`), "its body is not a JSON object", true},
		{"null", answer(200, "null"), "its body is not a JSON object", true},
		{"endless", endless, "its body is larger than 10 MiB", false},
		{"id empty", replace(`"id":"p1"`, `"id":""`), "its field id is empty", true},
		{"created_at garbled", replace(`"2026-01-02T03:04:05Z"`, `"secret"`), "its field created_at is not an RFC 3339 time", true},
		{"created_at a number", replace(`"2026-01-02T03:04:05Z"`, `1767323045`), "its field created_at is not an RFC 3339 time", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			project, err := serve(t, tt.answer).client(Config{}).GetProject(t.Context(), "p1")
			var got MismatchError
			if tt.api {
				got = *as[*MismatchError](t, err)
			} else {
				unreadable := as[*UnreadableError](t, err)
				got = MismatchError{unreadable.Answer, unreadable.Reason}
			}
			if project != nil || got.Reason != tt.reason {
				t.Errorf("got %+v and %q, want %q", project, got.Reason, tt.reason)
			}
			if got.StatusCode/100 != 2 || got.Method != "GET" || got.Path != "/v2/projects/p1" {
				t.Errorf("got %+v, want the operation and its status", got)
			}
			for _, part := range []string{"secret", "Orders", "1767323045"} {
				if strings.Contains(err.Error(), part) {
					t.Errorf("%q shows the body", err)
				}
			}

			// The same answer to a POST hides whether there is a new key now.
			s := serve(t, tt.answer)
			as[*UnknownOutcomeError](t, calls[http.MethodPost](t.Context(), s.client(Config{MaxRetries: DefaultMaxRetries})))
			if len(s.got()) != 1 {
				t.Errorf("%d POSTs, want 1", len(s.got()))
			}
		})
	}
}

func TestReadableAnswers(t *testing.T) {
	zip := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, projectJSON)
		z.Close()
	}
	for name, good := range map[string]http.HandlerFunc{
		"charset":         answer(200, projectJSON, "Content-Type", "application/json; charset=utf-8"),
		"vendor's JSON":   answer(200, projectJSON, "Content-Type", "application/vnd.traceloop+json"),
		"white space":     answer(200, "\n "+projectJSON+"\n"),
		"unknown fields":  answer(200, strings.Replace(projectJSON, "{", `{"owner":{"id":null},"api_key":7,`, 1)),
		"time zone":       answer(200, strings.Replace(projectJSON, "2026-01-02T03:04:05Z", "2026-01-02T04:04:05.000+01:00", 1)),
		"gzip":            zip,
		"10 MiB, exactly": answer(200, projectJSON+strings.Repeat(" ", maxBody-len(projectJSON))),
	} {
		project, err := serve(t, good).client(Config{}).GetProject(t.Context(), "p1")
		if err != nil || project.ID != "p1" || !project.CreatedAt.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
			t.Errorf("%s: got %+v, %v", name, project, err)
		}
	}
}

// endless sends a body without end, as fast as it is read.
func endless(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	chunk := bytes.Repeat([]byte(" "), 1<<16)
	for {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func TestRequestTimeout(t *testing.T) {
	drip := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			for sleep(r.Context(), 100*time.Millisecond) == nil {
				io.WriteString(w, " ")
				w.(http.Flusher).Flush()
			}
		}
	}
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		takes  time.Duration
		says   string
	}{
		"no answer":             {hang, 3 * time.Second, "GET /v2/projects/p1: no answer within 3s"},
		"a slow 200":            {drip(200), 3 * time.Second, "the answer (200 OK) does not come from the Traceloop API: its body did not arrive in time"},
		"a slow 404":            {drip(404), 3 * time.Second, "the answer (404 Not Found) does not come from the Traceloop API: its body did not arrive in time"},
		"a slow 409":            {drip(409), 3 * time.Second, "the answer (409 Conflict) does not come from the Traceloop API: its body did not arrive in time"},
		"a slow 401":            {drip(401), 3 * time.Second, "401 Unauthorized: no reason given: its body did not arrive in time"},
		"a pause is no attempt": {inTurn(refusal(429, "Retry-After", "30"), good), 30 * time.Second, "<nil>"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := serve(t, tt.answer).client(Config{RequestTimeout: 3 * time.Second})
				started := time.Now()
				err := calls[http.MethodGet](t.Context(), c)
				if took := time.Since(started); took < tt.takes || took > tt.takes+resumeSpread {
					t.Errorf("took %s, want %s", took, tt.takes)
				}
				if errors.Is(err, context.Canceled) || !strings.HasSuffix(fmt.Sprint(err), tt.says) {
					t.Errorf("got %v, want %q", err, tt.says)
				}
			})
		})
	}
}

// Whatever the body is, the status is not lost; and 404 and 409 count only in the
// API's words.
func TestRefusals(t *testing.T) {
	tests := []struct {
		name    string
		answer  http.HandlerFunc
		message string // of an *Error; of an *UnreadableError if it is empty
		reason  string
	}{
		{"409", answer(409, `{"error":"A project named \"x\" exists already."}`), `A project named "x" exists already.`, ""},
		{"409 with more", answer(409, `{"error":"Taken.","code":17}`), "Taken.", ""},
		{"409 as a web page", html(409), "", "its content type is text/html"},
		{"410 as a web page", html(410), "", "its content type is text/html"},
		{"404 with no message", answer(404, `{}`), "", "its body has no error message"},
		{"404 of another API", answer(404, `{"error":{"code":5}}`), "", "its body has no error message"},
		{"404 with an empty message", answer(404, `{"error":""}`), "", "its body has no error message"},
		{"404 with an empty body", answer(404, ``), "", "its body is empty"},
		{"404 broken off", answer(404, `{"error":"No su`), "", "its body is not JSON"},
		{"404 of a gateway", answer(404, `{"message":"no Route matched with those values"}`), "", `its body has no error message, but "no Route matched with those values"`},
		{"401 as a web page", html(401), "no reason given: its content type is text/html", ""},
		{"403 empty", answer(403, ""), "no reason given: its body is empty", ""},
		{"401 of a gateway", answer(401, `{"message":"Unauthorized"}`), "Unauthorized", ""},
		{"418 of another API", answer(418, `{"reason":"teapot"}`), "no reason given: its body has no error message", ""},
		{"500 endless", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			endless(w, r)
		}, "no reason given: its body is larger than 10 MiB", ""},
		{"304", answer(304, ""), "no reason given: its body is empty", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := calls[http.MethodGet](t.Context(), serve(t, tt.answer).client(Config{}))
			var status int
			if tt.message != "" {
				refused := as[*Error](t, err)
				status = refused.StatusCode
				if refused.Message != tt.message {
					t.Errorf("got %q, want %q", refused.Message, tt.message)
				}
			} else {
				unreadable := as[*UnreadableError](t, err)
				status = unreadable.StatusCode
				if unreadable.Reason != tt.reason {
					t.Errorf("got %q, want %q", unreadable.Reason, tt.reason)
				}
				if IsNotFound(err) || IsConflict(err) {
					t.Errorf("%v counts as the API's word", err)
				}
			}
			if !strings.HasPrefix(tt.name, statusLine(status)[:3]) {
				t.Errorf("got status %d", status)
			}
		})
	}
}

func TestSanitize(t *testing.T) {
	c := newClient(t, Config{BaseURL: DefaultBaseURL})
	for in, want := range map[string]string{
		"Plain.":                        "Plain.",
		"two\nlines\x1b[31m":            "two lines [31m",
		"unknown key " + testKey + ".":  "unknown key **************************0001.",
		strings.Repeat("ü", maxMessage): strings.Repeat("ü", maxMessage),
		strings.Repeat("ü", 2000):       strings.Repeat("ü", maxMessage) + "…",
	} {
		if got := c.sanitize(in); got != want {
			t.Errorf("sanitize(%q) = %q, want %q", in, got, want)
		}
	}
}
