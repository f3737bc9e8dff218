package traceloop

import (
	"net/http"
	"sync"
	"time"
)

// clockSlack is how far two of the service's times for one moment may differ: the Date
// header and created_at may each be cut to the second.
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

// CreatedSince reports whether an object, created at a time of the service's clock, is newer
// than a time of ours. One that is older by up to clockSlack counts too. It is false while
// the service's clock is unknown.
func (c *Client) CreatedSince(created, ours time.Time) bool {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	return c.clock.known && !created.Before(ours.Add(c.clock.ahead-clockSlack))
}
