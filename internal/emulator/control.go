package emulator

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

const controlPrefix = "/_emulator/"

func (e *Emulator) controlRoutes() http.Handler {
	mux := http.NewServeMux()
	e.route(mux, controlPrefix+"requests", operations{
		"GET": e.handler(http.StatusOK, func(*http.Request) (any, error) { return e.Requests(), nil }),
		"DELETE": e.handler(http.StatusNoContent, func(*http.Request) (any, error) {
			e.ResetRequests()
			return nil, nil //nolint:nilnil // the answer has no body
		}),
	})
	e.route(mux, controlPrefix+"faults", operations{"PUT": e.handler(http.StatusNoContent, e.putFaults)})
	e.route(mux, controlPrefix+"settings", operations{"PUT": e.handler(http.StatusNoContent, e.putSettings)})
	e.route(mux, controlPrefix+"traces", operations{
		"GET": e.handler(http.StatusOK, func(*http.Request) (any, error) { return e.Traces() }),
	})
	e.route(mux, controlPrefix+"export", operations{"GET": http.HandlerFunc(e.getExport)})
	e.route(mux, "/", nil)
	return e.loopbackOnly(e.cleanPaths(mux))
}

// Control calls need no key; only loopback may make them.
func (e *Emulator) loopbackOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := onlyHere(r, "Control calls are allowed"); err != nil {
			e.writeError(w, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (e *Emulator) putFaults(r *http.Request) (any, error) {
	var list []json.RawMessage
	if err := decodeRequest(r, fields{"faults": &list}); err != nil {
		return nil, err
	}
	if list == nil {
		return nil, refuse(http.StatusBadRequest, "faults is missing. It must be a list; an empty list means no faults.")
	}
	plan := make([]Fault, len(list))
	for i, data := range list {
		var err error
		if plan[i], err = decodeFault(data); err != nil {
			return nil, refuse(http.StatusBadRequest, "faults[%d]: %v.", i, err)
		}
	}
	return nil, badValue(e.SetFaults(plan...))
}

func decodeFault(data []byte) (Fault, error) {
	f := Fault{Times: 1}
	err := decodeObject(data, fieldsOf(&f))
	if err == nil && f.Times < 1 {
		err = errors.New("times must be 1 or more")
	}
	return f, err
}

func (e *Emulator) putSettings(r *http.Request) (any, error) {
	var next Settings
	if err := decodeRequest(r, fieldsOf(&next)); err != nil {
		return nil, err
	}
	return nil, badValue(e.SetSettings(next))
}

// decodeRequest does not demand a Content-Type, which curl sets wrongly by itself.
func decodeRequest(r *http.Request, into fields) error {
	body, err := readLimited(r.Body, maxBody, errTooLarge)
	return decodeBody(body, err, into)
}

func badValue(err error) error {
	if err != nil {
		err = refuse(http.StatusBadRequest, "%v.", err)
	}
	return err
}

// onlyHere refuses a request that another machine, or the name of another site, has made.
func onlyHere(r *http.Request, what string) error {
	if !isFromLoopback(r) {
		return refuse(http.StatusForbidden, "%s only on the machine that the emulator runs on.", what)
	}
	if !isLocalHost(r.Host) {
		return refuse(http.StatusForbidden, "The address has the host %q. Use 127.0.0.1 or localhost, because another name may belong to another site.", r.Host)
	}
	return nil
}

// isLocalHost reports whether no other site can have the Host header: an address, or a name that is
// reserved for this machine.
func isLocalHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	host = strings.ToLower(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func isFromLoopback(r *http.Request) bool {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && remote.Addr().Unmap().IsLoopback()
}
