package emulatortest_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

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

func TestOutOfBandChanges(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := emulatortest.Start(t, emulatortest.WithNow(func() time.Time { return now }))
	s.SetFaults(emulatortest.Fault{Kind: "status", Status: 500, Times: 100})
	s.SetSettings(emulatortest.Settings{LatencyMS: 3_600_000, RateLimitPerSecond: 1})

	project := s.RenameProject(s.CreateProject("Orders").ID, "Billing")
	if project.Name != "Billing" || project.CreatedAt != "2026-01-01T00:00:00.000Z" {
		t.Errorf("the project is %+v", project)
	}
	shared := s.CreateEnvironment("", "Shared")
	own := s.CreateEnvironment(project.ID, "Own")
	if n := len(s.Environments(project.ID)); n != 5 {
		t.Errorf("%d environments are in force", n)
	}
	id, key := s.GenerateKey(project.ID, "shared")
	if status := s.SendSpans(key, 2); status != http.StatusOK {
		t.Errorf("a span was answered %d", status)
	}
	if keys := s.Keys(); len(keys) != 1 || keys[0].ID != id {
		t.Errorf("the keys are %+v", keys)
	}
	if traces := s.Traces(); len(traces.Accepted) != 1 || traces.Accepted[0].Spans != 2 {
		t.Errorf("the traces are %+v", traces)
	}
	s.RevokeKey(id)
	if status := s.SendSpans(key, 1); status != http.StatusUnauthorized {
		t.Errorf("a span with the revoked key was answered %d", status)
	}
	s.DeleteEnvironment(own.ID)
	s.DeleteEnvironment(shared.ID)
	s.DeleteProject(project.ID)
	if n := len(s.Environments("")); n != 3 {
		t.Errorf("%d environments are left", n)
	}
	if requests := s.Requests(); len(requests) != 0 {
		t.Errorf("recorded %+v", requests)
	}
}

func TestListsBeyondOnePage(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	for n := range 100 {
		s.CreateEnvironment("", strings.Repeat("x", n+1))
	}
	if n := len(s.Environments("")); n != 103 {
		t.Errorf("%d environments are listed", n)
	}
}

func TestWithTLS(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithTLS())
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.CACertificate()) {
		t.Fatal("the certificate is not PEM")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/v2/projects", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.ManagementKey)
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("answered %s", response.Status)
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
