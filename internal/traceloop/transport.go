package traceloop

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

func newTransport(roots *x509.CertPool) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	return &http.Transport{
		Proxy:               proxy,
		DialContext:         dialer.DialContext,
		TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true, // off by default with our own dialer or TLS configuration
		HTTP2: &http.HTTP2Config{
			// Otherwise each retry on a dead connection would last until its timeout.
			SendPingTimeout: 10 * time.Second,
			PingTimeout:     5 * time.Second,
		},
		OnProxyConnectResponse: func(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
			if answer.StatusCode != http.StatusOK {
				return &ProxyError{StatusCode: answer.StatusCode, Host: proxy.Host}
			}
			return nil
		},
		MaxIdleConnsPerHost: 64,
		// Shorter than the idle timeout of common load balancers: if they close a connection
		// while a POST is sent on it, the outcome is unknown.
		IdleConnTimeout: 30 * time.Second,
	}
}

// proxy uses the environment's proxy only for https. Plain http is only for loopback, and a proxy
// would see the key: net/http skips the proxy for "localhost", but not for "LOCALHOST".
func proxy(r *http.Request) (*url.URL, error) {
	if r.URL.Scheme != "https" {
		return nil, nil //nolint:nilnil // http.Transport.Proxy says that this means no proxy
	}
	return http.ProxyFromEnvironment(r)
}

// permanent reports whether another attempt would fail with err again.
func permanent(err error) bool {
	if unreadable, ok := errors.AsType[*UnreadableError](err); ok {
		return unreadable.StatusCode >= 300 // otherwise a gateway may have replaced a good answer
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*RateLimitError](err); ok {
		return true
	}
	if proxy, ok := errors.AsType[*ProxyError](err); ok {
		return proxy.StatusCode < http.StatusInternalServerError
	}
	return errors.Is(err, http.ErrSchemeMismatch)
}

// maxRedirects limits the redirects of one attempt.
const maxRedirects = 3

// refuseRedirect returns why a redirect must not be followed, or "". The reason contains only the
// origin of the target, because the rest may be secret.
func refuseRedirect(answer *http.Response, hops int) string {
	target, err := answer.Location()
	switch {
	case err != nil:
		return "it redirects without a usable target"
	case origin(target) != origin(answer.Request.URL):
		return "it redirects to another origin, " + origin(target) + ", and the key must not go there"
	case answer.Request.Method != http.MethodGet:
		return "it redirects a " + answer.Request.Method + " to " + origin(target) + ", and only a GET follows a redirect"
	case hops >= maxRedirects:
		return "it redirects to " + origin(target) + " after too many redirects"
	default:
		return ""
	}
}

func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port)
}
