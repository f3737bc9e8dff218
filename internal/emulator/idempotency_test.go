package emulator_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

const idempotencyKey = "Idempotency-Key"

// A repeat gets the first answer, even after the object is deleted.
func TestRepeatedCreationGetsFirstAnswer(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	for _, path := range []string{"/v2/projects", "/v2/environments"} {
		body, key := `{"name":"Orders"}`, "k "+path
		first := post(t, s, path, body, idempotencyKey, key)
		id := decoded[struct{ ID string }](t, first, http.StatusCreated).ID
		wantDone(t, send(t, s, "DELETE", path+"/"+id, ""))
		repeat := post(t, s, path, body, idempotencyKey, key)
		if repeat.status != http.StatusCreated || !bytes.Equal(repeat.body, first.body) {
			t.Errorf("%s: the repeat was answered %d %s, the first %s", path, repeat.status, repeat.body, first.body)
		}
		wantRefusal(t, get(t, s, path+"/"+id), http.StatusNotFound)
	}
	wantRefusal(t, post(t, s, "/v2/environments", `{"name":"Orders"}`, idempotencyKey, "k /v2/projects"), http.StatusBadRequest, idempotencyKey)
	body := keyBody(s.Projects()[0].ID, "dev")
	generated := decoded[emulator.GeneratedAPIKey](t, post(t, s, "/v2/api-keys", body, idempotencyKey, "k"), http.StatusCreated)
	s.RevokeKey(generated.ID)
	wantRefusal(t, post(t, s, "/v2/api-keys", body, idempotencyKey, "k"), http.StatusConflict, "only once")
	if keys := s.Keys(); len(keys) != 0 {
		t.Errorf("the repeat generated %+v", keys)
	}
}

func TestRefusedCreationIsNotRemembered(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	taken := s.CreateProject("Orders")
	wantRefusal(t, post(t, s, "/v2/projects", `{"name":"Orders"}`, idempotencyKey, "k"), http.StatusConflict)
	s.DeleteProject(taken.ID)
	decoded[emulatortest.Project](t, post(t, s, "/v2/projects", `{"name":"Orders"}`, idempotencyKey, "k"), http.StatusCreated)
	wantRefusal(t, post(t, s, "/v2/projects", `{"name":"Orders"}`, idempotencyKey, strings.Repeat("k", 256)), http.StatusBadRequest, idempotencyKey)
}
