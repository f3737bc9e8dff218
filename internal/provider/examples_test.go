package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// sampleProjectID is the id in the import examples, in the form that Traceloop's own
// documentation uses.
const sampleProjectID = "cm9v2g95l0000qz8k5h3d7f1a"

// Every example is planned, with the server that it speaks of. None may be forgotten:
// the test walks the folder.
func TestAccExamples_plan(t *testing.T) {
	t.Parallel()
	var dirs []string
	err := filepath.WalkDir("../../examples", func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".tf") && (len(dirs) == 0 || dirs[len(dirs)-1] != filepath.Dir(path)) {
			dirs = append(dirs, filepath.Dir(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(dirs) < 11 {
		t.Fatalf("only %d folders with examples were found: %v", len(dirs), dirs)
	}

	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			server := emulatortest.Start(t)
			files, err := filepath.Glob(filepath.Join(dir, "*.tf"))
			if err != nil {
				t.Fatal(err)
			}
			var resources, imports string
			for _, file := range files {
				content, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if strings.HasPrefix(filepath.Base(file), "import") {
					imports += string(content)
				} else {
					resources += "\n" + string(content)
				}
			}

			project := server.Projects()[0]
			if strings.Contains(dir, "data-sources/traceloop_api_key") {
				server.GenerateKey(project.ID, "prd")
			}
			cli := newCLI(t, server)
			cli.write(resources)
			cli.plan()
			if imports != "" {
				server.RenameProject(project.ID, "Orders")
				server.GenerateKey(project.ID, "prd")
				server.CreateEnvironment(project.ID, "EU Production")
				server.CreateEnvironment("", "Load test")
				// The project that the example declares is the one that holds what it imports.
				if !strings.Contains(imports, "traceloop_project.") {
					imports += "\nimport {\n  to = traceloop_project.orders\n  id = \"" + sampleProjectID + "\"\n}\n"
				}
				cli.write(resources + strings.ReplaceAll(imports, sampleProjectID, project.ID))
				shows(t, cli.plan(), "to import, 0 to add", "0 to destroy")
			}
			noWrites(t, server)
		})
	}
}
