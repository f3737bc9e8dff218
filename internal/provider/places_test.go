package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// These tests judge plans of several projects and environments: what one of them destroys, creates or
// renames, another one may keep or need.

// block is a resource block that is not protected.
func block(kind, label string, args ...string) string {
	return resourceOf(kind, label, append(args, "deletion_protection = false")...)
}

func named(name string) string { return fmt.Sprintf("name = %q", name) }

func importing(address, id string) string {
	return fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", address, id)
}

// bothOrders are labels that Terraform plans in either order against the label "m".
var bothOrders = []string{"a", "z"}

func TestCLI_secondAddress(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		environment := w.server.CreateEnvironment("", "Load test")
		for kind, object := range map[string]struct{ id, name string }{
			projectKind:     {w.project.ID, "Orders"},
			environmentKind: {environment.ID, "Load test"},
		} {
			w.write(block(kind, "m", named(object.name)) + importing(kind+".m", object.id))
			w.apply()
			for _, label := range bothOrders {
				second := block(kind, label, named(object.name)) + importing(kind+"."+label, object.id)

				// The old block is gone: the plan would destroy what it imports.
				w.write(second)
				for _, flags := range [][]string{nil, {"-refresh=false"}, {"-target=" + kind + ".m", "-target=" + kind + "." + label}} {
					w.refuses(append([]string{"plan", "-input=false"}, flags...), "Two Resources for One", object.id, "moved {", "Nothing was changed")
				}
				w.refuses([]string{"apply", "-auto-approve", "-input=false"}, "Two Resources for One", "moved {")
				// The old block is there.
				w.write(block(kind, "m", named(object.name)) + second)
				w.refusesToPlanAndApply("Two Resources for One", object.id, "terraform state rm")
			}

			// Two blocks import it.
			w.ok("state", "rm", kind+".m")
			w.write(block(kind, "m", named(object.name)) + block(kind, "z", named(object.name)) + importing(kind+".m", object.id) + importing(kind+".z", object.id))
			w.refusesToPlanAndApply("Two Resources for One", object.id)
			w.write(block(kind, "m", named(object.name)) + importing(kind+".m", object.id))
			w.apply()

			// The block that the message shows does what was meant.
			w.write(block(kind, "z", named(object.name)) + "moved {\n  from = " + kind + ".m\n  to   = " + kind + ".z\n}\n")
			w.apply()

			// Where the state has both, nobody is blocked.
			w.write(block(kind, "z", named(object.name)))
			w.duplicate(kind, "z", "y")
			w.write(block(kind, "y", named(object.name)) + block(kind, "z", named(object.name)))
			shows(t, w.plan(), "at two addresses", "terraform state rm", "removed {", "No changes")
			w.write(block(kind, "y", named(object.name)))
			w.refusesToPlanAndApply("Two Resources for One", object.id)
			w.write(block(kind, "y", named(object.name)) + block(kind, "z", named(object.name)))
			shows(t, w.destroy(), "2 destroyed")
		}
	})
}

// duplicate gives an object of the state a second address.
func (w estate) duplicate(kind, label, second string) {
	w.t.Helper()
	if err := os.RemoveAll(filepath.Join(w.Dir, "other.tfstate")); err != nil {
		w.t.Fatal(err)
	}
	w.ok("state", "mv", "-state-out=other.tfstate", kind+"."+label, kind+"."+second)
	other := readState(w.t, w.Dir, "other.tfstate")
	w.write(block(kind, label, named(attributesOf(other)["name"].(string))) + importing(kind+"."+label, attributesOf(other)["id"].(string)))
	w.apply()
	state := readState(w.t, w.Dir, "terraform.tfstate")
	state["resources"] = append(state["resources"].([]any), other["resources"].([]any)...)
	state["serial"] = state["serial"].(float64) + 1
	writeState(w.t, w.Dir, state)
}

