package provider_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// The ids in the import examples are in the form that Traceloop's own
// documentation uses.
const (
	sampleProjectID     = "cm9v2g95l0000qz8k5h3d7f1a"
	sampleEnvironmentID = "cm9v2g95l0001qz8k5h3d7f1b"
	sampleEnvProjectID  = "cm9v2ga9i0001qz8k5h3d7f1a"
	sampleEvaluatorID   = "cm9v2g95l0002qz8k5h3d7f1c"
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

// An example is what one folder below examples/ holds: resources and data sources, and three
// ways to import the resources that exist already. It adds nothing of its own.
type example struct {
	resources, imports, importsByIdentity string
	commands                              [][]string // of import.sh
}

func readExample(t *testing.T, dir string) (e example) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.*")) // a folder is an example of its own
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		switch name := filepath.Base(file); {
		case name == "import.sh":
			for line := range strings.Lines(string(content)) {
				if words := strings.Fields(line); len(words) > 0 && words[0] == "terraform" {
					e.commands = append(e.commands, words[1:])
				}
			}
		case !strings.HasSuffix(name, ".tf"):
		case strings.HasPrefix(name, "import-by-identity"):
			e.importsByIdentity += string(content)
		case strings.HasPrefix(name, "import"):
			e.imports += string(content)
		default:
			e.resources += "\n" + string(content)
		}
	}
	return e
}

// Every example is planned, with the server that it speaks of. None may be forgotten:
// the test walks the folder. Modules and scenarios have tests of their own: TestAccModules, TestAccScenarios_plan.
func TestAccExamples_plan(t *testing.T) {
	t.Parallel()
	var dirs []string
	err := filepath.WalkDir("../../examples", func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == "modules" || entry.Name() == "scenarios") {
			return filepath.SkipDir
		}
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".tf") && !slices.Contains(dirs, filepath.Dir(path)) {
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
		t.Run(strings.TrimPrefix(filepath.ToSlash(dir), "../../examples/"), func(t *testing.T) {
			t.Parallel()
			if strings.Contains(dir, "actions") {
				needs(t, actions) // TestExamples_agreeWithTheSchema reads them under any CLI
			}
			server := emulatortest.Start(t)
			example := readExample(t, dir)
			project := server.Projects()[0]
			cli := newCLI(t, server)
			_, setupKey := server.GenerateKey(project.ID, "stg")
			cli.env = append(cli.env, "TRACELOOP_PROJECT_API_KEY="+setupKey, "TF_VAR_europe_management_key="+server.ManagementKey)
			cli.write(example.resources)
			cli.plan()
			if example.imports == "" {
				noWrites(t, server)
				return
			}

			server.RenameProject(project.ID, "Orders")
			server.GenerateKey(project.ID, "prd")
			eu := server.CreateEnvironment(project.ID, "EU Production")
			server.GenerateKey(project.ID, eu.Slug)
			server.CreateEnvironment("", "Load test")
			setup := server.CreateSetup(setupKey, "checkout-quality", "char-count")
			evaluator := server.CreateEvaluator(setupKey, map[string]any{
				"name": "Support tone", "provider": "openai", "model": "gpt-4o", "messages": []any{map[string]any{"role": "user", "content": "{{answer}}"}},
				"input_schema": []any{map[string]any{"name": "answer", "type": "string"}}, "output_schema": []any{map[string]any{"name": "tone", "type": "string"}},
			})
			ids := strings.NewReplacer(sampleProjectID, project.ID, sampleEnvironmentID, eu.ID, sampleEnvProjectID, setup.EnvProjectID, sampleEvaluatorID, evaluator.ID)
			example.resources = ids.Replace(example.resources)
			cli.write(example.resources + ids.Replace(example.imports))
			shows(t, cli.plan(), "to import, 0 to add", "0 to destroy")

			cli.write(example.resources)
			imported := map[string]bool{}
			for _, command := range example.commands {
				address := command[1]
				if imported[address] {
					cli.ok("state", "rm", address) // another way to import the same
				}
				cli.ok(command[0], address, ids.Replace(command[2]))
				imported[address] = true
			}
			if len(imported) > 0 {
				hides(t, cli.plan(), "will be created", "must be replaced", "will be destroyed")
			}
			if example.importsByIdentity != "" {
				t.Run("by identity", func(t *testing.T) {
					needs(t, identities)
					cli := newCLI(t, server)
					cli.env = append(cli.env, "TRACELOOP_PROJECT_API_KEY="+setupKey)
					cli.write(example.resources + ids.Replace(example.importsByIdentity))
					shows(t, cli.plan(), "to import, ", "0 to destroy")
				})
			}
			noWrites(t, server)
		})
	}
}
