package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
)

const maxBody = 1 << 20

// fields maps the names that a JSON object may have to the targets of their values.
type fields map[string]any

// fieldsOf returns the fields of a struct by their names in JSON.
func fieldsOf(pointer any) fields {
	all := fields{}
	object := reflect.ValueOf(pointer).Elem()
	for i := range object.NumField() {
		name, _, _ := strings.Cut(object.Type().Field(i).Tag.Get("json"), ",")
		all[name] = object.Field(i).Addr().Interface()
	}
	return all
}

var errTooLarge = fmt.Errorf("it is larger than %d bytes", maxBody)

// read reads the JSON object of a request into fields.
func (c *call) read(into fields) error {
	mediaType, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return refuse(http.StatusBadRequest, "Content-Type must be application/json, not %q.", c.Header.Get("Content-Type"))
	}
	return decodeBody(c.body, c.incomplete, into)
}

func decodeBody(body []byte, incomplete error, into fields) error {
	if incomplete == nil {
		incomplete = decodeObject(body, into)
	}
	if incomplete != nil {
		return refuse(http.StatusBadRequest, "The request body is not valid: %v.", incomplete)
	}
	return nil
}

// readLimited reads at most limit bytes, or returns tooLarge.
func readLimited(r io.Reader, limit int64, tooLarge error) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = tooLarge
	}
	return data, err
}

// decodeObject is stricter than json.Unmarshal, which accepts names in another case, duplicate
// names, null for any type and invalid UTF-8.
func decodeObject(data []byte, into fields) error {
	if !utf8.Valid(data) {
		return errors.New("it is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if token, err := decoder.Token(); err != nil {
		return syntaxError(err)
	} else if token != json.Delim('{') {
		return errors.New("it must be a JSON object")
	}
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return syntaxError(err)
		}
		name, _ := token.(string) // in an object, a name precedes each value
		target, known := into[name]
		switch {
		case !known:
			return fmt.Errorf("unknown field %q", name)
		case seen[name]:
			return fmt.Errorf("field %q occurs twice", name)
		}
		seen[name] = true
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return syntaxError(err)
		}
		if err := decodeField(value, target); err != nil {
			return fmt.Errorf("field %q %w", name, err)
		}
	}
	if _, err := decoder.Token(); err != nil {
		return syntaxError(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more text after the JSON object")
	}
	return nil
}

// decodeField is as strict about the objects in a value.
func decodeField(value json.RawMessage, target any) error {
	if string(value) == "null" {
		return errors.New("must not be null; leave it out instead")
	}
	switch into := reflect.ValueOf(target).Elem(); {
	case into.Kind() == reflect.Struct:
		return decodeObject(value, fieldsOf(target))
	case into.Kind() == reflect.Slice && into.Type().Elem().Kind() == reflect.Struct:
		var items []json.RawMessage
		if err := decodeField(value, &items); err != nil {
			return err
		}
		into.Set(reflect.MakeSlice(into.Type(), len(items), len(items)))
		for i, item := range items {
			if err := decodeField(item, into.Index(i).Addr().Interface()); err != nil {
				return fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return nil
	}
	err := json.Unmarshal(value, target)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		want := map[string]string{"string": "a string", "int": "a whole number", "float64": "a number", "bool": "true or false"}[wrong.Type.String()]
		if want == "" {
			want = "a JSON " + wrong.Type.Kind().String()
		}
		return fmt.Errorf("must be %s, not a JSON %s", want, wrong.Value)
	}
	return err
}

func syntaxError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends before the JSON object does")
	}
	return fmt.Errorf("it is not JSON: %w", err)
}

// checkName checks the contract's rule for names.
func checkName(name string) error {
	var problem string
	switch {
	case name == "":
		problem = "is missing or empty"
	case utf8.RuneCountInString(name) > contract.MaxName:
		problem = fmt.Sprintf("has %d characters, but may have at most %d", utf8.RuneCountInString(name), contract.MaxName)
	case strings.ContainsFunc(name, unicode.IsControl):
		problem = "contains a control character"
	case strings.TrimSpace(name) != name:
		problem = "begins or ends with white space"
	default:
		return nil
	}
	return refuse(http.StatusBadRequest, "name %s.", problem)
}
