package emulator_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

const setupsPath = "/v2/auto-monitor-setups"

// asKey is send with another key than the management key.
func asKey(t *testing.T, s *emulatortest.Server, key, method, path, body string) reply {
	t.Helper()
	return send(t, s, method, path, body, "Authorization", "Bearer "+key)
}

// keyOf generates the key of the default project and one of its environments.
func keyOf(s *emulatortest.Server, environment string) string {
	_, key := s.GenerateKey(s.Projects()[0].ID, environment)
	return key
}

func setupBody(externalID, selector string, evaluators ...string) string {
	slugs := ""
	if len(evaluators) > 0 {
		slugs = `"` + strings.Join(evaluators, `","`) + `"`
	}
	body := fmt.Sprintf(`{"external_id":%q,"evaluators":[%s]`, externalID, slugs)
	if selector != "" {
		body += `,"selector":` + selector
	}
	return body + "}"
}

// What a change does not have stays, and a setup begins with all that it has.
func TestSetup_changes(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	key := keyOf(s, "prd")
	created := decoded[emulatortest.Setup](t, asKey(t, s, key, "POST", setupsPath,
		setupBody("m 1", `[{"key":"gen_ai.system","value":"openai","source":"span_attributes"}]`, "pii-detector", "answer-relevancy")), http.StatusCreated)
	if created.Status != "pending" || created.Evaluators[0].Type != "pii-detector" || created.InitRules[0].Operator != "equals" ||
		created.ProjectID != s.Projects()[0].ID || created.EnvProjectID == "" || len(created.OrgID) != 36 {
		t.Errorf("created %+v", created)
	}
	updated := decoded[emulatortest.Setup](t, asKey(t, s, key, "PUT", setupsPath+"/m%201", `{"evaluators":["char-count"]}`), http.StatusOK)
	if updated.ID != created.ID || len(updated.Evaluators) != 1 || len(updated.InitRules) != 1 {
		t.Errorf("the evaluators were to be replaced and the rules kept: %+v", updated)
	}
	cleared := decoded[emulatortest.Setup](t, asKey(t, s, key, "PUT", setupsPath+"/m%201", `{"selector":[]}`), http.StatusOK)
	if len(cleared.Evaluators) != 1 || len(cleared.InitRules) != 0 {
		t.Errorf("the rules were to go and the evaluators kept: %+v", cleared)
	}
}

// The key that creates a setup decides its environment. Its external id is the project's: with the
// key of another environment, the same setup is replaced and deleted, and it stays where it is.
func TestSetup_externalIDIsTheProjects(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	dev, prd := keyOf(s, "dev"), keyOf(s, "prd")
	_, elsewhere := s.GenerateKey(s.CreateProject("Other").ID, "dev")
	there := s.CreateSetup(elsewhere, "same", "char-count")
	inDev, inPrd := s.CreateSetup(dev, "same", "char-count"), s.CreateSetup(prd, "other", "word-count")
	if inDev.EnvProjectID == inPrd.EnvProjectID || inDev.ProjectID != inPrd.ProjectID || there.ProjectID == inDev.ProjectID {
		t.Errorf("they are at %+v, %+v and %+v", inDev, inPrd, there)
	}
	put := s.PutSetup(prd, "same", "json-validator")
	bulk := decoded[bulkAnswer](t, asKey(t, s, prd, "POST", setupsPath+"/bulk", `{"setups":[`+setupBody("same", "", "word-count")+`]}`), http.StatusMultiStatus)
	for _, setup := range []*emulatortest.Setup{&put, bulk.Setups[0].Result} {
		if setup == nil || setup.ID != inDev.ID || setup.EnvProjectID != inDev.EnvProjectID {
			t.Errorf("it is %+v, want %+v", setup, inDev)
		}
	}
	s.DeleteSetup(prd, "same")
	if setups := s.Setups(dev); len(setups) != 2 || setups[0].ID != there.ID || setups[1].ID != inPrd.ID {
		t.Errorf("the list is %+v", setups)
	}
}

// A path is decoded before it is routed.
func TestSetup_escapedSlash(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	key := keyOf(s, "prd")
	s.CreateSetup(key, "a", "char-count")
	decoded[emulatortest.Setup](t, asKey(t, s, key, "GET", setupsPath+"%2Fa", ""), http.StatusOK)
	wantRefusal(t, asKey(t, s, key, "DELETE", setupsPath+"/a%2Fb", ""), http.StatusNotFound, "There is nothing at "+setupsPath+"/a/b")
}

// A setup is of its place, not of the key.
func TestSetup_outlivesItsKey(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	id, key := s.GenerateKey(s.Projects()[0].ID, "prd")
	s.CreateSetup(key, "a", "char-count")
	wantRefusal(t, get(t, s, setupsPath), http.StatusForbidden, "management key")
	s.RevokeKey(id)
	if setups := s.Setups(keyOf(s, "prd")); len(setups) != 1 {
		t.Errorf("a new key of the same place finds %+v", setups)
	}
	s.DeleteProject(s.Projects()[0].ID)
	_, key = s.GenerateKey(s.CreateProject("Other").ID, "prd")
	if setups := s.Setups(key); len(setups) != 0 {
		t.Errorf("the project is gone, and its setups are %+v", setups)
	}
}

