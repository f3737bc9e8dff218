package traceloop

import (
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract/validate"
)

// all collects a list.
func all[T any](t *testing.T, list iter.Seq2[T, error]) []T {
	t.Helper()
	items, err := collect(list)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

// TestOperations makes each operation once: the request on the wire, its conformity
// with the contract, and what the caller gets.
func TestOperations(t *testing.T) {
	var (
		created     = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		project     = Project{ID: "p1", Name: "Orders", Slug: "orders", CreatedAt: created}
		environment = Environment{ID: "e1", Name: "EU Production", Slug: "eu-production", Scope: ScopeProject, ProjectID: "p1", CreatedAt: created}
		shared      = Environment{ID: "e2", Name: "QA", Slug: "qa", Scope: ScopeOrganization, CreatedAt: created}
		key         = APIKey{ID: "k1", ProjectID: "p1", Environment: "prd", MaskedKey: "tl_****Wx3k", CreatedAt: created}
		pageOf      = func(s string) string { return `{"data":[` + s + `],"next_cursor":"","total_results":1}` }
	)
	ctx := t.Context()
	tests := []struct {
		name         string
		call         func(*Client) (any, error)
		method, path string
		query, body  string
		status       int
		answer       string
		want         any
	}{
		{
			"list projects", func(c *Client) (any, error) { return collect(c.ListProjects(ctx)) },
			"GET", "/v2/projects", "limit=100", "", 200, pageOf(projectJSON),
			[]Project{project},
		},
		{
			"create project", func(c *Client) (any, error) { return c.CreateProject(ctx, ProjectRequest{"Orders"}) },
			"POST", "/v2/projects", "", `{"name":"Orders"}`, 201, projectJSON, &project,
		},
		{
			"get project", func(c *Client) (any, error) { return c.GetProject(ctx, "p1") },
			"GET", "/v2/projects/p1", "", "", 200, projectJSON, &project,
		},
		{
			"update project", func(c *Client) (any, error) { return c.UpdateProject(ctx, "p1", ProjectRequest{"Orders"}) },
			"PATCH", "/v2/projects/p1", "", `{"name":"Orders"}`, 200, projectJSON, &project,
		},
		{
			"delete project", func(c *Client) (any, error) { return nil, c.DeleteProject(ctx, "p1") },
			"DELETE", "/v2/projects/p1", "", "", 204, "", nil,
		},
		{
			"list environments", func(c *Client) (any, error) { return collect(c.ListEnvironments(ctx, EnvironmentFilter{})) },
			"GET", "/v2/environments", "limit=100", "", 200, pageOf(environmentJSON + "," + sharedJSON),
			[]Environment{environment, shared},
		},
		{
			"list environments of a project", func(c *Client) (any, error) { return collect(c.ListEnvironments(ctx, EnvironmentFilter{"p1"})) },
			"GET", "/v2/environments", "limit=100&project_id=p1", "", 200, pageOf(environmentJSON),
			[]Environment{environment},
		},
		{
			"create environment", func(c *Client) (any, error) {
				return c.CreateEnvironment(ctx, EnvironmentRequest{"EU Production", "p1"})
			},
			"POST", "/v2/environments", "", `{"name":"EU Production","project_id":"p1"}`, 201, environmentJSON, &environment,
		},
		{
			"create organization-level environment", func(c *Client) (any, error) { return c.CreateEnvironment(ctx, EnvironmentRequest{Name: "QA"}) },
			"POST", "/v2/environments", "", `{"name":"QA"}`, 201, sharedJSON, &shared,
		},
		{
			"get environment", func(c *Client) (any, error) { return c.GetEnvironment(ctx, "e2") },
			"GET", "/v2/environments/e2", "", "", 200, sharedJSON, &shared,
		},
		{
			"delete environment", func(c *Client) (any, error) { return nil, c.DeleteEnvironment(ctx, "e1") },
			"DELETE", "/v2/environments/e1", "", "", 204, "", nil,
		},
		{
			"list API keys", func(c *Client) (any, error) { return collect(c.ListAPIKeys(ctx, APIKeyFilter{})) },
			"GET", "/v2/api-keys", "limit=100", "", 200, pageOf(apiKeyJSON),
			[]APIKey{key},
		},
		{
			"list API keys of a place", func(c *Client) (any, error) { return collect(c.ListAPIKeys(ctx, APIKeyFilter{"p1", "prd"})) },
			"GET", "/v2/api-keys", "environment=prd&limit=100&project_id=p1", "", 200, pageOf(apiKeyJSON),
			[]APIKey{key},
		},
		{
			"create API key", func(c *Client) (any, error) { return c.CreateAPIKey(ctx, APIKeyRequest{"p1", "prd"}) },
			"POST", "/v2/api-keys", "", `{"project_id":"p1","environment":"prd"}`, 201, generatedJSON, &GeneratedAPIKey{key, generatedKey},
		},
		{
			"get API key", func(c *Client) (any, error) { return c.GetAPIKey(ctx, "k1") },
			"GET", "/v2/api-keys/k1", "", "", 200, apiKeyJSON, &key,
		},
		{
			"revoke API key", func(c *Client) (any, error) { return nil, c.RevokeAPIKey(ctx, "k1") },
			"DELETE", "/v2/api-keys/k1", "", "", 204, "", nil,
		},
	}
	contract, err := validate.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				recorder := httptest.NewRecorder()
				if tt.status == http.StatusNoContent {
					recorder.WriteHeader(tt.status)
				} else {
					answer(tt.status, tt.answer)(recorder, r)
				}
				exchange, err := contract.Request(r)
				if err == nil {
					err = exchange.Answer(recorder.Code, recorder.Header(), recorder.Body.Bytes())
				}
				if err != nil {
					t.Errorf("not as the contract says: %v", err)
				}
				maps.Copy(w.Header(), recorder.Header())
				w.WriteHeader(recorder.Code)
				w.Write(recorder.Body.Bytes())
			})
			got, err := tt.call(s.client(Config{UserAgent: "terraform-provider-traceloop/test"}))
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Fatalf("got %+v, %v, want %+v", got, err, tt.want)
			}
			requests := s.got()
			if len(requests) != 1 {
				t.Fatalf("%d requests, want 1", len(requests))
			}
			r := requests[0]
			if r.method != tt.method || r.path != tt.path || r.query != tt.query || r.body != tt.body {
				t.Errorf("got %s %s?%s %s", r.method, r.path, r.query, r.body)
			}
			for name, want := range map[string]string{
				"Authorization": "Bearer " + testKey,
				"Accept":        "application/json",
				"User-Agent":    "terraform-provider-traceloop/test",
				"Content-Type":  map[bool]string{true: "application/json"}[tt.body != ""],
			} {
				if got := r.header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if (r.header.Get("Idempotency-Key") != "") != (tt.method == http.MethodPost) {
				t.Error("an Idempotency-Key belongs on each POST, and on nothing else")
			}
		})
	}
}

