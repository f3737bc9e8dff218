package check

import (
	"bytes"
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// checker sends the requests of a check and keeps its verdicts.
type checker struct {
	*documents

	management service // nil without a management key
	project    service // nil without the key of a project and environment
	show       func(line)
	wait       func(context.Context, time.Duration) error

	lines     []line
	answers   int
	unnamed   map[string]int // answers without an X-Request-Id, by the header that they have instead
	generated []string       // keys that the service generated

	org      organization
	before   map[string]bool // ids of objects that the check did not create
	name     string          // of its project
	suffix   string          // unique, in all its names
	setupIDs [3]string       // external ids; the last one must not be created
	objects  map[string]m    // by the names of the scenario
	repeats  map[string]string

	asked   bool // whether a write was sent
	lost    bool // whether a project with an unknown id may exist
	created []thing
	setups  []string // external ids of setups that may exist
	left    []thing  // what could not be removed
}

// send sends a call. A project's key goes only to the operations that take it, and so does the
// management key.
func (c *checker) send(ctx context.Context, call *call) *answer {
	via, other := c.project, c.management
	if call.managed() {
		via, other = other, via
	}
	if via == nil && call.key != nil {
		via = other // which the call's own key replaces
	}
	header := http.Header{}
	if call.key != nil {
		header["Authorization"] = nil
		if *call.key != "" {
			header.Set("Authorization", "Bearer "+*call.key)
		}
	}
	if call.idempotency != "" {
		header.Set("Idempotency-Key", call.idempotency)
	}
	plain := plainRequest{method: call.method, path: call.sentPath(), query: call.query, header: header}
	if call.body != nil {
		plain.body = call.body
	}
	came, err := plain.via(ctx, via, c.wait)
	if err != nil {
		return &answer{call: call, err: err}
	}
	a := &answer{call: call, status: came.status, header: came.header, body: came.body, value: readJSON(came.body)}
	a.leaks = slices.ContainsFunc(c.generated, func(key string) bool { return bytes.Contains(a.body, []byte(key)) })
	if call.spec == nil {
		return a
	}
	c.answers++
	if a.header.Get("X-Request-Id") == "" {
		c.unnamed[firstHeader(a.header, "x-kong-request-id", "cf-ray")]++
	}
	plainly := *call
	plainly.slash = false
	r, err := http.NewRequestWithContext(ctx, call.method, "http://service"+plainly.sentPath(), http.NoBody)
	if err != nil {
		return &answer{call: call, err: err}
	}
	a.exchange, _ = c.contract.Request(r) // whose error is that of a request which is wrong on purpose
	return a
}

func firstHeader(header http.Header, names ...string) string {
	for _, name := range names {
		if header.Get(name) != "" {
			return name
		}
	}
	return ""
}

// rule checks one rule, unless the check is interrupted.
func (c *checker) rule(ctx context.Context, o *operation, rule string, judge func() verdict) verdict {
	v := unshown("the check was interrupted")
	if ctx.Err() == nil {
		v = judge()
		if v.outcome == noAnswer && ctx.Err() != nil {
			v = unshown("the check was interrupted")
		}
	}
	return c.add(line{operation: o.String(), rule: rule, verdict: v})
}

func (c *checker) add(l line) verdict {
	c.lines = append(c.lines, l)
	c.show(l)
	return l.verdict
}

const (
	maxPages  = 10    // that are read of a list
	pageLimit = "100" // the contract's maximum for limit
)

// listing is a list that was read to its last page, or to maxPages.
type listing struct {
	first    *answer // of the first page
	items    []m
	complete bool
	verdict  verdict // the worst of its pages
}

func (c *checker) read(ctx context.Context, id string, filter url.Values) *listing {
	l := &listing{}
	o := c.byID[id]
	query := url.Values{}
	if o.managed() {
		query.Set("limit", pageLimit)
	}
	for name := range filter {
		query.Set(name, filter.Get(name))
	}
	for range maxPages {
		a := c.send(ctx, &call{operation: o, query: query, want: http.StatusOK})
		v := a.judge(nil)
		l.items = append(l.items, a.items...)
		if l.first == nil {
			l.first, l.verdict = a, v
		}
		if !v.fine() {
			l.verdict = v
			return l
		}
		next := a.object().text("next_cursor")
		if next == "" {
			l.complete = true
			return l
		}
		query.Set("cursor", next)
	}
	return l
}

// good reports whether the whole list was read.
func (l *listing) good() bool {
	return l.complete && l.verdict.fine()
}

func (l *listing) find(id string) m {
	for _, item := range l.items {
		if item.text("id") == id {
			return item
		}
	}
	return nil
}

func noSuchID() string { return "cnosuch" + rand.Text() }

// checkNames checks that each answer has an id for support.
func (c *checker) checkNames() {
	v := itHolds
	switch {
	case c.answers == 0:
		v = unshown("there was no answer")
	case c.unnamed[""] > 0:
		v = verdict{outcome: differs, came: "an answer without X-Request-Id, x-kong-request-id and cf-ray"}
	case len(c.unnamed) > 0:
		v = verdict{outcome: tolerated, came: "another header than X-Request-Id"}
	}
	c.add(line{operation: "every operation", rule: "names each answer in X-Request-Id", verdict: v})
}
