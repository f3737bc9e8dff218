package provider_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Answers that no emulator gives: a service that breaks its contract, and whatever stands
// between it and the provider. Each is refused in words that help, in time and without a change
// to the state.

const (
	strayKey = "tlm_ManagementKeyThatMustNotGoAstray0001"

	goodProject     = `{"id":"p1","name":"Orders","slug":"orders","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:06Z"}`
	goodEnvironment = `{"id":"e1","name":"EU Production","slug":"eu-production","scope":"project","project_id":"p1","built_in":false,"created_at":"2026-01-02T03:04:05Z"}`
	goodKey         = `{"id":"k1","project_id":"p1","environment":"prd","masked_key":"tl_************Wx3k","created_at":"2026-01-02T03:04:05Z"}`
	secretInAnswer  = "tl_SecretThatNoErrorMayShowWx3k"
)

// stub is a service whose answers a test writes down.
type stub struct {
	answer atomic.Pointer[http.HandlerFunc]

	mu   sync.Mutex
	seen []string // method and path
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body) // net/http notices that the client has gone only once the body is read
	s.mu.Lock()
	s.seen = append(s.seen, r.Method+" "+r.URL.Path)
	s.mu.Unlock()
	(*s.answer.Load())(w, r)
}

func (s *stub) answers(f http.HandlerFunc) { s.answer.Store(&f) }

func (s *stub) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.seen...)
}

