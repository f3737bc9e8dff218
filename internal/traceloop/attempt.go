package traceloop

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

const (
	// maxBody limits the size of an answer, in bytes.
	maxBody = 10 << 20

	// maxMessage limits the service's text in an error, in characters.
	maxMessage = 1000
)

// attempt is the result of one request of a call.
type attempt struct {
	hops      int                          // redirects followed so far
	sent      bool                         // the service may have received the request
	object    map[string]json.RawMessage   // the body
	list      []map[string]json.RawMessage // the body, if a list is expected
	problem   string                       // what is wrong with the body
	requestID string
}

// message returns the API's error message, or "".
func (a *attempt) message() string {
	var message string
	if json.Unmarshal(a.object["error"], &message) != nil {
		return ""
	}
	return message
}

// RoundTrip makes one attempt: it waits for its turn, sends the request and reads the whole
// answer within the request timeout. So an incomplete or foreign answer is an error here, and
// checkRetry decides whether to retry. The returned answer has no body; its JSON is in c.last.
func (c *call) RoundTrip(req *http.Request) (*http.Response, error) {
	hops := 0
	if req.Response != nil { // set by http.Client when it follows a redirect
		hops = c.last.hops + 1
	}
	c.last = attempt{hops: hops}
	if err := c.awaitTurn(req.Context()); err != nil {
		return nil, err
	}

	// Terraform cancels the context at the first interrupt. A write that was sent is completed,
	// within its timeout: without its answer, a new key would be lost.
	base := req.Context()
	if c.method != http.MethodGet {
		base = context.WithoutCancel(base)
	}
	ctx, cancel := context.WithTimeout(base, c.client.timeout)
	defer cancel()
	var connected, wroteHeaders atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { connected.Store(true) },
		WroteHeaders: func() { wroteHeaders.Store(true) },
	})
	started := time.Now()
	answer, err := c.client.transport.RoundTrip(req.WithContext(ctx))
	if err == nil {
		err = c.readAnswer(ctx, answer)
	} else if ctx.Err() != nil && base.Err() == nil {
		err = fmt.Errorf("no answer within %s", c.client.timeout)
	}
	// When the context ends, net/http does not wait for its writing goroutine.
	c.last.sent = answer != nil || wroteHeaders.Load() || connected.Load() && ctx.Err() != nil
	c.logAttempt(req, answer, err, time.Since(started))
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// readAnswer reads and closes the body. It refuses an answer that does not come from the API.
func (c *call) readAnswer(ctx context.Context, answer *http.Response) error {
	stream := answer.Body
	defer stream.Close()
	answer.Body = http.NoBody
	c.client.clock.read(answer.Header)
	c.last.requestID = c.client.sanitize(answer.Header.Get("X-Request-Id"))

	status := answer.StatusCode
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		if reason := refuseRedirect(answer, c.last.hops); reason != "" {
			return c.unreadable(status, reason, nil)
		}
		return nil
	case http.StatusNoContent:
		if c.method == http.MethodDelete {
			return nil
		}
	}

	success := status/100 == 2
	body, err := io.ReadAll(io.LimitReader(stream, maxBody+1))
	if success && err == nil && len(body) == 0 && (c.method == http.MethodPut || c.method == http.MethodPatch) {
		return nil // the change was made, and must not be repeated; the caller reads the object
	}
	switch {
	case err != nil && ctx.Err() != nil:
		c.last.problem = "its body did not arrive in time"
	case err != nil:
		c.last.problem = "its body is incomplete"
	default:
		if c.list && success {
			c.last.list, c.last.problem = parseBody[[]map[string]json.RawMessage](answer.Header.Get("Content-Type"), body, "list of objects")
		} else {
			c.last.object, c.last.problem = parseBody[map[string]json.RawMessage](answer.Header.Get("Content-Type"), body, "object")
		}
	}

	if !success && c.last.problem == "" && c.last.message() == "" {
		c.last.problem = "its body has no error message"
	}
	// Callers act on 404 (remove from state) and 409 (look for the conflict), so these count
	// only with the API's own error body.
	actedOn := status == http.StatusNotFound || status == http.StatusConflict
	if c.last.problem != "" && (success || actedOn) {
		return c.unreadable(status, c.last.problem, err)
	}
	return nil
}

// parseBody returns the JSON object or list of a body, or the problem with it.
func parseBody[T ~map[string]json.RawMessage | ~[]map[string]json.RawMessage](contentType string, body []byte, kind string) (value T, problem string) {
	if len(body) > maxBody {
		return nil, fmt.Sprintf("its body is larger than %d MiB", maxBody>>20)
	}
	if len(body) == 0 {
		return nil, "its body is empty"
	}
	media, _, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil:
		return nil, "its content type is missing or malformed"
	case media != "application/json" && !strings.HasSuffix(media, "+json"):
		shown, _, _ := strings.Cut(contentType, ";") // unchanged, so that sanitize finds the key in it
		return nil, "its content type is " + shown
	case json.Unmarshal(body, &value) != nil || value == nil:
		return nil, "its body is not a JSON " + kind
	}
	return value, ""
}

// sanitize prepares a text of the service for an error: it masks the client's key, removes line
// breaks and control characters, and limits the length.
func (c *Client) sanitize(s string) string {
	return sanitize(strings.ReplaceAll(s, c.key, MaskKey(c.key)))
}

// sanitize makes one line of a text of the service, without control characters.
func sanitize(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > maxMessage {
		s = string(runes[:maxMessage]) + "…"
	}
	return strings.TrimSpace(s)
}

func (c *call) logAttempt(req *http.Request, answer *http.Response, err error, took time.Duration) {
	entry := map[string]any{
		"method":      c.method,
		"path":        req.URL.EscapedPath(),
		"query":       loggedQuery(req.URL.Query()),
		"attempt":     c.failures + c.rateLimited + 1,
		"duration_ms": took.Milliseconds(),
		"request_id":  c.last.requestID,
	}
	if answer != nil {
		entry["status"] = answer.StatusCode
	}
	if err != nil {
		entry["error"] = err.Error()
	}
	tflog.Debug(req.Context(), "Traceloop API request", entry)
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

func (c *call) logWait(ctx context.Context, wait time.Duration, reason string) {
	tflog.Info(ctx, "Waiting before the next Traceloop API request", map[string]any{
		"method": c.method, "path": c.path, "attempt": c.failures + c.rateLimited, "wait_ms": wait.Milliseconds(), "reason": reason,
	})
}
