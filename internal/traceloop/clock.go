package traceloop

import (
	"net/http"
	"sync"
	"time"
)

// clockSlack is how much two of the service's times for the same moment may differ: Date and
// created_at may each be truncated to the second.
const clockSlack = 2 * time.Second

// clock measures how far the service's clock is ahead of ours, from its last answer.
type clock struct {
	mu    sync.Mutex
	known bool
	ahead time.Duration
}

func (k *clock) read(h http.Header) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.known, k.ahead = true, time.Until(date)
}

// Now returns the time by the service's clock. It is false before the first answer.
func (c *connection) Now() (time.Time, bool) {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	return time.Now().Add(c.clock.ahead), c.clock.known
}

// orNow returns the time of a creation, or the present one if the answer did not say it.
func (c *connection) orNow(created time.Time) time.Time {
	if created.IsZero() {
		created, _ = c.Now()
	}
	return created.Round(time.Millisecond).UTC()
}

// CreatedSince reports whether an object was created, by the service's clock, after a time of our
// clock. It allows a difference of clockSlack. It is false if the service's clock is unknown.
func (c *connection) CreatedSince(created, ours time.Time) bool {
	now, known := c.Now()
	return known && !created.Before(now.Add(-time.Since(ours)-clockSlack))
}
