package provider_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// passage carries out a request, and lets a test do something before and after.
type passage func(r *http.Request, carryOut func() (*http.Response, error)) (*http.Response, error)

// inFront starts a server that has every request pass on its way to the emulator. An error
// breaks the connection off.
func inFront(t *testing.T, server *emulatortest.Server, pass passage) (address string) {
	t.Helper()
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Body != nil { // net/http notices that the client has gone only once the body is read
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
			}
			return pass(r, func() (*http.Response, error) { return transport.RoundTrip(r) })
		}),
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     log.New(io.Discard, "", 0),
	})
	t.Cleanup(front.Close)
	t.Cleanup(front.CloseClientConnections)
	t.Cleanup(transport.CloseIdleConnections)
	return front.URL
}

// meeting has requests wait until so many have come together, or their clients have gone.
func meeting(n int) func(*http.Request) {
	var coming atomic.Int32
	complete := make(chan struct{})
	return func(r *http.Request) {
		if coming.Add(1) == int32(n) {
			close(complete)
		}
		select {
		case <-complete:
		case <-r.Context().Done():
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// set adds to the environment of the CLI, or replaces there.
func (c *cli) set(name, value string) { c.Env = append(c.Env, name+"="+value) }

// outputs returns the values of the outputs.
func (c *cli) outputs() map[string]any {
	c.t.Helper()
	var outputs map[string]struct{ Value any }
	c.parse(&outputs, "output", "-json")
	values := map[string]any{}
	for name, output := range outputs {
		values[name] = output.Value
	}
	return values
}

// fleetHCL is a team's projects, each with a key in every built-in environment, and with an
// environment of its own that has a key too.
func fleetHCL(team string, projects int) string {
	return fmt.Sprintf(`
locals {
  slots = { for pair in setproduct(range(%d), ["dev", "stg", "prd"]) : "${pair[0]}-${pair[1]}" => pair }
}

resource "traceloop_project" "service" {
  count               = %[1]d
  name                = "%[2]s ${count.index}"
  deletion_protection = false
}

resource "traceloop_environment" "canary" {
  count               = %[1]d
  project_id          = traceloop_project.service[count.index].id
  name                = "%[2]s canary"
  deletion_protection = false
}

resource "traceloop_api_key" "built_in" {
  for_each    = local.slots
  project_id  = traceloop_project.service[each.value[0]].id
  environment = each.value[1]
}

resource "traceloop_api_key" "canary" {
  count       = %[1]d
  project_id  = traceloop_project.service[count.index].id
  environment = traceloop_environment.canary[count.index].slug
}

output "keys" {
  sensitive = true
  value     = concat(values(traceloop_api_key.built_in)[*].key, traceloop_api_key.canary[*].key)
}
`, projects, team)
}

// whole checks what an apply of fleetHCL leaves: keys that work, each of its own, and nothing to do.
func whole(t *testing.T, c *cli, server *emulatortest.Server, projects int) {
	t.Helper()
	keys, _ := c.outputs()["keys"].([]any)
	if len(keys) != 4*projects {
		t.Errorf("the state has %d keys, want %d", len(keys), 4*projects)
	}
	for i, key := range keys {
		if slices.Contains(keys[:i], key) {
			t.Error("two resources have the same key")
		}
		if status := server.SendSpans(fmt.Sprint(key), 1); status != http.StatusOK {
			t.Errorf("a key of the state is answered %d, want 200", status)
		}
	}
	c.plan("-detailed-exitcode")
}

// holds checks how much the organization has, beside what it has from the start.
func holds(t *testing.T, server *emulatortest.Server, projects int) {
	t.Helper()
	environments := 0
	for _, environment := range server.Environments("") {
		if !environment.BuiltIn {
			environments++
		}
	}
	got := [...]int{len(server.Projects()) - 1, environments, len(server.Keys())}
	if want := [...]int{projects, projects, 4 * projects}; got != want {
		t.Errorf("the server has %v projects, environments and keys, want %v", got, want)
	}
}

func TestConcurrency_parallelism(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	together := meeting(25) // more than the CLI has in flight of its own accord, 10
	address := inFront(t, server, func(r *http.Request, carryOut func() (*http.Response, error)) (*http.Response, error) {
		if r.Method == http.MethodPost && r.URL.Path == "/v2/api-keys" {
			together(r)
		}
		return carryOut()
	})
	c := newCLI(t, server)
	c.set("TRACELOOP_MANAGEMENT_BASE_URL", address)
	c.write(fleetHCL("Fleet", 10))
	c.apply("-parallelism=50")
	whole(t, c, server, 10)
	holds(t, server, 10)
	c.destroy()
	holds(t, server, 0)
}

// Two applies that both find the place free and meet at the service.
func TestConcurrency_raceForOnePlace(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.Projects()[0].ID
	both := meeting(2)
	address := inFront(t, server, func(r *http.Request, carryOut func() (*http.Response, error)) (*http.Response, error) {
		if r.Method == http.MethodPost {
			both(r)
		}
		return carryOut()
	})

	type result struct {
		cli *cli
		out string
		err error
	}
	results := make(chan result, 2)
	for range 2 {
		c := newCLI(t, server)
		c.set("TRACELOOP_MANAGEMENT_BASE_URL", address)
		c.write(keyHCL(fmt.Sprintf("%q", project), "prd", "null") + "output \"key\" {\n  sensitive = true\n  value     = traceloop_api_key.orders.key\n}\n")
		go func() {
			out, err := c.run("apply", "-auto-approve", "-input=false")
			results <- result{c, out, err}
		}()
	}
	winner, loser := <-results, <-results
	if winner.err != nil {
		winner, loser = loser, winner
	}
	if winner.err != nil || loser.err == nil {
		t.Fatalf("want one winner and one loser, got:\n%s\n%s", winner.out, loser.out)
	}
	keys := server.Keys()
	if len(keys) != 1 {
		t.Fatalf("the server has %d keys, want 1", len(keys))
	}
	shows(t, loser.out, "Environment Already Has an API Key", keys[0].ID, fmt.Sprintf(`id = "%s/prd"`, project), "replace_existing = true")
	if status := server.SendSpans(fmt.Sprint(winner.cli.outputs()["key"]), 1); status != http.StatusOK {
		t.Errorf("the winner's key is answered %d, want 200", status)
	}
	if list := loser.cli.ok("state", "list"); strings.TrimSpace(list) != "" {
		t.Errorf("the loser's state has %s", list)
	}
}