func TestCLI_destroyingTakesAlong(t *testing.T) {
	wholePlan(t, func(_ *testing.T, w estate) {
		europe := w.server.CreateEnvironment(w.project.ID, "EU")
		for _, label := range bothOrders {
			environment := block(environmentKind, label, named("EU"), fmt.Sprintf("project_id = %q", w.project.ID))
			imports := importing(projectKind+".m", w.project.ID) + importing(environmentKind+"."+label, europe.ID)
			w.write(block(projectKind, "m", named("Orders")) + environment + imports)
			w.apply()

			// Its block is gone.
			w.write(environment)
			for _, flags := range [][]string{nil, {"-refresh=false"}} {
				w.refuses(append([]string{"plan", "-input=false"}, flags...), "Destroying Takes Along What Is Kept", `project "Orders"`, europe.ID)
			}
			w.refuses([]string{"apply", "-auto-approve", "-input=false"}, "Destroying Takes Along What Is Kept")

			// It is replaced by force, and it is tainted.
			w.write(block(projectKind, "m", named("Orders")) + environment)
			w.refuses([]string{"plan", "-input=false", "-replace=" + projectKind + ".m"}, "Destroying Takes Along What Is Kept", europe.ID)
			w.ok("taint", projectKind+".m")
			w.refuses([]string{"plan", "-input=false"}, "Destroying Takes Along What Is Kept", "terraform untaint")
			w.ok("untaint", projectKind+".m")
			w.plan("-detailed-exitcode")
			w.ok("state", "rm", projectKind+".m", environmentKind+"."+label)
		}
	})
}

// A name that is taken stops no plan. The service decides, and it refuses this project alone.
func TestCLI_namesAreTaken(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		taken := w.server.CreateProject("Taken")
		w.write(block(projectKind, "m", named("Billing")))
		w.apply()

		for _, hcl := range []string{
			block(projectKind, "m", named("Billing")) + block(projectKind, "b", named("Taken")), // created
			block(projectKind, "m", named("Taken")),                                             // renamed
		} {
			w.write(hcl)
			shows(t, w.plan(), "Project Name Is Taken", taken.ID, "import {", "Apply will refuse this project")
			out, err := w.run("apply", "-auto-approve", "-input=false")
			if err == nil {
				t.Errorf("the apply succeeds:\n%s", out)
			}
			shows(t, out, "Unable to", taken.ID)
		}
		// It is not in the way of a destroy.
		shows(t, w.destroy(), "1 destroyed")
	})
}

// Projects that exchange their names need a second apply. Nobody is told to import what is in the state.
func TestCLI_namesSwapAndShift(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		projects := func(first, second string, more ...string) string {
			return block(projectKind, "a", named(first)) + block(projectKind, "z", named(second)) + strings.Join(more, "")
		}
		w.write(projects("One", "Two"))
		w.apply()
		for name, hcl := range map[string]string{
			"swap":     projects("Two", "One"),
			"shift":    projects("Two", "Three"),
			"given up": projects("Three", "Two", block(projectKind, "m", named("One"))),
		} {
			w.write(hcl)
			out := w.plan()
			shows(t, out, "Project Name Is Taken", "a second apply may be needed", "a name in between")
			// One may be planned before the other one is read.
			if strings.Contains(out, "import {") && !strings.Contains(out, "unless this configuration manages it") {
				t.Errorf("%s: the plan advises to import what is in the state:\n%s", name, out)
			}
		}

		w.write(projects("Two", "One"))
		out, err := w.run("apply", "-auto-approve", "-input=false")
		if err == nil {
			t.Errorf("the swap succeeds:\n%s", out)
		}
		shows(t, out, "Unable to Rename Project", "a second apply may be needed")
		for _, hcl := range []string{projects("Between", "One"), projects("Two", "One"), projects("Three", "Two")} {
			w.write(hcl)
			for range 2 { // a shift needs two at most
				out, err = w.run("apply", "-auto-approve", "-input=false")
			}
			if err != nil {
				t.Errorf("the second apply of a shift fails: %s", out)
			}
			w.plan("-detailed-exitcode")
		}
		w.destroy()
	})
}

func TestProject_nameIsOfThisConfiguration(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	d := newDriver(t, server, time.Now)
	var states []instance
	for _, name := range []string{"One", "Two"} {
		state, err := d.create(t.Context(), projectKind, arguments{"name": name})
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, state)
	}
	d = d.next()
	for i, state := range states {
		var err error
		if states[i], err = d.refresh(t.Context(), projectKind, state); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"Two", "One"} {
		p, err := d.plan(t.Context(), projectKind, states[i], arguments{"name": name})
		if err != nil || len(p.diags) != 1 {
			t.Fatalf("the plan of a swap: %v, %v", p.diags, err)
		}
		if detail := p.diags[0].Detail; !strings.Contains(detail, "An object of this configuration has the name now") || strings.Contains(detail, "import") {
			t.Errorf("the plan warns: %s", detail)
		}
	}
}

