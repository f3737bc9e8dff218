package servicecheck

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

const (
	projects     = "/v2/projects"
	environments = "/v2/environments"
	apiKeys      = "/v2/api-keys"
)

// org is an organization, and the key of one of its projects and environments.
type org struct {
	*emulatortest.Server
	key string // may be empty
}

// populated is an organization that can show every rule.
func populated(t *testing.T) *org {
	t.Helper()
	server := &org{Server: emulatortest.Start(t, emulatortest.WithAnyRequest())}
	orders := server.CreateProject("Orders of Acme")
	server.CreateEnvironment("", "Acme QA")
	server.CreateEnvironment(orders.ID, "EU Production")
	_, server.key = server.GenerateKey(orders.ID, "prd")
	server.GenerateKey(orders.ID, "eu-production")
	_, other := server.GenerateKey(server.Projects()[0].ID, "acme-qa")
	server.CreateSetup(other, "acme-returns", "char-count")
	server.CreateSetup(server.key, "acme-checkout", "char-count", "word-count")
	server.CreateSetupWith(server.key, "acme-cart", []map[string]any{
		{"key": "gen_ai.system", "source": "span_attributes", "operator": "equals", "value": "acme-model"},
		{"key": "service.name", "source": "resource_attributes", "operator": "not_in", "values": []string{"acme-web"}},
	}, "pii-detector")
	return server
}

// held is an answer of the emulator on its way to the check.
type held struct {
	status int
	header http.Header
	body   map[string]any // nil for none
	list   []any          // in place of the body
	text   string         // takes the place of the body
	lost   bool           // the connection is closed instead
}

func (h *held) data() []map[string]any {
	var all []map[string]any
	list, _ := h.body["data"].([]any)
	for _, o := range list {
		all = append(all, o.(map[string]any))
	}
	return all
}

func (h *held) setData(all []map[string]any) {
	list := []any{}
	for _, o := range all {
		list = append(list, o)
	}
	h.body["data"] = list
}

// objects are the elements of a list that is no page.
func (h *held) objects() []map[string]any {
	all := make([]map[string]any, len(h.list))
	for i, o := range h.list {
		all[i] = o.(map[string]any)
	}
	return all
}

func (h *held) set(status int, body map[string]any) {
	h.status, h.body, h.list = status, body, nil
	h.header.Set("Content-Type", "application/json")
}

// broken is a service that breaks a rule.
type broken struct {
	server *org

	mu     sync.Mutex
	change func(*exchange)
	refuse func(*http.Request) bool // nil: nothing; what it refuses, the emulator never sees
	writes []string                 // of the check
}

// exchange is a request to a broken service.
type exchange struct {
	*http.Request
	sent   map[string]any // the body
	answer *held
	serve  func() *held // asks the emulator
}

// on reports whether it is an operation: a collection's, or one of an object for a path that
// ends with a slash.
func (e *exchange) on(method, path string) bool {
	if e.Method != method {
		return false
	}
	if id, one := strings.CutPrefix(e.URL.Path, path); strings.HasSuffix(path, "/") {
		return one && id != ""
	}
	return e.URL.Path == path
}

func (e *exchange) parameter(name string) string { return e.URL.Query().Get(name) }

// without asks the emulator again, without a parameter.
func (e *exchange) without(name string) {
	query := e.URL.Query()
	query.Del(name)
	e.URL.RawQuery = query.Encode()
	e.answer = e.serve()
}

func (b *broken) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse != nil && b.refuse(r) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusInternalServerError)
		io.WriteString(w, `{"error":"Out of order."}`)
		return
	}
	body, _ := io.ReadAll(r.Body)
	e := &exchange{Request: r}
	json.Unmarshal(body, &e.sent)
	e.serve = func() *held {
		if e.sent != nil {
			body, _ = json.Marshal(e.sent) //nolint:errchkjson // it was JSON
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		recorder := httptest.NewRecorder()
		b.server.Emulator.Direct().ServeHTTP(recorder, r)
		h := &held{status: recorder.Code, header: recorder.Header()}
		json.Unmarshal(recorder.Body.Bytes(), &h.body)
		json.Unmarshal(recorder.Body.Bytes(), &h.list)
		return h
	}
	if r.Method != http.MethodGet {
		b.writes = append(b.writes, r.Method+" "+r.URL.Path)
	}
	e.answer = e.serve()
	if b.change != nil {
		b.change(e)
	}
	if e.answer.lost {
		panic(http.ErrAbortHandler)
	}
	e.answer.header.Del("Content-Length")
	maps.Copy(w.Header(), e.answer.header)
	w.WriteHeader(e.answer.status)
	switch {
	case e.answer.text != "":
		io.WriteString(w, e.answer.text)
	case e.answer.list != nil:
		json.NewEncoder(w).Encode(e.answer.list) //nolint:errchkjson // it was JSON
	case e.answer.body != nil:
		json.NewEncoder(w).Encode(e.answer.body) //nolint:errchkjson // it was JSON
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

// contents is everything that the organization has.
func contents(server *org) string {
	setups := server.Setups(server.key)
	for i := range setups { // these change by themselves
		setups[i].Status, setups[i].Evaluators = "", nil
	}
	all, _ := json.Marshal([]any{server.Projects(), server.Environments(""), server.Keys(), setups}) //nolint:errchkjson // it was JSON
	return string(all)
}

func contains(lines []line, operation, rule string, o outcome) bool {
	return slices.ContainsFunc(lines, func(l line) bool { return l.operation == operation && l.rule == rule && l.outcome == o })
}
