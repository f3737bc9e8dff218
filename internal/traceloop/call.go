package traceloop

import (
	"bytes"
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
	method     string
	path       string  // escaped, below the base URL
	id         *string // of an element of the collection at path; nil for the collection
	query      url.Values
	body       any   // encoded as JSON; nil for none
	list       bool  // the answer is a list, not an object
	repeatable bool  // a repeat of a POST has no further effect
	repeated   *bool // unless nil, becomes true if an earlier attempt may have been carried out
}

// call is one operation on its way.
type call struct {
	request // with the path of the whole URL

	client  *connection
	caller  context.Context //nolint:containedctx // an interrupt ends it; the request's context outlives that
	started time.Time

	// of the current attempt
	attemptStarted time.Time
	connected      atomic.Bool // so that the request may have been sent
	response       response    // zero until the answer is read

	// of all attempts
	failures     int       // attempts that Config.MaxRetries limits
	rateLimited  int       // attempts answered 429
	maybeDone    bool      // a failed attempt may have been carried out
	notBefore    time.Time // when the next attempt begins
	waitingSince time.Time // the first wait for the end of a pause
}

// response is an answer that has been read.
type response struct {
	Answer

	header  http.Header
	body    json.RawMessage // valid JSON; nil if there is none
	problem string          // why there is none, or no error message in it
	message string          // the reason of a refusal
	missing bool            // the service has no such operation
}

// do carries out one operation and passes the answer's fields to read. It does not call read if
// the answer of a change is empty. read may be nil.
func (c *connection) do(ctx context.Context, r request, read func(*fields)) error {
	ctx = tflog.MaskLogStrings(ctx, c.secrets...)
	r.repeatable = r.repeatable || r.method != http.MethodPost
	call := &call{request: r, client: c, caller: ctx, started: time.Now()}
	err := call.run(read) //nolint:contextcheck // run takes the context from the call
	if r.repeated != nil {
		*r.repeated = call.maybeDone
	}
	if err != nil {
		tflog.Info(ctx, "Traceloop API call failed", maskedIn(map[string]any{
			"method": call.method, "path": call.path, "request_id": call.response.RequestID, "error": err.Error(),
		}))
	}
	return err
}

