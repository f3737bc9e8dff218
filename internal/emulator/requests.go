package emulator

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// maxLogged limits the memory of a long run. The oldest requests are dropped first.
const maxLogged = 100_000

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

// Requests returns the requests to the API since the start or ResetRequests, without those of the page.
func (e *Emulator) Requests() Requests { return e.requests.record() }

// ResetRequests clears the record. The page keeps what it shows.
func (e *Emulator) ResetRequests() { e.requests.reset() }

// requestLog has the last requests, for the record and for the page. It also announces to the page
// that something has changed.
type requestLog struct {
	mu          sync.Mutex
	entries     []*loggedRequest
	total       int
	inFlight    int
	maxInFlight int
	changed     chan struct{} // nil while nobody waits
}

// loggedRequest is a request, and what the page says about it.
type loggedRequest struct {
	Request
	What     what
	Who      string
	At       time.Time
	Duration time.Duration
	Why      string // it was refused
	Ended    bool
	ofPage   bool // and so in no record
	reset    bool // it is in no record any more
}

// begin logs a request that has arrived.
func (e *Emulator) begin(r *http.Request, who string, ofPage bool) *loggedRequest {
	arrived := &loggedRequest{
		Request: Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery},
		What:    e.about(r), Who: who, At: time.Now(), ofPage: ofPage,
	}
	l := &e.requests
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.entries) == maxLogged {
		l.entries = l.entries[1:]
	}
	l.entries = append(l.entries, arrived)
	if !ofPage {
		l.total++
		l.inFlight++
		l.maxInFlight = max(l.maxInFlight, l.inFlight)
	}
	l.announce()
	return arrived
}

// end logs the answer to a request. It does nothing the second time.
func (e *Emulator) end(entry *loggedRequest, status int, fault string, body []byte) {
	about, why := e.answered(entry.What, status, body)
	l := &e.requests
	l.mu.Lock()
	defer l.mu.Unlock()
	if entry.Ended {
		return
	}
	entry.Status, entry.Fault, entry.What, entry.Why = status, fault, about, why
	entry.Duration, entry.Ended = time.Since(entry.At), true
	if !entry.ofPage {
		l.inFlight--
	}
	l.announce()
}

func (l *requestLog) record() Requests {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := []Request{}
	for _, entry := range l.entries {
		if !entry.ofPage && !entry.reset {
			list = append(list, entry.Request)
		}
	}
	return Requests{Total: l.total, MaxInFlight: l.maxInFlight, Requests: list}
}

func (l *requestLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, entry := range l.entries {
		entry.reset = true
	}
	l.total, l.maxInFlight = 0, l.inFlight
}

// last returns up to limit requests that match, newest first.
func (l *requestLog) last(limit int, matches func(*loggedRequest) bool) (list []loggedRequest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.entries) - 1; i >= 0 && len(list) < limit; i-- {
		if matches(l.entries[i]) {
			list = append(list, *l.entries[i])
		}
	}
	return list
}

// touch announces a change that is not a request.
func (l *requestLog) touch() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.announce()
}

// announce is called with l.mu held.
func (l *requestLog) announce() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// next returns a channel that is closed at the next change.
func (l *requestLog) next() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed == nil {
		l.changed = make(chan struct{})
	}
	return l.changed
}

// client names the sender of a request, from its User-Agent.
func client(r *http.Request) string {
	agent := r.UserAgent()
	switch {
	case strings.HasPrefix(agent, "terraform-provider-traceloop/"):
		return "Terraform"
	case strings.HasPrefix(agent, "OTel"), strings.Contains(agent, "OpenTelemetry"), strings.Contains(strings.ToLower(agent), "traceloop-sdk"):
		return "SDK"
	case strings.HasPrefix(agent, "Mozilla/"):
		return "Browser"
	case agent == "":
		return "unknown"
	}
	product, _, _ := strings.Cut(agent, "/")
	product, _, _ = strings.Cut(product, " ")
	// A copy: a header shares memory with the other headers of its request, which contain a key.
	return strings.Clone(shorten(product))
}

// maxShown limits each text from outside that the page shows.
const maxShown = 200

func shorten(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return strings.ToValidUTF8(s[:maxShown], "") + "…"
}
