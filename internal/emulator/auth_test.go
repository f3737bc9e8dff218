package emulator_test

import (
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

func TestAuthorization(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	project := s.Projects()[0].ID
	_, active := s.GenerateKey(project, "dev")
	revokedID, revoked := s.GenerateKey(project, "prd")
	s.RevokeKey(revokedID)

	for _, test := range []struct {
		name, header string
		management   int
		traces       int
		says         string
	}{
		{"none", "", 401, 401, "No key"},
		{"no scheme", s.ManagementKey, 401, 401, "malformed"},
		{"another scheme", "Basic " + s.ManagementKey, 401, 401, "malformed"},
		{"no key", "Bearer ", 401, 401, "malformed"},
		{"unknown", "Bearer tl_" + strings.Repeat("a", 40), 401, 401, "unknown or revoked"},
		{"revoked", "Bearer " + revoked, 401, 401, "unknown or revoked"},
		{"prefix of the management key", "Bearer " + s.ManagementKey[:42], 401, 401, "unknown or revoked"},
		{"management", "bearer " + s.ManagementKey, 200, 403, ""},
		{"project", "Bearer " + active, 403, 415, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for path, want := range map[string]int{"/v2/projects": test.management, "/v1/traces": test.traces} {
				method := map[string]string{"/v2/projects": "GET", "/v1/traces": "POST"}[path]
				answer := send(t, s, method, path, "", "Authorization", test.header)
				if answer.status != want {
					t.Errorf("%s was answered %d %s, want %d", path, answer.status, answer.body, want)
				}
				if want >= 400 {
					wantRefusal(t, answer, want, test.says)
				}
				if challenge := answer.header.Get("WWW-Authenticate"); (want == 401) != (challenge == "Bearer") {
					t.Errorf("%s: %d with WWW-Authenticate %q", path, want, challenge)
				}
			}
		})
	}
}

func TestManagementKey(t *testing.T) {
	t.Parallel()
	for key, says := range map[string]string{
		"short77":       "at least 8",
		"with a space":  "white space",
		"with\ta tab":   "white space",
		"with\x7fdel":   "visible ASCII",
		"schlüssel1234": "visible ASCII",
	} {
		_, err := emulator.New(emulator.Options{ManagementKey: key})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want an error that says %q", key, err, says)
		} else if strings.Contains(err.Error(), key) {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
	e, err := emulator.New(emulator.Options{ManagementKey: "eight888"})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if e.ManagementKey() != "eight888" {
		t.Error("another management key than the one given")
	}
}
