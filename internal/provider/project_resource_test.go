package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

func TestAccProject_life(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, emulatortest.WithNow(anHourAgo))
	const address = "traceloop_project.orders"
	var id string

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy: func(*terraform.State) error {
			if projects := server.Projects(); len(projects) != 1 {
				return fmt.Errorf("the server has %d projects after destroy, want the default one", len(projects))
			}
			return nil
		},
		Steps: []resource.TestStep{
			{ // created, with protection on by default
				Config:           configured(server, resourceOf(projectKind, "orders", named("Orders"))),
				ConfigPlanChecks: created(address),
				ConfigStateChecks: []statecheck.StateCheck{
					attribute(address, "name", "Orders"),
					attribute(address, "slug", "orders"),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("id"), knownvalue.StringRegexp(says("c"))),
					statecheck.ExpectKnownValue(address, tfjsonpath.New("deletion_protection"), knownvalue.Bool(true)),
				},
				Check: resource.TestCheckResourceAttrWith(address, "id", func(v string) error { id = v; return nil }),
			},
			{
				ResourceName: address, ImportState: true, ImportStateVerify: true,
			},
			{ // renamed in place; the slug follows
				PreConfig: server.ResetRequests,
				Config:    configured(server, resourceOf(projectKind, "orders", named("Orders & Returns"))),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
					plancheck.ExpectUnknownValue(address, tfjsonpath.New("slug")),
				}},
				ConfigStateChecks: []statecheck.StateCheck{attribute(address, "slug", "orders-returns")},
				Check: resource.TestCheckResourceAttrWith(address, "id", func(v string) error {
					if v != id {
						return fmt.Errorf("the id is %s, was %s", v, id)
					}
					return nil
				}),
			},
			{ // deleted outside Terraform: created again
				PreConfig:        func() { server.DeleteProject(id) },
				Config:           configured(server, block(projectKind, "orders", named("Orders & Returns"))),
				ConfigPlanChecks: created(address),
			},
		},
	})
}

// projectLife is the whole life of a project, with a provider of any paths.
func projectLife(t *testing.T, server *emulatortest.Server, newServer newServer) {
	t.Helper()
	l := newLife(newDriverOf(t, newServer, arguments{"base_url": server.URL, "api_key": server.ManagementKey}), projectKind)
	l.apply(arguments{"name": "Orders"}, "create")
	l.has(arguments{"name": "Orders", "slug": "orders", "deletion_protection": true})
	id := l.id()
	l.imports(id)

	// Renamed in place; the slug follows.
	server.ResetRequests()
	renamed := arguments{"name": "Orders & Returns", "deletion_protection": true}
	if unknown := l.apply(renamed, "update").unknown(t); unknown != "slug" {
		t.Errorf("the plan of a rename does not know %q, want the slug alone", unknown)
	}
	l.has(arguments{"id": id, "slug": "orders-returns"})
	if calls(server, "PATCH", "/v2/projects/"+id) != 1 || writes(server) != 1 {
		t.Errorf("a rename was not one PATCH: %v", server.Requests())
	}

	// Renamed outside Terraform: drift is put right.
	server.RenameProject(id, "Somebody's")
	l.apply(renamed, "update")
	l.has(arguments{"id": id, "name": "Orders & Returns"})

	// Protection off is kept in the state alone.
	server.ResetRequests()
	unprotected := renamed.with(arguments{"deletion_protection": false})
	if unknown := l.apply(unprotected, "update").unknown(t); unknown != "" {
		t.Errorf("the plan that changes deletion_protection does not know %q", unknown)
	}
	noWrites(t, server)

	// Deleted outside Terraform: created again.
	server.DeleteProject(id)
	l.apply(unprotected, "create")

	// Replaced by force under another name.
	id = l.id()
	l.state.forced = true
	l.apply(unprotected.with(arguments{"name": "Returns"}), "replace")
	if projects := server.Projects(); len(projects) != 2 || projects[1].ID != l.id() || l.id() == id {
		t.Errorf("the state has %s, was %s, and the server %v", l.id(), id, projects)
	}
	l.destroy()
	if projects := server.Projects(); len(projects) != 1 {
		t.Errorf("the server has %d projects after destroy, want the default one", len(projects))
	}
}

