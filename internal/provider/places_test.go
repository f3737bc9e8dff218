package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// These tests judge plans of several projects and environments: what one of them destroys, creates or
// renames, another one may keep or need.

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
			w.fails("apply", "Unable to", taken.ID)
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
			for _, flags := range modes(projectKind+".a", projectKind+".m", projectKind+".z") {
				out := w.plan(strings.Fields(flags)...)
				shows(t, out, "Project Name Is Taken", "a second apply may be needed", "a name in between")
				// One may be planned before the other one is read.
				if strings.Contains(out, "import {") && !says("unless this configuration manages it", "first use terraform state rm ADDRESS").MatchString(out) {
					t.Errorf("%s: the plan advises to import what is in the state:\n%s", name, out)
				}
			}
		}

		w.write(projects("Two", "One"))
		w.fails("apply", "Unable to Rename Project", "a second apply may be needed")
		for _, hcl := range []string{projects("Between", "One"), projects("Two", "One"), projects("Three", "Two")} {
			w.write(hcl)
			if _, err := w.run("apply", "-auto-approve", "-input=false"); err != nil {
				w.apply() // a shift needs two at most
			}
			w.plan("-detailed-exitcode")
		}
		w.destroy()
	})
}

// The way that every refusal to destroy shows: an instance cannot have a removed block.
func TestCLI_protectedInstanceIsNoLongerManaged(t *testing.T) {
	wholePlan(t, func(t *testing.T, w estate) {
		const all = "resource \"traceloop_project\" \"example\" {\n  for_each = toset([%s])\n  name     = each.key\n}\n"
		w.write(fmt.Sprintf(all, `"key", "second", "other"`))
		w.apply()
		w.write(fmt.Sprintf(all, `"other"`))
		w.refusesInEveryMode([]string{"traceloop_project.example"}, "Deletion Protection Is On", `from = traceloop_project.example["key"]`, "to = traceloop_project.kept_", "removed {")
		// Each instance has an address of its own to go to.
		kept := regexp.MustCompile(`to = (traceloop_project\.\w+)`).FindAllStringSubmatch(w.fails("plan"), -1)
		way := ""
		for i, key := range []string{"key", "second"} {
			way += moving(fmt.Sprintf("traceloop_project.example[%q]", key), kept[i][1]) + letGo(kept[i][1])
		}
		w.write(fmt.Sprintf(all, `"other"`) + way)
		for _, flags := range modes() {
			w.plan(strings.Fields("-out=saved " + flags)...)
		}
		w.refuses("destroy", "Deletion Protection Is On", "terraform destroy ignores them")
		w.ok("apply", "saved")
		if n := len(w.server.Projects()); n != 5 {
			t.Errorf("there are %d projects, want all 5", n)
		}
		w.write(fmt.Sprintf(all, `"other"`))
		w.plan("-detailed-exitcode")
	})
}

func TestCLI_organizationIsNotReplaced(t *testing.T) {
	t.Parallel()
	server, key := allowingOrganizations(t)
	cli := newCLI(t, server).withKey(key)
	refuses := func(line string, phrases ...string) {
		t.Helper()
		cli.fails(line, append(phrases, "Deletion Protection Is On")...)
		if n := calls(server, "POST", organizationsPath); n != 1 {
			t.Fatalf("there are %d organizations", n)
		}
	}
	cli.write(organizationHCL(acme))
	cli.apply()
	refuses("plan -replace=traceloop_organization.acme", "-replace")
	cli.write(resourceOf("terraform_data", "rotation", "input = 1") + organizationHCL(acme))
	cli.apply()
	cli.write(resourceOf("terraform_data", "rotation", "input = 2") + organizationHCL(acme+"  lifecycle {\n    replace_triggered_by = [terraform_data.rotation]\n  }\n"))
	refuses("plan")
	for _, lifecycle := range []string{"", createFirst + "\n"} {
		cli.write(organizationHCL(acme + lifecycle))
		cli.ok("taint", "traceloop_organization.acme")
		for _, flags := range modes("traceloop_organization.acme") {
			refuses("plan "+flags, "terraform untaint")
		}
		cli.ok("untaint", "traceloop_organization.acme")
	}
	cli.write("")
	refuses("plan")
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
			w.refuses("plan", "API Key Would Be Lost", "terraform untaint ADDRESS", "Nothing was changed")
			w.ok("untaint", address)

			w.write(config("deletion_protection = false"))
			w.apply()
			w.ok("taint", address)
			w.refuses("plan -refresh=false", "API Key Would Be Lost", "again without -refresh=false")
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
