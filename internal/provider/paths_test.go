package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var moved = traceloop.Paths{
	Projects:              "/v3/organization/projects",
	Environments:          "/v3/organization/environments",
	APIKeys:               "/v3/keys",
	AutoMonitorSetups:     "/v3/monitors",
	AutoMonitorSetupsBulk: "/v3/many-monitors",
	Organizations:         "/v3/organizations",
	Evaluators:            "/v3/organization/evaluators",
}

// The day the real paths are known, the table of paths is all that changes: at other paths, every
// operation of every kind is found, and nothing else is asked for.
func TestPaths(t *testing.T) {
	t.Parallel()
	newServer := provider.NewServerWithPaths(minutesLater, moved)
	for name, life := range map[string]func(*testing.T, *emulatortest.Server){
		"projects":       func(t *testing.T, server *emulatortest.Server) { projectLife(t, server, newServer) },
		"environments":   func(t *testing.T, server *emulatortest.Server) { environmentLife(t, server, newServer) },
		"keys":           func(t *testing.T, server *emulatortest.Server) { keyLife(t, server, newServer) },
		"setups":         func(t *testing.T, server *emulatortest.Server) { setupLife(t, server, newServer) },
		"evaluators":     func(t *testing.T, server *emulatortest.Server) { evaluatorLife(t, server, newServer) },
		"setups in bulk": func(t *testing.T, server *emulatortest.Server) { createTogether(t, server, newServer) },
		"organizations": func(t *testing.T, server *emulatortest.Server) {
			server.SetSettings(emulatortest.Settings{AllowOrganizations: true})
			l := newLife(newDriverOf(t, newServer, arguments{"base_url": server.URL, "project_api_key": projectKey(server, "prd")}), organizationKind)
			l.apply(acmeConfig(), "create")
		},
		"data sources": func(t *testing.T, server *emulatortest.Server) {
			d := newDriverOf(t, newServer, arguments{"base_url": server.URL, "api_key": server.ManagementKey, "project_api_key": projectKey(server, "prd")})
			for _, kind := range []string{"projects", "environments", "api_keys", "auto_monitor_setups", "evaluators"} {
				if err := d.readData("traceloop_"+kind, nil); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := standingStill(t)
			elsewhere := startMoved(t, server, moved)
			life(t, server)
			if elsewhere.Load() != 0 {
				t.Errorf("%d requests went to other paths than those of the table", elsewhere.Load())
			}
		})
	}
}

// Without the table, nothing is found there.
func TestPaths_ofTheContractAreElsewhere(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	elsewhere := startMoved(t, server, moved)
	err := newDriver(t, server, time.Now).readData("traceloop_projects", nil)
	refuses(t, err, "There is nothing at /v2/projects.")
	if elsewhere.Load() == 0 {
		t.Error("a request to the contract's paths was not counted")
	}
}

// createTogether creates ten setups in one apply, as many at a time as Terraform does by default.
func createTogether(t *testing.T, server *emulatortest.Server, newServer newServer) {
	t.Helper()
	key := projectKey(server, "prd")
	planning := newDriverOf(t, newServer, arguments{"base_url": server.URL, "project_api_key": key})
	plans := make([]planResult, 10)
	for i := range plans {
		var err error
		if plans[i], err = planning.plan(t.Context(), setupKind, planning.none(setupKind), setupConfig(fmt.Sprintf("quality-%d", i), "char-count")); err != nil {
			t.Fatal(err)
		}
	}
	applying := planning.next()
	var wait sync.WaitGroup
	for _, p := range plans {
		wait.Go(func() {
			if _, err := applying.carryOut(t.Context(), setupKind, applying.none(setupKind), p); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if n := len(server.Setups(key)); n != len(plans) || calls(server, "POST", setupsPath+"/bulk") == 0 {
		t.Errorf("there are %d setups, want %d, created in bulk: %v", n, len(plans), server.Requests())
	}
}

// startMoved serves the emulator's API at other paths and nowhere else, and points the server's
// URL there. It counts the requests for which it has nothing.
func startMoved(t *testing.T, server *emulatortest.Server, moved traceloop.Paths) *atomic.Int64 {
	t.Helper()
	var elsewhere atomic.Int64
	server.URL = serves(t, func(w http.ResponseWriter, r *http.Request) {
		for collection, was := range map[string]string{
			moved.Projects: "/v2/projects", moved.Environments: "/v2/environments", moved.APIKeys: "/v2/api-keys",
			moved.AutoMonitorSetups: "/v2/auto-monitor-setups", moved.AutoMonitorSetupsBulk: "/v2/auto-monitor-setups/bulk",
			moved.Organizations: "/v2/organizations", moved.Evaluators: "/v2/evaluators",
		} {
			rest, found := strings.CutPrefix(r.URL.EscapedPath(), collection)
			if found && (rest == "" || rest[0] == '/') {
				r.URL.Path, r.URL.RawPath = was+strings.TrimPrefix(r.URL.Path, collection), was+rest
				server.Emulator.ServeHTTP(w, r)
				return
			}
		}
		elsewhere.Add(1)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		w.Write([]byte(`{"error":"There is nothing at ` + r.URL.Path + `."}`))
	})
	return &elsewhere
}
