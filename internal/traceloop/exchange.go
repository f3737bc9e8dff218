package traceloop

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
)

// Exchange is a request that returns the answer unchanged, for checks of the contract. Other
// methods hide parts of the answer.
type Exchange struct {
	Method string
	Path   string // escaped, below the base URL
	Query  url.Values
	Body   any         // encoded as JSON; nil for none
	Header http.Header // overrides the client's headers; a name without values removes a header
}

// Answer is an unchanged answer.
type Answer struct {
	StatusCode int
	Header     http.Header
	Body       []byte
}

// Exchange sends one request. The rules of the other methods apply: where the key may be sent,
// redirects, the time limit, the size limit, and that an interrupt does not stop a write. It
// repeats the request only after a pause that the service asks for. An error means no answer.
func (c *Client) Exchange(ctx context.Context, e Exchange) (*Answer, error) {
	turn := &call{client: c, method: e.Method, path: e.Path}
	for {
		if err := turn.awaitTurn(ctx); err != nil {
			return nil, turn.failed(err)
		}
		answer, err := c.exchangeOnce(ctx, e)
		if err != nil {
			return nil, turn.failed(err)
		}
		if answer.StatusCode != http.StatusTooManyRequests {
			return answer, nil
		}
		turn.rateLimited++
		c.gate.pause(turn.pauseFor(&http.Response{Header: answer.Header}))
	}
}

func (c *Client) exchangeOnce(ctx context.Context, e Exchange) (*Answer, error) {
	if e.Method != http.MethodGet {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	built, err := c.newRequest(ctx, request{method: e.Method, path: e.Path, query: e.Query, body: e.Body})
	if err != nil {
		return nil, err
	}
	body, err := built.BodyBytes()
	if err != nil {
		return nil, err
	}
	req := built.Request
	req.Body, req.GetBody = http.NoBody, nil
	if len(body) > 0 {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	maps.Copy(req.Header, e.Header)

	once := http.Client{Transport: c.transport, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if refuseRedirect(next.Response, len(via)-1) != "" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	answer, err := once.Do(req)
	if err != nil {
		if ctx.Err() == context.DeadlineExceeded {
			err = fmt.Errorf("no answer within %s", c.timeout)
		}
		return nil, err
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the answer's body is incomplete or did not arrive in time: %w", err)
	case len(read) > maxBody:
		return nil, fmt.Errorf("the answer's body is larger than %d MiB", maxBody>>20)
	}
	return &Answer{StatusCode: answer.StatusCode, Header: answer.Header, Body: read}, nil
}
