package traceloop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	testKey        = "tlm_TopSecretManagementKey0001"
	testProjectKey = "tl_TopSecretProjectKey0001"
)

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

// line is the method and the path, without the collections that a project's key reaches, and the query
// without the limit.
func (r seen) line() string {
	query, _ := url.ParseQuery(r.query)
	query.Del("limit")
	return r.method + " " + strings.TrimSuffix(shorter.Replace(r.path)+"?"+query.Encode(), "?")
}

var shorter = strings.NewReplacer(contractPaths.AutoMonitorSetups, "", contractPaths.Evaluators, "")

// service is a service on a network in memory. It answers as a test says, and notes the requests. In a
// synctest bubble, the clock stands still while a test waits for a real network.
type service struct {
	t        *testing.T
	conns    chan net.Conn
	closed   chan struct{}
	dials    atomic.Int32
	dialErrs []error // the nth dial fails with the nth error, unless it is nil

	mu       sync.Mutex
	requests []seen
	told     int // how many of them lines has returned
}

func serve(t *testing.T, answers http.HandlerFunc, dialErrs ...error) *service {
	t.Helper()
	s := &service{t: t, conns: make(chan net.Conn), closed: make(chan struct{}), dialErrs: dialErrs}
	server := &http.Server{ErrorLog: discardLog, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.mu.Lock()
		s.requests = append(s.requests, seen{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, string(body), r.Header.Clone(), time.Now()})
		s.mu.Unlock()
		answers(w, r)
	})}
	go server.Serve(s)
	t.Cleanup(func() {
		close(s.closed)
		server.Close()
	})
	return s
}

func (s *service) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if i := int(s.dials.Add(1)); i <= len(s.dialErrs) && s.dialErrs[i-1] != nil {
		return nil, s.dialErrs[i-1]
	}
	client, server := net.Pipe()
	select {
	case s.conns <- server:
		return client, nil
	case <-s.closed:
		return nil, syscall.ECONNREFUSED
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *service) Accept() (net.Conn, error) {
	select {
	case conn := <-s.conns:
		return conn, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *service) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

func (s *service) Close() error { return nil }

// client returns a client of the service with a management key.
func (s *service) client(config Config) *Client {
	config.BaseURL = "http://localhost"
	c := newClient(s.t, config)
	s.reach(c.connection)
	return c
}

// project returns a client of the service with a project's key.
func (s *service) project(config Config) *ProjectClient {
	config.BaseURL, config.Key = "http://localhost", testProjectKey
	c, err := NewProjectClient(config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.transport.CloseIdleConnections)
	s.reach(c.connection)
	return c
}

func (s *service) reach(c *connection) {
	c.base.Host = "api.traceloop.test" // plain http, which ParseBaseURL accepts only to loopback
	c.transport.DialContext = s.dial
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

// got returns the requests.
func (s *service) got() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// lines returns the requests since the last call.
func (s *service) lines() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for _, r := range s.requests[s.told:] {
		lines = append(lines, r.line())
	}
	s.told = len(s.requests)
	return strings.Join(lines, ", ")
}

// inTurn gives the nth request the nth answer, and the last answer to those after it.
func inTurn(answers ...http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) { answers[min(int(n.Add(1)), len(answers))-1](w, r) }
}

// byLine has the answers by seen.line, or by what is before its query. Anything else is answered as by
// a router that does not know it.
type byLine map[string]http.HandlerFunc

func (by byLine) answer(w http.ResponseWriter, r *http.Request) {
	line := seen{method: r.Method, path: r.URL.EscapedPath(), query: r.URL.RawQuery}.line()
	path, _, _ := strings.Cut(line, "?")
	for _, key := range []string{line, path} {
		if answer, ok := by[key]; ok {
			answer(w, r)
			return
		}
	}
	notRouted(w, r)
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
