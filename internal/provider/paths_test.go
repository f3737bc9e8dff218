package provider_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

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
}

// The day the real paths are known, the table of paths is all that changes.
func TestAccProject_lifeAtOtherPaths(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	elsewhere := startMoved(t, server, moved)
	paths := map[string]func() (tfprotov6.ProviderServer, error){"traceloop": provider.NewServerWithPaths(time.Now, moved)}
	projectLife(t, server, paths)
	if elsewhere.Load() != 0 {
		t.Errorf("%d requests went to other paths than those of the table", elsewhere.Load())
	}

	// Without the table, nothing is found there.
	server.ResetRequests()
	refused(t, server, "data \"traceloop_projects\" \"all\" {}\n", "There is nothing at /v2/projects.")
	if elsewhere.Load() == 0 {
		t.Error("a request to the contract's paths was not counted")
	}
}

// The same goes for the operations that Traceloop publishes.
func TestAccSetup_lifeAtOtherPaths(t *testing.T) {
	t.Parallel()
	server := standingStill(t)
	server.SetSettings(emulatortest.Settings{AllowOrganizations: true})
	key := projectKey(server, "prd")
	elsewhere := startMoved(t, server, moved)
	paths := map[string]func() (tfprotov6.ProviderServer, error){"traceloop": provider.NewServerWithPaths(time.Now, moved)}
	hcl := func(evaluators string) string {
		return withProjectKey(server, key, setupHCL("checkout", "", "char-count")+manySetups(3, evaluators)+
			"data \"traceloop_auto_monitor_setups\" \"all\" {}\nresource \"traceloop_organization\" \"acme\" {\n  name = \"Acme\"\n}\n")
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: paths,
		Steps: []resource.TestStep{
			{Config: hcl(`"char-count"`)},
			{Config: hcl(`"word-count"`)},
			{ResourceName: setupAddress, ImportState: true, ImportStateId: "checkout", ImportStateVerify: true},
		},
	})
	for operation, least := range map[string]int{"POST " + setupsPath + "/bulk": 2, "DELETE " + setupsPath: 4, "POST /v2/organizations": 1} {
		method, path, _ := strings.Cut(operation, " ")
		if n := calls(server, method, path); n < least {
			t.Errorf("%s was called %d times, want %d", operation, n, least)
		}
	}
	if elsewhere.Load() != 0 {
		t.Errorf("%d requests went to other paths than those of the table", elsewhere.Load())
	}
}

// startMoved serves the emulator's API at other paths and nowhere else, and points the server's
// URL there. It counts the requests for which it has nothing.
func startMoved(t *testing.T, server *emulatortest.Server, moved traceloop.Paths) *atomic.Int64 {
	t.Helper()
	var elsewhere atomic.Int64
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for collection, was := range map[string]string{
			moved.Projects: "/v2/projects", moved.Environments: "/v2/environments", moved.APIKeys: "/v2/api-keys",
			moved.AutoMonitorSetups: "/v2/auto-monitor-setups", moved.AutoMonitorSetupsBulk: "/v2/auto-monitor-setups/bulk",
			moved.Organizations: "/v2/organizations",
		} {
			rest, found := strings.CutPrefix(r.URL.Path, collection)
			if found && (rest == "" || rest[0] == '/') {
				r.URL.Path = was + rest
				server.Emulator.ServeHTTP(w, r)
				return
			}
		}
		elsewhere.Add(1)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		w.Write([]byte(`{"error":"There is nothing at ` + r.URL.Path + `."}`))
	}))
	t.Cleanup(front.Close)
	server.URL = front.URL
	return &elsewhere
}
