package emulator_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// Each fault hits a creation, so that what was carried out shows afterwards.
func TestFaultKinds(t *testing.T) {
	t.Parallel()
	const inJSON, inText = "application/json", "text/plain; charset=utf-8"
	for _, test := range []struct {
		fault             emulatortest.Fault
		created           bool
		status            int
		contentType, body string // a regular expression
	}{
		{emulatortest.Fault{Kind: "status", Status: 503, RetryAfter: new(7)}, false, 503, inJSON, `\{"error":"Injected fault: 503 Service Unavailable."\}`},
		{emulatortest.Fault{Kind: "status", Status: 599}, false, 599, inJSON, `\{"error":"Injected fault: 599."\}`},
		{emulatortest.Fault{Kind: "status", Status: 502, Done: true}, true, 502, inJSON, `\{"error":.*\}`},
		{emulatortest.Fault{Kind: "status", Status: 400, Body: new(`{"detail":"x"}`)}, false, 400, inJSON, `\{"detail":"x"\}`},
		{emulatortest.Fault{Kind: "status", Status: 500, Body: new("upstream")}, false, 500, inText, "upstream"},
		{emulatortest.Fault{Kind: "status", Status: 504, Body: new("")}, false, 504, inText, ""},
		{emulatortest.Fault{Kind: "status", Status: 204}, false, 204, inJSON, ""},
		{emulatortest.Fault{Kind: "delay", MS: 1}, true, 201, inJSON, `\{"id":.*"updated_at":".*"\}`},
		{emulatortest.Fault{Kind: "truncate"}, true, 201, inJSON, `\{"id":"c[^}]*`},
		{emulatortest.Fault{Kind: "garbage"}, true, 200, "text/html; charset=utf-8", "(?s).*<html>.*"},
	} {
		s := emulatortest.Start(t)
		s.SetFaults(test.fault)
		r := post(t, s, "/v2/projects", `{"name":"Orders"}`)
		if !regexp.MustCompile("^"+test.body+"$").Match(r.body) || r.status != test.status || r.header.Get("Content-Type") != test.contentType {
			t.Errorf("%+v: answered %d %s %s", test.fault, r.status, r.header.Get("Content-Type"), r.body)
		}
		if r.status != 204 && r.header.Get("Content-Length") != fmt.Sprint(len(r.body)) || r.header.Get("X-Request-Id") == "" {
			t.Errorf("%+v: %v for %d bytes", test.fault, r.header, len(r.body))
		}
		if after := r.header.Get("Retry-After"); (after == "7") != (test.fault.RetryAfter != nil) || test.fault.RetryAfter == nil && after != "" {
			t.Errorf("%+v: Retry-After is %q", test.fault, after)
		}
		wantCreated(t, s, test.created)
		want := []emulatortest.Request{{Method: "POST", Path: "/v2/projects", Status: r.status, Fault: test.fault.Kind}}
		if got := s.Requests(); !slices.Equal(got, want) {
			t.Errorf("recorded %+v, want %+v", got, want)
		}
	}
}

func wantCreated(t *testing.T, s *emulatortest.Server, created bool) {
	t.Helper()
	if got := len(s.Projects()) == 2; got != created {
		t.Errorf("carried out: %t, want %t", got, created)
	}
}

func TestDroppedConnections(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind    string
		created bool
	}{{"drop_before", false}, {"drop_after", true}} {
		s := emulatortest.Start(t)
		s.SetFaults(emulatortest.Fault{Kind: test.kind})
		if response, err := postWithout(t, s, `{"name":"Orders"}`); err == nil {
			response.Body.Close()
			t.Errorf("%s: answered %s", test.kind, response.Status)
		}
		wantCreated(t, s, test.created)
		want := []emulatortest.Request{{Method: "POST", Path: "/v2/projects", Fault: test.kind}}
		if got := s.Requests(); !slices.Equal(got, want) {
			t.Errorf("recorded %+v, want %+v", got, want)
		}
		decoded[emulatortest.Project](t, post(t, s, "/v2/projects", `{"name":"Billing"}`), http.StatusCreated)
	}
}

