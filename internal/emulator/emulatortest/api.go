package emulatortest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
)

// These methods act as another user of the organization, without record, latency, rate limit and
// faults. A refusal fails the test.

// CreateProject creates a project.
func (s *Server) CreateProject(name string) Project {
	s.t.Helper()
	return call[Project](s, "POST", "/v2/projects", map[string]string{"name": name})
}

// RenameProject renames a project.
func (s *Server) RenameProject(id, name string) Project {
	s.t.Helper()
	return call[Project](s, "PATCH", "/v2/projects/"+url.PathEscape(id), map[string]string{"name": name})
}

// DeleteProject deletes a project with its environments and keys.
func (s *Server) DeleteProject(id string) {
	s.t.Helper()
	s.do("DELETE", "/v2/projects/"+url.PathEscape(id), nil)
}

// Projects lists all projects.
func (s *Server) Projects() []Project {
	s.t.Helper()
	return list[Project](s, "/v2/projects", url.Values{})
}

// CreateEnvironment creates an environment; an organization-level one if projectID is empty.
func (s *Server) CreateEnvironment(projectID, name string) Environment {
	s.t.Helper()
	body := map[string]string{"name": name}
	if projectID != "" {
		body["project_id"] = projectID
	}
	return call[Environment](s, "POST", "/v2/environments", body)
}

// DeleteEnvironment deletes an environment with its keys.
func (s *Server) DeleteEnvironment(id string) {
	s.t.Helper()
	s.do("DELETE", "/v2/environments/"+url.PathEscape(id), nil)
}

// Environments lists the environments of a project, including inherited ones, or all of both scopes
// if projectID is empty.
func (s *Server) Environments(projectID string) []Environment {
	s.t.Helper()
	query := url.Values{}
	if projectID != "" {
		query.Set("project_id", projectID)
	}
	return list[Environment](s, "/v2/environments", query)
}

// GenerateKey generates the key of a project and an environment's slug.
func (s *Server) GenerateKey(projectID, environment string) (id, key string) {
	s.t.Helper()
	generated := call[emulator.GeneratedAPIKey](s, "POST", "/v2/api-keys",
		map[string]string{"project_id": projectID, "environment": environment})
	return generated.ID, generated.Key
}

// RevokeKey revokes a key.
func (s *Server) RevokeKey(id string) {
	s.t.Helper()
	s.do("DELETE", "/v2/api-keys/"+url.PathEscape(id), nil)
}

// Keys lists all active keys.
func (s *Server) Keys() []APIKey {
	s.t.Helper()
	return list[APIKey](s, "/v2/api-keys", url.Values{})
}

// SendSpans sends n spans like an application with this key. It returns the status of the answer:
// 200, or 401 if the key is revoked.
func (s *Server) SendSpans(key string, n int) (status int) {
	s.t.Helper()
	return s.SendSpansWith(key, n, nil, nil)
}

// SendSpansWith is SendSpans with attributes of the spans and of the resource.
func (s *Server) SendSpansWith(key string, n int, resource, span map[string]string) (status int) {
	s.t.Helper()
	traces := ptrace.NewTraces()
	resourceSpans := traces.ResourceSpans().AppendEmpty()
	for name, value := range resource {
		resourceSpans.Resource().Attributes().PutStr(name, value)
	}
	spans := resourceSpans.ScopeSpans().AppendEmpty().Spans()
	for range n {
		sent := spans.AppendEmpty()
		sent.SetName("span")
		for name, value := range span {
			sent.Attributes().PutStr(name, value)
		}
	}
	body, err := ptraceotlp.NewExportRequestFromTraces(traces).MarshalProto()
	if err != nil {
		s.t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(s.t.Context(), "POST", "/v1/traces", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/x-protobuf")
	r.Header.Set("Authorization", "Bearer "+key)
	w := httptest.NewRecorder()
	s.Emulator.Direct().ServeHTTP(w, r)
	return w.Code
}

// PutSetup replaces an auto monitor setup, with the key of its project and environment.
func (s *Server) PutSetup(key, externalID string, evaluators ...string) Setup {
	s.t.Helper()
	return decode[Setup](s, s.doAs(key, "PUT", setupPath(externalID), map[string]any{"evaluators": evaluators}))
}

// CreateSetup creates an auto monitor setup, with the key of its project and environment.
func (s *Server) CreateSetup(key, externalID string, evaluators ...string) Setup {
	s.t.Helper()
	return decode[Setup](s, s.doAs(key, "POST", "/v2/auto-monitor-setups", map[string]any{"external_id": externalID, "evaluators": evaluators}))
}

// DeleteSetup deletes an auto monitor setup, with the key of its project and environment.
func (s *Server) DeleteSetup(key, externalID string) {
	s.t.Helper()
	s.doAs(key, "DELETE", setupPath(externalID), nil)
}

// Setups lists the auto monitor setups of the organization, with the key of any project and
// environment.
func (s *Server) Setups(key string) []Setup {
	s.t.Helper()
	return decode[[]Setup](s, s.doAs(key, "GET", "/v2/auto-monitor-setups", nil))
}

// CreateEvaluator creates an evaluator of the organization, with the key of any project and environment,
// and reads it.
func (s *Server) CreateEvaluator(key string, body map[string]any) Evaluator {
	s.t.Helper()
	created := decode[struct {
		ID string `json:"evaluator_id"`
	}](s, s.doAs(key, "POST", "/v2/evaluators", body))
	return decode[Evaluator](s, s.doAs(key, "GET", "/v2/evaluators/"+created.ID, nil))
}

// UpdateEvaluator changes the evaluator with an id or slug.
func (s *Server) UpdateEvaluator(key, id string, change map[string]any) {
	s.t.Helper()
	s.doAs(key, "PATCH", "/v2/evaluators/"+url.PathEscape(id), change)
}

// Evaluators lists the organization's own evaluators, with the key of any project and environment.
func (s *Server) Evaluators(key string) []Evaluator {
	s.t.Helper()
	return decode[struct{ Evaluators []Evaluator }](s, s.doAs(key, "GET", "/v2/evaluators?source=custom", nil)).Evaluators
}

func setupPath(externalID string) string {
	return "/v2/auto-monitor-setups/" + url.PathEscape(externalID)
}

func decode[T any](s *Server, data []byte) (result T) {
	s.t.Helper()
	if err := json.Unmarshal(data, &result); err != nil {
		s.t.Fatalf("%v in %s", err, data)
	}
	return result
}

func call[T any](s *Server, method, path string, body any) T {
	s.t.Helper()
	return decode[T](s, s.do(method, path, body))
}

func list[T any](s *Server, path string, query url.Values) (all []T) {
	s.t.Helper()
	query.Set("limit", "100")
	for {
		page := call[emulator.Page[T]](s, "GET", path+"?"+query.Encode(), nil)
		all = append(all, page.Data...)
		if page.NextCursor == "" {
			return all
		}
		query.Set("cursor", page.NextCursor)
	}
}

func (s *Server) do(method, path string, body any) []byte {
	s.t.Helper()
	return s.doAs(s.ManagementKey, method, path, body)
}

func (s *Server) doAs(key, method, path string, body any) []byte {
	s.t.Helper()
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			s.t.Fatal(err)
		}
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, bytes.NewReader(data))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+key)
	w := httptest.NewRecorder()
	s.Emulator.Direct().ServeHTTP(w, r)
	if w.Code >= http.StatusBadRequest {
		s.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Body.Bytes()
}
