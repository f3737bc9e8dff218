package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// reads is a test of data sources alone: what they find, that they find it again, and that
// nothing is written.
func reads(t *testing.T, server *emulatortest.Server, hcl string, checks ...statecheck.StateCheck) {
	t.Helper()
	c := bareCLI(t)
	c.write(configured(server, hcl))
	c.apply()
	c.checks(checks...)
	c.plan("-detailed-exitcode")
	noWrites(t, server)
}

func TestAccProjectDataSource(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.CreateProject("Orders & Returns")
	hcl := ""
	var checks []statecheck.StateCheck
	for by, value := range map[string]string{"id": project.ID, "name": "Orders & Returns", "slug": "orders-returns"} {
		hcl += fmt.Sprintf("data \"traceloop_project\" \"by_%[1]s\" {\n  %[1]s = %[2]q\n}\n", by, value)
		address := "data.traceloop_project.by_" + by
		checks = append(checks, attribute(address, "id", project.ID), attribute(address, "name", "Orders & Returns"), attribute(address, "slug", "orders-returns"))
	}
	reads(t, server, hcl, checks...)
}

// Terraform turns what a configuration says into NFC; what the service holds may be in either form.
func TestAccDataSources_nameInAnotherNormalForm(t *testing.T) {
	t.Parallel()
	forms := map[string]string{"composed": "Caf\u00e9", "decomposed": "Cafe\u0301"}
	const project, environment = "data.traceloop_project.found", "data.traceloop_environment.found"
	for held, heldName := range forms {
		for wanted, wantedName := range forms {
			t.Run(wanted+" finds "+held, func(t *testing.T) {
				t.Parallel()
				server := emulatortest.Start(t)
				cafe := server.CreateProject(heldName)
				inside := server.CreateEnvironment(cafe.ID, heldName)
				reads(t, server, fmt.Sprintf("data \"traceloop_project\" \"found\" {\n  name = %q\n}\n\ndata \"traceloop_environment\" \"found\" {\n  project_id = data.traceloop_project.found.id\n  name       = %q\n}\n", wantedName, wantedName),
					attribute(project, "id", cafe.ID), attribute(environment, "id", inside.ID))
			})
		}
	}
	t.Run("both are there", func(t *testing.T) {
		t.Parallel()
		server := emulatortest.Start(t)
		server.CreateProject(forms["decomposed"])
		exact := server.CreateProject(forms["composed"])
		reads(t, server, fmt.Sprintf("data \"traceloop_project\" \"found\" {\n  name = %q\n}\n", forms["composed"]), attribute(project, "id", exact.ID))
	})
}

// More projects than fit on a page: each once, oldest first.
func TestAccProjectsDataSource_pages(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	for i := range 120 {
		server.CreateProject(fmt.Sprintf("Project %d", i))
	}
	const address = "data.traceloop_projects.all"
	reads(t, server, `data "traceloop_projects" "all" {}`,
		statecheck.ExpectKnownValue(address, tfjsonpath.New("projects"), knownvalue.ListSizeExact(121)),
		statecheck.ExpectKnownValue(address, tfjsonpath.New("projects").AtSliceIndex(0).AtMapKey("name"), knownvalue.StringExact("Default project")),
		statecheck.ExpectKnownValue(address, tfjsonpath.New("projects").AtSliceIndex(120).AtMapKey("name"), knownvalue.StringExact("Project 119")),
	)
}

func TestAccEnvironmentDataSource(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.CreateProject("Orders")
	own := server.CreateEnvironment(project.ID, "EU Production")
	inherited := server.CreateEnvironment("", "Load test")

	hcl := ""
	var checks []statecheck.StateCheck
	for name, test := range map[string]struct {
		arguments, id, scope string
		projectID            knownvalue.Check
	}{
		"by_id":              {fmt.Sprintf("id = %q", own.ID), own.ID, "project", knownvalue.StringExact(project.ID)},
		"inherited_by_id":    {fmt.Sprintf("id = %q", inherited.ID), inherited.ID, "organization", knownvalue.Null()},
		"by_name":            {fmt.Sprintf("project_id = %q\n  name = \"EU Production\"", project.ID), own.ID, "project", knownvalue.StringExact(project.ID)},
		"by_slug":            {fmt.Sprintf("project_id = %q\n  slug = \"eu-production\"", project.ID), own.ID, "project", knownvalue.StringExact(project.ID)},
		"inherited_by_slug":  {fmt.Sprintf("project_id = %q\n  slug = \"load-test\"", project.ID), inherited.ID, "organization", knownvalue.StringExact(project.ID)},
		"organization_level": {`slug = "load-test"`, inherited.ID, "organization", knownvalue.Null()},
	} {
		hcl += fmt.Sprintf("data \"traceloop_environment\" %q {\n  %s\n}\n", name, test.arguments)
		address := "data.traceloop_environment." + name
		checks = append(checks, attribute(address, "id", test.id), attribute(address, "scope", test.scope),
			statecheck.ExpectKnownValue(address, tfjsonpath.New("project_id"), test.projectID))
	}
	reads(t, server, hcl, checks...)
}

