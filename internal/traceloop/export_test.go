package traceloop

import "runtime"

// HoldWrites has the client gather writes of setups until SendWrites.
func HoldWrites(c *ProjectClient) {
	c.writes.mu.Lock()
	defer c.writes.mu.Unlock()
	c.writes.sending = true
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
func SendWrites(c *ProjectClient) {
	c.writes.mu.Lock()
	c.writes.sending = false
	c.writes.mu.Unlock()
	go c.writes.send()
}
