package traceloop

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// These tests hold what is tolerated against answers made by hand: as Traceloop has been seen to
// answer on other objects, and not as the emulator does.

// routes answers by method and path. A path has a query only where it is "path?query".
type routes map[string]http.HandlerFunc

func (r routes) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	for _, key := range []string{req.Method + " " + req.URL.Path + "?" + req.URL.RawQuery, req.Method + " " + req.URL.Path} {
		if handler, ok := r[key]; ok {
			handler(w, req)
			return
		}
	}
	notRouted(w, req)
}

// The secret is in the answer, so it is saved, whatever else is missing. The list shows the id.
func TestGeneratedKeyNeedsOnlyItsSecret(t *testing.T) {
	request := APIKeyRequest{ProjectID: "p1", Environment: "prd"}
	created := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	whole := GeneratedAPIKey{APIKey{"k1", "p1", "prd", "tl_****Wx3k", created}, generatedKey}
	maskless := GeneratedAPIKey{APIKey{"k1", "p1", "prd", "", created}, generatedKey}
	for name, tt := range map[string]struct {
		drop, set string
		list      http.HandlerFunc // read if the answer has no id
		want      GeneratedAPIKey
	}{
		"nothing":     {want: whole},
		"masked_key":  {drop: "masked_key", want: maskless},
		"environment": {drop: "environment", want: whole},
		"project_id":  {drop: "project_id", want: whole},
		"created_at":  {drop: "created_at", want: whole},
		"everything of its type": {
			set:  `{"id":"k1","api_key":"` + generatedKey + `","environment":7,"project_id":[],"masked_key":{},"created_at":1767323045}`,
			want: maskless,
		},
		"id":                            {drop: "id", list: answer(200, "["+apiKeyJSON+"]"), want: whole},
		"everything":                    {set: `{"api_key":"` + generatedKey + `"}`, list: answer(200, "["+apiKeyJSON+"]"), want: whole},
		"id, and the list is not shown": {drop: "id", list: refusal(403), want: GeneratedAPIKey{APIKey{"", "p1", "prd", "tl_****Wx3k", created}, generatedKey}},
		"id, and the list is empty":     {drop: "id", list: answer(200, "[]"), want: GeneratedAPIKey{APIKey{"", "p1", "prd", "tl_****Wx3k", created}, generatedKey}},
		"id, and the list has other keys": {
			drop: "id", list: answer(200, "["+strings.Replace(apiKeyJSON, "Wx3k", "0000", 1)+","+strings.NewReplacer("k1", "k2", "prd", "dev").Replace(apiKeyJSON)+"]"),
			want: GeneratedAPIKey{APIKey{"", "p1", "prd", "tl_****Wx3k", created}, generatedKey},
		},
	} {
		body := tt.set
		if body == "" {
			object := decodeJSON(t, generatedJSON)
			delete(object, tt.drop)
			body = encodeJSON(t, object)
		}
		for _, status := range []int{http.StatusOK, http.StatusCreated} {
			s := &service{answers: []http.HandlerFunc{answer(status, body, "Date", "Fri, 02 Jan 2026 03:04:05 GMT")}}
			requests := 1
			if tt.list != nil {
				s.answers, requests = append(s.answers, tt.list), 2
			}
			key, err := onLoopback(t, s, Config{MaxRetries: DefaultMaxRetries}).CreateAPIKey(t.Context(), request)
			if err == nil {
				key.CreatedAt = key.CreatedAt.Truncate(time.Minute) // by the service's clock, if the answer does not say it
			}
			if err != nil || *key != tt.want || len(s.got()) != requests {
				t.Errorf("without %s: got %#v, %v after %d requests, want %+v", name, key, err, len(s.got()), tt.want)
			}
		}
	}
}

