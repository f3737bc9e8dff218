package provider_test

import (
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Answers that no emulator gives: a service that breaks its contract, and whatever stands
// between it and the provider. Each is refused in words that help, in time, without a change
// to the state, and without the management key going astray.

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

// halves promises a whole body and ends in the middle.
func halves(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		io.WriteString(w, body[:len(body)/2])
	}
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

func with(name, value string) string {
	start := strings.Index(goodProject, `"`+name+`":`) + len(name) + 3
	end := start + strings.IndexAny(goodProject[start:], ",}")
	return goodProject[:start] + value + goodProject[end:]
}

func without(name string) string {
	return strings.Replace(goodProject, `"`+name+`"`, `"not_`+name+`"`, 1)
}

// answersOfObject are answers to a request for one project.
var answersOfObject = []struct {
	name   string
	answer http.HandlerFunc
	phrase string // of the error; none: the answer is accepted
	hasID  bool   // that is enough for a creation
}{
	{"as it should be", saysJSON(200, goodProject), "", false},
	{"with unknown fields", saysJSON(200, strings.Replace(goodProject, "{", `{"plan":{"seats":[1,null]},"id_card":7,`, 1)), "", false},
	{"with another JSON type", saysJSON(200, goodProject, "Content-Type", "application/vnd.traceloop+json; charset=utf-8"), "", false},
	{"JSON that stops", saysJSON(200, goodProject[:len(goodProject)/2]), "not JSON", false},
	{"a body that breaks off", halves(goodProject), "is incomplete", false},
	{"JSON and then something", saysJSON(200, goodProject+goodProject), "not JSON", false},
	{"a list", saysJSON(200, "["+goodProject+"]"), "not a JSON object", false},
	{"null", saysJSON(200, "null"), "not a JSON object", false},
	{"a string", saysJSON(200, `"`+secretInAnswer+`"`), "not a JSON object", false},
	{"nothing", saysJSON(200, ""), "its body is empty", false},
	{"a deep nest", saysJSON(200, strings.Repeat(`{"a":`, 20000)), "not JSON", false},
	{"invalid UTF-8 in place of JSON", saysJSON(200, "\xff\xfe{\x00"), "not JSON", false},
	{"HTML with 200", saysHTML(200), "text/html", false},
	{"HTML with 404", saysHTML(404), "404 Not Found", false},
	{"HTML with 409", saysHTML(409), "409 Conflict", false},
	{"404 without a reason", saysJSON(404, `{"detail":"gone"}`), "no error message", false},
	{"404 and no body", saysJSON(404, ""), "its body is empty", false},
	{"404 of a router", saysJSON(404, "404 page not found", "Content-Type", "text/plain"), "does not have this operation", false},
	{"405", saysJSON(405, `{"error":"Not allowed."}`), "does not have this operation", false},
	{"401 of a gateway", saysJSON(401, `{"message":"No credentials"}`, "Cf-Ray", "ray-1"), "401 Unauthorized: No credentials (request id ray-1)", false},
	{"204", saysJSON(204, ""), "its body is empty", false},
	{"text/plain", saysJSON(200, goodProject, "Content-Type", "text/plain"), "text/plain", false},
	{"a malformed type", saysJSON(200, goodProject, "Content-Type", "///"), "content type is missing or malformed", false},
	{"a number for a string", saysJSON(200, with("name", "5")), "name is not a string", true},
	{"a string for an object", saysJSON(200, with("id", `{"is":"p1"}`)), "id is not a string", false},
	{"null for a string", saysJSON(200, with("slug", "null")), "slug is null", true},
	{"an empty id", saysJSON(200, with("id", `""`)), "id is empty", false},
	{"another object", saysJSON(200, with("id", `"p2"`)), "another object", true},
	{"no id", saysJSON(200, without("id")), "id is missing", false},
	{"no name", saysJSON(200, without("name")), "name is missing", true},
	{"no time", saysJSON(200, without("created_at")), "created_at is missing", true},
	{"a time that is none", saysJSON(200, with("created_at", `"yesterday"`)), "created_at is not an RFC 3339 time", true},
	{"a number for a time", saysJSON(200, with("created_at", "1767323045")), "created_at is not an RFC 3339 time", true},
	{"an endless body", neverEnds, "larger than 10 MiB", false},
	{"a slow drip", drips, "did not arrive in time", false},
	{"no answer", hangs, "no answer within 1s", false},
	{"a redirect without a target", saysJSON(302, ""), "it redirects to nowhere", false},
	{"a redirect to itself", saysJSON(307, "", "Location", "/v2/projects/p1"), "follows no redirect", false},
	{"a redirect to a neighbour", saysJSON(301, "", "Location", "http://localhost:1/"), "it redirects to http://localhost:1,", false},
	{"a redirect to a file", saysJSON(302, "", "Location", "file:///etc/hostname"), "it redirects to file:", false},
}

// seesStub is a provider before a service of the test's, with a project in the state.
func seesStub(t *testing.T) (*stub, *driver) {
	t.Helper()
	s := &stub{}
	s.answers(saysJSON(200, goodProject))
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, newDriverWith(t, time.Now, arguments{"base_url": server.URL, "api_key": strayKey, "request_timeout": "1s", "max_retries": int64(0)})
}

// limit is the longest that one bad answer may hold up a run, on a busy machine.
const limit = 20 * time.Second

// inTime runs f, and checks the error that it returns.
func inTime(t *testing.T, phrase string, f func() error) {
	t.Helper()
	began := time.Now()
	err := f()
	if took := time.Since(began); took > limit {
		t.Errorf("it took %s", took)
	}
	if phrase == "" {
		if err != nil {
			t.Errorf("it should be accepted: %v", err)
		}
		return
	}
	if err == nil {
		t.Fatalf("it is accepted, and should be refused: %s", phrase)
	}
	if !strings.Contains(err.Error(), phrase) {
		t.Errorf("the error does not say %q: %v", phrase, err)
	}
	for _, secret := range []string{strayKey, secretInAnswer} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
	if !strings.Contains(err.Error(), "The provider tried to ") || !strings.Contains(err.Error(), "heck ") && !strings.Contains(err.Error(), "import {") {
		t.Errorf("the error does not say what was attempted and what to do next: %v", err)
	}
}

func projectState(d *driver) instance {
	values := attributes(d.t, d.object(d.schemas[projectKind].ValueType(), arguments{
		"id": "p1", "name": "Orders", "slug": "orders", "created_at": "2026-01-02T03:04:05Z", "deletion_protection": false,
	}))
	return instance{value: tftypes.NewValue(d.schemas[projectKind].ValueType(), values)}
}

func TestBadAnswers_read(t *testing.T) {
	t.Parallel()
	for _, tt := range answersOfObject {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, d := seesStub(t)
			s.answers(tt.answer)
			state := projectState(d)
			inTime(t, tt.phrase, func() error {
				read, err := d.refresh(t.Context(), projectKind, state)
				if !read.value.Equal(state.value) {
					t.Errorf("the state has changed to %v", read.value)
				}
				return err
			})
		})
	}
}

