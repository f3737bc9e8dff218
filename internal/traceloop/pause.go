package traceloop

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

const (
	// maxPause is the longest single wait that a call accepts.
	maxPause = time.Minute

	// maxPatience limits all waits of one call together, so that a service that always refuses
	// cannot block an apply for ever.
	maxPatience = 10 * time.Minute

	// resumeSpread spreads waiting calls after a pause, so that they do not reach the rate limit
	// together again.
	resumeSpread = time.Second
)

// pause stops all calls of a client while the service asks for it.
type pause struct {
	mu          sync.Mutex
	closedUntil time.Time
}

// extend keeps calls waiting for d, unless they wait for longer already.
func (p *pause) extend(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(d); until.After(p.closedUntil) {
		p.closedUntil = until
	}
}

// end returns when calls may go on, which may be in the past.
func (p *pause) end() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closedUntil
}

// await waits until the next attempt is due, and no pause is on. It returns a *RateLimitError at once if
// the wait would be too long. An interrupt ends it.
func (c *call) await() error {
	ctx := c.caller
	if err := sleep(ctx, time.Until(c.notBefore)); err != nil {
		return err
	}
	for {
		until := c.client.pause.end()
		wait := time.Until(until)
		if wait <= 0 {
			return ctx.Err()
		}
		if c.waitingSince.IsZero() {
			c.waitingSince = time.Now()
		}
		if wait > maxPause || until.Sub(c.waitingSince) > maxPatience {
			return &RateLimitError{Until: until, Method: c.method, Path: c.path}
		}
		wait += rand.N(resumeSpread) //nolint:gosec // spreads calls, guards nothing
		tflog.Info(ctx, "Waiting before the next Traceloop API request", maskedIn(map[string]any{
			"method": c.method, "path": c.path, "attempt": c.failures + c.rateLimited, "wait_ms": wait.Milliseconds(), "reason": "the service asked for a pause",
		}))
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// sleep waits for d. It returns early with the context's error if ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// askedPause returns the pause that an answer asks for.
func askedPause(status int, h http.Header) (wait time.Duration, asked bool) {
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		return retryAfter(h)
	}
	return 0, false
}

// retryAfter reads the Retry-After header, in seconds or as a date. It returns false if the header
// is missing or malformed, or asks for no wait.
func retryAfter(h http.Header) (time.Duration, bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, math.MaxInt32)) * time.Second, seconds > 0
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	// Compare with the service's own clock, because ours may be wrong.
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return date.Sub(now), date.After(now)
}
