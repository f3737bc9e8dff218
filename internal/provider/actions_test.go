package provider_test

import (
	"fmt"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// actionHCL is a key, and an action that revokes it.
func actionHCL(projectID, rest string) string {
	return fmt.Sprintf(`
resource "traceloop_api_key" "orders" {
  project_id  = %[1]q
  environment = "prd"
}

action "traceloop_revoke_api_key" "leaked" {
  config {
    project_id  = %[1]q
    environment = "prd"
  }
}
`, projectID) + rest
}

// A leaked key is revoked at once, and the next apply generates another.
func TestCLI_invokeRevokesTheKey(t *testing.T) {
	t.Parallel()
	needs(t, actions)
	server := emulatortest.Start(t, minutesAgo())
	cli := newCLI(t, server)
	cli.write(actionHCL(server.Projects()[0].ID, "output \"key\" {\n  value     = traceloop_api_key.orders.key\n  sensitive = true\n}\n"))
	cli.apply()
	key := cli.ok("output", "-raw", "key")

	shows(t, cli.plan("-invoke=action.traceloop_revoke_api_key.leaked"), "API Key Will Be Revoked", "1 to invoke")
	answers(t, server, key, 200)
	output := cli.apply("-invoke=action.traceloop_revoke_api_key.leaked")
	shows(t, output, "Revoking the API key tl_", "Revoked the API key tl_", "1 invoked")
	hides(t, output, key)
	answers(t, server, key, 401)
	shows(t, cli.apply("-invoke=action.traceloop_revoke_api_key.leaked"), "No API Key to Revoke", "nothing was changed")

	shows(t, cli.apply(), "1 to add, 0 to change, 0 to destroy")
	answers(t, server, cli.ok("output", "-raw", "key"), 200)
	shows(t, cli.plan(), "No changes")
}

// An action_trigger revokes a key when another resource changes or goes. The next apply generates another key.
func TestCLI_triggersRevokeTheKey(t *testing.T) {
	t.Parallel()
	needs(t, actions)
	events := []string{"after_update"}
	if terraform116.Supported() {
		events = append(events, "before_destroy", "after_destroy")
	}
	for _, event := range events {
		server := emulatortest.Start(t, minutesAgo())
		cli := newCLI(t, server)
		hcl := func(incident string, sessions int) string {
			return actionHCL(server.Projects()[0].ID, fmt.Sprintf(`
resource "terraform_data" "session" {
  count = %d
  input = %q

  lifecycle {
    action_trigger {
      events  = [%s]
      actions = [action.traceloop_revoke_api_key.leaked]
    }
  }
}
`, sessions, incident, event))
		}
		cli.write(hcl("none", 1))
		hides(t, cli.apply(), "Revoking")
		if event == "after_update" {
			cli.write(hcl("INC-1", 1))
		} else {
			cli.write(hcl("none", 0))
		}
		shows(t, cli.apply(), "API Key Will Be Revoked", "Revoked the API key tl_")
		if keys := server.Keys(); len(keys) != 0 {
			t.Errorf("%s: the key is still active: %v", event, keys)
		}
		shows(t, cli.apply(), "1 to add")
	}
}
