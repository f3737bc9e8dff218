package provider_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

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
			cli := newCLI(t, server)
			cli.scenario(filepath.Dir(scenario))
			shows(t, cli.plan(), " to add, 0 to change, 0 to destroy")
			noWrites(t, server)
		})
	}
}

// scenario makes the CLI's folder a copy of a scenario.
func (c *cli) scenario(dir string) {
	c.t.Helper()
	for _, folder := range []string{"modules", "scenarios"} {
		if err := os.CopyFS(filepath.Join(c.dir, folder), os.DirFS("../../examples/"+folder)); err != nil {
			c.t.Fatal(err)
		}
	}
	c.dir = filepath.Join(c.dir, "scenarios", filepath.Base(dir))
	cloud := filepath.Join(c.dir, "aws.tf")
	if content, err := os.ReadFile(cloud); err == nil {
		if err := os.Remove(cloud); err != nil {
			c.t.Fatal(err)
		}
		_, problems := providerAPI(c.t).check(snippet{guide: cloud, line: 1, code: string(content)})
		for _, problem := range problems {
			c.t.Error(problem)
		}
	}
	c.ok("get")
}

// The guide on many services, with the real CLI: every .env file has the right keys.
func TestCLI_manyServices(t *testing.T) {
	t.Parallel()
	const guide = "../../examples/guides/many-services"
	server := emulatortest.Start(t)
	cli := newCLI(t, server)
	cli.write(readFile(t, guide, "main.tf"))
	shows(t, cli.apply(), "11 added, 0 changed, 0 destroyed")

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
	cli.parse(&dotenv, "output", "-json", "dotenv")
	for service, project := range map[string]string{"orders": "Orders", "payments": "Payments", "search": "Search"} {
		if places := sends(dotenv[service]); len(places) != 1 || places[project+"/dev"] != "TRACELOOP_API_KEY" {
			t.Errorf("the .env file of %s is for %v", service, places)
		}
	}

	var compose string
	cli.parse(&compose, "output", "-json", "compose_dotenv")
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
	cli.write(strings.Replace(readFile(t, guide, "main.tf"), "    search   = {", "    chat     = { name = \"Chat\", environments = [\"dev\"] }\n    search   = {", 1))
	shows(t, cli.plan(), "2 to add, 0 to change, 0 to destroy")
}

// What the guide says to stop managing a service: it forgets the project and its keys, and changes nothing in Traceloop.
func TestCLI_stopManagingAService(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	cli := newCLI(t, server)
	code := readFile(t, "../../examples/guides/many-services", "main.tf")
	cli.write(code)
	cli.apply()
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
	cli.write(line.ReplaceAllString(code, "") + blocks + "\n" + ofDev)
	server.ResetRequests()
	shows(t, cli.apply(), "0 added, 0 changed, 0 destroyed")
	noWrites(t, server)
	listed := cli.ok("state", "list")
	shows(t, listed, `traceloop_project.service["orders"]`)
	hides(t, listed, "search")
	if now := len(server.Keys()); now != keys {
		t.Errorf("there are %d keys, want the %d of before", now, keys)
	}
}

// The blocks of the guide bring back the state of the quick start.
func TestCLI_lostState(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	cli := newCLI(t, server)
	code := readFile(t, "../../examples/quickstart", "main.tf")
	cli.write(code)
	cli.apply()
	key := strings.TrimSpace(cli.ok("output", "-raw", "masked_key"))
	if err := os.Remove(filepath.Join(cli.dir, "terraform.tfstate")); err != nil {
		t.Fatal(err)
	}

	cli.write(code + readFile(t, "../../examples/guides/lost-state", "import.tf"))
	server.ResetRequests()
	shows(t, cli.apply(), "3 imported, 0 added", "0 destroyed")
	noWrites(t, server)
	if now := strings.TrimSpace(cli.ok("output", "-raw", "masked_key")); now != key {
		t.Errorf("the state has the key %s, want %s", now, key)
	}
	cli.write(code)
	shows(t, cli.plan(), "No changes")
}
