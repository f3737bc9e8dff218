package provider_test

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// serves is a service of the test's own.
func serves(tb testing.TB, handler http.HandlerFunc) (address string) {
	tb.Helper()
	server := httptest.NewServer(handler)
	tb.Cleanup(server.Close)
	return server.URL
}

// passage carries out a request, and lets a test do something before and after.
type passage func(r *http.Request, carryOut func() (*http.Response, error)) (*http.Response, error)

// inFront starts a server that has every request pass on its way to the emulator. An error
// breaks the connection off.
func inFront(t *testing.T, server *emulatortest.Server, pass passage) (address string) {
	t.Helper()
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Body != nil { // net/http notices that the client has gone only once the body is read
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
			}
			return pass(r, func() (*http.Response, error) { return transport.RoundTrip(r) })
		}),
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     log.New(io.Discard, "", 0),
	})
	t.Cleanup(front.Close)
	t.Cleanup(front.CloseClientConnections)
	t.Cleanup(transport.CloseIdleConnections)
	return front.URL
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// set adds to the environment of the CLI, or replaces there.
func (c *cli) set(name, value string) { c.Env = append(c.Env, name+"="+value) }
