package check

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

const (
	projects     = "/v2/projects"
	environments = "/v2/environments"
	apiKeys      = "/v2/api-keys"
	setups       = "/v2/auto-monitor-setups"
	evaluators   = "/v2/evaluators"
)

var writing = []string{"-write", "-yes"}

// service is an emulator behind a server that changes its answers.
type service struct {
	*emulatortest.Server

	url    string
	before string               // the organization
	keys   map[string]string    // of the check, by variable
	change func(*exchange)      // may be nil
	refuse func(*exchange) bool // what it refuses, the emulator never sees; may be nil

	mu sync.Mutex
}

const (
	ofManagement = "TRACELOOP_MANAGEMENT_API_KEY"
	ofProject    = "TRACELOOP_PROJECT_API_KEY"
)

// populated is an organization that can show every rule.
func populated(t *testing.T, change func(*exchange), options ...emulatortest.Option) *service {
	t.Helper()
	s := start(t, append(options, emulatortest.WithSeed(seed))...)
	s.keys[ofProject], s.change = "tl_AcmeKeyOfOrdersInPrd", change
	return s
}

func start(t *testing.T, options ...emulatortest.Option) *service {
	t.Helper()
	s := &service{Server: emulatortest.Start(t, append(options, emulatortest.WithAnyRequest())...)}
	s.keys = map[string]string{ofManagement: s.ManagementKey}
	s.before = s.export(t)
	front := httptest.NewServer(s)
	t.Cleanup(front.Close)
	s.url = front.URL
	return s
}

const seed = `
environments: [{name: Acme QA}]
projects:
  - name: Default project
    environments: [{name: Acme Staging}]
    api_keys: [{environment: acme-qa, api_key: tl_AcmeKeyOfDefaultInQA}]
    auto_monitor_setups: [{environment: acme-qa, external_id: acme-returns, evaluators: [char-count]}]
  - name: Orders of Acme
    environments: [{name: EU Production}]
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
    messages: [{role: user, content: "Rate: {{text}}"}]
    input_schema: [{name: text, type: string}]
    output_schema: [{name: good, type: boolean}]
`

func (s *service) export(t *testing.T) string {
	t.Helper()
	response, err := http.Get(s.URL + "/_emulator/export")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(text), "Default project") {
		t.Fatalf("%v\n%s", err, text)
	}
	return string(text)
}

// exchange is a request of the check, and the emulator's answer on its way to it.
type exchange struct {
	*http.Request
	status int
	header http.Header
	body   any    // nil for none
	lost   bool   // the connection is closed instead
	pass   func() // asks the emulator, perhaps again
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent, _ := io.ReadAll(r.Body)
	e := &exchange{Request: r, header: http.Header{}}
	e.pass = func() {
		recorder := httptest.NewRecorder()
		r.Body, e.body = io.NopCloser(bytes.NewReader(sent)), nil
		s.Emulator.ServeHTTP(recorder, r)
		e.status, e.header = recorder.Code, recorder.Header()
		json.Unmarshal(recorder.Body.Bytes(), &e.body)
	}
	if s.refuse == nil || !s.refuse(e) {
		e.pass()
		if s.change != nil {
			s.change(e)
		}
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

func (e *exchange) object() map[string]any {
	o, _ := e.body.(map[string]any)
	return o
}

// objects are those of a list, or the one that was answered.
func (e *exchange) objects() (all []map[string]any) {
	list, _ := e.body.([]any)
	if data, paged := e.object()["data"].([]any); paged {
		list = data
	} else if o := e.object(); o != nil {
		list = []any{o}
	}
	for _, o := range list {
		all = append(all, o.(map[string]any))
	}
	return all
}

// on reports whether it is an operation: a collection's, or one of an object for a path that ends
// with a slash.
func (e *exchange) on(method, path string) bool {
	if id, one := strings.CutPrefix(e.URL.Path, path); strings.HasSuffix(path, "/") {
		return e.Method == method && one && id != ""
	}
	return e.Method == method && e.URL.Path == path
}

// done reports whether the emulator has carried out a write.
func (e *exchange) done() bool { return e.Method != http.MethodGet && e.status < 300 }

// result is what a check has said.
type result struct {
	status         int
	stdout, stderr string
	report         string
	lines          []string // its verdicts, such as "holds GET /v2/projects: needs a key: 401"
	waited         time.Duration
}

var verdictLine = regexp.MustCompile(`(?m)^(holds|tolerated|differs|not allowed|not there|not shown|no answer) +(\S.*: .*)$`)

// check checks the service. Whatever it answers, the organization stays as it was, and the report shows nothing
// of it.
func (s *service) check(t *testing.T, ctx context.Context, args ...string) (r result) { //nolint:revive // t comes first in a test
	t.Helper()
	var stdout, stderr bytes.Buffer
	file := filepath.Join(t.TempDir(), "report.md")
	command := Command{
		Version: "dev",
		Env: func(name string) (value string, set bool) {
			if name == "TRACELOOP_MANAGEMENT_BASE_URL" {
				return s.url, true
			}
			value, set = s.keys[name]
			return value, set
		},
		Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
		wait: func(ctx context.Context, d time.Duration) error { r.waited += d; return ctx.Err() },
	}
	r.status = command.Run(ctx, append([]string{"-report", file}, args...))
	text, _ := os.ReadFile(file) // which is not there if the check did not start
	r.stdout, r.stderr, r.report = stdout.String(), stderr.String(), string(text)
	for _, line := range verdictLine.FindAllStringSubmatch(r.stdout, -1) {
		r.lines = append(r.lines, line[1]+" "+line[2])
	}
	if after := s.export(t); r.status != exitLeft && after != s.before {
		t.Errorf("the organization has changed:\n%s\n%s\n%s", s.before, after, r.stdout)
	}
	for _, value := range append(s.private(), "may be deleted", "EU Check", "traceloop-check", s.url, "127.0.0.1") {
		if strings.Contains(r.report, value) {
			t.Errorf("the report shows %q", value)
		}
	}
	return r
}

var privateMember = regexp.MustCompile(`"(?:id|name|slug|masked_key|external_id|org_id|env_project_id)":"([^"]+)"`)

// private are the names, ids and keys of the organization. dev, stg and prd are the contract's own words.
func (s *service) private() []string {
	values, all := []string{s.ManagementKey, "tl_LeakedKeyOfTheOrganization"}, []any{s.Projects(), s.Environments(""), s.Keys()}
	if key := s.keys[ofProject]; key != "" {
		values, all = append(values, key), append(all, s.Setups(key))
	}
	text, _ := json.Marshal(all) //nolint:errchkjson // it was JSON
	for _, match := range privateMember.FindAllStringSubmatch(string(text), -1) {
		if !slices.Contains(contract.BuiltInEnvironments, match[1]) {
			values = append(values, match[1])
		}
	}
	return values
}

// troubles are the verdicts of lines that neither hold nor are tolerated.
func (r result) troubles() []string {
	return slices.DeleteFunc(slices.Clone(r.lines), func(line string) bool {
		return strings.HasPrefix(line, string(holds)) || strings.HasPrefix(line, string(tolerated))
	})
}

// has reports whether a rule, by how it begins, has the outcome.
func (r result) has(want outcome, rule string) bool {
	return slices.ContainsFunc(r.lines, func(line string) bool { return strings.HasPrefix(line, string(want)+" "+rule) })
}
