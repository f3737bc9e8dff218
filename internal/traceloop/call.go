package traceloop

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// This file leads from an operation to the wire and back: do builds the request, sends it and
// decodes the answer. retry.go decides about repeats, pause.go about waits.

// maxBody limits the size of an answer, in bytes.
const maxBody = 10 << 20

// request is one operation of the API.
type request struct {
	method string
	path   string // escaped, below the base URL
	query  url.Values
	body   any  // encoded as JSON; nil for none
	list   bool // the answer is a list, not an object

	// repeatable says that a repeat of a POST has no further effect.
	repeatable bool

	// repeated, unless nil, becomes true if an earlier attempt may have been carried out.
	repeated *bool
}

// call is one operation on its way.
type call struct {
	client     *connection
	caller     context.Context //nolint:containedctx // an interrupt ends it; the request's context outlives that
	method     string
	path       string // of the whole URL, escaped
	query      string // what may be logged of it
	repeatable bool   // repeat even if an attempt may have been carried out
	started    time.Time

	// of the current attempt
	attemptStarted          time.Time
	connected, wroteHeaders atomic.Bool
	response                response // zero until the answer is read

	// of all attempts
	failures     int         // attempts that Config.MaxRetries limits
	rateLimited  int         // attempts answered 429
	maybeDone    bool        // a failed attempt may have been carried out
	waitingSince time.Time   // the first wait for the end of a pause
	cancel       func()      // ends the request's context
	stopWaiting  func() bool // see checkRetry
}

// response is an answer that has been read.
type response struct {
	status    int
	header    http.Header
	requestID string
	body      json.RawMessage // valid JSON; nil if there is none
	problem   string          // why there is none, or no error message in it
	message   string          // the reason of a refusal
	missing   bool            // the service has no such operation
}

// do carries out one operation and passes the answer's fields to read. It does not call read if
// the answer of a change is empty. read may be nil.
func (c *connection) do(ctx context.Context, r request, read func(*fields)) error {
	ctx = tflog.MaskLogStrings(ctx, c.secrets...)
	call := &call{
		client: c, caller: ctx, method: r.method, path: r.path, started: time.Now(),
		query: loggedQuery(r.query), repeatable: r.method != http.MethodPost || r.repeatable,
	}
	err := call.run(r, read) //nolint:contextcheck // run takes the context from the call
	if r.repeated != nil {
		*r.repeated = call.maybeDone
	}
	if err != nil {
		tflog.Info(ctx, "Traceloop API call failed", map[string]any{
			"method": call.method, "path": call.path, "request_id": call.response.requestID, "error": err.Error(),
		})
	}
	return err
}

func (c *call) run(r request, read func(*fields)) error {
	// Terraform cancels the context at the first interrupt. A write that was sent is completed,
	// within its timeout: without its answer, a new key would be lost.
	ctx := c.caller
	if r.method != http.MethodGet {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, c.cancel = context.WithCancel(context.WithValue(ctx, callKey{}, c))
	defer c.cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { c.connected.Store(true) },
		WroteHeaders: func() { c.wroteHeaders.Store(true) },
	})
	req, err := c.client.newRequest(ctx, r)
	if err != nil {
		return c.failed(err)
	}
	c.path = req.URL.EscapedPath()
	req.SetResponseHandler(c.read)
	if err = c.beginAttempt(); err == nil {
		_, err = c.client.retrying.Do(req) //nolint:bodyclose // c.read has closed it
	}
	if err == nil {
		err = c.decode(r, read)
	} else {
		err = c.failed(err)
	}
	if err != nil && c.method == http.MethodPost && c.maybeDone {
		return &UnknownOutcomeError{
			Method: c.method, Path: c.path, Started: c.started, Err: err,
			MayBeConflict: hasStatus(err, http.StatusInternalServerError) && !c.repeatable,
		}
	}
	return err
}

func (c *connection) newRequest(ctx context.Context, r request) (*retryablehttp.Request, error) {
	target, err := url.Parse(c.base.String() + r.path)
	if err != nil {
		return nil, err
	}
	target.RawQuery = r.query.Encode()
	var body any
	if r.body != nil {
		if body, err = json.Marshal(r.body); err != nil {
			return nil, err
		}
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, r.method, target.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.userAgent)
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.method == http.MethodPost {
		req.Header.Set("Idempotency-Key", rand.Text())
		// With that header, net/http itself repeats a POST when a reused connection breaks
		// (http.Request.isReplayable). Without GetBody it cannot.
		req.GetBody = nil
	}
	return req, nil
}

