package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// How a key behaves under the rules that Terraform itself has for any resource.

func lifecycleRule(rule string) string { return "lifecycle {\n    " + rule + "\n  }" }

func TestAccAPIKeyLifecycle_createBeforeDestroy(t *testing.T) {
	o := newOutcome(t)
	cbd := lifecycleRule("create_before_destroy = true")
	o.run(t,
		o.first(o.hcl("rotation_triggers = { at = 1 }\n  "+cbd)),
		resource.TestStep{
			PreConfig:   o.server.ResetRequests,
			Config:      o.hcl("rotation_triggers = { at = 2 }\n  " + cbd),
			ExpectError: says("Environment Already Has an API Key", "create_before_destroy = true", "remove that"),
		},
		resource.TestStep{Config: o.hcl("rotation_triggers = { at = 1 }"), Check: o.seen.same},
		// The named fix works.
		o.rotated(o.hcl("rotation_triggers = { at = 2 }"), "rotation_triggers"),
	)
}

func TestAccAPIKeyLifecycle_preventDestroy(t *testing.T) {
	o := newOutcome(t)
	o.run(t,
		o.first(o.hcl("rotation_triggers = { at = 1 }\n  "+lifecycleRule("prevent_destroy = true"))),
		resource.TestStep{
			Config:      o.hcl("rotation_triggers = { at = 2 }\n  " + lifecycleRule("prevent_destroy = true")),
			ExpectError: says("prevent_destroy"),
		},
		resource.TestStep{Config: o.hcl("rotation_triggers = { at = 1 }"), Check: o.seen.same},
	)
}

func TestAccAPIKeyLifecycle_ignoreChanges(t *testing.T) {
	o := newOutcome(t)
	ignored := lifecycleRule("ignore_changes = [rotation_triggers]")
	o.run(t,
		o.first(o.hcl("rotation_triggers = { at = 1 }\n  "+ignored)),
		emptyPlan(o.hcl("rotation_triggers = { at = 2 }\n  "+ignored)),
	)
}

func TestAccAPIKeyLifecycle_replaceTriggeredBy(t *testing.T) {
	o := newOutcome(t)
	hcl := func(at string) string {
		return o.hcl(lifecycleRule("replace_triggered_by = [terraform_data.rotation]")) +
			fmt.Sprintf("resource \"terraform_data\" \"rotation\" {\n  input = %q\n}\n", at)
	}
	o.run(t,
		o.first(hcl("1")),
		emptyPlan(hcl("1")),
		resource.TestStep{
			PreConfig:        o.server.ResetRequests,
			Config:           hcl("2"),
			ConfigPlanChecks: planned(keyAddress, plancheck.ResourceActionDestroyBeforeCreate),
			Check:            resource.ComposeAggregateTestCheckFunc(o.seen.changed, o.sent(1, 1)),
		},
		emptyPlan(hcl("2")),
	)
}

func TestCLI_replaceOption(t *testing.T) {
	o := newOutcome(t)
	cli := newCLI(t, o.server)
	// replace_existing warns of a stranger's key only: not of the one that is replaced.
	cli.write(withoutProvider(o.hcl("replace_existing = true\n  existing_key_wo = null")))
	cli.apply()
	first := o.server.Keys()[0].ID

	o.server.ResetRequests()
	out := cli.apply("-replace=" + keyAddress)
	shows(t, out, "1 added, 0 changed, 1 destroyed")
	hides(t, out, "Warning: Existing")
	if keys := o.server.Keys(); len(keys) != 1 || keys[0].ID == first {
		t.Errorf("after -replace the server has the keys %v, want one that is not %s", keys, first)
	}
	cli.plan("-detailed-exitcode")
}

func TestCLI_removedBlockForgetsTheKey(t *testing.T) {
	o := newOutcome(t)
	cli := newCLI(t, o.server)
	cli.write(withoutProvider(o.hcl("")))
	cli.apply()
	cli.write("removed {\n  from = traceloop_api_key.orders\n  lifecycle {\n    destroy = false\n  }\n}\n")
	o.server.ResetRequests()
	cli.apply()
	noWrites(t, o.server)
	if n := len(o.server.Keys()); n != 1 {
		t.Errorf("the server has %d keys, want the one that was only forgotten", n)
	}
}

func TestCLI_movedBlockKeepsTheKey(t *testing.T) {
	o := newOutcome(t)
	cli := newCLI(t, o.server)
	hcl := withoutProvider(o.hcl("rotation_triggers = { at = 1 }"))
	cli.write(hcl)
	cli.apply()
	cli.write(strings.Replace(hcl, `"orders"`, `"returns"`, 1) + "moved {\n  from = traceloop_api_key.orders\n  to   = traceloop_api_key.returns\n}\n")
	o.server.ResetRequests()
	shows(t, cli.apply(), "0 added, 0 changed, 0 destroyed")
	noWrites(t, o.server)
	cli.plan("-detailed-exitcode")
}

// withoutProvider drops the provider block: the CLI's tests configure it by environment.
func withoutProvider(hcl string) string {
	_, rest, _ := strings.Cut(hcl, "}\n\n")
	return rest
}

// Rotating is harmless as often as it is done.
func TestCLI_rotatedOverAndOver(t *testing.T) {
	o := newOutcome(t)
	const rotations = 20
	cli := newCLI(t, o.server)
	cli.write("variable \"at\" {}\n\n" + withoutProvider(o.hcl("rotation_triggers = { at = var.at }")))
	cli.apply("-var=at=0")

	for i := range rotations {
		out := cli.apply(fmt.Sprintf("-var=at=%d", i+1))
		shows(t, out, "1 added, 0 changed, 1 destroyed")
		if n := strings.Count(out, "Warning:"); n != 1 { // that of dev_overrides
			t.Fatalf("rotation %d gave %d warnings, want only the CLI's own:\n%s", i+1, n, out)
		}
	}
	keys := o.server.Keys()
	if len(keys) != 1 {
		t.Fatalf("the server has %d keys after %d rotations, want 1", len(keys), rotations)
	}
	shows(t, cli.ok("show"), keys[0].ID, keys[0].MaskedKey)
	cli.plan("-detailed-exitcode", fmt.Sprintf("-var=at=%d", rotations))
}
