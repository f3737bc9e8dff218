package emulator

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// maxActivity limits the requests that the page can show. maxShown limits each text from
	// outside. Together they keep the ring below 1 MB.
	maxActivity = 1000
	maxShown    = 200
)

// event is one request on the page. Status is 0 before the answer, and after a fault has dropped
// the connection.
type event struct {
	number   uint64
	at       time.Time
	who      string
	method   string
	path     string
	status   int
	fault    string
	duration time.Duration
	ended    bool
}

// activity is a ring of the last requests, and signals changes. The control API cannot reset it.
type activity struct {
	mu      sync.Mutex
	ring    []event // request number n is at (n-1) % maxActivity
	total   uint64
	changed chan struct{} // nil while nobody waits
}

// begin returns the number of the request, for end.
func (a *activity) begin(r *http.Request, who string) uint64 {
	path := r.URL.Path
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	arrived := event{at: time.Now(), who: who, method: shorten(r.Method), path: shorten(safePath(path))}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.total++
	arrived.number = a.total
	if len(a.ring) < maxActivity {
		a.ring = append(a.ring, arrived)
	} else {
		*a.entry(a.total) = arrived
	}
	a.announce()
	return arrived.number
}

func (a *activity) entry(number uint64) *event { return &a.ring[(number-1)%maxActivity] }

func (a *activity) end(number uint64, status int, fault string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if entry := a.entry(number); entry.number == number && !entry.ended {
		entry.status, entry.fault, entry.duration, entry.ended = status, fault, time.Since(entry.at), true
	}
	a.announce()
}

// last returns up to limit requests that match, newest first.
func (a *activity) last(limit int, matches func(event) bool) (events []event, total uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for number := a.total; number > 0 && a.total-number < maxActivity && len(events) < limit; number-- {
		if entry := a.entry(number); matches(*entry) {
			events = append(events, *entry)
		}
	}
	return events, a.total
}

// touch announces a change that is not a request.
func (a *activity) touch() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.announce()
}

// announce is called with a.mu held.
func (a *activity) announce() {
	if a.changed != nil {
		close(a.changed)
		a.changed = nil
	}
}

// next returns a channel that is closed at the next change.
func (a *activity) next() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.changed == nil {
		a.changed = make(chan struct{})
	}
	return a.changed
}

// shorten copies: a header shares memory with the other headers of its request, which contain the
// management key.
func shorten(s string) string {
	if len(s) <= maxShown {
		return strings.Clone(s)
	}
	return strings.ToValidUTF8(s[:maxShown], "") + "…"
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
	return shorten(product)
}