// read reads and closes the body. Its error is an answer that does not come from the API; other
// refusals are left to decode. It has the signature of retryablehttp.ResponseHandlerFunc.
func (c *call) read(answer *http.Response) error {
	defer answer.Body.Close()
	c.response = response{status: answer.StatusCode, header: answer.Header, requestID: c.client.sanitize(requestID(answer.Header))}
	r := &c.response
	c.client.clock.read(answer.Header)
	if r.status/100 == 3 && r.status != http.StatusNotModified {
		return c.unreadable("it redirects to "+cmp.Or(answer.Header.Get("Location"), "nowhere")+", and the provider follows no redirect", nil)
	}

	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	media, _, mediaErr := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	isJSON := media == "application/json" || strings.HasSuffix(media, "+json")
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		r.problem = "its body did not arrive in time"
	case err != nil:
		r.problem = "its body is incomplete"
	case len(body) > maxBody:
		r.problem = fmt.Sprintf("its body is larger than %d MiB", maxBody>>20)
	case len(body) == 0:
		r.problem = "its body is empty"
	case mediaErr != nil:
		r.problem = "its content type is missing or malformed"
	case !isJSON:
		shown, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";") // unchanged, so that sanitize finds a key in it
		r.problem = "its content type is " + shown
	case !json.Valid(body):
		r.problem = "its body is not JSON"
	default:
		r.body = body
	}

	if r.status/100 == 2 {
		// The answer of a change may be empty. If it is broken, the change is made nevertheless.
		changed := c.method != http.MethodGet && c.method != http.MethodPost && (isJSON || len(body) == 0)
		if r.problem == "" || changed {
			return nil
		}
		return c.unreadable(r.problem, err)
	}
	// Routers of Go services answer this where they have no route.
	r.missing = r.status == http.StatusMethodNotAllowed ||
		r.status == http.StatusNotFound && media == "text/plain" && strings.TrimSpace(string(body)) == "404 page not found"
	var own bool
	r.message, own = refusalMessage(r.body)
	if r.problem == "" && !own {
		r.problem = "its body has no error message"
	}
	// Callers act on 404 (remove from state) and 409 (look for the conflict), so these count
	// only with the API's own error body.
	actedOn := r.status == http.StatusNotFound || r.status == http.StatusConflict
	if actedOn && !own && !r.missing {
		if r.message != "" {
			r.problem += `, but "` + r.message + `"`
		}
		return c.unreadable(r.problem, err)
	}
	return nil
}

// refusalMessage returns the error message of a body, and whether it is in the API's own form. The form
// of the gateway in front of the API is {"message": "…"}.
func refusalMessage(body json.RawMessage) (message string, own bool) {
	var forms map[string]json.RawMessage
	if json.Unmarshal(body, &forms) != nil {
		return "", false
	}
	for _, name := range []string{"error", "message"} {
		if json.Unmarshal(forms[name], &message) == nil && message != "" {
			return message, name == "error"
		}
	}
	return "", false
}

// requestID returns the id of a request in the service's logs, or in those of what is in front
// of it.
func requestID(h http.Header) string {
	for _, name := range []string{"X-Request-Id", "X-Kong-Request-Id", "Cf-Ray"} {
		if id := h.Get(name); id != "" {
			return id
		}
	}
	return ""
}

// decode turns the last answer into an error or into fields.
func (c *call) decode(r request, read func(*fields)) error {
	last := &c.response
	switch {
	case last.missing:
		return &MissingOperationError{c.answer()}
	case c.method == http.MethodDelete && last.status == http.StatusNotFound && c.maybeDone:
		return nil // an earlier attempt, whose answer was lost, deleted it
	case last.status/100 != 2:
		message := last.message
		if message == "" {
			message = "no reason given: " + last.problem
		}
		return &Error{Answer: c.answer(), Message: c.client.sanitize(message)}
	case read == nil || last.body == nil:
		return nil
	}
	f := newFields(last.body, r, c.client.sanitize)
	if *f.problem == "" {
		read(f)
	}
	switch {
	case *f.problem != "":
		c.maybeDone = true
		return &MismatchError{c.answer(), c.client.sanitize(*f.problem)}
	case f.gone != "":
		gone := &Error{Answer: c.answer(), Message: f.gone, revoked: true}
		gone.StatusCode = http.StatusNotFound
		return gone
	}
	return nil
}

// failed adds the operation to an error that does not contain it yet.
func (c *call) failed(err error) error {
	err = unwrapURL(err)
	_, unreadable := errors.AsType[*UnreadableError](err)
	_, rateLimited := errors.AsType[*RateLimitError](err)
	if unreadable || rateLimited {
		return err
	}
	if timedOut(err) && c.caller.Err() == nil {
		err = fmt.Errorf("no answer within %s", c.client.retrying.HTTPClient.Timeout)
	}
	if c.failures > 1 {
		return fmt.Errorf("%s %s: %w (after %d attempts)", c.method, c.path, err, c.failures)
	}
	return fmt.Errorf("%s %s: %w", c.method, c.path, err)
}

func (c *call) unreadable(reason string, err error) error {
	return &UnreadableError{c.answer(), c.client.sanitize(reason), err}
}

func (c *call) answer() Answer {
	return Answer{StatusCode: c.response.status, RequestID: c.response.requestID, Method: c.method, Path: c.path}
}

// unwrapURL removes http.Client's wrapping, whose text contains the whole URL.
func unwrapURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

func (c *call) logAttempt(err error) {
	entry := map[string]any{
		"method": c.method, "path": c.path, "query": c.query, "attempt": c.failures + c.rateLimited + 1,
		"duration_ms": time.Since(c.attemptStarted).Milliseconds(), "request_id": c.response.requestID,
	}
	if c.response.status != 0 {
		entry["status"] = c.response.status
	}
	if err != nil {
		entry["error"] = unwrapURL(err).Error()
	}
	tflog.Debug(c.caller, "Traceloop API request", entry)
}

// loggedQuery keeps only the parameters that are safe to log. A cursor may not be.
func loggedQuery(query url.Values) string {
	logged := url.Values{}
	for _, name := range []string{"project_id", "environment", "limit"} {
		if query.Has(name) {
			logged.Set(name, query.Get(name))
		}
	}
	return logged.Encode()
}