// A creation is never lost for a field that another read shows.
func TestCreationNeedsOnlyItsID(t *testing.T) {
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	project := Project{"p1", "Orders", "orders", created}
	now := time.Now().UTC().Truncate(time.Hour)
	near := func(created *time.Time) { // by the service's clock
		if created.Year() > 2000 && created.Sub(now).Abs() < 2*time.Hour {
			*created = now
		}
	}
	environment := Environment{ID: "e1", Name: "EU Production", Slug: "eu-production", Scope: ScopeProject, ProjectID: "p1", CreatedAt: created}
	for name, tt := range map[string]struct {
		reads       routes
		project     Project
		environment Environment
		projectBody string
	}{
		"a whole answer": {
			projectBody: projectJSON, project: project,
			environment: environment,
		},
		"only the id": {
			reads:       routes{"GET /v2/projects/p1": answer(200, projectJSON), "GET /v2/environments/e1": answer(200, environmentJSON)},
			projectBody: `{"id":"p1"}`, project: project, environment: environment,
		},
		"only the id, and no read works": {
			reads:       routes{"GET /v2/projects/p1": refusal(403), "GET /v2/environments/e1": refusal(403)},
			projectBody: `{"id":"p1","created_at":7}`,
			project:     Project{ID: "p1", Name: "Orders", CreatedAt: now},
			environment: Environment{ID: "e1", Name: "EU Production", Scope: ScopeProject, ProjectID: "p1", CreatedAt: now},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := routes{"POST /v2/projects": answer(200, tt.projectBody), "POST /v2/environments": answer(201, strings.Replace(tt.projectBody, "p1", "e1", 1))}
			if tt.projectBody == projectJSON {
				r["POST /v2/environments"] = answer(201, environmentJSON)
			}
			maps.Copy(r, tt.reads)
			c := onLoopback(t, r, Config{})
			project, err := c.CreateProject(t.Context(), ProjectRequest{"Orders"})
			if err != nil {
				t.Fatal(err)
			}
			environment, err := c.CreateEnvironment(t.Context(), EnvironmentRequest{"EU Production", "p1"})
			if err != nil {
				t.Fatal(err)
			}
			near(&project.CreatedAt)
			near(&environment.CreatedAt)
			if *project != tt.project || *environment != tt.environment {
				t.Errorf("got %+v and %+v, want %+v and %+v", project, environment, tt.project, tt.environment)
			}
		})
	}
}

// What the provider does not need may be missing, or be anything.
func TestFieldsThatAreNotNeeded(t *testing.T) {
	project, environment := decodeJSON(t, projectJSON), decodeJSON(t, environmentJSON)
	project["updated_at"] = 7
	delete(environment, "built_in")
	c := onLoopback(t, routes{"GET /v2/projects/p1": answer(200, encodeJSON(t, project)), "GET /v2/environments/e1": answer(200, encodeJSON(t, environment))}, Config{})
	if _, err := c.GetProject(t.Context(), "p1"); err != nil {
		t.Error(err)
	}
	if e, err := c.GetEnvironment(t.Context(), "e1"); err != nil || e.BuiltIn {
		t.Errorf("got %+v, %v", e, err)
	}
}

