package servicecheck

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// checker sends the requests of a check and keeps its verdicts.
type checker struct {
	management service // nil without a management key
	project    service // nil without the key of a project and environment
	paths      traceloop.Paths
	show       func(line)
	wait       func(context.Context, time.Duration) error

	trial     *trial // nil for a check that only reads
	lines     []line
	answers   int
	unnamed   int      // number of answers without an X-Request-Id
	generated []string // keys that the service generated
	shown     []string // requests whose answers showed such a key again
}

// request is one request with its path in the contract.
type request struct {
	method string
	path   string
	shown  string
	query  url.Values
	body   map[string]string

	content     map[string]any // instead of the body
	published   bool           // of an operation that Traceloop publishes, which takes a project's key
	as          *string        // another key instead of the operation's; "" for no key
	asWhom      string         // the kind of that key
	idempotency string         // its Idempotency-Key
	generates   bool           // the answer may contain a key
}

func (r *request) operation() string { return r.method + " " + r.shown }

// sent describes the request without names, ids and keys.
func (r *request) sent() string {
	text := r.operation()
	parameters := make([]string, 0, len(r.query))
	for _, name := range slices.Sorted(maps.Keys(r.query)) {
		value := "{" + name + "}"
		if name == "limit" {
			value = r.query.Get(name)
		}
		parameters = append(parameters, name+"="+value)
	}
	if len(parameters) > 0 {
		text += "?" + strings.Join(parameters, "&")
	}
	switch {
	case r.content != nil:
		text += " {" + strings.Join(slices.Sorted(maps.Keys(r.content)), ", ") + "}"
	case r.body != nil:
		text += " {" + strings.Join(slices.Sorted(maps.Keys(r.body)), ", ") + "}"
	}
	if r.asWhom != "" {
		text += " with " + r.asWhom
	}
	return text
}

func (c *checker) send(ctx context.Context, r request) *answer {
	header := http.Header{}
	if r.as != nil {
		header["Authorization"] = nil
		if *r.as != "" {
			header.Set("Authorization", "Bearer "+*r.as)
		}
	}
	if r.idempotency != "" {
		header.Set("Idempotency-Key", r.idempotency)
	}
	plain := plainRequest{method: r.method, path: r.path, query: r.query, header: header}
	switch {
	case r.content != nil:
		plain.body = r.content
	case r.body != nil:
		plain.body = r.body
	}
	via := c.management
	if r.published && r.as == nil || via == nil {
		via = c.project
	}
	came, err := plain.via(ctx, via, c.wait)
	if err != nil {
		return &answer{sent: r.sent(), err: err}
	}
	if !r.published && !strings.HasPrefix(r.path, tracesPath) {
		c.answers++
		if came.header.Get("X-Request-Id") == "" {
			c.unnamed++
		}
	}
	if !r.generates && slices.ContainsFunc(c.generated, func(key string) bool { return bytes.Contains(came.body, []byte(key)) }) {
		c.shown = append(c.shown, r.sent())
	}
	return &answer{sent: r.sent(), status: came.status, media: readMedia(came.header), body: came.body, value: readJSON(came.body)}
}

// rule checks one rule, unless the check is interrupted.
func (c *checker) rule(ctx context.Context, operation, rule string, judge func() verdict) verdict {
	v := unshown("the check was interrupted")
	if ctx.Err() == nil {
		v = judge()
		if v.outcome == noAnswer && ctx.Err() != nil {
			v = unshown("the check was interrupted")
		}
	}
	l := line{operation: operation, rule: rule, verdict: v}
	c.lines = append(c.lines, l)
	c.show(l)
	return v
}

// maxPages limits the pages that are read of a list.
const maxPages = 10

// listing is a list that was read to its last page, or to maxPages.
type listing struct {
	first    *answer // of the first page
	items    []object
	complete bool
	wrong    verdict // of the page that ended the reading too early
}

// pageLimit is the contract's maximum for limit.
const pageLimit = "100"

func (c *checker) read(ctx context.Context, collection string, filter url.Values) *listing {
	l := &listing{wrong: itHolds}
	query := url.Values{"limit": {pageLimit}}
	maps.Copy(query, filter)
	for range maxPages {
		a := c.send(ctx, list(collection, query))
		if l.first == nil {
			l.first = a
		}
		if a.status == http.StatusOK {
			l.items = append(l.items, items(a.object())...)
		}
		if l.wrong = a.answers(http.StatusOK, isPage); l.wrong.outcome != holds {
			return l
		}
		next := a.object().text("next_cursor")
		if next == "" {
			l.complete = true
			return l
		}
		query = maps.Clone(query)
		query.Set("cursor", next)
	}
	return l
}

// there returns nil if the list was answered, or else a verdict that says why not.
func (l *listing) there() *verdict {
	switch l.wrong.outcome {
	case notAllowed, notThere, noAnswer:
		v := unshown("the list could not be read: %s", l.wrong.outcome)
		return &v
	default:
		return nil
	}
}

// whole returns nil if the list was read completely, or else a verdict that says why not.
func (l *listing) whole() *verdict {
	switch {
	case l.wrong.outcome == noAnswer:
		return &l.wrong
	case l.wrong.outcome != holds:
		v := unshown("the list could not be read to its end")
		return &v
	case !l.complete:
		v := unshown("the list has more than %d pages of %s", maxPages, pageLimit)
		return &v
	}
	return nil
}

func (l *listing) find(id string) object {
	for _, item := range l.items {
		if item.text("id") == id {
			return item
		}
	}
	return nil
}

func list(collection string, query url.Values) request {
	return request{method: http.MethodGet, path: collection, shown: collection, query: query}
}

// element is a request for one object. The path is escaped as the client escapes it.
func element(method, collection, id string) request {
	return request{method: method, path: collection + "/" + url.PathEscape(id), shown: collection + "/{id}"}
}

// same names a field of the contract that differs between two answers about one object.
func same(a, b object, fields []field) string {
	for _, f := range fields {
		if !reflect.DeepEqual(a[f.name], b[f.name]) {
			return f.name + " is not the same"
		}
	}
	return ""
}
