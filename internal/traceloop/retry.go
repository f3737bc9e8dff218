package traceloop

import (
	"context"
	"crypto/tls"
	"errors"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

const (
	minBackoff = 500 * time.Millisecond
	maxBackoff = 8 * time.Second
)

// newRetrying returns the client that makes the attempts of all calls. A call is in the context of
// its request, under callKey.
func newRetrying(transport http.RoundTripper, timeout time.Duration) *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport: transport,
			Timeout:   timeout, // of one attempt, with the body of its answer
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
		RetryMax:     math.MaxInt, // checkRetry counts, because not every repeat is a retry
		CheckRetry:   checkRetry,
		Backoff:      func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return 0 }, // beginAttempt waits
		PrepareRetry: func(r *http.Request) error { return callOf(r.Context()).beginAttempt() },
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

type callKey struct{}

// callOf returns the call that run put into the context of each of its requests.
func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// checkRetry decides after each attempt whether to make another one:
//
//	outcome                          GET, PATCH, DELETE   POST
//	refused on loopback              stop                 stop
//	no such host                     stop                 stop
//	otherwise not sent               retry                retry
//	429                              wait, repeat         wait, repeat
//	500, the object exists           stop                 stop
//	408, 5xx, cut, unreadable        retry                retry if repeatable, or else stop, outcome unknown
//	any other answer                 stop                 stop
//
// retryablehttp calls it twice if there is an answer: before call.read and after it.
//
//nolint:contextcheck // an interrupt ends the caller's context, and not the request's
func checkRetry(ctx context.Context, answer *http.Response, err error) (bool, error) {
	c := callOf(ctx)
	if answer != nil && c.response.StatusCode == 0 {
		return false, nil
	}
	c.logAttempt(err)
	status := c.response.StatusCode
	wait, asked := askedPause(status, c.response.header)
	if asked {
		c.client.pause.extend(wait)
	}
	switch {
	case status == http.StatusTooManyRequests:
		c.rateLimited++
		if !asked {
			c.client.pause.extend(backoff(c.rateLimited))
		}
		return true, nil
	case err == nil && (!serverFailed(status) || isDuplicate(status, c.response.message)), permanent(err), c.client.IsLoopback() && IsRefused(err):
		return false, nil
	}

	sent := status != 0 || c.connected.Load()
	c.failures++
	c.maybeDone = c.maybeDone || sent
	switch {
	case c.caller.Err() != nil:
		return false, c.caller.Err()
	case !c.repeatable && sent, c.failures > c.client.maxRetries:
		return false, nil
	}
	if !asked {
		c.notBefore = time.Now().Add(backoff(c.failures))
	}
	reason := statusLine(status)
	if err != nil {
		reason = unwrapURL(err).Error()
	}
	tflog.Info(c.caller, "Repeating a Traceloop API request", maskedIn(map[string]any{
		"method": c.method, "path": c.path, "attempt": c.failures + c.rateLimited, "reason": reason,
	}))
	return true, nil
}

func (c *call) beginAttempt() error {
	if err := c.await(); err != nil {
		return err
	}
	c.response, c.attemptStarted = response{}, time.Now()
	c.connected.Store(false)
	return nil
}

// permanent reports whether another attempt would fail with err again.
func permanent(err error) bool {
	if unreadable, ok := errors.AsType[*UnreadableError](err); ok {
		return unreadable.StatusCode >= 300 // otherwise a gateway may have replaced a good answer
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if proxy, ok := errors.AsType[*ProxyError](err); ok {
		return proxy.StatusCode < http.StatusInternalServerError
	}
	return IsUnknownHost(err) || errors.Is(err, http.ErrSchemeMismatch)
}

// timedOut reports whether the time of an attempt ran out. The dialer's own limit is a net.OpError.
func timedOut(err error) bool {
	_, network := errors.AsType[*net.OpError](err)
	return errors.Is(err, context.DeadlineExceeded) && !network
}

// serverFailed reports whether a status means that the service, or a gateway in front of it,
// failed, so that it may have carried out the request. Some gateways use 520 and above like 502
// and 504.
func serverFailed(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return status >= 520
	}
}

// backoff returns the wait after the nth failure in a row. It doubles from minBackoff to
// maxBackoff, minus a random part of up to one half.
func backoff(n int) time.Duration {
	d := maxBackoff
	if n < 6 {
		d = min(minBackoff<<(n-1), maxBackoff)
	}
	return d - rand.N(d/2) //nolint:gosec // spreads calls, guards nothing
}
