package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// A dozen cases of the fault matrix with the real CLI: one configuration, with a fault at each
// step of its life.
func TestAccFaults_storyConverges(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	c := newCLI(t, server)
	hcl := func(project, environment, trigger string) string {
		return fmt.Sprintf(`
provider "traceloop" {
  max_retries = 1
}

resource "traceloop_project" "orders" {
  name                = %q
  deletion_protection = false
}

resource "traceloop_environment" "eu" {
  name                = %q
  project_id          = traceloop_project.orders.id
  deletion_protection = false
}

resource "traceloop_api_key" "orders" {
  project_id        = traceloop_project.orders.id
  environment       = traceloop_environment.eu.slug
  rotation_triggers = { at = %q }
}
`, project, environment, trigger)
	}
	for _, step := range []struct {
		name  string
		hcl   string
		fault emulatortest.Fault
		says  []string // phrases of the error; none: the apply succeeds
	}{
		{
			name: "a project is taken over whose answer was lost", hcl: hcl("Orders", "EU", "1"),
			fault: emulatortest.Fault{Method: "POST", Path: "/v2/projects", Kind: "drop_after", Times: 2},
		},
		{
			name: "an outage stops the plan and leaves the state alone", hcl: hcl("Orders", "EU", "1"),
			fault: emulatortest.Fault{Method: "GET", Path: "/v2/projects", Kind: "status", Status: 503, Times: 1000},
			says:  []string{"Unable to Read Project", "503", "Run the command again"},
		},
		{
			name: "a renaming that was dropped once succeeds", hcl: hcl("Invoices", "EU", "1"),
			fault: emulatortest.Fault{Method: "PATCH", Path: "/v2/projects", Kind: "drop_before"},
		},
		{
			name: "a renaming that is refused says which key to use", hcl: hcl("Bills", "EU", "1"),
			fault: emulatortest.Fault{Method: "PATCH", Path: "/v2/projects", Kind: "status", Status: 403},
			says:  []string{"Unable to Rename Project", "403", "use a management key instead"},
		},
		{
			name: "a sign-in page in place of the API is an error", hcl: hcl("Bills", "EU", "1"),
			fault: emulatortest.Fault{Method: "GET", Path: "/v2/environments", Kind: "garbage", Times: 1000},
			says:  []string{"Unable to Read Environment", "text/html", "Check that the base URL"},
		},
		{
			name: "a key that was read in part once is read again", hcl: hcl("Bills", "EU", "1"),
			fault: emulatortest.Fault{Method: "GET", Path: "/v2/api-keys", Kind: "truncate"},
		},
		{
			name: "a rotation succeeds although the answer with the key was lost", hcl: hcl("Bills", "EU", "2"),
			fault: emulatortest.Fault{Method: "POST", Path: "/v2/api-keys", Kind: "drop_after"},
		},
		{
			name: "a rotation that fails leaves no key behind", hcl: hcl("Bills", "EU", "3"),
			fault: emulatortest.Fault{Method: "POST", Path: "/v2/api-keys", Kind: "status", Status: 500, Done: true, Times: 1000},
			says:  []string{"Unable to Generate API Key", "no unknown key was left active"},
		},
		{
			name: "a key that cannot be revoked stays in the state", hcl: hcl("Bills", "EU", "4"),
			fault: emulatortest.Fault{Method: "DELETE", Path: "/v2/api-keys", Kind: "status", Status: 401},
			says:  []string{"Unable to Revoke API Key", "401", "has not been revoked"},
		},
		{
			name: "a rate limit is waited for", hcl: hcl("Bills", "EU", "5"),
			fault: emulatortest.Fault{Kind: "status", Status: 429, RetryAfter: new(1)},
		},
		{
			name: "an environment that cannot be deleted is not replaced", hcl: hcl("Bills", "US", "5"),
			fault: emulatortest.Fault{Method: "DELETE", Path: "/v2/environments", Kind: "drop_before", Times: 1000},
			says:  []string{"Unable to Delete Environment", "Check that this machine can reach the base URL"},
		},
		{
			name: "an endless answer is given up and asked for again", hcl: hcl("Bills", "EU", "6"),
			fault: emulatortest.Fault{Method: "GET", Path: "/v2/api-keys", Kind: "huge"},
		},
		{
			name: "a deletion whose answer was lost is done", hcl: "provider \"traceloop\" {\n  max_retries = 1\n}\n",
			fault: emulatortest.Fault{Method: "DELETE", Path: "/v2/projects", Kind: "drop_after"},
		},
	} {
		t.Log(step.name)
		c.write(step.hcl)
		server.ResetRequests()
		server.SetFaults(step.fault)
		out, err := c.run("apply", "-auto-approve", "-input=false")
		server.SetFaults()
		if !slices.ContainsFunc(server.Requests(), func(r emulatortest.Request) bool { return r.Fault != "" }) {
			t.Errorf("%s: the fault hit no request", step.name)
		}
		if (err != nil) != (len(step.says) > 0) {
			t.Fatalf("%s: %v\n%s", step.name, err, out)
		}
		shows(t, out, step.says...)
		hides(t, out, server.ManagementKey)
		if plainKey.MatchString(out) {
			t.Errorf("%s: the output shows a key in full", step.name)
		}
		if err != nil {
			c.apply()
		}
		c.ok("plan", "-input=false", "-detailed-exitcode")
		if keys, want := len(server.Keys()), min(1, strings.Count(step.hcl, "traceloop_api_key")); keys != want {
			t.Errorf("%s: %d keys are active, want %d", step.name, keys, want)
		}
	}
	if projects := server.Projects(); len(projects) != 1 {
		t.Errorf("in the end there are the projects %v, want the default one alone", projects)
	}
}
