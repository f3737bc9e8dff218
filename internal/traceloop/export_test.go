package traceloop

import (
	"runtime"
	"sync"
)

// Gather carries out writes of setups at the same time, and has the client send them as one batch, in
// this order.
func Gather(c *ProjectClient, writes ...func()) {
	locked := func(f func()) {
		c.writes.mu.Lock()
		defer c.writes.mu.Unlock()
		f()
	}
	locked(func() { c.writes.sending = true })
	var all sync.WaitGroup
	for i, write := range writes {
		all.Go(write)
		for gathered := 0; gathered <= i; runtime.Gosched() {
			locked(func() { gathered = len(c.writes.waiting) })
		}
	}
	var batch []*setupWrite
	locked(func() { batch = c.writes.take() })
	c.deliver(batch)
	c.writes.send() // what could not be in the batch
	all.Wait()
}
