package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

func projectHCL(name string, protected bool) string {
	return fmt.Sprintf("resource \"traceloop_project\" \"orders\" {\n  name                = %q\n  deletion_protection = %t\n}\n", name, protected)
}

func TestAccProject_life(t *testing.T) {
	t.Parallel()
	projectLife(t, emulatortest.Start(t), factories())
}

func projectLife(t *testing.T, server *emulatortest.Server, factories map[string]func() (tfprotov6.ProviderServer, error)) {
	t.Helper()
	const address = "traceloop_project.orders"
	var firstID string

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		CheckDestroy: func(*terraform.State) error {
			if projects := server.Projects(); len(projects) != 1 {
				return fmt.Errorf("the server has %d projects after destroy, want the default one", len(projects))
			}
			return nil
		},
		Steps: []resource.TestStep{
			{ // created, with protection on by default
				Config:           configured(server, "resource \"traceloop_project\" \"orders\" {\n  name = \"Orders\"\n}\n"),
				ConfigPlanChecks: planned(address, plancheck.ResourceActionCreate),
				ConfigStateChecks: []statecheck.StateCheck{
					attribute(address, "name", "Orders"),
					attribute(address, "slug", "orders"),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("id"), knownvalue.StringRegexp(says("c"))),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("deletion_protection"), knownvalue.Bool(true)),
				},
				Check: resource.TestCheckResourceAttrWith(address, "id", func(id string) error { firstID = id; return nil }),
			},
			{
				ResourceName: address, ImportState: true, ImportStateVerify: true,
			},
			{ // renamed in place; the slug follows
				PreConfig: server.ResetRequests,
				Config:    configured(server, projectHCL("Orders & Returns", true)),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
					plancheck.ExpectUnknownValue(address, tfjsonpath.New("slug")),
				}},
				ConfigStateChecks: []statecheck.StateCheck{attribute(address, "slug", "orders-returns")},
				Check: resource.TestCheckResourceAttrWith(address, "id", func(id string) error {
					if id != firstID || calls(server, "PATCH", "/v2/projects/"+id) != 1 || writes(server) != 1 {
						return fmt.Errorf("a rename was not one PATCH: id %s, was %s; %v", id, firstID, server.Requests())
					}
					return nil
				}),
			},
			{ // renamed outside Terraform: drift is put right
				PreConfig:         func() { server.RenameProject(firstID, "Somebody's") },
				Config:            configured(server, projectHCL("Orders & Returns", true)),
				ConfigPlanChecks:  planned(address, plancheck.ResourceActionUpdate),
				ConfigStateChecks: []statecheck.StateCheck{attribute(address, "name", "Orders & Returns")},
			},
			{ // protection off is kept in the state alone
				PreConfig: server.ResetRequests,
				Config:    configured(server, projectHCL("Orders & Returns", false)),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
					plancheck.ExpectKnownValue(address, tfjsonpath.New("slug"), knownvalue.StringExact("orders-returns")),
				}},
				Check: func(*terraform.State) error {
					if n := writes(server); n != 0 {
						return fmt.Errorf("changing deletion_protection sent %d requests that write", n)
					}
					return nil
				},
			},
			{ // deleted outside Terraform: created again
				PreConfig:        func() { server.DeleteProject(firstID) },
				Config:           configured(server, projectHCL("Orders & Returns", false)),
				ConfigPlanChecks: planned(address, plancheck.ResourceActionCreate),
			},
		},
	})
}

func TestAccProject_protectedIsNotDestroyed(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	refusal := says("Deletion Protection Is On", "irreversible", "deletion_protection = false", "and apply")

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: configured(server, projectHCL("Orders", true))},
			{PreConfig: server.ResetRequests, Config: configured(server, projectHCL("Orders", true)), Destroy: true, ExpectError: refusal},
			{Config: configured(server, ""), PlanOnly: true, ExpectError: refusal},
			{ // switched off and taken away in one go: the state still protects it
				Config: configured(server, ""), ExpectError: refusal,
			},
			{Config: configured(server, projectHCL("Orders", false))},
		},
	})
	if n := calls(server, "DELETE", "/v2/projects"); n != 1 {
		t.Errorf("%d projects were deleted, want only the one after protection was off", n)
	}
}

func TestAccProject_protectedIsNotReplacedByForce(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	trigger := func(value string, protected bool) string {
		return configured(server, fmt.Sprintf(`
resource "terraform_data" "trigger" {
  input = %q
}

resource "traceloop_project" "orders" {
  name                = "Orders"
  deletion_protection = %t

  lifecycle {
    replace_triggered_by = [terraform_data.trigger]
  }
}
`, value, protected))
	}

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: trigger("1", true)},
			{Config: trigger("2", true), PlanOnly: true, ExpectError: says("Deletion Protection Is On", "replace")},
			{Config: trigger("1", true), Taint: []string{"traceloop_project.orders"}, ExpectError: says("Deletion Protection Is On", "terraform untaint")},
			{ // a tainted, protected project stays so: only the server can end this test
				PreConfig: func() { server.DeleteProject(server.Projects()[1].ID) },
				Config:    trigger("1", false),
			},
		},
	})
}

func TestAccProject_refusedBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	for name, test := range map[string]struct {
		name    string
		phrases []string
	}{
		"empty name":         {"", []string{"Invalid Attribute Value Length", "between 1 and 255"}},
		"blank name":         {"   ", []string{"must not be blank"}},
		"surrounded by room": {" Orders", []string{"begin or end with white space"}},
		"line break":         {"Orders\nReturns", []string{"line break"}},
		"too long":           {strings.Repeat("ö", 256), []string{"Invalid Attribute Value Length", "between 1 and 255"}},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, server, projectHCL(test.name, true), test.phrases...)
		})
	}
}

func TestAccProject_longestName(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	hcl := configured(server, projectHCL(strings.Repeat("ö", 255), false))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps:                    []resource.TestStep{{Config: hcl}},
	})
}

func TestAccProject_nameTaken(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	taken := server.CreateProject("Orders")

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: configured(server, projectHCL("Orders", false)), ExpectError: says("Unable to Create Project", "already exists", "import {", taken.ID)},
			{Config: configured(server, projectHCL("Returns", false))},
			{Config: configured(server, projectHCL("Orders", false)), ExpectError: says("Unable to Rename Project", "already exists", taken.ID)},
		},
	})
}

func TestAccProject_importErrors(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	hcl := configured(server, projectHCL("Orders", false))

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: hcl},
			{
				ResourceName: "traceloop_project.orders", ImportState: true, ImportStateId: "Default project",
				ExpectError: says("Invalid Import ID", "<project id>"),
			},
			{
				ResourceName: "traceloop_project.orders", ImportState: true, ImportStateId: "cnosuchproject",
				ExpectError: says("Unable to Import Project", "no project with the id", "traceloop_projects"),
			},
		},
	})
}
