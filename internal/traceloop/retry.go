package traceloop

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	minBackoff = 500 * time.Millisecond
	maxBackoff = 8 * time.Second
)

// checkRetry decides after each attempt whether to make another one:
//
//	outcome                          GET, PATCH, DELETE   POST
//	refused on loopback              stop                 stop
//	otherwise not sent               retry                retry
//	429                              wait, repeat         wait, repeat
//	5xx, incomplete, unreadable      retry                retry if repeatable, or else stop, outcome unknown
//	any other answer                 stop                 stop
//
// It has the signature of retryablehttp.CheckRetry.
func (c *call) checkRetry(ctx context.Context, answer *http.Response, err error) (bool, error) {
	status := 0
	if err == nil {
		status = answer.StatusCode
	}
	c.wait = 0
	if status == http.StatusTooManyRequests {
		c.rateLimited++
		c.client.gate.pause(c.pauseFor(answer))
		return true, nil
	}
	if err == nil && !serverFailed(status) || permanent(err) || c.client.IsLoopback() && IsRefused(err) {
		return false, nil
	}

	c.failures++
	c.maybeDone = c.maybeDone || c.last.sent
	hasRetryAfter := false
	if status == http.StatusServiceUnavailable {
		var wait time.Duration
		if wait, hasRetryAfter = retryAfter(answer.Header); hasRetryAfter {
			c.client.gate.pause(wait)
		}
	}
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case !c.repeatable && c.last.sent, c.failures > c.client.maxRetries:
		return false, nil
	case !hasRetryAfter:
		c.wait = backoff(c.failures)
		c.logWait(ctx, c.wait, reason(answer, err))
	}
	return true, nil
}

// pauseFor returns the wait that a 429 asks for.
func (c *call) pauseFor(answer *http.Response) time.Duration {
	if wait, hasRetryAfter := retryAfter(answer.Header); hasRetryAfter {
		return wait
	}
	return backoff(c.rateLimited)
}

// nextWait has the signature of retryablehttp.Backoff. It returns 0 if the gate delays the next
// attempt.
func (c *call) nextWait(_, _ time.Duration, _ int, _ *http.Response) time.Duration {
	return c.wait
}

// serverFailed reports whether a status means that the service, or a gateway in front of it,
// failed, so that it may have carried out the request. Some gateways use 520 and above like 502
// and 504.
func serverFailed(status int) bool {
	switch status {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
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

func reason(answer *http.Response, err error) string {
	if err != nil {
		return unwrapURL(err).Error()
	}
	return statusLine(answer.StatusCode)
}