func TestBadAnswers_rename(t *testing.T) {
	t.Parallel()
	for _, tt := range answersOfObject {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, d := seesStub(t)
			s.answers(tt.answer)
			state := projectState(d)
			config := arguments{"name": "Orders", "deletion_protection": false}
			if tt.phrase != "" {
				config["name"] = "Invoices" // an accepted answer says that the name is Orders
			}
			inTime(t, tt.phrase, func() error {
				after, _, err := d.apply(t.Context(), projectKind, state, config)
				if err != nil && !after.value.Equal(state.value) {
					t.Errorf("the state has changed to %v", after.value)
				}
				return err
			})
			// What succeeded is not sent again. A read follows if its answer was no help.
			all := slices.DeleteFunc(s.requests(), func(r string) bool { return r == "GET /v2/projects" }) // the plan looks whether the name is free
			if tt.phrase != "" && (strings.Count(strings.Join(all, " "), "PATCH") != 1 || len(all) > 2) {
				t.Errorf("want one PATCH, and perhaps a GET: %v", all)
			}
		})
	}
}

// A creation whose answer cannot be read may have been carried out: the state stays empty,
// and the error says how to go on. The same bad answer meets whatever is asked next.
func TestBadAnswers_create(t *testing.T) {
	t.Parallel()
	for _, tt := range answersOfObject {
		if tt.phrase == "" {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, d := seesStub(t)
			s.answers(tt.answer)
			began := time.Now()
			made, _, err := d.apply(t.Context(), projectKind, d.none(projectKind), arguments{"name": "Orders"})
			if id := map[bool]string{true: "p2", false: "p1"}[tt.name == "another object"]; tt.hasID {
				if err != nil || d.text(made, "id") != id { // the id is all that is needed
					t.Errorf("got %v, %v", made.value, err)
				}
				return
			}
			if err == nil || !made.value.IsNull() {
				t.Fatalf("the state holds %v: %v", made.value, err)
			}
			if took := time.Since(began); took > limit {
				t.Errorf("it took %s", took)
			}
			if !strings.Contains(err.Error(), tt.phrase) {
				t.Errorf("the error does not say %q: %v", tt.phrase, err)
			}
			if text := err.Error(); strings.Contains(text, strayKey) || strings.Contains(text, secretInAnswer) || !strings.Contains(text, "The provider tried to create the project \"Orders\"") {
				t.Errorf("the error shows a secret, or does not say what was attempted: %v", err)
			}
		})
	}
}

