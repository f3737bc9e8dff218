package provider_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// withKey gives the CLI a project's key and takes the management key away.
func (c *cli) withKey(key string) *cli {
	c.Env = append(c.Env, "TRACELOOP_PROJECT_API_KEY="+key)
	for i, variable := range c.Env {
		if strings.HasPrefix(variable, "TRACELOOP_MANAGEMENT_API_KEY=") {
			c.Env[i] = "UNUSED="
		}
	}
	return c
}

// manySetups declares n setups.
func manySetups(n int, evaluators string) string {
	return fmt.Sprintf(`
resource "traceloop_auto_monitor_setup" "all" {
  count       = %d
  external_id = "quality-${count.index}"
  evaluators  = [%s]

  selector = [{ key = "service.name", source = "resource_attributes", value = "service-${count.index}" }]
}
`, n, evaluators)
}

// takes checks how many requests a command has sent.
func takes(t *testing.T, server *emulatortest.Server, what string, most int) {
	t.Helper()
	requests := server.Requests()
	t.Logf("%s takes %d requests", what, len(requests))
	if len(requests) > most {
		t.Errorf("%s takes %d requests, want at most %d: %v", what, len(requests), most, requests)
	}
	server.ResetRequests()
}

// 300 setups, with -short 60. Terraform has as many creations in flight as -parallelism says, and
// each waits for its answer: that is how many can come together in one request. A busy machine sends
// them apart, so the bound is wide; how setups are gathered TestSetupWrites holds, on a fake clock.
func TestCLI_manySetupsGoTogether(t *testing.T) { //nolint:paralleltest // other tests would keep the CLI from sending them together
	n := 300
	if !thorough() {
		n = 60
	}
	for parallelism, most := range map[string]int{
		"10":  n / 2, // an idle machine takes 32 requests for 300
		"100": n / 4, // 5 or 6
	} {
		t.Run("parallelism "+parallelism, func(t *testing.T) {
			server := standingStill(t)
			key := projectKey(server, "prd")
			cli := newCLI(t, server).withKey(key)
			flag := "-parallelism=" + parallelism
			server.ResetRequests()

			cli.write(manySetups(n, `"char-count"`))
			cli.plan(flag, "-out=plan")
			takes(t, server, "the plan of the creation", 2) // the lists of setups and evaluators
			cli.ok("apply", "-input=false", flag, "plan")
			takes(t, server, "the apply", most)
			if got := len(server.Setups(key)); got != n {
				t.Errorf("there are %d setups", got)
			}
			cli.plan(flag, "-detailed-exitcode")
			takes(t, server, "the next plan", 6) // and the check's own list

			cli.write(manySetups(n, `"char-count", "word-count"`))
			cli.plan(flag, "-out=plan")
			server.ResetRequests()
			cli.ok("apply", "-input=false", flag, "plan")
			takes(t, server, "the apply of an update", most)
			cli.plan(flag, "-detailed-exitcode")
		})
	}
}

// Fifty evaluators, and fifty monitors that use them. One that the same plan creates is not unknown.
func TestCLI_fiftyEvaluatorsAndTheirMonitors(t *testing.T) {
	t.Parallel()
	const n = 50
	server := standingStill(t)
	cli := newCLI(t, server).withKey(projectKey(server, "prd"))
	hcl := strings.Replace(toneHCL("Tone", "Judge {{text}}", fmt.Sprintf("count = %d", n)), `"support-tone"`, `"tone-${count.index}"`, 1)
	cli.write(hcl + fmt.Sprintf(`
resource "traceloop_auto_monitor_setup" "quality" {
  count       = %d
  external_id = "quality-${count.index}"
  evaluators  = [traceloop_evaluator.tone[count.index].slug]
}
`, n))
	server.ResetRequests()
	created := cli.plan("-out=plan")
	shows(t, created, "100 to add")
	hides(t, created, "Warning: Unknown")
	takes(t, server, "the plan of the creation", 4)
	cli.ok("apply", "-input=false", "plan")
	if creations := calls(server, "POST", evaluatorsPath); creations != n {
		t.Errorf("%d evaluators were created", creations)
	}
	takes(t, server, "the apply", 4*n)                                   // a busy machine sends apart what can go together
	for _, plan := range []string{"the first plan", "the second plan"} { // the first one notes the organization
		cli.plan("-detailed-exitcode")
		takes(t, server, plan, 4)
	}
}

// inOneGo is a project, its key, and with that key its monitors.
func inOneGo(trigger, evaluators, projectID string) string {
	return fmt.Sprintf(`
resource "traceloop_project" "orders" {
  name                = "Orders"
  deletion_protection = false
}

resource "traceloop_api_key" "prd" {
  project_id        = traceloop_project.orders.id
  environment       = "prd"
  rotation_triggers = { n = %q }
}

provider "traceloop" {
  alias           = "orders_prd"
  project_api_key = traceloop_api_key.prd.key
}

resource "traceloop_auto_monitor_setup" "quality" {
  provider    = traceloop.orders_prd
  count       = 3
  external_id = "quality-${count.index}"
  evaluators  = ["answer-relevancy"%s]
  %s
}

data "traceloop_auto_monitor_setups" "all" {
  provider   = traceloop.orders_prd
  depends_on = [traceloop_api_key.prd]
}
`, trigger, evaluators, projectID)
}

