package provider_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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
	setupKind    = "traceloop_auto_monitor_setup"
	setupsPath   = "/v2/auto-monitor-setups"
)

// withProjectKey prepends a provider block that has a project's key, and no management key.
func withProjectKey(server *emulatortest.Server, key, hcl string) string {
	return fmt.Sprintf("provider \"traceloop\" {\n  base_url        = %q\n  project_api_key = %q\n}\n\n", server.URL, key) + hcl
}

// standingStill is an emulator whose setups stay where they are: no test is so slow that one
// goes on.
func standingStill(t *testing.T, options ...emulatortest.Option) *emulatortest.Server {
	t.Helper()
	now := time.Now()
	return emulatortest.Start(t, append(options, emulatortest.WithNow(func() time.Time { return now }))...)
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

func TestAccSetup_life(t *testing.T) { inBothVariants(t, accSetupLife) }

func accSetupLife(t *testing.T, variant emulatortest.Option) {
	t.Helper()
	server := standingStill(t, variant)
	key := projectKey(server, "prd")
	hcl := func(rest string, evaluators ...string) string {
		return withProjectKey(server, key, setupHCL("checkout", rest, evaluators...))
	}

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy: func(*terraform.State) error {
			if setups := server.Setups(key); len(setups) != 0 {
				return fmt.Errorf("the server has %d setups after destroy", len(setups))
			}
			return nil
		},
		Steps: []resource.TestStep{
			{
				Config:           hcl(openAISelector, "toxicity-detector", "answer-relevancy"),
				ConfigPlanChecks: created(setupAddress),
				ConfigStateChecks: []statecheck.StateCheck{
					attribute(setupAddress, "status", "pending"),
					attribute(setupAddress, "project_id", server.Projects()[0].ID),
					statecheck.ExpectKnownValue(setupAddress, tfjsonpath.New("evaluator_status").AtMapKey("answer-relevancy").AtMapKey("status"), knownvalue.StringExact("pending")),
					statecheck.ExpectKnownValue(setupAddress, tfjsonpath.New("selector").AtSliceIndex(0).AtMapKey("operator"), knownvalue.StringExact("equals")),
				},
			},
			{
				ResourceName: setupAddress, ImportState: true, ImportStateId: "checkout", ImportStateVerify: true,
			},
			{ // updated in place: begins again
				Config: hcl("", "char-count"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(setupAddress, plancheck.ResourceActionUpdate),
					plancheck.ExpectUnknownValue(setupAddress, tfjsonpath.New("status")),
				}},
				ConfigStateChecks: []statecheck.StateCheck{attribute(setupAddress, "status", "pending"), isNull(setupAddress, "selector")},
			},
		},
	})
}

// newSetupLife is the life of a setup in the project and environment of the key.
func newSetupLife(t *testing.T, server *emulatortest.Server, key string) *life {
	t.Helper()
	return newLife(newDriverWith(t, time.Now, arguments{"base_url": server.URL, "project_api_key": key}), setupKind)
}

func setupConfig(externalID string, evaluators ...string) arguments {
	return arguments{"external_id": externalID, "evaluators": evaluators}
}

