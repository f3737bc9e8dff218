package traceloop

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxBulk is the service's limit for the items of one bulk upsert.
	maxBulk = 100

	// bulkQuiet is how long the client waits for another write before it sends the batch.
	bulkQuiet = 50 * time.Millisecond

	// bulkLull is that time while the batch is smaller than recent ones: Terraform starts another
	// write after each answer, which may take a while on a busy machine.
	bulkLull = time.Second

	// bulkExpect is that time while a write is expected.
	bulkExpect = 2 * time.Second

	// bulkWait is how long a write waits at most, on a very busy machine.
	bulkWait = 10 * time.Second
)

// setupWrites collects writes of setups into bulk upserts. A single write uses its own operation.
// Terraform sends as many writes at a time as -parallelism allows. It plans each write again just
// before it carries it out, so the client can expect that write and wait for it. While a request
// is in flight, new writes wait for the next one. Otherwise the batches would become ever smaller.
type setupWrites struct {
	deliver func([]*setupWrite)
	pace    pace

	mu       sync.Mutex
	expected map[string]bool // external ids
	waiting  []*setupWrite
	oldest   time.Time
	sending  int // writes in flight
	together int // recent maximum of writes that wait or are in flight
	timer    *time.Timer
}

// pace contains the waits: see bulkQuiet, bulkLull, bulkExpect and bulkWait.
type pace struct{ quiet, lull, expect, wait time.Duration }

var bulkPace = pace{bulkQuiet, bulkLull, bulkExpect, bulkWait}

// setupWrite is one creation or update that waits to be sent.
type setupWrite struct {
	ctx     context.Context //nolint:containedctx // of the caller, who waits for this write
	request AutoMonitorSetupRequest
	update  bool
	done    chan setupResult // with room for the result
}

type setupResult struct {
	setup *AutoMonitorSetup
	err   error
}

// expect makes writes wait for another write.
func (g *setupWrites) expect(externalID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.expected == nil {
		g.expected = map[string]bool{}
	}
	g.expected[externalID] = true
	g.schedule()
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
		result := <-w.done // it was sent: wait for the answer
		return result.setup, result.err
	}
}

func (g *setupWrites) gather(w *setupWrite) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.expected, w.request.ExternalID)
	if slices.ContainsFunc(g.waiting, func(other *setupWrite) bool { return other.request.ExternalID == w.request.ExternalID }) {
		g.send() // the service refuses a request with the same external id twice
	}
	if len(g.waiting) == 0 {
		g.oldest = time.Now()
	}
	g.waiting = append(g.waiting, w)
	g.together = max(g.together, len(g.waiting)+g.sending)
	if len(g.waiting) == maxBulk {
		g.send()
		return
	}
	g.schedule()
}

// schedule sets the timer to send the batch. Called with g.mu held.
func (g *setupWrites) schedule() {
	if len(g.waiting) == 0 {
		return
	}
	d := g.pace.quiet
	switch {
	case g.sending > 0:
		d = g.pace.wait
	case len(g.expected) > 0:
		d = g.pace.expect
	case len(g.waiting) < g.together:
		d = g.pace.lull
	}
	d = min(d, g.pace.wait-time.Since(g.oldest))
	if g.timer == nil {
		g.timer = time.AfterFunc(d, g.due)
	} else {
		g.timer.Reset(d)
	}
}

func (g *setupWrites) due() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.expected) // they did not come in time
	g.send()
}

// withdraw removes a write from the batch, unless it was sent.
func (g *setupWrites) withdraw(w *setupWrite) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, w)
	if i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
	return i >= 0
}

// send sends the batch. Called with g.mu held.
func (g *setupWrites) send() {
	if len(g.waiting) == 0 {
		return // the writes were withdrawn or sent already
	}
	g.timer.Stop()
	batch := g.waiting
	g.waiting = nil
	g.sending += len(batch)
	g.together = max(g.sending, g.together*3/4)
	go func() {
		g.deliver(batch)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.sending -= len(batch)
		g.schedule()
	}()
}

// write sends a batch in the context of its first write. It is canceled only when the contexts of
// all its writes have ended.
func (c *ProjectClient) write(batch []*setupWrite) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(batch[0].ctx))
	defer cancel()
	var waiting atomic.Int64
	waiting.Store(int64(len(batch)))
	givenUp := func() {
		if waiting.Add(-1) == 0 {
			cancel()
		}
	}
	stops := make([]func() bool, len(batch))
	for i, w := range batch {
		stops[i] = context.AfterFunc(w.ctx, givenUp)
	}
	defer func() {
		for _, stop := range stops {
			stop()
		}
	}()

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
