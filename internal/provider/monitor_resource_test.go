package provider_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

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
				},
			},
			{
				ResourceName: setupAddress, ImportState: true, ImportStateId: "checkout", ImportStateVerify: true,
			},
			{ // updated in place: begins again
				Config:            hcl("", "char-count"),
				ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(setupAddress, plancheck.ResourceActionUpdate)}},
				ConfigStateChecks: []statecheck.StateCheck{attribute(setupAddress, "status", "pending"), isNull(setupAddress, "selector")},
			},
		},
	})
}

// keyedLife is the life of an object that is managed with the key of a project and environment.
func keyedLife(t *testing.T, server *emulatortest.Server, key, kind string) *life {
	t.Helper()
	return newLife(newDriverWith(t, time.Now, arguments{"base_url": server.URL, "project_api_key": key}), kind)
}

// takesOver imports an object.
func (l *life) takesOver(id string) {
	l.t.Helper()
	var err error
	if l.state, err = l.provider.next().importID(l.t.Context(), l.kind, id); err != nil {
		l.t.Fatal(err)
	}
}

func setupConfig(externalID string, evaluators ...string) arguments {
	return arguments{"external_id": externalID, "evaluators": evaluators}
}

// setupLife is the whole life of a setup, with a provider of any paths.
func setupLife(t *testing.T, server *emulatortest.Server, newServer newServer) {
	t.Helper()
	key := projectKey(server, "prd")
	l := newLife(newDriverOf(t, newServer, arguments{"base_url": server.URL, "project_api_key": key}), setupKind)
	rules := []arguments{{"key": "gen_ai.system", "source": "span_attributes", "value": "openai"}}
	for operator, operand := range map[string]arguments{ // every operator with what it needs
		"equals": {"value": "v"}, "not_equals": {"value": "v"}, "contains": {"value": "v"}, "not_contains": {"value": "v"},
		"in": {"values": []string{"w", "v"}}, "not_in": {"values": []string{"w", "v"}}, "exists": nil, "not_exists": nil,
	} {
		rules = append(rules, arguments{"key": "k", "source": "resource_attributes", "operator": operator}.with(operand))
	}
	selector := arguments{"selector": rules}

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
	updated := l.apply(config, "update")
	warns(t, updated.diags, "Auto Monitor Setup Will Restart", `sets its status back to "pending"`)
	if unknown := updated.unknown(t); unknown != "created_at evaluator_status id status updated_at" {
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

// A plan warns, and its apply refuses the one setup. An external id is unique in the project, in all its
// environments.
func TestSetup_existing(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	prd, dev := projectKey(server, "prd"), projectKey(server, "dev")
	existing := server.CreateSetup(prd, "checkout", "word-count")
	config := setupConfig("checkout", "char-count")
	for _, key := range []string{prd, dev} {
		server.ResetRequests()
		l := keyedLife(t, server, key, setupKind)
		warns(t, l.plan(config, true).diags, "Auto Monitor Setup Already Exists", existing.ID, existing.EnvProjectID, "Apply will refuse", "import {", `"checkout"`)
		l.refusesToApply(config, "Auto Monitor Setup Already Exists", existing.ID, existing.EnvProjectID, "Nothing was changed", "import {")
		noWrites(t, server)
	}

	l := keyedLife(t, server, prd, setupKind)
	l.takesOver("checkout")
	l.apply(config, "update")
	l.has(arguments{"id": existing.ID})
}

// Resources for one external id in one plan, in any order: it warns, and the apply refuses one. Where something would
// be destroyed for it, the plan refuses.
func TestSetup_inOnePlan(t *testing.T) {
	t.Parallel()
	server := standingStill(t)
	key := projectKey(server, "prd")
	l, other := keyedLife(t, server, key, setupKind), keyedLife(t, server, key, setupKind)
	a, b, c := setupConfig("a", "char-count"), setupConfig("b", "char-count"), setupConfig("c", "char-count")
	l.apply(a, "create")
	other.apply(b, "create")
	isA, isB, none := l.state, other.state, l.provider.none(setupKind)
	server.ResetRequests()
	at := func(state instance, config arguments) address { return address{setupKind, state, config} }
	const two, stranded = "Two Resources for One Auto Monitor Setup", "Unable to Replace Auto Monitor Setup"
	for name, test := range map[string]struct {
		first, second address
		warns         bool // or else it is refused
	}{
		"both are new":               {at(none, c), at(none, c), true},
		"one is there":               {at(isA, a), at(none, a), true},
		"one changes":                {at(isA, setupConfig("a", "word-count")), at(none, a), true},
		"one leaves":                 {at(isA, c), at(none, a), false},
		"one is destroyed":           {at(isA, nil), at(none, a), false},
		"one comes":                  {at(isA, a), at(isB, a), false},
		"two come":                   {at(isA, c), at(isB, c), false},
		"they swap":                  {at(isA, b), at(isB, a), false},
		"one makes room for another": {at(isA, b), at(isB, c), false},
	} {
		for _, order := range [][]address{{test.first, test.second}, {test.second, test.first}} {
			said, err := l.provider.next().plansTogether(order...)
			switch {
			case test.warns && (err != nil || !slices.Contains(said, two)):
				t.Errorf("%s: %v, and the plan warns %q", name, err, said)
			case !test.warns:
				refuses(t, err, "Nothing was changed", "-refresh=false")
				if !strings.Contains(err.Error(), two) && !strings.Contains(err.Error(), stranded) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
	unknown := newDriverWith(t, time.Now, arguments{"base_url": server.URL, "project_api_key": unknownText})
	if said, err := unknown.plansTogether(at(none, c), at(none, c)); err != nil || !slices.Contains(said, two) {
		t.Errorf("with a key that is not known yet: %v, and the plan warns %q", err, said)
	}
	noWrites(t, server)

	errs := createdTogether(t, l.provider, c, setupConfig("c", "word-count"))
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("want one setup and one refusal: %v", errs)
	}
	refuses(t, errors.Join(errs...), "Auto Monitor Setup Already Exists", "Nothing was changed")
	if setups := server.Setups(key); len(setups) != 3 || (setups[2].Evaluators[0].Type == "char-count") != (errs[0] == nil) {
		t.Errorf("the second one changed the first: %+v", setups)
	}
}

// createdTogether creates setups at the same time, and returns their errors.
func createdTogether(t *testing.T, d *driver, configs ...arguments) []error {
	t.Helper()
	plans, errs := make([]planResult, len(configs)), make([]error, len(configs))
	for i, config := range configs {
		plans[i] = newLife(d, setupKind).plan(config, false)
	}
	applying := d.next()
	var all sync.WaitGroup
	for i, plan := range plans {
		all.Go(func() { _, errs[i] = applying.carryOut(t.Context(), setupKind, applying.none(setupKind), plan) })
	}
	all.Wait()
	return errs
}

// The key decides where a setup is. With another one, nothing is read for it, nor changed.
func TestSetup_keyOfAnotherProject(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	prd := projectKey(server, "prd")
	_, other := server.GenerateKey(server.CreateProject("Other").ID, "prd")
	server.CreateSetup(other, "checkout", "word-count")
	config := setupConfig("checkout", "char-count")
	l := keyedLife(t, server, prd, setupKind)
	l.apply(config, "create")
	ours := l.provider
	server.ResetRequests()
	l.provider = keyedLife(t, server, other, setupKind).provider
	l.refusesToPlan(config, "Unable to Read Auto Monitor Setup", "different projects or environments", "Use the key of the project and environment", "-refresh=false", "terraform state rm ADDRESS")
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
	newLife(keyedLife(t, server, key, setupKind).provider, projectKind).refusesToPlan(arguments{"name": "Orders"}, "Missing Management Key")
	_, err := startDriver(t, provider.NewServer(time.Now), arguments{"base_url": server.URL, "project_api_key": "tl_a b"})
	refuses(t, err, "Invalid Provider Configuration", "project_api_key")
	if requests := server.Requests(); len(requests) != 0 {
		t.Errorf("without a key, there are %v", requests)
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

// A wait never fails an apply that has done its work.
func TestSetup_waitFor(t *testing.T) {
	t.Parallel()
	completed := arguments{"wait_for": "completed"}
	for name, test := range map[string]struct {
		wait     arguments
		spans    bool
		failing  map[string]string
		status   string
		timesOut time.Duration // 0: the wait ends before
		warns    []string
	}{
		"waiting for spans":            {arguments{"wait_for": "waiting_for_spans"}, false, nil, "waiting_for_spans", 0, nil},
		"already further":              {arguments{"wait_for": "waiting_for_spans"}, true, nil, "completed", 0, nil},
		"completed":                    {completed, true, nil, "completed", 0, nil},
		"never completed":              {completed.with(arguments{"wait_timeout": "30s"}), false, nil, "waiting_for_spans", 30 * time.Second, []string{"Timed Out Waiting for Auto Monitor Setup", `did not reach the status "completed" within 30s`, "check the selector"}},
		"never completed, by default":  {completed, false, nil, "waiting_for_spans", 5 * time.Minute, []string{"Timed Out Waiting"}},
		"a timeout that is too short":  {completed.with(arguments{"wait_timeout": "2s"}), false, nil, "pending", 2 * time.Second, []string{"Timed Out Waiting"}},
		"failed":                       {completed, true, map[string]string{"char-count": "no", "word-count": "no"}, "failed", 0, []string{"Auto Monitor Setup Failed", "char-count: no", "word-count: no"}},
		"partial, which is not drift":  {completed, true, map[string]string{"char-count": "no"}, "partial", 0, []string{"Auto Monitor Setup Partly Failed", "char-count: no"}},
		"not read":                     {completed.with(arguments{"wait_timeout": "1s"}), false, nil, "pending", 0, []string{"Unable to Read Auto Monitor Setup Status", "The service accepted the setup"}},
		"not shown yet":                {completed, true, nil, "completed", 0, nil},
		"not shown in time":            {completed.with(arguments{"wait_timeout": "2s"}), false, nil, "pending", 2 * time.Second, []string{"Unable to Read Auto Monitor Setup Status", "404", "The service accepted the setup"}},
		"none, and the status changes": {nil, false, nil, "pending", 0, nil},
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
			l := newLife(newDriverOf(t, start, arguments{"base_url": server.URL, "project_api_key": key, "max_retries": int64(0)}), setupKind)
			config := setupConfig("a", "char-count", "word-count").with(test.wait)
			notFound := emulatortest.Fault{Method: "GET", Path: setupsPath + "/", Kind: "status", Status: 404, Times: 2}
			faults := map[string]emulatortest.Fault{"not shown yet": notFound, "not shown in time": notFound, "not read": {Method: "GET", Path: setupsPath + "/", Kind: "status", Status: 500}}
			if fault, ok := faults[name]; ok {
				server.SetFaults(fault)
			}
			creating := l.provider.next()
			if err := l.saves(config).apply(creating); err != nil {
				t.Fatal(err)
			}
			if text := said(creating.applied); test.warns == nil && text != "" || !says(test.warns...).MatchString(text) {
				t.Errorf("the apply warns %q, want %q", text, test.warns)
			}
			l.changesNothing(config)
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
