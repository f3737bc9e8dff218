package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
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
		// With replace_existing, the creation revokes the old key. Its deletion then finds nothing.
		resource.TestStep{
			PreConfig:        o.server.ResetRequests,
			Config:           o.hcl("rotation_triggers = { at = 3 }\n  replace_existing = true\n  " + cbd),
			ConfigPlanChecks: planned(keyAddress, plancheck.ResourceActionCreateBeforeDestroy),
			Check: func(state *terraform.State) error {
				var writes []string
				for _, request := range o.server.Requests() {
					if request.Method != http.MethodGet {
						writes = append(writes, fmt.Sprint(request.Method, " ", request.Status))
					}
				}
				if got := strings.Join(writes, ", "); got != "POST 409, DELETE 204, POST 201, DELETE 404" {
					return fmt.Errorf("the writes are %s", got)
				}
				return o.seen.changed(state)
			},
		},
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
		resource.TestStep{
			PreConfig:        o.server.ResetRequests,
			Config:           hcl("2"),
			ConfigPlanChecks: planned(keyAddress, plancheck.ResourceActionDestroyBeforeCreate),
			Check:            resource.ComposeAggregateTestCheckFunc(o.seen.changed, o.sent(1, 1)),
		},
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
func TestProtocol_rotated200TimesInARow(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	projectID := server.Projects()[0].ID
	const kind = "traceloop_api_key"

	state := newDriver(t, server, time.Now).none(kind)
	for i := range 201 {
		d := newDriver(t, server, time.Now) // as each plan and apply has a provider of its own
		config := arguments{"project_id": projectID, "environment": "prd", "rotation_triggers": map[string]string{"at": fmt.Sprint(i)}}
		refreshed, err := d.refresh(t.Context(), kind, state)
		if err != nil {
			t.Fatal(err)
		}
		after, plan, err := d.apply(t.Context(), kind, refreshed, config)
		if err != nil {
			t.Fatalf("rotation %d: %v", i, err)
		}
		if want := map[bool]string{true: "create", false: "replace"}[i == 0]; plan.action != want {
			t.Fatalf("rotation %d is planned as %q, want %q", i, plan.action, want)
		}
		if noise := warnings(plan.diags); len(noise) > 0 {
			t.Fatalf("rotation %d warns: %q", i, noise)
		}
		state = after
	}

	d := newDriver(t, server, time.Now)
	keys := server.Keys()
	if len(keys) != 1 || keys[0].ID != d.text(state, "id") || keys[0].MaskedKey != traceloop.MaskKey(d.text(state, "key")) {
		t.Errorf("after 200 rotations the server has the keys %v, and the state %s", keys, d.text(state, "id"))
	}
	if status := server.SendSpans(d.text(state, "key"), 1); status != http.StatusOK {
		t.Errorf("the key of the state is answered %d, want 200", status)
	}
	if generated, revoked := calls(server, "POST", "/v2/api-keys"), calls(server, "DELETE", "/v2/api-keys"); generated != 201 || revoked != 200 {
		t.Errorf("%d keys were generated and %d revoked, want 201 and 200", generated, revoked)
	}
}
