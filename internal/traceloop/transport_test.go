package traceloop

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// No redirect is followed, and only the origin of its target is shown.
func TestRedirectIsRefused(t *testing.T) {
	for location, shown := range map[string]string{
		"http://127.0.0.1:4319/v2/projects/p1?token=hidden": "it redirects to http://127.0.0.1:4319,",
		"https://evil.example/v2/hidden":                    "it redirects to https://evil.example:443,",
		"/v2/hidden":                                        "it redirects to http://api.traceloop.test:80,",
		"://hidden":                                         "it redirects to http://api.traceloop.test:80,",
		"":                                                  "it redirects to nowhere,",
	} {
		for method, call := range calls {
			for _, status := range []int{301, 302, 303, 307, 308} {
				s := serve(t, answer(status, "", "Location", location)) // of all hosts
				err := call(t.Context(), s.client(Config{MaxRetries: DefaultMaxRetries}))
				if as[*UnreadableError](t, err).StatusCode != status || isUnknown(err) || !strings.Contains(err.Error(), shown) || strings.Contains(err.Error(), "hidden") || len(s.got()) != 1 {
					t.Errorf("%s, %d to %q: got %q after %d requests, want the status and %q", method, status, location, err, len(s.got()), shown)
				}
			}
		}
	}
}

// overTLS starts a server and returns a client that trusts its certificate.
func overTLS(t *testing.T, server *httptest.Server) *Client {
	t.Helper()
	server.Config.ErrorLog = discardLog
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return newClient(t, Config{BaseURL: server.URL, RootCAs: roots, MaxRetries: DefaultMaxRetries})
}

func TestPrivateAuthority(t *testing.T) {
	var requests, handshakes atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		good(w, r)
	}))
	server.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		handshakes.Add(1)
		return nil, nil
	}}
	trusting := overTLS(t, server)
	if err := calls[http.MethodGet](t.Context(), trusting); err != nil {
		t.Fatalf("with the authority's certificate: %v", err)
	}

	handshakes.Store(0)
	for method, call := range calls {
		for name, roots := range map[string]*x509.CertPool{"system": nil, "none": x509.NewCertPool()} {
			c := newClient(t, Config{BaseURL: server.URL, RootCAs: roots, MaxRetries: DefaultMaxRetries})
			as[*tls.CertificateVerificationError](t, call(t.Context(), c))
			if handshakes.Load() != 1 {
				t.Errorf("%s, roots %s: %d handshakes, want 1", method, name, handshakes.Load())
			}
			handshakes.Store(0)
		}
	}
	trusting = newClient(t, Config{BaseURL: server.URL, RootCAs: trusting.transport.TLSClientConfig.RootCAs, MaxRetries: DefaultMaxRetries})
	trusting.transport.TLSClientConfig.ServerName = "other.test"
	as[x509.HostnameError](t, calls[http.MethodGet](t.Context(), trusting))
	if requests.Load() != 1 || handshakes.Load() != 1 {
		t.Errorf("%d requests, want only the trusting client's; %d handshakes for another host, want 1", requests.Load(), handshakes.Load())
	}
}

func TestTLSVersions(t *testing.T) {
	for version, accepted := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(good))
		server.TLS = &tls.Config{MinVersion: version, MaxVersion: version}
		c := overTLS(t, server)
		c.maxRetries = 0
		if err := calls[http.MethodGet](t.Context(), c); (err == nil) != accepted {
			t.Errorf("%s: got %v; want it accepted: %t", tls.VersionName(version), err, accepted)
		}
	}
}

func TestHTTPServerAtAnHTTPSAddressIsNotRetried(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(good))
	defer server.Close()
	c := newClient(t, Config{BaseURL: strings.Replace(server.URL, "http:", "https:", 1), MaxRetries: DefaultMaxRetries})
	err := calls[http.MethodGet](t.Context(), c)
	if !errors.Is(err, http.ErrSchemeMismatch) || strings.Contains(err.Error(), "attempts") {
		t.Errorf("got %v, want the mismatch at once", err)
	}
}

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
	s := serve(t, inTurn([]http.HandlerFunc{good, drop, good}...))
	if err := send(s.client(Config{MaxRetries: DefaultMaxRetries})); err != nil {
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
	c := overTLS(t, server)
	if err := calls[http.MethodPost](t.Context(), c); err != nil {
		t.Fatal(err)
	}
	as[*UnknownOutcomeError](t, calls[http.MethodPost](t.Context(), c))
	if posts.Load() != 2 || resets.Load() != 1 {
		t.Errorf("%d POSTs, %d resets; want 2 and 1", posts.Load(), resets.Load())
	}
}
