package emulator_test

import (
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

func keyBody(projectID, environment string) string {
	return fmt.Sprintf(`{"project_id":%q,"environment":%q}`, projectID, environment)
}

// A stale id never revokes the newer key.
func TestNextAPIKey(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	project := s.CreateProject("Orders").ID
	firstID, first := s.GenerateKey(project, "prd")
	s.RevokeKey(firstID)
	_, second := s.GenerateKey(project, "prd")
	if !regexp.MustCompile(`^tl_[0-9A-Za-z]{40}$`).MatchString(first) || second == first {
		t.Error("the keys do not have the shape of one, or are the same")
	}
	for _, method := range []string{"DELETE", "GET"} {
		wantRefusal(t, send(t, s, method, "/v2/api-keys/"+firstID, ""), http.StatusNotFound, firstID)
	}
	if status := s.SendSpans(second, 1); status != http.StatusOK {
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
