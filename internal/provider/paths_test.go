package provider_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// The day the real paths are known, the table of paths is all that changes.
func TestAccProject_lifeAtOtherPaths(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	moved := traceloop.Paths{
		Projects:     "/v3/organization/projects",
		Environments: "/v3/organization/environments",
		APIKeys:      "/v3/keys",
	}
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

// startMoved serves the emulator's API at other paths and nowhere else, and points the server's
// URL there. It counts the requests for which it has nothing.
func startMoved(t *testing.T, server *emulatortest.Server, moved traceloop.Paths) *atomic.Int64 {
	t.Helper()
	var elsewhere atomic.Int64
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for collection, was := range map[string]string{
			moved.Projects: "/v2/projects", moved.Environments: "/v2/environments", moved.APIKeys: "/v2/api-keys",
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
