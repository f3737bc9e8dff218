package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract/validate"
)

// m is a JSON object.
type m map[string]any

func (o m) text(name string) string {
	s, _ := o[name].(string)
	return s
}

// objects returns the elements of a list in an object; nil for an element that is not an object.
func (o m) objects(name string) []m {
	values, _ := o[name].([]any)
	all := make([]m, len(values))
	for i, value := range values {
		all[i], _ = value.(map[string]any)
	}
	return all
}

// call is one request and the status that the contract wants.
type call struct {
	*operation
	id          string // in the path
	slash       bool   // the slash before the id is escaped
	query       url.Values
	body        m
	key         *string // instead of the operation's; "" for none
	whose       string  // the kind of that key
	idempotency string

	want int
	or   int // another status that the provider accepts
}

// sentPath is the path with the id, escaped as the client escapes it.
func (c *call) sentPath() string {
	if !c.isOfOne() {
		return c.path
	}
	slash := "/"
	if c.slash {
		slash = "%2F"
	}
	return c.collection() + slash + url.PathEscape(c.id)
}

// sent describes the request without names, ids and keys.
func (c *call) sent() string {
	text := c.operation.String()
	if c.slash {
		text = strings.Replace(text, "/{", "%2F{", 1)
	}
	parameters := make([]string, 0, len(c.query))
	for _, name := range slices.Sorted(maps.Keys(c.query)) {
		value := "{" + name + "}"
		if _, err := strconv.Atoi(c.query.Get(name)); err == nil && name == "limit" {
			value = c.query.Get(name)
		}
		parameters = append(parameters, name+"="+value)
	}
	if len(parameters) > 0 {
		text += "?" + strings.Join(parameters, "&")
	}
	if c.body != nil {
		text += " {" + strings.Join(slices.Sorted(maps.Keys(c.body)), ", ") + "}"
	}
	if c.whose != "" {
		text += " with " + c.whose
	}
	return text
}

// answer is the answer to a call.
type answer struct {
	call     *call
	exchange *validate.Exchange // nil if no document has the operation
	err      error              // why there is no answer
	status   int
	header   http.Header
	body     []byte
	value    any  // the body, if it is JSON
	leaks    bool // it shows a key that was generated before

	items []m      // of a list, in the order of the answer
	paged bool     // the list has a next_cursor
	notes []string // how it differs from the contract in a way that the provider accepts
}

func (a *answer) note(what string) {
	if !slices.Contains(a.notes, what) {
		a.notes = append(a.notes, what)
	}
}

// object returns the body if it is an object, or nil.
func (a *answer) object() m {
	o, _ := a.value.(map[string]any)
	return o
}

func (a *answer) good() bool { return a.err == nil && a.status/100 == 2 }

// isEmptyChange reports whether a change succeeded without a body, so that a read has to follow.
func (a *answer) isEmptyChange() bool {
	return a.good() && len(a.body) == 0 && (a.call.method == http.MethodPut || a.call.method == http.MethodPatch)
}

// isAbsent reports whether a status can mean that the operation does not exist.
func isAbsent(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented
}

func isDenied(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// alike reports whether the provider takes one status for the other.
func alike(status, other int) bool { return status == other || status/100 == 2 && other/100 == 2 }

// judge compares the answer with the document and then with check, which returns a problem or "". It
// may be nil.
func (a *answer) judge(check func(*answer) string) verdict {
	want := a.call.want
	switch {
	case a.err != nil:
		return verdict{outcome: noAnswer, sent: a.call.sent(), came: "no answer", private: a.err.Error()}
	case a.leaks:
		return a.verdict(differs, "it shows a key in full again")
	case a.status == want:
	case alike(a.status, want):
		a.note("another status")
	case alike(a.status, a.call.or):
		a.note("another status")
		want = a.call.or
	case isDenied(a.status) && !isDenied(want):
		return a.verdict(notAllowed)
	case isAbsent(a.status) && !isAbsent(want):
		return a.verdict(notThere)
	default:
		return a.verdict(differs)
	}
	if problem := a.follows(want); problem != "" {
		return a.verdict(differs, problem)
	}
	if check != nil && a.good() && !a.isEmptyChange() {
		if problem := check(a); problem != "" {
			return a.verdict(differs, problem)
		}
	}
	if len(a.notes) > 0 {
		return a.verdict(tolerated, a.notes...)
	}
	return itHolds
}

// follows compares the answer with the document, after it has the form of the contract.
func (a *answer) follows(status int) (problem string) {
	switch {
	case a.exchange == nil && status == http.StatusOK: // of sendTraces
		return ""
	case a.exchange == nil || isAbsent(status) && status == a.call.or:
		return a.refuses()
	case a.isEmptyChange():
		a.note("no body")
		return ""
	case status == http.StatusNoContent:
		if len(a.body) > 0 {
			a.note("a body")
		}
		return ""
	case !isJSON(a.header):
		return "its content type is not JSON"
	}
	body, problem := a.adapt(status)
	if problem != "" {
		return problem
	}
	return describe(a.exchange.Answer(status, http.Header{"Content-Type": {"application/json"}}, body))
}

// refuses checks a refusal of what no document has. Routers and gateways refuse it in their own words.
func (a *answer) refuses() (problem string) {
	switch {
	case isJSON(a.header) && a.object().text("error") != "":
	case isAbsent(a.status):
		a.note("a refusal in another form")
	default:
		return "error is missing"
	}
	return ""
}

// describe describes the body of an answer without its values.
func (a *answer) describe() string {
	parts := []string{strconv.Itoa(a.status)}
	switch {
	case len(a.body) == 0:
		parts = append(parts, "without a body")
	case a.value == nil:
		parts = append(parts, shownMedia(a.header)+", not JSON")
	case !isJSON(a.header):
		parts = append(parts, shownMedia(a.header), shape(a.value, 0))
	default:
		parts = append(parts, shape(a.value, 0))
	}
	return strings.Join(parts, " ")
}

func shownMedia(header http.Header) string {
	switch is := media(header); is {
	case "":
		return "without a content type"
	case "application/json", "application/problem+json", "text/html", "text/plain", "application/xml", "text/xml":
		return is
	default:
		return "of another content type"
	}
}

func isJSON(header http.Header) bool {
	is := media(header)
	return is == "application/json" || strings.HasSuffix(is, "+json")
}

func media(header http.Header) string {
	is, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return is
}

func readJSON(body []byte) any {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return nil
	}
	return value
}

func problemIf(is bool, format string, args ...any) string {
	if is {
		return fmt.Sprintf(format, args...)
	}
	return ""
}