func pageOf(next string, ids ...string) string {
	items := []string{}
	for _, id := range ids {
		items = append(items, strings.Replace(goodEnvironment, `"e1"`, `"`+id+`"`, 1))
	}
	return fmt.Sprintf(`{"data":[%s],"next_cursor":%s,"total_results":0}`, strings.Join(items, ","), next)
}

// turns answers the nth request with the nth answer, and all later ones with the last.
func turns(answers ...http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		answers[min(int(n.Add(1)), len(answers))-1](w, r)
	}
}

// Lists, by way of an import that looks through one.
func TestBadAnswers_list(t *testing.T) {
	t.Parallel()
	endless := func(next func(int64) string) http.HandlerFunc {
		var n atomic.Int64
		return func(w http.ResponseWriter, r *http.Request) {
			i := n.Add(1)
			page := strings.ReplaceAll(pageOf(next(i), fmt.Sprintf("e%d", i)), "eu-production", "other")
			saysJSON(200, page)(w, r)
		}
	}
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		phrase string
	}{
		{"as it should be", saysJSON(200, pageOf(`""`, "e1")), ""},
		{"no cursor, no total", saysJSON(200, `{"data":[`+goodEnvironment+`]}`), ""},
		{"unknown fields", saysJSON(200, strings.Replace(pageOf("null", "e1"), "{", `{"took_ms":[4],`, 1)), ""},
		{"the same id on a page", saysJSON(200, pageOf(`""`, "e1", "e1")), "contains an object twice"},
		{"the same page again", endlessly(pageOf(`"a"`, "e9"), pageOf(`"b"`, "e9")), "contains an object twice"},
		{"a cursor that repeats", endless(func(int64) string { return `"again"` }), "repeats a cursor"},
		{"two cursors in turn", endless(func(i int64) string { return fmt.Sprintf(`"%d"`, i%2) }), "repeats a cursor"},
		{"no end", endless(func(i int64) string { return fmt.Sprintf(`"%d"`, i) }), "more than 1000 pages"},
		{"no end of empty pages", turns(saysJSON(200, pageOf(`"1"`)), saysJSON(200, pageOf(`"2"`)), saysJSON(200, pageOf(`"3"`))), "empty pages"},
		{"a number for a cursor", saysJSON(200, pageOf("7", "e9")), "next_cursor is not a string"},
		{"no data", saysJSON(200, `{"next_cursor":""}`), "data is missing"},
		{"fewer than it says", saysJSON(200, `{"data":[],"total_results":2}`), "the list shows 0 of its 2 objects"},
		{"an object for data", saysJSON(200, `{"data":{}}`), "data is not a list"},
		{"strings for objects", saysJSON(200, `{"data":["e1"]}`), "data is not a list of objects"},
		{"null for an object", saysJSON(200, `{"data":[null]}`), "id is missing"},
		{"a bad object behind good ones", saysJSON(200, `{"data":[`+strings.ReplaceAll(goodEnvironment, "eu-production", "other")+`,{"id":"e2"}]}`), "name is missing"},
		{"a second page that breaks off", turns(saysJSON(200, strings.ReplaceAll(pageOf(`"1"`, "e9"), "eu-production", "other")), halves(pageOf(`""`, "e1"))), "is incomplete"},
		{"a second page that is a sign-in page", turns(saysJSON(200, strings.ReplaceAll(pageOf(`"1"`, "e9"), "eu-production", "other")), saysHTML(200)), "text/html"},
		{"a scope without its project", saysJSON(200, `{"data":[`+strings.Replace(goodEnvironment, `"p1"`, "null", 1)+`]}`), "project_id is null"},
		{"HTML with 404", saysHTML(404), "404 Not Found"},
		{"an endless body", neverEnds, "larger than 10 MiB"},
		{"a slow drip", drips, "did not arrive in time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, d := seesStub(t)
			list := tt.answer
			s.answers(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/v2/environments/e1" {
					saysJSON(200, goodEnvironment)(w, r)
					return
				}
				list(w, r)
			})
			inTime(t, tt.phrase, func() error {
				imported, err := d.importID(t.Context(), environmentKind, "p1/eu-production")
				if (err == nil) != (d.text(imported, "id") == "e1") {
					t.Errorf("the state holds %v", imported.value)
				}
				return err
			})
		})
	}
}

