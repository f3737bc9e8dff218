package docstest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/clitest"
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
				clitest.Needs(t, clitest.Actions) // TestExamples_agreeWithTheSchema reads them under any CLI
			}
			server := emulatortest.Start(t)
			example := readExample(t, dir)
			if strings.Contains(example.resources, "provider \"traceloop\" {") && !strings.Contains(example.resources, "required_providers") && !strings.Contains(dir, "two-organizations") {
				t.Error("it looks complete, and works in no folder of its own: it does not say where the provider comes from")
			}
			project := server.Projects()[0]
			cli := clitest.New(t, server)
			_, setupKey := server.GenerateKey(project.ID, "stg")
			cli.Env = append(cli.Env, "TRACELOOP_PROJECT_API_KEY="+setupKey, "TF_VAR_europe_management_key="+server.ManagementKey)
			cli.Write(example.resources)
			cli.Plan()
			if example.imports == "" {
				clitest.NoWrites(t, server)
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
			cli.Write(example.resources + ids.Replace(example.imports))
			clitest.Shows(t, cli.Plan(), "to import, 0 to add", "0 to destroy")

			cli.Write(example.resources)
			imported := map[string]bool{}
			for _, command := range example.commands {
				address := command[1]
				if imported[address] {
					cli.OK("state", "rm", address) // another way to import the same
				}
				cli.OK(command[0], address, ids.Replace(command[2]))
				imported[address] = true
			}
			if len(imported) > 0 {
				clitest.Hides(t, cli.Plan(), "will be created", "must be replaced", "will be destroyed")
			}
			if example.importsByIdentity != "" {
				t.Run("by identity", func(t *testing.T) {
					clitest.Needs(t, clitest.Identities)
					cli := clitest.New(t, server)
					cli.Env = append(cli.Env, "TRACELOOP_PROJECT_API_KEY="+setupKey)
					cli.Write(example.resources + ids.Replace(example.importsByIdentity))
					clitest.Shows(t, cli.Plan(), "to import, ", "0 to destroy")
				})
			}
			clitest.NoWrites(t, server)
		})
	}
}

// Every example of a query is run.
func TestCLI_exampleQueries(t *testing.T) {
	t.Parallel()
	clitest.Needs(t, clitest.Queries)
	files, err := filepath.Glob("../../examples/list-resources/*/*.tfquery.hcl")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d queries were found: %v", len(files), err)
	}
	server := emulatortest.Start(t, emulatortest.WithNow(func() time.Time { return time.Now().Add(-100 * 24 * time.Hour) }))
	orders := server.CreateProject("Orders").ID
	server.CreateEnvironment("", "Load test")
	_, key := server.GenerateKey(orders, "prd")
	server.CreateSetup(key, "checkout", "char-count")
	server.SetSettings(emulatortest.Settings{SetupsAheadSeconds: 60, FailingEvaluators: map[string]string{"char-count": "no model"}})
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cli := clitest.New(t, server)
		cli.Env = append(cli.Env, "TRACELOOP_PROJECT_API_KEY="+key)
		cli.Write("")
		if err := os.WriteFile(filepath.Join(cli.Dir, "example.tfquery.hcl"), content, 0o600); err != nil {
			t.Fatal(err)
		}
		cli.OK("validate", "-query")
		output := cli.OK("query")
		for _, name := range regexp.MustCompile(`(?m)^list "(\w+)" "(\w+)"`).FindAllStringSubmatch(string(content), -1) {
			if address := "list." + name[1] + "." + name[2]; !strings.Contains(output, address) {
				t.Errorf("%s: %s finds nothing:\n%s", file, address, output)
			}
		}
	}
	clitest.NoWrites(t, server)
}
