package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// What the guide on versions says of lifecycle { destroy = false } in the block of a key.
func TestCLI_destroyFalse(t *testing.T) {
	needs(t, terraform116)
	w := newEstate(t)
	w.server.CreateEnvironment(w.project.ID, "EU")
	writes := func(environments string, generation int) {
		w.write(fmt.Sprintf(`resource "traceloop_api_key" "k" {
  for_each = toset(%s)

  project_id        = %q
  environment       = each.key
  rotation_triggers = { generation = "%d" }

  lifecycle {
    destroy = false
  }
}
`, environments, w.project.ID, generation))
	}
	applies := func(environments string, generation int) map[string]string {
		writes(environments, generation)
		w.apply()
		keys := map[string]string{}
		for _, key := range w.state()[keyKind] {
			keys[key["environment"].(string)] = key["key"].(string)
		}
		return keys
	}
	// A rotation revokes, and an instance that goes or a destroy does not.
	before := applies(`["dev", "prd"]`, 1)
	after := applies(`["dev", "prd"]`, 2)
	answers(t, w.server, before["prd"], 401)
	answers(t, w.server, after["prd"], 200)

	w.ok("taint", `traceloop_api_key.k["prd"]`)
	w.ok("untaint", `traceloop_api_key.k["prd"]`)
	w.plan("-detailed-exitcode")

	applies(`["dev"]`, 2)
	hides(t, w.ok("state", "list"), "prd")
	answers(t, w.server, after["prd"], 200)
	w.destroy()
	answers(t, w.server, after["dev"], 200)

	key := applies(`["stg"]`, 1)["stg"]
	w.ok("taint", `traceloop_api_key.k["stg"]`)
	w.fails("apply", "Environment Already Has an API Key")
	answers(t, w.server, key, 200)

	key = applies(`["eu"]`, 1)["eu"]
	w.write("")
	shows(t, w.apply(), "API Keys Will Be Revoked")
	answers(t, w.server, key, 401)
}

func TestCLI_importBlocksInAModule(t *testing.T) {
	t.Parallel()
	needs(t, terraform116)
	o := newOrganization(t)
	cli := newCLI(t, o.server)
	cli.write(o.identityHCL())
	module := filepath.Join(cli.Dir, "organization")
	if err := os.Mkdir(module, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(cli.Dir, "main.tf"), filepath.Join(module, "main.tf")); err != nil {
		t.Fatal(err)
	}
	cli.write("module \"organization\" {\n  source = \"./organization\"\n}\n")
	cli.ok("get")
	shows(t, cli.apply(), "3 to import, 0 to add, 0 to change, 0 to destroy")
	shows(t, cli.plan(), "No changes")
}

// What the guides warn of: both show a key that Terraform otherwise hides.
func TestCLI_whatShowsKeys(t *testing.T) {
	t.Parallel()
	needs(t, terraform116)
	server, identity := emulatortest.Start(t), newIdentity(t)
	cli := newCLI(t, server)
	cli.write(fmt.Sprintf(`
resource "traceloop_api_key" "plain" {
  project_id  = %[1]q
  environment = "dev"
}

resource "traceloop_api_key" "sealed" {
  project_id     = %[1]q
  environment    = "prd"
  age_recipients = [%[2]q]
}

ephemeral "traceloop_api_key" "opened" {
  encrypted_key = traceloop_api_key.sealed.encrypted_key
  age_identity  = %[3]q
}

resource "terraform_data" "vault" {
  store {
    input = ephemeral.traceloop_api_key.opened.key
  }
}
`, server.Projects()[0].ID, identity.Recipient(), identity))
	cli.apply()
	state, err := os.ReadFile(filepath.Join(cli.Dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	var sealed, plain string
	for _, key := range cli.state()["traceloop_api_key"] {
		if key["key"] != nil {
			plain = key["key"].(string)
			continue
		}
		if sealed, err = decrypt(key["encrypted_key"].(string), identity); err != nil {
			t.Fatal(err)
		}
	}
	shows(t, string(state), sealed)
	shows(t, cli.ok("state", "show", "-json", "traceloop_api_key.plain"), plain)
}
