package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// org is an organization, and the key of one of its projects and environments.
type org struct {
	*emulatortest.Server
	key          string // may be empty
	noManagement bool   // the check does not get the management key

	seen func(line) // may be nil
}

// populated is an organization that can show every rule.
func populated(t *testing.T, options ...emulatortest.Option) *org {
	t.Helper()
	options = append(options, emulatortest.WithSeed(seed), emulatortest.WithAnyRequest())
	return &org{Server: emulatortest.Start(t, options...), key: "tl_AcmeKeyOfOrdersInPrd"}
}

const seed = `
environments:
  - name: Acme QA
projects:
  - name: Default project
    environments:
      - name: Acme Staging
    api_keys:
      - environment: acme-qa
        api_key: tl_AcmeKeyOfDefaultInQA
    auto_monitor_setups:
      - {environment: acme-qa, external_id: acme-returns, evaluators: [char-count]}
  - name: Orders of Acme
    environments:
      - name: EU Production
    api_keys:
      - {environment: prd, api_key: tl_AcmeKeyOfOrdersInPrd}
      - {environment: eu-production, api_key: tl_AcmeKeyOfOrdersInEU}
    auto_monitor_setups:
      - {environment: prd, external_id: acme-checkout, evaluators: [char-count, word-count]}
      - environment: eu-production
        external_id: acme-cart
        evaluators: [pii-detector]
        selector:
          - {key: gen_ai.system, source: span_attributes, operator: equals, value: acme-model}
          - {key: service.name, source: resource_attributes, operator: not_in, values: [acme-web]}
evaluators:
  - name: Acme tone
    provider: openai
    model: gpt-4o
    messages:
      - {role: user, content: "Rate: {{text}}"}
    input_schema:
      - {name: text, type: string}
    output_schema:
      - {name: good, type: boolean}
`

// result is what a check has said.
type result struct {
	status         int
	stdout, stderr string
	report         string
	lines          []line
	waited         time.Duration
}

var day = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func check(t *testing.T, ctx context.Context, url string, server *org, args ...string) result { //nolint:revive // t comes first in a test
	t.Helper()
	variables := map[string]string{"TRACELOOP_MANAGEMENT_BASE_URL": url}
	if !server.noManagement {
		variables["TRACELOOP_MANAGEMENT_API_KEY"] = server.ManagementKey
	}
	if server.key != "" {
		variables["TRACELOOP_PROJECT_API_KEY"] = server.key
	}
	var stdout, stderr bytes.Buffer
	var r result
	file := filepath.Join(t.TempDir(), "report.md")
	command := Command{
		Version: "dev",
		Env: func(name string) (value string, set bool) {
			value, set = variables[name]
			return value, set
		},
		Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
		Now:  func() time.Time { return day },
		wait: func(ctx context.Context, d time.Duration) error { r.waited += d; return ctx.Err() },
		seen: func(l line) {
			r.lines = append(r.lines, l)
			if server.seen != nil {
				server.seen(l)
			}
		},
	}
	r.status = command.Run(ctx, append([]string{"-report", file}, args...))
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	r.stdout, r.stderr, r.report = stdout.String(), stderr.String(), string(text)
	return r
}

// exchange is a request to a broken service, and the emulator's answer on its way to the check.
type exchange struct {
	*http.Request
	status int
	header http.Header
	body   any    // nil for none
	lost   bool   // the connection is closed instead
	again  func() // asks the emulator again
}

func (e *exchange) object() map[string]any {
	o, _ := e.body.(map[string]any)
	return o
}

// objects are those of a list, or the one that was answered.
func (e *exchange) objects() (all []map[string]any) {
	list, isList := e.body.([]any)
	if !isList {
		list, isList = e.object()["data"].([]any)
	}
	if !isList {
		return []map[string]any{e.object()}
	}
	for _, o := range list {
		all = append(all, o.(map[string]any))
	}
	return all
}

// on reports whether it is an operation: a collection's, or one of an object for a path that ends
// with a slash.
func (e *exchange) on(method, path string) bool {
	if e.Method != method {
		return false
	}
	if id, one := strings.CutPrefix(e.URL.Path, path); strings.HasSuffix(path, "/") {
		return one && id != ""
	}
	return e.URL.Path == path
}

func (e *exchange) set(status int, body any) {
	e.status, e.body = status, body
	e.header.Set("Content-Type", "application/json")
}

// broken is the emulator with changed answers.
type broken struct {
	server *org

	mu     sync.Mutex
	change func(*exchange)
	refuse func(http.ResponseWriter, *http.Request) bool // what it refuses, the emulator never sees
	writes []string                                      // of the check
}

func (b *broken) serve(r *http.Request, sent []byte) *exchange {
	r.Body = io.NopCloser(bytes.NewReader(sent))
	recorder := httptest.NewRecorder()
	b.server.Emulator.Direct().ServeHTTP(recorder, r)
	e := &exchange{Request: r, status: recorder.Code, header: recorder.Header()}
	json.Unmarshal(recorder.Body.Bytes(), &e.body)
	return e
}

func (b *broken) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse != nil && b.refuse(w, r) {
		return
	}
	sent, _ := io.ReadAll(r.Body)
	if r.Method != http.MethodGet {
		b.writes = append(b.writes, r.Method+" "+r.URL.Path)
	}
	e := b.serve(r, sent)
	e.again = func() {
		again := b.serve(r, sent)
		e.status, e.header, e.body = again.status, again.header, again.body
	}
	if b.change != nil {
		b.change(e)
	}
	if e.lost {
		panic(http.ErrAbortHandler)
	}
	e.header.Del("Content-Length")
	maps.Copy(w.Header(), e.header)
	w.WriteHeader(e.status)
	if e.body != nil {
		json.NewEncoder(w).Encode(e.body) //nolint:errchkjson // it was JSON
	}
}

// startBroken serves the emulator with a change to what it answers.
func startBroken(t *testing.T, server *org, change func(*exchange)) (url string, b *broken) {
	t.Helper()
	b = &broken{server: server, change: change}
	front := httptest.NewServer(b)
	t.Cleanup(front.Close)
	return front.URL, b
}

// troubles are the lines that neither hold nor are tolerated.
func troubles(lines []line) string {
	var b strings.Builder
	for _, l := range lines {
		if !l.fine() {
			b.WriteString(l.operation + " " + l.rule + ": " + string(l.outcome) + ", " + l.sent + ", " + l.want + ", " + l.came + "\n")
		}
	}
	return b.String()
}

// contains reports whether a line of an operation and rule has the outcome.
func contains(lines []line, begins string, want outcome) bool {
	return slices.ContainsFunc(lines, func(l line) bool {
		return strings.HasPrefix(l.operation+" "+l.rule, begins) && l.outcome == want
	})
}
