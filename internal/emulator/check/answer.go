package check

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

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

// answer is the answer to a call.
type answer struct {
	call   *call
	err    error // why there is no answer
	status int
	header http.Header
	body   []byte
	value  any  // the body, if it is JSON
	leaks  bool // it shows a key that was generated before

	items []m      // of a list, in the order of the answer
	paged bool     // the list has a next_cursor
	notes []string // how it differs from the contract in a way that the provider accepts
}

func (a *answer) note(what string) { a.notes = append(a.notes, what) }

// object returns the body if it is an object, or nil.
func (a *answer) object() m {
	o, _ := a.value.(map[string]any)
	return o
}

func (a *answer) good() bool { return a.err == nil && a.status/100 == 2 }

// isAbsent reports whether a status can mean that the operation does not exist.
func isAbsent(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented
}

func isDenied(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// alike reports whether the provider takes one status for the other.
func alike(status, other int) bool { return status == other || status/100 == 2 && other/100 == 2 }

// judge compares an answer with the documents, and then with the check of its step.
func (c *checker) judge(a *answer) verdict {
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
	problem := c.follows(a, want)
	if problem == "" && a.call.check != nil && a.good() && len(a.body) > 0 {
		problem = a.call.check(c, a)
	}
	switch {
	case problem != "":
		return a.verdict(differs, problem)
	case len(a.notes) > 0:
		return a.verdict(tolerated, a.notes...)
	}
	return itHolds
}

// follows compares an answer with the documents. It returns the problem, or "".
func (c *checker) follows(a *answer, status int) string {
	o := a.call.operation
	changes := o.method == http.MethodPut || o.method == http.MethodPatch
	switch {
	case o.spec == nil && a.good(): // of sendTraces
		return ""
	case o.spec == nil || isAbsent(status) && status == a.call.or:
		return a.refuses()
	case len(a.body) == 0 && changes && a.good(): // a later rule reads the object
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
	accepted := a.body
	if a.good() && o.isList() {
		list, problem := a.readList()
		if problem != "" {
			return problem
		}
		accepted = list
	}
	problem := against(c.contract, a, status, a.body)
	if problem == "" {
		return ""
	}
	a.note(problem)
	return against(c.tolerated, a, status, accepted)
}

// readList finds a list in data, in a field with the collection's name, or bare; null is an empty one.
func (a *answer) readList() (list []byte, problem string) {
	found := a.value
	if around := a.object(); around != nil {
		_, a.paged = around["next_cursor"].(string)
		collection := strings.ReplaceAll(path.Base(a.call.path), "-", "_")
		names := []string{"data", collection, collection[strings.LastIndex(collection, "_")+1:]}
		i := slices.IndexFunc(names, func(name string) bool { _, there := around[name]; return there })
		if i < 0 {
			return nil, "it has no list"
		}
		found = around[names[i]]
	}
	items, is := found.([]any)
	if !is && (found != nil || a.value == nil && string(a.body) != "null") {
		return nil, "it has no list"
	}
	a.items = m{"": items}.objects("")
	for _, total := range []string{"total", "total_results"} {
		if n, is := a.object()[total].(float64); is && !a.paged && int(n) > len(items) {
			return nil, total + " exceeds the number of objects"
		}
	}
	list, err := json.Marshal(append([]any{}, items...))
	return list, problemIf(err != nil, "it has no list")
}

// against compares an answer with one document, and describes the first error without a value of the
// service.
func against(document *validate.Contract, a *answer, status int, body []byte) string {
	r, err := http.NewRequestWithContext(context.Background(), a.call.method, "http://service"+a.call.sentPath(), http.NoBody)
	if err != nil {
		return err.Error()
	}
	exchange, _ := document.Request(r) // whose error is that of a request which is wrong on purpose
	err = exchange.Answer(status, http.Header{"Content-Type": {"application/json"}}, body)
	if err == nil {
		return ""
	}
	schema, is := errors.AsType[*openapi3.SchemaError](err)
	if !is {
		if _, is := errors.AsType[*openapi3filter.ResponseError](err); is {
			return "the document does not have it"
		}
		return err.Error() // of an invariant
	}
	for inner, is := schema, true; is; inner, is = errors.AsType[*openapi3.SchemaError](schema.Origin) {
		schema = inner
	}
	at := "/" + strings.Join(schema.JSONPointer(), "/")
	if schema.SchemaField == "required" {
		return at + " is missing"
	}
	return fmt.Sprintf("%s is not as the document says (%s)", at, schema.SchemaField)
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

func isJSON(header http.Header) bool {
	is, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && (is == "application/json" || strings.HasSuffix(is, "+json"))
}

// verdict describes the answer. A problem says more than the status and the shape of the body.
func (a *answer) verdict(o outcome, problems ...string) verdict {
	want := strconv.Itoa(a.call.want)
	if a.call.want >= 400 {
		want += ` {"error": "message"}`
	}
	came := strconv.Itoa(a.status)
	switch {
	case len(a.body) == 0:
		came += " without a body"
	case a.value == nil:
		came += " without JSON"
	default:
		came += " " + shape(a.value, a.call.fields)
	}
	if len(problems) > 0 {
		came += ": " + strings.Join(problems, "; ")
	}
	return verdict{outcome: o, sent: a.call.sent(), want: want, came: came}
}

// otherFields are names that other APIs give to what the documents have.
func otherFields() map[string]bool {
	names := map[string]bool{}
	for name := range strings.FieldsSeq(`uuid title createdAt updatedAt projectId projects organization_id environment_id environments builtIn apiKey
		api_keys keys token secret maskedKey items results content nextCursor has_more totalResults total_count setups page meta pagination links
		message code detail details success`) {
		names[name] = true
	}
	return names
}

// shape describes the field names of a JSON value, without its values. A name that is not in fields could
// be a name or an id of the organization, so it is only counted.
func shape(value any, fields map[string]bool) string {
	switch v := value.(type) {
	case map[string]any:
		var parts []string
		others := 0
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if fields[name] {
				parts = append(parts, strings.TrimSpace(name+" "+shape(v[name], fields)))
			} else {
				others++
			}
		}
		if others > 0 {
			parts = append(parts, fmt.Sprintf("%d of other names", others))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		if len(v) == 0 {
			return "[]"
		}
		return strings.TrimSpace(fmt.Sprintf("[%d × %s", len(v), shape(v[0], fields))) + "]"
	case nil:
		return "null"
	default:
		return ""
	}
}

func problemIf(is bool, format string, args ...any) string {
	if is {
		return fmt.Sprintf(format, args...)
	}
	return ""
}
