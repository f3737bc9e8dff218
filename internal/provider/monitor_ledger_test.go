package provider_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// otherSetup is the setup "checkout" of a second resource, which is planned before or after the first.
func otherSetup(name, evaluator string) string {
	return strings.Replace(setupHCL("checkout", "", evaluator), `"quality"`, `"`+name+`"`, 1)
}

// Of two resources for one external id the plan warns, also one that cannot call yet: the apply refuses the
// second. Where something would be destroyed for it, the plan refuses.
func TestCLI_twoSetupsForOneExternalID(t *testing.T) {
	t.Parallel()
	const unknownKey = "resource \"terraform_data\" \"key\" {\n  input = \"tl_0123456789012345678901234567890123456789\"\n}\n" +
		"provider \"traceloop\" {\n  project_api_key = terraform_data.key.output\n}\n"
	server := standingStill(t)
	key := projectKey(server, "prd")
	cli := newCLI(t, server).withKey(key)
	warned := func(hcl string) {
		t.Helper()
		cli.write(hcl)
		shows(t, cli.plan(), "Two Resources for One Auto Monitor Setup", `"checkout"`)
	}
	refused := func(hcl string) {
		t.Helper()
		cli.write(hcl)
		out, err := cli.run("plan", "-input=false")
		if err == nil {
			t.Fatalf("the plan succeeded:\n%s", out)
		}
		shows(t, out, `"checkout"`, "-refresh=false")
		// The latter where the one is planned before the other.
		if !strings.Contains(out, "Two Resources for One Auto Monitor Setup") && !strings.Contains(out, "Unable to Replace Auto Monitor Setup") {
			t.Errorf("the plan says:\n%s", out)
		}
	}
	first := setupHCL("checkout", "", "char-count")
	warned(first + otherSetup("other", "word-count"))
	warned(unknownKey + first + otherSetup("other", "word-count"))
	noWrites(t, server)

	cli.write(first)
	cli.apply()
	server.ResetRequests()
	warned(first + otherSetup("a_first", "word-count"))
	warned(first + otherSetup("z_last", "word-count"))
	warned(setupHCL("checkout", "", "word-count") + otherSetup("other", "word-count"))

	// One that leaves the place, and one that comes to it: which is first is Terraform's choice.
	refused(setupHCL("cart", "", "char-count") + otherSetup("other", "word-count"))
	refused(otherSetup("a_renamed", "char-count"))
	refused(otherSetup("z_renamed", "char-count"))
	noWrites(t, server)

	// A replacement has its own place.
	cli.write(first)
	shows(t, cli.ok("apply", "-auto-approve", "-input=false", "-replace="+setupAddress), "1 added, 0 changed, 1 destroyed")
	cli.plan("-detailed-exitcode")
	cli.ok("taint", setupAddress)
	shows(t, cli.apply(), "1 added, 0 changed, 1 destroyed")
	cli.plan("-detailed-exitcode")

	// So has one that is moved.
	cli.write(otherSetup("renamed", "char-count") + "moved {\n  from = " + setupAddress + "\n  to   = traceloop_auto_monitor_setup.renamed\n}\n")
	shows(t, cli.plan(), "has moved to", "0 to add, 0 to change, 0 to destroy")
	cli.apply()
	cli.plan("-detailed-exitcode")
	cli.write(otherSetup("renamed", "word-count"))
	shows(t, cli.apply(), "0 added, 1 changed, 0 destroyed")
	shows(t, cli.destroy(), "1 destroyed")
}

