package provider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/clitest"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// found is what a list resource shows of one object.
type found struct {
	name     string
	identity string
	resource tftypes.Value // null unless it was asked for
}

// arguments are the identity as an import block has it.
func (f found) arguments() arguments {
	identity := arguments{}
	for part := range strings.FieldsSeq(f.identity) {
		name, value, _ := strings.Cut(part, "=")
		identity[name] = value
	}
	return identity
}

// listServer is the part of the protocol that Terraform 1.14 has brought.
type listServer interface {
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
}

func (d *driver) extended() listServer {
	d.t.Helper()
	extended, ok := d.server.(listServer)
	if !ok {
		d.t.Fatalf("%T serves neither lists nor actions", d.server)
	}
	return extended
}

// listConfig makes the configuration of a list block.
func (d *driver) listConfig(kind string, config arguments) *tfprotov6.DynamicValue {
	d.t.Helper()
	schema := d.schema()
	typ := schema.ListResourceSchemas[kind].ValueType()
	return d.dynamic(typ, d.object(typ, config))
}

// query lists as `terraform query` does: it validates, then reads the stream up to the limit.
func (d *driver) query(kind string, config arguments, limit int64, resources bool) ([]found, error) {
	d.t.Helper()
	dynamic := d.listConfig(kind, config)
	validated := ask(d.t.Context(), d.t, d.extended().ValidateListResourceConfig, &tfprotov6.ValidateListResourceConfigRequest{TypeName: kind, Config: dynamic})
	if err := failure(validated.Diagnostics); err != nil {
		return nil, err
	}
	stream := ask(d.t.Context(), d.t, d.extended().ListResource, &tfprotov6.ListResourceRequest{TypeName: kind, Config: dynamic, Limit: limit, IncludeResource: resources})
	var all []found
	for result := range stream.Results {
		if err := failure(result.Diagnostics); err != nil {
			return all, err
		}
		if summaries := warnings(result.Diagnostics); len(summaries) > 0 {
			d.t.Errorf("%s warns: %v", kind, summaries)
		}
		one := found{name: result.DisplayName, identity: d.identity(kind, result.Identity), resource: d.none(kind).value}
		if result.Resource != nil {
			one.resource = d.value(d.schemas[kind].ValueType(), result.Resource)
		}
		all = append(all, one)
	}
	return all, nil
}

// names lists without resources and returns what a person sees.
func (d *driver) names(kind string, config arguments) []string {
	d.t.Helper()
	all, err := d.query(kind, config, 1000, false)
	if err != nil {
		d.t.Fatal(err)
	}
	names := []string{}
	for _, one := range all {
		names = append(names, one.name)
		if !one.resource.IsNull() {
			d.t.Errorf("%s: the resource was not asked for, and is %s", one.name, one.resource)
		}
	}
	return names
}

// What a list of each kind shows with each filter.
func TestList_filters(t *testing.T) {
	t.Parallel()
	clock := time.Now().Add(-40 * 24 * time.Hour)
	server := emulatortest.Start(t, emulatortest.WithNow(func() time.Time { return clock }))
	orders := server.Projects()[0].ID
	server.RenameProject(orders, "Orders")
	refunds := server.CreateProject("Refunds").ID
	server.CreateEnvironment("", "Load test")
	server.CreateEnvironment(orders, "EU Production")
	server.GenerateKey(orders, "prd")
	server.GenerateKey(refunds, "prd")
	clock = clock.Add(30 * 24 * time.Hour)
	server.GenerateKey(orders, "load-test")

	for name, test := range map[string]struct {
		kind   string
		config arguments
		want   []string
	}{
		"projects":           {projectKind, nil, []string{"Orders", "Refunds"}},
		"project by name":    {projectKind, arguments{"name": "Refunds"}, []string{"Refunds"}},
		"names are exact":    {projectKind, arguments{"name": "refunds"}, []string{}},
		"environments":       {environmentKind, nil, []string{"Load test (organization-level)", "Orders / EU Production"}},
		"of a project":       {environmentKind, arguments{"project_id": refunds}, []string{"Load test (organization-level)"}},
		"of a scope":         {environmentKind, arguments{"scope": "project"}, []string{"Orders / EU Production"}},
		"of the other one":   {environmentKind, arguments{"scope": "organization"}, []string{"Load test (organization-level)"}},
		"of both filters":    {environmentKind, arguments{"project_id": orders, "scope": "project"}, []string{"Orders / EU Production"}},
		"with built-in ones": {environmentKind, arguments{"project_id": refunds, "include_built_in": true}, []string{"dev (organization-level)", "stg (organization-level)", "prd (organization-level)", "Load test (organization-level)"}},
		"keys":               {keyKind, nil, []string{"Orders / prd", "Refunds / prd", "Orders / load-test"}},
		"by project":         {keyKind, arguments{"project_id": orders}, []string{"Orders / prd", "Orders / load-test"}},
		"by environment":     {keyKind, arguments{"environment": "prd"}, []string{"Orders / prd", "Refunds / prd"}},
		"by both":            {keyKind, arguments{"project_id": refunds, "environment": "prd"}, []string{"Refunds / prd"}},
		"by age":             {keyKind, arguments{"min_age_days": int64(30)}, []string{"Orders / prd", "Refunds / prd"}},
		"older than all":     {keyKind, arguments{"min_age_days": int64(41)}, []string{}},
		"of any age":         {keyKind, arguments{"min_age_days": int64(0)}, []string{"Orders / prd", "Refunds / prd", "Orders / load-test"}},
		"of an empty slot":   {keyKind, arguments{"project_id": refunds, "environment": "stg"}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := newDriver(t, server, time.Now).names(test.kind, test.config); !slices.Equal(got, test.want) {
				t.Errorf("the list is %q, want %q", got, test.want)
			}
		})
	}
}

