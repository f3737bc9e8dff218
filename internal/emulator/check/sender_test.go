package check

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const senderKey = "tlm_TopSecretManagementKey0001"

func sendTo(t *testing.T, handler http.HandlerFunc) *traceloop.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client, err := traceloop.New(traceloop.Config{BaseURL: server.URL, Key: senderKey, UserAgent: "test", RequestTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func noWait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func TestPlainRequest(t *testing.T) {
	var seen []http.Header
	var bodies []string
	client := sendTo(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen, bodies = append(seen, r.Header.Clone()), append(bodies, string(body))
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusTemporaryRedirect)
		io.WriteString(w, "<html>")
	})
	for _, r := range []plainRequest{
		{method: http.MethodPost, path: "/v2/projects", body: map[string]string{"name": "A"}, header: http.Header{"Idempotency-Key": {"mine"}}},
		{method: http.MethodGet, path: "/v2/projects", header: http.Header{"Authorization": nil}},
		{method: http.MethodGet, path: "/v2/projects", header: http.Header{"Authorization": {"Bearer other"}}},
	} {
		answer, err := r.via(t.Context(), client, noWait)
		if err != nil || answer.status != http.StatusTemporaryRedirect || string(answer.body) != "<html>" {
			t.Errorf("got %+v, %v; want the answer as it is", answer, err)
		}
	}
	if len(seen) != 3 || bodies[0] != `{"name":"A"}` || seen[0].Get("Idempotency-Key") != "mine" || seen[0].Get("Authorization") != "Bearer "+senderKey {
		t.Fatalf("the requests are %v with %q", seen, bodies)
	}
	if _, there := seen[1]["Authorization"]; there || seen[2].Get("Authorization") != "Bearer other" {
		t.Errorf("the keys are %q and %q", seen[1]["Authorization"], seen[2]["Authorization"])
	}
}

func TestPlainRequestWithoutAnAnswer(t *testing.T) {
	for want, handler := range map[string]http.HandlerFunc{
		"larger than 10 MiB": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat("x", 11<<20)) },
		"is incomplete": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "x")
		},
		"EOF":      func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"exceeded": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		requests := 0
		client := sendTo(t, func(w http.ResponseWriter, r *http.Request) {
			requests++
			io.Copy(io.Discard, r.Body)
			handler(w, r)
		})
		_, err := plainRequest{method: http.MethodPost, path: "/v2/projects", body: 1}.via(t.Context(), client, noWait)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), senderKey) || requests != 1 {
			t.Errorf("got %v after %d requests, want %q after one", err, requests, want)
		}
	}
}

func TestPlainRequestWaitsAsTold(t *testing.T) {
	var bodies []string
	client := sendTo(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if bodies = append(bodies, string(body)); len(bodies) < 3 {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	var waited time.Duration
	wait := func(_ context.Context, d time.Duration) error {
		waited += d
		return nil
	}
	answer, err := plainRequest{method: http.MethodPost, path: "/v2/projects", body: 1}.via(t.Context(), client, wait)
	if err != nil || answer.status != http.StatusOK || waited != time.Minute || strings.Join(bodies, "") != "111" {
		t.Errorf("got %+v, %v after %s and the bodies %q", answer, err, waited, bodies)
	}
}

func TestPlainRequestGivesUpWaiting(t *testing.T) {
	for retryAfter, want := range map[string]int{"": maxPauses + 1, "3600": 1} {
		requests := 0
		client := sendTo(t, func(w http.ResponseWriter, _ *http.Request) {
			requests++
			w.Header().Set("Retry-After", retryAfter)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		answer, err := plainRequest{method: http.MethodGet, path: "/v2/projects"}.via(t.Context(), client, noWait)
		if err != nil || answer.status != http.StatusTooManyRequests || requests != want {
			t.Errorf("Retry-After %q: got %+v, %v after %d requests, want %d", retryAfter, answer, err, requests, want)
		}
	}
}

// A write on its way is finished; the next one is not begun.
func TestPlainRequestInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	requests := 0
	client := sendTo(t, func(w http.ResponseWriter, _ *http.Request) {
		requests++
		interrupt()
		w.WriteHeader(http.StatusCreated)
	})
	r := plainRequest{method: http.MethodPost, path: "/v2/projects", body: 1}
	if answer, err := r.via(ctx, client, noWait); err != nil || answer.status != http.StatusCreated {
		t.Errorf("the write on its way: %+v, %v", answer, err)
	}
	if _, err := r.via(ctx, client, noWait); err == nil || requests != 1 {
		t.Errorf("the next: %v after %d requests", err, requests)
	}
}