// A creation that fails after its first half says what is gone, in one message.
func TestCLI_placeIsLostBetweenTheHalves(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		for _, fault := range []emulatortest.Fault{
			{Kind: "status", Status: 400}, {Kind: "status", Status: 403}, {Kind: "status", Status: 429, RetryAfter: new(3600)}, {Kind: "status", Status: 409},
		} {
			for kind, path := range map[string]string{projectKind: "/v2/projects", environmentKind: "/v2/environments"} {
				for _, how := range []string{"-replace", "taint"} {
					w.write(block(kind, "m", named("Billing")))
					w.apply()
					id := attributesOf(readState(t, w.Dir, "terraform.tfstate"))["id"].(string)
					args := []string{"apply", "-auto-approve", "-input=false"}
					if how == "taint" {
						w.ok("taint", kind+".m")
					} else {
						args = append(args, "-replace="+kind+".m")
					}
					fault.Method, fault.Path, fault.Times = "POST", path, 10
					w.server.SetFaults(fault)
					out, err := w.run(args...)
					w.server.SetFaults()
					if err == nil {
						t.Errorf("the apply succeeds:\n%s", out)
					}
					shows(t, out, "This apply has already deleted the", id, "its keys are revoked", "cannot send traces until an apply succeeds")
					hides(t, strings.ToLower(out), "nothing was changed")
					if n := strings.Count(out, "Error: "); n != 1 {
						t.Errorf("there are %d errors, want one:\n%s", n, out)
					}
					w.apply()
					w.plan("-detailed-exitcode")
					w.destroy()
				}
			}
		}
	})
}

// An environment is not destroyed for a project that is not known yet and probably will not be created.
func TestCLI_environmentMovesToAProjectThatFails(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		taken := w.server.CreateProject("Taken")
		environment := func(project string) string {
			return block(environmentKind, "eu", named("EU"), "project_id = "+project)
		}
		w.write(environment(fmt.Sprintf("%q", w.project.ID)))
		w.apply()
		w.write(environment(projectKind+".b.id") + block(projectKind, "b", named("Taken")))
		w.refusesToPlanAndApply("Environment Would Be Lost", `project "Taken"`, "-refresh=false")
		w.write(environment(projectKind+".b.id") + block(projectKind, "b", named("Free")))
		shows(t, w.apply(), "2 added, 0 changed, 1 destroyed")
		w.destroy()
		w.server.DeleteProject(taken.ID)
	})
}

// The way that every refusal to destroy shows: an instance cannot have a removed block.
func TestCLI_protectedInstanceIsNoLongerManaged(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		const all = "resource \"traceloop_project\" \"example\" {\n  for_each = toset([%s])\n  name     = each.key\n}\n"
		w.write(fmt.Sprintf(all, `"key", "other"`))
		w.apply()
		w.write(fmt.Sprintf(all, `"other"`))
		out, err := w.run("plan", "-input=false")
		if err == nil {
			t.Errorf("the plan succeeds:\n%s", out)
		}
		shows(t, out, "Deletion Protection Is On", `from = traceloop_project.example["key"]`, "to = traceloop_project.kept", "removed {")
		w.write(fmt.Sprintf(all, `"other"`) + "moved {\n  from = traceloop_project.example[\"key\"]\n  to   = traceloop_project.kept\n}\n" +
			"removed {\n  from = traceloop_project.kept\n\n  lifecycle {\n    destroy = false\n  }\n}\n")
		w.apply()
		if n := len(w.server.Projects()); n != 4 {
			t.Errorf("there are %d projects, want all 4", n)
		}
		w.write(fmt.Sprintf(all, `"other"`))
		w.plan("-detailed-exitcode")
	})
}

func TestCLI_organizationIsNotReplaced(t *testing.T) {
	t.Parallel()
	server, key := allowingOrganizations(t)
	cli := newCLI(t, server).withKey(key)
	plan := []string{"plan", "-input=false"}
	refuses := func(args []string, phrases ...string) {
		t.Helper()
		out, err := cli.run(args...)
		if err == nil {
			t.Errorf("%v succeeds:\n%s", args, out)
		}
		shows(t, out, phrases...)
		if n := calls(server, "POST", organizationsPath); n != 1 {
			t.Fatalf("there are %d organizations", n)
		}
	}
	cli.write(organizationHCL(acme))
	cli.apply()
	refuses(append(plan, "-replace=traceloop_organization.acme"), "Deletion Protection Is On", "-replace")
	cli.write("resource \"terraform_data\" \"t\" {\n  input = 1\n}\n" + organizationHCL(acme))
	cli.apply()
	cli.write("resource \"terraform_data\" \"t\" {\n  input = 2\n}\n" + organizationHCL(acme+"  lifecycle {\n    replace_triggered_by = [terraform_data.t]\n  }\n"))
	refuses(plan, "Deletion Protection Is On")
	for _, lifecycle := range []string{"", "  lifecycle {\n    create_before_destroy = true\n  }\n"} {
		cli.write(organizationHCL(acme + lifecycle))
		cli.ok("taint", "traceloop_organization.acme")
		refuses(plan, "Deletion Protection Is On", "terraform untaint")
		refuses([]string{"apply", "-auto-approve", "-input=false"}, "Deletion Protection Is On", "terraform untaint")
		if lifecycle == "" { // only the apply knows
			refuses([]string{"apply", "-auto-approve", "-input=false", "-refresh=false"}, "Deletion Protection Is On", "terraform untaint")
		}
		cli.ok("untaint", "traceloop_organization.acme")
	}
	cli.write("")
	refuses(plan, "Deletion Protection Is On")
}

