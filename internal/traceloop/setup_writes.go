package traceloop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"time"
)

const (
	// maxBulk is the service's limit for the items of one bulk upsert.
	maxBulk = 100

	// bulkQuiet is how long the client waits for other writes. If none comes, it sends the batch.
	bulkQuiet = 100 * time.Millisecond

	// sameMoment is how far apart the two times of a new setup may be. In recorded answers on other
	// objects, they differ by less than a microsecond, and are rounded to milliseconds.
	sameMoment = time.Millisecond

	// clockTolerance is how much older than the attempt a setup may seem that it created.
	clockTolerance = time.Minute
)

// setupWrites collects writes of setups into bulk upserts. A single write uses its own operation.
// Terraform sends as many writes at a time as -parallelism allows, and another one after each
// answer. So one request is in flight at a time, and new writes wait for the next one. Otherwise
// the batches would become ever smaller.
type setupWrites struct {
	deliver func([]*setupWrite)

	mu      sync.Mutex
	waiting []*setupWrite
	sending bool
}

// setupWrite is one creation or update.
type setupWrite struct {
	ctx     context.Context //nolint:containedctx // of the caller, who waits for this write
	request AutoMonitorSetupRequest
	update  bool
	alone   bool // not in a bulk upsert
	done    chan setupAnswer
}

// setupAnswer is the service's answer to a write.
type setupAnswer struct {
	setup    *AutoMonitorSetup // nil if the answer says too little
	started  time.Time
	repeated bool // an earlier request may have created it
	err      error
}

// add waits until the write is sent and answered.
func (g *setupWrites) add(w *setupWrite) setupAnswer {
	w.done = make(chan setupAnswer, 1)
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	if !g.sending {
		g.sending = true
		go g.send()
	}
	g.mu.Unlock()
	return <-w.done
}

// send sends batches until no write waits.
func (g *setupWrites) send() {
	for before := 0; ; {
		g.mu.Lock()
		waiting := len(g.waiting)
		if waiting == 0 {
			g.sending = false
			g.mu.Unlock()
			return
		}
		if waiting > before && waiting < maxBulk { // another one may come
			g.mu.Unlock()
			time.Sleep(bulkQuiet)
			before = waiting
			continue
		}
		batch := g.take()
		g.mu.Unlock()
		if before = 0; len(batch) > 0 {
			g.deliver(batch)
		}
	}
}

// take returns the next batch. The service refuses a request with the same external id twice, so
// the second write stays. Writes whose callers gave up are answered.
func (g *setupWrites) take() []*setupWrite {
	var batch, rest []*setupWrite
	ids := map[string]bool{}
	for _, w := range g.waiting {
		switch id := w.request.ExternalID; {
		case w.ctx.Err() != nil:
			w.done <- setupAnswer{err: w.ctx.Err()}
		case len(batch) == maxBulk || ids[id]:
			rest = append(rest, w)
		default:
			ids[id] = true
			batch = append(batch, w)
		}
	}
	g.waiting = rest
	return batch
}

// writtenSetup is a setup after a write. Neither created nor existed is true if that is not known.
type writtenSetup struct {
	*AutoMonitorSetup

	created bool // by this write
	existed bool // before this write
}

// write sends a write, alone or with others.
func (c *ProjectClient) write(ctx context.Context, w *setupWrite) (writtenSetup, error) {
	w.ctx = ctx
	var answer setupAnswer
	if w.alone || c.bulkMissing.Load() {
		answer = c.sendOne(ctx, w)
	} else {
		answer = c.writes.add(w)
	}
	if answer.err != nil {
		return writtenSetup{}, answer.err
	}
	setup := answer.setup
	if setup == nil {
		var err error
		if setup, err = c.getSetup(context.WithoutCancel(ctx), w.request.ExternalID); err != nil {
			// As text, because a 404 must not look like the answer to the write.
			err = fmt.Errorf("the service accepted the setup %q, but its answer does not describe it, and it cannot be read: %s", w.request.ExternalID, err.Error())
			return writtenSetup{}, &UnknownOutcomeError{Method: http.MethodPost, Path: c.paths.AutoMonitorSetups, Started: answer.started, Err: err}
		}
	}
	c.known.learn(*setup)
	c.known.wrote(setup.ExternalID, setup)
	existed, known := c.existedBefore(*setup, answer)
	return writtenSetup{setup, known && !existed, known && existed}, nil
}

// existedBefore compares the times of a written setup with each other and with the attempt to write
// it. known is false if they show nothing.
func (c *ProjectClient) existedBefore(setup AutoMonitorSetup, a setupAnswer) (existed, known bool) {
	_, clockKnown := c.Now()
	switch {
	case setup.CreatedAt.IsZero():
		return false, false
	case !a.repeated && !setup.UpdatedAt.IsZero():
		// The clock of the database may differ from that of the answer.
		older := clockKnown && !c.CreatedSince(setup.CreatedAt, a.started.Add(-clockTolerance))
		return older || setup.UpdatedAt.Sub(setup.CreatedAt) > sameMoment, true
	default: // the attempt itself may have updated what it created
		return clockKnown && !c.CreatedSince(setup.CreatedAt, a.started), clockKnown
	}
}