func (c *call) run(read func(*fields)) error {
	// Terraform cancels the context at the first interrupt. A write that was sent is completed,
	// within its timeout: without its answer, a new key would be lost.
	ctx := c.caller
	if c.method != http.MethodGet {
		ctx = context.WithoutCancel(ctx)
	}
	ctx = httptrace.WithClientTrace(context.WithValue(ctx, callKey{}, c), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { c.connected.Store(true) },
	})
	built, err := c.client.newRequest(ctx, c.request)
	if err != nil {
		return c.failed(err)
	}
	req, err := retryablehttp.FromRequest(built)
	if err != nil {
		return c.failed(err)
	}
	c.path = req.URL.EscapedPath()
	req.SetResponseHandler(c.read)
	if err = c.beginAttempt(); err == nil {
		_, err = c.client.retrying.Do(req) //nolint:bodyclose // c.read has closed it
	}
	if err == nil {
		err = c.decode(read)
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

func (c *connection) newRequest(ctx context.Context, r request) (*http.Request, error) {
	if r.id != nil {
		if *r.id == "" || *r.id == "." || *r.id == ".." { // they would address the collection or its parent
			return nil, fmt.Errorf("%q cannot be an id under %s", *r.id, r.path)
		}
		r.path += "/" + url.PathEscape(*r.id)
	}
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.base.String()+r.path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.URL.RawQuery = r.query.Encode()
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
	h := answer.Header
	c.client.clock.read(h)
	requestID := cmp.Or(h.Get("X-Request-Id"), h.Get("X-Kong-Request-Id"), h.Get("Cf-Ray")) // of the service, or of what is in front of it
	c.response = response{Answer: Answer{answer.StatusCode, c.client.sanitize(requestID), c.method, c.path}, header: h}
	r := &c.response
	if r.StatusCode/100 == 3 && r.StatusCode != http.StatusNotModified {
		return c.unreadable("it redirects to "+cmp.Or(h.Get("Location"), "nowhere")+", and the provider follows no redirect", nil)
	}

	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	media, _, mediaErr := mime.ParseMediaType(h.Get("Content-Type"))
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
		shown, _, _ := strings.Cut(h.Get("Content-Type"), ";") // unchanged, so that sanitize finds a key in it
		r.problem = "its content type is " + shown
	case !json.Valid(body):
		r.problem = "its body is not JSON"
	default:
		r.body = body
	}

	if r.StatusCode/100 == 2 {
		// The answer of a change may be empty. If it is broken, the change is made nevertheless.
		changed := c.method != http.MethodGet && c.method != http.MethodPost && (isJSON || len(body) == 0)
		if r.problem == "" || changed {
			return nil
		}
		return c.unreadable(r.problem, err)
	}
	// Routers of Go services answer this where they have no route.
	r.missing = r.StatusCode == http.StatusMethodNotAllowed ||
		r.StatusCode == http.StatusNotFound && media == "text/plain" && strings.TrimSpace(string(body)) == "404 page not found"
	var own bool
	r.message, own = refusalMessage(r.body)
	if r.problem == "" && !own {
		r.problem = "its body has no error message"
	}
	// Callers act on 404 and 410 (remove from state) and 409 (look for the conflict), so these count
	// only with the API's own error body.
	actedOn := isNotFound(r.StatusCode) || r.StatusCode == http.StatusConflict
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

// reportsFailure reports whether the body of a success says that nothing was carried out.
func reportsFailure(body json.RawMessage) bool {
	var forms struct{ Success *bool }
	_, failed := refusalMessage(body)
	return failed || json.Unmarshal(body, &forms) == nil && forms.Success != nil && !*forms.Success
}

// decode turns the last answer into an error or into fields.
func (c *call) decode(read func(*fields)) error {
	last := &c.response
	switch {
	case last.missing:
		return &MissingOperationError{c.response.Answer}
	case last.StatusCode/100 != 2:
		message := last.message
		if message == "" {
			message = "no reason given: " + last.problem
		}
		return &Error{
			Answer: c.response.Answer, Message: c.client.sanitize(message),
			mayBeOurs: c.method == http.MethodDelete && isNotFound(last.StatusCode) && c.maybeDone,
		}
	case read == nil && reportsFailure(last.body):
		return &MismatchError{c.response.Answer, "its status is that of a success, and its body reports a failure"}
	case read == nil || last.body == nil:
		return nil
	}
	f := newFields(last.body, c.request, c.client.sanitize)
	if *f.problem == "" {
		read(f)
	}
	switch {
	case *f.problem != "":
		c.maybeDone = true
		return &MismatchError{c.response.Answer, c.client.sanitize(*f.problem)}
	case f.gone != "":
		gone := &Error{Answer: c.response.Answer, Message: f.gone, revoked: true}
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
	return &UnreadableError{c.response.Answer, c.client.sanitize(reason), err}
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
		"method": c.method, "path": c.path, "query": loggedQuery(c.query), "attempt": c.failures + c.rateLimited + 1,
		"duration_ms": time.Since(c.attemptStarted).Milliseconds(), "request_id": c.response.RequestID,
	}
	if c.response.StatusCode != 0 {
		entry["status"] = c.response.StatusCode
	}
	if err != nil {
		entry["error"] = unwrapURL(err).Error()
	}
	tflog.Debug(c.caller, "Traceloop API request", maskedIn(entry))
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

// These operations are the same for all objects. read makes an object from an answer's fields.

// create needs only the id of the answer, so that an object is never lost. If anything else is
// missing, it reads the object again. If that fails, it returns what is known.
func create[T any](ctx context.Context, c *connection, collection string, body any, read func(*fields) T) (*T, error) {
	var id, problem string
	created, err := object(ctx, c, request{method: http.MethodPost, path: collection, body: body}, func(f *fields) T {
		id = f.text("id")
		lenient := f.lenient()
		created := read(lenient)
		problem = *lenient.problem
		return created
	})
	if err == nil && problem != "" {
		if whole, err := get(context.WithoutCancel(ctx), c, collection, id, read); err == nil {
			return whole, nil
		}
	}
	return created, err
}

func get[T any](ctx context.Context, c *connection, collection, id string, read func(*fields) T) (*T, error) {
	return object(ctx, c, request{method: http.MethodGet, path: collection, id: &id}, requireID(id, read))
}

func update[T any](ctx context.Context, c *connection, collection, id string, body any, read func(*fields) T) (*T, error) {
	return object(ctx, c, request{method: http.MethodPatch, path: collection, id: &id, body: body}, requireID(id, read))
}

func remove(ctx context.Context, c *connection, collection, id string) error {
	return c.do(ctx, request{method: http.MethodDelete, path: collection, id: &id}, nil)
}

// object carries out an operation that answers with an object. If a change succeeded and its
// answer does not show the object, it reads the object.
func object[T any](ctx context.Context, c *connection, r request, read func(*fields) T) (*T, error) {
	var result *T
	err := c.do(ctx, r, func(f *fields) { result = new(read(f)) })
	_, mismatch := errors.AsType[*MismatchError](err)
	if (r.method == http.MethodPut || r.method == http.MethodPatch) && (mismatch || err == nil && result == nil) {
		read, err := object(context.WithoutCancel(ctx), c, request{method: http.MethodGet, path: r.path, id: r.id}, read)
		if err != nil {
			err = fmt.Errorf("the service carried out the %s, and its answer does not show the object: %w", r.method, err)
		}
		return read, err
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

// requireID rejects an answer whose id differs from the one requested, so that no caller
// changes or deletes the wrong object.
func requireID[T any](id string, read func(*fields) T) func(*fields) T {
	return func(f *fields) T {
		object := read(f)
		if f.text("id") != id {
			f.fail("it describes another object")
		}
		return object
	}
}
