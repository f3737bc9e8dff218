package emulator_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// What each operation refuses, beside what the check of a service derives from the documents: keys that are
// unknown or of the wrong kind, unknown ids, empty bodies, bounds of numbers. A refused request changes nothing.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	s.SetSettings(emulatortest.Settings{AllowOrganizations: true})
	project, billing, key := s.Projects()[0].ID, s.CreateProject("Billing").ID, keyOf(s, "prd")
	s.CreateEnvironment("", "Shared")
	s.CreateEnvironment(project, "Canary")
	s.CreateEvaluator(key, judge("Taken"))
	cursor := func(text string) string { return "cursor=" + base64.RawURLEncoding.EncodeToString([]byte(text)) }
	long, many := `{"name":"`+strings.Repeat("é", 256)+`"}`, make([]string, 101)
	for i := range many {
		many[i] = setupBody(fmt.Sprint(i), "", "char-count")
	}
	setups := func(items ...string) string { return `{"setups":[` + strings.Join(items, ",") + `]}` }
	rule := func(rest string) string {
		return setupBody("a", `[{"key":"k","source":"span_attributes"`+rest+`}]`, "char-count")
	}
	property := func(name, of string, values ...string) []any {
		return []any{map[string]any{"name": name, "type": of, "enum_values": append([]string{}, values...)}}
	}
	evaluator := func(changes ...any) string { return inJSON(t, judge("a", changes...)) }
	names := [][2]string{
		{`{"name":""}`, "missing or empty"},
		{`{"name":" a"}`, "white space"},
		{`{"name":"a\u00a0"}`, "white space"},
		{`{"name":"a\u0007b"}`, "control character"},
		{`{"name":"a\nb"}`, "control character"},
		{long, "256 characters"},
		{"{\"name\":\"a\xff\"}", "UTF-8"},
	}
	for _, test := range []struct {
		request string
		status  int
		refused [][2]string // a body, or the query of a GET, and what the refusal says
	}{
		{"POST /v2/projects", 400, append([][2]string{
			{"", "Content-Type must be application/json"},
			{" ", "ends before"},
			{`{"name":"a"`, "ends before"},
			{`name=a`, "not JSON"},
			{`[]`, "JSON object"},
			{`null`, "JSON object"},
			{`{"name":"a","colour":"red"}`, `"colour"`},
			{`{"Name":"a"}`, `"Name"`},
			{`{"name":"a","name":"b"}`, "twice"},
			{`{"name":7}`, `"name" must be a string, not a JSON number`},
			{`{"name":null}`, `"name" must not be null`},
			{`{"name":"a"}{}`, "more text after"},
			{`{"name":"a"}]`, "more text after"},
			{`{"name":"` + strings.Repeat("a", 1<<20) + `"}`, "larger than 1048576 bytes"},
		}, names...)},
		{"PATCH /v2/projects/$project", 400, names},
		{"POST /v2/environments", 400, append([][2]string{
			{`{"name":"¿?"}`, "no ASCII letter and no digit"}, {`{"name":"a","project_id":null}`, "null"}, {`{"name":"a","project_id":""}`, "project_id is empty"},
		}, names...)},
		{"POST /v2/api-keys", 400, [][2]string{
			{`{"environment":"dev"}`, "project_id"}, {`{"project_id":"$project"}`, "environment"}, {keyBody("$project", "EU Production"), "eu-production"},
		}},
		{"GET /v2/projects", 400, [][2]string{
			{"limit=ten", "limit"},
			{"cursor=", "cursor"},
			{"cursor=%21", "cursor"},
			{cursor("/v2/projects?\nx"), "cursor"},
			{cursor("/v2/projects?\n-1"), "cursor"},
			{cursor("/v2/environments?\n1"), "cursor"},
		}},
		{"GET /v2/environments", 400, [][2]string{
			{"project_id=", "project_id is empty"}, {cursor("/v2/environments?project_id=" + project + "\n1"), "cursor"}, {"project_id=$project&" + cursor("/v2/environments?\n1"), "cursor"},
		}},
		{"GET /v2/environments", 404, [][2]string{{"project_id=none", "no project"}}},
		{"GET /v2/api-keys", 400, [][2]string{{"environment=EU+Production", "environment must be a slug"}, {"environment=", "environment is empty"}, {"project_id=", "project_id is empty"}}},
		{"GET /v2/api-keys", 404, [][2]string{{"project_id=none", "no project"}}},
		{"POST " + setupsPath, 400, [][2]string{
			{`{"evaluators":["char-count"]}`, "external_id is required"},
			{setupBody("a/b", "", "char-count"), `must not contain "/"`},
			{setupBody(".", "", "char-count"), `nor be "."`},
			{`{"external_id":"a"}`, "evaluators must contain at least one item"},
			{setupBody("a", ""), "evaluators must"},
			{setupBody("a", "", ""), "slug is empty"},
			{setupBody("a", "", "made-up"), `unknown evaluator slug "made-up"`},
			{setupBody("a", "", "char-count", "char-count"), "occurs twice"},
			{setupBody("a", `"x"`, "char-count"), "list of rules or a map"},
			{setupBody("a", `{"k":[1]}`, "char-count"), "must be a string, a number"},
			{setupBody("a", `[{"source":"span_attributes","value":"v"}]`, "char-count"), "key is required"},
			{setupBody("a", `[{"key":"k","value":"v"}]`, "char-count"), "source must be"},
			{rule(`,"operator":"like","value":"v"`), "operator is unknown"},
			{rule(``), "value is required"},
			{rule(`,"colour":1`), `"colour"`},
			{rule(`,"value":"v","values":["v"]`), "values is not allowed"},
			{rule(`,"operator":"in","values":[]`), "values is required"},
			{rule(`,"operator":"in","value":"v","values":["v"]`), "value is not allowed"},
			{rule(`,"operator":"exists","value":"v"`), "value is not allowed"},
		}},
		{"PUT " + setupsPath + "/none", 404, [][2]string{{`{"evaluators":["char-count"]}`, "no auto monitor setup"}}},
		{"POST " + setupsPath + "/bulk", 400, [][2]string{
			{`{}`, "between 1 and 100"},
			{setups(), "between 1 and 100"},
			{setups(many...), "not 101"},
			{`{"setups":[],"colour":1}`, "colour"},
			{setups(many[0], `{"evaluators":["char-count"]}`), "setups[1]: external_id is required"},
			{setups(many[0], many[1], many[0]), `setups[2]: duplicate external_id "0" (also at setups[0])`},
		}},
		{"POST " + evaluatorsPath, 400, [][2]string{
			{evaluator("name", ""), "name is required"},
			{evaluator("provider", nil), "provider is required"},
			{evaluator("model", nil), "model is required"},
			{evaluator("messages", []any{}), "messages must contain"},
			{evaluator("messages", []any{map[string]any{"role": "user"}}), "messages[0]: role and content"},
			{evaluator("messages", []any{map[string]any{"role": "user", "content": "c", "colour": "red"}}), `"colour"`},
			{evaluator("input_schema", []any{}), "input_schema must contain"},
			{evaluator("output_schema", nil), "output_schema must contain"},
			{evaluator("input_schema", property("n", "date")), `input_schema[0]: the type "date"`},
			{evaluator("input_schema", property("n", "enum")), "enum_values belong"},
			{evaluator("input_schema", property("n", "int", "1")), "enum_values belong"},
			{evaluator("input_schema", append(property("n", "int"), property("n", "int")...)), `"n" occurs twice`},
			{evaluator("input_schema", property("", "int")), "input_schema[0]: name"},
			{evaluator("temperature", "hot"), `"temperature" must be a number`},
			{evaluator("name", "?"), "no slug"},
			{evaluator("slug", "A b"), "slug must be a slug"},
			{evaluator("colour", "red"), `"colour"`},
		}},
		{"POST " + evaluatorsPath, 409, [][2]string{{evaluator("slug", "taken"), `"taken"`}, {evaluator("name", "Taken!"), `"taken"`}, {evaluator("name", "PII detector"), `"pii-detector"`}}},
		{"PATCH " + evaluatorsPath + "/taken", 400, [][2]string{
			{`{}`, "at least one field"},
			{`{"name":""}`, "name is required"},
			{`{"config":{"description":"d"}}`, "provider is required"},
			{`{"slug":"x"}`, `"slug"`},
			{`{"config":{"provider":"p","messages":[{"role":"r","content":"c"}],"llm_config":{}}}`, "model is required"},
			{`{"input_schema":[]}`, "input_schema must contain"},
		}},
		{"PATCH " + evaluatorsPath + "/pii-detector", 400, [][2]string{{`{"name":"x"}`, "prebuilt"}}},
		{"GET " + evaluatorsPath, 400, [][2]string{{"source=all", "custom or prebuilt"}, {"source=", "source is empty"}}},
		{"POST /v2/organizations", 400, [][2]string{
			{`{}`, "org_name is required"},
			{`{"org_name":"A","retention_hours":721}`, "between 1 and 720"},
			{`{"org_name":"A","retention_hours":0}`, "between 1 and 720"},
			{`{"org_name":"A","envs":["?"]}`, "no slug"},
			{`{"org_name":"A","envs":["A b","a-b"]}`, `slug "a-b"`},
		}},
		{"PUT /_emulator/faults", 400, [][2]string{
			{``, "ends before"},
			{`[]`, "JSON object"},
			{`{}`, "faults is missing"},
			{`{"fault":[]}`, `unknown field "fault"`},
			{`{"faults":{}}`, `"faults" must be`},
			{`{"faults":[7]}`, "faults[0]: it must be a JSON object"},
			{`{"faults":[{}]}`, `faults[0]: kind "" is unknown`},
			{`{"faults":[{"kind":"drop_after"},{"kind":"explode"}]}`, `faults[1]: kind "explode" is unknown; it must be one of status, drop_before`},
			{`{"faults":[{"kind":"status"}]}`, "needs status"},
			{`{"faults":[{"kind":"status","status":100}]}`, "200 to 599"},
			{`{"faults":[{"kind":"status","status":600}]}`, "200 to 599"},
			{`{"faults":[{"kind":"status","status":"503"}]}`, `"status" must be a whole number, not a JSON string`},
			{`{"faults":[{"kind":"status","status":503,"retry_after":-1}]}`, "retry_after"},
			{`{"faults":[{"kind":"status","status":503,"ms":1}]}`, `ms belongs to kind "delay"`},
			{`{"faults":[{"kind":"garbage","status":503}]}`, `belong to kind "status"`},
			{`{"faults":[{"kind":"drop_before","done":true}]}`, `belong to kind "status"`},
			{`{"faults":[{"kind":"delay"}]}`, "needs ms"},
			{`{"faults":[{"kind":"delay","ms":3600001}]}`, "needs ms"},
			{`{"faults":[{"kind":"huge","times":0}]}`, "times must be 1 or more"},
			{`{"faults":[{"kind":"huge","after":-1}]}`, "after must be 0 or more"},
			{`{"faults":[{"kind":"huge","method":"get"}]}`, "upper case"},
			{`{"faults":[{"kind":"huge","path":"v2"}]}`, "begin with /"},
			{`{"faults":[{"kind":"huge","path":"/_emulator/requests"}]}`, "control calls"},
			{`{"faults":[{"kind":"huge","delay":1}]}`, `unknown field "delay"`},
		}},
		{"PUT /_emulator/settings", 400, [][2]string{
			{`{"latency":1}`, `unknown field "latency"`},
			{`{"latency_ms":-1}`, "latency_ms"},
			{`{"latency_ms":3600001}`, "latency_ms"},
			{`{"latency_ms":1.5}`, `"latency_ms" must be a whole number`},
			{`{"rate_limit_per_second":-1}`, "rate_limit_per_second"},
			{`{"rate_limit_per_second":null}`, "null"},
		}},

		// Rules of the organization.
		{"PATCH /v2/projects/$project", 409, [][2]string{{`{"name":"Billing"}`, "already exists"}}},
		{"POST /v2/environments", 409, [][2]string{
			{`{"name":"DEV"}`, "built-in"},
			{`{"name":"prd","project_id":"$project"}`, "built-in"},
			{`{"name":"shared"}`, "The organization already has"},
			{`{"name":"Shared!","project_id":"$project"}`, "every project inherits"},
			{`{"name":"canary","project_id":"$project"}`, "The project already has"},
			{`{"name":"Canary"}`, "A project already has"},
		}},
		{"DELETE /v2/environments/$dev", 409, [][2]string{{"", "built-in"}}},
		{"POST /v2/api-keys", 404, [][2]string{{keyBody("$billing", "canary"), `"canary"`}, {keyBody("none", "nowhere"), "no project"}}},
	} {
		before := string(get(t, s, "/_emulator/export").body)
		values := strings.NewReplacer("$project", project, "$billing", billing, "$dev", s.Environments("")[0].ID)
		method, path, _ := strings.Cut(values.Replace(test.request), " ")
		with := s.ManagementKey
		if strings.HasPrefix(path, setupsPath) || strings.HasPrefix(path, evaluatorsPath) || path == "/v2/organizations" {
			with = key
		}
		for _, refused := range test.refused {
			target, body := path, values.Replace(refused[0])
			if method == http.MethodGet {
				target, body = path+"?"+body, ""
			}
			t.Run(test.request, func(t *testing.T) {
				wantRefusal(t, asKey(t, s, with, method, target, body), test.status, refused[1])
			})
		}
		if after := string(get(t, s, "/_emulator/export").body); after != before {
			t.Errorf("%s changed something:\n%s", test.request, after)
		}
	}
	for _, contentType := range []string{"", "text/plain", "application/json-patch+json", ";"} {
		wantRefusal(t, post(t, s, "/v2/projects", `{"name":"a"}`, "Content-Type", contentType), http.StatusBadRequest, "Content-Type must be application/json")
	}
	decoded[emulatortest.Project](t, post(t, s, "/v2/projects", `{"name":"`+strings.Repeat("é", 255)+`"} `, "Content-Type", "application/json; charset=utf-8"), http.StatusCreated)
	if created := s.CreateEnvironment(billing, strings.Repeat("a", 255)); len(created.Slug) != 255 {
		t.Errorf("the slug has %d characters", len(created.Slug))
	}
}
