package traceloop

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// These tests hold what is tolerated against answers made by hand: as Traceloop has been seen to
// answer on other objects, and not as the emulator does.

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
			s := serve(t, byLine{"POST /v2/api-keys": answer(status, body, "Date", "Fri, 02 Jan 2026 03:04:05 GMT"), "GET /v2/api-keys": tt.list}.answer)
			key, err := s.client(Config{MaxRetries: DefaultMaxRetries}).CreateAPIKey(t.Context(), request)
			if err == nil {
				key.CreatedAt = key.CreatedAt.Truncate(time.Minute) // by the service's clock, if the answer does not say it
			}
			if err != nil || *key != tt.want || (len(s.got()) == 1) != (tt.list == nil) {
				t.Errorf("without %s: got %#v, %v after %s, want %+v", name, key, err, s.lines(), tt.want)
			}
		}
	}
}

// A creation is never lost for a field that another read shows, or that nothing shows.
func TestCreationNeedsOnlyItsID(t *testing.T) {
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	date := created.Format(http.TimeFormat)
	project := Project{"p1", "Orders", "orders", created}
	environment := Environment{ID: "e1", Name: "EU Production", Slug: "eu-production", Scope: ScopeProject, ProjectID: "p1", CreatedAt: created}
	for name, tt := range map[string]struct {
		projectPost, environmentPost string
		projectRead, environmentRead http.HandlerFunc
		project                      Project
		environment                  Environment
	}{
		"a whole answer": {projectJSON, environmentJSON, notRouted, notRouted, project, environment},
		"only the id":    {`{"id":"p1"}`, `{"id":"e1"}`, answer(200, projectJSON), answer(200, environmentJSON), project, environment},
		"only the id, and no read works": {
			`{"id":"p1","created_at":7}`, `{"id":"e1","created_at":7}`, refusal(403, "Date", date), refusal(403, "Date", date),
			Project{ID: "p1", Name: "Orders", CreatedAt: created},
			Environment{ID: "e1", Name: "EU Production", Scope: ScopeProject, ProjectID: "p1", CreatedAt: created},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, byLine{
				"POST /v2/projects": answer(200, tt.projectPost, "Date", date), "GET /v2/projects/p1": tt.projectRead,
				"POST /v2/environments": answer(201, tt.environmentPost, "Date", date), "GET /v2/environments/e1": tt.environmentRead,
			}.answer).client(Config{})
			project, err := c.CreateProject(t.Context(), ProjectRequest{"Orders"})
			if err != nil {
				t.Fatal(err)
			}
			environment, err := c.CreateEnvironment(t.Context(), EnvironmentRequest{"EU Production", "p1"})
			if err != nil {
				t.Fatal(err)
			}
			project.CreatedAt, environment.CreatedAt = project.CreatedAt.Truncate(time.Second), environment.CreatedAt.Truncate(time.Second)
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
	c := serve(t, byLine{"GET /v2/projects/p1": answer(200, encodeJSON(t, project)), "GET /v2/environments/e1": answer(200, encodeJSON(t, environment))}.answer).client(Config{})
	if _, err := c.GetProject(t.Context(), "p1"); err != nil {
		t.Error(err)
	}
	if e, err := c.GetEnvironment(t.Context(), "e1"); err != nil || e.BuiltIn {
		t.Errorf("got %+v, %v", e, err)
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
			s := serve(t, inTurn(patched, answer(200, renamed)))
			project, err := s.client(Config{MaxRetries: DefaultMaxRetries}).UpdateProject(t.Context(), "p1", ProjectRequest{"Checkout"})
			if lines := s.lines(); err != nil || project.Name != "Checkout" || lines != "PATCH /v2/projects/p1, GET /v2/projects/p1" {
				t.Errorf("got %+v, %v after %s", project, err, lines)
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
		c := serve(t, answer(201, body)).project(Config{})
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
		got, err := serve(t, answer(201, body)).project(Config{}).CreateOrganization(t.Context(), OrganizationRequest{Name: "Acme"})
		if err != nil || got.ID != "o1" || !slices.Equal(got.Problems, []string{"The answer contains no environment."}) {
			t.Errorf("%s: got %+v, %v", body, got, err)
		}
	}

	// Nothing of use: the organization may exist.
	for _, body := range []string{`{}`, `{"environments":[]}`, ``, `[]`} {
		_, err := serve(t, answer(201, body)).project(Config{}).CreateOrganization(t.Context(), OrganizationRequest{Name: "Acme"})
		as[*UnknownOutcomeError](t, err)
	}
}

// An environment may be asked for by a name of which the service makes the slug.
func TestOrganizationWithNamedEnvironments(t *testing.T) {
	c := serve(t, answer(201, `{"org_id":"o1","environments":[{"slug":"eu-production","api_key":"tl_Secret"}]}`)).project(Config{})
	got, err := c.CreateOrganization(t.Context(), OrganizationRequest{Name: "Acme", Environments: []string{"EU Production"}})
	if err != nil || len(got.Problems) != 0 {
		t.Errorf("got %v, %v; want no problem", got, err)
	}
}

func TestTimesAreRoundedToMilliseconds(t *testing.T) {
	want := time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)
	for _, given := range []string{"2026-01-02T03:04:05.999600123Z", "2026-01-02T03:04:06.000Z", "2026-01-02T05:04:05.9999+02:00", "2026-01-02T03:04:06.000499Z", "2026-01-02T03:04:06-00:00"} {
		project, err := serve(t, answer(200, strings.Replace(projectJSON, "2026-01-02T03:04:05Z", given, 1))).client(Config{}).GetProject(t.Context(), "p1")
		if err != nil || project.CreatedAt != want {
			t.Errorf("%s: got %v, %v; want %s", given, project, err, want)
		}
	}
}

// A single object that is not found, and that the list shows, exists. Behind some gateways no operation on a single
// object is found: {"message":"Cannot GET /v2/projects/p1","error":"Not Found"}.
func TestNotFoundButListed(t *testing.T) {
	refused := answer(404, `{"statusCode":404,"message":"Cannot GET it","error":"Not Found"}`)
	for kind, test := range map[string]struct {
		path, id, object string
		get, remove      func(context.Context, *Client, string) error
	}{
		"project": {
			"/v2/projects", "p1", projectJSON,
			func(ctx context.Context, c *Client, id string) error { _, err := c.GetProject(ctx, id); return err },
			func(ctx context.Context, c *Client, id string) error { return c.DeleteProject(ctx, id) },
		},
		"environment": {
			"/v2/environments", "e1", environmentJSON,
			func(ctx context.Context, c *Client, id string) error { _, err := c.GetEnvironment(ctx, id); return err },
			func(ctx context.Context, c *Client, id string) error { return c.DeleteEnvironment(ctx, id) },
		},
		"key": {
			"/v2/api-keys", "k1", apiKeyJSON,
			func(ctx context.Context, c *Client, id string) error { _, err := c.GetAPIKey(ctx, id); return err },
			func(ctx context.Context, c *Client, id string) error { return c.RevokeAPIKey(ctx, id) },
		},
	} {
		// The object is on the second page, and the first one alone is read for other reasons.
		first := answer(200, `{"data":[`+strings.Replace(test.object, `"`+test.id+`"`, `"x1"`, 1)+`],"next_cursor":"c"}`)
		last := answer(200, `{"data":[`+test.object+`]}`)
		c := func() *Client {
			return serve(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path != test.path:
					refused(w, r)
				case r.URL.Query().Has("cursor"):
					last(w, r)
				default:
					first(w, r)
				}
			}).client(Config{})
		}
		if err := test.get(t.Context(), c(), test.id); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if err := test.get(t.Context(), c(), "another"); !IsNotFound(err) {
			t.Errorf("%s: one that the list does not show: %v", kind, err)
		}
		if mismatch := as[*MismatchError](t, test.remove(t.Context(), c(), test.id)); !strings.Contains(mismatch.Reason, "still shows") {
			t.Errorf("%s: %v", kind, mismatch)
		}
		if err := test.remove(t.Context(), c(), "another"); !IsNotFound(err) {
			t.Errorf("%s: another one is deleted: %v", kind, err)
		}
	}
}

