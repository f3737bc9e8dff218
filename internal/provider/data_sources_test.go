package provider_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// environmentNamed returns the one that has the name. Built-in ones, which all projects inherit, have their slug as name.
func environmentNamed(server *emulatortest.Server, name string) (found emulatortest.Environment) {
	for _, e := range server.Environments("") {
		if e.Name == name {
			found = e
		}
	}
	return found
}

func TestDataSources_one(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.CreateProject("Orders & Returns")
	own, inherited := server.CreateEnvironment(project.ID, "EU Production"), server.CreateEnvironment("", "Load test")
	id, key := server.GenerateKey(project.ID, "prd")
	orders := arguments{"id": project.ID, "name": "Orders & Returns", "slug": "orders-returns"}
	eu := arguments{"id": own.ID, "scope": "project", "project_id": project.ID, "built_in": false}
	loadTest := arguments{"id": inherited.ID, "scope": "organization", "project_id": nil}
	prd := arguments{"id": environmentNamed(server, "prd").ID, "scope": "organization", "project_id": nil, "built_in": true}
	within := arguments{"project_id": project.ID}
	production := arguments{"id": id, "project_id": project.ID, "environment": "prd", "masked_key": traceloop.MaskKey(key)}
	for _, test := range []struct {
		kind         string
		config, want arguments
	}{
		{projectKind, arguments{"id": project.ID}, orders},
		{projectKind, arguments{"name": "Orders & Returns"}, orders},
		{projectKind, arguments{"slug": "orders-returns"}, orders},
		{environmentKind, arguments{"id": own.ID}, eu},
		{environmentKind, arguments{"name": "EU Production"}.with(within), eu},
		{environmentKind, arguments{"slug": "eu-production"}.with(within), eu},
		{environmentKind, arguments{"id": inherited.ID}, loadTest},
		{environmentKind, arguments{"slug": "load-test"}, loadTest},
		{environmentKind, arguments{"slug": "load-test"}.with(within), loadTest.with(within)},
		{environmentKind, arguments{"slug": "prd"}, prd},
		{environmentKind, arguments{"slug": "prd"}.with(within), prd.with(within)},
		{keyKind, arguments{"id": id}, production},
		{keyKind, arguments{"environment": "prd"}.with(within), production},
	} {
		d := newDriver(t, server, time.Now)
		found, err := d.data(test.kind, test.config)
		if err != nil {
			t.Errorf("%s %v: %v", test.kind, test.config, err)
			continue
		}
		got, want := attributes(t, found.value), attributes(t, d.object(found.value.Type(), test.want))
		for name := range test.want {
			if !got[name].Equal(want[name]) {
				t.Errorf("%s %v: %s is %s, want %s", test.kind, test.config, name, got[name], want[name])
			}
		}
	}
	noWrites(t, server)
}

// Terraform turns what a configuration says into NFC; what the service holds may be in either form.
func TestDataSources_nameInAnotherNormalForm(t *testing.T) {
	t.Parallel()
	forms := []string{"Caf\u00e9", "Cafe\u0301"}
	finds := func(server *emulatortest.Server, kind string, config arguments, id string) {
		t.Helper()
		d := newDriver(t, server, time.Now)
		if found, err := d.data(kind, config); err != nil || d.text(found, "id") != id {
			t.Errorf("%s %v: found %q, want %q: %v", kind, config, d.text(found, "id"), id, err)
		}
	}
	for _, held := range forms {
		server := emulatortest.Start(t)
		cafe := server.CreateProject(held)
		inside := server.CreateEnvironment(cafe.ID, held)
		for _, wanted := range forms {
			finds(server, projectKind, arguments{"name": wanted}, cafe.ID)
			finds(server, environmentKind, arguments{"project_id": cafe.ID, "name": wanted}, inside.ID)
		}
	}
	both := emulatortest.Start(t)
	both.CreateProject(forms[1])
	finds(both, projectKind, arguments{"name": forms[0]}, both.CreateProject(forms[0]).ID)
}

