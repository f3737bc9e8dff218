package check

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
)

// The service was seen to answer in other forms than the contract's, and the provider accepts them.
// adapt gives such an answer the form of the contract, and notes what it changed. Whatever the document
// still refuses is a difference.
func (a *answer) adapt(status int) (body []byte, problem string) {
	value := readJSON(a.body) // of its own, since it is changed
	if status < 300 && a.call.isList() {
		if value, problem = a.adaptList(value); problem != "" {
			return nil, problem
		}
	}
	if status < 300 && a.call.managed() {
		a.adaptFields(value)
	}
	body, err := json.Marshal(value)
	if err != nil {
		return nil, "its body is not JSON"
	}
	return body, ""
}

// adaptList accepts a list in data, in a field with the collection's name, or bare; null for none; and
// any order.
func (a *answer) adaptList(value any) (adapted any, problem string) {
	var raw any
	around, name := m(nil), ""
	switch value := value.(type) {
	case []any:
		raw = value
	case map[string]any:
		around = value
		collection := strings.ReplaceAll(path.Base(a.call.path), "-", "_")
		for _, name = range []string{"data", collection, collection[strings.LastIndex(collection, "_")+1:], ""} {
			if _, there := around[name]; there || name == "" {
				break
			}
		}
		if name == "" {
			return nil, "it has no list"
		}
		raw = around[name]
	}
	list, is := raw.([]any)
	if !is && raw != nil {
		return nil, "it has no list"
	}
	if !is {
		a.note("null instead of a list")
		list = []any{}
	}
	a.items = m{"": list}.objects("")
	if slices.ContainsFunc(a.items, func(o m) bool { return o == nil }) {
		return nil, "its list has an element that is not an object"
	}
	_, a.paged = around["next_cursor"].(string)
	for _, total := range []string{"total", "total_results"} {
		if n, is := around[total].(float64); is && !a.paged && int(n) > len(list) {
			return nil, total + " exceeds the number of objects"
		}
	}
	if order, is := a.exchange.Operation.Extensions["x-order"].(string); is {
		later := func(x, y m) int { return moment(x[order]).Compare(moment(y[order])) }
		if !slices.IsSortedFunc(a.items, later) {
			a.note("another order")
			list = list[:0:0]
			for _, o := range slices.SortedStableFunc(slices.Values(a.items), later) {
				list = append(list, map[string]any(o))
			}
		}
	}
	form := a.exchange.Operation.Responses.Status(http.StatusOK).Value.Content["application/json"].Schema.Value
	switch {
	case form.Type.Is("array"):
		if around != nil {
			a.note("the list in another form")
		}
		return list, ""
	case form.Properties["evaluators"] != nil:
		if name != "evaluators" {
			a.note("the list in another form")
		}
		return map[string]any{"evaluators": list}, ""
	case name == "data" && a.paged:
		around["data"] = list
		return map[string]any(around), ""
	}
	a.note("the list in another form")
	return map[string]any{"data": list, "next_cursor": "", "total_results": len(list)}, ""
}

var (
	maskedKey = regexp.MustCompile(contract.MaskedKey)
	slug      = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

// adaptFields accepts slugs of another form, and keys with a mask of another form or none.
func (a *answer) adaptFields(value any) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			a.adaptFields(item)
		}
	case map[string]any:
		for name, member := range value {
			text, is := member.(string)
			if is && (name == "slug" || name == "environment") && text != "" && !slug.MatchString(text) {
				a.note("a slug of another form")
				value[name] = hex.EncodeToString([]byte(text)) // as different as before
			}
			a.adaptFields(member)
		}
		if _, there := value["environment"]; !there {
			return
		}
		switch mask := value["masked_key"].(type) {
		case nil:
			a.note("no masked_key")
			value["masked_key"] = "*"
		case string:
			if !maskedKey.MatchString(mask) {
				a.note("masked_key of another form")
				value["masked_key"] = "*"
			}
		}
	}
}

// describe describes an error of the validation without a value of the service.
func describe(err error) string {
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
	for {
		inner, is := errors.AsType[*openapi3.SchemaError](schema.Origin)
		if !is {
			break
		}
		schema = inner
	}
	var at strings.Builder
	for _, element := range schema.JSONPointer() {
		if !vocabulary()[element] && strings.Trim(element, "0123456789") != "" {
			element = "…"
		}
		fmt.Fprintf(&at, "/%s", element)
	}
	if schema.SchemaField == "required" {
		return at.String() + " is missing"
	}
	return fmt.Sprintf("%s is not as the document says (%s)", &at, schema.SchemaField)
}

// moment reads a time. The service rounds the time of a creation when it is read, so it is rounded here.
func moment(value any) time.Time {
	text, _ := value.(string)
	read, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{} // the document refuses it
	}
	return read.Round(time.Millisecond)
}
