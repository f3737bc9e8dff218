package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

const (
	setupAddress = "traceloop_auto_monitor_setup.quality"
	setupsPath   = "/v2/auto-monitor-setups"
)

// withProjectKey prepends a provider block that has a project's key, and no management key.
func withProjectKey(server *emulatortest.Server, key, hcl string) string {
	return fmt.Sprintf("provider \"traceloop\" {\n  base_url        = %q\n  project_api_key = %q\n}\n\n", server.URL, key) + hcl
}

// standingStill is an emulator whose setups stay where they are: no test is so slow that one
// goes on.
func standingStill(t *testing.T) *emulatortest.Server {
	t.Helper()
	now := time.Now()
	return emulatortest.Start(t, emulatortest.WithNow(func() time.Time { return now }))
}

// projectKey generates the key of the default project's environment.
func projectKey(server *emulatortest.Server, environment string) string {
	_, key := server.GenerateKey(server.Projects()[0].ID, environment)
	return key
}

func setupHCL(externalID, rest string, evaluators ...string) string {
	slugs := `"` + strings.Join(evaluators, `", "`) + `"`
	return fmt.Sprintf("resource \"traceloop_auto_monitor_setup\" \"quality\" {\n  external_id = %q\n  evaluators  = [%s]\n%s}\n", externalID, slugs, rest)
}

const openAISelector = `
  selector = [
    { key = "gen_ai.system", source = "span_attributes", value = "openai" },
    { key = "service.name", source = "resource_attributes", operator = "in", values = ["web", "api"] },
    { key = "gen_ai.prompt", source = "span_attributes", operator = "exists" },
  ]
`

