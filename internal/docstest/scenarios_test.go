package docstest

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/clitest"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// Every scenario is planned as it is, next to the modules that it may use. What belongs to another
// provider, which cannot be had here, is in aws.tf: that file is held to this provider's schema.
func TestAccScenarios_plan(t *testing.T) {
	t.Parallel()
	scenarios, err := filepath.Glob("../../examples/scenarios/*/main.tf")
	if err != nil || len(scenarios) < 3 { // adopt-organization has tests of its own
		t.Fatalf("%d scenarios were found: %v", len(scenarios), err)
	}
	for _, scenario := range scenarios {
		name := filepath.Base(filepath.Dir(scenario))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := emulatortest.Start(t)
			cli := clitest.New(t, server)
			copyScenario(t, cli, filepath.Dir(scenario))
			clitest.Shows(t, cli.Plan(), " to add, 0 to change, 0 to destroy")
			clitest.NoWrites(t, server)
		})
	}
}

// copyScenario makes the CLI's folder a copy of a scenario.
func copyScenario(t *testing.T, cli *clitest.CLI, dir string) {
	t.Helper()
	for _, folder := range []string{"modules", "scenarios"} {
		if err := os.CopyFS(filepath.Join(cli.Dir, folder), os.DirFS("../../examples/"+folder)); err != nil {
			t.Fatal(err)
		}
	}
	cli.Dir = filepath.Join(cli.Dir, "scenarios", filepath.Base(dir))
	cloud := filepath.Join(cli.Dir, "aws.tf")
	if content, err := os.ReadFile(cloud); err == nil {
		if err := os.Remove(cloud); err != nil {
			t.Fatal(err)
		}
		_, problems := providerAPI(t).check(snippet{guide: cloud, line: 1, code: string(content)})
		for _, problem := range problems {
			t.Error(problem)
		}
	}
	cli.OK("get")
}

// The guide on many services, with the real CLI: every .env file has the right keys.
func TestCLI_manyServices(t *testing.T) {
	t.Parallel()
	const guide = "../../examples/guides/many-services"
	server := emulatortest.Start(t)
	cli := clitest.New(t, server)
	cli.Write(readFile(t, guide, "main.tf"))
	clitest.Shows(t, cli.Apply(), "11 added, 0 changed, 0 destroyed")

	sends := func(text string) map[string]string { // the names of variables, by the place of their keys
		t.Helper()
		places := map[string]string{}
		for line := range strings.Lines(text) {
			name, key, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			before := server.Traces().Accepted
			if !ok || server.SendSpans(key, 1) != http.StatusOK {
				t.Fatalf("%s has no key that is accepted", name)
			}
			for _, spans := range server.Traces().Accepted {
				if !slices.Contains(before, spans) {
					places[spans.Project+"/"+spans.Environment] = name
				}
			}
		}
		return places
	}
	var dotenv map[string]string
	cli.Parse(&dotenv, "output", "-json", "dotenv")
	for service, project := range map[string]string{"orders": "Orders", "payments": "Payments", "search": "Search"} {
		if places := sends(dotenv[service]); len(places) != 1 || places[project+"/dev"] != "TRACELOOP_API_KEY" {
			t.Errorf("the .env file of %s is for %v", service, places)
		}
	}

	var compose string
	cli.Parse(&compose, "output", "-json", "compose_dotenv")
	places := sends(compose)
	if len(places) != 8 || places["Orders/prd"] != "TRACELOOP_ORDERS_PRD_KEY" {
		t.Errorf("the .env file for Docker Compose is for %v", places)
	}
	used := regexp.MustCompile(`\$\{(\w+):`).FindAllStringSubmatch(readFile(t, guide, "compose.yml"), -1)
	if len(used) < 2 {
		t.Errorf("compose.yml uses %v", used)
	}
	for _, variable := range used {
		if !strings.Contains(compose, variable[1]+"=") {
			t.Errorf("compose.yml uses %s, which is not in the .env file", variable[1])
		}
	}

	// Another service changes nothing of the others.
	cli.Write(strings.Replace(readFile(t, guide, "main.tf"), "    search   = {", "    chat     = { name = \"Chat\", environments = [\"dev\"] }\n    search   = {", 1))
	clitest.Shows(t, cli.Plan(), "2 to add, 0 to change, 0 to destroy")
}

// What the guide says to stop managing a service: it forgets the project and its keys, and changes nothing in Traceloop.
func TestCLI_stopManagingAService(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	cli := clitest.New(t, server)
	code := readFile(t, "../../examples/guides/many-services", "main.tf")
	cli.Write(code)
	cli.Apply()
	keys := len(server.Keys())

	var blocks string
	for _, s := range guideSnippets(t) {
		if s.guide == "many-services.md.tmpl" && strings.Contains(s.code, "removed {") {
			blocks += s.code
		}
	}
	at := strings.LastIndex(blocks, "\nmoved {\n  from = traceloop_api_key")
	line := regexp.MustCompile(`(?m)^ {4}search .*\n`)
	if at < 0 || len(line.FindAllString(code, -1)) != 1 {
		t.Fatalf("the guide or its example has another form: %s", blocks)
	}
	ofDev := strings.NewReplacer("search/prd", "search/dev", "search_prd", "search_dev").Replace(blocks[at:])
	cli.Write(line.ReplaceAllString(code, "") + blocks + "\n" + ofDev)
	server.ResetRequests()
	clitest.Shows(t, cli.Apply(), "0 added, 0 changed, 0 destroyed")
	clitest.NoWrites(t, server)
	listed := cli.OK("state", "list")
	clitest.Shows(t, listed, `traceloop_project.service["orders"]`)
	clitest.Hides(t, listed, "search")
	if now := len(server.Keys()); now != keys {
		t.Errorf("there are %d keys, want the %d of before", now, keys)
	}
}

// The blocks of the guide bring back the state of the quick start.
func TestCLI_lostState(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	cli := clitest.New(t, server)
	code := readFile(t, "../../examples/quickstart", "main.tf")
	cli.Write(code)
	cli.Apply()
	key := strings.TrimSpace(cli.OK("output", "-raw", "masked_key"))
	if err := os.Remove(filepath.Join(cli.Dir, "terraform.tfstate")); err != nil {
		t.Fatal(err)
	}

	cli.Write(code + readFile(t, "../../examples/guides/lost-state", "import.tf"))
	server.ResetRequests()
	clitest.Shows(t, cli.Apply(), "3 imported, 0 added", "0 destroyed")
	clitest.NoWrites(t, server)
	if now := strings.TrimSpace(cli.OK("output", "-raw", "masked_key")); now != key {
		t.Errorf("the state has the key %s, want %s", now, key)
	}
	cli.Write(code)
	clitest.Shows(t, cli.Plan(), "No changes")
}

// The guide: a project, its key, a judge and its monitors in one apply. The plan does not know the key.
func TestCLI_guideOfEvaluatorsAndMonitors(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	cli := clitest.New(t, server)
	cli.Write(readFile(t, "../../examples/guides/evaluators-and-monitors/main.tf"))
	clitest.Shows(t, cli.Apply(), "Plan: 5 to add", "5 added")
	clitest.Shows(t, cli.Plan(), "No changes")
	out := cli.Plan("-replace=traceloop_api_key.orders_prd")
	clitest.Shows(t, out, "Evaluators Were Not Read")
	clitest.Shows(t, out, "Auto Monitor Setups Were Not Read")
	clitest.Hides(t, out, "Evaluator Exists Already", "Warning: Unknown")
}