// says answers with JSON; headers are name, value, name, value….
func saysJSON(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func saysHTML(status int) http.HandlerFunc {
	return saysJSON(status, "<!DOCTYPE html><html><body>Sign in. "+secretInAnswer+"</body></html>", "Content-Type", "text/html; charset=utf-8")
}

func neverEnds(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, err := io.WriteString(w, `{"id":"p1","name":"`)
	for filler := strings.Repeat("x", 1<<16); err == nil; {
		_, err = io.WriteString(w, filler)
	}
}

// drips sends a byte now and then, for as long as somebody listens.
func drips(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		io.WriteString(w, goodProject[i%len(goodProject):][:1])
		w.(http.Flusher).Flush()
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}

func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// seesStub is a provider before a service of the test's.
func seesStub(t *testing.T) (*stub, *driver) {
	t.Helper()
	s := &stub{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, newDriverWith(t, time.Now, arguments{"base_url": server.URL, "api_key": strayKey, "request_timeout": "1s", "max_retries": int64(0)})
}

// Each request for a project meets each kind of bad answer. The tests of the client know more of each kind.
func TestBadAnswers_project(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		phrase string // of the error; none: the answer is accepted
		hasID  bool   // which is enough for a creation
	}{
		{"as it should be", saysJSON(200, goodProject), "", true},
		{"with unknown fields", saysJSON(200, strings.Replace(goodProject, "{", `{"plan":{"seats":[1,null]},"id_card":7,`, 1)), "", true},
		{"JSON that stops", saysJSON(200, goodProject[:len(goodProject)/2]), "not JSON", false},
		{"a list", saysJSON(200, "["+goodProject+"]"), "not a JSON object", false},
		{"a string", saysJSON(200, `"`+secretInAnswer+`"`), "not a JSON object", false},
		{"nothing", saysJSON(200, ""), "its body is empty", false},
		{"HTML with 200", saysHTML(200), "text/html", false},
		{"HTML with 404", saysHTML(404), "404 Not Found", false},
		{"HTML with 409", saysHTML(409), "409 Conflict", false},
		{"404 without a reason", saysJSON(404, `{"detail":"gone"}`), "no error message", false},
		{"404 of a router", saysJSON(404, "404 page not found", "Content-Type", "text/plain"), "does not have this operation", false},
		{"401 of a gateway", saysJSON(401, `{"message":"No credentials"}`, "Cf-Ray", "ray-1"), "401 Unauthorized: No credentials (request id ray-1)", false},
		{"a number for a string", saysJSON(200, strings.Replace(goodProject, `"Orders"`, "5", 1)), "name is not a string", true},
		{"no id", saysJSON(200, strings.Replace(goodProject, `"id"`, `"not_id"`, 1)), "id is missing", false},
		{"another object", saysJSON(200, strings.Replace(goodProject, `"p1"`, `"p2"`, 1)), "another object", true},
		{"an endless body", neverEnds, "larger than 10 MiB", false},
		{"a slow drip", drips, "did not arrive in time", false},
		{"no answer", hangs, "no answer within 1s", false},
		{"a redirect", saysJSON(307, "", "Location", "http://localhost:1/"), "it redirects to http://localhost:1, and the provider follows no redirect", false},
	} {
		for _, action := range []string{"read", "rename", "create"} {
			t.Run(test.name+", "+action, func(t *testing.T) {
				t.Parallel()
				s, d := seesStub(t)
				s.answers(test.answer)
				prior, ctx := d.none(projectKind), t.Context()
				if action != "create" {
					prior.value = d.object(d.schemas[projectKind].ValueType(), arguments{
						"id": "p1", "name": "Orders", "slug": "orders", "created_at": "2026-01-02T03:04:05Z", "deletion_protection": false,
					})
				}
				phrase, began := test.phrase, time.Now()
				var after instance
				var err error
				switch action {
				case "read":
					after, err = d.refresh(ctx, projectKind, prior)
				case "rename":
					config := arguments{"name": "Invoices", "deletion_protection": false}
					if phrase == "" {
						config["name"] = "Orders" // as the answer says
					}
					after, _, err = d.apply(ctx, projectKind, prior, config)
				case "create":
					after, _, err = d.apply(ctx, projectKind, prior, arguments{"name": "Orders"})
					if test.hasID {
						phrase = ""
					}
				}
				if took := time.Since(began); took > 20*time.Second { // on a busy machine
					t.Errorf("it took %s", took)
				}
				if phrase == "" {
					if err != nil || d.text(after, "id") == "" {
						t.Errorf("it should be accepted: %v", err)
					}
					return
				}
				if !after.value.Equal(prior.value) {
					t.Errorf("the state has changed to %v", after.value)
				}
				refuses(t, err, phrase)
				if err != nil {
					saysWhatToDo(t, err)
					hides(t, err.Error(), strayKey, secretInAnswer)
				}
				// What succeeded is not sent again. A read follows if its answer was no help.
				requests := slices.DeleteFunc(s.requests(), func(r string) bool { return r == "GET /v2/projects" }) // the plan looks whether the name is free
				if action == "rename" && (strings.Count(strings.Join(requests, " "), "PATCH") != 1 || len(requests) > 2) {
					t.Errorf("want one PATCH, and perhaps a GET: %v", requests)
				}
			})
		}
	}
}

// A generated key without its secret, or with half of it, is lost: it is revoked, or else named.
func TestBadAnswers_generate(t *testing.T) {
	t.Parallel()
	generated := strings.Replace(goodKey, "}", `,"api_key":"`+secretInAnswer+`"}`, 1)
	for name, body := range map[string]string{
		"no secret":          goodKey,
		"null for a secret":  strings.Replace(goodKey, "}", `,"api_key":null}`, 1),
		"an empty secret":    strings.Replace(goodKey, "}", `,"api_key":""}`, 1),
		"half of the answer": generated[:len(generated)/2],
		"a list":             "[" + generated + "]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, d := seesStub(t)
			var active atomic.Bool
			posts := 0
			s.answers(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/v2/environments":
					saysJSON(200, `{"data":[`+strings.ReplaceAll(goodEnvironment, "eu-production", "prd")+`]}`)(w, r)
				case r.Method == http.MethodPost:
					active.Store(true)
					posts++
					saysJSON(201, body)(w, r)
				case r.Method == http.MethodDelete:
					active.Store(false)
					w.WriteHeader(http.StatusNoContent)
				case active.Load():
					saysJSON(200, `{"data":[`+strings.Replace(goodKey, "2026-01-02T03:04:05Z", time.Now().UTC().Format(time.RFC3339), 1)+`]}`)(w, r)
				default:
					saysJSON(200, `{"data":[]}`)(w, r)
				}
			})
			key, _, err := d.apply(t.Context(), keyKind, d.none(keyKind), arguments{"project_id": "p1", "environment": "prd"})
			if err == nil || !key.value.IsNull() {
				t.Fatalf("the state holds %v: %v", key.value, err)
			}
			for _, phrase := range []string{"no unknown key was left active", "The provider tried to generate the API key of project p1"} {
				if !strings.Contains(err.Error(), phrase) {
					t.Errorf("the error does not say %q: %v", phrase, err)
				}
			}
			if strings.Contains(err.Error(), secretInAnswer) || strings.Contains(err.Error(), strayKey) {
				t.Errorf("the error shows a secret: %v", err)
			}
			if active.Load() || posts == 0 {
				t.Errorf("after %d keys were generated one is left whose value is lost: %v", posts, s.requests())
			}
		})
	}
}
