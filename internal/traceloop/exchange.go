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

// Exchange is a request for which the answer is wanted as it comes, whatever it is: a check
// of the contract looks at what the other methods would not pass on.
type Exchange struct {
	Method string
	Path   string // escaped, below the base URL
	Query  url.Values
	Body   any         // encoded as JSON; nil for none
	Header http.Header // takes the place of the client's own; a name without values leaves it out
}

// Answer is an answer as it came.
type Answer struct {
	StatusCode int
	Header     http.Header
	Body       []byte
}

// Exchange sends one request, by the same rules as the other methods: where the key may go,
// redirects, the time it may take, the size of the answer, and that a write under way is
// finished. It is repeated only if the service asks for a pause, after it. An error says
// that there is no answer.
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