func TestFormsOfLists(t *testing.T) {
	second := strings.Replace(projectJSON, `"p1"`, `"p2"`, 1)
	for body, want := range map[string]string{
		`{"data":[` + projectJSON + `,` + second + `],"next_cursor":"","total_results":2}`: "p1 p2",
		`{"projects":[` + second + `,` + projectJSON + `],"total":2}`:                      "p2 p1",
		`[` + projectJSON + `,` + second + `]`:                                             "p1 p2",
		`{"data":[` + projectJSON + `]}`:                                                   "p1",
		`{"projects":[],"total":0}`:                                                        "",
		`{"projects":null,"total":0}`:                                                      "",
		`{"data":null}`:                                                                    "",
		`null`:                                                                             "",
		`[]`:                                                                               "",
		// What may be incomplete is an error.
		`{"projects":[` + projectJSON + `],"total":2}`:                        "the list shows 1 of its 2 objects",
		`{"data":[` + projectJSON + `],"next_cursor":"","total_results":101}`: "the list shows 1 of its 101 objects",
		`{"items":[` + projectJSON + `],"total":1}`:                           "its field data is missing",
		`{"projects":{"p1":` + projectJSON + `}}`:                             "its field projects is not a list of objects",
		`7`:                                      "its body is not a JSON object",
		`{"environments":[` + projectJSON + `]}`: "its field data is missing",
		`{"projects":[` + projectJSON + `,` + projectJSON + `],"total":2}`:             "the list contains an object twice",
		`{"projects":[` + strings.Replace(projectJSON, `"p1"`, `null`, 1) + `]}`:       "its field id is null",
		`{"error":"with status 200"}`:                                                  "its field data is missing",
		`[` + strings.Replace(projectJSON, `"slug":"orders"`, `"slug":["a"]`, 1) + `]`: "its field slug is not a string",
	} {
		c := onLoopback(t, answer(200, body), Config{})
		var got []string
		for project, err := range c.ListProjects(t.Context()) {
			if err != nil {
				got = append(got, as[*MismatchError](t, err).Reason)
				break
			}
			got = append(got, project.ID)
		}
		if shown := strings.Join(got, " "); shown != want {
			t.Errorf("%s\ngot %q, want %q", body, shown, want)
		}
	}

	// Each collection has a name of its own.
	c := onLoopback(t, routes{
		"GET /v2/environments": answer(200, `{"environments":[`+sharedJSON+`],"total":1}`),
		"GET /v2/api-keys":     answer(200, `{"api_keys":[`+apiKeyJSON+`],"total":1}`),
	}, Config{})
	if environments, keys := all(t, c.ListEnvironments(t.Context(), EnvironmentFilter{})), all(t, c.ListAPIKeys(t.Context(), APIKeyFilter{})); len(environments) != 1 || len(keys) != 1 {
		t.Errorf("got %v and %v", environments, keys)
	}
}

// The OpenAPI document requires no field of an answer. A setup whose evaluators have no type was
// created all the same, and its name is taken: it must be readable.
func TestSetupWithoutTypesOfEvaluators(t *testing.T) {
	setup := readAutoMonitorSetup(newFields([]byte(`{"id":"s1","external_id":"x","project_id":"p1","env_project_id":"ep1","evaluators":[{"evaluator_id":"ev1","status":"pending"}]}`), request{}, strings.Clone))
	if want := (AutoMonitorEvaluator{Slug: TypeOwnEvaluator, ID: "ev1", Status: "pending"}); len(setup.Evaluators) != 1 || setup.Evaluators[0] != want {
		t.Errorf("got %+v, want %+v", setup.Evaluators, want)
	}
	f := newFields([]byte(`{"id":"s1","external_id":"x","project_id":"p1","env_project_id":"ep1","evaluators":[{}]}`), request{}, strings.Clone)
	if readAutoMonitorSetup(f); *f.problem != "" {
		t.Error(*f.problem)
	}
}

// A bare list has no pages and no total: many reads cost one request for it.
func TestBareListServesReads(t *testing.T) {
	s := &service{answers: []http.HandlerFunc{answer(200, projectJSON), answer(200, `[`+projectJSON+`,`+strings.Replace(projectJSON, `"p1"`, `"p2"`, 1)+`]`)}}
	c := onLoopback(t, s, Config{})
	for _, id := range []string{"p1", "p2", "p1", "p2"} {
		if project, err := c.GetProject(t.Context(), id); err != nil || project.ID != id {
			t.Errorf("got %v, %v", project, err)
		}
	}
	if len(s.got()) != 2 {
		t.Errorf("%d requests, want 2", len(s.got()))
	}
}