func TestSetup_listFilters(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	key := keyOf(s, "prd")
	s.CreateSetup(key, "old", "char-count")
	s.SetSettings(emulatortest.Settings{SetupsAheadSeconds: 60})
	s.CreateSetup(key, "new", "char-count")
	for query, want := range map[string]string{
		"": "old new", "?status=pending": "new", "?status=waiting_for_spans": "old", "?external_id=old": "old", "?external_id=none": "", "?status=failed": "",
	} {
		var ids []string
		for _, setup := range decoded[[]emulatortest.Setup](t, asKey(t, s, key, "GET", setupsPath+query, ""), http.StatusOK) {
			ids = append(ids, setup.ExternalID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
}

func TestSetup_statuses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := emulatortest.Start(t, emulatortest.WithNow(func() time.Time { return now }))
	key := keyOf(s, "prd")
	decoded[emulatortest.Setup](t, asKey(t, s, key, "POST", setupsPath,
		setupBody("a", `[{"key":"gen_ai.system","value":"openai","source":"span_attributes"}]`, "char-count", "word-count")), http.StatusCreated)
	want := func(status, first, second string) {
		t.Helper()
		a := s.Setups(key)[0]
		if a.Status != status || a.Evaluators[0].Status != first || a.Evaluators[1].Status != second {
			t.Errorf("it is %s with %+v, want %s with %s and %s", a.Status, a.Evaluators, status, first, second)
		}
	}
	want("pending", "pending", "pending")
	s.SetSettings(emulatortest.Settings{SetupsAheadSeconds: 5})
	want("in_progress", "in_progress", "in_progress")
	now = now.Add(5 * time.Second)
	want("waiting_for_spans", "waiting_for_spans", "waiting_for_spans")
	s.SendSpansWith(key, 3, nil, map[string]string{"gen_ai.system": "anthropic"})
	want("waiting_for_spans", "waiting_for_spans", "waiting_for_spans")
	s.SendSpansWith(key, 3, nil, map[string]string{"gen_ai.system": "openai"})
	want("completed", "completed", "completed")

	s.SetSettings(emulatortest.Settings{SetupsAheadSeconds: 5, FailingEvaluators: map[string]string{"word-count": "no model"}})
	want("partial", "completed", "failed")
	if message := s.Setups(key)[0].Evaluators[1].ErrorMessage; message != "no model" {
		t.Errorf("the message is %q", message)
	}
	s.SetSettings(emulatortest.Settings{SetupsAheadSeconds: 5, FailingEvaluators: map[string]string{"word-count": "no", "char-count": "no"}})
	want("failed", "failed", "failed")

	s.PutSetup(key, "a", "char-count", "word-count")
	want("pending", "pending", "pending")
	now = now.Add(time.Hour)
	want("waiting_for_spans", "waiting_for_spans", "waiting_for_spans") // the spans before do not count
}

func TestSetup_selectors(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	key := keyOf(s, "prd")
	rule := func(source, rest string) string {
		return fmt.Sprintf(`{"key":"k","source":"%s_attributes",%s}`, source, rest)
	}
	// The spans that come have k = "gpt-4o" and their resource has k = "api".
	selectors := map[string]struct {
		selector string
		matches  bool
	}{
		"none":                     {``, true},
		"empty":                    {`[]`, true},
		"map":                      {`{"k":"gpt-4o"}`, true},
		"map of another value":     {`{"k":"gpt-4"}`, false},
		"map of another attribute": {`{"none":true}`, false},
		"equals":                   {"[" + rule("span", `"operator":"equals","value":"gpt-4o"`) + "]", true},
		"equals in the resource":   {"[" + rule("resource", `"value":"api"`) + "]", true},
		"equals elsewhere":         {"[" + rule("resource", `"value":"gpt-4o"`) + "]", false},
		"not equals":               {"[" + rule("span", `"operator":"not_equals","value":"gpt-4o"`) + "]", false},
		"contains":                 {"[" + rule("span", `"operator":"contains","value":"gpt"`) + "]", true},
		"not contains":             {"[" + rule("span", `"operator":"not_contains","value":"gpt"`) + "]", false},
		"exists":                   {"[" + rule("span", `"operator":"exists"`) + "]", true},
		"not exists":               {"[" + rule("span", `"operator":"not_exists"`) + "]", false},
		"in":                       {"[" + rule("span", `"operator":"in","values":["a","gpt-4o"]`) + "]", true},
		"not in":                   {"[" + rule("span", `"operator":"not_in","values":["a","gpt-4o"]`) + "]", false},
		"all hold":                 {"[" + rule("span", `"value":"gpt-4o"`) + "," + rule("resource", `"value":"api"`) + "]", true},
		"one does not hold":        {"[" + rule("span", `"value":"gpt-4o"`) + "," + rule("resource", `"value":"web"`) + "]", false},
		"missing not equals":       {`[{"key":"none","source":"span_attributes","operator":"not_equals","value":"v"}]`, true},
		"missing not contains":     {`[{"key":"none","source":"span_attributes","operator":"not_contains","value":"v"}]`, true},
		"missing not in":           {`[{"key":"none","source":"span_attributes","operator":"not_in","values":["v"]}]`, true},
		"missing not exists":       {`[{"key":"none","source":"span_attributes","operator":"not_exists"}]`, true},
		"missing contains":         {`[{"key":"none","source":"span_attributes","operator":"contains","value":""}]`, false},
	}
	for name, test := range selectors {
		decoded[emulatortest.Setup](t, asKey(t, s, key, "POST", setupsPath, setupBody(name, test.selector, "char-count")), http.StatusCreated)
	}
	s.SendSpansWith(key, 1, map[string]string{"k": "api"}, map[string]string{"k": "gpt-4o"})
	s.SetSettings(emulatortest.Settings{SetupsAheadSeconds: 60})
	for _, setup := range s.Setups(key) {
		want := map[bool]string{true: "completed", false: "waiting_for_spans"}[selectors[setup.ExternalID].matches]
		if setup.Status != want {
			t.Errorf("%s: %s, want %s", setup.ExternalID, setup.Status, want)
		}
	}
}

type bulkAnswer struct {
	Setups []struct {
		ExternalID string              `json:"external_id"`
		Status     string              `json:"status"`
		Result     *emulatortest.Setup `json:"result"`
		Error      string              `json:"error"`
	} `json:"setups"`
}

func TestSetup_bulk(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	key := keyOf(s, "prd")
	before := decoded[emulatortest.Setup](t, asKey(t, s, key, "POST", setupsPath, setupBody("there", `{"k":"v"}`, "char-count")), http.StatusCreated)
	body := `{"setups":[` + strings.Join([]string{
		setupBody("new", "", "char-count"), setupBody("wrong", "", "typo"), setupBody("there", "", "word-count"), setupBody("empty", ""),
	}, ",") + `]}`
	answer := decoded[bulkAnswer](t, asKey(t, s, key, "POST", setupsPath+"/bulk", body), http.StatusMultiStatus)
	var outcome []string
	for _, item := range answer.Setups {
		outcome = append(outcome, item.ExternalID+" "+item.Status+" "+item.Error)
	}
	if want := []string{
		"new ok ", `wrong error setups[1]: unknown evaluator slug "typo"`, "there ok ",
		"empty error setups[3]: evaluators must contain at least one item",
	}; !slices.Equal(outcome, want) {
		t.Errorf("the items are %q", outcome)
	}
	if there := answer.Setups[2].Result; there.ID != before.ID || there.Evaluators[0].Type != "word-count" || len(there.InitRules) != 0 || there.CreatedAt != before.CreatedAt || len(s.Setups(key)) != 2 {
		t.Errorf("it was replaced by %+v", there)
	}
}

func TestOrganization(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	key := keyOf(s, "prd")
	const path = "/v2/organizations"
	wantRefusal(t, asKey(t, s, key, "POST", path, `{"org_name":"Acme"}`), http.StatusForbidden, "Not allowed to create organizations")
	wantRefusal(t, post(t, s, path, `{"org_name":"Acme"}`), http.StatusForbidden, "management key")
	s.SetSettings(emulatortest.Settings{AllowOrganizations: true})
	type organization struct {
		OrgID        string `json:"org_id"`
		Environments []struct {
			Slug string `json:"slug"`
			Key  string `json:"api_key"`
		} `json:"environments"`
	}
	created := decoded[organization](t, asKey(t, s, key, "POST", path, `{"org_name":"Acme","envs":["EU Production"],"retention_hours":24}`), http.StatusCreated)
	if len(created.OrgID) != 36 || len(created.Environments) != 1 || created.Environments[0].Slug != "eu-production" {
		t.Fatalf("created %+v", created.OrgID)
	}
	theirs := created.Environments[0].Key
	if status := s.SendSpans(theirs, 1); status != http.StatusOK {
		t.Errorf("its key is answered %d", status)
	}
	wantRefusal(t, asKey(t, s, theirs, "GET", setupsPath, ""), http.StatusForbidden, "another organization")
	if byDefault := decoded[organization](t, asKey(t, s, key, "POST", path, `{"org_name":"Acme"}`), http.StatusCreated); len(byDefault.Environments) != 3 || byDefault.OrgID == created.OrgID {
		t.Errorf("created %v environments", len(byDefault.Environments))
	}
}
