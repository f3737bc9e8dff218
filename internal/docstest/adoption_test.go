package docstest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/clitest"
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

// The example takes over a whole organization, and writes it down as the guide says.
func TestCLI_dataSourcesAdoptOrganization(t *testing.T) {
	t.Parallel()
	server := clitest.NewLargeOrganization(t)
	cli := clitest.New(t, server)
	cli.Write(readExample(t, adoptionExample).resources)
	whole := fmt.Sprintf("Plan: %d to import, 0 to add, 0 to change, 0 to destroy", clitest.WholeOrganization)
	clitest.Shows(t, cli.Plan(), whole, fmt.Sprintf("traceloop_api_key.all[\"%s/prd\"]", server.Keys()[0].ProjectID), fmt.Sprintf("traceloop_project.all[%q]", server.Projects()[0].ID))
	clitest.CheckAdoption(t, server)
	server.ResetRequests()
	output := cli.Apply()
	clitest.Shows(t, output, whole)
	clitest.Hides(t, output, "will be updated")
	clitest.CheckAdoption(t, server)
	clitest.Shows(t, cli.Plan(), "No changes")

	// From now on a file says what there is, in place of the data sources and import blocks.
	written := cli.OK("output", "-json", "organization")
	if err := os.WriteFile(filepath.Join(cli.Dir, "organization.json"), []byte(written), 0o600); err != nil {
		t.Fatal(err)
	}
	cli.Write(adoptionSnippet(t, "organization.json") + readFile(t, adoptionExample, "resources.tf"))
	server.CreateProject("Clicked together")
	clitest.Shows(t, cli.Apply(), "organization", "0 added, 0 changed, 0 destroyed")
	clitest.Shows(t, cli.Plan(), "No changes")
	clitest.NoWrites(t, server)
}

// What somebody does in the dashboard after that changes nothing but names, and loses no key.
func TestCLI_adoptedOrganizationChangesInTheDashboard(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, emulatortest.WithNow(func() time.Time { return time.Now().Add(-time.Hour) }))
	orders, billing := server.CreateProject("Orders"), server.CreateProject("Billing")
	europe := server.CreateEnvironment(orders.ID, "EU")
	server.CreateEnvironment(billing.ID, "EU")
	server.CreateEnvironment("", "Load test")
	for _, project := range []string{orders.ID, billing.ID} {
		server.GenerateKey(project, "eu")
	}
	cli := clitest.New(t, server)
	cli.Write(readExample(t, adoptionExample).resources)
	cli.Apply()
	keys := fmt.Sprint(server.Keys())

	server.RenameProject(orders.ID, "Orders and Returns")
	clitest.Hides(t, cli.Plan(), "forces replacement", "to destroy", "Error")
	clitest.Shows(t, cli.Apply(), "0 added, 0 changed, 0 destroyed")
	if now := fmt.Sprint(server.Keys()); now != keys {
		t.Errorf("the keys are %s, were %s", now, keys)
	}

	server.DeleteEnvironment(europe.ID)
	server.DeleteProject(billing.ID)
	clitest.Shows(t, cli.Apply(), "0 added, 0 changed, 0 destroyed")
	clitest.Shows(t, cli.Plan(), "No changes")
	if state := cli.State(); len(state["traceloop_project"]) != 2 || len(state["traceloop_environment"]) != 1 || len(state["traceloop_api_key"]) != 0 {
		t.Errorf("the state has %v", state)
	}
}

// Many running keys are given at once: those that are given are sealed, the others are taken
// over without their values, and none is rotated.
func TestCLI_adoptionGivesManyKeys(t *testing.T) {
	t.Parallel()
	server, identity := emulatortest.Start(t), clitest.NewIdentity(t)
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
	cli := clitest.New(t, server)
	cli.Env = append(cli.Env, "TF_VAR_running_keys="+string(values))
	cli.Write(readFile(t, adoptionExample, "adopt.tf") + block.ReplaceAllLiteralString(resources, snippet))
	output := cli.Apply()
	clitest.Shows(t, output, "Plan: 6 to import, 0 to add, 4 to change, 0 to destroy")
	clitest.NoWrites(t, server)

	sealed := 0
	for _, attributes := range cli.State()["traceloop_api_key"] {
		text, ok := attributes["encrypted_key"].(string)
		if !ok {
			continue
		}
		sealed++
		place := fmt.Sprint(attributes["project_id"], "/", attributes["environment"])
		if opened, err := clitest.Decrypt(text, identity); err != nil || opened != running[place] {
			t.Errorf("%s: the sealed key is another one, or: %v", place, err)
		}
	}
	if sealed != len(running) {
		t.Errorf("%d keys are sealed, want %d", sealed, len(running))
	}
	for _, key := range running {
		clitest.Hides(t, output+readFile(t, cli.Dir, "terraform.tfstate"), key)
	}
	if now := server.Keys(); fmt.Sprint(now) != fmt.Sprint(before) {
		t.Errorf("the keys changed from %v to %v", before, now)
	}
	cli.Env = append(cli.Env, "TF_VAR_running_keys={}")
	clitest.Shows(t, cli.Plan(), "No changes")
}
