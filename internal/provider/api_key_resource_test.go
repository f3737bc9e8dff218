package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const keyAddress = "traceloop_api_key.orders"

// keyHCL takes an expression for the project's id and one for the triggers.
func keyHCL(projectID, environment, triggers string) string {
	return fmt.Sprintf("resource \"traceloop_api_key\" \"orders\" {\n  project_id        = %s\n  environment       = %q\n  rotation_triggers = %s\n}\n", projectID, environment, triggers)
}

// keeper remembers an attribute from step to step.
type keeper struct{ id, key string }

// same and changed check the key of the state against the one seen last.
func (k *keeper) same(s *terraform.State) error    { return k.compare(s, false) }
func (k *keeper) changed(s *terraform.State) error { return k.compare(s, true) }

func (k *keeper) compare(s *terraform.State, change bool) error {
	attributes := s.RootModule().Resources[keyAddress].Primary.Attributes
	id, key := attributes["id"], attributes["key"]
	if changed := id != k.id || key != k.key; changed != change {
		return fmt.Errorf("key changed: %t, want %t (id %s, was %s)", changed, change, id, k.id)
	}
	k.id, k.key = id, key
	return nil
}

func TestAccAPIKey_life(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, emulatortest.WithNow(anHourAgo))
	hcl := func(triggers string) string {
		return configured(server, projectHCL("Orders", false)+keyHCL("traceloop_project.orders.id", "prd", triggers))
	}
	var seen keeper
	sends := func(key string, status int) error {
		if got := server.SendSpans(key, 1); got != status {
			return fmt.Errorf("a span was answered %d, want %d", got, status)
		}
		return nil
	}

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy: func(*terraform.State) error {
			if keys := server.Keys(); len(keys) != 0 {
				return fmt.Errorf("the server has %d keys after destroy", len(keys))
			}
			return sends(seen.key, 401)
		},
		Steps: []resource.TestStep{
			{
				Config:           hcl("null"),
				ConfigPlanChecks: planned(keyAddress, plancheck.ResourceActionCreate),
				ConfigStateChecks: []statecheck.StateCheck{
					attribute(keyAddress, "environment", "prd"),
					isNull(keyAddress, "rotation_triggers"),
					statecheck.ExpectSensitiveValue(keyAddress, tfjsonpath.New("key")),
				},
				Check: resource.ComposeAggregateTestCheckFunc(
					seen.changed,
					func(s *terraform.State) error {
						attributes := s.RootModule().Resources[keyAddress].Primary.Attributes
						if masked := traceloop.MaskKey(seen.key); attributes["masked_key"] != masked {
							return fmt.Errorf("masked_key is %s, want %s", attributes["masked_key"], masked)
						}
						return sends(seen.key, 200)
					},
				),
			},
			{ // everything but the key
				ResourceName: keyAddress, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"key"},
				ImportStateIdFunc: func(s *terraform.State) (string, error) {
					return s.RootModule().Resources[keyAddress].Primary.Attributes["project_id"] + "/prd", nil
				},
			},
			{ // from no triggers to some: only recorded
				PreConfig: server.ResetRequests,
				Config:    hcl(`{ at = "1" }`),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(keyAddress, plancheck.ResourceActionUpdate),
				}},
				Check: resource.ComposeAggregateTestCheckFunc(seen.same, func(*terraform.State) error {
					if n := writes(server); n != 0 {
						return fmt.Errorf("recording triggers sent %d requests that write", n)
					}
					return nil
				}),
			},
			{ // from one map to another: rotated
				Config:           hcl(`{ at = "2" }`),
				ConfigPlanChecks: planned(keyAddress, plancheck.ResourceActionDestroyBeforeCreate),
				Check: resource.ComposeAggregateTestCheckFunc(
					func(*terraform.State) error { return sends(seen.key, 401) },
					seen.changed,
					func(*terraform.State) error { return sends(seen.key, 200) },
				),
			},
			{ // revoked outside Terraform: generated again
				PreConfig:        func() { server.RevokeKey(seen.id) },
				Config:           hcl(`{ at = "2" }`),
				ConfigPlanChecks: planned(keyAddress, plancheck.ResourceActionCreate),
				Check:            seen.changed,
			},
		},
	})
}

// An environment that the same plan creates may be named by its slug.
func TestCLI_environmentOfTheSamePlan(t *testing.T) {
	w := newEstate(t)
	w.write(environmentHCL(fmt.Sprintf("%q", w.project.ID), "EU Production", false) +
		w.key("orders", "eu-production", "depends_on  = [traceloop_environment.eu]"))
	w.apply()
	w.plan("-detailed-exitcode")
	w.destroy()
}
