package traceloop

import (
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// net/http sends a request with an Idempotency-Key again by itself when a reused
// connection breaks. The first test shows that it does, so that the second one proves
// something.
func TestNetHTTPReplaysIdempotentPost(t *testing.T) {
	posts := replays(t, func(c *Client) error {
		send := func() error {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.base.String(), strings.NewReader("{}"))
			if err != nil {
				return err
			}
			req.Header.Set("Idempotency-Key", "once")
			resp, err := c.transport.RoundTrip(req)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, resp.Body) // to the end, so that the connection is reused
			return errors.Join(err, resp.Body.Close())
		}
		if err := send(); err != nil {
			return err
		}
		return send()
	})
	if posts < 3 {
		t.Fatalf("%d POSTs for 2 calls: net/http has changed and the next test proves nothing", posts)
	}
}

func TestPostOnBrokenReusedConnectionIsSentOnce(t *testing.T) {
	posts := replays(t, func(c *Client) error {
		if err := calls[http.MethodPost](t.Context(), c); err != nil {
			return err
		}
		as[*UnknownOutcomeError](t, calls[http.MethodPost](t.Context(), c))
		return nil
	})
	if posts != 2 {
		t.Errorf("%d POSTs for 2 calls", posts)
	}
}

// replays counts the POSTs that arrive at a server which answers the first one on a
// connection and drops the connection at the second.
func replays(t *testing.T, send func(*Client) error) int {
	t.Helper()
	s := &service{answers: []http.HandlerFunc{good, drop, good}}
	c := onLoopback(t, s, Config{MaxRetries: DefaultMaxRetries})
	if err := send(c); err != nil {
		t.Fatal(err)
	}
	return len(s.got())
}

func TestPostOverHTTP2IsSentOnce(t *testing.T) {
	var posts, resets atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("the request came over %s", r.Proto)
		}
		if posts.Add(1) == 1 {
			good(w, r)
			return
		}
		resets.Add(1)
		panic(http.ErrAbortHandler) // resets the stream
	}))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = discardLog
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	c := newClient(t, Config{BaseURL: server.URL, RootCAs: roots, MaxRetries: DefaultMaxRetries})

	if err := calls[http.MethodPost](t.Context(), c); err != nil {
		t.Fatal(err)
	}
	as[*UnknownOutcomeError](t, calls[http.MethodPost](t.Context(), c))
	if posts.Load() != 2 || resets.Load() != 1 {
		t.Errorf("%d POSTs, %d resets; want 2 and 1", posts.Load(), resets.Load())
	}
}