// postWithout uses a new connection, since net/http by itself repeats what was lost on a
// used one.
func postWithout(t *testing.T, s *emulatortest.Server, body string) (*http.Response, error) {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	request, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/v2/projects", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.ManagementKey)
	request.Header.Set("Content-Type", "application/json")
	return (&http.Client{Transport: transport}).Do(request)
}

func TestHugeAnswer(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	s.SetFaults(emulatortest.Fault{Kind: "huge"})
	response, err := postWithout(t, s, `{"name":"Orders"}`)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() // which ends it: the server waits for its requests
	if response.StatusCode != http.StatusCreated || response.Header.Get("Content-Type") != "application/json" {
		t.Errorf("answered %s, %s", response.Status, response.Header.Get("Content-Type"))
	}
	const enough = 11 << 20
	body := make([]byte, enough)
	if n, err := io.ReadFull(response.Body, body); err != nil {
		t.Fatalf("it ended after %d bytes: %v", n, err)
	}
	if !strings.HasPrefix(string(body), `{"data":[{"id":"c`) {
		t.Errorf("it does not look like JSON: %s", body[:40])
	}
	wantCreated(t, s, true)
}

func TestFaultPlan(t *testing.T) {
	t.Parallel()
	status := func(status int, change func(*emulatortest.Fault)) emulatortest.Fault {
		fault := emulatortest.Fault{Method: "GET", Path: "/v2/projects", Kind: "status", Status: status}
		if change != nil {
			change(&fault)
		}
		return fault
	}
	for _, test := range []struct {
		name string
		plan []emulatortest.Fault
		want []int // statuses of GET /v2/projects, one after the other
	}{
		{"none", nil, []int{200}},
		{"once", []emulatortest.Fault{status(500, nil)}, []int{500, 200}},
		{"three times", []emulatortest.Fault{status(500, func(f *emulatortest.Fault) { f.Times = 3 })}, []int{500, 500, 500, 200}},
		{"after two", []emulatortest.Fault{status(500, func(f *emulatortest.Fault) { f.After = 2 })}, []int{200, 200, 500, 200}},
		{"two in a row", []emulatortest.Fault{status(500, nil), status(502, nil)}, []int{500, 502, 200}},
		{"the second after one", []emulatortest.Fault{status(500, nil), status(502, func(f *emulatortest.Fault) { f.After = 1 })}, []int{500, 502, 200}},
		{"the second after two", []emulatortest.Fault{status(500, nil), status(502, func(f *emulatortest.Fault) { f.After = 2 })}, []int{500, 200, 502, 200}},
		{"prefix", []emulatortest.Fault{status(500, func(f *emulatortest.Fault) { f.Path = "/v2" })}, []int{500, 200}},
		{"another path", []emulatortest.Fault{status(500, func(f *emulatortest.Fault) { f.Path = "/v2/api-keys" })}, []int{200}},
		{"another method", []emulatortest.Fault{status(500, func(f *emulatortest.Fault) { f.Method = "POST" })}, []int{200}},
		{"any request", []emulatortest.Fault{status(500, func(f *emulatortest.Fault) { f.Method, f.Path = "", "" })}, []int{500, 200}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := emulatortest.Start(t)
			s.SetFaults(test.plan...)
			var got []int
			for range test.want {
				got = append(got, get(t, s, "/v2/projects").status)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("answered %v, want %v", got, test.want)
			}
		})
	}
}

func TestFaultComesBeforeAuthorization(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	s.SetFaults(emulatortest.Fault{Kind: "status", Status: 500})
	wantRefusal(t, send(t, s, "GET", "/v2/projects", "", "Authorization", ""), http.StatusInternalServerError)
	wantRefusal(t, send(t, s, "GET", "/v2/projects", "", "Authorization", ""), http.StatusUnauthorized)
}