// setupLife is the whole life of a setup, with a provider of any paths.
func setupLife(t *testing.T, server *emulatortest.Server, newServer newServer) {
	t.Helper()
	key := projectKey(server, "prd")
	l := newLife(newDriverOf(t, newServer, arguments{"base_url": server.URL, "project_api_key": key}), setupKind)
	selector := arguments{"selector": []arguments{
		{"key": "gen_ai.system", "source": "span_attributes", "value": "openai"},
		{"key": "service.name", "source": "resource_attributes", "operator": "in", "values": []string{"web", "api"}},
		{"key": "gen_ai.prompt", "source": "span_attributes", "operator": "exists"},
	}}

	// Created, by its own operation.
	server.ResetRequests()
	config := setupConfig("checkout", "toxicity-detector", "answer-relevancy").with(selector)
	l.apply(config, "create")
	if n := calls(server, "POST", setupsPath); n != 1 || calls(server, "POST", setupsPath+"/bulk") != 0 {
		t.Errorf("%d POSTs, want the one of the single operation: %v", n, server.Requests())
	}
	home := arguments{"id": l.id(), "project_id": server.Projects()[0].ID}
	l.has(home.with(arguments{"status": "pending"}))
	if state := l.provider.format(l.nested("evaluator_status", "answer-relevancy")); state != "status=pending" {
		t.Errorf("the evaluator's state is %q", state)
	}
	if rule := l.provider.format(l.nested("selector", 0)); rule != "key=gen_ai.system operator=equals source=span_attributes value=openai" {
		t.Errorf("the first rule of the selector is %q", rule)
	}
	l.changesNothing(setupConfig("checkout", "answer-relevancy", "toxicity-detector").with(selector))
	l.imports("checkout")

	// The status moves on by itself, which is no drift.
	server.SetSettings(emulatortest.Settings{SetupsAheadSeconds: 60})
	l.changesNothing(config)
	l.has(arguments{"status": "waiting_for_spans"})

	// Updated in place: begins again.
	server.ResetRequests()
	config = setupConfig("checkout", "char-count")
	if unknown := l.apply(config, "update").unknown(t); unknown != "created_at evaluator_status id status updated_at" {
		t.Errorf("the plan of an update does not know %q", unknown)
	}
	l.has(home.with(arguments{"status": "pending", "selector": nil}))
	if n := calls(server, "PUT", setupsPath+"/checkout"); n != 1 || writes(server) != 1 {
		t.Errorf("an update was not one PUT: %v", server.Requests())
	}

	// Evaluators changed outside Terraform: drift is put right.
	server.PutSetup(key, "checkout", "word-count")
	l.apply(config, "update")
	if setups := server.Setups(key); len(setups) != 1 || len(setups[0].Evaluators) != 1 || setups[0].Evaluators[0].Type != "char-count" {
		t.Errorf("the server has %+v", setups)
	}

	// To wait is kept in the state alone.
	server.ResetRequests()
	if unknown := l.apply(config.with(arguments{"wait_for": "waiting_for_spans"}), "update").unknown(t); unknown != "" {
		t.Errorf("the plan of a wait does not know %q", unknown)
	}
	l.has(arguments{"wait_for": "waiting_for_spans"})
	noWrites(t, server)

	// Deleted outside Terraform: created again.
	server.DeleteSetup(key, "checkout")
	l.apply(config, "create")

	// Another external id replaces it, and so does force, with the same external id.
	config = setupConfig("checkout-eu", "char-count")
	for _, force := range []func(){func() {}, func() { l.state.tainted = true }, func() { l.state.forced = true }} {
		id := l.id()
		force()
		if all := warnings(l.apply(config, "replace").diags); slices.Contains(all, "Auto Monitor Setup Already Exists") {
			t.Errorf("the setup that is replaced is in its own way: %q", all)
		}
		if setups := server.Setups(key); len(setups) != 1 || setups[0].ID != l.id() || l.id() == id {
			t.Errorf("the state has %s, was %s, and the server %+v", l.id(), id, setups)
		}
	}
	l.destroy()
	if setups := server.Setups(key); len(setups) != 0 {
		t.Errorf("the server has %d setups after destroy", len(setups))
	}
	if n := calls(server, "GET", "/v2/projects"); n != 0 {
		t.Errorf("%d requests are none of a project's key", n)
	}
}

