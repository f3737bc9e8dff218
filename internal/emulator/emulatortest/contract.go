package emulatortest

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract/validate"
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

// wrap checks the requests to next, and its answers. An answer is held until it is checked, so a
// violation is reported before the test can end.
func (c *contractCheck) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/v2") {
			next.ServeHTTP(w, r)
			return
		}
		exchange, err := c.contract.Request(r)
		if err != nil && !c.anyRequest {
			c.violation("the request", r, err)
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		if exchange != nil {
			if err := exchange.Answer(answer.Code, answer.Header(), answer.Body.Bytes()); err != nil {
				c.violation("the answer", r, err)
			}
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		w.Write(answer.Body.Bytes())
	})
}
