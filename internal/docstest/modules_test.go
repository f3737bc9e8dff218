package docstest

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/clitest"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// The tests of the modules under examples/, as the guide on testing modules has them run:
// against an emulator, then once more with faults, and never with anything left behind.
func TestAccModules(t *testing.T) {
	t.Parallel()
	modules, err := filepath.Glob("../../examples/modules/*")
	if err != nil || len(modules) == 0 {
		t.Fatalf("%d modules were found: %v", len(modules), err)
	}
	for _, module := range modules {
		t.Run(filepath.Base(module), func(t *testing.T) {
			t.Parallel()
			server := emulatortest.Start(t)
			cli := clitest.New(t, server)
			if err := os.CopyFS(cli.Dir, os.DirFS(module)); err != nil {
				t.Fatal(err)
			}
			files, err := filepath.Glob(filepath.Join(cli.Dir, "tests", "*.tftest.hcl"))
			if err != nil || len(files) < 2 {
				t.Fatalf("%d files with tests were found: %v", len(files), err)
			}
			clitest.Shows(t, cli.OK("test"), "Success!", " 0 failed")
			if clitest.Calls(server, "POST", "/v2/api-keys") == 0 {
				t.Error("the tests have generated no key")
			}

			server.ResetRequests()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL+"/_emulator/faults", strings.NewReader(readFile(t, module, "tests", "faults.json")))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded") // as curl sends it
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode >= http.StatusBadRequest {
				t.Fatalf("the faults are answered %d", answer.StatusCode)
			}
			clitest.Shows(t, cli.OK("test", "-filter=tests/faults.tftest.hcl"), "Success! 2 passed, 0 failed")
			hit := 0
			for _, request := range server.Requests() {
				if request.Fault != "" {
					hit++
				}
			}
			if hit != 4 {
				t.Errorf("%d faults were met, want 4: %v", hit, server.Requests())
			}
			if projects := server.Projects(); len(projects) != 1 {
				t.Errorf("the tests have left projects behind: %v", projects)
			}
		})
	}
}

// The tests of the module notice what they are there for.
func TestAccModules_testsCatch(t *testing.T) {
	t.Parallel()
	const module = "../../examples/modules/llm-service"
	for name, test := range map[string]struct{ file, before, after, fails string }{
		"a forgotten environment":  {"main.tf", "merge({ for slug in var.environments : slug => slug }, local.own_slugs)", "local.own_slugs", `run "a_key_for_each_environment"... fail`},
		"a key that never rotates": {"main.tf", "lookup(var.rotated, each.key, \"never\")", `"never"`, `run "rotates_one_key"... fail`},
		"keys in plain text":       {"main.tf", "age_recipients    = var.age_recipients", "", `run "seals_the_keys"... fail`},
		"no check of slugs":        {"variables.tf", `slug == provider::traceloop::environment_slug(slug)`, "true", `run "a_name_for_a_slug"... fail`},
		"no protection":            {"variables.tf", "default     = true", "default     = false", `run "outputs"... fail`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cli := clitest.New(t, emulatortest.Start(t))
			if err := os.CopyFS(cli.Dir, os.DirFS(module)); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(cli.Dir, test.file)
			content := []byte(readFile(t, file))
			if bytes.Count(content, []byte(test.before)) != 1 {
				t.Fatalf("%q is not once in %s", test.before, test.file)
			}
			if err := os.WriteFile(file, bytes.Replace(content, []byte(test.before), []byte(test.after), 1), 0o600); err != nil {
				t.Fatal(err)
			}
			output, err := cli.Run("test")
			if err == nil {
				t.Error("the tests pass")
			}
			clitest.Shows(t, output, test.fails)
		})
	}
}