func TestSetup_refused(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	key := projectKey(server, "prd")
	server.ResetRequests()
	rule := func(rest arguments) arguments {
		return arguments{"selector": []arguments{arguments{"key": "k", "source": "span_attributes"}.with(rest)}}
	}
	for name, test := range map[string]struct {
		config  arguments
		phrases []string
	}{
		"no evaluators":            {arguments{"evaluators": []string{}}, []string{"evaluators", "at least 1"}},
		"empty external id":        {arguments{"external_id": ""}, []string{"external_id", "1 to 255 characters"}},
		"external id with a slash": {arguments{"external_id": "checkout/eu"}, []string{"Invalid External ID", "without slashes"}},
		"second rule": {arguments{"selector": []arguments{
			{"key": "k", "source": "span_attributes", "value": "v"},
			{"key": "k", "source": "span_attributes", "operator": "in"},
		}}, []string{"Missing Value for Operator", `selector[1] has the operator "in"`}},
		"reserved external id":   {arguments{"external_id": "bulk"}, []string{"Invalid External ID", "bulk", "path"}},
		"empty selector":         {arguments{"selector": []arguments{}}, []string{"selector", "at least 1"}},
		"unknown source":         {rule(arguments{"source": "events", "value": "v"}), []string{"source", "span_attributes"}},
		"unknown operator":       {rule(arguments{"operator": "like", "value": "v"}), []string{"operator", "not_equals"}},
		"equals nothing":         {rule(nil), []string{"Missing Value for Operator", `"equals", which needs "value"`}},
		"not_equals nothing":     {rule(arguments{"operator": "not_equals"}), []string{"Missing Value for Operator", `"value"`}},
		"contains values":        {rule(arguments{"operator": "contains", "value": "v", "values": []string{"v"}}), []string{"Unexpected Value for Operator", `which does not take "values"`}},
		"not_contains nothing":   {rule(arguments{"operator": "not_contains"}), []string{"Missing Value for Operator"}},
		"in a value":             {rule(arguments{"operator": "in", "value": "v", "values": []string{"v"}}), []string{"Unexpected Value for Operator", `which does not take "value"`, `takes "values"`}},
		"in nothing":             {rule(arguments{"operator": "in"}), []string{"Missing Value for Operator", `"values"`}},
		"not_in an empty set":    {rule(arguments{"operator": "not_in", "values": []string{}}), []string{"values", "at least 1"}},
		"exists with a value":    {rule(arguments{"operator": "exists", "value": "v"}), []string{"Unexpected Value for Operator", "compares with nothing"}},
		"not_exists with values": {rule(arguments{"operator": "not_exists", "values": []string{"v"}}), []string{"Unexpected Value for Operator"}},
		"timeout without a wait": {arguments{"wait_timeout": "1m"}, []string{"wait_for", "must be specified"}},
		"timeout that is none":   {arguments{"wait_for": "completed", "wait_timeout": "soon"}, []string{"Invalid Wait Timeout"}},
		"timeout too long":       {arguments{"wait_for": "completed", "wait_timeout": "2h"}, []string{"between 1s and 1h"}},
		"wait for another":       {arguments{"wait_for": "failed"}, []string{"wait_for"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newSetupLife(t, server, key)
			pointsAt(t, l.refusesToPlan(setupConfig("a", "char-count").with(test.config), test.phrases...))
		})
	}
	if requests := server.Requests(); len(requests) != 0 {
		t.Errorf("what no plan can take needs no request, and there are %v", requests)
	}
}

// Every operator with the operand that it needs is taken, stored and read without a difference.
func TestSetup_operators(t *testing.T) {
	t.Parallel()
	server := standingStill(t)
	var rules []arguments
	for _, operator := range []string{"equals", "not_equals", "contains", "not_contains"} {
		rules = append(rules, arguments{"key": "k", "source": "span_attributes", "operator": operator, "value": "v"})
	}
	for _, operator := range []string{"in", "not_in"} {
		rules = append(rules, arguments{"key": "k", "source": "resource_attributes", "operator": operator, "values": []string{"w", "v"}})
	}
	for _, operator := range []string{"exists", "not_exists"} {
		rules = append(rules, arguments{"key": "k", "source": "span_attributes", "operator": operator})
	}
	config := setupConfig("all", "char-count").with(arguments{"selector": rules})
	l := newSetupLife(t, server, projectKey(server, "prd"))
	l.apply(config, "create")
	l.has(config)
	l.imports("all")
	l.destroy()
}

// planWarns checks that a warning of a plan has the phrases.
func planWarns(tb testing.TB, p planResult, phrases ...string) {
	tb.Helper()
	var all []string
	for _, diag := range p.diags {
		if diag.Severity == tfprotov6.DiagnosticSeverityWarning {
			all = append(all, diag.Summary+": "+diag.Detail)
		}
	}
	if !slices.ContainsFunc(all, says(slices.Clone(phrases)...).MatchString) {
		tb.Errorf("no warning says %q: %q", phrases, all)
	}
}

// A plan warns, and its apply refuses the one setup. An external id is unique in the project, in all its
// environments. How the CLI shows such a plan is in TestCLI_bulkOutcomeUnknown and TestCLI_twoSetupsForOneExternalID.
func TestSetup_existing(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	prd, dev := projectKey(server, "prd"), projectKey(server, "dev")
	existing := server.CreateSetup(prd, "checkout", "word-count")
	config := setupConfig("checkout", "char-count")
	for _, key := range []string{prd, dev} {
		server.ResetRequests()
		l := newSetupLife(t, server, key)
		planWarns(t, l.plan(config, true), "Auto Monitor Setup Already Exists", existing.ID, existing.EnvProjectID, "Apply will refuse", "import {", `"checkout"`)
		l.refusesToApply(config, "Auto Monitor Setup Already Exists", existing.ID, existing.EnvProjectID, "Nothing was changed", "import {")
		noWrites(t, server)
	}

	l := newSetupLife(t, server, prd)
	var err error
	if l.state, err = l.provider.importID(t.Context(), setupKind, "checkout"); err != nil {
		t.Fatal(err)
	}
	l.has(arguments{"id": existing.ID})
	l.apply(config, "update")
	l.has(arguments{"id": existing.ID})
	l.destroy()
	if left := server.Setups(prd); len(left) != 0 {
		t.Errorf("destroyed, and there are %+v", left)
	}
}