func endlessly(pages ...string) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		i := int(n.Add(1)-1) % len(pages)
		saysJSON(200, strings.ReplaceAll(pages[i], "eu-production", "other"))(w, r)
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

// The target of a redirect never gets the management key, nor any request.
func TestBadAnswers_redirects(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "PATCH", "POST", "DELETE"} {
		for _, overTLS := range []bool{false, true} {
			for _, status := range []int{301, 302, 303, 307, 308} {
				t.Run(fmt.Sprintf("%s, TLS %t, %d", method, overTLS, status), func(t *testing.T) {
					t.Parallel()
					elsewhere := &stub{}
					elsewhere.answers(saysJSON(200, goodProject))
					target := httptest.NewServer(elsewhere) // plain http: the way down from https, too
					defer target.Close()

					redirect := saysJSON(status, "", "Location", target.URL+"/v2/projects/p1")
					origin := httptest.NewUnstartedServer(redirect)
					settings := arguments{"api_key": strayKey, "request_timeout": "5s", "max_retries": int64(2)}
					if overTLS {
						origin.StartTLS()
						settings["ca_cert_file"] = certificateFile(t, origin)
					} else {
						origin.Start()
					}
					defer origin.Close()
					settings["base_url"] = origin.URL
					d := newDriverWith(t, time.Now, settings)

					state := projectState(d)
					var after instance
					var err error
					switch method {
					case "GET":
						after, err = d.refresh(t.Context(), projectKind, state)
					case "PATCH":
						after, _, err = d.apply(t.Context(), projectKind, state, arguments{"name": "Invoices", "deletion_protection": false})
					case "DELETE":
						// The look for keys comes first, and is redirected as well.
						after, _, err = d.apply(t.Context(), projectKind, state, nil)
					case "POST":
						state = d.none(projectKind)
						after, _, err = d.apply(t.Context(), projectKind, state, arguments{"name": "Orders"})
					}
					if !after.value.Equal(state.value) {
						t.Errorf("the state has changed to %v", after.value)
					}
					if err == nil || !strings.Contains(err.Error(), "redirects to "+target.URL+", and the provider follows no redirect") {
						t.Errorf("the error does not say where the redirect leads and why it is not followed: %v", err)
					}
					if requests := elsewhere.requests(); len(requests) > 0 {
						t.Errorf("the redirect's target got %v", requests)
					}
				})
			}
		}
	}
}

// certificateFile is the server's certificate as the PEM file that ca_cert_file wants.
func certificateFile(t *testing.T, server *httptest.Server) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
