package traceloop

import (
	"encoding/json"
	"fmt"
	"time"
)

// fields reads the fields of one JSON object of an answer. It ignores unknown fields, so that the
// service can add some. It stores the first problem, without values, which may be secret. After
// a problem the results are invalid.
type fields struct {
	raw      map[string]json.RawMessage
	elements []map[string]json.RawMessage // if the answer is a list
	problem  *string                      // shared by the objects of one answer
}

func (f *fields) fail(format string, args ...any) {
	if *f.problem == "" {
		*f.problem = fmt.Sprintf(format, args...)
	}
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

// text reads a required string that is not empty.
func (f *fields) text(name string) string {
	var s string
	f.value(name, "a string", &s)
	if s == "" {
		f.fail("its field %s is empty", name)
	}
	return s
}

// optionalText reads a string that may be missing, null or empty.
func (f *fields) optionalText(name string) string {
	if raw, present := f.raw[name]; !present || string(raw) == "null" {
		return ""
	}
	var s string
	f.value(name, "a string", &s)
	return s
}

func (f *fields) boolean(name string) bool {
	var b bool
	f.value(name, "true or false", &b)
	return b
}

// optionalInt reads an optional number that only affects efficiency; 0 if missing or malformed.
func (f *fields) optionalInt(name string) int {
	var n int
	if json.Unmarshal(f.raw[name], &n) != nil {
		return 0
	}
	return n
}

func (f *fields) time(name string) time.Time {
	var t time.Time
	f.value(name, "an RFC 3339 time", &t)
	return t
}

// object reads a required object.
func (f *fields) object(name string) *fields {
	var raw map[string]json.RawMessage
	f.value(name, "an object", &raw)
	return &fields{raw: raw, problem: f.problem}
}

// objects reads a required list of objects, which may be empty.
func (f *fields) objects(name string) []*fields {
	var raw []map[string]json.RawMessage
	f.value(name, "a list of objects", &raw)
	return f.each(raw)
}

// optionalObjects reads a list of objects that may be missing or null.
func (f *fields) optionalObjects(name string) []*fields {
	if raw, present := f.raw[name]; !present || string(raw) == "null" {
		return nil
	}
	return f.objects(name)
}

// optionalTexts reads a list of strings that may be missing or null.
func (f *fields) optionalTexts(name string) []string {
	if raw, present := f.raw[name]; !present || string(raw) == "null" {
		return nil
	}
	var list []string
	f.value(name, "a list of strings", &list)
	return list
}

func (f *fields) each(raw []map[string]json.RawMessage) []*fields {
	list := make([]*fields, len(raw))
	for i, r := range raw {
		list[i] = &fields{raw: r, problem: f.problem}
	}
	return list
}
