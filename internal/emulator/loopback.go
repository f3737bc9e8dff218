package emulator

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

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
