package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/querycheck"
	"github.com/hashicorp/terraform-plugin-testing/querycheck/queryfilter"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// writeQuery puts the query beside the configuration.
func (c *cli) writeQuery(hcl string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, "adopt.tfquery.hcl"), []byte(hcl), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// newLargeOrganization has 50 projects, 3 organization-level and 20 project-level
// environments and 120 keys, made through the API.
func newLargeOrganization(t *testing.T) *emulatortest.Server {
	t.Helper()
	server := emulatortest.Start(t)
	for _, name := range []string{"Load test", "Canary", "Demo"} {
		server.CreateEnvironment("", name)
	}
	project := server.Projects()[0] // every organization begins with one
	for i := range 50 {
		if i > 0 {
			project = server.CreateProject(fmt.Sprintf("Service %02d", i))
		}
		server.GenerateKey(project.ID, "dev")
		server.GenerateKey(project.ID, "prd")
		if i < 20 {
			server.GenerateKey(project.ID, server.CreateEnvironment(project.ID, fmt.Sprintf("EU %02d", i)).Slug)
		}
	}
	if projects, keys := len(server.Projects()), len(server.Keys()); projects != 50 || keys != 120 {
		t.Fatalf("there are %d projects and %d keys", projects, keys)
	}
	server.ResetRequests()
	return server
}

const wholeOrganization = 50 + 3 + 20 + 120

// checkAdoption checks what the adoption has cost, and that the server is as it was.
func checkAdoption(t *testing.T, server *emulatortest.Server) {
	t.Helper()
	noWrites(t, server)
	n := len(server.Requests())
	t.Logf("%d objects are adopted with %d requests", wholeOrganization, n)
	if n > 20 {
		t.Errorf("%d requests, want at most 20: %v", n, server.Requests())
	}
}

// What `terraform query -generate-config-out` and the plan after it ask of the provider takes
// over a whole organization: one process lists, another imports by identity and plans.
func TestList_adoptsOrganization(t *testing.T) {
	t.Parallel()
	server := newLargeOrganization(t)
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
	if n != wholeOrganization {
		t.Errorf("%d objects are adopted, want %d", n, wholeOrganization)
	}
	checkAdoption(t, server)
}

// The same, with the CLI.
func TestCLI_queryAdoptsOrganization(t *testing.T) {
	t.Parallel()
	needs(t, queries)
	server := newLargeOrganization(t)
	cli := newCLI(t, server)
	cli.write("provider \"traceloop\" {}\n")
	query := ""
	for _, kind := range []string{"project", "environment", "api_key"} {
		query += fmt.Sprintf("list \"traceloop_%s\" \"all\" {\n  provider = traceloop\n  limit    = 10000\n}\n", kind)
	}
	cli.writeQuery(query)
	shows(t, cli.ok("query", "-generate-config-out=generated.tf"), "Default project", "Service 49 / prd", "Service 01 / EU 01", "Load test (organization-level)")
	generated, err := os.ReadFile(filepath.Join(cli.dir, "generated.tf"))
	if err != nil {
		t.Fatal(err)
	}
	if regexp.MustCompile(`tl_\w`).Match(generated) {
		t.Error("the generated configuration holds a key")
	}
	shows(t, cli.apply(), fmt.Sprintf("Plan: %d to import, 0 to add, 0 to change, 0 to destroy", wholeOrganization))
	checkAdoption(t, server)
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

// Every example of a query is run.
func TestCLI_exampleQueries(t *testing.T) {
	t.Parallel()
	needs(t, queries)
	files, err := filepath.Glob("../../examples/list-resources/*/*.tfquery.hcl")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d queries were found: %v", len(files), err)
	}
	server := emulatortest.Start(t, emulatortest.WithNow(func() time.Time { return time.Now().Add(-100 * 24 * time.Hour) }))
	orders := server.CreateProject("Orders").ID
	server.CreateEnvironment("", "Load test")
	_, key := server.GenerateKey(orders, "prd")
	server.CreateSetup(key, "checkout", "char-count")
	server.SetSettings(emulatortest.Settings{SetupsAheadSeconds: 60, FailingEvaluators: map[string]string{"char-count": "no model"}})
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cli := newCLI(t, server)
		cli.env = append(cli.env, "TRACELOOP_PROJECT_API_KEY="+key)
		cli.write("")
		cli.writeQuery(string(content))
		cli.ok("validate", "-query")
		output := cli.ok("query")
		for _, name := range regexp.MustCompile(`(?m)^list "(\w+)" "(\w+)"`).FindAllStringSubmatch(string(content), -1) {
			if address := "list." + name[1] + "." + name[2]; !strings.Contains(output, address) {
				t.Errorf("%s: %s finds nothing:\n%s", file, address, output)
			}
		}
	}
	noWrites(t, server)
}