// What succeeded is not sent again: a read follows.
func TestChangeWithoutAnObjectInItsAnswer(t *testing.T) {
	renamed := strings.Replace(projectJSON, "Orders", "Checkout", 1)
	for name, patched := range map[string]http.HandlerFunc{
		"200 and empty":      answer(200, ""),
		"204":                func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"{}":                 answer(200, `{}`),
		"another form":       answer(200, `{"project":{"id":"p1"},"versions":[]}`),
		"half of the object": answer(200, renamed[:20]),
		"broken off":         truncated,
		"without its slug":   answer(200, `{"id":"p1","name":"Checkout"}`),
	} {
		t.Run(name, func(t *testing.T) {
			s := &service{answers: []http.HandlerFunc{patched, answer(200, renamed)}}
			c := onLoopback(t, s, Config{MaxRetries: DefaultMaxRetries})
			project, err := c.UpdateProject(t.Context(), "p1", ProjectRequest{"Checkout"})
			if err != nil || project.Name != "Checkout" {
				t.Errorf("got %+v, %v", project, err)
			}
			var methods []string
			for _, r := range s.got() {
				methods = append(methods, r.method)
			}
			if !slices.Equal(methods, []string{"PATCH", "GET"}) {
				t.Errorf("got the requests %v", methods)
			}
		})
	}
}

func TestOrganizationKeepsEveryKey(t *testing.T) {
	const one, two = `{"slug":"dev","api_key":"tl_DevSecretOfAcme"}`, `{"slug":"prd","api_key":"tl_PrdSecretOfAcme"}`
	for body, want := range map[string]string{
		`{"org_id":"o1","environments":[` + one + `,` + two + `]}`: `o1 dev=tl_DevSecretOfAcme prd=tl_PrdSecretOfAcme`,
		`{"org_id":"o1","environments":[` + one + `,{"slug":"prd"}]}`: `o1 dev=tl_DevSecretOfAcme ` +
			`The answer contains no API key for the environment "prd".`,
		`{"org_id":"o1","environments":[` + one + `,{"slug":"prd","api_key":7}]}`: `o1 dev=tl_DevSecretOfAcme ` +
			`The answer contains no API key for the environment "prd".`,
		`{"org_id":"o1","environments":[` + one + `]}`: `o1 dev=tl_DevSecretOfAcme ` +
			`The environment "prd" was requested, and the answer does not contain it.`,
		`{"org_id":"o1","environments":[` + one + `,` + two + `,{"slug":"dev","api_key":"tl_SecondDevSecret"}]}`: `o1 dev=tl_DevSecretOfAcme prd=tl_PrdSecretOfAcme dev=tl_SecondDevSecret ` +
			`The answer contains the environment "dev" more than once.`,
		`{"org_id":"o1","environments":[` + one + `,` + two + `,{"api_key":"tl_Nameless"}]}`: `o1 dev=tl_DevSecretOfAcme prd=tl_PrdSecretOfAcme =tl_Nameless ` +
			`Environment 3 of the answer has no slug.`,
		`{"environments":[` + one + `,` + two + `]}`: ` dev=tl_DevSecretOfAcme prd=tl_PrdSecretOfAcme ` +
			`The answer does not contain the id of the organization.`,
		`{"org_id":"o1","environments":null}`: `o1 The environment "dev" was requested, and the answer does not contain it. ` +
			`The environment "prd" was requested, and the answer does not contain it.`,
		`{"org_id":"o1"}`: `o1 The environment "dev" was requested, and the answer does not contain it. ` +
			`The environment "prd" was requested, and the answer does not contain it.`,
	} {
		c := projectOnLoopback(t, answer(201, body))
		got, err := c.CreateOrganization(t.Context(), OrganizationRequest{Name: "Acme", Environments: []string{"dev", "prd"}})
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		if text := fmt.Sprintf("%v %+v %#v %s", *got, *got, *got, *got); strings.Contains(text, "tl_") {
			t.Errorf("formatted, it shows a key: %s", text)
		}
		shown := got.ID
		for _, key := range got.Keys {
			shown += " " + key.Environment + "=" + key.Key
		}
		if shown = strings.Join(append([]string{shown}, got.Problems...), " "); shown != want {
			t.Errorf("%s\ngot  %s\nwant %s", body, shown, want)
		}
	}

	// The service was to choose the environments.
	for _, body := range []string{`{"org_id":"o1","environments":null}`, `{"org_id":"o1","environments":[]}`, `{"org_id":"o1"}`} {
		got, err := projectOnLoopback(t, answer(201, body)).CreateOrganization(t.Context(), OrganizationRequest{Name: "Acme"})
		if err != nil || got.ID != "o1" || !slices.Equal(got.Problems, []string{"The answer contains no environment."}) {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
	}

	// Nothing of use: the organization may exist.
	for _, body := range []string{`{}`, `{"environments":[]}`, ``, `[]`} {
		_, err := projectOnLoopback(t, answer(201, body)).CreateOrganization(t.Context(), OrganizationRequest{Name: "Acme"})
		as[*UnknownOutcomeError](t, err)
	}
}

// An environment may be asked for by a name of which the service makes the slug.
func TestOrganizationWithNamedEnvironments(t *testing.T) {
	c := projectOnLoopback(t, answer(201, `{"org_id":"o1","environments":[{"slug":"eu-production","api_key":"tl_Secret"}]}`))
	got, err := c.CreateOrganization(t.Context(), OrganizationRequest{Name: "Acme", Environments: []string{"EU Production"}})
	if err != nil || len(got.Problems) != 0 {
		t.Errorf("got %v, %v; want no problem", got, err)
	}
}

func TestTimesAreRoundedToMilliseconds(t *testing.T) {
	want := time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)
	for _, given := range []string{"2026-01-02T03:04:05.999600123Z", "2026-01-02T03:04:06.000Z", "2026-01-02T05:04:05.9999+02:00", "2026-01-02T03:04:06.000499Z", "2026-01-02T03:04:06-00:00"} {
		c := onLoopback(t, answer(200, strings.Replace(projectJSON, "2026-01-02T03:04:05Z", given, 1)), Config{})
		project, err := c.GetProject(t.Context(), "p1")
		if err != nil || project.CreatedAt != want {
			t.Errorf("%s: got %v, %v; want %s", given, project, err, want)
		}
	}
}