func TestAccSetup_life(t *testing.T) {
	t.Parallel()
	server := standingStill(t)
	key := projectKey(server, "prd")
	hcl := func(rest string, evaluators ...string) string {
		return withProjectKey(server, key, setupHCL("checkout", rest, evaluators...))
	}
	var firstID string

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy: func(*terraform.State) error {
			if setups := server.Setups(key); len(setups) != 0 {
				return fmt.Errorf("the server has %d setups after destroy", len(setups))
			}
			return nil
		},
		Steps: []resource.TestStep{
			{ // created, by its own operation
				PreConfig:        server.ResetRequests,
				Config:           hcl(openAISelector, "toxicity-detector", "answer-relevancy"),
				ConfigPlanChecks: planned(setupAddress, plancheck.ResourceActionCreate),
				ConfigStateChecks: []statecheck.StateCheck{
					attribute(setupAddress, "status", "pending"),
					attribute(setupAddress, "project_id", server.Projects()[0].ID),
					statecheck.ExpectKnownValue(setupAddress, tfjsonpath.New("evaluator_status").AtMapKey("answer-relevancy").AtMapKey("status"), knownvalue.StringExact("pending")),
					statecheck.ExpectKnownValue(setupAddress, tfjsonpath.New("selector").AtSliceIndex(0).AtMapKey("operator"), knownvalue.StringExact("equals")),
				},
				Check: resource.TestCheckResourceAttrWith(setupAddress, "id", func(id string) error {
					firstID = id
					if n := calls(server, "POST", setupsPath); n != 1 || calls(server, "POST", setupsPath+"/bulk") != 0 {
						return fmt.Errorf("%d POSTs, want the one of the single operation: %v", n, server.Requests())
					}
					return nil
				}),
			},
			emptyPlan(hcl(openAISelector, "answer-relevancy", "toxicity-detector")),
			{
				ResourceName: setupAddress, ImportState: true, ImportStateId: "checkout", ImportStateVerify: true,
			},
			{ // the status moves on by itself, which is no drift
				PreConfig:         func() { server.SetSettings(emulatortest.Settings{SetupsAheadSeconds: 60}) },
				Config:            hcl(openAISelector, "toxicity-detector", "answer-relevancy"),
				ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				ConfigStateChecks: []statecheck.StateCheck{attribute(setupAddress, "status", "waiting_for_spans")},
			},
			{ // updated in place: begins again
				PreConfig: server.ResetRequests,
				Config:    hcl("", "char-count"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(setupAddress, plancheck.ResourceActionUpdate),
					plancheck.ExpectUnknownValue(setupAddress, tfjsonpath.New("status")),
					plancheck.ExpectKnownValue(setupAddress, tfjsonpath.New("project_id"), knownvalue.StringExact(server.Projects()[0].ID)),
				}},
				ConfigStateChecks: []statecheck.StateCheck{attribute(setupAddress, "status", "pending"), isNull(setupAddress, "selector")},
				Check: resource.TestCheckResourceAttrWith(setupAddress, "id", func(id string) error {
					if n := calls(server, "PUT", setupsPath+"/checkout"); n != 1 || id != firstID {
						return fmt.Errorf("%d PUTs, id %s, was %s: %v", n, id, firstID, server.Requests())
					}
					return nil
				}),
			},
			{ // evaluators changed outside Terraform: drift is put right
				PreConfig:        func() { server.PutSetup(key, "checkout", "word-count") },
				Config:           hcl("", "char-count"),
				ConfigPlanChecks: planned(setupAddress, plancheck.ResourceActionUpdate),
			},
			{ // to wait is kept in the state alone
				PreConfig:        server.ResetRequests,
				Config:           hcl("  wait_for = \"waiting_for_spans\"\n", "char-count"),
				ConfigPlanChecks: planned(setupAddress, plancheck.ResourceActionUpdate),
				Check: func(*terraform.State) error {
					if n := calls(server, "PUT", setupsPath) + calls(server, "POST", setupsPath); n != 0 {
						return fmt.Errorf("%d requests write", n)
					}
					return nil
				},
			},
			{ // deleted outside Terraform: created again
				PreConfig:        func() { server.DeleteSetup(key, "checkout") },
				Config:           hcl("", "char-count"),
				ConfigPlanChecks: planned(setupAddress, plancheck.ResourceActionCreate),
			},
			{ // another external id replaces it
				Config:           withProjectKey(server, key, setupHCL("checkout/eu", "", "char-count")),
				ConfigPlanChecks: planned(setupAddress, plancheck.ResourceActionDestroyBeforeCreate),
			},
			{ // and so does force, with the same external id
				Config: withProjectKey(server, key, setupHCL("checkout/eu", "", "char-count")), Taint: []string{setupAddress},
				ConfigPlanChecks: planned(setupAddress, plancheck.ResourceActionDestroyBeforeCreate),
			},
		},
	})
	if n := calls(server, "GET", "/v2/projects"); n != 0 {
		t.Errorf("%d requests are none of a project's key", n)
	}
}

