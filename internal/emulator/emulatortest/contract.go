package emulatortest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract/validate"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// contractCheck checks all requests to the emulator and its answers, and reports violations of the
// contract.
type contractCheck struct {
	contract   *validate.Contract
	anyRequest bool

	mu     sync.Mutex
	report func(format string, args ...any) // nil after the test
}

func newContractCheck(report func(string, ...any), anyRequest bool) (*contractCheck, error) {
	contract, err := validate.Load()
	return &contractCheck{contract: contract, anyRequest: anyRequest, report: report}, err
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

// wrap checks the requests to next, and its answers if they are in the form of the contract. An
// answer is held until checked, so a violation is reported before the test can end.
func (c *contractCheck) wrap(next http.Handler, answers bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/v2") {
			next.ServeHTTP(w, r)
			return
		}
		exchange, err := c.contract.Request(r)
		if err != nil && !c.anyRequest {
			c.violation("the request", r, err)
		}
		held := &heldAnswer{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(held, r)
		if held.passed {
			return // by a fault: no answer to check
		}
		if exchange != nil && answers {
			err := exchange.Answer(held.status, held.Header(), held.body.Bytes())
			if held.Header().Get("X-Request-Id") == "" {
				err = errors.New("it has no X-Request-Id")
			}
			if err != nil {
				c.violation("the answer", r, err)
			}
		}
		held.send()
	})
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
