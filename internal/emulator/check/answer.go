package check

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract/validate"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// m is a JSON object.
type m map[string]any

func (o m) text(name string) string {
	s, _ := o[name].(string)
	return s
}

// answer is a step as it is sent, with ids and keys instead of names, and what came.
type answer struct {
	step
	*operation

	id         string
	parameters url.Values
	secret     string // the key that is sent instead of the operation's own
	repeats    string // Idempotency-Key

	err    error // why there is no answer
	status int
	header http.Header
	data   []byte
	value  any  // the body, if it is JSON
	leaks  bool // it shows a key that was generated before

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

// isAbsent reports whether a status can mean that the operation does not exist.
func isAbsent(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented
}

func isDenied(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// judge compares an answer with the documents, with what was sent, and with what is known.
func (c *checker) judge(a *answer) verdict {
	want := a.want
	alike := func(other int) bool { return a.status == other || a.status/100 == 2 && other/100 == 2 }
	switch {
	case a.err != nil:
		return verdict{outcome: noAnswer, sent: a.sent(), came: "no answer", private: a.err.Error()}
	case a.leaks:
		return c.verdict(a, differs, "it shows a key in full again")
	case a.status == want:
	case alike(want):
		a.note("another status")
	case alike(a.or):
		a.note("another status")
		want = a.or
	case isDenied(a.status) && !isDenied(want):
		return c.verdict(a, notAllowed)
	case isAbsent(a.status) && !isAbsent(want):
		return c.verdict(a, notThere)
	default:
		return c.verdict(a, differs)
	}
	problem := c.follows(a, want)
	if problem == "" && a.good() && len(a.data) > 0 {
		problem = c.fits(a)
	}
	switch {
	case problem != "":
		return c.verdict(a, differs, problem)
	case len(a.notes) > 0:
		return c.verdict(a, tolerated, a.notes...)
	}
	return itHolds
}

// follows compares an answer with the documents. It returns the problem, or "".
func (c *checker) follows(a *answer, status int) (problem string) {
	o, body := a.operation, a.data
	switch {
	case o.spec == nil && a.good(): // of sendTraces
		return ""
	case o.spec == nil || isAbsent(status) && status == a.or:
		// What no document has, routers and gateways refuse in their own words.
		if isAbsent(a.status) && a.object().text("error") == "" {
			a.note("a refusal in another form")
		} else if a.object().text("error") == "" {
			return "error is missing"
		}
		return ""
	case len(body) == 0 && a.good() && (o.method == http.MethodPut || o.method == http.MethodPatch):
		a.note("no body") // a later rule reads the object
		return ""
	case status == http.StatusNoContent:
		if len(body) > 0 {
			a.note("a body")
		}
		return ""
	case !isJSON(a.header):
		return "its content type is not JSON"
	case a.good() && o.isList():
		if body, problem = a.readList(); problem != "" {
			return problem
		}
	}
	return c.validates(a, status, body)
}

func isJSON(header http.Header) bool {
	is, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && (is == "application/json" || strings.HasSuffix(is, "+json"))
}

// readList finds a list in data, in a field with the collection's name, or bare; null is an empty one. It
// returns the answer in the form of the document.
func (a *answer) readList() (body []byte, problem string) {
	form := listName(a.spec.Responses.Status(http.StatusOK).Value.Content["application/json"].Schema.Value)
	around, name, found := maps.Clone(a.object()), "", a.value
	if around != nil {
		_, a.paged = around["next_cursor"].(string)
		collection := strings.ReplaceAll(path.Base(a.path), "-", "_")
		for _, candidate := range []string{collection[strings.LastIndex(collection, "_")+1:], collection, "data"} {
			if _, there := around[candidate]; there {
				name, found = candidate, around[candidate]
			}
		}
		delete(around, name)
	}
	items, isList := found.([]any)
	if !isList && (found != nil || name == "" && string(a.data) != "null") {
		return nil, "it has no list"
	}
	if !isList || name != form {
		a.note("a list in another form")
	}
	a.items = make([]m, len(items))
	for i, item := range items {
		a.items[i], _ = item.(map[string]any)
	}
	for _, total := range []string{"total", "total_results"} {
		if n, is := around[total].(float64); is && !a.paged && int(n) > len(items) {
			return nil, total + " exceeds the number of objects"
		}
	}
	var value any = append([]any{}, items...)
	if form != "" {
		whole := m{form: value}
		maps.Copy(whole, around)
		value = whole
	}
	body, err := json.Marshal(value)
	return body, problemIf(err != nil, "it has no list")
}

// validates compares an answer with its document. What the provider accepts becomes a note: further
// fields, a missing mask or page, slugs and masks of any form, and a list in another order. No
// message has a value of the service.
func (c *checker) validates(a *answer, status int, body []byte) string {
	r, err := http.NewRequestWithContext(context.Background(), a.method, "http://service"+a.sentPath(), http.NoBody)
	if err != nil {
		return err.Error()
	}
	exchange, _ := c.contract.Request(r) // whose error is that of a request which is wrong on purpose
	err = exchange.Answer(status, http.Header{"Content-Type": {"application/json"}}, body)
	problems := schemaErrors(err)
	for _, problem := range problems {
		at := problem.JSONPointer()
		name := at[max(0, len(at)-1):]
		optional := len(name) > 0 && slices.Contains([]string{"masked_key", "next_cursor", "total_results"}, name[0])
		switch field := problem.SchemaField; {
		case field == "properties":
		case field == "required" && optional:
			a.note(name[0] + " is missing")
		case field == "nullable" && optional:
			a.note(name[0] + " is null")
		case field == "pattern":
			a.note(name[0] + " of another form")
		case field == "required":
			return "/" + strings.Join(at, "/") + " is missing"
		default:
			return fmt.Sprintf("/%s is not as the document says (%s)", strings.Join(at, "/"), field)
		}
	}
	if len(problems) > 0 { // the validation ended before it came to these
		err = validate.Invariants(a.spec, status, body)
	}
	if order, is := errors.AsType[*validate.OrderError](err); is {
		a.note(order.Error())
		return ""
	}
	if _, is := errors.AsType[*openapi3filter.ResponseError](err); is {
		return "the document does not have it"
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// schemaErrors are the innermost errors of a validation.
func schemaErrors(err error) (all []*openapi3.SchemaError) {
	switch err := err.(type) { //nolint:errorlint // it unwraps each level itself
	case openapi3.MultiError:
		for _, one := range err {
			all = append(all, schemaErrors(one)...)
		}
	case *openapi3.SchemaError:
		if err.Origin == nil {
			return append(all, err)
		}
		return schemaErrors(err.Origin)
	case interface{ Unwrap() error }:
		return schemaErrors(err.Unwrap())
	}
	return all
}

// fits compares an answer with what was sent, with what is known of the object, and with what its step
// wants.
func (c *checker) fits(a *answer) string {
	s, o := a.step, a.object()
	for name, sent := range a.body {
		sent, isText := sent.(string)
		if is, there := o[name].(string); isText && there && is != sent {
			return name + " is not the one that was sent"
		}
	}
	known, id := c.objects[s.of], o.text("id")
	repeated := s.like != "" && s.want == http.StatusCreated
	if repeated {
		known = c.objects[s.like]
	}
	switch {
	case known == nil && s.as != "" && a.want == http.StatusCreated && !c.removable(id):
		return "id is not that of a new object"
	case known != nil && known.text("id") != "" && id != known.text("id"):
		return "id is not the same"
	case known != nil && (a.method == http.MethodGet || repeated):
		if name := c.changed(known, o, s.shows); name != "" {
			return name + " is not the same"
		}
	}
	if a.managed() && o["slug"] != nil && o.text("slug") != traceloop.Slug(o.text("name")) {
		a.note("a slug that is made in another way")
	}
	if mask, key := o.text("masked_key"), o.text("api_key"); mask != "" && key != "" && mask != traceloop.MaskKey(key) {
		if matches, _ := traceloop.MaskMatches(mask, key); !matches {
			return "masked_key is not the mask of api_key"
		}
		a.note("masked_key of another form")
	}
	for _, name := range slices.Sorted(maps.Keys(s.shows)) {
		if !c.matches(s.shows[name], o[name]) {
			return name + " is not the expected one"
		}
	}
	if s.check != nil {
		return s.check(c, a)
	}
	return ""
}

// changed names a field that differs between two answers about one object. It compares what both have,
// except what changes without a request, or with one that the step knows of.
func (c *checker) changed(before, after, shows m) string {
	for name, value := range before {
		is, there := after[name]
		if !there || shows[name] != nil || slices.Contains([]string{"status", "updated_at", "evaluators"}, name) || c.matches(value, is) {
			continue
		}
		if c.fields[name] {
			return name
		}
		return "a field"
	}
	return ""
}

// anyOrder are the elements of a list in any order.
type anyOrder []any

// begins is the beginning of a text.
type begins string

// matches reports whether a value is the wanted one. An object may have further members. "$setup.id" is
// that member of the object "setup". Times are compared as the service rounds them.
func (c *checker) matches(want, is any) bool {
	switch want := want.(type) {
	case map[string]any:
		return c.matches(m(want), is)
	case m:
		o, isObject := is.(map[string]any)
		for name := range want {
			isObject = isObject && c.matches(want[name], o[name])
		}
		return isObject
	case []any:
		list, _ := is.([]any)
		return slices.EqualFunc(want, list, c.matches)
	case anyOrder:
		list, _ := is.([]any)
		missing := slices.ContainsFunc(want, func(one any) bool {
			return !slices.ContainsFunc(list, func(is any) bool { return c.matches(one, is) })
		})
		return !missing && len(list) == len(want)
	case begins:
		begun, _ := is.(string)
		return strings.HasPrefix(begun, string(want))
	case string:
		if name, member, refers := strings.Cut(strings.TrimPrefix(want, "$"), "."); refers && want[0] == '$' {
			return is == c.objects[name][member]
		}
		at, err := time.Parse(time.RFC3339, want)
		other, isText := is.(string)
		if moment, otherErr := time.Parse(time.RFC3339, other); isText && err == nil && otherErr == nil {
			return at.Round(time.Millisecond).Equal(moment.Round(time.Millisecond))
		}
	}
	return reflect.DeepEqual(want, is)
}

// verdict describes the answer. A problem says more than the status and the shape of the body.
func (c *checker) verdict(a *answer, o outcome, problems ...string) verdict {
	want := strconv.Itoa(a.want)
	if a.want >= 400 {
		want += ` {"error": "message"}`
	}
	came := strconv.Itoa(a.status)
	switch {
	case len(a.data) == 0:
		came += " without a body"
	case a.value == nil:
		came += " without JSON"
	default:
		came += " " + c.shape(a.value)
	}
	if len(problems) > 0 {
		came += ": " + strings.Join(problems, "; ")
	}
	return verdict{outcome: o, sent: a.sent(), want: want, came: came}
}

// shape describes the field names of a JSON value, without its values. A name that is not in fields could
// be a name or an id of the organization, so it is only counted.
func (c *checker) shape(value any) string {
	switch v := value.(type) {
	case map[string]any:
		var parts []string
		others := 0
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if c.fields[name] {
				parts = append(parts, strings.TrimSpace(name+" "+c.shape(v[name])))
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
		return strings.TrimSpace(fmt.Sprintf("[%d × %s", len(v), c.shape(v[0]))) + "]"
	case nil:
		return "null"
	default:
		return ""
	}
}

func problemIf(is bool, problem string) string {
	if is {
		return problem
	}
	return ""
}
