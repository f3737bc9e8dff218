package emulatortest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// contractCheck checks all requests to the emulator and its answers, and reports violations of the
// contract.
type contractCheck struct {
	router     routers.Router // of the assumed contract
	published  routers.Router // of Traceloop's OpenAPI document
	options    *openapi3filter.Options
	anyRequest bool

	mu     sync.Mutex
	report func(format string, args ...any) // nil after the test
}

func newContractCheck(report func(string, ...any), anyRequest bool) (*contractCheck, error) {
	router, err := contractRouter()
	if err != nil {
		return nil, err
	}
	published, err := publishedRouter()
	if err != nil {
		return nil, err
	}
	options := &openapi3filter.Options{
		AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc, // the emulator does that
		IncludeResponseStatus: true,
		MultiError:            true,
		SkipSettingDefaults:   true, // the emulator must see what the client sent
	}
	// The standard message contains the value, which may be a key.
	options.WithCustomSchemaErrorFunc(func(err *openapi3.SchemaError) string {
		if err.Origin != nil { // the more specific error inside an allOf
			return err.Origin.Error()
		}
		return fmt.Sprintf("/%s: %s", strings.Join(err.JSONPointer(), "/"), err.Reason)
	})
	return &contractCheck{router: router, published: published, options: options, anyRequest: anyRequest, report: report}, nil
}

func (c *contractCheck) silence() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report = nil
}

var secret = regexp.MustCompile(traceloop.KeyPrefix + "[0-9A-Za-z]+")

func (c *contractCheck) violation(side string, r *http.Request, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.report != nil {
		message := fmt.Sprintf("%s of %s %s violates the contract: %v", side, r.Method, r.URL.RequestURI(), err)
		c.report("%s", secret.ReplaceAllStringFunc(message, traceloop.MaskKey))
	}
}

// wrap checks the requests to next and its answers. The answer is held until checked, so a
// violation is reported before the test can end.
func (c *contractCheck) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/v2") {
			next.ServeHTTP(w, r)
			return
		}
		request, err := c.checkRequest(r)
		if err != nil && !c.anyRequest {
			c.violation("the request", r, err)
		}
		held := &heldAnswer{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(held, r)
		if held.passed {
			return // by a fault: no answer to check
		}
		if request != nil {
			if err := c.checkAnswer(request, held); err != nil { //nolint:contextcheck // request carries it
				c.violation("the answer", r, err)
			}
		}
		held.send()
	})
}

// checkRequest returns nil and an error if the contract has no such operation.
func (c *contractCheck) checkRequest(r *http.Request) (*openapi3filter.RequestValidationInput, error) {
	router := c.router
	if isPublished(r.URL.Path) {
		router = c.published
	}
	route, params, err := router.FindRoute(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
	if err != nil {
		return nil, fmt.Errorf("its body is incomplete: %w", err)
	}
	copied := r.Clone(r.Context())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	input := &openapi3filter.RequestValidationInput{Request: copied, PathParams: params, Route: route, Options: c.options}
	return input, openapi3filter.ValidateRequest(r.Context(), input)
}

func (c *contractCheck) checkAnswer(request *openapi3filter.RequestValidationInput, held *heldAnswer) error {
	header := held.Header()
	if header.Get("X-Request-Id") == "" {
		return errors.New("it has no X-Request-Id")
	}
	// The contract expresses this with "not: {}", which kin-openapi ignores: see
	// (*openapi3.Schema).IsEmpty.
	showsKeys := request.Route.Operation.OperationID == "createAPIKey" || request.Route.Path == "/v2/organizations"
	if !showsKeys && bytes.Contains(held.body.Bytes(), []byte(`"api_key"`)) {
		return errors.New("it shows a key in full: api_key")
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: held.status, Header: header, Options: c.options,
	}
	input.SetBodyBytes(held.body.Bytes())
	return openapi3filter.ValidateResponse(request.Request.Context(), input)
}

// heldAnswer holds an answer, unless a fault made or changed it, or the connection was hijacked.
type heldAnswer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
	passed bool
}

func (h *heldAnswer) WriteHeader(status int) {
	h.status = status
	if h.Header().Get(emulator.FaultHeader) != "" {
		h.passed = true
		h.ResponseWriter.WriteHeader(status)
	}
}

func (h *heldAnswer) Write(data []byte) (int, error) {
	if h.passed {
		return h.ResponseWriter.Write(data)
	}
	return h.body.Write(data)
}

func (h *heldAnswer) send() {
	h.ResponseWriter.WriteHeader(h.status)
	h.ResponseWriter.Write(h.body.Bytes())
}

// Unwrap lets http.ResponseController find the connection to hijack.
func (h *heldAnswer) Unwrap() http.ResponseWriter {
	h.passed = true
	return h.ResponseWriter
}

var contractRouter = sync.OnceValues(func() (routers.Router, error) {
	path, err := contractPath()
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	doc.Servers = nil // requests come to loopback, not to api.traceloop.com
	return gorillamux.NewRouter(doc)
})

var publishedRouter = sync.OnceValues(func() (routers.Router, error) {
	path, err := contractPath()
	if err != nil {
		return nil, err
	}
	doc, err := publishedDocument(path, Differences)
	if err != nil {
		return nil, err
	}
	doc.Servers = nil
	return gorillamux.NewRouter(doc)
})

// startDirectory is the directory of the package, where go test starts every test.
var startDirectory, _ = os.Getwd()

// contractPath finds the contract from the module's root. runtime.Caller does not work with
// -trimpath.
func contractPath() (string, error) {
	for directory := startDirectory; ; directory = filepath.Dir(directory) {
		if _, err := os.Stat(filepath.Join(directory, "go.mod")); err == nil {
			return filepath.Join(directory, "internal", "traceloop", "openapi.yaml"), nil
		}
		if directory == filepath.Dir(directory) {
			return "", fmt.Errorf("no go.mod in %s or above it", startDirectory)
		}
	}
}
