package emulatortest_test

import (
	"net/http"
	"runtime"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// A test gets an organization of its own. It injects a fault, and then looks at which requests were made.
func TestInjectedFault(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.CreateProject("Checkout")
	client, err := traceloop.New(traceloop.Config{BaseURL: server.URL, Key: server.ManagementKey, UserAgent: "example", MaxRetries: 1})
	if err != nil {
		t.Fatal(err)
	}
	server.SetFaults(emulatortest.Fault{Method: "GET", Path: "/v2/projects", Kind: "status", Status: 503})
	if read, err := client.GetProject(t.Context(), project.ID); err != nil || read.Name != "Checkout" {
		t.Errorf("the client read %+v, %v", read, err)
	}
	if requests := server.Requests(); len(requests) != 2 || requests[0].Status != 503 || requests[1].Status != 200 {
		t.Errorf("the requests are %+v", requests)
	}
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Errorf(format string, _ ...any) { r.errors = append(r.errors, format) }

func TestViolationFailsTheTest(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]emulatortest.Option{"checked": nil, "any request": {emulatortest.WithAnyRequest()}} {
		r := &recorder{TB: t}
		s := emulatortest.Start(r, options...)
		response, err := http.Get(s.URL + "/v2/projects?limit=0")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if failed := len(r.errors) == 1; failed != (options == nil) {
			t.Errorf("%s: reported %q", name, r.errors)
		}
	}
}

// A test that ends while its client still waits must not wait for the fault.
func TestCloseEndsDelayedRequests(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	s.SetFaults(emulatortest.Fault{Kind: "delay", MS: 3_600_000})
	failed := make(chan error)
	go func() {
		response, err := http.Get(s.URL + "/v2/projects")
		if err == nil {
			response.Body.Close()
		}
		failed <- err
	}()
	for len(s.Requests()) == 0 { // until it has arrived
		runtime.Gosched()
	}
	s.Close()
	if err := <-failed; err == nil {
		t.Error("the delayed request was answered")
	}
}
