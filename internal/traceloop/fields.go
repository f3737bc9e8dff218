package traceloop

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"
)

// fields reads the fields of one JSON object of an answer. It ignores unknown fields, so that the
// service can add some. It stores the first problem, without values, which may be secret. After
// a problem the results are invalid.
type fields struct {
	raw      map[string]json.RawMessage
	elements []map[string]json.RawMessage // if the answer is a list
	problem  *string                      // shared by the objects of one answer
	gone     string                       // why the object does not count, although it is answered
	clean    func(string) string          // Client.sanitize
}

// newFields decodes a body. A list is the value of data or of the collection's own name, or the
// body itself. Instead of an empty list there may be null.
func newFields(body json.RawMessage, r request, clean func(string) string) *fields {
	f := &fields{problem: new(string), clean: clean}
	switch {
	case r.list && json.Unmarshal(body, &f.elements) == nil: // or null
	case json.Unmarshal(body, &f.raw) != nil || f.raw == nil:
		f.fail("its body is not a JSON object")
	case r.list:
		collection := strings.ReplaceAll(path.Base(r.path), "-", "_")
		for _, name := range []string{"data", collection, collection[strings.LastIndex(collection, "_")+1:]} {
			if raw, present := f.raw[name]; present {
				if json.Unmarshal(raw, &f.elements) != nil {
					f.fail("its field %s is not a list of objects", name)
				}
				return f
			}
		}
		f.fail("its field data is missing")
	}
	return f
}

func (f *fields) fail(format string, args ...any) {
	if *f.problem == "" {
		*f.problem = fmt.Sprintf(format, args...)
	}
}

// lenient reads the same object, in which any field may be missing or have another type.
func (f *fields) lenient() *fields { return f.of(f.raw, new(string)) }

func (f *fields) of(raw map[string]json.RawMessage, problem *string) *fields {
	return &fields{raw: raw, problem: problem, clean: f.clean}
}

func (f *fields) value(name, kind string, into any) {
	raw, present := f.raw[name]
	switch {
	case !present:
		f.fail("its field %s is missing", name)
	case string(raw) == "null":
		f.fail("its field %s is null", name)
	case json.Unmarshal(raw, into) != nil:
		f.fail("its field %s is not %s", name, kind)
	}
}

// has reports whether a field is there and not null.
func (f *fields) has(name string) bool {
	raw, present := f.raw[name]
	return present && string(raw) != "null"
}

// text reads a required string that is not empty.
func (f *fields) text(name string) string {
	var s string
	f.value(name, "a string", &s)
	if s == "" {
		f.fail("its field %s is empty", name)
	}
	return s
}

// optional reads a field that may be missing or null: then it returns nil.
func optional[T any](f *fields, name, kind string) *T {
	if !f.has(name) {
		return nil
	}
	value := new(T)
	f.value(name, kind, value)
	return value
}

// optionalOr reads a field that may be missing or null: then it returns the zero value.
func optionalOr[T any](f *fields, name, kind string) (value T) {
	if f.has(name) {
		f.value(name, kind, &value)
	}
	return value
}

// optionalText reads a string that may be missing, null or empty.
func (f *fields) optionalText(name string) string { return optionalOr[string](f, name, "a string") }

// optionalTexts reads a list of strings that may be missing or null.
func (f *fields) optionalTexts(name string) []string {
	return optionalOr[[]string](f, name, "a list of strings")
}

// time reads a required time. The service gives nanoseconds at a creation and rounds them for
// later answers.
func (f *fields) time(name string) time.Time {
	var t time.Time
	f.value(name, "an RFC 3339 time", &t)
	return t.Round(time.Millisecond).UTC()
}

// optionalTime reads a time that may be missing or null: then it is zero.
func (f *fields) optionalTime(name string) time.Time {
	if !f.has(name) {
		return time.Time{}
	}
	return f.time(name)
}

// object reads a required object.
func (f *fields) object(name string) *fields {
	var raw map[string]json.RawMessage
	f.value(name, "an object", &raw)
	return f.of(raw, f.problem)
}

// objects reads a required list of objects, which may be empty.
func (f *fields) objects(name string) []*fields {
	var raw []map[string]json.RawMessage
	f.value(name, "a list of objects", &raw)
	return f.each(raw)
}

// optionalObjects reads a list of objects that may be missing or null.
func (f *fields) optionalObjects(name string) []*fields {
	if !f.has(name) {
		return nil
	}
	return f.objects(name)
}

func (f *fields) each(raw []map[string]json.RawMessage) []*fields {
	list := make([]*fields, len(raw))
	for i, r := range raw {
		list[i] = f.of(r, f.problem)
	}
	return list
}
