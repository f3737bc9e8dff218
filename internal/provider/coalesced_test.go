package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// tenAtATime does it for each, as Terraform does.
func tenAtATime[T any](t *testing.T, each []T, do func(i int, one T) error) {
	t.Helper()
	var walk errgroup.Group
	walk.SetLimit(10)
	for i, one := range each {
		walk.Go(func() error { return do(i, one) })
	}
	if err := walk.Wait(); err != nil {
		t.Fatal(err)
	}
}

// Resources, imports and data sources share the lists of a plan: no mix of them costs more
// than twice the pages.
func TestPlan_coalesced(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	server.CreateEnvironment("", "EU")
	type place struct{ kind, project, environment string }
	var places []place
	for i := range 40 {
		project := server.CreateProject(fmt.Sprintf("Project %d", i)).ID
		places = append(places, place{kind: projectKind, project: project})
		for _, slug := range []string{"dev", "stg", "prd", "eu"} {
			server.GenerateKey(project, slug)
			places = append(places, place{keyKind, project, slug})
		}
	}
	d := newDriver(t, server, time.Now)
	states := make([]instance, len(places))
	for i, p := range places {
		states[i] = d.none(p.kind)
		states[i].importing = strings.TrimSuffix(p.project+"/"+p.environment, "/")
	}
	for _, what := range []string{"the plan that imports", "the plan without changes"} {
		server.ResetRequests()
		d = d.next()
		tenAtATime(t, places, func(i int, p place) error {
			var err error
			if states[i], err = d.refresh(t.Context(), p.kind, states[i]); err != nil {
				return err
			}
			config := arguments{"name": d.text(states[i], "name")}
			data := []string{"traceloop_api_keys", "traceloop_environments"}
			if p.kind == keyKind {
				config = arguments{"project_id": p.project, "environment": p.environment}
				data = nil
				if err := d.readData("traceloop_api_key", config); err != nil {
					return err
				}
				if err := d.readData("traceloop_environment", arguments{"project_id": p.project, "slug": "eu"}); err != nil {
					return err
				}
			}
			for _, plural := range data {
				if err := d.readData(plural, arguments{"project_id": p.project}); err != nil {
					return err
				}
			}
			planned, err := d.plan(t.Context(), p.kind, states[i], config)
			if planned.action != "" {
				t.Errorf("%s: the plan of %v is to %s", what, p, planned.action)
			}
			return err
		})
		requests := map[string]int{}
		for _, r := range server.Requests() {
			requests[r.Method+" "+strings.Split(r.Path, "/")[2]]++
		}
		// 41 projects, 124 environments and 160 keys: 1, 2 and 2 pages.
		for collection, limit := range map[string]int{"GET projects": 2, "GET environments": 4, "GET api-keys": 4} {
			if requests[collection] == 0 || requests[collection] > limit || len(requests) != 3 {
				t.Errorf("%s: the requests are %v, want at most %d of %s", what, requests, limit, collection)
			}
		}
	}
}

// New keys in projects that the plan reads nothing else of.
func TestPlan_coalescedChecks(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, minutesAgo())
	configs := make([]arguments, 60)
	for i := range configs {
		project := server.CreateProject(fmt.Sprintf("Project %d", i)).ID
		configs[i] = arguments{"project_id": project, "environment": "prd", "replace_existing": true}
		if i%2 == 0 {
			server.GenerateKey(project, "prd")
		}
	}
	d := newDriver(t, server, time.Now)
	plans := make([]planResult, len(configs))
	tenAtATime(t, configs, func(i int, config arguments) error {
		var err error
		plans[i], err = d.plan(t.Context(), keyKind, d.none(keyKind), config)
		return err
	})
	warns(t, plans[0].diags, "Existing API Key Will Be Revoked")
	// At most twice a page of projects and a page of keys.
	if n := len(server.Requests()); n > 2*2 {
		t.Errorf("the plan takes %d requests", n)
	}

	server.ResetRequests()
	applying := d.next()
	tenAtATime(t, plans, func(_ int, p planResult) error {
		key, err := applying.carryOut(t.Context(), keyKind, p.prior, p)
		answers(t, server, d.text(key, "key"), 200)
		return err
	})
	lists, others := 0, 0
	for _, r := range server.Requests() {
		switch {
		case r.Method == "GET" && r.Path == "/v2/api-keys" && !strings.Contains(r.Query, "environment"):
			lists++
		case r.Method == "GET" && r.Path != "/v2/api-keys":
			others++
		}
	}
	// The first ten creations are planned once more, from shared lists, before anything is written.
	// One of the other reads finds out which organization answers.
	if lists > len(configs)+2 || others > 3 {
		t.Errorf("the apply takes %d lists of keys of %d projects, and %d other reads", lists, len(configs), others)
	}
}

// A plan that destroys or replaces names the keys that go with each project.
func TestPlan_coalescedCascade(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, minutesAgo())
	d := newDriver(t, server, time.Now)
	config := func(i int) arguments {
		return arguments{"name": fmt.Sprintf("Project %d", i), "deletion_protection": false}
	}
	states := make([]instance, 40)
	tenAtATime(t, states, func(i int, _ instance) error {
		var err error
		states[i], err = d.create(t.Context(), projectKind, config(i))
		return err
	})
	for _, state := range states {
		server.GenerateKey(d.text(state, "id"), "prd")
	}
	for _, replaces := range []bool{false, true} {
		server.ResetRequests()
		d = d.next()
		tenAtATime(t, states, func(i int, state instance) error {
			var wanted arguments
			if state.forced = replaces; replaces {
				wanted = config(i)
			}
			refreshed, err := d.refresh(t.Context(), projectKind, state)
			if err != nil {
				return err
			}
			p, err := d.plan(t.Context(), projectKind, refreshed, wanted)
			if !replaces { // the plan of a forced replacement has no warnings to show
				warns(t, p.diags, "Destroying Is Irreversible", "1 API key is revoked")
			}
			return err
		})
		// One page of projects, one of keys and two of environments.
		if n := len(server.Requests()); n > 2*(1+1+2) {
			t.Errorf("the plan takes %d requests, want at most twice the pages of each list", n)
		}
	}
}
