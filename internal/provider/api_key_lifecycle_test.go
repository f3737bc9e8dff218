package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
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
	w.refuses("apply", "Environment Already Has an API Key", "create_before_destroy = true", "remove that")
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

// data is a resource that changes with its input.
func data(input int) string {
	return fmt.Sprintf("resource \"terraform_data\" \"rotation\" {\n  input = %d\n}\n", input)
}
