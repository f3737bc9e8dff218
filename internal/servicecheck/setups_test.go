package servicecheck

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

func published(t *testing.T) *openapi3.T {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromFile("../contract/published/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// The fields of a setup are in Traceloop's own document, except where its pages differ.
func TestSetupFieldsArePublished(t *testing.T) {
	t.Parallel()
	document := published(t)
	for name, fields := range map[string][]field{
		"response.AutoMonitorSetupResponse": setupFields, "response.AutoMonitorEvaluatorResponse": evaluatorFields, "types.Rule": ruleFields,
	} {
		for _, f := range fields {
			_, is := document.Components.Schemas[name].Value.Properties[f.name]
			if pages := f.name == "operator"; is == pages {
				t.Errorf("%s.%s: the document has it: %t", name, f.name, is)
			}
		}
	}
	for value, good := range map[string]bool{"waiting_for_spans": true, "running": false, "": false} {
		if setupStatus.is(value) != good {
			t.Errorf("status %q is accepted: %t", value, !good)
		}
	}
}

// Each published operation that this project calls has a line, or the report says why not.
func TestEachPublishedOperationIsChecked(t *testing.T) {
	t.Parallel()
	server := populated(t)
	r := check(t, t.Context(), server.URL, server, "-write", "-yes")
	operations := []string{"POST " + bulk} // of the pages alone
	for path, item := range published(t).Paths.Map() {
		if strings.HasPrefix(path, setups) || path == "/v2/organizations" {
			for method := range item.Operations() {
				operations = append(operations, method+" "+path)
			}
		}
	}
	if len(operations) != 7 {
		t.Errorf("the operations are %q", operations)
	}
	for _, operation := range operations {
		has := slices.ContainsFunc(r.lines, func(l line) bool { return l.operation == operation })
		says := strings.Contains(r.report, "`"+operation+"` is not checked: ") && strings.Contains(r.stdout, operation)
		if has == says || says != (operation == "POST /v2/organizations") {
			t.Errorf("%s has a line: %t; the report says why not: %t", operation, has, says)
		}
	}
}

// Neither key is sent in the place of the other, and with one of them its part is checked alone.
func TestEachKeyGoesToItsOperations(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		management, project bool
		args                []string
		lines               map[string]bool // of which operations
	}{
		"both":                  {true, true, nil, map[string]bool{projects: true, setups: true}},
		"both, and it writes":   {true, true, []string{"-write", "-yes"}, map[string]bool{projects: true, setups: true}},
		"a management key":      {true, false, nil, map[string]bool{projects: true}},
		"one, and it writes":    {true, false, []string{"-write", "-yes"}, map[string]bool{projects: true, setups: true}},
		"a project's key":       {false, true, nil, map[string]bool{setups: true}},
		"one that cannot write": {false, true, []string{"-write", "-yes"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := populated(t)
			var mu sync.Mutex
			seen := map[string]int{}
			url, _ := startBroken(t, server, func(e *exchange) {
				mu.Lock()
				defer mu.Unlock()
				isPublished := strings.HasPrefix(e.URL.Path, setups)
				switch e.Header.Get("Authorization") {
				case "Bearer " + server.ManagementKey:
					seen["management"]++
					if isPublished {
						t.Errorf("%s %s came with the management key", e.Method, e.URL.Path)
					}
				case "Bearer " + server.key:
					seen["project"]++
					if !isPublished || e.Method != http.MethodGet {
						t.Errorf("%s %s came with the project's key", e.Method, e.URL.Path)
					}
				}
			})
			management, key := "", ""
			if test.management {
				management = server.ManagementKey
			}
			if test.project {
				key = server.key
			}
			r := checkWith(t, t.Context(), url, management, key, test.args...)
			if test.lines == nil {
				if r.status != exitFailed || len(r.lines) > 0 || !strings.Contains(r.stderr, "TRACELOOP_MANAGEMENT_API_KEY") || len(seen) > 0 {
					t.Errorf("status %d, %q, %v", r.status, r.stderr, seen)
				}
				return
			}
			if r.status != exitHolds {
				t.Errorf("status %d\n%s", r.status, troubles(r.lines))
			}
			for _, operation := range []string{projects, setups} {
				if has := slices.ContainsFunc(r.lines, func(l line) bool { return strings.Contains(l.operation, operation) }); has != test.lines[operation] {
					t.Errorf("there are lines on %s: %t", operation, has)
				}
			}
			if (seen["management"] > 0) != test.management || (seen["project"] > 0) != test.project {
				t.Errorf("the keys were used so often: %v", seen)
			}
			for variable, unset := range map[string]bool{"TRACELOOP_MANAGEMENT_API_KEY": !test.management, "TRACELOOP_PROJECT_API_KEY": !test.project} {
				if strings.Contains(r.stdout, variable+" is not set.") != unset {
					t.Errorf("it says that %s is not set: %t", variable, !unset)
				}
			}
			leaks(t, server, r.report)
		})
	}
}

// Setups that cannot be deleted are printed last, though they may go with their project.
func TestSetupsThatAreLeft(t *testing.T) {
	t.Parallel()
	server := populated(t)
	url, b := startBroken(t, server, nil)
	b.refuse = func(r *http.Request) bool {
		return r.Method == http.MethodDelete && strings.HasPrefix(r.URL.Path, setups)
	}
	r := check(t, t.Context(), url, server, "-write", "-yes")
	_, last, _ := strings.Cut(r.stdout, "Could not be removed.")
	if n := strings.Count(last, `echo "Authorization: Bearer $TRACELOOP_PROJECT_API_KEY" | curl -X DELETE -H @- `+url+setups+"/terraform-provider-traceloop-check-"); n != 2 || r.status != exitLeft {
		t.Errorf("status %d, %d setups are left:\n%s", r.status, n, last)
	}
	if strings.Contains(last, "$TRACELOOP_MANAGEMENT_API_KEY") {
		t.Errorf("something else is left:\n%s", last)
	}
	leaks(t, server, r.report)
}
