package traceloop

import (
	"net/http"
	"sync"
	"time"
)

// clockSlack is how far two of the service's times may differ that mean the same
// moment: the Date header and created_at may each be cut to the second.
const clockSlack = 2 * time.Second

// clock knows how far the service's clock is ahead of ours, from its last answer.
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

// CreatedSince reports whether an object that the service created at one time cannot
// have existed at another, which is by our clock. It is false when that cannot be told.
// Two seconds are given away, since the service's times may be cut to the second.
func (c *Client) CreatedSince(created, ours time.Time) bool {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	return c.clock.known && !created.Before(ours.Add(c.clock.ahead-clockSlack))
}
