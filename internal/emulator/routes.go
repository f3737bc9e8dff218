package emulator

import (
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
)

// operations are the methods of one path.
type operations map[string]http.Handler

const requestIDHeader = "X-Request-Id"

func (e *Emulator) apiRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	e.route(mux, "/v2/projects", operations{
		"GET":  e.managed(e.listProjects),
		"POST": e.managed(e.createProject),
	})
	e.route(mux, "/v2/projects/{id}", operations{
		"GET":    e.managed(e.getProject),
		"PATCH":  e.managed(e.updateProject),
		"DELETE": e.managed(e.deleteProject),
	})
	e.route(mux, "/v2/environments", operations{
		"GET":  e.managed(e.listEnvironments),
		"POST": e.managed(e.createEnvironment),
	})
	e.route(mux, "/v2/environments/{id}", operations{
		"GET":    e.managed(e.getEnvironment),
		"DELETE": e.managed(e.deleteEnvironment),
	})
	e.route(mux, "/v2/api-keys", operations{
		"GET":  e.managed(e.listAPIKeys),
		"POST": e.managed(e.createAPIKey),
	})
	e.route(mux, "/v2/api-keys/{id}", operations{
		"GET":    e.managed(e.getAPIKey),
		"DELETE": e.managed(e.deleteAPIKey),
	})
	e.route(mux, "/v2/auto-monitor-setups", operations{
		"GET":  e.ofEnvProject(e.listSetups),
		"POST": e.ofEnvProject(e.createSetup),
	})
	e.route(mux, "/v2/auto-monitor-setups/{external_id}", operations{
		"GET":    e.ofEnvProject(e.getSetup),
		"PUT":    e.ofEnvProject(e.updateSetup),
		"DELETE": e.ofEnvProject(e.deleteSetup),
	})
	mux.Handle("POST /v2/auto-monitor-setups/bulk", e.ofEnvProject(e.bulkUpsertSetups))
	e.route(mux, "/v2/evaluators", operations{
		"GET":  e.ofEnvProject(e.listEvaluators),
		"POST": e.ofEnvProject(e.createEvaluator),
	})
	e.route(mux, "/v2/evaluators/{id}", operations{
		"GET":   e.ofEnvProject(e.getEvaluator),
		"PATCH": e.ofEnvProject(e.updateEvaluator),
	})
	e.route(mux, "/v2/organizations", operations{"POST": e.ofEnvProject(e.createOrganization)})
	e.route(mux, "/v1/traces", operations{"POST": http.HandlerFunc(e.acceptTraces)})
	e.route(mux, "/", nil)
	return mux
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

// cleanPaths decodes the path before it is routed, as the service does, so an id with an escaped
// slash is two elements. It refuses paths that the mux would redirect, because the contract has no
// redirects.
func (e *Emulator) cleanPaths(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawPath != "" {
			decoded := *r.URL
			decoded.RawPath = ""
			r = r.WithContext(r.Context())
			r.URL = &decoded
		}
		escaped := r.URL.EscapedPath()
		if clean := path.Clean(escaped); clean != escaped && clean+"/" != escaped {
			e.writeError(w, refuse(http.StatusNotFound, "There is nothing at %s.", r.URL.Path))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func withRequestID(variant Variant, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		variant.identify(w.Header())
		next.ServeHTTP(w, r)
	})
}
