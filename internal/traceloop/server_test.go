package traceloop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const testKey = "tlm_TopSecretManagementKey0001"

const (
	projectJSON     = `{"id":"p1","name":"Orders","slug":"orders","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:06Z"}`
	environmentJSON = `{"id":"e1","name":"EU Production","slug":"eu-production","scope":"project","project_id":"p1","built_in":false,"created_at":"2026-01-02T03:04:05Z"}`
	sharedJSON      = `{"id":"e2","name":"QA","slug":"qa","scope":"organization","project_id":null,"built_in":false,"created_at":"2026-01-02T03:04:05Z"}`
	apiKeyJSON      = `{"id":"k1","project_id":"p1","environment":"prd","masked_key":"tl_****Wx3k","created_at":"2026-01-02T03:04:05Z"}`
	generatedKey    = "tl_GeneratedSecretForOrdersWx3k"
	generatedJSON   = `{"id":"k1","project_id":"p1","environment":"prd","masked_key":"tl_****Wx3k","created_at":"2026-01-02T03:04:05Z","api_key":"` + generatedKey + `"}`
)

var discardLog = log.New(io.Discard, "", 0)

// seen is one request as a server got it.
type seen struct {
	method, path, query, body string
	header                    http.Header
	at                        time.Time
}

// service is an API whose answers a test writes down: the nth request gets the nth
// answer, and those after the last one get a good answer.
type service struct {
	answers []http.HandlerFunc

	mu       sync.Mutex
	requests []seen
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	n := len(s.requests)
	s.requests = append(s.requests, seen{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, string(body), r.Header.Clone(), time.Now()})
	s.mu.Unlock()
	if n < len(s.answers) {
		s.answers[n](w, r)
		return
	}
	good(w, r)
}

func (s *service) got() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]seen(nil), s.requests...)
}

// good is the answer to an operation that succeeds.
func good(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	case http.MethodGet:
		body := projectJSON
		if strings.Count(r.URL.Path, "/") == 2 { // a collection
			body = `{"data":[],"next_cursor":"","total_results":0}`
		}
		answer(http.StatusOK, body)(w, r)
	case http.MethodPost:
		body := projectJSON
		if r.URL.Path == contractPaths.APIKeys {
			body = generatedJSON
		}
		answer(http.StatusCreated, body)(w, r)
	default:
		answer(http.StatusOK, projectJSON)(w, r)
	}
}

// answer is a JSON answer; headers are name, value, name, value….
func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Request-Id", "req-1")
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// refusal is an answer in the words of the API.
func refusal(status int, headers ...string) http.HandlerFunc {
	return answer(status, fmt.Sprintf(`{"error":"Refused with %d."}`, status), headers...)
}

// notRouted is the answer of a Go service's router.
var notRouted = answer(404, "404 page not found", "Content-Type", "text/plain")

func html(status int) http.HandlerFunc {
	return answer(status, "<html>secret page</html>", "Content-Type", "text/html; charset=utf-8")
}

// drop closes the connection without an answer, after the request was read.
func drop(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

// truncated promises a body and sends half of it.
func truncated(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", fmt.Sprint(len(projectJSON)))
	io.WriteString(w, projectJSON[:len(projectJSON)/2])
}

// hang answers nothing until the client goes away.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// network is a network in memory, for tests in a synctest bubble: there the clock
// stands still while a test waits for a real one.
type network struct {
	conns    chan net.Conn
	closed   chan struct{}
	dials    atomic.Int32
	dialErrs []error // the nth dial fails with the nth error, if it is not nil
}

func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if i := int(n.dials.Add(1)); i <= len(n.dialErrs) && n.dialErrs[i-1] != nil {
		return nil, n.dialErrs[i-1]
	}
	client, server := net.Pipe()
	select {
	case n.conns <- server:
		return client, nil
	case <-n.closed:
		return nil, syscall.ECONNREFUSED
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case conn := <-n.conns:
		return conn, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

func (n *network) Close() error { return nil }

// inMemory serves s to a client within a synctest bubble, dials failing as told.
func inMemory(t *testing.T, s http.Handler, config Config, dialErrs ...error) (*Client, *network) {
	t.Helper()
	n := &network{conns: make(chan net.Conn), closed: make(chan struct{}), dialErrs: dialErrs}
	config.BaseURL = "http://localhost"
	c := newClient(t, config)
	c.base.Host = "api.traceloop.test" // plain http, which ParseBaseURL takes to loopback alone
	c.transport.DialContext = n.dial
	server := &http.Server{Handler: s, ErrorLog: discardLog}
	go server.Serve(n)
	t.Cleanup(func() {
		close(n.closed)
		server.Close()
		c.transport.CloseIdleConnections()
	})
	return c, n
}

// onLoopback serves s to a client over TCP.
func onLoopback(t *testing.T, s http.Handler, config Config) *Client {
	t.Helper()
	server := httptest.NewUnstartedServer(s)
	server.Config.ErrorLog = discardLog
	server.Start()
	t.Cleanup(server.Close)
	config.BaseURL = server.URL
	return newClient(t, config)
}

func newClient(t *testing.T, config Config) *Client {
	t.Helper()
	if config.Key == "" {
		config.Key = testKey
	}
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.transport.CloseIdleConnections)
	return c
}

// as returns the error of type E in err's chain, or stops the test.
func as[E error](t *testing.T, err error) E {
	t.Helper()
	e, ok := errors.AsType[E](err)
	if !ok {
		t.Fatalf("got %T %v, want a %T", err, err, e)
	}
	return e
}

// calls are one operation per method. The POST is the one that is never repeated.
var calls = map[string]func(context.Context, *Client) error{
	http.MethodGet: func(ctx context.Context, c *Client) error {
		_, err := c.GetProject(ctx, "p1")
		return err
	},
	http.MethodPost: func(ctx context.Context, c *Client) error {
		_, err := c.CreateAPIKey(ctx, APIKeyRequest{ProjectID: "p1", Environment: "prd"})
		return err
	},
	http.MethodPatch: func(ctx context.Context, c *Client) error {
		_, err := c.UpdateProject(ctx, "p1", ProjectRequest{Name: "Orders"})
		return err
	},
	http.MethodDelete: func(ctx context.Context, c *Client) error {
		return c.DeleteProject(ctx, "p1")
	},
}

func decodeJSON(t *testing.T, s string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func encodeJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
