package traceloop

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
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

// originOnly reduces the target of a redirect to its origin. The rest may be secret, and http.Client
// quotes a malformed target in its error.
type originOnly struct{ transport *http.Transport }

func (o originOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := o.transport.RoundTrip(r)
	if err == nil && answer.Header.Get("Location") != "" {
		shown := origin(r.URL)
		if target, err := answer.Location(); err == nil {
			shown = origin(target)
		}
		answer.Header.Set("Location", shown)
	}
	return answer, err
}

func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port)
}

// ReadRootCAs returns the system's certificate authorities and those of a PEM file.
func ReadRootCAs(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, errors.New("the path is empty")
	}
	pem, err := os.ReadFile(file) //nolint:gosec // The practitioner names the file.
	if err != nil {
		return nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s contains no PEM certificate", file)
	}
	return roots, nil
}