// When a plan replaces the project, its setups go with it. The next plan creates them again; with project_id, the
// same plan does.
func TestCLI_setupsOfAReplacedProject(t *testing.T) {
	t.Parallel()
	first := strings.ReplaceAll(strings.Replace(inOneGo, "%s", "1", 1), "%s", "")
	for _, test := range []struct{ name, projectID, applied string }{
		{"without its id", "", "2 added, 0 changed, 2 destroyed"},
		{"with its id", "  project_id  = traceloop_project.orders.id\n", "5 added, 0 changed, 5 destroyed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cli := newCLI(t, emulatortest.Start(t))
			hcl := strings.Replace(first, "  count       = 3\n", "  count       = 3\n"+test.projectID, 1)
			cli.write(hcl)
			shows(t, cli.apply(), "5 added")
			cli.plan("-detailed-exitcode")
			out := cli.ok("apply", "-auto-approve", "-input=false", "-replace=traceloop_project.orders")
			shows(t, out, "Auto Monitor Setups Were Not Read", test.applied)
			if test.projectID == "" {
				shows(t, cli.plan(), "Auto Monitor Setup No Longer Found", "3 to add, 0 to change, 0 to destroy")
				shows(t, cli.apply(), "3 added")
			}
			cli.plan("-detailed-exitcode")

			// Rotating the key moves nothing.
			cli.write(strings.Replace(hcl, `n = "1"`, `n = "2"`, 1))
			shows(t, cli.apply(), "1 added, 0 changed, 1 destroyed")
			cli.plan("-detailed-exitcode")
			shows(t, cli.destroy(), "5 destroyed")
		})
	}
}

// A setup that the plan keeps at one address, and destroys at another, is refused in any order.
func TestCLI_setupAtASecondAddress(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a_first", "z_last"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := standingStill(t)
			key := projectKey(server, "prd")
			cli := newCLI(t, server).withKey(key)
			cli.write(setupHCL("checkout", "", "char-count"))
			cli.apply()
			server.ResetRequests()

			address := setupKind + "." + name
			block := "import {\n  to = " + address + "\n  id = \"checkout\"\n}\n"
			cli.write(otherSetup(name, "char-count") + block)
			for _, args := range [][]string{nil, {"-parallelism=1"}, {"-refresh=false"}} {
				out, err := cli.run(append([]string{"plan", "-input=false"}, args...)...)
				if err == nil {
					t.Fatalf("the plan succeeded:\n%s", out)
				}
				shows(t, out, "Two Resources for One Auto Monitor Setup", "-refresh=false", "terraform state rm ADDRESS", "moved {")
			}

			// Only one of the two addresses is planned, so the state has both. The next plan is refused.
			shows(t, cli.apply("-target="+address), "1 imported, 0 added, 0 changed, 0 destroyed")
			cli.write(otherSetup(name, "char-count"))
			out, err := cli.run("plan", "-input=false")
			if err == nil {
				t.Fatalf("the plan succeeded:\n%s", out)
			}
			shows(t, out, "Two Resources for One Auto Monitor Setup")
			noWrites(t, server)

			// While both stay, it is a warning. A destroy of both is fine, and so is the advice.
			cli.write(setupHCL("checkout", "", "char-count") + otherSetup(name, "char-count"))
			shows(t, cli.plan("-detailed-exitcode"), "Warning: Two Resources for One Auto Monitor Setup", "removed {")
			cli.plan("-destroy")
			cli.ok("state", "rm", setupAddress)
			cli.write(otherSetup(name, "char-count"))
			cli.plan("-detailed-exitcode")
			shows(t, cli.destroy(), "1 destroyed")
		})
	}
}

