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
	manage := func(status int, do func(*call) (any, error)) http.Handler { return e.operation(manages, status, do) }
	monitor := func(status int, do func(*call) (any, error)) http.Handler { return e.operation(monitors, status, do) }
	e.route(mux, "/v2/projects", operations{
		"GET":  manage(http.StatusOK, projects.list),
		"POST": manage(http.StatusCreated, (*call).createProject),
	})
	e.route(mux, "/v2/projects/{id}", operations{
		"GET":    manage(http.StatusOK, projects.get),
		"PATCH":  manage(http.StatusOK, (*call).updateProject),
		"DELETE": manage(http.StatusNoContent, projects.delete),
	})
	e.route(mux, "/v2/environments", operations{
		"GET":  manage(http.StatusOK, environments.list),
		"POST": manage(http.StatusCreated, (*call).createEnvironment),
	})
	e.route(mux, "/v2/environments/{id}", operations{
		"GET":    manage(http.StatusOK, environments.get),
		"DELETE": manage(http.StatusNoContent, (*call).deleteEnvironment),
	})
	e.route(mux, "/v2/api-keys", operations{
		"GET":  manage(http.StatusOK, apiKeys.list),
		"POST": manage(http.StatusCreated, (*call).createAPIKey),
	})
	e.route(mux, "/v2/api-keys/{id}", operations{
		"GET":    manage(http.StatusOK, apiKeys.get),
		"DELETE": manage(http.StatusNoContent, apiKeys.delete),
	})
	e.route(mux, "/v2/auto-monitor-setups", operations{
		"GET":  monitor(http.StatusOK, (*call).listSetups),
		"POST": monitor(http.StatusCreated, (*call).createSetup),
	})
	e.route(mux, "/v2/auto-monitor-setups/{external_id}", operations{
		"GET":    monitor(http.StatusOK, (*call).getSetup),
		"PUT":    monitor(http.StatusOK, (*call).updateSetup),
		"DELETE": monitor(http.StatusNoContent, (*call).deleteSetup),
	})
	mux.Handle("POST /v2/auto-monitor-setups/bulk", monitor(http.StatusMultiStatus, (*call).bulkUpsertSetups))
	e.route(mux, "/v2/evaluators", operations{
		"GET":  monitor(http.StatusOK, (*call).listEvaluators),
		"POST": monitor(http.StatusOK, (*call).createEvaluator),
	})
	e.route(mux, "/v2/evaluators/{id}", operations{
		"GET":   monitor(http.StatusOK, (*call).getEvaluator),
		"PATCH": monitor(http.StatusOK, (*call).updateEvaluator),
	})
	e.route(mux, "/v2/organizations", operations{"POST": monitor(http.StatusCreated, (*call).createOrganization)})
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
