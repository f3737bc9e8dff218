package provider_test

import (
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// otherSetup is the setup "checkout" of a second resource, which is planned before or after the first.
func otherSetup(name, evaluator string) string {
	return strings.Replace(setupHCL("checkout", "", evaluator), `"quality"`, `"`+name+`"`, 1)
}

// Of two resources for one external id the plan warns, also one that cannot call yet: the apply refuses the
// second. Where something would be destroyed for it, the plan refuses.
func TestCLI_twoSetupsForOneExternalID(t *testing.T) {
	t.Parallel()
	const unknownKey = "resource \"terraform_data\" \"key\" {\n  input = \"tl_0123456789012345678901234567890123456789\"\n}\n" +
		"provider \"traceloop\" {\n  project_api_key = terraform_data.key.output\n}\n"
	server := standingStill(t)
	key := projectKey(server, "prd")
	cli := newCLI(t, server).withKey(key)
	warned := func(hcl string) {
		t.Helper()
		cli.write(hcl)
		shows(t, cli.plan(), "Two Resources for One Auto Monitor Setup", `"checkout"`)
	}
	refused := func(hcl string) {
		t.Helper()
		cli.write(hcl)
		out, err := cli.run("plan", "-input=false")
		if err == nil {
			t.Fatalf("the plan succeeded:\n%s", out)
		}
		shows(t, out, `"checkout"`, "-refresh=false")
		// The latter where the one is planned before the other.
		if !strings.Contains(out, "Two Resources for One Auto Monitor Setup") && !strings.Contains(out, "Unable to Replace Auto Monitor Setup") {
			t.Errorf("the plan says:\n%s", out)
		}
	}
	first := setupHCL("checkout", "", "char-count")
	warned(first + otherSetup("other", "word-count"))
	warned(unknownKey + first + otherSetup("other", "word-count"))
	noWrites(t, server)

	cli.write(first)
	cli.apply()
	server.ResetRequests()
	warned(first + otherSetup("a_first", "word-count"))
	warned(first + otherSetup("z_last", "word-count"))
	warned(setupHCL("checkout", "", "word-count") + otherSetup("other", "word-count"))

	// One that leaves the place, and one that comes to it: which is first is Terraform's choice.
	refused(setupHCL("cart", "", "char-count") + otherSetup("other", "word-count"))
	refused(otherSetup("a_renamed", "char-count"))
	refused(otherSetup("z_renamed", "char-count"))
	noWrites(t, server)

	// A replacement has its own place.
	cli.write(first)
	shows(t, cli.ok("apply", "-auto-approve", "-input=false", "-replace="+setupAddress), "1 added, 0 changed, 1 destroyed")
	cli.plan("-detailed-exitcode")
	cli.ok("taint", setupAddress)
	shows(t, cli.apply(), "1 added, 0 changed, 1 destroyed")
	cli.plan("-detailed-exitcode")

	// So has one that is moved.
	cli.write(otherSetup("renamed", "char-count") + "moved {\n  from = " + setupAddress + "\n  to   = traceloop_auto_monitor_setup.renamed\n}\n")
	shows(t, cli.plan(), "has moved to", "0 to add, 0 to change, 0 to destroy")
	cli.apply()
	cli.plan("-detailed-exitcode")
	cli.write(otherSetup("renamed", "word-count"))
	shows(t, cli.apply(), "0 added, 1 changed, 0 destroyed")
	shows(t, cli.destroy(), "1 destroyed")
}

// When a plan replaces the project, its setups go with it, and the next plan creates them again.
func TestCLI_setupsOfAReplacedProject(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	cli := newCLI(t, server)
	cli.write(strings.ReplaceAll(strings.Replace(inOneGo, "%s", "1", 1), "%s", ""))
	shows(t, cli.apply(), "5 added")
	out := cli.ok("apply", "-auto-approve", "-input=false", "-replace=traceloop_project.orders")
	shows(t, out, "Auto Monitor Setups Were Not Read", "2 added, 0 changed, 2 destroyed")
	again := cli.plan()
	shows(t, again, "Auto Monitor Setup Was Deleted Outside Terraform", "3 to add, 0 to change, 0 to destroy")
	shows(t, cli.apply(), "3 added")
	cli.plan("-detailed-exitcode")
	shows(t, cli.destroy(), "5 destroyed")
}
