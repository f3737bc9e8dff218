package provider_test

import (
	"fmt"
	"net/http"
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
	if status := server.SendSpans(key, 1); status != http.StatusOK {
		t.Fatalf("the key is answered %d after the plan", status)
	}
	output := cli.apply("-invoke=action.traceloop_revoke_api_key.leaked")
	shows(t, output, "Revoking the API key tl_", "Revoked the API key tl_", "1 invoked")
	hides(t, output, key)
	if status := server.SendSpans(key, 1); status != http.StatusUnauthorized {
		t.Errorf("the key is answered %d after the action", status)
	}
	shows(t, cli.apply("-invoke=action.traceloop_revoke_api_key.leaked"), "No API Key to Revoke", "nothing was changed")

	shows(t, cli.apply(), "1 to add, 0 to change, 0 to destroy")
	again := cli.ok("output", "-raw", "key")
	if status := server.SendSpans(again, 1); status != http.StatusOK || again == key {
		t.Errorf("the new key is answered %d", status)
	}
	shows(t, cli.plan(), "No changes")
}

// An action_trigger revokes the key when the resource that has it changes.
func TestCLI_triggerRevokesTheKey(t *testing.T) {
	t.Parallel()
	needs(t, actions)
	server := emulatortest.Start(t, minutesAgo())
	cli := newCLI(t, server)
	hcl := func(incident string) string {
		return actionHCL(server.Projects()[0].ID, fmt.Sprintf(`
resource "terraform_data" "incident" {
  input = %q

  lifecycle {
    action_trigger {
      events  = [after_update]
      actions = [action.traceloop_revoke_api_key.leaked]
    }
  }
}
`, incident))
	}
	cli.write(hcl("none"))
	hides(t, cli.apply(), "Revoking")
	id := server.Keys()[0].ID
	cli.write(hcl("INC-1"))
	shows(t, cli.apply(), "Revoked the API key tl_")
	if keys := server.Keys(); len(keys) != 0 {
		t.Errorf("the key is still active: %v", keys)
	}
	shows(t, cli.apply(), "1 to add")
	if keys := server.Keys(); len(keys) != 1 || keys[0].ID == id {
		t.Errorf("there is no new key: %v", keys)
	}
}