// A state of an older version has no deletion_protection. It counts as true.
func TestOrganization_olderState(t *testing.T) {
	t.Parallel()
	server, key := allowingOrganizations(t)
	l := newOrganizationLife(t, server, key)
	l.apply(acmeConfig(), "create")
	older := arguments{}
	for name, value := range attributes(t, l.state.value) {
		if name != "deletion_protection" {
			older[name] = value
		}
	}
	l.state.value = l.provider.object(l.state.value.Type(), older)
	l.changesNothing(acmeConfig())
	l.refusesToPlan(nil, "Deletion Protection Is On")
	l.state.forced = true
	l.refusesToPlan(acmeConfig(), "Deletion Protection Is On")
}

// Everything that the one answer contains is kept.
func TestOrganization_answers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer string
		keys   map[string]string
		id     string
		warned string
	}{
		"as asked":      {`{"org_id":"o1","environments":[{"slug":"dev","api_key":"tl_a"},{"slug":"eu-production","api_key":"tl_b"}]}`, map[string]string{"dev": "tl_a", "eu-production": "tl_b"}, "o1", ""},
		"a key missing": {`{"org_id":"o1","environments":[{"slug":"dev","api_key":"tl_a"},{"slug":"eu-production"}]}`, map[string]string{"dev": "tl_a"}, "o1", "no API key"},
		"one missing":   {`{"org_id":"o1","environments":[{"slug":"dev","api_key":"tl_a"}]}`, map[string]string{"dev": "tl_a"}, "o1", "EU Production"},
		"null":          {`{"org_id":"o1","environments":null}`, nil, "o1", "EU Production"},
		"twice":         {`{"org_id":"o1","environments":[{"slug":"dev","api_key":"tl_a"},{"slug":"dev","api_key":"tl_b"},{"slug":"eu_production","api_key":"tl_c"}]}`, map[string]string{"dev": "tl_a", "dev-2": "tl_b", "eu_production": "tl_c"}, "o1", `in the state as "dev-2"`},
		"no id":         {`{"environments":[{"slug":"dev","api_key":"tl_a"},{"slug":"eu-production","api_key":"tl_b"}]}`, map[string]string{"dev": "tl_a", "eu-production": "tl_b"}, "", "id of the organization"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				made++
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusCreated)
				fmt.Fprint(w, test.answer)
			}))
			t.Cleanup(server.Close)
			d := newDriverWith(t, time.Now, arguments{"base_url": server.URL, "project_api_key": "tl_key"})
			p, err := d.plan(t.Context(), organizationKind, d.none(organizationKind), acmeConfig())
			if err != nil {
				t.Fatal(err)
			}
			typ := d.schemas[organizationKind].ValueType()
			resp, err := d.next().server.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{
				TypeName: organizationKind, PriorState: d.dynamic(typ, tftypes.NewValue(typ, nil)), PlannedState: d.dynamic(typ, p.value), Config: d.dynamic(typ, p.config),
			})
			if err != nil || failure(resp.Diagnostics) != nil || made != 1 {
				t.Fatalf("%d creations: %v, %v", made, err, failure(resp.Diagnostics))
			}
			state, warned := instance{value: d.value(typ, resp.NewState)}, ""
			for _, diag := range resp.Diagnostics {
				warned += diag.Detail
			}
			l := &life{t, organizationKind, d, state}
			if got := l.mapOf("keys"); fmt.Sprint(got) != fmt.Sprint(test.keys) || l.id() != test.id {
				t.Errorf("the state has %q and %v", l.id(), got)
			}
			if !strings.Contains(warned, test.warned) || (test.warned == "") != (warned == "") || strings.Contains(warned, "tl_a") {
				t.Errorf("it warns %q, want %q", warned, test.warned)
			}
		})
	}
}