// What a list shows of an object is what an import of its identity makes of it, and holds no key.
func TestList_resourceIsThatOfTheImport(t *testing.T) {
	t.Parallel()
	o := newOrganization(t)
	_, key := o.server.GenerateKey(o.project, "prd")
	for kind := range o.imports() {
		d := newDriver(t, o.server, time.Now)
		all, err := d.query(kind, nil, 1000, true)
		if err != nil || len(all) == 0 {
			t.Fatalf("%s: %d objects were listed: %v", kind, len(all), err)
		}
		for _, one := range all {
			imported, err := d.importIdentity(kind, one.arguments())
			if err != nil {
				t.Fatal(err)
			}
			if !one.resource.Equal(imported.value) {
				t.Errorf("%s: the list shows %s, the import makes %s", one.name, one.resource, imported.value)
			}
			if text := one.resource.String(); strings.Contains(text, key) || strings.Contains(text, key[3:]) {
				t.Errorf("%s: the list shows the key: %s", one.name, text)
			}
		}
	}
	// That is what a key would look like.
	d := newDriver(t, o.server, time.Now)
	created, _, err := d.apply(t.Context(), keyKind, d.none(keyKind), arguments{"project_id": o.project, "environment": "stg"})
	if err != nil || !strings.Contains(created.value.String(), d.text(created, "key")) || d.text(created, "key") == "" {
		t.Errorf("a key is not found where there is one: %v", err)
	}
}

// A list is read page by page, and no page more than the limit asks for.
func TestList_limit(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.Projects()[0].ID
	server.RenameProject(project, "Orders")
	for i := range 250 {
		server.GenerateKey(project, server.CreateEnvironment(project, fmt.Sprintf("Stage %03d", i)).Slug)
	}
	for name, test := range map[string]struct {
		kind     string
		config   arguments
		limit    int64
		results  int
		requests int // for the list; one more names the project
	}{
		"one":                   {keyKind, nil, 1, 1, 1},
		"a page":                {keyKind, nil, 100, 100, 1},
		"a page and one":        {keyKind, nil, 101, 101, 3}, // then the whole list is read
		"more than there are":   {keyKind, nil, 1000, 250, 3},
		"none":                  {keyKind, nil, 0, 250, 3},
		"filtered":              {keyKind, arguments{"project_id": project}, 10, 10, 1},
		"filtered, two pages":   {keyKind, arguments{"project_id": project}, 150, 150, 2},
		"filtered environments": {environmentKind, arguments{"project_id": project}, 10, 10, 1},
	} {
		t.Run(name, func(t *testing.T) {
			server.ResetRequests()
			all, err := newDriver(t, server, time.Now).query(test.kind, test.config, test.limit, true)
			if err != nil || len(all) != test.results {
				t.Errorf("%d results, want %d: %v", len(all), test.results, err)
			}
			if n := len(server.Requests()); n != test.requests+1 {
				t.Errorf("%d requests, want %d: %v", n, test.requests+1, server.Requests())
			}
			seen := map[string]bool{}
			for _, one := range all {
				if seen[one.identity] {
					t.Errorf("%s is listed twice", one.identity)
				}
				seen[one.identity] = true
			}
		})
	}
}

