package provider_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

const coalesced = `
locals {
  projects = toset(%s)
  slots    = { for pair in setproduct(local.projects, ["dev", "stg", "prd", "eu"]) : join("/", pair) => pair }
}

resource "traceloop_project" "all" {
  for_each = local.projects
  name     = "Imported"

  lifecycle {
    ignore_changes = [name]
  }
}

resource "traceloop_api_key" "all" {
  for_each    = local.slots
  project_id  = traceloop_project.all[each.value[0]].id
  environment = each.value[1]
}

import {
  for_each = local.projects
  to       = traceloop_project.all[each.key]
  id       = each.key
}

import {
  for_each = local.slots
  to       = traceloop_api_key.all[each.key]
  id       = each.key
}

data "traceloop_api_key" "by_slot" {
  for_each    = local.slots
  project_id  = each.value[0]
  environment = each.value[1]
}

data "traceloop_api_keys" "by_project" {
  for_each   = local.projects
  project_id = each.key
}

data "traceloop_environment" "by_slug" {
  for_each   = local.projects
  project_id = each.key
  slug       = "eu"
}

data "traceloop_environments" "by_project" {
  for_each   = local.projects
  project_id = each.key
}

output "keys" {
  value = sum([for found in data.traceloop_api_keys.by_project : length(found.api_keys)])
}

output "environments" {
  value = sum([for found in data.traceloop_environments.by_project : length(found.environments)])
}
`

// Resources, imports and data sources share the lists of a plan: no mix of them costs more
// than twice the pages.
func TestAccPlan_coalesced(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	server.CreateEnvironment("", "EU")
	var projects []string
	for i := range 40 {
		project := server.CreateProject(fmt.Sprintf("Project %d", i))
		projects = append(projects, project.ID)
		for _, slug := range []string{"dev", "stg", "prd", "eu"} {
			server.GenerateKey(project.ID, slug)
		}
	}
	ids, err := json.Marshal(projects)
	if err != nil {
		t.Fatal(err)
	}
	c := newCLI(t, server)
	c.write(fmt.Sprintf(coalesced, ids))

	// 41 projects, 124 environments and 160 keys: 1, 2 and 2 pages.
	limits := map[string]int{"projects": 2, "environments": 4, "api-keys": 4}
	cheap := func(what string) {
		t.Helper()
		requests := map[string]int{}
		for _, r := range server.Requests() {
			if r.Method != "GET" {
				t.Errorf("%s: %s %s", what, r.Method, r.Path)
			}
			requests[strings.Split(r.Path, "/")[2]]++
		}
		for collection, limit := range limits {
			if requests[collection] == 0 || requests[collection] > limit {
				t.Errorf("%s: %d requests of %s, want at most %d", what, requests[collection], collection, limit)
			}
		}
	}

	server.ResetRequests()
	shows(t, c.plan("-out=saved"), "200 to import, 0 to add, 0 to change, 0 to destroy")
	cheap("the plan that imports")
	server.ResetRequests()
	c.ok("apply", "saved")
	server.ResetRequests()
	shows(t, c.plan(), "No changes")
	cheap("the plan without changes")
	if got := c.outputs(); got["keys"] != 160.0 || got["environments"] != 160.0 {
		t.Errorf("the data sources found %v", got)
	}
}

const literal = `
locals {
  projects = toset(%s)
}

resource "traceloop_api_key" "all" {
  for_each         = local.projects
  project_id       = each.key
  environment      = "prd"
  replace_existing = true
}
`

// New keys in projects that the plan reads nothing else of.
func TestAccPlan_coalescedChecks(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, minutesAgo())
	var projects []string
	for i := range 60 {
		project := server.CreateProject(fmt.Sprintf("Project %d", i))
		projects = append(projects, project.ID)
		if i%2 == 0 {
			server.GenerateKey(project.ID, "prd")
		}
	}
	ids, err := json.Marshal(projects)
	if err != nil {
		t.Fatal(err)
	}
	c := newCLI(t, server)
	c.write(fmt.Sprintf(literal, ids))

	server.ResetRequests()
	shows(t, c.plan("-out=saved"), "60 to add", "Existing API Key Will Be Revoked")
	// At most twice a page of projects and a page of keys.
	if n := len(server.Requests()); n > 2*2 {
		t.Errorf("the plan takes %d requests", n)
	}
	server.ResetRequests()
	c.ok("apply", "saved")
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
	if lists > 60+2 || others > 3 {
		t.Errorf("the apply takes %d lists of keys of 60 projects, and %d other reads", lists, others)
	}
}

const doomed = `
resource "traceloop_project" "all" {
  count               = 40
  name                = "Project ${count.index}"
  deletion_protection = false
}

resource "traceloop_api_key" "all" {
  count       = 40
  project_id  = traceloop_project.all[count.index].id
  environment = "prd"
}
`

// A plan that destroys or replaces names the keys that go with each project.
func TestAccPlan_coalescedCascade(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	c := newCLI(t, server)
	c.write(doomed)
	c.apply()

	replace := []string{}
	for i := range 40 {
		replace = append(replace, fmt.Sprintf("-replace=traceloop_project.all[%d]", i))
	}
	for _, args := range [][]string{{"-destroy"}, replace} {
		server.ResetRequests()
		shows(t, c.plan(args...), "80 to destroy")
		// The CLI starts the provider once to refresh and, for -destroy, once more to plan: one page
		// of projects and of keys, and two of environments.
		if n := len(server.Requests()); n > 2*2*2+2*2 {
			t.Errorf("plan %s takes %d requests, want at most twice the pages of each list and process", args[0], n)
		}
	}
}