// A service may not have the rename, or call it PUT.
func TestProject_renameIsMissing(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, "404 page not found")
			return
		}
		server.Emulator.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	l := newLife(newDriverWith(t, time.Now, arguments{"base_url": front.URL, "api_key": server.ManagementKey}), projectKind)
	l.apply(arguments{"name": "Orders"}, "create")
	l.refusesToApply(arguments{"name": "Returns"}, "Unable to Rename Project", "does not have", "dashboard")
	l.has(arguments{"name": "Orders"})
}

// The slug is the service's: the provider's own rule only suggests.
func TestEnvironment_slugsOfTheAnswer(t *testing.T) {
	t.Parallel()
	const answer = `{"id":"e1","name":"EU_1 (prod)","slug":"eu_1prod","scope":"organization","built_in":false,"created_at":"2026-01-02T03:04:05Z"}`
	var made bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Method == http.MethodPost:
			made = true
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, answer)
		case strings.HasSuffix(r.URL.Path, "/e1"):
			fmt.Fprint(w, answer)
		case !strings.HasSuffix(r.URL.Path, "s"):
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error":"not found"}`)
		case made && strings.HasSuffix(r.URL.Path, "/environments"):
			fmt.Fprint(w, `{"data":[`+answer+`]}`)
		default:
			fmt.Fprint(w, `{"data":[]}`)
		}
	}))
	t.Cleanup(server.Close)
	l := newLife(newDriverWith(t, time.Now, arguments{"base_url": server.URL, "api_key": "key"}), environmentKind)
	l.apply(arguments{"name": "EU_1 (prod)"}, "create")
	l.has(arguments{"slug": "eu_1prod"})
	l.imports("eu_1prod")
	if _, err := l.provider.next().plan(t.Context(), keyKind, l.provider.none(keyKind), arguments{"project_id": "p1", "environment": "eu_1prod"}); err != nil && strings.Contains(err.Error(), "slug") {
		t.Errorf("a key cannot name it: %v", err)
	}
}

// readState reads a state file.
func readState(t *testing.T, dir, name string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	var state map[string]any
	if err := json.Unmarshal(data, &state); err != nil {
		t.Fatal(err)
	}
	return state
}

func writeState(t *testing.T, dir string, state map[string]any) {
	t.Helper()
	data, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "terraform.tfstate"), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// attributesOf returns the attributes of the first resource of a state.
func attributesOf(state map[string]any) map[string]any {
	resource := state["resources"].([]any)[0].(map[string]any)
	return resource["instances"].([]any)[0].(map[string]any)["attributes"].(map[string]any)
}

// A tainted project has its own name. It is replaced with what is in it, unless it is protected: then
// the key would be revoked, and nothing could follow.
func TestCLI_taintedWithAKeyInIt(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		for address, config := range map[string]func(arguments string) string{
			projectKind + ".p": func(arguments string) string {
				return resourceOf(projectKind, "p", named("P"), arguments) +
					resourceOf(keyKind, "k", "project_id = traceloop_project.p.id", `environment = "prd"`)
			},
			environmentKind + ".e": func(arguments string) string {
				project := fmt.Sprintf("project_id = %q", w.project.ID)
				return resourceOf(environmentKind, "e", named("E"), project, arguments) +
					resourceOf(keyKind, "k", project, "environment = traceloop_environment.e.slug")
			},
		} {
			w.write(config(""))
			w.apply()
			keys := fmt.Sprint(w.server.Keys())
			w.ok("taint", address)
			w.refusesToPlanAndApply("API Key Would Be Lost", "terraform untaint ADDRESS", "Nothing was changed")
			w.ok("untaint", address)

			w.write(config("deletion_protection = false"))
			w.apply()
			w.ok("taint", address)
			w.refuses([]string{"plan", "-input=false", "-refresh=false"}, "API Key Would Be Lost", "again without -refresh=false")
			shows(t, w.plan(), "API Key Will Be Replaced", "2 to add, 0 to change, 2 to destroy")
			w.apply()
			if now := w.server.Keys(); len(now) != 1 || fmt.Sprint(now) == keys {
				t.Errorf("the keys were %s, and are %v", keys, now)
			}
			w.plan("-detailed-exitcode")
			w.destroy()
		}
	})
}

func resourceOf(kind, label string, arguments ...string) string {
	return fmt.Sprintf("resource %q %q {\n  %s\n}\n", kind, label, strings.Join(arguments, "\n  "))
}
