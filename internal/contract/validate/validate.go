// Package validate checks requests and answers against the documents of package contract. It is for
// tests and for the check of a service; the provider does not link it.
package validate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
)

// Contract is one document of the operations of all layers.
type Contract struct {
	Document *openapi3.T
	router   routers.Router
	once     []string // the properties that only some operations answer
}

// Load reads the documents, once.
var Load = sync.OnceValues(New)

// New reads the documents again, for a caller that changes them.
func New() (*Contract, error) { return load(Differences) }

func load(differences []Difference) (*Contract, error) {
	published, err := publishedDocument(differences)
	if err != nil {
		return nil, err
	}
	c := &Contract{Document: &openapi3.T{OpenAPI: "3.0.3", Info: &openapi3.Info{Title: "Traceloop", Version: "0"}, Paths: openapi3.NewPaths()}}
	c.add(published, isPublished)
	for _, data := range [][]byte{contract.Assumed, contract.Seen} {
		doc, err := openapi3.NewLoader().LoadFromData(data)
		if err != nil {
			return nil, err
		}
		if err := doc.Validate(context.Background()); err != nil {
			return nil, err
		}
		c.add(doc, func(string, string) bool { return true })
	}
	c.router, err = gorillamux.NewRouter(c.Document) // without servers, so for requests to any host
	return c, err
}

func (c *Contract) add(doc *openapi3.T, selects func(path, method string) bool) {
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if !selects(path, method) {
				continue
			}
			c.Document.AddOperation(path, method, operation)
			c.Document.Paths.Value(path).Parameters = item.Parameters
			if name, ok := operation.Extensions["x-once"].(string); ok {
				c.once = append(c.once, name)
			}
		}
	}
}

// Exchange is a request that has an operation, and waits for its answer.
type Exchange struct {
	Operation *openapi3.Operation
	once      []string
	input     *openapi3filter.RequestValidationInput
}

// Request checks a request, and restores its body. The exchange is nil if there is no such operation.
func (c *Contract) Request(r *http.Request) (*Exchange, error) {
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		return nil, err
	}
	var body []byte
	if r.Body != nil {
		body, err = io.ReadAll(r.Body)
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
		if err != nil {
			return nil, fmt.Errorf("its body is incomplete: %w", err)
		}
	}
	copied := r.Clone(r.Context())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	input := &openapi3filter.RequestValidationInput{Request: copied, PathParams: params, Route: route, Options: options()}
	return &Exchange{route.Operation, c.once, input}, openapi3filter.ValidateRequest(r.Context(), input)
}

// Answer checks the answer.
func (x *Exchange) Answer(status int, header http.Header, body []byte) error {
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: x.input, Status: status, Header: header, Options: x.input.Options,
	}
	input.SetBodyBytes(body)
	// The documents express x-once with "not: {}" too, which kin-openapi ignores: see
	// (*openapi3.Schema).IsEmpty.
	for _, name := range x.once {
		if x.Operation.Extensions["x-once"] != name && bytes.Contains(body, []byte(`"`+name+`"`)) {
			return fmt.Errorf("it has %s, which only another operation answers", name)
		}
	}
	if err := openapi3filter.ValidateResponse(x.input.Request.Context(), input); err != nil {
		return err
	}
	return Invariants(x.Operation, status, body)
}

func options() *openapi3filter.Options {
	o := &openapi3filter.Options{
		AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc, // the server does that
		IncludeResponseStatus: true,
		MultiError:            true,
		SkipSettingDefaults:   true, // the server must see what the client sent
	}
	// The standard message contains the value, which may be a key.
	o.WithCustomSchemaErrorFunc(func(err *openapi3.SchemaError) string {
		if err.Origin != nil { // the more specific error inside an allOf
			return err.Origin.Error()
		}
		return fmt.Sprintf("/%s: %s", strings.Join(err.JSONPointer(), "/"), err.Reason)
	})
	return o
}