func TestAccSetup_refusedBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	key := projectKey(server, "prd")
	rule := func(rest string) string {
		return "  selector = [{ key = \"k\", source = \"span_attributes\"" + rest + " }]\n"
	}
	for name, test := range map[string]struct {
		hcl     string
		phrases []string
	}{
		"no evaluators":          {"resource \"traceloop_auto_monitor_setup\" \"quality\" {\n  external_id = \"a\"\n  evaluators = []\n}\n", []string{"evaluators", "at least 1"}},
		"empty external id":      {setupHCL("", "", "char-count"), []string{"external_id", "1 to 255 characters"}},
		"reserved external id":   {setupHCL("bulk", "", "char-count"), []string{"external_id", "none of"}},
		"empty selector":         {setupHCL("a", "  selector = []\n", "char-count"), []string{"selector", "at least 1"}},
		"unknown source":         {setupHCL("a", "  selector = [{ key = \"k\", source = \"events\", value = \"v\" }]\n", "char-count"), []string{"source", "span_attributes"}},
		"unknown operator":       {setupHCL("a", rule(`, operator = "like", value = "v"`), "char-count"), []string{"operator", "not_equals"}},
		"equals nothing":         {setupHCL("a", rule(``), "char-count"), []string{"Missing Value for Operator", `"equals" needs "value"`}},
		"not_equals nothing":     {setupHCL("a", rule(`, operator = "not_equals"`), "char-count"), []string{"Missing Value for Operator", `"value"`}},
		"contains values":        {setupHCL("a", rule(`, operator = "contains", value = "v", values = ["v"]`), "char-count"), []string{"Unexpected Value for Operator", `does not take "values"`}},
		"not_contains nothing":   {setupHCL("a", rule(`, operator = "not_contains"`), "char-count"), []string{"Missing Value for Operator"}},
		"in a value":             {setupHCL("a", rule(`, operator = "in", value = "v", values = ["v"]`), "char-count"), []string{"Unexpected Value for Operator", `does not take "value"`, `takes "values"`}},
		"in nothing":             {setupHCL("a", rule(`, operator = "in"`), "char-count"), []string{"Missing Value for Operator", `"values"`}},
		"not_in an empty set":    {setupHCL("a", rule(`, operator = "not_in", values = []`), "char-count"), []string{"values", "at least 1"}},
		"exists with a value":    {setupHCL("a", rule(`, operator = "exists", value = "v"`), "char-count"), []string{"Unexpected Value for Operator", "compares with nothing"}},
		"not_exists with values": {setupHCL("a", rule(`, operator = "not_exists", values = ["v"]`), "char-count"), []string{"Unexpected Value for Operator"}},
		"timeout without a wait": {setupHCL("a", "  wait_timeout = \"1m\"\n", "char-count"), []string{"wait_for", "must be specified"}},
		"timeout that is none":   {setupHCL("a", "  wait_for = \"completed\"\n  wait_timeout = \"soon\"\n", "char-count"), []string{"Invalid Wait Timeout"}},
		"timeout too long":       {setupHCL("a", "  wait_for = \"completed\"\n  wait_timeout = \"2h\"\n", "char-count"), []string{"between 1s and 1h"}},
		"wait for another":       {setupHCL("a", "  wait_for = \"failed\"\n", "char-count"), []string{"wait_for"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				Steps:                    []resource.TestStep{{Config: withProjectKey(server, key, test.hcl), PlanOnly: true, ExpectError: says(test.phrases...)}},
			})
			if setups := server.Setups(key); len(setups) != 0 {
				t.Errorf("there are %+v", setups)
			}
		})
	}
}

// Every operator with the operand that it needs is taken, stored and read without a difference.
func TestAccSetup_operators(t *testing.T) {
	t.Parallel()
	server := standingStill(t)
	key := projectKey(server, "prd")
	var rules strings.Builder
	for _, operator := range []string{"equals", "not_equals", "contains", "not_contains"} {
		fmt.Fprintf(&rules, "    { key = \"k\", source = \"span_attributes\", operator = %q, value = \"v\" },\n", operator)
	}
	for _, operator := range []string{"in", "not_in"} {
		fmt.Fprintf(&rules, "    { key = \"k\", source = \"resource_attributes\", operator = %q, values = [\"w\", \"v\"] },\n", operator)
	}
	for _, operator := range []string{"exists", "not_exists"} {
		fmt.Fprintf(&rules, "    { key = \"k\", source = \"span_attributes\", operator = %q },\n", operator)
	}
	hcl := withProjectKey(server, key, setupHCL("all", "  selector = [\n"+rules.String()+"  ]\n", "char-count"))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: hcl},
			{ResourceName: setupAddress, ImportState: true, ImportStateId: "all", ImportStateVerify: true},
		},
	})
}

func TestAccSetup_existing(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	key, dev := projectKey(server, "prd"), projectKey(server, "dev")
	existing := server.CreateSetup(key, "checkout", "word-count")
	hcl := withProjectKey(server, key, setupHCL("checkout", "", "char-count"))
	twice := strings.ReplaceAll(setupHCL("twice", "", "char-count"), `"quality"`, `"other"`)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: hcl, PlanOnly: true, ExpectError: says("Auto Monitor Setup Already Exists", existing.ID, "Nothing was changed", "import {", `"checkout"`)},
			{ // what another environment has under that id is in nobody's way
				Config: withProjectKey(server, dev, setupHCL("checkout", "", "char-count")),
			},
			{Config: withProjectKey(server, dev, setupHCL("twice", "", "char-count")+twice), ExpectError: says("Two Resources for One Auto Monitor Setup", "twice")},
			{Config: withProjectKey(server, dev, "")},
			{
				Config: "import {\n  to = " + setupAddress + "\n  id = \"checkout\"\n}\n\n" + hcl,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(setupAddress, plancheck.ResourceActionUpdate),
				}},
			},
		},
	})
	if left := server.Setups(key); len(left) != 0 {
		t.Errorf("destroyed, and there are %+v", left)
	}
}

