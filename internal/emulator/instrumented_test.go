package emulator_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
)

func TestLogHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	e, err := emulator.New(emulator.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	serve := func(method, path, body string) []byte {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+e.ManagementKey())
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		return w.Body.Bytes()
	}
	var projects emulator.Page[emulator.Project]
	if err := json.Unmarshal(serve("GET", "/v2/projects", ""), &projects); err != nil {
		t.Fatal(err)
	}
	var generated emulator.GeneratedAPIKey
	if err := json.Unmarshal(serve("POST", "/v2/api-keys", keyBody(projects.Data[0].ID, "dev")), &generated); err != nil {
		t.Fatal(err)
	}
	serve("DELETE", "/v2/api-keys/"+generated.Key, "") // mistaken for its id
	serve("GET", "/v2/projects?cursor="+generated.Key, "")

	for _, secret := range []string{e.ManagementKey(), generated.Key} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("a secret is in the log:\n%s", log.String())
		}
	}
	for _, line := range []string{"method=POST path=/v2/api-keys status=201", "path=/v2/api-keys/" + generated.MaskedKey + " status=404"} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("the log does not say %q:\n%s", line, log.String())
		}
	}
}