// A revoked key that is still answered is gone.
func TestRevokedKeyIsGone(t *testing.T) {
	with := func(revoked string) string {
		return strings.Replace(apiKeyJSON, `"id"`, `"revoked_at":`+revoked+`,"id"`, 1)
	}
	other := strings.Replace(apiKeyJSON, `"k1"`, `"k2"`, 1)
	for revoked, gone := range map[string]bool{
		`"2026-01-03T00:00:00Z"`: true, `1767323045`: true, `true`: true,
		`null`: false, `""`: false, `"0001-01-01T00:00:00Z"`: false,
	} {
		s := routes{"GET /v2/api-keys/k1": answer(200, with(revoked)), "GET /v2/api-keys": answer(200, `{"data":[`+with(revoked)+`,`+other+`],"total_results":2}`)}
		c := onLoopback(t, s, Config{})
		if _, err := c.GetAPIKey(t.Context(), "k1"); IsNotFound(err) != gone || !gone && err != nil {
			t.Errorf("revoked_at %s: %v, want it gone: %t", revoked, err, gone)
		}
		for _, list := range [][]APIKey{all(t, c.ListAPIKeys(t.Context(), APIKeyFilter{})), all(t, c.ListAPIKeysUncached(t.Context(), APIKeyFilter{ProjectID: "p1"}))} {
			if (len(list) == 1) != gone || list[len(list)-1].ID != "k2" {
				t.Errorf("revoked_at %s: the list is %v", revoked, list)
			}
		}
	}
}

// A read after the list is in finds a revoked key gone, too.
func TestRevokedKeyIsNotInTheCache(t *testing.T) {
	revoked := strings.Replace(apiKeyJSON, `"id"`, `"revoked_at":"2026-01-03T00:00:00Z","id"`, 1)
	c := onLoopback(t, routes{"GET /v2/api-keys/k1": answer(200, revoked), "GET /v2/api-keys": answer(200, `[`+revoked+`]`)}, Config{})
	for range 3 {
		if _, err := c.GetAPIKey(t.Context(), "k1"); !IsNotFound(err) || !IsRevoked(err) {
			t.Errorf("got %v, want a 404 that says that the key is revoked", err)
		}
	}
}

