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

func TestAccAPIKey_life(t *testing.T) { inBothVariants(t, accAPIKeyLife) }

func accAPIKeyLife(t *testing.T, variant emulatortest.Option) {
	t.Helper()
	server := emulatortest.Start(t, variant, emulatortest.WithNow(anHourAgo))
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
			{ // everything but the key, and the mask, which the provider makes where the service shows none
				ResourceName: keyAddress, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"key", "masked_key"},
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

// keyLife is the whole life of an API key: generated, rotated, sealed, imported with its value, revoked.
func keyLife(t *testing.T, server *emulatortest.Server, newServer newServer) {
	t.Helper()
	project := server.CreateProject("Orders").ID
	l := newLife(newDriverOf(t, newServer, arguments{"base_url": server.URL, "api_key": server.ManagementKey}), keyKind)
	sends := func(key string, status int) {
		t.Helper()
		if got := server.SendSpans(key, 1); got != status {
			t.Errorf("a span is answered %d, want %d", got, status)
		}
	}
	config := arguments{"project_id": project, "environment": "prd", "rotate_after_days": int64(90)}
	l.apply(config, "create")
	first := l.provider.text(l.state, "key")
	sends(first, 200)
	l.has(arguments{"masked_key": traceloop.MaskKey(first)})

	// The first triggers are only recorded. Other ones rotate.
	triggered := func(at string) arguments {
		return config.with(arguments{"rotation_triggers": map[string]string{"at": at}})
	}
	l.apply(triggered("1"), "update")
	l.has(arguments{"key": first})
	l.apply(triggered("2"), "replace")
	second := l.provider.text(l.state, "key")
	sends(first, 401)
	sends(second, 200)

	// Its value comes from elsewhere, and takes the place of the mask alone.
	imported := newLife(l.provider, keyKind)
	var err error
	if imported.state, err = l.provider.next().importID(t.Context(), keyKind, project+"/prd"); err != nil {
		t.Fatal(err)
	}
	imported.apply(triggered("2").with(arguments{"existing_key_wo": second}), "update")
	imported.has(arguments{"key": second, "id": l.id()})
	imported.changesNothing(triggered("2"))
	sends(second, 200)

	// Sealed: only the private key opens it.
	identity := newIdentity(t)
	sealed := triggered("2").with(arguments{"age_recipients": []string{identity.Recipient().String()}})
	l.apply(sealed, "replace")
	l.has(arguments{"key": nil})
	third, err := decrypt(l.provider.text(l.state, "encrypted_key"), identity)
	if err != nil {
		t.Fatal(err)
	}
	sends(second, 401)
	sends(third, 200)

	// Revoked outside Terraform: generated again.
	server.RevokeKey(l.id())
	l.apply(sealed, "create")
	l.destroy()
	if keys := server.Keys(); len(keys) != 0 {
		t.Errorf("the server has %d keys after destroy", len(keys))
	}
}

// An environment that the same plan creates may be named by its slug.
func TestCLI_environmentOfTheSamePlan(t *testing.T) {
	w := newEstate(t)
	w.write(environmentHCL(fmt.Sprintf("%q", w.project.ID), "EU Production") +
		w.key("orders", "eu-production", "depends_on  = [traceloop_environment.eu]"))
	w.apply()
	w.plan("-detailed-exitcode")
	w.destroy()
}
