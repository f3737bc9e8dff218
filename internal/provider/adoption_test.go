package provider_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

const adoptionExample = "../../examples/scenarios/adopt-organization"

// adoptionSnippet is the one snippet of the guide on adoption that has the phrase.
func adoptionSnippet(t *testing.T, phrase string) string {
	t.Helper()
	var found []string
	for _, s := range guideSnippets(t) {
		if s.guide == "adopt-an-organization.md.tmpl" && strings.Contains(s.code, phrase) {
			found = append(found, s.code)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d snippets of the guide have %q, want one", len(found), phrase)
	}
	return found[0] + "\n"
}

// readFile reads a file of the example.
func readFile(t *testing.T, elem ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// The example takes over a whole organization, and writes it down as the guide says.
func TestCLI_dataSourcesAdoptOrganization(t *testing.T) {
	t.Parallel()
	server := newLargeOrganization(t)
	cli := newCLI(t, server)
	cli.write(readExample(t, adoptionExample).resources)
	whole := fmt.Sprintf("Plan: %d to import, 0 to add, 0 to change, 0 to destroy", wholeOrganization)
	shows(t, cli.plan(), whole, fmt.Sprintf("traceloop_api_key.all[\"%s/prd\"]", server.Keys()[0].ProjectID), fmt.Sprintf("traceloop_project.all[%q]", server.Projects()[0].ID))
	checkAdoption(t, server)
	server.ResetRequests()
	output := cli.apply()
	shows(t, output, whole)
	hides(t, output, "will be updated")
	checkAdoption(t, server)
	shows(t, cli.plan(), "No changes")

	// From now on a file says what there is, in place of the data sources and import blocks.
	written := cli.ok("output", "-json", "organization")
	if err := os.WriteFile(filepath.Join(cli.dir, "organization.json"), []byte(written), 0o600); err != nil {
		t.Fatal(err)
	}
	cli.write(adoptionSnippet(t, "organization.json") + readFile(t, adoptionExample, "resources.tf"))
	server.CreateProject("Clicked together")
	shows(t, cli.apply(), "organization", "0 added, 0 changed, 0 destroyed")
	shows(t, cli.plan(), "No changes")
	noWrites(t, server)
}

// What somebody does in the dashboard after that changes nothing but names, and loses no key.
func TestCLI_adoptedOrganizationChangesInTheDashboard(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, emulatortest.WithNow(anHourAgo))
	orders, billing := server.CreateProject("Orders"), server.CreateProject("Billing")
	europe := server.CreateEnvironment(orders.ID, "EU")
	server.CreateEnvironment(billing.ID, "EU")
	server.CreateEnvironment("", "Load test")
	for _, project := range []string{orders.ID, billing.ID} {
		server.GenerateKey(project, "eu")
	}
	cli := newCLI(t, server)
	cli.write(readExample(t, adoptionExample).resources)
	cli.apply()
	keys := fmt.Sprint(server.Keys())

	server.RenameProject(orders.ID, "Orders and Returns")
	hides(t, cli.plan(), "forces replacement", "to destroy", "Error")
	shows(t, cli.apply(), "0 added, 0 changed, 0 destroyed")
	if now := fmt.Sprint(server.Keys()); now != keys {
		t.Errorf("the keys are %s, were %s", now, keys)
	}

	server.DeleteEnvironment(europe.ID)
	server.DeleteProject(billing.ID)
	shows(t, cli.apply(), "0 added, 0 changed, 0 destroyed")
	shows(t, cli.plan(), "No changes")
	if state := cli.state(); len(state[projectKind]) != 2 || len(state[environmentKind]) != 1 || len(state[keyKind]) != 0 {
		t.Errorf("the state has %v", state)
	}
}

// Many running keys are given at once: those that are given are sealed, the others are taken
// over without their values, and none is rotated.
func TestCLI_adoptionGivesManyKeys(t *testing.T) {
	t.Parallel()
	server, identity := emulatortest.Start(t), newIdentity(t)
	orders := server.CreateProject("Orders")
	running := map[string]string{}
	for _, environment := range []string{"dev", "stg", "prd"} {
		_, running[orders.ID+"/"+environment] = server.GenerateKey(orders.ID, environment)
	}
	server.GenerateKey(server.Projects()[0].ID, "prd") // nobody has its value any more
	before := server.Keys()

	block := regexp.MustCompile(`(?s)resource "traceloop_api_key" "all" \{.*?\n\}\n`)
	resources := readFile(t, adoptionExample, "resources.tf")
	if len(block.FindAllString(resources, -1)) != 1 {
		t.Fatalf("the example has another form: %s", resources)
	}
	// The recipient of the guide is an example: nobody has its identity.
	recipient := regexp.MustCompile(`age1\w+`)
	snippet := recipient.ReplaceAllString(adoptionSnippet(t, `variable "running_keys"`), identity.Recipient().String())
	values, err := json.Marshal(running)
	if err != nil {
		t.Fatal(err)
	}
	cli := newCLI(t, server)
	cli.env = append(cli.env, "TF_VAR_running_keys="+string(values))
	cli.write(readFile(t, adoptionExample, "adopt.tf") + block.ReplaceAllLiteralString(resources, snippet))
	output := cli.apply()
	shows(t, output, "Plan: 6 to import, 0 to add, 4 to change, 0 to destroy")
	noWrites(t, server)

	var state struct {
		Values struct {
			RootModule struct {
				Resources []struct {
					Address string
					Values  struct {
						Key          *string
						EncryptedKey string `json:"encrypted_key"`
					}
				}
			} `json:"root_module"`
		}
	}
	cli.parse(&state, "show", "-json")
	sealed := 0
	for _, r := range state.Values.RootModule.Resources {
		if r.Values.EncryptedKey == "" {
			continue
		}
		sealed++
		for place, key := range running {
			if r.Address == fmt.Sprintf("traceloop_api_key.all[%q]", place) {
				if opened, err := decrypt(r.Values.EncryptedKey, identity); err != nil || opened != key {
					t.Errorf("%s: the sealed key is another one, or: %v", r.Address, err)
				}
			}
		}
	}
	if sealed != len(running) {
		t.Errorf("%d keys are sealed, want %d", sealed, len(running))
	}
	for _, key := range running {
		hides(t, output+readFile(t, cli.dir, "terraform.tfstate"), key)
	}
	if now := server.Keys(); fmt.Sprint(now) != fmt.Sprint(before) {
		t.Errorf("the keys changed from %v to %v", before, now)
	}
	cli.env = append(cli.env, "TF_VAR_running_keys={}")
	shows(t, cli.plan(), "No changes")
}