// The database's own text says that nothing was carried out, whatever the status.
func TestConflictAs500(t *testing.T) {
	const text = `ERROR: duplicate key value violates unique constraint "projects_name_key" (SQLSTATE 23505)`
	for _, method := range []string{http.MethodPost, http.MethodPatch} {
		s := &service{answers: []http.HandlerFunc{answer(500, `{"error":`+fmt.Sprintf("%q", text)+`}`)}}
		err := calls[method](t.Context(), onLoopback(t, s, Config{MaxRetries: DefaultMaxRetries}))
		_, unknown := errors.AsType[*UnknownOutcomeError](err)
		if !IsConflict(err) || unknown || len(s.got()) != 1 || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v after %d requests, want one conflict", method, err, len(s.got()))
		}
	}
	if IsConflict(&Error{Answer: Answer{StatusCode: 500}, Message: "internal server error"}) || IsConflict(&Error{Answer: Answer{StatusCode: 400}, Message: text}) {
		t.Error("another refusal counts as a conflict")
	}
}

func TestMissingOperation(t *testing.T) {
	for name, given := range map[string]http.HandlerFunc{
		"a router's 404":         notRouted,
		"the same, with newline": answer(404, "404 page not found\n", "Content-Type", "text/plain; charset=utf-8"),
		"405 of the API":         refusal(405),
		"405 of a router":        answer(405, "", "Content-Type", "text/plain"),
		"405 of a gateway":       html(405),
	} {
		for method, call := range calls {
			s := &service{answers: []http.HandlerFunc{given}}
			err := call(t.Context(), onLoopback(t, s, Config{MaxRetries: DefaultMaxRetries}))
			missing := as[*MissingOperationError](t, err)
			_, unknown := errors.AsType[*UnknownOutcomeError](err)
			if missing.Method != method || unknown || IsNotFound(err) || len(s.got()) != 1 {
				t.Errorf("%s, %s: got %v after %d requests", name, method, err, len(s.got()))
			}
		}
	}
	want := "PATCH /v2/projects/p1: 404 Not Found: the service at this address does not have this operation (request id req-1)"
	if err := calls[http.MethodPatch](t.Context(), onLoopback(t, notRouted, Config{})); err.Error() != want {
		t.Errorf("got  %q\nwant %q", err, want)
	}
	// Other texts come from somebody else.
	for _, other := range []http.HandlerFunc{answer(404, "404 page not found", "Content-Type", "text/html"), answer(404, "nothing here", "Content-Type", "text/plain"), answer(404, `{"message":"no Route matched with those values"}`)} {
		as[*UnreadableError](t, calls[http.MethodGet](t.Context(), onLoopback(t, other, Config{})))
	}
}

func TestRequestIDs(t *testing.T) {
	for want, headers := range map[string][]string{
		"own":  {"X-Request-Id", "own", "X-Kong-Request-Id", "kong", "Cf-Ray", "ray"},
		"kong": {"X-Request-Id", "", "X-Kong-Request-Id", "kong", "Cf-Ray", "ray"},
		"ray":  {"X-Request-Id", "", "Cf-Ray", "ray"},
		"":     {"X-Request-Id", ""},
	} {
		c := onLoopback(t, answer(401, `{"message":"Unauthorized"}`, headers...), Config{})
		if err := as[*Error](t, calls[http.MethodGet](t.Context(), c)); err.RequestID != want || err.Message != "Unauthorized" {
			t.Errorf("got %+v, want the request id %q", err, want)
		}
	}
}