func TestEvaluatorNotFoundButListed(t *testing.T) {
	for id, exists := range map[string]bool{"ev-1": true, "ev-2": false} {
		c := serve(t, byLine{
			"GET ": answer(200, `[{"id":"ev-1","slug":"tone","name":"Tone"}]`), "GET /" + id: answer(404, `{"error":"Not Found"}`),
		}.answer).project(Config{})
		if evaluator, err := c.GetEvaluator(t.Context(), id); (err == nil) != exists || !exists && !IsNotFound(err) || exists && evaluator.Slug != "tone" {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// Objects that are gone share one list, for reads and for deletions.
func TestNotFoundSharesTheList(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch cursor := r.URL.Query().Get("cursor"); {
		case r.URL.Path != "/v2/api-keys":
			refusal(404)(w, r)
		case cursor == "":
			answer(200, `{"data":[`+apiKeyJSON+`],"next_cursor":"c"}`)(w, r)
		default:
			answer(200, `{"data":[`+strings.Replace(apiKeyJSON, `"k1"`, `"k2"`, 1)+`]}`)(w, r)
		}
	})
	c := s.client(Config{})
	const n = 50
	for i := range n {
		if err := c.RevokeAPIKey(t.Context(), fmt.Sprint("gone", i)); !IsNotFound(err) {
			t.Error(err)
		}
	}
	if requests := len(s.got()); requests != n+2 {
		t.Errorf("%d revocations take %d requests", n, requests)
	}
}

// Everything may be gone at an address that is no more: that removes nothing.
func TestEverythingIsGone(t *testing.T) {
	for _, status := range []int{404, 410} {
		c := serve(t, answer(status, `{"error":"The API v2 is retired."}`)).client(Config{})
		_, err := c.GetProject(t.Context(), "p1")
		for _, err := range []error{err, c.DeleteProject(t.Context(), "p1")} {
			if _, ok := errors.AsType[*UnreadableError](err); !ok {
				t.Errorf("%d: %v", status, err)
			}
		}
	}
}

// A success that reports a failure deletes nothing.
func TestDeleteReportsFailure(t *testing.T) {
	for body, fails := range map[string]bool{
		`{"success":false}`: true, `{"success":false,"error":"locked"}`: true, `{"error":"locked"}`: true, `{"error":null}`: false,
		`{"success":true}`: false, `{"deleted":true,"error":""}`: false, `{}`: false, `null`: false, `[]`: false,
	} {
		if err := serve(t, answer(200, body)).client(Config{}).RevokeAPIKey(t.Context(), "k1"); (err != nil) != fails {
			t.Errorf("%s: %v, want a failure: %t", body, err, fails)
		}
	}
}

// The state has the mask in plain text, also where the key is sealed.
func TestMaskIsTheKey(t *testing.T) {
	for _, mask := range []string{generatedKey, "key " + generatedKey} {
		c := serve(t, answer(201, strings.Replace(generatedJSON, "tl_****Wx3k", mask, 1))).client(Config{})
		key, err := c.CreateAPIKey(t.Context(), APIKeyRequest{ProjectID: "p1", Environment: "prd"})
		if err != nil || key.MaskedKey != MaskKey(generatedKey) {
			t.Errorf("the mask %q becomes %q: %v", mask, key.MaskedKey, err)
		}
	}
}

// A service that ignores a filter shows nothing of another project.
func TestFilterIsIgnored(t *testing.T) {
	elsewhere := strings.NewReplacer(`"p1"`, `"p2"`, `"k1"`, `"k2"`, `"e1"`, `"e2"`)
	c := serve(t, byLine{
		"GET /v2/api-keys":     answer(200, `{"data":[`+elsewhere.Replace(apiKeyJSON)+`]}`),
		"GET /v2/environments": answer(200, `{"data":[`+elsewhere.Replace(environmentJSON)+`]}`),
	}.answer).client(Config{})
	if keys := all(t, c.ListAPIKeys(t.Context(), APIKeyFilter{ProjectID: "p1", Environment: "prd"})); len(keys) > 0 {
		t.Errorf("the list has %v", keys)
	}
	for _, list := range []func(context.Context, EnvironmentFilter) iter.Seq2[Environment, error]{c.ListEnvironments, c.ListEnvironmentsUncached} {
		if environments := all(t, list(t.Context(), EnvironmentFilter{ProjectID: "p1"})); len(environments) > 0 {
			t.Errorf("the list has %v", environments)
		}
	}
}

// A revoked key that is still answered is gone, before and after the list is in.
func TestRevokedKeyIsGone(t *testing.T) {
	other := strings.Replace(apiKeyJSON, `"k1"`, `"k2"`, 1)
	for revoked, gone := range map[string]bool{
		`"2026-01-03T00:00:00Z"`: true, `1767323045`: true, `true`: true,
		`null`: false, `""`: false, `"0001-01-01T00:00:00Z"`: false, `"0001-01-01T00:00:00.000Z"`: false, `false`: false, `0`: false,
	} {
		key := strings.Replace(apiKeyJSON, `"id"`, `"revoked_at":`+revoked+`,"id"`, 1)
		c := serve(t, byLine{"GET /v2/api-keys/k1": answer(200, key), "GET /v2/api-keys": answer(200, `{"data":[`+key+`,`+other+`],"total_results":2}`)}.answer).client(Config{})
		for range 3 {
			if _, err := c.GetAPIKey(t.Context(), "k1"); IsNotFound(err) != gone || IsRevoked(err) != gone || !gone && err != nil {
				t.Errorf("revoked_at %s: %v, want it gone: %t", revoked, err, gone)
			}
		}
		for _, list := range [][]APIKey{all(t, c.ListAPIKeys(t.Context(), APIKeyFilter{})), all(t, c.ListAPIKeysUncached(t.Context(), APIKeyFilter{ProjectID: "p1"}))} {
			if (len(list) == 1) != gone || list[len(list)-1].ID != "k2" {
				t.Errorf("revoked_at %s: the list is %v", revoked, list)
			}
		}
	}
}

// The database's own text says that nothing was carried out, whatever the status.
func TestConflictAs500(t *testing.T) {
	const text = `ERROR: duplicate key value violates unique constraint "projects_name_key" (SQLSTATE 23505)`
	for _, method := range []string{http.MethodPost, http.MethodPatch} {
		s := serve(t, answer(500, `{"error":`+fmt.Sprintf("%q", text)+`}`))
		err := calls[method](t.Context(), s.client(Config{MaxRetries: DefaultMaxRetries}))
		if !IsConflict(err) || isUnknown(err) || len(s.got()) != 1 || !strings.Contains(err.Error(), text) {
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
			s := serve(t, given)
			err := call(t.Context(), s.client(Config{MaxRetries: DefaultMaxRetries}))
			missing := as[*MissingOperationError](t, err)
			if missing.Method != method || isUnknown(err) || IsNotFound(err) || len(s.got()) != 1 {
				t.Errorf("%s, %s: got %v after %d requests", name, method, err, len(s.got()))
			}
		}
	}
	want := "PATCH /v2/projects/p1: 404 Not Found: the service at this address does not have this operation (request id req-1)"
	if err := calls[http.MethodPatch](t.Context(), serve(t, notRouted).client(Config{})); err.Error() != want {
		t.Errorf("got  %q\nwant %q", err, want)
	}
	// Other texts come from somebody else.
	for _, other := range []http.HandlerFunc{answer(404, "404 page not found", "Content-Type", "text/html"), answer(404, "nothing here", "Content-Type", "text/plain"), answer(404, `{"message":"no Route matched with those values"}`)} {
		as[*UnreadableError](t, calls[http.MethodGet](t.Context(), serve(t, other).client(Config{})))
	}
}

func TestRequestIDs(t *testing.T) {
	for want, headers := range map[string][]string{
		"own":  {"X-Request-Id", "own", "X-Kong-Request-Id", "kong", "Cf-Ray", "ray"},
		"kong": {"X-Request-Id", "", "X-Kong-Request-Id", "kong", "Cf-Ray", "ray"},
		"ray":  {"X-Request-Id", "", "Cf-Ray", "ray"},
		"":     {"X-Request-Id", ""},
	} {
		c := serve(t, answer(401, `{"message":"Unauthorized"}`, headers...)).client(Config{})
		if err := as[*Error](t, calls[http.MethodGet](t.Context(), c)); err.RequestID != want || err.Message != "Unauthorized" {
			t.Errorf("got %+v, want the request id %q", err, want)
		}
	}
}

func TestOrganizationMark(t *testing.T) {
	environment := func(id, slug, scope string) string {
		return fmt.Sprintf(`{"id":%q,"name":%q,"slug":%[2]q,"scope":%q,"project_id":"p1","built_in":true,"created_at":"2026-01-02T03:04:05Z"}`, id, slug, scope)
	}
	for want, environments := range map[string][]string{
		"e1": {environment("e3", "stg", ScopeOrganization), sharedJSON, environment("e1", "dev", ScopeOrganization), environment("e4", "prd", ScopeOrganization)},
		"":   {environment("e9", "dev", ScopeProject), sharedJSON}, // an earlier form of the API, which shows no organization
	} {
		c := serve(t, answer(200, "["+strings.Join(environments, ",")+"]")).client(Config{})
		if mark, err := c.OrganizationMark(t.Context()); err != nil || mark != want {
			t.Errorf("got %q, %v; want %q", mark, err, want)
		}
	}
	if _, err := serve(t, refusal(403)).client(Config{}).OrganizationMark(t.Context()); !hasStatus(err, 403) {
		t.Errorf("got %v, want the refusal", err)
	}
}
