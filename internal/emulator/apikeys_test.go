package emulator_test

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

func keyBody(projectID, environment string) string {
	return fmt.Sprintf(`{"project_id":%q,"environment":%q}`, projectID, environment)
}

// Rules 5, 6 and 7.
func TestAPIKeyLife(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	project := s.CreateProject("Orders")
	body := keyBody(project.ID, "prd")

	first := decoded[emulator.GeneratedAPIKey](t, post(t, s, "/v2/api-keys", body), http.StatusCreated)
	if !regexp.MustCompile(`^tl_[0-9A-Za-z]{40}$`).MatchString(first.Key) {
		t.Error("the key does not have the shape of one")
	}
	if first.MaskedKey != traceloop.MaskKey(first.Key) || first.ProjectID != project.ID || first.Environment != "prd" {
		t.Errorf("generated %+v", first.APIKey)
	}
	path := "/v2/api-keys/" + first.ID
	for _, path := range []string{path, "/v2/api-keys"} {
		if read := get(t, s, path); bytes.Contains(read.body, []byte(first.Key)) || bytes.Contains(read.body, []byte("api_key\"")) {
			t.Errorf("%s shows the key again", path)
		}
	}
	if read := decoded[emulatortest.APIKey](t, get(t, s, path), http.StatusOK); read != first.APIKey {
		t.Errorf("read %+v, generated %+v", read, first.APIKey)
	}
	if status := s.SendSpans(first.Key, 1); status != http.StatusOK {
		t.Errorf("a span was answered %d", status)
	}

	wantRefusal(t, post(t, s, "/v2/api-keys", body), http.StatusConflict, `"prd"`, "only one")
	wantDone(t, send(t, s, "DELETE", path, ""))
	if status := s.SendSpans(first.Key, 1); status != http.StatusUnauthorized {
		t.Errorf("a span with the revoked key was answered %d", status)
	}
	second := decoded[emulator.GeneratedAPIKey](t, post(t, s, "/v2/api-keys", body), http.StatusCreated)
	if second.Key == first.Key || second.ID == first.ID {
		t.Error("the second key is the first one")
	}

	// A stale id never revokes the newer key.
	for _, method := range []string{"DELETE", "GET"} {
		wantRefusal(t, send(t, s, method, path, ""), http.StatusNotFound, first.ID)
	}
	if status := s.SendSpans(second.Key, 1); status != http.StatusOK {
		t.Errorf("a span with the second key was answered %d", status)
	}
}

func TestAPIKeyOnlyWhereEnvironmentIsInForce(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	orders, billing := s.CreateProject("Orders"), s.CreateProject("Billing")
	s.CreateEnvironment(orders.ID, "Canary")
	s.CreateEnvironment("", "Shared")

	wantRefusal(t, post(t, s, "/v2/api-keys", keyBody(billing.ID, "canary")), http.StatusNotFound, `"canary"`)
	wantRefusal(t, post(t, s, "/v2/api-keys", keyBody(billing.ID, "nowhere")), http.StatusNotFound, `"nowhere"`)
	for _, environment := range []string{"shared", "dev", "nowhere"} {
		wantRefusal(t, post(t, s, "/v2/api-keys", keyBody("cnone", environment)), http.StatusNotFound, `project`, `"cnone"`)
	}
	s.GenerateKey(orders.ID, "shared")
	s.GenerateKey(billing.ID, "shared") // one for each project
}

func TestListAPIKeys(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	orders, billing := s.CreateProject("Orders"), s.CreateProject("Billing")
	ids := map[string]string{}
	for _, project := range []emulatortest.Project{orders, billing} {
		for _, environment := range []string{"dev", "prd"} {
			ids[project.Name+" "+environment], _ = s.GenerateKey(project.ID, environment)
		}
	}
	for _, test := range []struct {
		query string
		want  []string
	}{
		{"", []string{"Orders dev", "Orders prd", "Billing dev", "Billing prd"}},
		{"?project_id=" + billing.ID, []string{"Billing dev", "Billing prd"}},
		{"?environment=prd", []string{"Orders prd", "Billing prd"}},
		{"?environment=prd&project_id=" + orders.ID, []string{"Orders prd"}},
		{"?environment=nowhere", nil},
		{"?unknown=parameter&environment=dev", []string{"Orders dev", "Billing dev"}},
	} {
		page := decoded[emulator.Page[emulatortest.APIKey]](t, get(t, s, "/v2/api-keys"+test.query), http.StatusOK)
		if len(page.Data) != len(test.want) || page.TotalResults != len(test.want) || page.NextCursor != "" {
			t.Errorf("%q: %+v, want %q", test.query, page, test.want)
			continue
		}
		for i, name := range test.want {
			if page.Data[i].ID != ids[name] {
				t.Errorf("%q: number %d is not %s", test.query, i, name)
			}
		}
	}
	wantRefusal(t, get(t, s, "/v2/api-keys?project_id=cnone"), http.StatusNotFound, `"cnone"`)
}

func TestAPIKeyRequests(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	id := s.Projects()[0].ID
	for _, test := range []struct{ body, says string }{
		{`{"environment":"dev"}`, "project_id"},
		{`{"project_id":"` + id + `"}`, "environment"},
		{keyBody(id, "EU Production"), "eu-production"},
		{`{"project_id":7,"environment":"dev"}`, "project_id"},
	} {
		wantRefusal(t, post(t, s, "/v2/api-keys", test.body), http.StatusBadRequest, test.says)
	}
	wantRefusal(t, get(t, s, "/v2/api-keys?environment=EU+Production"), http.StatusBadRequest, "environment")
	wantRefusal(t, get(t, s, "/v2/api-keys?environment="), http.StatusBadRequest, "environment")
	wantRefusal(t, get(t, s, "/v2/api-keys?project_id="), http.StatusBadRequest, "project_id")
}