// A protected project or environment is neither destroyed nor replaced.
func TestProject_protected(t *testing.T) {
	t.Parallel()
	const on = "Deletion Protection Is On"
	for kind, test := range map[string]struct {
		config  arguments
		phrases []string
	}{
		projectKind:     {arguments{"name": "Orders"}, []string{"irreversible", "deletion_protection = false", "and apply", "at another address, use a moved block"}},
		environmentKind: {arguments{"name": "EU Production"}, []string{"in every project", "deletion_protection = false"}},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			server := emulatortest.Start(t)
			l := newLife(newDriver(t, server, minutesLater), kind)
			off := test.config.with(arguments{"deletion_protection": false})
			l.apply(test.config, "create")
			protected := l.state
			server.ResetRequests()
			pointsAt(t, l.refusesToPlan(nil, append([]string{on}, test.phrases...)...))
			if kind == environmentKind { // which cannot be renamed
				for _, config := range []arguments{test.config, off} { // off and renamed in one go: the state still protects it
					pointsAt(t, l.refusesToPlan(config.with(arguments{"name": "US Production"}), on))
				}
				l.refusesToPlan(off.with(arguments{"project_id": unknownText}), on, "project_id changes from null to a value that is not known before apply")
			} else {
				l.saves(test.config.with(arguments{"name": unknownText})) // an unknown name is nobody's
			}
			l.state.forced = true
			for _, config := range []arguments{test.config, off} {
				pointsAt(t, l.refusesToPlan(config, on, "replace"))
			}

			// Core does not ask whether a tainted one may go: the delete refuses, and it stays tainted.
			l.state.forced, l.state.tainted = false, true
			l.refusesToApply(test.config, on, "terraform untaint")
			if l.state.value.IsNull() || !l.state.tainted {
				t.Errorf("the state has %s, tainted: %t", l.state.value, l.state.tainted)
			}
			l.state.tainted = false
			l.apply(off, "update") // which calls no API
			noWrites(t, server)

			id := l.id()
			l.state.forced = true
			l.apply(off, "replace")
			if l.id() == id {
				t.Errorf("%s was not replaced", id)
			}
			l.destroy()

			// Terraform 1.11 asks for the destroy of an instance whose line is gone, even if the refresh found nothing. What no
			// longer exists is not protected.
			if after, p, err := l.provider.next().apply(t.Context(), kind, protected, nil); err != nil || p.action != "delete" || !after.value.IsNull() {
				t.Errorf("the destroy of what is gone: %q, %v", p.action, err)
			}
			if kind == environmentKind { // without a refresh, another name replaces it
				l.state = protected
				if p := l.plan(test.config.with(arguments{"name": "US Production"}), false); p.action != "replace" {
					t.Errorf("the plan of another name for what is gone: %q", p.action)
				}
			}
		})
	}
}

// A replacement does not begin where its second half would fail, as far as can be known.
func TestProject_replacedWhereTheNameIsTaken(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	orders := server.CreateProject("Orders")
	l := newLife(newDriver(t, server, minutesLater), projectKind)
	called := func(name string) arguments { return arguments{"name": name, "deletion_protection": false} }
	l.apply(called("Billing"), "create")
	l.state.forced = true
	l.refusesToPlan(called("Orders"), "Unable to Replace Project", orders.ID, "Nothing was changed")
	p := l.saves(called("Search"))
	search := server.CreateProject("Search")
	refuses(t, p.apply(l.provider.next()), "Unable to Replace Project", search.ID, "Nothing was changed")
	server.DeleteProject(search.ID)
	l.state.forced = true
	l.apply(called("Search"), "replace")
	l.destroy()
}

func TestEnvironment_replacedWhereTheSlugIsTaken(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	orders, billing := server.CreateProject("Orders").ID, server.CreateProject("Billing").ID
	l := newLife(newDriver(t, server, minutesLater), environmentKind)
	in := func(project any, name string) arguments {
		return arguments{"project_id": project, "name": name, "deletion_protection": false}
	}
	l.apply(in(orders, "EU"), "create")
	server.CreateEnvironment(billing, "EU")
	server.CreateEnvironment(orders, "US")
	for _, config := range []arguments{in(nil, "EU"), in(orders, "US"), in(billing, "EU")} { // the first is for all projects, of which one has it
		l.refusesToPlan(config, "Environment Already Exists", "Nothing was changed")
	}
	l.refusesToPlan(in("cnosuchproject", "EU"), "Unknown Project", "Nothing was changed", "-refresh=false")
	p := l.saves(in(orders, "Asia"))
	asia := server.CreateEnvironment(orders, "Asia")
	refuses(t, p.apply(l.provider.next()), "Environment Already Exists", "Nothing was changed")
	l.refusesToPlan(in(orders, "Asia"), "Environment Already Exists", "-refresh=false")
	server.DeleteEnvironment(asia.ID)
	l.apply(in(orders, "Asia"), "replace")
	l.apply(in(nil, "Asia"), "replace") // its own slug is not in its way
	l.destroy()
}

// A plan that destroys says what goes along.
func TestProject_destroyingWarnsOfWhatGoes(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	d := newDriver(t, server, minutesLater)
	project, environment := newLife(d, projectKind), newLife(d, environmentKind)
	project.apply(arguments{"name": "Orders", "deletion_protection": false}, "create")
	environment.apply(arguments{"name": "Load test", "deletion_protection": false}, "create")
	_, key := server.GenerateKey(project.id(), "prd")
	server.GenerateKey(project.id(), "load-test")
	for i := range 12 {
		server.GenerateKey(server.CreateProject(fmt.Sprintf("Project %d", i)).ID, "load-test")
	}
	server.ResetRequests()
	diags := project.saves(nil).diags
	warns(t, diags, "Destroying Is Irreversible", `Apply destroys the project "Orders"`, "2 API keys are revoked", `project "Orders", environment "prd": `+traceloop.MaskKey(key), `environment "load-test"`)
	hides(t, detail(diags, "Destroying Is Irreversible"), "Project 3")
	warns(t, environment.saves(nil).diags, "Destroying Is Irreversible",
		`Apply destroys the environment "Load test"`, "in every project", "13 API keys are revoked", `project "Project 3", environment "load-test"`, "and 3 more; 13 projects in all")
	noWrites(t, server)
}