// Two resources of one plan have one external id: one of the two is created.
func TestSetup_twice(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	key := projectKey(server, "prd")
	d := newSetupLife(t, server, key).provider
	var plans []planResult
	for _, slug := range []string{"char-count", "word-count"} {
		p, err := d.plan(t.Context(), setupKind, d.none(setupKind), setupConfig("twice", slug))
		if err != nil {
			t.Fatal(err)
		}
		plans = append(plans, p)
	}
	planWarns(t, plans[1], "Two Resources for One Auto Monitor Setup", "twice", "Apply will refuse")

	applying, errs := d.next(), make([]error, len(plans))
	var all sync.WaitGroup
	for i, p := range plans {
		all.Go(func() { _, errs[i] = applying.carryOut(t.Context(), setupKind, applying.none(setupKind), p) })
	}
	all.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("want one setup and one refusal: %v", errs)
	}
	refuses(t, errors.Join(errs...), "Auto Monitor Setup Already Exists", "Nothing was changed")
	if setups := server.Setups(key); len(setups) != 1 || (setups[0].Evaluators[0].Type == "char-count") != (errs[0] == nil) {
		t.Errorf("the second one changed the first: %+v", setups)
	}
}

// The key decides where a setup is. With another one, nothing is read for it, nor changed.
func TestSetup_keyOfAnotherProject(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	prd := projectKey(server, "prd")
	_, other := server.GenerateKey(server.CreateProject("Other").ID, "prd")
	server.CreateSetup(other, "checkout", "word-count")
	config := setupConfig("checkout", "char-count")
	l := newSetupLife(t, server, prd)
	l.apply(config, "create")
	ours := l.provider
	server.ResetRequests()
	l.provider = newSetupLife(t, server, other).provider
	l.refusesToPlan(config, "Unable to Read Auto Monitor Setup", "different projects or environments", "Use the key of the project and environment", "-refresh=false", "moved {", "removed {")
	_, _, err := l.provider.apply(t.Context(), setupKind, l.state, nil)
	refuses(t, err, "Unable to Delete Auto Monitor Setup", "different projects", "terraform state rm ADDRESS")
	hides(t, err.Error(), "-refresh=false", "removed {")
	noWrites(t, server)
	l.provider = ours
	l.changesNothing(config)
	l.destroy()
	if setups := server.Setups(other); len(setups) != 1 || setups[0].Evaluators[0].Type != "word-count" {
		t.Errorf("the other project has %+v", setups)
	}
}

