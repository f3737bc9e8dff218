package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

const environmentAddress = "traceloop_environment.eu"

// environmentHCL is organization-level when projectID is empty. projectID is an expression.
func environmentHCL(projectID, name string, protected bool) string {
	if projectID == "" {
		projectID = "null"
	}
	return fmt.Sprintf("resource \"traceloop_environment\" \"eu\" {\n  project_id          = %s\n  name                = %q\n  deletion_protection = %t\n}\n", projectID, name, protected)
}

func TestAccEnvironment_life(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	ofProject := func(name string) string {
		return configured(server, projectHCL("Orders", false)+environmentHCL("traceloop_project.orders.id", name, false))
	}
	var id string

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy: func(*terraform.State) error {
			if environments := server.Environments(""); len(environments) != 3 {
				return fmt.Errorf("the server has %d environments after destroy, want the 3 built-in ones", len(environments))
			}
			return nil
		},
		Steps: []resource.TestStep{
			{
				Config:           ofProject("EU Production"),
				ConfigPlanChecks: planned(environmentAddress, plancheck.ResourceActionCreate),
				ConfigStateChecks: []statecheck.StateCheck{
					attribute(environmentAddress, "slug", "eu-production"),
					attribute(environmentAddress, "scope", "project"),
					statecheck.ExpectKnownValue(environmentAddress, tfjsonpath.New("built_in"), knownvalue.Bool(false)),
				},
				Check: resource.TestCheckResourceAttrWith(environmentAddress, "id", func(v string) error { id = v; return nil }),
			},
			{ // by id
				ResourceName: environmentAddress, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"deletion_protection"},
			},
			{ // by project and slug
				ResourceName: environmentAddress, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"deletion_protection"},
				ImportStateIdFunc: func(s *terraform.State) (string, error) {
					return s.RootModule().Resources[environmentAddress].Primary.Attributes["project_id"] + "/eu-production", nil
				},
			},
			{ // there is no rename
				Config:           ofProject("US Production"),
				ConfigPlanChecks: planned(environmentAddress, plancheck.ResourceActionDestroyBeforeCreate),
				Check: resource.TestCheckResourceAttrWith(environmentAddress, "id", func(v string) error {
					if v == id {
						return fmt.Errorf("the environment %s was not replaced", v)
					}
					id = v
					return nil
				}),
			},
			{ // deleted outside Terraform: created again
				PreConfig:        func() { server.DeleteEnvironment(id) },
				Config:           ofProject("US Production"),
				ConfigPlanChecks: planned(environmentAddress, plancheck.ResourceActionCreate),
			},
			{ // another scope is another environment
				Config:           configured(server, projectHCL("Orders", false)+environmentHCL("", "US Production", false)),
				ConfigPlanChecks: planned(environmentAddress, plancheck.ResourceActionDestroyBeforeCreate),
				ConfigStateChecks: []statecheck.StateCheck{
					attribute(environmentAddress, "scope", "organization"),
					isNull(environmentAddress, "project_id"),
				},
			},
			{ // by slug
				ResourceName: environmentAddress, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"deletion_protection"},
				ImportStateId: "us-production",
			},
		},
	})
}

func TestAccEnvironment_protectedIsNeitherDestroyedNorReplaced(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	hcl := func(name string, protected bool) string {
		return configured(server, environmentHCL("", name, protected))
	}
	refusal := says("Deletion Protection Is On", "in every project", "deletion_protection = false")

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: hcl("EU Production", true)},
			{PreConfig: server.ResetRequests, Config: hcl("EU Production", true), Destroy: true, ExpectError: refusal},
			{Config: hcl("US Production", true), PlanOnly: true, ExpectError: refusal},
			{ // off and renamed in one go: the state still protects it
				Config: hcl("US Production", false), ExpectError: refusal,
			},
			{ // switching it off calls no API
				Config: hcl("EU Production", false),
				Check: func(*terraform.State) error {
					if n := writes(server); n != 0 {
						return fmt.Errorf("%d requests that write were sent", n)
					}
					return nil
				},
			},
		},
	})
}