// The key decides where a setup is. With another one, nothing is read for it, nor changed.
func TestAccSetup_keyOfAnotherEnvironment(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	prd, dev := projectKey(server, "prd"), projectKey(server, "dev")
	server.CreateSetup(dev, "checkout", "word-count")
	hcl := setupHCL("checkout", "", "char-count")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: withProjectKey(server, prd, hcl)},
			{Config: withProjectKey(server, dev, hcl), PlanOnly: true, ExpectError: says("Unable to Read Auto Monitor Setup", "different projects or environments", "Use the key of the project and environment")},
			{Config: withProjectKey(server, prd, hcl)},
		},
	})
	if setups := server.Setups(dev); len(setups) != 1 || setups[0].Evaluators[0].Type != "word-count" {
		t.Errorf("the other environment has %+v", setups)
	}
}

func TestAccSetup_importErrors(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	key := projectKey(server, "prd")
	hcl := withProjectKey(server, key, setupHCL("checkout", "", "char-count"))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: hcl},
			{ResourceName: setupAddress, ImportState: true, ImportStateId: "none", ExpectError: says("Unable to Import Auto Monitor Setup", "no auto monitor setup with the external id", "traceloop_auto_monitor_setups")},
			{ResourceName: setupAddress, ImportState: true, ImportStateId: "..", ExpectError: says("Invalid Import ID", "<external id>")},
		},
	})
}

func TestAccSetup_missingKey(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	refused(t, server, setupHCL("a", "", "char-count"), "Missing Project Key", "project_api_key", "TRACELOOP_PROJECT_API_KEY")
	refused(t, server, "resource \"traceloop_organization\" \"acme\" {\n  name = \"Acme\"\n}\n", "Missing Project Key")
	refused(t, server, "data \"traceloop_auto_monitor_setups\" \"all\" {\n}\n", "Missing Project Key")
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: withProjectKey(server, projectKey(server, "prd"), projectHCL("Orders", false)), PlanOnly: true, ExpectError: says("Missing Management Key")},
			{Config: withProjectKey(server, "tl_a b", setupHCL("a", "", "char-count")), PlanOnly: true, ExpectError: says("Invalid Provider Configuration", "project_api_key")},
		},
	})
	noWrites(t, server)
}

// guarded stands before the emulator and holds each path to its key.
func guarded(t *testing.T, server *emulatortest.Server) (baseURL string, seen func() map[string]int) {
	t.Helper()
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	counts := map[string]int{}
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind := "management"
		if strings.HasPrefix(r.URL.Path, setupsPath) || strings.HasPrefix(r.URL.Path, "/v2/organizations") {
			kind = "project"
		}
		is := "project"
		if r.Header.Get("Authorization") == "Bearer "+server.ManagementKey {
			is = "management"
		}
		mu.Lock()
		counts[kind]++
		mu.Unlock()
		if is != kind {
			t.Errorf("%s %s came with the %s key", r.Method, r.URL.Path, is)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	return front.URL, func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		return counts
	}
}

const inOneGo = `
resource "traceloop_project" "orders" {
  name                = "Orders"
  deletion_protection = false
}

resource "traceloop_api_key" "prd" {
  project_id        = traceloop_project.orders.id
  environment       = "prd"
  rotation_triggers = { n = "%s" }
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
}
`

