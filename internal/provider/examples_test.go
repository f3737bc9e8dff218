package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// The ids in the import examples are in the form that Traceloop's own
// documentation uses.
const (
	sampleProjectID     = "cm9v2g95l0000qz8k5h3d7f1a"
	sampleEnvironmentID = "cm9v2g95l0001qz8k5h3d7f1b"
)

// What only some CLIs can plan is held to the schema under any.
func TestExamples_agreeWithTheSchema(t *testing.T) {
	t.Parallel()
	api := providerAPI(t)
	for _, pattern := range []string{"list-resources/*/*.tfquery.hcl", "actions/*/*.tf"} {
		files, err := filepath.Glob("../../examples/" + pattern)
		if err != nil || len(files) < 3 {
			t.Fatalf("%s: %d examples were found: %v", pattern, len(files), err)
		}
		blocks := 0
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			n, problems := api.check(snippet{guide: file, line: 1, code: string(content)})
			blocks += n
			for _, problem := range problems {
				t.Error(problem)
			}
		}
		if blocks < 4 {
			t.Errorf("%s: only %d blocks of this provider were found", pattern, blocks)
		}
	}
}

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
			if strings.Contains(dir, "actions") {
				needs(t, actions) // TestExamples_agreeWithTheSchema reads them under any CLI
			}
			server := emulatortest.Start(t)
			files, err := filepath.Glob(filepath.Join(dir, "*.tf"))
			if err != nil {
				t.Fatal(err)
			}
			var resources, imports, byIdentity string
			for _, file := range files {
				content, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				switch name := filepath.Base(file); {
				case strings.HasPrefix(name, "import-by-identity"):
					byIdentity += string(content)
				case strings.HasPrefix(name, "import"):
					imports += string(content)
				default:
					resources += "\n" + string(content)
				}
			}

			project := server.Projects()[0]
			if strings.Contains(dir, "data-sources/traceloop_api_key") {
				server.GenerateKey(project.ID, "prd")
			}
			cli := newCLI(t, server)
			_, setupKey := server.GenerateKey(server.CreateProject("Monitored").ID, "prd")
			cli.env = append(cli.env, "TRACELOOP_PROJECT_API_KEY="+setupKey)
			if strings.Contains(dir, "data-sources/traceloop_auto_monitor_setup") {
				server.CreateSetup(setupKey, "checkout-quality", "char-count")
			}
			cli.write(resources)
			cli.plan()
			if imports != "" {
				server.RenameProject(project.ID, "Orders")
				server.GenerateKey(project.ID, "prd")
				eu := server.CreateEnvironment(project.ID, "EU Production")
				server.CreateEnvironment("", "Load test")
				server.CreateSetup(setupKey, "checkout-quality", "char-count")
				plan := func(imports, says string) {
					// The project that the example declares is the one that holds what it imports.
					if strings.Contains(resources, "traceloop_project.orders") && !strings.Contains(imports, "traceloop_project.") {
						imports += "\nimport {\n  to = traceloop_project.orders\n  id = \"" + sampleProjectID + "\"\n}\n"
					}
					cli.write(resources + strings.NewReplacer(sampleProjectID, project.ID, sampleEnvironmentID, eu.ID).Replace(imports))
					shows(t, cli.plan(), says, "0 to destroy")
				}
				plan(imports, "to import, 0 to add")
				if byIdentity != "" && identities.supported() {
					plan(byIdentity, "to import")
				}
			}
			noWrites(t, server)
		})
	}
}
