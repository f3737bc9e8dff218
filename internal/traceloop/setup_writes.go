package traceloop

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxBulk is the most items that the service takes in one bulk upsert.
	maxBulk = 100

	// bulkQuiet is how long writes are gathered after the last one that came. Terraform starts
	// the next writes within milliseconds of the answer to others.
	bulkQuiet = 50 * time.Millisecond

	// bulkWait is how long the first of them waits at most.
	bulkWait = 500 * time.Millisecond
)

// setupWrites gathers the writes of setups that come together into bulk upserts. One that is
// alone is sent by its own operation.
type setupWrites struct {
	deliver     func([]*setupWrite)
	quiet, wait time.Duration // bulkQuiet and bulkWait

	mu      sync.Mutex
	waiting []*setupWrite
	oldest  time.Time
	timer   *time.Timer
}

// setupWrite is one creation or update that waits to be sent.
type setupWrite struct {
	ctx     context.Context //nolint:containedctx // of the caller, who waits for this write
	request AutoMonitorSetupRequest
	update  bool
	done    chan setupResult // takes one
}

type setupResult struct {
	setup *AutoMonitorSetup
	err   error
}

// add waits until the write is sent and answered.
func (g *setupWrites) add(ctx context.Context, r AutoMonitorSetupRequest, update bool) (*AutoMonitorSetup, error) {
	w := &setupWrite{ctx: ctx, request: r, update: update, done: make(chan setupResult, 1)}
	g.gather(w)
	select {
	case result := <-w.done:
		return result.setup, result.err
	case <-ctx.Done():
		if g.withdraw(w) {
			return nil, ctx.Err()
		}
		result := <-w.done // what is on its way is seen through
		return result.setup, result.err
	}
}

func (g *setupWrites) gather(w *setupWrite) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.has(w.request.ExternalID) {
		g.sendLocked() // the service refuses a request that names one twice
	}
	g.waiting = append(g.waiting, w)
	switch {
	case len(g.waiting) == maxBulk:
		g.sendLocked()
	case len(g.waiting) == 1:
		g.oldest = time.Now()
		g.timer = time.AfterFunc(g.quiet, g.send)
	default:
		g.timer.Reset(max(0, min(g.quiet, g.wait-time.Since(g.oldest))))
	}
}

func (g *setupWrites) has(externalID string) bool {
	for _, w := range g.waiting {
		if w.request.ExternalID == externalID {
			return true
		}
	}
	return false
}

// withdraw takes back a write that is not on its way yet.
func (g *setupWrites) withdraw(w *setupWrite) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, other := range g.waiting {
		if other == w {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			return true
		}
	}
	return false
}

func (g *setupWrites) send() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sendLocked()
}

func (g *setupWrites) sendLocked() {
	if len(g.waiting) == 0 {
		return // they were withdrawn, or sent since the timer went off
	}
	g.timer.Stop()
	batch := g.waiting
	g.waiting = nil
	go g.deliver(batch)
}

// write sends a batch, in the context of its first write. It is given up only when all of
// those who wait for it have given up.
func (c *ProjectClient) write(batch []*setupWrite) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(batch[0].ctx))
	defer cancel()
	var waiting atomic.Int64
	waiting.Store(int64(len(batch)))
	for _, w := range batch {
		defer context.AfterFunc(w.ctx, func() {
			if waiting.Add(-1) == 0 {
				cancel()
			}
		})()
	}

	c.setups.forget()
	var results []setupResult
	if len(batch) > 1 {
		results = c.upsertMany(ctx, batch)
	} else {
		one := c.createOne
		if batch[0].update {
			one = c.updateOne
		}
		setup, err := one(ctx, batch[0].request)
		results = []setupResult{{setup, err}}
	}
	c.setups.forget()
	for i, w := range batch {
		if results[i].err == nil {
			c.setups.learn(results[i].setup)
		}
		w.done <- results[i]
	}
}