func TestAccEnvironment_protectedIsNotReplacedByForce(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	hcl := func(value string, protected bool) string {
		return configured(server, fmt.Sprintf(`
resource "terraform_data" "trigger" {
  input = %q
}

resource "traceloop_environment" "eu" {
  name                = "EU Production"
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
			{Config: hcl("1", true)},
			{Config: hcl("2", true), PlanOnly: true, ExpectError: says("Deletion Protection Is On", "replace")},
			{Config: hcl("1", false)},
			{Config: hcl("2", false), ConfigPlanChecks: planned(environmentAddress, plancheck.ResourceActionReplace)},
		},
	})
}

func TestAccEnvironment_alreadyExists(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.CreateProject("Orders")
	server.CreateEnvironment("", "Inherited")
	server.CreateEnvironment(project.ID, "EU Production")
	id := fmt.Sprintf("%q", project.ID)

	for name, test := range map[string]struct {
		projectID, name string
		planOnly        bool // whether the plan can know
		phrases         []string
	}{
		"built in":              {id, "Dev", true, []string{"Environment Already Exists", "built in", "data \"traceloop_environment\"", "import {", project.ID + "/dev"}},
		"built in everywhere":   {"", "prd", true, []string{"Environment Already Exists", "built in", "organization-level"}},
		"inherited":             {id, "inherited", false, []string{"Environment Already Exists", "inherits", "data \"traceloop_environment\"", "inherited"}},
		"exists in the project": {id, "eu production", false, []string{"Environment Already Exists", "import {", project.ID + "/eu-production"}},
		"organization has it":   {"", "Inherited", false, []string{"Environment Already Exists", "The organization has", "id = \"inherited\""}},
		"a project has it":      {"", "EU production", false, []string{"Environment Already Exists", project.ID + "/eu-production"}},
	} {
		t.Run(name, func(t *testing.T) {
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				Steps: []resource.TestStep{{
					Config:      configured(server, environmentHCL(test.projectID, test.name, false)),
					PlanOnly:    test.planOnly,
					ExpectError: says(test.phrases...),
				}},
			})
		})
	}
	if n := len(server.Environments("")); n != 2*3+2 {
		t.Errorf("the server has %d environments, want 8: nothing was to be created", n)
	}
}

func TestAccEnvironment_importedBuiltIn(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.CreateProject("Orders")
	hcl := configured(server, fmt.Sprintf(`
import {
  to = traceloop_environment.dev
  id = "%[1]s/dev"
}

resource "traceloop_environment" "dev" {
  project_id = %[1]q
  name       = "dev"
}
`, project.ID))

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{
				Config:           hcl,
				ConfigPlanChecks: planned("traceloop_environment.dev", plancheck.ResourceActionNoop),
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownValue("traceloop_environment.dev", tfjsonpath.New("built_in"), knownvalue.Bool(true)),
				},
			},
			{Config: hcl, Destroy: true},
		},
	})
	noWrites(t, server)
	if n := len(server.Environments(project.ID)); n != 3 {
		t.Errorf("the project has %d environments, want 3", n)
	}
}

func TestAccEnvironment_importErrors(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.CreateProject("Returns")
	server.CreateEnvironment("", "Inherited")
	hcl := configured(server, environmentHCL("", "EU Production", false))

	steps := []resource.TestStep{{Config: hcl}}
	for _, test := range []struct {
		id      string
		phrases []string
	}{
		{"EU Production", []string{"Invalid Import ID", "<environment id>", "<project id>/<slug>", "<slug>"}},
		{"nosuch", []string{"Unable to Import Environment", "no environment", "traceloop_environments"}},
		{project.ID + "/nosuch", []string{"Unable to Import Environment", "no environment"}},
		{"cnosuchproject/dev", []string{"Unable to Import Environment", "no environment"}},
		{"dev", []string{"Unable to Import Environment", "<project id>/dev"}},
		{project.ID + "/inherited", []string{"Unable to Import Environment", "from the organization", "id \"inherited\""}},
	} {
		steps = append(steps, resource.TestStep{
			ResourceName: environmentAddress, ImportState: true, ImportStateId: test.id, ExpectError: says(test.phrases...),
		})
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories(), Steps: steps})
}

func TestAccEnvironment_refusedBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	for name, test := range map[string]struct {
		projectID, name string
		phrases         []string
	}{
		"empty name":      {"", "", []string{"between 1 and 255"}},
		"blank name":      {"", " \t", []string{"must not be blank"}},
		"no letter":       {"", "!!!", []string{"ASCII letter or digit"}},
		"too long":        {"", strings.Repeat("x", 256), []string{"between 1 and 255"}},
		"malformed id":    {`"Default project"`, "EU", []string{"must be an id"}},
		"unknown project": {`"cnosuchproject"`, "EU", []string{"Unknown Project", "There are:", `("Default project")`}},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, server, environmentHCL(test.projectID, test.name, true), test.phrases...)
		})
	}
}
