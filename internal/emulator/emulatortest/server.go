// Package emulatortest starts an emulator for a test. It checks every request and every answer
// against the contract in internal/contract/assumed.yaml.
package emulatortest

import (
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
)

// These are the emulator's types, so that a test imports only one package.
type (
	// Project is a project as the API shows it.
	Project = emulator.Project
	// Environment is an environment as the API shows it.
	Environment = emulator.Environment
	// APIKey is a key as the API shows it, never in full.
	APIKey = emulator.APIKey
	// Setup is an auto monitor setup as the API shows it.
	Setup = emulator.Setup
	// Evaluator is an evaluator as the API shows it.
	Evaluator = emulator.Evaluator
	// Request is one request to the API.
	Request = emulator.Request
	// Fault is a failure of the requests that match.
	Fault = emulator.Fault
	// Settings change how the API behaves.
	Settings = emulator.Settings
	// Traces contains what was sent to POST /v1/traces.
	Traces = emulator.Traces
	// AcceptedSpans counts the spans of one project and environment.
	AcceptedSpans = emulator.AcceptedSpans
)

// Server is a running emulator of an organization with one project, "Default project".
type Server struct {
	URL           string
	ManagementKey string
	Emulator      *emulator.Emulator

	t        testing.TB
	http     *httptest.Server
	contract *contractCheck
	closed   sync.Once
}

// Option changes what Start does.
type Option func(*config)

type config struct {
	emulator   emulator.Options
	seed       string
	anyRequest bool
}

// WithNow sets the clock of created_at, updated_at and the rate limit.
func WithNow(now func() time.Time) Option {
	return func(c *config) { c.emulator.Now = now }
}

// WithDataFile stores the organization in a file.
func WithDataFile(path string) Option {
	return func(c *config) { c.emulator.DataFile = path }
}

// WithSeed starts with an organization in the form of a seed file.
func WithSeed(yaml string) Option {
	return func(c *config) { c.seed = yaml }
}

// WithVariant sets the form of the API's answers, which are checked before they get it.
func WithVariant(variant emulator.Variant) Option {
	return func(c *config) { c.emulator.Variant = variant }
}

// WithAnyRequest allows requests that violate the contract, for a test that sends them on purpose.
// Answers of known operations are still checked.
func WithAnyRequest() Option {
	return func(c *config) { c.anyRequest = true }
}

// Start starts an emulator on loopback, in memory. It ends with the test.
func Start(tb testing.TB, options ...Option) *Server {
	tb.Helper()
	var c config
	for _, option := range options {
		option(&c)
	}
	if c.seed != "" {
		var err error
		if c.emulator.Seed, err = emulator.ParseSeed("seed", []byte(c.seed)); err != nil {
			tb.Fatal(err)
		}
	}
	contract, err := newContractCheck(tb.Errorf, c.anyRequest)
	if err != nil {
		tb.Fatalf("reading the contract: %v", err)
	}
	c.emulator.Wrap = contract.wrap
	e, err := emulator.New(c.emulator)
	if err != nil {
		tb.Fatalf("starting the emulator: %v", err)
	}
	s := &Server{
		ManagementKey: e.ManagementKey(),
		Emulator:      e,
		t:             tb,
		http:          httptest.NewServer(e),
		contract:      contract,
	}
	s.URL = s.http.URL
	tb.Cleanup(s.Close)
	return s
}

// Close stops the emulator before the test ends. It waits for requests in flight. Requests that a
// fault delays end with their connections.
func (s *Server) Close() {
	s.closed.Do(func() {
		s.http.CloseClientConnections()
		s.http.Close()
		s.contract.silence()
		if err := s.Emulator.Close(); err != nil {
			s.t.Errorf("closing the emulator: %v", err)
		}
	})
}

// Requests returns the clients' requests since the start or ResetRequests, without requests of this
// type's methods.
func (s *Server) Requests() []Request { return s.Emulator.Requests().Requests }

// ResetRequests clears the record.
func (s *Server) ResetRequests() { s.Emulator.ResetRequests() }

// SetFaults replaces the fault plan.
func (s *Server) SetFaults(plan ...Fault) {
	s.t.Helper()
	if err := s.Emulator.SetFaults(plan...); err != nil {
		s.t.Fatal(err)
	}
}

// SetSettings replaces latency and rate limit.
func (s *Server) SetSettings(settings Settings) {
	s.t.Helper()
	if err := s.Emulator.SetSettings(settings); err != nil {
		s.t.Fatal(err)
	}
}

// Traces returns the spans that were accepted, and the number of exports refused.
func (s *Server) Traces() Traces {
	s.t.Helper()
	traces, err := s.Emulator.Traces()
	if err != nil {
		s.t.Fatal(err)
	}
	return traces
}
