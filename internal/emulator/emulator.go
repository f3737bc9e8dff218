// Package emulator serves Traceloop's management API, as package contract has
// it, and its OTLP endpoint for traces, from a SQLite database: in memory, or in a
// file. Calls below /_emulator/ inject faults and show the requests so far.
package emulator

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Options of an emulator. The zero value means a new organization in memory.
type Options struct {
	// ManagementKey is the key of the management API. Empty: the key in the data file, or else a
	// random one, which the data file stores.
	ManagementKey string
	// DataFile stores the organization and its management key. Empty: both end with the emulator.
	DataFile string
	// Logger gets one line for each request. Nil: no log.
	Logger *slog.Logger
	// Now is the clock for created_at, updated_at and the rate limit. Nil: time.Now.
	Now func() time.Time
	// Seed is the organization of a new emulator. Nil: one with a project "Default project".
	Seed *Seed
	// Variant is the form of the API's answers. Empty: VariantContract.
	Variant Variant
	// Wrap is called with what serves the operations, for a test that looks at each exchange. Nil: nothing.
	Wrap func(http.Handler) http.Handler
	// NoPage turns off the pages in the browser, which only this machine can open.
	NoPage bool
}

// Emulator is an http.Handler. Emulators share no data.
type Emulator struct {
	managementKey     string
	managementKeyHash []byte
	store             *store
	logger            *slog.Logger
	now               func() time.Time

	api          http.Handler // the operations only, in the form of the contract
	answers      http.Handler // the same in the form of the variant
	instrumented http.Handler // with record, latency, rate limit and faults
	control      http.Handler
	web          *web // nil if there is no page

	requests      requestLog
	settings      settings
	faults        faults
	refusedTraces atomic.Int64
}

// New opens or creates the data file and the organization in it.
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
	if err := options.Variant.check(); err != nil {
		return nil, err
	}
	var err error
	if e.store, err = openStore(options.DataFile, e.timestamp(), options.Seed); err != nil {
		return nil, err
	}
	if e.managementKey, err = e.store.managementKey(options.ManagementKey); err != nil {
		return nil, errors.Join(fmt.Errorf("unable to keep the management key: %w", err), e.store.Close())
	}
	e.managementKeyHash = hashKey(e.managementKey)
	routes := e.apiRoutes()
	e.api = e.cleanPaths(routes)
	if options.Wrap != nil {
		e.api = options.Wrap(e.api)
	}
	e.answers = e.api
	if options.Variant == VariantSeen {
		e.answers = e.cleanPaths(seen(routes, e.api))
	}
	e.instrumented = withRequestID(options.Variant, http.HandlerFunc(e.serveInstrumented))
	e.control = e.controlRoutes()
	if !options.NoPage {
		e.web = newWeb(e)
	}
	return e, nil
}

// ManagementKey returns the key of the management API.
func (e *Emulator) ManagementKey() string { return e.managementKey }

// Close closes the database. Stop the server first.
func (e *Emulator) Close() error { return e.store.Close() }

// EndStreams ends the event streams of browsers, which otherwise stay open. Call it when the server
// shuts down.
func (e *Emulator) EndStreams() {
	if e.web != nil {
		e.web.endStreams()
	}
}

// ServeHTTP serves control calls and the page directly, and all others with faults and limits.
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

// Direct serves the API without record, latency, rate limit and faults, and in the form of the
// contract, for tests that change something outside Terraform.
func (e *Emulator) Direct() http.Handler { return withRequestID(VariantContract, e.api) }

// timestamp returns the current time in the API's format.
func (e *Emulator) timestamp() string {
	return formatTime(e.now())
}

func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
