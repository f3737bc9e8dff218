package provider_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
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
		"built_in":           {`slug = "prd"`, builtIn(server, "prd").ID, "organization", knownvalue.Null()},
		"built_in_inherited": {fmt.Sprintf("project_id = %q\n  slug = \"prd\"", project.ID), builtIn(server, "prd").ID, "organization", knownvalue.StringExact(project.ID)},
	} {
		hcl += fmt.Sprintf("data \"traceloop_environment\" %q {\n  %s\n}\n", name, test.arguments)
		address := "data.traceloop_environment." + name
		checks = append(checks, attribute(address, "id", test.id), attribute(address, "scope", test.scope),
			statecheck.ExpectKnownValue(address, tfjsonpath.New("project_id"), test.projectID))
	}
	reads(t, server, hcl, checks...)
}

// builtIn returns a built-in environment, which all projects inherit.
func builtIn(server *emulatortest.Server, slug string) (found emulatortest.Environment) {
	for _, e := range server.Environments("") {
		if e.BuiltIn && e.Slug == slug {
			found = e
		}
	}
	return found
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
		statecheck.ExpectKnownValue("data.traceloop_environments.all", tfjsonpath.New("environments"), knownvalue.ListSizeExact(5)),
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

// readData reads a data source as a plan does: it validates the configuration first.
func (d *driver) readData(kind string, config arguments) error {
	d.t.Helper()
	schema, err := providerSchema()
	if err != nil {
		d.t.Fatal(err)
	}
	typ := schema.DataSourceSchemas[kind].ValueType()
	dynamic := d.dynamic(typ, d.object(typ, config))
	validated, err := d.server.ValidateDataResourceConfig(d.t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{TypeName: kind, Config: dynamic})
	if err != nil {
		d.t.Fatal(err)
	}
	if err := failure(validated.Diagnostics); err != nil {
		return err
	}
	read, err := d.server.ReadDataSource(d.t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: kind, Config: dynamic})
	if err != nil {
		d.t.Fatal(err)
	}
	return failure(read.Diagnostics)
}

// A slip in a selector gets a list of what there is, and the nearest of it.
func TestDataSources_refused(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	orders := server.CreateProject("Orders & Returns")
	server.CreateEnvironment(orders.ID, "EU Production")
	server.CreateEnvironment("", "Load test")

	for _, test := range []struct {
		kind    string
		config  arguments
		phrases []string
	}{
		{"project", nil, []string{"Missing Attribute Configuration", "id,name,slug"}},
		{"project", arguments{"id": "c1", "name": "Orders"}, []string{"Invalid Attribute Combination"}},
		{"project", arguments{"id": "Default project"}, []string{"must be an id"}},
		{"project", arguments{"id": "cnosuch"}, []string{"Project Not Found", "There are:", `("Default project")`}},
		{"project", arguments{"id": orders.ID[:len(orders.ID)-1]}, []string{fmt.Sprintf(`Did you mean %q, the id of the project "Orders & Returns"?`, orders.ID), `There are: `, orders.ID + ` ("Orders & Returns")`}},
		{"project", arguments{"name": "Order & Returns"}, []string{"Project Not Found", `Did you mean "Orders & Returns", the name of the project`, `There are: `, `orders-returns ("Orders & Returns")`}},
		{"project", arguments{"slug": "order-returns"}, []string{`Did you mean "orders-returns", the slug of the project "Orders & Returns"?`}},
		{"project", arguments{"name": "orders-returns"}, []string{`Did you mean "Orders & Returns", the name of the project`}},
		{"project", arguments{"name": "Billing"}, []string{`name "Billing"`, `There are: `, `orders-returns ("Orders & Returns")`}},
		{"environment", arguments{"project_id": orders.ID}, []string{"Missing Attribute Configuration"}},
		{"environment", arguments{"name": "EU", "slug": "eu"}, []string{"Invalid Attribute Combination"}},
		{"environment", arguments{"id": "c1", "project_id": "c2"}, []string{"Invalid Attribute Combination"}},
		{"environment", arguments{"id": "cnosuch"}, []string{"Environment Not Found", "traceloop_environments"}},
		{"environment", arguments{"project_id": "cnosuch", "slug": "prd"}, []string{"Unknown Project"}},
		{"environment", arguments{"project_id": orders.ID, "slug": "prod"}, []string{"Environment Not Found", `Did you mean "prd", the slug of the environment "prd"?`, `There are: dev, stg, prd, eu-production ("EU Production")`}},
		{"environment", arguments{"project_id": orders.ID, "name": "EU Prodction"}, []string{`Did you mean "EU Production", the name of the environment`}},
		{"environment", arguments{"slug": "prod"}, []string{"The organization has no organization-level environment", `Did you mean "prd"`}},
		{"environment", arguments{"slug": "loadtest"}, []string{`Did you mean "load-test", the slug of the environment "Load test"?`}},
		{"environments", arguments{"project_id": "cnosuch"}, []string{"Unknown Project"}},
		{"api_key", nil, []string{"Missing Attribute Configuration"}},
		{"api_key", arguments{"project_id": orders.ID}, []string{"Missing Attribute Configuration"}},
		{"api_key", arguments{"id": "c1", "project_id": orders.ID, "environment": "prd"}, []string{"Invalid Attribute Combination"}},
		{"api_key", arguments{"project_id": orders.ID, "environment": "prd"}, []string{"API Key Not Found", "traceloop_api_keys"}},
		{"api_key", arguments{"id": "cnosuch"}, []string{"API Key Not Found", "revoked"}},
		{"api_key", arguments{"project_id": "cnosuch", "environment": "prd"}, []string{"Unknown Project"}},
		{"api_key", arguments{"project_id": orders.ID, "environment": "prod"}, []string{"no environment with the slug", `Did you mean "prd"`}},
		{"api_key", arguments{"project_id": "orders-returns", "environment": "prd"}, []string{fmt.Sprintf(`Did you mean %q, the id of the project`, orders.ID)}},
		{"api_keys", arguments{"project_id": "cnosuch"}, []string{"Unknown Project"}},
		{"api_keys", arguments{"environment": "Production"}, []string{"slug"}},
	} {
		t.Run(fmt.Sprint(test.kind, " ", test.config), func(t *testing.T) {
			t.Parallel()
			err := newDriver(t, server, time.Now).readData("traceloop_"+test.kind, test.config)
			refuses(t, err, test.phrases...)
			if err != nil {
				hides(t, err.Error(), "-refresh=false")
			}
		})
	}
	t.Cleanup(func() { noWrites(t, server) })
}
