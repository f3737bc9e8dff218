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

// gate stops all calls of a client while the service asks for a pause.
type gate struct {
	mu    sync.Mutex
	until time.Time
}

// pause closes the gate for d, unless it is closed for longer already.
func (g *gate) pause(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.until) {
		g.until = until
	}
}

// opens returns when the gate opens, which may be in the past.
func (g *gate) opens() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.until
}

// awaitTurn waits until the gate is open. It returns a *RateLimitError at once if the wait would
// be too long.
func (c *call) awaitTurn(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		until := c.client.gate.opens()
		wait := time.Until(until)
		if wait <= 0 {
			return nil
		}
		if c.waitingSince.IsZero() {
			c.waitingSince = time.Now()
		}
		if wait > maxPause || until.Sub(c.waitingSince) > maxPatience {
			return &RateLimitError{Until: until, Method: c.method, Path: c.path}
		}
		wait += rand.N(resumeSpread) //nolint:gosec // spreads calls, guards nothing
		c.logWait(ctx, wait, "the service asked for a pause")
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
