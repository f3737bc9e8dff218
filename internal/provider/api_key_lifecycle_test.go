package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// How a key behaves under the rules that Terraform itself has for any resource.

func lifecycleRule(rule string) string { return "lifecycle {\n    " + rule + "\n  }" }

// triggered is the key of "prd" with a trigger and such a rule.
func (w estate) triggered(at int, rest string) string {
	return w.key("orders", "prd", fmt.Sprintf("rotation_triggers = { at = %d }\n  %s", at, rest))
}

func TestAccAPIKeyLifecycle_createBeforeDestroy(t *testing.T) {
	w := newEstate(t)
	cbd := lifecycleRule("create_before_destroy = true")
	w.write(w.triggered(1, cbd))
	w.apply()
	first := w.active()
	w.write(w.triggered(2, cbd))
	w.refuses([]string{"apply", "-auto-approve", "-input=false"}, "Environment Already Has an API Key", "create_before_destroy = true", "remove that")
	w.write(w.triggered(1, ""))
	shows(t, w.apply(), "0 added, 0 changed, 0 destroyed")

	// The named fix works.
	w.write(w.triggered(2, ""))
	w.server.ResetRequests()
	shows(t, w.apply(), "~ rotation_triggers = { # forces replacement", "1 added, 0 changed, 1 destroyed")
	second := w.active()
	w.wrote("DELETE 204, POST 201")

	// With replace_existing, the creation revokes the old key. Its deletion then finds nothing.
	w.write(w.triggered(3, "replace_existing = true\n  "+cbd))
	w.server.ResetRequests()
	shows(t, w.apply(), "create replacement and then destroy", "1 added, 0 changed, 1 destroyed")
	third := w.active()
	w.wrote("POST 409, DELETE 204, POST 201, DELETE 404")
	w.plan("-detailed-exitcode")
	if first.ID == second.ID || second.ID == third.ID {
		t.Errorf("the keys were %s, %s and %s, want three", first.ID, second.ID, third.ID)
	}
}

// wrote checks the requests that write, and how they were answered.
func (w estate) wrote(want string) {
	w.t.Helper()
	var writes []string
	for _, request := range w.server.Requests() {
		if request.Method != http.MethodGet {
			writes = append(writes, fmt.Sprint(request.Method, " ", request.Status))
		}
	}
	if got := strings.Join(writes, ", "); got != want {
		w.t.Errorf("the writes are %s, want %s", got, want)
	}
}

func TestAccAPIKeyLifecycle_preventDestroy(t *testing.T) {
	w := newEstate(t)
	prevent := lifecycleRule("prevent_destroy = true")
	w.write(w.triggered(1, prevent))
	w.apply()
	w.write(w.triggered(2, prevent))
	w.refuses([]string{"plan", "-input=false"}, "prevent_destroy")
	w.write(w.triggered(1, ""))
	w.plan("-detailed-exitcode")
}

func TestAccAPIKeyLifecycle_ignoreChanges(t *testing.T) {
	w := newEstate(t)
	ignored := lifecycleRule("ignore_changes = [rotation_triggers]")
	w.write(w.triggered(1, ignored))
	w.apply()
	w.write(w.triggered(2, ignored))
	w.plan("-detailed-exitcode")
}

func TestAccAPIKeyLifecycle_replaceTriggeredBy(t *testing.T) {
	w := newEstate(t)
	hcl := func(at int) string {
		return w.key("orders", "prd", lifecycleRule("replace_triggered_by = [terraform_data.rotation]")) + data(at)
	}
	w.write(hcl(1))
	w.apply()
	first := w.active()
	w.write(hcl(2))
	w.server.ResetRequests()
	shows(t, w.apply(), "replace_triggered_by", "1 added, 1 changed, 1 destroyed")
	w.wrote("DELETE 204, POST 201")
	if w.active().ID == first.ID {
		t.Errorf("the key is still %s", first.ID)
	}
	w.plan("-detailed-exitcode")
}

// data is a resource that changes with its input.
func data(input int) string {
	return fmt.Sprintf("resource \"terraform_data\" \"rotation\" {\n  input = %d\n}\n", input)
}

// The provider is not asked whether a replacement may be forced. It refuses its half of it.
func TestAccAPIKeyLifecycle_replaceTriggeredByOfTheProvidersOwn(t *testing.T) {
	w := newEstate(t)
	id, key := w.server.GenerateKey(w.project.ID, "prd")
	w.Env = append(w.Env, "TRACELOOP_MANAGEMENT_BASE_URL="+ownKey(t, w.server, traceloop.MaskKey(key)).URL)
	imported := fmt.Sprintf("import {\n  to = traceloop_api_key.orders\n  id = \"%s/prd\"\n}\n", w.project.ID)
	w.write(w.key("orders", "prd", "") + data(1) + imported) // without the rule: to OpenTofu, a new trigger triggers
	w.apply()
	w.write(w.key("orders", "prd", lifecycleRule("replace_triggered_by = [terraform_data.rotation]")) + data(2))
	w.refuses([]string{"plan", "-input=false"}, "Provider Would Revoke Its Own Key", id, "TRACELOOP_MANAGEMENT_API_KEY", "another management key")
}

func TestCLI_replaceOption(t *testing.T) {
	w := newEstate(t)
	// replace_existing warns of a stranger's key only: not of the one that is replaced.
	w.write(w.key("orders", "prd", "replace_existing = true\n  existing_key_wo = null"))
	w.apply()
	first := w.active()

	out := w.apply("-replace=" + keyAddress)
	shows(t, out, "1 added, 0 changed, 1 destroyed")
	hides(t, out, "Warning: Existing")
	if keys := w.server.Keys(); len(keys) != 1 || keys[0].ID == first.ID {
		t.Errorf("after -replace the server has the keys %v, want one that is not %s", keys, first.ID)
	}
	w.plan("-detailed-exitcode")
}

func TestCLI_removedBlockForgetsTheKey(t *testing.T) {
	w := newEstate(t)
	w.write(w.key("orders", "prd", ""))
	w.apply()
	w.write("removed {\n  from = traceloop_api_key.orders\n  lifecycle {\n    destroy = false\n  }\n}\n")
	w.server.ResetRequests()
	w.apply()
	noWrites(t, w.server)
	if n := len(w.server.Keys()); n != 1 {
		t.Errorf("the server has %d keys, want the one that was only forgotten", n)
	}
}

func TestCLI_movedBlockKeepsTheKey(t *testing.T) {
	w := newEstate(t)
	w.write(w.triggered(1, ""))
	w.apply()
	w.write(strings.Replace(w.triggered(1, ""), `"orders"`, `"returns"`, 1) + "moved {\n  from = traceloop_api_key.orders\n  to   = traceloop_api_key.returns\n}\n")
	w.server.ResetRequests()
	shows(t, w.apply(), "0 added, 0 changed, 0 destroyed")
	noWrites(t, w.server)
	w.plan("-detailed-exitcode")
}
