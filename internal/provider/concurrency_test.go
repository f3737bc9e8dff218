package provider_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

// Two applies that both find the place free and meet at the service.
func TestNothingLost_raceForOnePlace(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.Projects()[0].ID
	var both sync.WaitGroup
	both.Add(2)
	var coming atomic.Int32
	address := inFront(t, server, func(r *http.Request, carryOut func() (*http.Response, error)) (*http.Response, error) {
		if r.Method == http.MethodPost && coming.Add(1) <= 2 {
			both.Done()
			both.Wait()
		}
		return carryOut()
	})
	type result struct {
		state instance
		err   error
	}
	results := make(chan result, 2)
	d := newDriverWith(t, time.Now, arguments{"base_url": address, "api_key": server.ManagementKey})
	for range 2 {
		applying := d.next()
		go func() {
			state, err := applying.create(t.Context(), keyKind, arguments{"project_id": project, "environment": "prd"})
			results <- result{state, err}
		}()
	}
	winner, loser := <-results, <-results
	if winner.err != nil {
		winner, loser = loser, winner
	}
	keys := server.Keys()
	if winner.err != nil || len(keys) != 1 || !loser.state.value.IsNull() {
		t.Fatalf("want one winner and one loser, got %v, %v and the keys %v", winner.err, loser.err, keys)
	}
	refuses(t, loser.err, "Environment Already Has an API Key", keys[0].ID, "replace_existing = true", fmt.Sprintf(`id = "%s/prd"`, project))
	answers(t, server, d.text(winner.state, "key"), 200)
}
