package emulator

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

// serveInstrumented records a request and applies latency, rate limit and faults to it.
func (e *Emulator) serveInstrumented(w http.ResponseWriter, r *http.Request) {
	entry := e.begin(r, client(r), false)
	defer e.end(entry, 0, "", nil) // if a panic leaves the request without an answer

	wait(r, time.Duration(e.settings.snapshot().LatencyMS)*time.Millisecond)
	held := newHeldAnswer()
	var fault Fault
	if e.settings.takeToken(e.now()) {
		fault = e.faults.next(r)
		if fault.Kind == faultDelay {
			wait(r, time.Duration(fault.MS)*time.Millisecond)
		}
		if fault.carriesOut() {
			e.answers.ServeHTTP(held, r)
		}
		fault.corrupt(held)
	} else {
		// The next token comes within a second: the rate is at least one a second.
		held.Header().Set("Retry-After", "1")
		e.writeError(held, refuse(http.StatusTooManyRequests, "Too many requests. Wait a second."))
	}
	if fault.drops() {
		held.status = 0
	}

	// Before the answer is sent, because the client may read the record right after it.
	e.end(entry, held.status, fault.Kind, held.body.Bytes())
	e.logger.Info("request", "method", r.Method, "path", withoutKeys(r.URL.Path), "status", held.status,
		"fault", fault.Kind, "duration", time.Since(entry.At), "request_id", requestID(w.Header()))
	switch {
	case fault.drops():
		panic(http.ErrAbortHandler) // which closes the connection
	case fault.Kind == faultHuge:
		sendEndless(w, held.status)
	default:
		held.sendTo(w)
	}
}

// wait waits for d, or until the client closes the connection. The operation is carried out even
// then, as servers do.
func wait(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	// net/http detects a closed connection only after the body is read.
	var body bytes.Buffer
	_, _ = io.CopyN(&body, r.Body, maxTraces) // the next reader gets the error again
	r.Body = io.NopCloser(io.MultiReader(&body, r.Body))

	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}
