package check

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// The statuses that can mean that an operation does not exist, or that the key must not use it.
var (
	absent = []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}
	denied = []int{http.StatusUnauthorized, http.StatusForbidden}
)

// judge compares an answer with the documents, with what was sent, and with what is known.
func (c *checker) judge(a *answer) verdict {
	documented := a.want // the status whose body the answer has to have
	switch {
	case a.err != nil:
		return verdict{outcome: noAnswer, sent: a.sent(), came: "no answer", private: a.err.Error()}
	case a.leaks:
		return c.verdict(a, differs, "it shows a key in full again")
	case a.status == a.want:
	case a.good() && a.want/100 == 2:
		a.note("another status")
	case a.status == a.or, a.good() && a.or/100 == 2:
		a.note("another status")
		documented = a.or
	case slices.Contains(denied, a.status) && !slices.Contains(denied, a.want):
		return c.verdict(a, notAllowed)
	case slices.Contains(absent, a.status) && !slices.Contains(absent, a.want):
		return c.verdict(a, notThere)
	default:
		return c.verdict(a, differs)
	}
	problem := c.follows(a, documented)
	if problem == "" && a.good() && len(a.data) > 0 {
		problem = c.fits(a)
	}
	switch {
	case problem != "":
		return c.verdict(a, differs, problem)
	case len(a.notes) > 0:
		return c.verdict(a, tolerated, a.notes...)
	}
	return verdict{outcome: holds}
}

// follows compares the body with the document. It returns the problem, or "".
func (c *checker) follows(a *answer, status int) (problem string) {
	media, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	empty, body, refused := len(a.data) == 0, a.value, a.object().text("error") != ""
	switch {
	case a.spec == nil && (a.good() || refused): // no document has its body
		return ""
	case slices.Contains(absent, a.status) && (a.spec == nil || status == a.or) && !refused:
		a.note("a refusal in another form") // of a router, or of a gateway
		return ""
	case a.spec == nil:
		return "error is missing"
	case status == http.StatusNoContent:
		return ""
	case empty && a.good() && (a.method == http.MethodPut || a.method == http.MethodPatch):
		a.note("no body") // a later rule reads the object
		return ""
	case !empty && (media != "application/json" && !strings.HasSuffix(media, "+json") || !json.Valid(a.data)):
		return "it is not JSON"
	case a.good() && a.isList():
		if body, problem = a.readList(); problem != "" {
			return problem
		}
	}
	schema := a.answer(status)
	if schema == nil {
		return ""
	}
	for _, problem := range schemaErrors(schema.VisitJSON(body, openapi3.MultiErrors(), openapi3.VisitAsResponse())) {
		at := strings.Join(problem.JSONPointer(), "/")
		switch field, name := problem.SchemaField, path.Base(at); {
		case field == "properties": // a further field
		case field == "required" && slices.Contains(optional, name):
			a.note(name + " is missing")
		case field == "nullable" && slices.Contains(optional, name), field == "pattern":
			a.note(name + " of another form")
		case field == "required":
			return "/" + at + " is missing"
		default:
			return fmt.Sprintf("/%s is not as the document says (%s)", at, field)
		}
	}
	return ""
}

// optional are fields that a document requires, and that the provider does without.
var optional = []string{"masked_key", "next_cursor", "total_results", "updated_at", "built_in", "type", "source"}

// readList finds a list where the client does: in data, in a field with the collection's name, or bare; null is
// an empty one. It returns the answer in the form of the document.
func (a *answer) readList() (page any, problem string) {
	fields, name, found := a.object(), "", a.value
	collection := strings.ReplaceAll(path.Base(a.path), "-", "_")
	for _, candidate := range []string{collection[strings.LastIndex(collection, "_")+1:], collection, "data"} {
		if value, there := fields[candidate]; there {
			name, found = candidate, value
		}
	}
	list, isList := found.([]any)
	if !isList && found != nil {
		return nil, "it has no list"
	}
	for _, item := range list {
		o, _ := item.(map[string]any)
		a.items = append(a.items, o)
	}
	form := listName(a.answer(http.StatusOK))
	if !isList || name != form {
		a.note("a list in another form")
	}
	if form == "" {
		return list, ""
	}
	whole := map[string]any{}
	maps.Copy(whole, fields)
	delete(whole, name)
	whole[form] = list
	return whole, ""
}

// schemaErrors are the innermost errors of a validation. Their texts have values of the service.
func schemaErrors(err error) (all []*openapi3.SchemaError) {
	switch err := err.(type) { //nolint:errorlint // it unwraps each level itself
	case openapi3.MultiError:
		for _, one := range err {
			all = append(all, schemaErrors(one)...)
		}
	case *openapi3.SchemaError:
		if all = schemaErrors(err.Origin); len(all) == 0 {
			all = []*openapi3.SchemaError{err}
		}
	case interface{ Unwrap() error }:
		return schemaErrors(err.Unwrap())
	}
	return all
}

// changing are the fields that change without a request.
var changing = []string{"status", "updated_at", "evaluators"}

// fits compares an answer with what was sent, with what is known of the object, and with what its step
// wants.
func (c *checker) fits(a *answer) string {
	o := a.object()
	for name := range a.body {
		if sent, is := a.body.text(name), o.text(name); sent != "" && is != "" && is != sent {
			return name + " is not the one that was sent"
		}
	}
	known := c.objects[a.of]
	switch {
	case a.as != "" && a.want == http.StatusCreated && !c.removable(o.text("id")):
		return "id is not that of a new object"
	case known.text("id") != "" && o.text("id") != known.text("id"):
		return "id is not the same"
	}
	for name := range known {
		is, there := o[name]
		if there && a.method == http.MethodGet && a.shows == nil && !slices.Contains(changing, name) && !matches(known[name], is) {
			return "a field is not the same: " + c.shape(map[string]any{name: nil})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(a.shows)) {
		if !matches(a.shows[name], o[name]) {
			return name + " is not the expected one"
		}
	}
	if a.managed() && o["slug"] != nil && o.text("slug") != traceloop.Slug(o.text("name")) {
		a.note("a slug that is made in another way")
	}
	if mask, key := o.text("masked_key"), o.text("api_key"); mask != "" && key != "" && mask != traceloop.MaskKey(key) {
		if is, _ := traceloop.MaskMatches(mask, key); !is {
			return "masked_key is not the mask of api_key"
		}
		a.note("masked_key of another form")
	}
	if a.check != nil {
		return a.check(c, a)
	}
	return ""
}

// either is one of several values.
type either []any

// matches reports whether a value is the wanted one. An object may have further members, and a list may have
// another order. Times are compared as the service rounds them.
func matches(want, is any) bool {
	switch want := want.(type) {
	case either:
		return slices.ContainsFunc(want, func(one any) bool { return matches(one, is) })
	case map[string]any:
		return matches(m(want), is)
	case m:
		o, isObject := is.(map[string]any)
		for name := range want {
			isObject = isObject && matches(want[name], o[name])
		}
		return isObject
	case []any:
		list, _ := is.([]any)
		missing := slices.ContainsFunc(want, func(one any) bool {
			return !slices.ContainsFunc(list, func(is any) bool { return matches(one, is) })
		})
		return !missing && len(list) == len(want)
	case string:
		text, isText := is.(string)
		at, err := time.Parse(time.RFC3339, want)
		if other, otherErr := time.Parse(time.RFC3339, text); err == nil && otherErr == nil {
			return at.Round(time.Millisecond).Equal(other.Round(time.Millisecond))
		}
		return isText && text == want
	}
	return reflect.DeepEqual(want, is)
}
