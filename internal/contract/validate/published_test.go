package validate

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

const setupWith = `{"id":"c1","external_id":"a","org_id":"o","project_id":"p","env_project_id":"e","init_rules":[%s],` +
	`"evaluators":[{"evaluator_type":"char-count","status":"pending"}],"status":"pending","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}`

// exchange is a request of the client's or the emulator's kind, and the answer to it.
type exchange struct {
	method, path, body string
	status             int
	answer             string
}

func (x exchange) check(t *testing.T, c *Contract) error {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), x.method, x.path, strings.NewReader(x.body))
	if x.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	request, err := c.Request(r)
	if err != nil {
		return err
	}
	return request.Answer(x.status, http.Header{"Content-Type": {"application/json"}}, []byte(x.answer))
}

// Each difference is one: with it the document allows what this project does, without it not.
func TestDifferencesFromThePublishedDocument(t *testing.T) {
	t.Parallel()
	const (
		path   = "/v2/auto-monitor-setups"
		equals = `{"key":"k","source":"span_attributes","operator":"equals","value":"v"}`
		oneOf  = `{"key":"k","source":"span_attributes","operator":"in","values":["v"]}`
	)
	needs := map[string]exchange{
		"selector-is-a-list": {"POST", path, `{"external_id":"a","evaluators":["char-count"],"selector":[` + equals + `]}`, 201, fmt.Sprintf(setupWith, "")},
		"rule-has-operator":  {"GET", path + "/a", "", 200, fmt.Sprintf(setupWith, equals)},
		"rule-has-values":    {"GET", path + "/a", "", 200, fmt.Sprintf(setupWith, oneOf)},
		"bulk-upsert": {
			"POST", path + "/bulk", `{"setups":[{"external_id":"a","evaluators":["char-count"]}]}`, 207,
			`{"setups":[{"external_id":"a","status":"ok","result":` + fmt.Sprintf(setupWith, "") + `}]}`,
		},
		"more-refusals": {"GET", path, "", 403, `{"error":"no"}`},
	}
	router := func(differences []Difference) *Contract {
		c, err := load(differences)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	all := router(Differences)
	for i, difference := range Differences {
		x, ok := needs[difference.Name]
		if !ok || difference.Says == "" {
			t.Errorf("%s: nothing shows that it is a difference", difference.Name)
			continue
		}
		if err := x.check(t, all); err != nil {
			t.Errorf("%s: it is not allowed: %v", difference.Name, err)
		}
		if err := x.check(t, router(slices.Delete(slices.Clone(Differences), i, i+1))); err == nil {
			t.Errorf("%s: the document allows it without the difference", difference.Name)
		}
	}
}

// What neither the document nor a difference allows is found, on either side.
func TestPublishedOperations_violations(t *testing.T) {
	t.Parallel()
	const path = "/v2/auto-monitor-setups"
	good := fmt.Sprintf(setupWith, "")
	for _, test := range []struct {
		name string
		exchange
		says string // empty: nothing is wrong
	}{
		{"good", exchange{"GET", path + "/a", "", 200, good}, ""},
		{"good list", exchange{"GET", path, "", 200, "[" + good + "]"}, ""},
		{"page in place of a list", exchange{"GET", path, "", 200, `{"data":[` + good + `]}`}, "array"},
		{"further field in an answer", exchange{"GET", path + "/a", "", 200, strings.Replace(good, `"id"`, `"colour":"red","id"`, 1)}, "colour"},
		{"further field in a request", exchange{"POST", path, `{"external_id":"a","evaluators":["b"],"colour":"red"}`, 201, good}, "colour"},
		{"no evaluators", exchange{"POST", path, `{"external_id":"a","evaluators":[]}`, 201, good}, "evaluators"},
		{"external id of an update", exchange{"PUT", path + "/a", `{"external_id":"a","evaluators":["b"]}`, 200, good}, "external_id"},
		{"rule of another source", exchange{"POST", path, `{"external_id":"a","evaluators":["b"],"selector":[{"key":"k","source":"events"}]}`, 201, good}, "/0/source"},
		{"101 items", exchange{"POST", path + "/bulk", `{"setups":[` + strings.Repeat(`{"external_id":"a","evaluators":["b"]},`, 100) + `{"external_id":"a","evaluators":["b"]}]}`, 207, `{"setups":[]}`}, "setups"},
		{"unknown status", exchange{"GET", path + "/a", "", 410, `{"error":"no"}`}, "status is not supported"},
		{"retention", exchange{"POST", "/v2/organizations", `{"org_name":"a","retention_hours":721}`, 201, `{"org_id":"o","environments":[]}`}, "retention_hours"},
		{"organization", exchange{"POST", "/v2/organizations", `{"org_name":"a"}`, 201, `{"org_id":"o","environments":[{"slug":"dev","api_key":"tl_Secret0Secret0"}]}`}, ""},
		{"key elsewhere", exchange{"GET", path + "/a", "", 200, strings.Replace(good, `"id"`, `"api_key":"tl_Secret0Secret0","id"`, 1)}, "api_key"},
	} {
		c, err := Load()
		if err != nil {
			t.Fatal(err)
		}
		err = test.check(t, c)
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", test.name, err, test.says)
		}
	}
}