// A project, its key, and with that key its monitors: one apply, and an empty plan after it.
// Neither key is sent in the place of the other.
func TestCLI_projectKeyAndSetupsInOneGo(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	front, seen := guarded(t, server)
	cli := newCLI(t, server).unattached()
	cli.env = append(cli.env, "TRACELOOP_MANAGEMENT_BASE_URL="+front)
	cli.write(fmt.Sprintf(inOneGo, "1", ""))

	hides(t, cli.plan(), "Warning: Auto Monitor", "Error:")
	noWrites(t, server)
	shows(t, cli.apply(), "5 added")
	cli.plan("-detailed-exitcode")
	for _, kind := range []string{"management", "project"} {
		if seen()[kind] == 0 {
			t.Errorf("no request needed the %s key, so the test shows nothing", kind)
		}
	}

	// Rotating the key leaves the setups alone; they are not read with a key that is not known yet.
	cli.write(fmt.Sprintf(inOneGo, "2", ""))
	shows(t, cli.plan(), "Auto Monitor Setups Were Not Read", "1 to add, 0 to change, 1 to destroy")
	shows(t, cli.apply(), "1 added, 0 changed, 1 destroyed")
	cli.plan("-detailed-exitcode")

	// Rotating and updating in one go uses the new key.
	cli.write(fmt.Sprintf(inOneGo, "3", `, "char-count"`))
	shows(t, cli.apply(), "1 added, 3 changed, 1 destroyed", "Auto Monitor Setup Will Restart")
	cli.plan("-detailed-exitcode")

	// Setups go before the key that they are destroyed with.
	shows(t, cli.destroy(), "5 destroyed")
	if projects := server.Projects(); len(projects) != 1 {
		t.Errorf("the projects are %+v", projects)
	}
	if n := calls(server, "DELETE", setupsPath); n != 3 {
		t.Errorf("%d setups were deleted, want 3", n)
	}
}

// sleeping gives a provider whose waits move the emulator's clock of setups.
func sleeping(server *emulatortest.Server, settings emulatortest.Settings, meanwhile func()) map[string]func() (tfprotov6.ProviderServer, error) {
	var mu sync.Mutex
	now, ahead := time.Now(), time.Duration(0)
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now.Add(ahead)
	}
	sleep := func(_ context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		ahead += d
		settings.SetupsAheadSeconds = int(ahead.Seconds())
		server.SetSettings(settings)
		meanwhile()
		return nil
	}
	return map[string]func() (tfprotov6.ProviderServer, error){
		"traceloop": providerserver.NewProtocol6WithError(provider.NewWithSleep(clock, sleep)),
	}
}

func TestAccSetup_waitFor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rest    string
		spans   bool
		failing map[string]string
		status  string
	}{
		"waiting for spans":            {"  wait_for = \"waiting_for_spans\"\n", false, nil, "waiting_for_spans"},
		"already further":              {"  wait_for = \"waiting_for_spans\"\n", true, nil, "completed"},
		"completed":                    {"  wait_for = \"completed\"\n", true, nil, "completed"},
		"never completed":              {"  wait_for = \"completed\"\n  wait_timeout = \"30s\"\n", false, nil, "waiting_for_spans"},
		"a timeout that is too short":  {"  wait_for = \"completed\"\n  wait_timeout = \"2s\"\n", false, nil, "pending"},
		"failed":                       {"  wait_for = \"completed\"\n", true, map[string]string{"char-count": "no", "word-count": "no"}, "failed"},
		"partial, which is not drift":  {"  wait_for = \"completed\"\n", true, map[string]string{"char-count": "no"}, "partial"},
		"none, and the status changes": {"", false, nil, "pending"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := standingStill(t)
			key := projectKey(server, "prd")
			settings := emulatortest.Settings{FailingEvaluators: test.failing}
			server.SetSettings(settings)
			hcl := withProjectKey(server, key, setupHCL("a", test.rest, "char-count", "word-count"))
			send := func() {}
			if test.spans {
				send = func() { server.SendSpans(key, 1) }
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: sleeping(server, settings, send),
				Steps: []resource.TestStep{
					{Config: hcl, ConfigStateChecks: []statecheck.StateCheck{attribute(setupAddress, "status", test.status)}},
				},
			})
		})
	}
}