// More than fit on a page: each once, oldest first.
func TestDataSources_all(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	first, last := server.Projects()[0], emulatortest.Project{}
	for i := range 120 {
		last = server.CreateProject(fmt.Sprintf("Project %d", i))
	}
	server.CreateEnvironment(last.ID, "EU Production")
	server.CreateEnvironment("", "Load test")
	server.GenerateKey(last.ID, "dev")
	server.GenerateKey(last.ID, "prd")
	server.GenerateKey(first.ID, "prd")
	within := arguments{"project_id": last.ID}
	for _, test := range []struct {
		kind        string
		config      arguments
		name        string
		n           int
		first, last arguments
	}{
		{"traceloop_projects", nil, "projects", 121, arguments{"name": "Default project"}, arguments{"name": "Project 119"}},
		{"traceloop_environments", nil, "environments", 5, arguments{"slug": "dev"}, arguments{"scope": "organization"}},
		{"traceloop_environments", within, "environments", 5, arguments{"slug": "dev"}, arguments{"scope": "organization"}},
		{"traceloop_api_keys", nil, "api_keys", 3, within, arguments{"project_id": first.ID}},
		{"traceloop_api_keys", within, "api_keys", 2, within, within},
		{"traceloop_api_keys", arguments{"environment": "prd"}, "api_keys", 2, within, arguments{"project_id": first.ID}},
		{"traceloop_api_keys", within.with(arguments{"environment": "prd"}), "api_keys", 1, within, within},
		{"traceloop_api_keys", within.with(arguments{"environment": "stg"}), "api_keys", 0, nil, nil},
	} {
		d := newDriver(t, server, time.Now)
		found, err := d.data(test.kind, test.config)
		if err != nil {
			t.Fatal(err)
		}
		var all []tftypes.Value
		if err := attributes(t, found.value)[test.name].As(&all); err != nil || len(all) != test.n {
			t.Fatalf("%s %v: %d were found, want %d: %v", test.kind, test.config, len(all), test.n, err)
		}
		for i, want := range map[int]arguments{0: test.first, len(all) - 1: test.last} {
			for name, value := range want {
				if got := d.text(instance{value: all[i]}, name); got != value {
					t.Errorf("%s %v: %s of number %d is %q, want %q", test.kind, test.config, name, i, got, value)
				}
			}
		}
	}
}

// A policy such as "no key in production is older than 90 days" passes on an empty list. A slip in the slug must not
// look like one.
func TestDataSources_keysOfAnUnknownEnvironment(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	orders, refunds := server.CreateProject("Orders"), server.CreateProject("Refunds")
	server.CreateEnvironment(orders.ID, "EU Production")
	server.CreateEnvironment(refunds.ID, "EU Production")
	server.GenerateKey(refunds.ID, "prd")
	within := arguments{"project_id": orders.ID}
	for _, test := range []struct {
		config  arguments
		phrases []string // none: nothing is said
	}{
		{arguments{"environment": "prod"}, []string{"The list of keys is empty. No project has an environment", `Did you mean "prd"`, `There are: dev, stg, prd, eu-production ("EU Production").`}},
		{within.with(arguments{"environment": "prod"}), []string{"The project " + orders.ID + " has no environment", `Did you mean "prd"`, "refer to it"}},
		{within.with(arguments{"environment": "prd"}), nil},                        // it has no key
		{arguments{"environment": "prd", "min_age_days": int64(1)}, nil},           // nor one of that age
		{arguments{"environment": "eu-production"}, nil},                           // of some projects
		{arguments{"min_age_days": int64(1)}, nil},                                 // all
		{arguments{"project_id": refunds.ID, "environment": "eu-production"}, nil}, // its own
	} {
		d := newDriver(t, server, time.Now)
		if err := d.readData("traceloop_api_keys", test.config); err != nil {
			t.Errorf("%v: %v", test.config, err)
		}
		if test.phrases != nil {
			warns(t, d.applied, "Unknown Environment", test.phrases...)
		} else if len(d.applied) > 0 {
			t.Errorf("%v: it says %v", test.config, d.applied)
		}
	}
}

// data reads a data source as a plan does: it validates the configuration first.
func (d *driver) data(kind string, config arguments) (instance, error) {
	d.t.Helper()
	typ := d.schema().DataSourceSchemas[kind].ValueType()
	dynamic := d.dynamic(typ, d.object(typ, config))
	validated := ask(d.t.Context(), d.t, d.server.ValidateDataResourceConfig, &tfprotov6.ValidateDataResourceConfigRequest{TypeName: kind, Config: dynamic})
	if err := failure(validated.Diagnostics); err != nil {
		return instance{value: tftypes.NewValue(typ, nil)}, err
	}
	read := ask(d.t.Context(), d.t, d.server.ReadDataSource, &tfprotov6.ReadDataSourceRequest{TypeName: kind, Config: dynamic})
	d.saying.Lock()
	d.applied = append(d.applied, read.Diagnostics...)
	d.saying.Unlock()
	err := failure(read.Diagnostics)
	if err != nil {
		return instance{value: tftypes.NewValue(typ, nil)}, err
	}
	return instance{value: d.value(typ, read.State)}, nil
}

// readData is data that is of no interest.
func (d *driver) readData(kind string, config arguments) error {
	d.t.Helper()
	_, err := d.data(kind, config)
	return err
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
		{"project", arguments{"slug": "My Orders"}, []string{"is not a project slug", `Did you mean "my-orders"?`}},
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
		{"environment", arguments{"slug": "eu-production"}, []string{"The organization has no organization-level environment", "set project_id"}},
		{"environment", arguments{"name": "Production"}, []string{`Did you mean "prd"`}},
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
		{"api_key", arguments{"id": madeUpKey}, []string{"an API key was given in the place of an id", "Give the id"}},
		{"project", arguments{"id": madeUpKey}, []string{"an API key was given in the place of an id"}},
		{"environment", arguments{"id": madeUpKey}, []string{"an API key was given in the place of an id"}},
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