func TestList_refused(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	for name, test := range map[string]struct {
		kind   string
		config arguments
		says   string
	}{
		"name that cannot be":      {projectKind, arguments{"name": " Orders"}, "must not be blank"},
		"project by its name":      {environmentKind, arguments{"project_id": "My Orders"}, "A name or a slug is not an id"},
		"scope that is none":       {environmentKind, arguments{"scope": "team"}, `"organization" "project"`},
		"project that is none":     {environmentKind, arguments{"project_id": "nobody"}, `no project with the id "nobody"`},
		"environment by its name":  {keyKind, arguments{"environment": "EU Production"}, "must be the slug of an environment"},
		"negative age":             {keyKind, arguments{"min_age_days": int64(-1)}, "whole number from 0"},
		"project that is not here": {keyKind, arguments{"project_id": "nobody"}, `no project with the id "nobody"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, err := newDriver(t, server, time.Now).query(test.kind, test.config, 100, false)
			if err == nil || !strings.Contains(err.Error(), test.says) || len(all) > 0 {
				t.Errorf("%d results and %v, want an error that says %q", len(all), err, test.says)
			}
		})
	}
}

// A list that fails half-way says so, whatever it has shown before.
func TestList_failures(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.Projects()[0].ID
	for i := range 120 {
		server.GenerateKey(project, server.CreateEnvironment(project, fmt.Sprintf("Stage %03d", i)).Slug)
	}
	for _, test := range []struct {
		kind, summary string
		fault         emulatortest.Fault
	}{
		{projectKind, "Unable to List Projects", emulatortest.Fault{Path: "/v2/projects", Kind: "status", Status: 500}},
		{environmentKind, "Unable to List Environments", emulatortest.Fault{Path: "/v2/environments", Kind: "status", Status: 500}},
		{keyKind, "Unable to List API Keys", emulatortest.Fault{Path: "/v2/api-keys", Kind: "status", Status: 500}},
		{keyKind, "Unable to List API Keys", emulatortest.Fault{Path: "/v2/api-keys", Kind: "garbage", After: 1}},   // the second page
		{keyKind, "Unable to List API Keys", emulatortest.Fault{Path: "/v2/projects", Kind: "status", Status: 500}}, // the project's name
	} {
		d := newDriverWith(t, time.Now, arguments{"base_url": server.URL, "api_key": server.ManagementKey, "max_retries": int64(0)})
		server.SetFaults(test.fault)
		_, err := d.query(test.kind, nil, 1000, false)
		refuses(t, err, test.summary)
	}
}

// A project that is deleted while its keys are listed is shown by its id.
func TestList_projectVanishes(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.CreateProject("Orders").ID
	server.GenerateKey(project, "prd")
	d := newDriver(t, server, time.Now)
	stream := ask(t.Context(), t, d.extended().ListResource, &tfprotov6.ListResourceRequest{TypeName: keyKind, Config: d.listConfig(keyKind, nil), Limit: 10})
	body, none := `{"error":"There is no such project."}`, `{"data":[]}`
	server.SetFaults(
		emulatortest.Fault{Method: "GET", Path: "/v2/projects/" + project, Kind: "status", Status: 404, Body: &body},
		emulatortest.Fault{Method: "GET", Path: "/v2/projects", Kind: "status", Status: 200, Body: &none},
	)
	for result := range stream.Results {
		if err := failure(result.Diagnostics); err != nil || result.DisplayName != project+" / prd" {
			t.Errorf("it is shown as %q: %v", result.DisplayName, err)
		}
	}
}

// adopt does with a result what -generate-config-out and a plan do: it generates the
// configuration, imports by identity, and finds nothing to change.
func (d *driver) adopt(kind string, one found) {
	d.t.Helper()
	typ := d.schemas[kind].ValueType()
	generated := ask(d.t.Context(), d.t, d.server.GenerateResourceConfig, &tfprotov6.GenerateResourceConfigRequest{TypeName: kind, State: d.dynamic(typ, one.resource)})
	if err := failure(generated.Diagnostics); err != nil {
		d.t.Fatal(err)
	}
	config := arguments{}
	for name, value := range attributes(d.t, d.value(typ, generated.Config)) {
		if !value.IsNull() {
			config[name] = value
		}
	}
	imported, err := d.importIdentity(kind, one.arguments())
	if err != nil {
		d.t.Fatal(err)
	}
	planned, err := d.plan(d.t.Context(), kind, imported, config)
	if err != nil || planned.action != "" {
		d.t.Errorf("%s: the plan is to %q: %v", one.name, planned.action, err)
	}
}

// What `terraform query -generate-config-out` and the plan after it ask of the provider takes
// over a whole organization: one process lists, another imports by identity and plans.
func TestList_generatedConfiguration(t *testing.T) {
	t.Parallel()
	server := clitest.NewLargeOrganization(t)
	querying, planning := newDriver(t, server, time.Now), newDriver(t, server, time.Now)
	kinds, listed := []string{projectKind, environmentKind, keyKind}, map[string][]found{}
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
	if err := os.WriteFile(filepath.Join(cli.Dir, "adopt.tfquery.hcl"), []byte(query), 0o600); err != nil {
		t.Fatal(err)
	}
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