// What cannot be applied does not stand in the way of a destroy, or says how to go on.
func TestCLI_conflictingSetupsAreDestroyed(t *testing.T) {
	t.Parallel()
	two := func(first, second string) string {
		return setupHCL(first, "", "char-count") + strings.Replace(setupHCL(second, "", "char-count"), `"quality"`, `"other"`, 1)
	}
	for name, test := range map[string]struct {
		hcl     string
		refused bool
	}{
		"the same external id": {two("a", "a"), true}, // "b" would be destroyed for nothing
		"a swap":               {two("b", "a"), true},
		"a shift":              {two("b", "c"), true},
		"a new one is taken":   {two("a", "b") + strings.Replace(setupHCL("taken", "", "char-count"), `"quality"`, `"third"`, 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := standingStill(t)
			key := projectKey(server, "prd")
			server.CreateSetup(key, "taken", "char-count")
			cli := newCLI(t, server).withKey(key)
			cli.write(two("a", "b"))
			cli.apply()

			cli.write(test.hcl)
			if !test.refused {
				shows(t, cli.plan(), "Warning: Auto Monitor Setup Already Exists")
				shows(t, cli.destroy(), "2 destroyed")
				return
			}
			for _, command := range []string{"plan", "destroy"} {
				out, err := cli.run(append([]string{command, "-input=false"}, strings.Fields(map[string]string{"destroy": "-auto-approve"}[command])...)...)
				if err == nil {
					t.Fatalf("%s succeeded:\n%s", command, out)
				}
				shows(t, out, "-refresh=false")
			}
			if n := len(server.Setups(key)); n != 3 {
				t.Fatalf("%d setups are left", n)
			}
			shows(t, cli.ok("destroy", "-auto-approve", "-input=false", "-refresh=false"), "2 destroyed")
		})
	}
}

// withOldKey applies a configuration in two steps: the project and its key are so old that one which
// is not found counts as gone.
func withOldKey(t *testing.T, hcl string) (*emulatortest.Server, *cli) {
	t.Helper()
	var now atomic.Value
	now.Store(anHourAgo)
	server := emulatortest.Start(t, emulatortest.WithNow(func() time.Time { return now.Load().(func() time.Time)() }))
	cli := newCLI(t, server)
	cli.write(hcl)
	cli.apply("-target=traceloop_api_key.prd")
	now.Store(time.Now)
	cli.apply()
	return server, cli
}

// The key of the setups, or its project, is gone: a destroy goes on, or says how.
func TestCLI_setupsWithoutTheirKey(t *testing.T) {
	t.Parallel()
	hcl := strings.ReplaceAll(strings.Replace(inOneGo, "%s", "1", 1), "%s", "")
	t.Run("the project is gone", func(t *testing.T) {
		t.Parallel()
		server, cli := withOldKey(t, hcl)
		server.DeleteProject(server.Projects()[1].ID)
		shows(t, cli.destroy(), "3 destroyed")
		shows(t, cli.apply(), "5 added")
	})
	t.Run("the key is revoked", func(t *testing.T) {
		t.Parallel()
		server, cli := withOldKey(t, hcl)
		server.RevokeKey(server.Keys()[0].ID)
		out, err := cli.run("destroy", "-auto-approve", "-input=false")
		if err == nil {
			t.Fatalf("the destroy succeeded:\n%s", out)
		}
		shows(t, out, "Unknown Provider Configuration", "terraform apply -target=ADDRESS", "terraform state rm ADDRESS")
		cli.ok("state", "rm", "traceloop_auto_monitor_setup.quality")
		cli.destroy()
		if n := len(server.Projects()); n != 1 {
			t.Errorf("%d projects are left", n)
		}
	})
}

// A data source that needs a key of its own configuration is read by the apply.
func TestCLI_setupDataSourceOfANewKey(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	cli := newCLI(t, server)
	hcl := func(n, rest string) string {
		return strings.ReplaceAll(strings.Replace(inOneGo, "%s", n, 1), "%s", "") + `
data "traceloop_auto_monitor_setups" "all" {
  provider = traceloop.orders_prd
` + rest + "}\n"
	}
	cli.write(hcl("1", ""))
	out, err := cli.run("plan", "-input=false")
	if err == nil {
		t.Fatalf("the plan succeeded:\n%s", out)
	}
	shows(t, out, "Unknown Provider Configuration", "depends_on = [traceloop_api_key.example]")
	for _, n := range []string{"1", "2"} {
		cli.write(hcl(n, "  depends_on = [traceloop_api_key.prd]\n"))
		cli.apply()
		cli.plan("-detailed-exitcode")
	}
	cli.destroy()
}
