package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/querycheck"
	"github.com/hashicorp/terraform-plugin-testing/querycheck/queryfilter"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/traceloop/terraform-provider-traceloop/internal/clitest"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// writeQuery puts the query beside the configuration.
func (c *cli) writeQuery(hcl string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.Dir, "adopt.tfquery.hcl"), []byte(hcl), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// What `terraform query -generate-config-out` and the plan after it ask of the provider takes
// over a whole organization: one process lists, another imports by identity and plans.
func TestList_generatedConfiguration(t *testing.T) {
	t.Parallel()
	server := clitest.NewLargeOrganization(t)
	querying, planning := newDriver(t, server, time.Now), newDriver(t, server, time.Now)
	kinds, listed := []string{"traceloop_project", "traceloop_environment", "traceloop_api_key"}, map[string][]found{}
	for _, kind := range kinds {
		var err error
		if listed[kind], err = querying.query(kind, nil, 10_000, true); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("the query takes %d requests", len(server.Requests()))
	n := 0
	for _, kind := range kinds {
		for _, one := range listed[kind] {
			n++
			planning.adopt(kind, one)
		}
	}
	if n != clitest.WholeOrganization {
		t.Errorf("%d objects are adopted, want %d", n, clitest.WholeOrganization)
	}
	clitest.CheckAdoption(t, server)
}

// The same, with the CLI.
func TestCLI_queryAdoptsOrganization(t *testing.T) {
	t.Parallel()
	needs(t, queries)
	server := clitest.NewLargeOrganization(t)
	cli := newCLI(t, server)
	cli.write("provider \"traceloop\" {}\n")
	query := ""
	for _, kind := range []string{"project", "environment", "api_key"} {
		query += fmt.Sprintf("list \"traceloop_%s\" \"all\" {\n  provider = traceloop\n  limit    = 10000\n}\n", kind)
	}
	cli.writeQuery(query)
	shows(t, cli.ok("query", "-generate-config-out=generated.tf"), "Default project", "Service 49 / prd", "Service 01 / EU 01", "Load test (organization-level)")
	generated, err := os.ReadFile(filepath.Join(cli.Dir, "generated.tf"))
	if err != nil {
		t.Fatal(err)
	}
	if regexp.MustCompile(`tl_\w`).Match(generated) {
		t.Error("the generated configuration holds a key")
	}
	shows(t, cli.apply(), fmt.Sprintf("Plan: %d to import, 0 to add, 0 to change, 0 to destroy", clitest.WholeOrganization))
	clitest.CheckAdoption(t, server)
	shows(t, cli.plan(), "No changes")
	noWrites(t, server)
}

// Filters, limits and what a query shows, as Terraform shows it.
func TestAccQuery(t *testing.T) {
	t.Parallel()
	needs(t, queries)
	server := emulatortest.Start(t)
	orders := server.CreateProject("Orders")
	eu := server.CreateEnvironment(orders.ID, "EU Production")
	server.CreateEnvironment("", "Load test")
	for _, environment := range []string{"dev", "prd", eu.Slug} {
		server.GenerateKey(orders.ID, environment)
	}
	query := func(kind, arguments string) string {
		return fmt.Sprintf("list %q \"found\" {\n  provider = traceloop\n%s}\n", kind, arguments)
	}
	key := func(environment string) map[string]knownvalue.Check {
		return map[string]knownvalue.Check{"project_id": knownvalue.StringExact(orders.ID), "environment": knownvalue.StringExact(environment)}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: configured(server, "data \"traceloop_projects\" \"all\" {}\n")}, // a query needs a configuration beside it
			{
				Query: true, Config: query("traceloop_project", "  config {\n    name = \"Orders\"\n  }\n"),
				QueryResultChecks: []querycheck.QueryResultCheck{
					querycheck.ExpectLength("traceloop_project.found", 1),
					querycheck.ExpectIdentity("traceloop_project.found", map[string]knownvalue.Check{"id": knownvalue.StringExact(orders.ID)}),
				},
			},
			{
				Query: true, Config: query("traceloop_environment", "  include_resource = true\n  config {\n    scope = \"project\"\n  }\n"),
				QueryResultChecks: []querycheck.QueryResultCheck{
					querycheck.ExpectLength("traceloop_environment.found", 1),
					querycheck.ExpectResourceDisplayName("traceloop_environment.found", queryfilter.ByResourceIdentity(map[string]knownvalue.Check{"id": knownvalue.StringExact(eu.ID)}), knownvalue.StringExact("Orders / EU Production")),
					querycheck.ExpectResourceKnownValues("traceloop_environment.found", queryfilter.ByResourceIdentity(map[string]knownvalue.Check{"id": knownvalue.StringExact(eu.ID)}), []querycheck.KnownValueCheck{
						{Path: tfjsonpath.New("slug"), KnownValue: knownvalue.StringExact("eu-production")},
						{Path: tfjsonpath.New("deletion_protection"), KnownValue: knownvalue.Bool(true)},
					}),
				},
			},
			{
				Query: true, Config: query("traceloop_api_key", fmt.Sprintf("  include_resource = true\n  config {\n    project_id = %q\n  }\n", orders.ID)),
				QueryResultChecks: []querycheck.QueryResultCheck{
					querycheck.ExpectLength("traceloop_api_key.found", 3),
					querycheck.ExpectIdentity("traceloop_api_key.found", key("eu-production")),
					querycheck.ExpectResourceDisplayName("traceloop_api_key.found", queryfilter.ByResourceIdentity(key("prd")), knownvalue.StringExact("Orders / prd")),
					querycheck.ExpectResourceKnownValues("traceloop_api_key.found", queryfilter.ByResourceIdentity(key("prd")), []querycheck.KnownValueCheck{
						{Path: tfjsonpath.New("key"), KnownValue: knownvalue.Null()},
						{Path: tfjsonpath.New("masked_key"), KnownValue: knownvalue.StringRegexp(regexp.MustCompile(`^tl_\*+\w{4}$`))},
					}),
				},
			},
			{
				Query: true, Config: query("traceloop_api_key", "  limit = 2\n"),
				QueryResultChecks: []querycheck.QueryResultCheck{querycheck.ExpectLength("traceloop_api_key.found", 2)},
			},
			{
				Query: true, Config: query("traceloop_api_key", "  config {\n    min_age_days = 1\n  }\n"),
				QueryResultChecks: []querycheck.QueryResultCheck{querycheck.ExpectLength("traceloop_api_key.found", 0)},
			},
		},
	})
	noWrites(t, server)
}