// deliver sends a batch.
func (c *ProjectClient) deliver(batch []*setupWrite) {
	if len(batch) > 1 && !c.bulkMissing.Load() {
		answers, err := c.sendBulk(batch[0].ctx, batch) // an interrupt reaches all writes
		if !isMissing(err) {
			for i, w := range batch {
				w.done <- answers[i]
			}
			return
		}
		c.bulkMissing.Store(true)
	}
	var all sync.WaitGroup
	for _, w := range batch {
		all.Go(func() { w.done <- c.sendOne(w.ctx, w) })
	}
	all.Wait()
}

// isMissing reports whether the service, or a gateway in front of it, does not know an operation.
func isMissing(err error) bool {
	_, missing := errors.AsType[*MissingOperationError](err)
	unreadable, ok := errors.AsType[*UnreadableError](err)
	return missing || ok && unreadable.StatusCode == http.StatusNotFound
}

// setupBody omits nil fields. Without rules, an update sends an empty list and a creation sends
// nothing.
type setupBody struct {
	ExternalID string   `json:"external_id,omitempty"`
	Evaluators []string `json:"evaluators"`
	Selector   any      `json:"selector,omitempty"`
}

func (w *setupWrite) body() setupBody {
	body := setupBody{ExternalID: w.request.ExternalID, Evaluators: w.request.Evaluators}
	switch {
	case len(w.request.Selector) > 0:
		body.Selector = w.request.Selector
	case w.update:
		body.Selector = []Rule{}
	}
	return body
}

// sendOne sends one write with its own operation.
func (c *ProjectClient) sendOne(ctx context.Context, w *setupWrite) setupAnswer {
	defer invalidate(c.setups)()
	answer := setupAnswer{started: time.Now()}
	body := w.body()
	r := request{method: http.MethodPost, path: c.paths.AutoMonitorSetups, body: body, repeated: &answer.repeated}
	if w.update {
		body.ExternalID = "" // it is in the path
		r.method, r.id, r.body = http.MethodPut, &w.request.ExternalID, body
	}
	answer.err = c.do(ctx, r, func(f *fields) { answer.setup = readWrittenSetup(f, w.request.ExternalID) })
	return answer
}

// readWrittenSetup returns nil if the answer says too little: some objects of the service answer a
// change with an empty body.
func readWrittenSetup(f *fields, externalID string) *AutoMonitorSetup {
	if shown := f.optionalText("external_id"); shown != "" && shown != externalID {
		f.fail("it describes another object")
	}
	lenient := f.lenient()
	setup := readAutoMonitorSetup(lenient)
	if *lenient.problem != "" {
		return nil
	}
	return &setup
}

// ItemError is the service's refusal of one item of a bulk upsert. It does not affect the others.
type ItemError struct {
	Path       string
	ExternalID string
	Message    string // from the service, without the item's index
	Internal   bool   // the service failed: nothing is wrong with the item
}

func (e *ItemError) Error() string {
	return fmt.Sprintf("POST %s: the item %q: %s", e.Path, e.ExternalID, e.Message)
}

var (
	// itemIndex is the service's prefix of a message. Readers do not know the index of a resource
	// in the request.
	itemIndex = regexp.MustCompile(`^setups\[\d+\]:\s*`)

	// internalError is what the service is documented to report, without the cause.
	internalError = regexp.MustCompile(`(?i)^internal (server )?error\b`)
)

// sendBulk sends one bulk upsert. It is safe to repeat: a second one has no further effect.
func (c *ProjectClient) sendBulk(ctx context.Context, batch []*setupWrite) ([]setupAnswer, error) {
	defer invalidate(c.setups)()
	body := struct {
		Setups []setupBody `json:"setups"`
	}{}
	for _, w := range batch {
		body.Setups = append(body.Setups, w.body())
	}
	path, answers, started, repeated := c.paths.AutoMonitorSetupsBulk, make([]setupAnswer, len(batch)), time.Now(), false
	err := c.do(ctx, request{method: http.MethodPost, path: path, body: body, repeatable: true, repeated: &repeated}, func(f *fields) {
		items := map[string]*fields{}
		for _, item := range f.objects("setups") {
			items[item.text("external_id")] = item
		}
		for i, w := range batch {
			id := w.request.ExternalID
			item := items[id]
			if item == nil {
				f.fail("it does not have an item of the request")
				return
			}
			switch status := item.text("status"); status {
			case "ok":
				if item.has("result") {
					answers[i].setup = readWrittenSetup(item.object("result"), id)
				}
			case "error":
				message := c.sanitize(itemIndex.ReplaceAllString(item.text("error"), ""))
				answers[i].err = &ItemError{Path: path, ExternalID: id, Message: message, Internal: internalError.MatchString(message)}
			default:
				f.fail("an item's status is neither ok nor error")
			}
		}
	})
	for i := range answers {
		answers[i].started, answers[i].repeated = started, repeated
		if err != nil {
			answers[i].err = err
		}
	}
	return answers, err
}