func TestAccEnvironmentsDataSource(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.CreateProject("Orders")
	server.CreateEnvironment(project.ID, "EU Production")
	server.CreateEnvironment("", "Load test")

	reads(t, server, fmt.Sprintf("data \"traceloop_environments\" \"orders\" {\n  project_id = %q\n}\ndata \"traceloop_environments\" \"all\" {}\n", project.ID),
		statecheck.ExpectKnownValue("data.traceloop_environments.orders", tfjsonpath.New("environments"), knownvalue.ListSizeExact(5)),
		statecheck.ExpectKnownValue("data.traceloop_environments.orders", tfjsonpath.New("environments").AtSliceIndex(4).AtMapKey("scope"), knownvalue.StringExact("organization")),
		statecheck.ExpectKnownValue("data.traceloop_environments.all", tfjsonpath.New("environments"), knownvalue.ListSizeExact(8)),
	)
}

func TestAccAPIKeyDataSource(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.CreateProject("Orders")
	id, key := server.GenerateKey(project.ID, "prd")

	hcl := ""
	var checks []statecheck.StateCheck
	for name, arguments := range map[string]string{
		"by_id":                      fmt.Sprintf("id = %q", id),
		"by_project_and_environment": fmt.Sprintf("project_id = %q\n  environment = \"prd\"", project.ID),
	} {
		hcl += fmt.Sprintf("data \"traceloop_api_key\" %q {\n  %s\n}\n", name, arguments)
		address := "data.traceloop_api_key." + name
		checks = append(checks, attribute(address, "id", id), attribute(address, "project_id", project.ID),
			attribute(address, "environment", "prd"), attribute(address, "masked_key", traceloop.MaskKey(key)))
	}
	reads(t, server, hcl, checks...)
}

func TestAccAPIKeysDataSource(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	orders, returns := server.CreateProject("Orders"), server.CreateProject("Returns")
	server.GenerateKey(orders.ID, "dev")
	server.GenerateKey(orders.ID, "prd")
	server.GenerateKey(returns.ID, "prd")

	size := func(address string, n int) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("data.traceloop_api_keys."+address, tfjsonpath.New("api_keys"), knownvalue.ListSizeExact(n))
	}
	reads(t, server, fmt.Sprintf(`
data "traceloop_api_keys" "all" {}
data "traceloop_api_keys" "orders" {
  project_id = %[1]q
}
data "traceloop_api_keys" "production" {
  environment = "prd"
}
data "traceloop_api_keys" "one" {
  project_id  = %[1]q
  environment = "prd"
}
data "traceloop_api_keys" "none" {
  project_id  = %[1]q
  environment = "stg"
}
`, orders.ID), size("all", 3), size("orders", 2), size("production", 2), size("one", 1), size("none", 0))
}

func TestAccDataSources_refused(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.CreateProject("Orders")

	for name, test := range map[string]struct {
		kind, arguments string
		phrases         []string
	}{
		"project: no selector":           {"project", "", []string{"Missing Attribute Configuration", "id,name,slug"}},
		"project: two selectors":         {"project", "id = \"c1\"\n  name = \"Orders\"", []string{"Invalid Attribute Combination"}},
		"project: malformed id":          {"project", `id = "Default project"`, []string{"must be an id"}},
		"project: unknown id":            {"project", `id = "cnosuch"`, []string{"Project Not Found", "There are:", `("Default project")`}},
		"project: unknown name":          {"project", `name = "Nope"`, []string{"Project Not Found", "name \"Nope\""}},
		"environment: no selector":       {"environment", fmt.Sprintf("project_id = %q", project.ID), []string{"Missing Attribute Configuration"}},
		"environment: two selectors":     {"environment", "name = \"EU\"\n  slug = \"eu\"", []string{"Invalid Attribute Combination"}},
		"environment: id and project":    {"environment", "id = \"c1\"\n  project_id = \"c2\"", []string{"Invalid Attribute Combination"}},
		"environment: unknown id":        {"environment", `id = "cnosuch"`, []string{"Environment Not Found", "traceloop_environments"}},
		"environment: unknown project":   {"environment", "project_id = \"cnosuch\"\n  slug = \"prd\"", []string{"Unknown Project"}},
		"environment: unknown slug":      {"environment", fmt.Sprintf("project_id = %q\n  slug = \"prod\"", project.ID), []string{"Environment Not Found", "There are: dev, stg, prd"}},
		"environment: built in, nowhere": {"environment", `slug = "prd"`, []string{"Environment Not Found", "Set project_id"}},
		"environments: unknown project":  {"environments", `project_id = "cnosuch"`, []string{"Unknown Project"}},
		"api_key: no selector":           {"api_key", "", []string{"Missing Attribute Configuration"}},
		"api_key: project alone":         {"api_key", fmt.Sprintf("project_id = %q", project.ID), []string{"Missing Attribute Configuration"}},
		"api_key: both":                  {"api_key", fmt.Sprintf("id = \"c1\"\n  project_id = %q\n  environment = \"prd\"", project.ID), []string{"Invalid Attribute Combination"}},
		"api_key: none there":            {"api_key", fmt.Sprintf("project_id = %q\n  environment = \"prd\"", project.ID), []string{"API Key Not Found", "traceloop_api_keys"}},
		"api_key: unknown id":            {"api_key", `id = "cnosuch"`, []string{"API Key Not Found", "revoked"}},
		"api_key: unknown project":       {"api_key", "project_id = \"cnosuch\"\n  environment = \"prd\"", []string{"Unknown Project"}},
		"api_keys: unknown project":      {"api_keys", `project_id = "cnosuch"`, []string{"Unknown Project"}},
		"api_keys: malformed slug":       {"api_keys", `environment = "Production"`, []string{"slug"}},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, server, fmt.Sprintf("data \"traceloop_%s\" \"found\" {\n  %s\n}\n", test.kind, test.arguments), test.phrases...)
		})
	}
}
