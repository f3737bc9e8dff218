package emulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

type reply struct {
	status int
	header http.Header
	body   []byte
}

// send sends a request with the management key, unless headers, which are pairs, say
// otherwise; an empty value takes a header away.
func send(t *testing.T, s *emulatortest.Server, method, path, body string, headers ...string) reply {
	t.Helper()
	reply, err := trySend(s, method, path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func trySend(s *emulatortest.Server, method, path, body string, headers ...string) (reply, error) {
	request, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	request.Header.Set("Authorization", "Bearer "+s.ManagementKey)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		switch request.Header.Set(headers[i], headers[i+1]); {
		case headers[i+1] == "":
			request.Header.Del(headers[i])
		case headers[i] == "Host":
			request.Host = headers[i+1]
		}
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, data}, err
}

func get(t *testing.T, s *emulatortest.Server, path string) reply {
	t.Helper()
	return send(t, s, "GET", path, "")
}

func post(t *testing.T, s *emulatortest.Server, path, body string, headers ...string) reply {
	t.Helper()
	return send(t, s, "POST", path, body, headers...)
}

// decoded fails unless the answer has this status, and a body of this type.
func decoded[T any](t *testing.T, r reply, status int) (value T) {
	t.Helper()
	if r.status != status {
		t.Fatalf("answered %d, want %d: %s", r.status, status, r.body)
	}
	if err := json.Unmarshal(r.body, &value); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
	return value
}

// wantRefusal fails unless the answer is an error as the contract has it, whose message has
// these words in it.
func wantRefusal(t *testing.T, r reply, status int, words ...string) {
	t.Helper()
	if r.status != status {
		t.Fatalf("answered %d, want %d: %s", r.status, status, r.body)
	}
	if contentType := r.header.Get("Content-Type"); contentType != "application/json" {
		t.Fatalf("Content-Type is %q, want application/json", contentType)
	}
	var refusal map[string]string
	if err := json.Unmarshal(r.body, &refusal); err != nil || len(refusal) != 1 {
		t.Fatalf("want {\"error\": …}, got %s", r.body)
	}
	for _, word := range words {
		if !strings.Contains(refusal["error"], word) {
			t.Errorf("the message %q does not say %q", refusal["error"], word)
		}
	}
}

func wantDone(t *testing.T, r reply) {
	t.Helper()
	if r.status != http.StatusNoContent || len(r.body) > 0 {
		t.Fatalf("answered %d %s, want 204 and no body", r.status, r.body)
	}
}