// The dashboard's built-in environments belong to the organization, so no environment shows that
// a project exists. The list of projects does.
func TestBuiltInEnvironmentsOfTheOrganization(t *testing.T) {
	builtIn := func(id, slug string) string {
		return fmt.Sprintf(`{"id":%q,"name":%q,"slug":%q,"scope":"organization","project_id":null,"built_in":true,"created_at":"2026-01-02T03:04:05Z"}`, id, slug, slug)
	}
	environments := "[" + strings.Join([]string{builtIn("e3", "stg"), sharedJSON, builtIn("e1", "dev"), builtIn("e4", "prd")}, ",") + "]"
	var projects []string
	for i := range 20 {
		projects = append(projects, strings.Replace(projectJSON, `"p1"`, fmt.Sprintf(`"p%d"`, i), 1))
	}
	s := &service{}
	for range 10 {
		s.answers = append(s.answers, routes{
			"GET /v2/environments": answer(200, environments),
			"GET /v2/projects":     answer(200, "["+strings.Join(projects, ",")+"]"),
			"GET /v2/projects/p1":  answer(200, projects[1]), "GET /v2/projects/none": refusal(404),
		}.ServeHTTP)
	}
	c := onLoopback(t, s, Config{})
	for i := range 20 {
		if got := all(t, c.ListEnvironments(t.Context(), EnvironmentFilter{ProjectID: fmt.Sprintf("p%d", i)})); len(got) != 4 {
			t.Errorf("project %d has %v", i, got)
		}
	}
	// Its own for the first read, the list of environments, one project, and the list of projects.
	if n := len(s.got()); n != 4 {
		t.Errorf("%d requests for the environments of 20 projects, want 4", n)
	}
	for _, err := range c.ListEnvironments(t.Context(), EnvironmentFilter{ProjectID: "none"}) {
		if !IsNotFound(err) {
			t.Errorf("got %v, want a 404", err)
		}
	}
	before := len(s.got())
	if mark, err := c.OrganizationMark(t.Context()); err != nil || mark != "e1" || len(s.got()) != before {
		t.Errorf("the organization's mark is %q, %v after %d requests; want e1 without one", mark, err, len(s.got())-before)
	}
}

func TestOrganizationMark(t *testing.T) {
	// An earlier form of the API: built-in environments belong to projects, and show no organization.
	old := `[{"id":"e9","name":"dev","slug":"dev","scope":"project","project_id":"p1","built_in":true,"created_at":"2026-01-02T03:04:05Z"},` + sharedJSON + `]`
	if mark, err := onLoopback(t, answer(200, old), Config{}).OrganizationMark(t.Context()); err != nil || mark != "" {
		t.Errorf("got %q, %v; want none", mark, err)
	}
	if _, err := onLoopback(t, refusal(403), Config{}).OrganizationMark(t.Context()); !hasStatus(err, 403) {
		t.Errorf("got %v, want the refusal", err)
	}
}

func TestNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := time.Now().Add(time.Hour).UTC()
		c, _ := inMemory(t, answer(200, projectJSON, "Date", ahead.Format(http.TimeFormat)), Config{})
		if _, known := c.Now(); known {
			t.Error("it knows the service's clock before the first answer")
		}
		if err := calls[http.MethodGet](t.Context(), c); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if now, known := c.Now(); !known || !now.Equal(ahead.Add(time.Minute)) {
			t.Errorf("got %s, %t; want %s", now, known, ahead.Add(time.Minute))
		}
	})
}

// A service that repeats another key of the provider does not bring it into an error.
func TestOtherKeysOfTheProviderAreMasked(t *testing.T) {
	const other, longer = "tl_TheOtherSecretOfTheProvider", "tl_TheOtherSecretOfTheProviderIsLonger"
	log := logged(t, func(ctx context.Context, t *testing.T) {
		c, _ := inMemory(t, answer(401, `{"error":"Not `+other+`, `+longer+` or `+testKey+`."}`, "X-Request-Id", other), Config{Secrets: []string{"", " ", other, longer}})
		err := calls[http.MethodGet](ctx, c)
		if want := "Not " + MaskKey(other) + ", " + MaskKey(longer) + " or " + MaskKey(testKey) + "."; as[*Error](t, err).Message != want || strings.Contains(err.Error(), "OtherSecret") {
			t.Errorf("got %q, want %q", err, want)
		}
		_, err = c.GetProject(ctx, longer)
		if err == nil {
			t.Error("no error")
		}
	})
	if strings.Contains(log, "OtherSecret") || !strings.Contains(log, `"path":"/v2/projects/`+MaskKey(longer)+`"`) {
		t.Errorf("the log shows a key:\n%s", log)
	}
}