// One apply makes it all, and an empty plan follows. (TestSecrets_publishedOperations holds each path to its key.)
func TestCLI_projectKeyAndSetupsInOneGo(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	cli := newCLI(t, server)
	applies := func(hcl, says string, flags ...string) {
		t.Helper()
		cli.write(hcl)
		shows(t, cli.apply(flags...), says)
		cli.plan("-detailed-exitcode")
	}
	cli.write(inOneGo("1", "", ""))
	hides(t, cli.plan(), "Warning: Auto Monitor", "Error:")
	noWrites(t, server)
	applies(inOneGo("1", "", ""), "5 added")

	// Rotating the key leaves the setups alone; they are not read with a key that is not known yet.
	cli.write(inOneGo("2", "", ""))
	shows(t, cli.plan(), "Auto Monitor Setups Were Not Read", "1 to add, 0 to change, 1 to destroy")
	applies(inOneGo("2", "", ""), "1 added, 0 changed, 1 destroyed")
	applies(inOneGo("3", `, "char-count"`, ""), "1 added, 3 changed, 1 destroyed") // with the new key

	// Setups go with their project. The next plan creates them again; with project_id, the same plan does.
	shows(t, cli.apply("-replace=traceloop_project.orders"), "Auto Monitor Setups Were Not Read", "2 added, 0 changed, 2 destroyed")
	shows(t, cli.plan(), "Auto Monitor Setup No Longer Found", "3 to add, 0 to change, 0 to destroy")
	last := inOneGo("3", "", "project_id = traceloop_project.orders.id")
	applies(last, "3 added")
	applies(last, "5 added, 0 changed, 5 destroyed", "-replace=traceloop_project.orders")

	// Setups go before the key that they are destroyed with.
	server.ResetRequests()
	shows(t, cli.destroy(), "5 destroyed")
	if n := calls(server, "DELETE", setupsPath); n != 3 {
		t.Errorf("%d setups were deleted, want 3", n)
	}
}

// The project is gone, with the key of the setups: a destroy goes on.
func TestCLI_setupsWithoutTheirKey(t *testing.T) {
	t.Parallel()
	var now atomic.Value // the project and its key are so old that one which is not found is gone
	now.Store(anHourAgo)
	server := emulatortest.Start(t, emulatortest.WithNow(func() time.Time { return now.Load().(func() time.Time)() }))
	cli := newCLI(t, server)
	cli.write(inOneGo("1", "", ""))
	cli.apply("-target=traceloop_api_key.prd")
	now.Store(time.Now)
	cli.apply()
	server.DeleteProject(server.Projects()[1].ID)
	shows(t, cli.destroy(), "3 destroyed")
	shows(t, cli.apply(), "5 added")
}

// The data sources show the organization's own objects, and Traceloop's evaluators.
func TestCLI_dataSourcesOfTheProjectKey(t *testing.T) {
	inBothVariants(t, func(t *testing.T, variant emulatortest.Option) {
		server := standingStill(t, variant)
		key := projectKey(server, "prd")
		l := keyedLife(t, server, key, evaluatorKind)
		l.apply(evaluatorConfig("Tone"), "create")
		server.CreateSetup(projectKey(server, "dev"), "checkout-dev", "char-count")
		here := server.CreateSetup(key, "checkout", "word-count")
		cli := newCLI(t, server).withKey(key)
		cli.write(`
data "traceloop_evaluator" "tone" {
  slug = "tone"
}

data "traceloop_evaluator" "same" {
  id = data.traceloop_evaluator.tone.id
}

data "traceloop_evaluator" "prebuilt" {
  slug = "word-count"
}

data "traceloop_evaluators" "own" {
  source = "custom"
}

data "traceloop_evaluators" "all" {}

data "traceloop_auto_monitor_setup" "one" {
  external_id = "checkout"
}

data "traceloop_auto_monitor_setups" "all" {}

data "traceloop_auto_monitor_setups" "completed" {
  status = "completed"
}
`)
		cli.apply()
		size := func(address, list string, n int) statecheck.StateCheck {
			return statecheck.ExpectKnownValue(address, tfjsonpath.New(list), knownvalue.ListSizeExact(n))
		}
		cli.checks(
			attribute("data.traceloop_evaluator.tone", "id", l.id()),
			attribute("data.traceloop_evaluator.same", "llm_provider", "openai"),
			attribute("data.traceloop_evaluator.same", "source", "custom"),
			attribute("data.traceloop_evaluator.prebuilt", "source", "prebuilt"),
			isNull("data.traceloop_evaluator.prebuilt", "model"),
			size("data.traceloop_evaluators.own", "evaluators", 1),
			size("data.traceloop_evaluators.all", "evaluators", 38),
			attribute("data.traceloop_auto_monitor_setup.one", "id", here.ID),
			statecheck.ExpectKnownValue("data.traceloop_auto_monitor_setup.one", tfjsonpath.New("evaluators"), knownvalue.SetExact([]knownvalue.Check{knownvalue.StringExact("word-count")})),
			size("data.traceloop_auto_monitor_setups.all", "auto_monitor_setups", 2),
			size("data.traceloop_auto_monitor_setups.completed", "auto_monitor_setups", 0),
		)
		refuses(t, l.provider.next().readData(evaluatorKind, arguments{"slug": "ton"}), "Evaluator Not Found", `Did you mean "tone"?`, "traceloop_evaluators")
		refuses(t, l.provider.next().readData(evaluatorKind, arguments{"slug": "PII_DETECTOR"}), "is not an evaluator slug", `Did you mean "pii-detector"?`)
		refuses(t, l.provider.next().readData(setupKind, arguments{"external_id": "none"}), "Auto Monitor Setup Not Found", "traceloop_auto_monitor_setups")
	})
}
