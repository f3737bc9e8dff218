package traceloop

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// request is one operation of the API.
type request struct {
	method string
	path   string // escaped, below the base URL
	query  url.Values
	body   any  // encoded as JSON; nil for none
	list   bool // the answer is a list, not an object

	// repeatable says that a POST may be sent again after a failure: the service recognizes a
	// repeat by its Idempotency-Key, or a repeat has no further effect.
	repeatable bool
}

// call is one operation and the results of its attempts so far.
type call struct {
	client         *Client
	method         string
	path           string // of the whole URL, escaped
	idempotencyKey string // of a POST
	list           bool   // a good answer is a list
	repeatable     bool   // retry even if an attempt may have been carried out
	started        time.Time

	failures     int           // attempts that Config.MaxRetries limits
	rateLimited  int           // attempts answered 429
	maybeDone    bool          // a failed attempt may have been carried out
	wait         time.Duration // before the next attempt, in addition to the gate
	waitingSince time.Time     // the first wait at the gate

	last attempt
}

// do carries out one operation and passes the answer's fields to read. read may be nil.
func (c *Client) do(ctx context.Context, r request, read func(*fields)) error {
	ctx = tflog.MaskLogStrings(ctx, c.key)
	req, err := c.newRequest(ctx, r)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	call := &call{
		client:         c,
		method:         r.method,
		path:           req.URL.EscapedPath(),
		idempotencyKey: req.Header.Get("Idempotency-Key"),
		list:           r.list,
		repeatable:     r.method != http.MethodPost || r.repeatable,
		started:        time.Now(),
	}
	err = call.run(req, read)
	if err != nil {
		tflog.Info(ctx, "Traceloop API call failed", map[string]any{
			"method": call.method, "path": call.path, "request_id": call.last.requestID, "error": err.Error(),
		})
	}
	return err
}

func (c *Client) newRequest(ctx context.Context, r request) (*retryablehttp.Request, error) {
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

// run makes the attempts and turns the last answer into an error or into fields.
func (c *call) run(req *retryablehttp.Request, read func(*fields)) error {
	retrying := retryablehttp.Client{
		HTTPClient:   &http.Client{Transport: c},
		RetryMax:     math.MaxInt, // checkRetry counts, because not every repeat is a retry
		CheckRetry:   c.checkRetry,
		Backoff:      c.nextWait,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	answer, err := retrying.Do(req) //nolint:bodyclose // RoundTrip has read and closed it
	switch {
	case err != nil:
		err = c.failed(err)
	case c.method == http.MethodDelete && answer.StatusCode == http.StatusNotFound && c.maybeDone:
		// An earlier attempt, whose answer was lost, deleted it.
	case answer.StatusCode/100 != 2:
		err = c.refused(answer.StatusCode)
	case read != nil:
		f := &fields{raw: c.last.object, elements: c.last.list, problem: new(string)}
		read(f)
		if *f.problem != "" {
			c.maybeDone = true
			err = c.unreadable(answer.StatusCode, *f.problem, nil)
		}
	}
	if err != nil && c.method == http.MethodPost && c.maybeDone {
		return &UnknownOutcomeError{Method: c.method, Path: c.path, IdempotencyKey: c.idempotencyKey, Started: c.started, Err: err}
	}
	return err
}

// failed adds the operation to an error that does not contain it yet.
func (c *call) failed(err error) error {
	err = unwrapURL(err)
	_, unreadable := errors.AsType[*UnreadableError](err)
	_, rateLimited := errors.AsType[*RateLimitError](err)
	switch {
	case unreadable || rateLimited:
		return err
	case c.failures > 1:
		return fmt.Errorf("%s %s: %w (after %d attempts)", c.method, c.path, err, c.failures)
	default:
		return fmt.Errorf("%s %s: %w", c.method, c.path, err)
	}
}

func (c *call) refused(status int) error {
	message := c.last.message()
	if message == "" {
		message = "no reason given: " + c.last.problem
	}
	return &Error{StatusCode: status, Message: c.client.sanitize(message), RequestID: c.last.requestID, Method: c.method, Path: c.path}
}

func (c *call) unreadable(status int, reason string, err error) error {
	return &UnreadableError{
		StatusCode: status, Reason: c.client.sanitize(reason), RequestID: c.last.requestID, Method: c.method, Path: c.path, Err: err,
	}
}

// unwrapURL removes http.Client's wrapping, whose text contains the whole URL.
func unwrapURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
