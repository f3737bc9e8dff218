package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

func TestVariantSeen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 50_000_000, time.UTC)
	s := emulatortest.Start(t, emulatortest.WithVariant(emulator.VariantSeen), emulatortest.WithAnyRequest(), emulatortest.WithNow(func() time.Time { return now }))
	for i := range 120 {
		s.CreateProject(fmt.Sprintf("Project %03d", i))
	}
	want := func(r reply, status int, body string) {
		t.Helper()
		if got := strings.TrimSpace(string(r.body)); r.status != status || !regexp.MustCompile(`(?s)^`+body+`$`).MatchString(got) {
			t.Errorf("answered %d %q, want %d %q", r.status, got, status, body)
		}
	}
	as := func(key, method, path, body string) reply { return asKey(t, s, key, method, path, body) }

	list := get(t, s, "/v2/projects?limit=7")
	var projects struct {
		Projects []map[string]any
		Total    int
		Data     any
	}
	if err := json.Unmarshal(list.body, &projects); err != nil || len(projects.Projects) != 121 || projects.Total != 121 || projects.Data != nil ||
		projects.Projects[0]["name"] != "Project 119" || projects.Projects[120]["name"] != "Default project" || projects.Projects[0]["created_at"] != "2026-03-01T12:00:00.05Z" {
		t.Errorf("the list is %d %.200s, %v", list.status, list.body, err)
	}
	if kong, ray := list.header.Get("X-Kong-Request-Id"), list.header.Get("Cf-Ray"); len(kong) != 32 || !strings.HasSuffix(ray, "-AMS") || list.header.Get("X-Request-Id") != "" {
		t.Errorf("the ids are %q and %q", kong, ray)
	}
	want(get(t, s, "/v2/environments"), 200, `\{"environments":\[\{[^}]*"prd".*"stg".*"dev".*"total":3\}`)
	want(get(t, s, "/v2/api-keys"), 200, `\[\]`)
	want(get(t, s, "/v2/environments?project_id=none"), 404, `\{"error":"Environment not found"\}`)

	// A time that is rounded up to the next second.
	now = time.Date(2026, 3, 1, 12, 0, 1, 0, time.UTC)
	created := post(t, s, "/v2/projects", `{"name":"Orders"}`, "Idempotency-Key", "k")
	want(created, 200, `.*"created_at":"2026-03-01T12:00:00\.999814093Z".*`)
	want(post(t, s, "/v2/projects", `{"name":"Orders"}`, "Idempotency-Key", "k"), 409, `\{"error":"ERROR: duplicate key value violates unique constraint \\"projects_key\\" \(SQLSTATE 23505\)"\}`)
	var project emulatortest.Project
	if err := json.Unmarshal(created.body, &project); err != nil {
		t.Fatal(err)
	}
	path := "/v2/projects/" + project.ID
	want(get(t, s, path), 200, `.*"created_at":"2026-03-01T12:00:01Z".*`)
	if renamed := send(t, s, "PATCH", path, `{"name":"Billing"}`); renamed.header.Get("Content-Type") != "" {
		t.Errorf("an empty body has the type %q", renamed.header.Get("Content-Type"))
	} else {
		want(renamed, 200, "")
	}
	want(get(t, s, path), 200, `.*"name":"Billing".*`)

	generated := post(t, s, "/v2/api-keys", fmt.Sprintf(`{"project_id":%q,"environment":"prd"}`, project.ID))
	var key emulator.GeneratedAPIKey
	if err := json.Unmarshal(generated.body, &key); err != nil || generated.status != 200 || key.Key == "" || strings.Contains(string(generated.body), "masked_key") {
		t.Errorf("the key is %d, %v", generated.status, err)
	}
	want(get(t, s, "/v2/api-keys"), 200, `\[\{[^{]*\}\]`)
	want(get(t, s, "/v2/api-keys/"+key.ID), 200, `\{"created_at":"[^"]*","environment":"prd","id":"[^"]*","project_id":"[^"]*"\}`)

	want(as(key.Key, "POST", setupsPath, setupBody("a", "", "word-count", "char-count")), 200, `.*"word-count".*"char-count".*`)
	want(as(key.Key, "POST", setupsPath, setupBody("b", "", "char-count")), 200, `.*`)
	want(as(key.Key, "POST", setupsPath, setupBody("b", "", "char-count")), 409, `.*unique constraint \\"auto_monitor_setups_key\\".*`)
	want(as(key.Key, "GET", setupsPath, ""), 200, `\[.*"external_id":"b".*"external_id":"a".*\]`)
	want(as(key.Key, "PUT", setupsPath+"/a", `{"evaluators":["char-count"]}`), 200, "")
	want(as(key.Key, "POST", setupsPath+"/bulk", `{"setups":[`+setupBody("c", "", "char-count")+","+setupBody("a", "", "char-count")+`]}`), 207, `.*"external_id":"c".*"external_id":"a".*`)
	want(as(key.Key, "DELETE", setupsPath+"/a", ""), 204, "")
	want(as(key.Key, "GET", setupsPath+"/a", ""), 404, `\{"error":"Auto monitor setup not found"\}`)

	want(as(key.Key, "POST", evaluatorsPath, inJSON(t, judge("A"))), 200, `.*"evaluator_id".*`)
	want(as(key.Key, "POST", evaluatorsPath, inJSON(t, judge("B"))), 200, `.*"evaluator_id".*`)
	want(as(key.Key, "GET", evaluatorsPath+"?source=custom", ""), 200, `\{"evaluators":\[.*"slug":"b".*"slug":"a".*\]\}`)
	want(as(key.Key, "PATCH", evaluatorsPath+"/a", `{"name":"C"}`), 200, "")
	want(as(key.Key, "GET", evaluatorsPath+"/c", ""), 404, `\{"error":"Evaluator not found"\}`)

	for _, unknown := range []reply{get(t, s, "/v2/users"), send(t, s, "PATCH", "/v2/environments/x", `{}`), as("", "GET", "/v2", "")} {
		want(unknown, 404, "404 page not found")
		if contentType := unknown.header.Get("Content-Type"); contentType != "text/plain" {
			t.Errorf("it has the type %q", contentType)
		}
	}
	unauthorized := as("tl_unknown", "GET", path, "")
	want(unauthorized, 401, `\{"error":"Unauthorized"\}`)
	if unauthorized.header.Get("WWW-Authenticate") != "" {
		t.Error("there is a challenge")
	}
	want(post(t, s, "/v2/projects", `{"name":7}`), 400, `.*must be a string.*`)
	want(send(t, s, "DELETE", "/v2/environments/"+s.Environments("")[0].ID, ""), 409, `.*built-in.*`)
	if status := s.SendSpans(key.Key, 1); status != http.StatusOK {
		t.Errorf("a span is answered %d", status)
	}
}

func TestUnknownVariant(t *testing.T) {
	t.Parallel()
	if _, err := emulator.New(emulator.Options{Variant: "other"}); err == nil || !strings.Contains(err.Error(), `"other" is unknown`) {
		t.Errorf("%v", err)
	}
}
