package provider_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
)

// What the guide on versions says of lifecycle { destroy = false } in the block of a key.
func TestCLI_destroyFalse(t *testing.T) {
	t.Parallel()
	needs(t, terraform116)
	configuration := func(server *emulatortest.Server, environments string, generation int) string {
		return fmt.Sprintf(`resource "traceloop_api_key" "k" {
  for_each = toset(%s)

  project_id        = %q
  environment       = each.key
  rotation_triggers = { generation = "%d" }

  lifecycle {
    destroy = false
  }
}
`, environments, server.Projects()[0].ID, generation)
	}
	applied := func(t *testing.T, environments string) (*emulatortest.Server, *cli) {
		t.Helper()
		server := emulatortest.Start(t)
		cli := newCLI(t, server)
		cli.write(configuration(server, environments, 1))
		cli.apply()
		return server, cli
	}
	keys := func(cli *cli) map[string]string {
		keys := map[string]string{}
		for _, key := range cli.state()["traceloop_api_key"] {
			keys[key["environment"].(string)] = key["key"].(string)
		}
		return keys
	}
	accepted := func(t *testing.T, server *emulatortest.Server, key string) bool {
		t.Helper()
		return server.SendSpans(key, 1) == http.StatusOK
	}

	t.Run("a rotation revokes, an instance that goes and a destroy do not", func(t *testing.T) {
		t.Parallel()
		server, cli := applied(t, `["dev", "prd"]`)
		before := keys(cli)
		cli.write(configuration(server, `["dev", "prd"]`, 2))
		cli.apply()
		after := keys(cli)
		if accepted(t, server, before["prd"]) || !accepted(t, server, after["prd"]) {
			t.Error("after a rotation, the old key is accepted or the new one is not")
		}

		cli.write(configuration(server, `["dev"]`, 2))
		cli.apply()
		hides(t, cli.ok("state", "list"), "prd")
		cli.destroy()
		for environment, key := range after {
			if !accepted(t, server, key) {
				t.Errorf("the forgotten key of %s is revoked", environment)
			}
		}
	})

	t.Run("without its block a key is revoked", func(t *testing.T) {
		t.Parallel()
		server, cli := applied(t, `["prd"]`)
		key := keys(cli)["prd"]
		cli.write("")
		shows(t, cli.apply(), "API Keys Will Be Revoked")
		if accepted(t, server, key) {
			t.Error("the key is accepted")
		}
	})

	t.Run("a tainted key stays active", func(t *testing.T) {
		t.Parallel()
		server, cli := applied(t, `["prd"]`)
		key := keys(cli)["prd"]
		cli.ok("taint", `traceloop_api_key.k["prd"]`)
		cli.fails("apply", "Environment Already Has an API Key")
		if !accepted(t, server, key) {
			t.Error("the tainted key is revoked")
		}
	})

	t.Run("untaint keeps the key", func(t *testing.T) {
		t.Parallel()
		_, cli := applied(t, `["prd"]`)
		cli.ok("taint", `traceloop_api_key.k["prd"]`)
		cli.ok("untaint", `traceloop_api_key.k["prd"]`)
		shows(t, cli.plan(), "No changes")
	})
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

func TestCLI_destroyTriggersRevokeAnotherKey(t *testing.T) {
	t.Parallel()
	needs(t, terraform116)
	for _, event := range []string{"before_destroy", "after_destroy"} {
		server := emulatortest.Start(t)
		cli := newCLI(t, server)
		configuration := func(sessions int) string {
			return actionHCL(server.Projects()[0].ID, fmt.Sprintf(`
resource "terraform_data" "session" {
  count = %d

  lifecycle {
    action_trigger {
      events  = [%s]
      actions = [action.traceloop_revoke_api_key.leaked]
    }
  }
}
`, sessions, event))
		}
		cli.write(configuration(1))
		cli.apply()
		cli.write(configuration(0))
		shows(t, cli.apply(), "API Key Will Be Revoked", "Revoked the API key tl_")
		if keys := server.Keys(); len(keys) != 0 {
			t.Errorf("%s: the key is still active: %v", event, keys)
		}
	}
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

// An object may be forgotten at one address and imported to another one in the same plan.
func TestCLI_forgottenAndImported(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		environment := w.server.CreateEnvironment("", "Load test")
		key, _ := w.server.GenerateKey(w.project.ID, "prd")
		for _, object := range []struct {
			kind, id string
			block    func(label string) string
		}{
			{projectKind, w.project.ID, func(label string) string { return resourceOf(projectKind, label, named("Orders")) }},
			{environmentKind, environment.ID, func(label string) string { return resourceOf(environmentKind, label, named("Load test")) }},
			{keyKind, w.project.ID + "/prd", func(label string) string { return w.key(label, "prd", "") }},
		} {
			w.write(object.block("m") + importing(object.kind+".m", object.id))
			w.apply()
			from := "m"
			for _, to := range bothOrders {
				w.write(object.block(to) + importing(object.kind+"."+to, object.id) + base.RemovedBlock(object.kind, from))
				shows(t, w.apply(), "1 imported, 0 added, 0 changed, 0 destroyed")
				w.plan("-detailed-exitcode")
				from = to
			}
			w.ok("state", "rm", object.kind+"."+from)
		}
		if w.active().ID != key {
			t.Error("the key is another one")
		}
	})
}