func TestSetup_missingKey(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	key := projectKey(server, "prd")
	server.ResetRequests()
	managing := newDriver(t, server, time.Now)
	newLife(managing, setupKind).refusesToPlan(setupConfig("a", "char-count"), "Missing Project Key", "project_api_key", "TRACELOOP_PROJECT_API_KEY")
	newLife(managing, organizationKind).refusesToPlan(arguments{"name": "Acme"}, "Missing Project Key")
	refuses(t, managing.readData("traceloop_auto_monitor_setups", nil), "Missing Project Key")
	newLife(newSetupLife(t, server, key).provider, projectKind).refusesToPlan(arguments{"name": "Orders"}, "Missing Management Key")
	_, err := startDriver(t, provider.NewServer(time.Now), arguments{"base_url": server.URL, "project_api_key": "tl_a b"})
	refuses(t, err, "Invalid Provider Configuration", "project_api_key")
	if requests := server.Requests(); len(requests) != 0 {
		t.Errorf("without a key, there are %v", requests)
	}
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
		if strings.HasPrefix(r.URL.Path, setupsPath) || strings.HasPrefix(r.URL.Path, evaluatorsPath) || strings.HasPrefix(r.URL.Path, "/v2/organizations") {
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
	cli.Env = append(cli.Env, "TRACELOOP_MANAGEMENT_BASE_URL="+front)
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

// sleeping gives a provider whose waits move the emulator's clock of setups, and says how long they were.
func sleeping(server *emulatortest.Server, settings emulatortest.Settings, meanwhile func()) (start newServer, waited func() time.Duration) {
	var mu sync.Mutex
	now, ahead := time.Now(), time.Duration(0)
	waited = func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return ahead
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
	return provider.NewServerWithSleep(func() time.Time { return now.Add(waited()) }, sleep), waited
}

// What the CLI says of a wait that ends early is in TestCLI_waitThatFails.
func TestSetup_waitFor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		wait     arguments
		spans    bool
		failing  map[string]string
		status   string
		timesOut time.Duration // 0: the wait ends before
	}{
		"waiting for spans":            {arguments{"wait_for": "waiting_for_spans"}, false, nil, "waiting_for_spans", 0},
		"already further":              {arguments{"wait_for": "waiting_for_spans"}, true, nil, "completed", 0},
		"completed":                    {arguments{"wait_for": "completed"}, true, nil, "completed", 0},
		"never completed":              {arguments{"wait_for": "completed", "wait_timeout": "30s"}, false, nil, "waiting_for_spans", 30 * time.Second},
		"never completed, by default":  {arguments{"wait_for": "completed"}, false, nil, "waiting_for_spans", 5 * time.Minute},
		"a timeout that is too short":  {arguments{"wait_for": "completed", "wait_timeout": "2s"}, false, nil, "pending", 2 * time.Second},
		"failed":                       {arguments{"wait_for": "completed"}, true, map[string]string{"char-count": "no", "word-count": "no"}, "failed", 0},
		"partial, which is not drift":  {arguments{"wait_for": "completed"}, true, map[string]string{"char-count": "no"}, "partial", 0},
		"none, and the status changes": {nil, false, nil, "pending", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := standingStill(t)
			key := projectKey(server, "prd")
			settings := emulatortest.Settings{FailingEvaluators: test.failing}
			server.SetSettings(settings)
			send := func() {}
			if test.spans {
				send = func() { server.SendSpans(key, 1) }
			}
			start, waited := sleeping(server, settings, send)
			l := newLife(newDriverOf(t, start, arguments{"base_url": server.URL, "project_api_key": key}), setupKind)
			l.apply(setupConfig("a", "char-count", "word-count").with(test.wait), "create")
			l.has(arguments{"status": test.status})
			if d := waited(); test.timesOut > 0 && d != test.timesOut || test.timesOut == 0 && (d > time.Minute || d > 0 && test.wait == nil) {
				t.Errorf("it waited %s, want a timeout after %s; 0s is none", d, test.timesOut)
			}
			l.destroy()
		})
	}
}

// A list shows what can be imported, by the identity that it gives. The identity names the
// project and environment: the key of another project does not import it.
func TestSetup_listedAndImportedByIdentity(t *testing.T) {
	t.Parallel()
	server := standingStill(t)
	_, other := server.GenerateKey(server.CreateProject("Other").ID, "prd")
	prd := projectKey(server, "prd")
	elsewhere, inPrd := server.CreateSetup(other, "elsewhere", "char-count"), server.CreateSetup(prd, "checkout", "word-count")
	server.SetSettings(emulatortest.Settings{SetupsAheadSeconds: 60})
	server.CreateSetup(prd, "cart", "word-count")
	d := newDriverWith(t, time.Now, arguments{"base_url": server.URL, "project_api_key": prd})

	for _, test := range []struct {
		config arguments
		want   []string
	}{
		{arguments{}, []string{"elsewhere", "checkout", "cart"}},
		{arguments{"env_project_id": inPrd.EnvProjectID}, []string{"checkout", "cart"}},
		{arguments{"status": "pending"}, []string{"cart"}},
		{arguments{"status": "completed"}, []string{}},
	} {
		if got := d.names(setupKind, test.config); !slices.Equal(got, test.want) {
			t.Errorf("%v: listed %q, want %q", test.config, got, test.want)
		}
	}

	all, err := d.query(setupKind, arguments{"env_project_id": inPrd.EnvProjectID}, 1, true)
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	imported, err := d.importIdentity(setupKind, all[0].arguments())
	if err != nil {
		t.Fatal(err)
	}
	if id := d.text(imported, "id"); id != inPrd.ID || !imported.value.Equal(all[0].resource) {
		t.Errorf("imported %s, listed %s", imported.value, all[0].resource)
	}

	for says, identity := range map[string]arguments{
		"different projects or environments": {"env_project_id": elsewhere.EnvProjectID, "external_id": "elsewhere"},
		"no auto monitor setup":              {"env_project_id": inPrd.EnvProjectID, "external_id": "none"},
		"env_project_id is missing":          {"external_id": "checkout"},
		"must have 1 to 255 characters":      {"env_project_id": inPrd.EnvProjectID, "external_id": ""},
		"does not identify the auto moni":    {"env_project_id": inPrd.EnvProjectID, "external_id": ".."},
	} {
		_, err := d.importIdentity(setupKind, identity)
		refuses(t, err, says)
		hides(t, err.Error(), "-refresh=false", "moved {")
	}
}
