package traceloop

import (
	"runtime"
	"time"
)

// HoldWrites has the client gather writes of setups until SendWrites.
func HoldWrites(c *ProjectClient) {
	c.writes.pace = pace{time.Hour, time.Hour, time.Hour, time.Hour}
}

// AwaitGathered returns once so many writes are gathered.
func AwaitGathered(c *ProjectClient, n int) {
	for {
		c.writes.mu.Lock()
		waiting := len(c.writes.waiting)
		c.writes.mu.Unlock()
		if waiting == n {
			return
		}
		runtime.Gosched()
	}
}

// SendWrites sends what is gathered.
func SendWrites(c *ProjectClient) { c.writes.due() }
