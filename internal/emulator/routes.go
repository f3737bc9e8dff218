package emulator

import (
	"crypto/rand"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
)

// operations are the methods of one path.
type operations map[string]http.Handler

const requestIDHeader = "X-Request-Id"

func (e *Emulator) apiRoutes() http.Handler {
	managed := http.NewServeMux()
	e.route(managed, "/v2/projects", operations{
		"GET":  e.handler(e.listProjects),
		"POST": e.handler(e.createProject),
	})
	e.route(managed, "/v2/projects/{id}", operations{
		"GET":    e.handler(e.getProject),
		"PATCH":  e.handler(e.updateProject),
		"DELETE": e.handler(e.deleteProject),
	})
	e.route(managed, "/v2/environments", operations{
		"GET":  e.handler(e.listEnvironments),
		"POST": e.handler(e.createEnvironment),
	})
	e.route(managed, "/v2/environments/{id}", operations{
		"GET":    e.handler(e.getEnvironment),
		"DELETE": e.handler(e.deleteEnvironment),
	})
	e.route(managed, "/v2/api-keys", operations{
		"GET":  e.handler(e.listAPIKeys),
		"POST": e.handler(e.createAPIKey),
	})
	e.route(managed, "/v2/api-keys/{id}", operations{
		"GET":    e.handler(e.getAPIKey),
		"DELETE": e.handler(e.deleteAPIKey),
	})
	e.route(managed, "/", nil)

	all := http.NewServeMux()
	all.Handle("/v2/", e.needManagementKey(managed))
	all.Handle("/v2", e.needManagementKey(managed))
	e.route(all, "/v2/auto-monitor-setups", operations{
		"GET":  e.ofEnvProject(e.listSetups),
		"POST": e.ofEnvProject(e.createSetup),
	})
	e.route(all, "/v2/auto-monitor-setups/{external_id}", operations{
		"GET":    e.ofEnvProject(e.getSetup),
		"PUT":    e.ofEnvProject(e.updateSetup),
		"DELETE": e.ofEnvProject(e.deleteSetup),
	})
	all.Handle("POST /v2/auto-monitor-setups/bulk", e.ofEnvProject(e.bulkUpsertSetups))
	e.route(all, "/v2/organizations", operations{"POST": e.ofEnvProject(e.createOrganization)})
	e.route(all, "/v1/traces", operations{"POST": http.HandlerFunc(e.acceptTraces)})
	e.route(all, "/", nil)
	return e.cleanPathsOnly(all)
}

// route serves one path. The mux refuses other methods and unknown paths too, but not in JSON.
func (e *Emulator) route(mux *http.ServeMux, pattern string, methods operations) {
	for method, handler := range methods {
		mux.Handle(method+" "+pattern, handler)
	}
	allowed := slices.Sorted(maps.Keys(methods))
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if len(allowed) == 0 {
			e.writeError(w, refuse(http.StatusNotFound, "There is nothing at %s.", r.URL.Path))
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		e.writeError(w, refuse(http.StatusMethodNotAllowed, "%s is not allowed at %s, only %s.", r.Method, r.URL.Path, strings.Join(allowed, " and ")))
	})
}

// cleanPathsOnly refuses paths that the mux would redirect, because the contract has no redirects.
func (e *Emulator) cleanPathsOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		escaped := r.URL.EscapedPath()
		if clean := path.Clean(escaped); clean != escaped && clean+"/" != escaped {
			e.writeError(w, refuse(http.StatusNotFound, "There is nothing at %s.", r.URL.Path))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(requestIDHeader, "req_"+rand.Text())
		next.ServeHTTP(w, r)
	})
}
