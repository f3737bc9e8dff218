package traceloop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// Fuzzing of all that the client parses: answers, headers and settings. "go test" runs the
// seeds here and in testdata/fuzz; "go test -fuzz ^FuzzAnswer$" looks for more.

// canned answers every request, without a network.
type canned struct {
	status      int
	contentType string
	retryAfter  string
	body        []byte
	stop        func() // a rate limit would be waited for
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.status == http.StatusTooManyRequests {
		c.stop()
	}
	header := http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}
	if c.contentType != "" {
		header.Set("Content-Type", c.contentType)
	}
	if c.retryAfter != "" {
		header.Set("Retry-After", c.retryAfter)
	}
	return &http.Response{
		StatusCode: c.status, Header: header, Body: io.NopCloser(bytes.NewReader(c.body)), ContentLength: int64(len(c.body)), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// operations are each call of the client; each returns the texts that its result must have.
func operations(ctx context.Context, c *Client) []func() ([]string, error) {
	return []func() ([]string, error){
		func() ([]string, error) { return one(c.GetProject(ctx, "p1")) },
		func() ([]string, error) { return created(c.CreateProject(ctx, ProjectRequest{"Orders"})) },
		func() ([]string, error) { return one(c.UpdateProject(ctx, "p1", ProjectRequest{"Orders"})) },
		func() ([]string, error) { return each(c.ListProjects(ctx)) },
		func() ([]string, error) { return nil, c.DeleteProject(ctx, "p1") },
		func() ([]string, error) { return one(c.GetEnvironment(ctx, "e1")) },
		func() ([]string, error) { return created(c.CreateEnvironment(ctx, EnvironmentRequest{"EU", "p1"})) },
		func() ([]string, error) { return each(c.ListEnvironments(ctx, EnvironmentFilter{"p1"})) },
		func() ([]string, error) { return one(c.GetAPIKey(ctx, "k1")) },
		func() ([]string, error) { return one(c.CreateAPIKey(ctx, APIKeyRequest{"p1", "prd"})) },
		func() ([]string, error) { return each(c.ListAPIKeys(ctx, APIKeyFilter{ProjectID: "p1"})) },
	}
}

// one returns what must not be empty in an object.
func one(object any, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	switch o := object.(type) {
	case *Project:
		return []string{o.ID, o.Name, o.Slug}, nil
	case *Environment:
		if o.Scope != ScopeProject {
			return []string{o.ID, o.Name, o.Slug, o.Scope}, nil
		}
		return []string{o.ID, o.Name, o.Slug, o.Scope, o.ProjectID}, nil
	case *APIKey:
		return []string{o.ID, o.ProjectID, o.Environment}, nil
	case *GeneratedAPIKey:
		return []string{o.ProjectID, o.Environment, o.Key}, nil // the id may be missing
	}
	return nil, fmt.Errorf("%T is new here", object)
}

// created is one for an object of which more than the id and the request may be missing.
func created(object any, err error) ([]string, error) {
	texts, err := one(object, err)
	if err != nil {
		return nil, err
	}
	return texts[:2], nil
}

func each[T any](list iter.Seq2[T, error]) (texts []string, err error) {
	objects, err := collect(list)
	for i := range objects {
		more, err := one(&objects[i], nil)
		if err != nil {
			return nil, err
		}
		texts = append(texts, more...)
	}
	return texts, err
}

// FuzzAnswer: whatever comes back, there is a whole object or an error, and never a panic.
func FuzzAnswer(f *testing.F) {
	const jsonType = "application/json"
	const count = 11 // of the operations
	for op := range byte(count) {
		for _, body := range []string{
			projectJSON, environmentJSON, sharedJSON, apiKeyJSON, generatedJSON, `{"error":"No."}`, `{}`, `[]`, `null`, `{"id":null}`, "",
			`{"data":[` + projectJSON + `],"next_cursor":"1"}`, `{"data":[` + environmentJSON + `,` + sharedJSON + `]}`, `{"data":[` + apiKeyJSON + `],"next_cursor":null,"total_results":1}`,
			`{"data":[` + projectJSON + `,` + projectJSON + `]}`,
		} {
			f.Add(op, uint16(200), jsonType, "", []byte(body))
		}
	}
	for _, status := range []uint16{201, 204, 302, 400, 401, 403, 404, 409, 429, 500, 503, 599} {
		f.Add(byte(0), status, jsonType, "1", []byte(`{"error":"No such `+testKey+`. \u001b[31m"}`))
		f.Add(byte(9), status, "text/html; charset=utf-8", "Wed, 21 Oct 2026 07:28:00 GMT", []byte(`<html>`))
		f.Add(byte(4), status, "", "", []byte(nil))
	}
	f.Fuzz(func(t *testing.T, op byte, status uint16, contentType, retryAfter string, body []byte) {
		if status < 200 || status > 599 {
			return // net/http lets none of these through
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		c := newClient(t, Config{BaseURL: "http://localhost"})
		c.transport.RegisterProtocol("http", canned{int(status), contentType, retryAfter, body, stop})

		texts, err := operations(ctx, c)[op%count]()
		if err == nil {
			if status/100 != 2 {
				t.Errorf("%d is taken for a success", status)
			}
			for _, text := range texts {
				if text == "" {
					t.Errorf("half an object without an error: %q", texts)
				}
			}
			return
		}
		shown := err.Error()
		if strings.Contains(shown, testKey) || strings.ContainsFunc(shown, unicode.IsControl) || len(shown) > 4*maxMessage+1000 {
			t.Errorf("the error shows the key or control characters, or is too long: %q", shown)
		}
		var object map[string]any
		json.Unmarshal(body, &object)
		if reason, _ := object["error"].(string); IsNotFound(err) && (status != 404 || reason == "") {
			t.Errorf("%d %q is taken for the service's own 404", status, body)
		}
	})
}

func FuzzParseBaseURL(f *testing.F) {
	for _, s := range []string{
		DefaultBaseURL, "http://127.0.0.1:4319/", "http://localhost", "http://[::1]:80/gateway", "https://gateway.test/traceloop//", "http://127.1", "http://2130706433",
		"https://user:password@host", "https://host?query", "https://host#fragment", "https://host:0", "https://host:99999", "ftp://host", "https:host", "//host", "", " https://host ",
		"http://localhost.evil.test", "http://127.0.0.1@evil.test", "https://\x00", "https://h%6fst", "http://[::ffff:127.0.0.1]", "https://host/%zz", "https://host/a b", "https://[fe80::1%25eth0]",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseBaseURL(s)
		const password = "Hunter2Hunter2"
		if _, refused := ParseBaseURL("https://user:" + password + "@" + s); refused == nil || strings.Contains(refused.Error(), password) {
			t.Errorf("with a password it is not refused, or the error shows that: %v", refused)
		}
		if err != nil {
			return
		}
		if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
			t.Errorf("%s would show the key to the network", u)
		}
		if u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
			t.Errorf("%#v is more or less than an address", u)
		}
		again, err := ParseBaseURL(u.String())
		if err != nil || again.String() != u.String() {
			t.Errorf("%q does not lead back to itself: %v, %v", u, again, err)
		}
		// What requests are made of has to keep the host.
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String()+"/v2/projects", http.NoBody)
		if err != nil || request.URL.Hostname() != u.Hostname() || request.URL.Port() != u.Port() || request.URL.Scheme != u.Scheme {
			t.Errorf("a request to %s would go to another place: %v", u, err)
		}
	})
}

func FuzzMaskKey(f *testing.F) {
	for _, s := range []string{generatedKey, testKey, "tl_", "", "tl_x", "tl_abcdefg", "tl_abcdefgh", "tl_tl_abcdefghijkl", "********Wx3k", "tl_日本語日本語", "\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		masked := MaskKey(key)
		if len(masked) != len(key) {
			t.Fatalf("MaskKey(%q) = %q has another length", key, masked)
		}
		if again := MaskKey(masked); again != masked {
			t.Errorf("MaskKey(%q) = %q: a mask is not its own mask", masked, again)
		}
		if _, err := ParseKey(key); err == nil && !utf8.ValidString(masked) {
			t.Errorf("MaskKey(%q) = %q cuts a character in half", key, masked)
		}
		rest := strings.TrimPrefix(masked, KeyPrefix)
		if !strings.HasPrefix(key, KeyPrefix) {
			rest = masked
		}
		// Four bytes are fewer characters where a key is not ASCII, which none is.
		if !regexp.MustCompile(`(?s)^(\**|\*{4,}.{1,4})$`).MatchString(rest) {
			t.Errorf("MaskKey(%q) = %q shows more than the prefix and the last 4 characters", key, masked)
		}
	})
}