// Each field that the contract requires is missed, in each kind of object.
func TestMissingFields(t *testing.T) {
	tests := []struct {
		object string
		get    func(*Client) error
		fields []string
	}{
		{
			projectJSON, func(c *Client) error { _, err := c.GetProject(t.Context(), "x"); return err },
			[]string{"id", "name", "slug", "created_at"},
		},
		{
			environmentJSON, func(c *Client) error { _, err := c.GetEnvironment(t.Context(), "x"); return err },
			[]string{"id", "name", "slug", "scope", "project_id", "created_at"},
		},
		{
			apiKeyJSON, func(c *Client) error { _, err := c.GetAPIKey(t.Context(), "x"); return err },
			[]string{"id", "project_id", "environment", "created_at"},
		},
		{
			generatedJSON, func(c *Client) error { _, err := c.CreateAPIKey(t.Context(), APIKeyRequest{}); return err },
			[]string{"api_key"},
		},
	}
	for _, tt := range tests {
		for _, field := range tt.fields {
			for problem, change := range map[string]func(map[string]any){
				"missing": func(o map[string]any) { delete(o, field) },
				"null":    func(o map[string]any) { o[field] = nil },
				"not":     func(o map[string]any) { o[field] = map[string]any{"secret": 1} },
			} {
				object := decodeJSON(t, tt.object)
				change(object)
				reason := as[*MismatchError](t, tt.get(serve(t, answer(200, encodeJSON(t, object))).client(Config{}))).Reason
				if want := "its field " + field + " is " + problem; !strings.HasPrefix(reason, want) || strings.Contains(reason, "secret") {
					t.Errorf("got %q, want %q", reason, want)
				}
			}
		}
	}
}

func TestIDsAreEscaped(t *testing.T) {
	for id, want := range map[string]string{
		"a/b":           "/v2/projects/a%2Fb",
		"../api-keys/k": "/v2/projects/..%2Fapi-keys%2Fk",
		"a?b=c#d":       "/v2/projects/a%3Fb=c%23d",
		"a b%20":        "/v2/projects/a%20b%2520",
		"...":           "/v2/projects/...",
		"ü":             "/v2/projects/%C3%BC",
	} {
		s := serve(t, good)
		c := s.client(Config{})
		c.base = c.base.JoinPath("/gateway")
		if err := c.DeleteProject(t.Context(), id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
		if got := s.got()[0]; got.path != "/gateway"+want || got.query != "" {
			t.Errorf("%q: got %s?%s, want %s", id, got.path, got.query, want)
		}
	}
}

func TestIDsThatNameNoObject(t *testing.T) {
	s := serve(t, good)
	c := s.client(Config{})
	for _, id := range []string{"", ".", ".."} {
		_, get := c.GetProject(t.Context(), id)
		_, update := c.UpdateProject(t.Context(), id, ProjectRequest{"x"})
		for i, err := range []error{get, update, c.DeleteProject(t.Context(), id), c.DeleteEnvironment(t.Context(), id), c.RevokeAPIKey(t.Context(), id)} {
			if err == nil {
				t.Errorf("operation %d accepts the id %q", i, id)
			}
		}
	}
	if len(s.got()) != 0 {
		t.Error("a request was made")
	}
}
