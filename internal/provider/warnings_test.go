package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// The testing framework does not show warnings; the CLI does.

func TestCLI_importedKeyWarnsOnce(t *testing.T) {
	w := newEstate(t)
	hcl, keys := "", []string{}
	for _, environment := range []string{"dev", "prd"} {
		_, key := w.server.GenerateKey(w.project.ID, environment)
		keys = append(keys, key)
		hcl += w.key(environment, environment, "") + importing("traceloop_api_key."+environment, w.project.ID+"/"+environment)
	}
	w.write(hcl)
	out := w.apply()
	shows(t, out, "and one more similar warning elsewhere", "2 imported, 0 added, 0 changed, 0 destroyed")
	hides(t, out, keys...)
	if n := strings.Count(out, "Warning: Imported Key Cannot Be Retrieved"); n != 1 {
		t.Errorf("it warns %d times:\n%s", n, out)
	}
	hides(t, w.plan("-detailed-exitcode"), "Warning: Imported Key")
}

func TestCLI_vanishedObjectsWarn(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, emulatortest.WithNow(anHourAgo))
	cli := newCLI(t, server)
	cli.write(projectHCL("Orders", false) + environmentHCL("traceloop_project.orders.id", "EU Production") +
		keyHCL("traceloop_project.orders.id", "prd", "null"))
	cli.apply()
	cli.plan("-detailed-exitcode")

	server.RevokeKey(server.Keys()[0].ID)
	shows(t, cli.apply(), "API Key No Longer Found", "it was revoked, or its project or environment was deleted", "that apply generates a new key", "1 added, 0 changed, 0 destroyed")
	for _, environment := range server.Environments("") {
		if !environment.BuiltIn {
			server.DeleteEnvironment(environment.ID)
		}
	}
	shows(t, cli.apply(), "Environment No Longer Found", "1 added, 0 changed, 0 destroyed")
	server.DeleteProject(server.Projects()[1].ID)
	shows(t, cli.apply(), "Project No Longer Found", "3 added, 0 changed, 0 destroyed")
	cli.plan("-detailed-exitcode")
	cli.destroy()
}

func TestCLI_builtInEnvironmentIsForgottenWithAWarning(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	cli := newCLI(t, server)
	cli.write("resource \"traceloop_environment\" \"dev\" {\n  name = \"dev\"\n}\n")
	cli.ok("import", "traceloop_environment.dev", "dev")
	cli.plan("-detailed-exitcode")

	server.ResetRequests()
	shows(t, cli.destroy(), "Built-in Environment Is Not Deleted", "1 destroyed")
	noWrites(t, server)
}

// Behind a wrong base URL everything is "not found".
func TestCLI_wrongBaseURLDoesNotDropState(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, emulatortest.WithAnyRequest())
	cli := newCLI(t, server)
	hcl := projectHCL("Orders", false) + environmentHCL("", "EU") + keyHCL("traceloop_project.orders.id", "prd", "null")
	cli.write(hcl)
	cli.apply()
	server.ResetRequests()

	cli.write(fmt.Sprintf("provider \"traceloop\" {\n  base_url = \"%s/api\"\n}\n\n", server.URL) + hcl)
	for _, line := range []string{"plan", "apply -refresh-only", "destroy", "destroy -refresh=false"} {
		out := cli.fails(line, `comes from the provider argument "base_url"`)
		hides(t, out, "No Longer Found")
	}
	noWritesThatCount(t, server)

	cli.write(hcl)
	cli.plan("-detailed-exitcode")
	cli.destroy()
}

// noWritesThatCount checks that nothing that was asked to be changed was.
func noWritesThatCount(t *testing.T, server *emulatortest.Server) {
	t.Helper()
	for _, request := range server.Requests() {
		if request.Method != "GET" && request.Status < 400 {
			t.Errorf("%s %s was carried out", request.Method, request.Path)
		}
	}
}
