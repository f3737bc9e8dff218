// Package emulator serves Traceloop's management API, as internal/traceloop/openapi.yaml
// assumes it, and its OTLP endpoint for traces, from a SQLite database: in memory, or in a
// file. Calls below /_emulator/ inject faults and show the requests so far.
package emulator

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Options of an emulator; the zero value is a fresh organization in memory.
type Options struct {
	// ManagementKey opens the management API; a data file keeps it. Empty: the one that the
	// data file keeps, or else a random one.
	ManagementKey string
	// DataFile keeps the organization and its management key. Empty: both live as long as the emulator.
	DataFile string
	// Logger takes a line for each request. Nil: none.
	Logger *slog.Logger
	// Now is the clock of created_at, updated_at and the rate limit. Nil: time.Now.
	Now func() time.Time
	// Seed is the organization of a new emulator. Nil: one with a project "Default project".
	Seed *Seed
	// NoPage leaves the page in the browser out.
	NoPage bool
	// PageNeedsKey has the page ask for the management key, and then open to other machines.
	PageNeedsKey bool
}

// Emulator is an http.Handler; several of them share nothing.
type Emulator struct {
	managementKey     string
	managementKeyHash [sha256.Size]byte
	store             *store
	logger            *slog.Logger
	now               func() time.Time

	api          http.Handler // the operations, and nothing around them
	instrumented http.Handler // the API as a client meets it
	control      http.Handler
	web          *web // nil: none

	requests      recorder
	activity      activity
	settings      settings
	faults        faults
	refusedTraces atomic.Int64
}

// New opens the data file, or creates it, and the organization in it.
func New(options Options) (*Emulator, error) {
	e := &Emulator{logger: options.Logger, now: options.Now}
	if options.ManagementKey != "" {
		if err := checkManagementKey(options.ManagementKey); err != nil {
			return nil, err
		}
	}
	if e.logger == nil {
		e.logger = slog.New(slog.DiscardHandler)
	}
	if e.now == nil {
		e.now = time.Now
	}
	var err error
	if e.store, err = openStore(options.DataFile, e.timestamp(), options.Seed); err != nil {
		return nil, err
	}
	if e.managementKey, err = e.store.managementKey(options.ManagementKey); err != nil {
		return nil, errors.Join(fmt.Errorf("unable to keep the management key: %w", err), e.store.Close())
	}
	e.managementKeyHash = sha256.Sum256([]byte(e.managementKey))
	e.api = e.apiRoutes()
	e.instrumented = withRequestID(http.HandlerFunc(e.serveInstrumented))
	e.control = e.controlRoutes()
	if !options.NoPage {
		e.web = newWeb(e, options.PageNeedsKey)
	}
	return e, nil
}

// ManagementKey returns the key that opens the management API.
func (e *Emulator) ManagementKey() string { return e.managementKey }

// Close closes the database. Stop the server first.
func (e *Emulator) Close() error { return e.store.Close() }

// EndStreams ends the answers that follow what happens, which would else go on until their
// browsers are closed: a server calls it when it shuts down.
func (e *Emulator) EndStreams() {
	if e.web != nil {
		e.web.endStreams()
	}
}

// ServeHTTP serves control calls and the page plainly, and all others as a client meets the API.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, controlPrefix) {
		e.control.ServeHTTP(w, r)
		return
	}
	if e.web != nil && isWeb(r) {
		e.web.ServeHTTP(w, r)
		return
	}
	e.instrumented.ServeHTTP(w, r)
}

// Direct serves the API without the record of requests, the latency, the rate limit and the
// faults: for a test that changes something behind a client's back.
func (e *Emulator) Direct() http.Handler { return withRequestID(e.api) }

// timestamp is the present time as the API writes it.
func (e *Emulator) timestamp() string {
	return formatTime(e.now())
}

func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
