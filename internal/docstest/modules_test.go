package docstest

import (
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
