package emulator

import (
	"net/http"
	"sync"
)

// maxRecorded limits the memory of a long run. The oldest requests are dropped first.
const maxRecorded = 100_000

// Request is one request to the API. Status is 0 before the answer, and if a fault dropped the
// connection.
type Request struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Query  string `json:"query,omitempty"`
	Status int    `json:"status"`
	Fault  string `json:"fault,omitempty"`
}

// Requests is the record of requests, oldest first. Total also counts dropped ones.
type Requests struct {
	Total       int       `json:"total"`
	MaxInFlight int       `json:"max_in_flight"`
	Requests    []Request `json:"requests"`
}

// Requests returns the requests to the API since the start or ResetRequests.
func (e *Emulator) Requests() Requests { return e.requests.snapshot() }

// ResetRequests clears the record.
func (e *Emulator) ResetRequests() { e.requests.reset() }

type recorder struct {
	mu          sync.Mutex
	entries     []*entry
	total       int
	inFlight    int
	maxInFlight int
}

type entry struct {
	recorder *recorder
	request  Request
	ended    bool
}

func (rec *recorder) begin(r *http.Request) *entry {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	arrived := &entry{recorder: rec, request: Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery}}
	if len(rec.entries) == maxRecorded {
		rec.entries = rec.entries[1:]
	}
	rec.entries = append(rec.entries, arrived)
	rec.total++
	rec.inFlight++
	rec.maxInFlight = max(rec.maxInFlight, rec.inFlight)
	return arrived
}

func (e *entry) end(status int, fault string) {
	e.recorder.mu.Lock()
	defer e.recorder.mu.Unlock()
	if e.ended {
		return
	}
	e.ended = true
	e.request.Status, e.request.Fault = status, fault
	e.recorder.inFlight--
}

func (rec *recorder) snapshot() Requests {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	list := make([]Request, len(rec.entries))
	for i, entry := range rec.entries {
		list[i] = entry.request
	}
	return Requests{Total: rec.total, MaxInFlight: rec.maxInFlight, Requests: list}
}

func (rec *recorder) reset() {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.entries, rec.total, rec.maxInFlight = nil, 0, rec.inFlight
}
