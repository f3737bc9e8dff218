package traceloop

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func exchange(t *testing.T, c *Client, e Exchange) *Answer {
	t.Helper()
	if e.Method == "" {
		e.Method = http.MethodGet
	}
	if e.Path == "" {
		e.Path = contractPaths.Projects
	}
	answer, err := c.Exchange(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestExchangePassesOnWhatComes(t *testing.T) {
	for _, given := range []http.HandlerFunc{
		refusal(http.StatusNotFound), html(http.StatusOK), refusal(http.StatusServiceUnavailable, "Retry-After", "1"),
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
	} {
		want := httptest.NewRecorder()
		given(want, nil)
		s := &service{answers: []http.HandlerFunc{given}}
		got := exchange(t, onLoopback(t, s, Config{MaxRetries: DefaultMaxRetries}), Exchange{})
		if got.StatusCode != want.Code || string(got.Body) != want.Body.String() || got.Header.Get("X-Request-Id") != want.Header().Get("X-Request-Id") {
			t.Errorf("got %d %q, want %d %q", got.StatusCode, got.Body, want.Code, want.Body)
		}
		if n := len(s.got()); n != 1 {
			t.Errorf("%d: %d requests, want 1", want.Code, n)
		}
	}
}

func TestExchangeSendsWhatItIsTold(t *testing.T) {
	s := &service{}
	c := onLoopback(t, s, Config{})
	exchange(t, c, Exchange{Method: http.MethodPost, Body: map[string]string{"name": "A"}, Header: http.Header{"Idempotency-Key": {"mine"}}})
	exchange(t, c, Exchange{Header: http.Header{"Authorization": nil}})
	exchange(t, c, Exchange{Header: http.Header{"Authorization": {"Bearer other"}}})
	got := s.got()
	if got[0].body != `{"name":"A"}` || got[0].header.Get("Idempotency-Key") != "mine" || got[0].header.Get("Authorization") != "Bearer "+testKey {
		t.Errorf("the POST was %+v", got[0])
	}
	if _, there := got[1].header["Authorization"]; there || got[2].header.Get("Authorization") != "Bearer other" {
		t.Errorf("the keys were %q and %q", got[1].header["Authorization"], got[2].header["Authorization"])
	}
}

func TestExchangeKeepsTheKeyAtItsOrigin(t *testing.T) {
	elsewhere := &service{}
	other := httptest.NewServer(elsewhere)
	defer other.Close()
	s := &service{answers: []http.HandlerFunc{
		redirect(http.StatusFound, other.URL), redirect(http.StatusTemporaryRedirect, "/moved"), good, redirect(http.StatusTemporaryRedirect, "/moved"),
	}}
	c := onLoopback(t, s, Config{})
	if got := exchange(t, c, Exchange{}); got.StatusCode != http.StatusFound || len(elsewhere.got()) != 0 {
		t.Errorf("a redirect elsewhere: %d, %d requests there", got.StatusCode, len(elsewhere.got()))
	}
	if got := exchange(t, c, Exchange{}); got.StatusCode != http.StatusOK || s.got()[2].path != "/moved" {
		t.Errorf("a redirect within the origin: %d", got.StatusCode)
	}
	s.answers[2] = nil
	if got := exchange(t, c, Exchange{Method: http.MethodPost, Body: 1}); got.StatusCode != http.StatusTemporaryRedirect || len(s.got()) != 4 {
		t.Errorf("a redirect of a POST: %d, %d requests", got.StatusCode, len(s.got()))
	}
}

func TestExchangeWithoutAnAnswer(t *testing.T) {
	huge := func(w http.ResponseWriter, _ *http.Request) {
		chunk := strings.Repeat("x", 1<<20)
		for range 11 {
			io.WriteString(w, chunk)
		}
	}
	for want, given := range map[string]http.HandlerFunc{
		"larger than 10 MiB": huge, "is incomplete": truncated, "EOF": drop,
	} {
		c := onLoopback(t, &service{answers: []http.HandlerFunc{given}}, Config{MaxRetries: DefaultMaxRetries})
		_, err := c.Exchange(t.Context(), Exchange{Method: http.MethodPost, Path: contractPaths.Projects, Body: 1})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), testKey) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestExchangeWaitsAsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{answers: []http.HandlerFunc{refusal(http.StatusTooManyRequests, "Retry-After", "30")}}
		c, _ := inMemory(t, s, Config{})
		started := time.Now()
		got := exchange(t, c, Exchange{Method: http.MethodPost, Body: map[string]string{"name": "A"}})
		if waited := time.Since(started); got.StatusCode != http.StatusCreated || waited < 30*time.Second || waited > 32*time.Second {
			t.Errorf("%d after %s", got.StatusCode, waited)
		}
		if requests := s.got(); len(requests) != 2 || requests[1].body != requests[0].body {
			t.Errorf("the requests were %+v", requests)
		}
	})
}

func TestExchangeTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := inMemory(t, &service{answers: []http.HandlerFunc{hang}}, Config{RequestTimeout: 5 * time.Second})
		if _, err := c.Exchange(t.Context(), Exchange{Method: http.MethodGet, Path: "/"}); err == nil || !strings.Contains(err.Error(), "no answer within 5s") {
			t.Errorf("got %v", err)
		}
	})
}

// A write under way is finished; the next is not begun.
func TestExchangeInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	s := &service{answers: []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
		interrupt()
		good(w, r)
	}}}
	c := onLoopback(t, s, Config{})
	e := Exchange{Method: http.MethodPost, Path: contractPaths.Projects, Body: 1}
	if answer, err := c.Exchange(ctx, e); err != nil || answer.StatusCode != http.StatusCreated {
		t.Errorf("the write under way: %v, %v", answer, err)
	}
	if _, err := c.Exchange(ctx, e); err == nil || len(s.got()) != 1 {
		t.Errorf("the next: %v, %d requests", err, len(s.got()))
	}
}
