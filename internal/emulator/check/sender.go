package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// maxBody limits the size of an answer, in bytes.
	maxBody = 10 << 20

	// maxPause is the longest wait that the service may ask for, and maxPauses how often it may.
	maxPause  = time.Minute
	maxPauses = 20
)

// service is where the requests go, with its key: a traceloop.Client or a traceloop.ProjectClient.
type service interface {
	HTTP() *http.Client
	NewRequest(ctx context.Context, method, path string, query url.Values, body any) (*http.Request, error)
	BaseURL() string
	IsLoopback() bool
}

// plainRequest is a request whose answer is needed unchanged. The client's own methods hide parts of it.
type plainRequest struct {
	method string
	path   string // escaped, below the base URL
	query  url.Values
	body   any         // encoded as JSON; nil for none
	header http.Header // overrides the client's headers; a name without values removes a header
}

// plainAnswer is an unchanged answer.
type plainAnswer struct {
	status int
	header http.Header
	body   []byte
}

// via sends the request once, and again only after a pause that the service asks for. An interrupt
// does not stop a write on its way. An error means no answer.
func (r plainRequest) via(ctx context.Context, s service, wait func(context.Context, time.Duration) error) (*plainAnswer, error) {
	failed := func(err error) (*plainAnswer, error) {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // the text of the other contains the whole URL
		}
		return nil, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	for pauses := 0; ; pauses++ {
		if err := ctx.Err(); err != nil {
			return failed(err)
		}
		answer, err := r.once(ctx, s)
		if err != nil {
			return failed(err)
		}
		seconds, _ := strconv.Atoi(answer.header.Get("Retry-After"))
		pause := time.Duration(max(seconds, 1)) * time.Second
		if answer.status != http.StatusTooManyRequests || pause > maxPause || pauses == maxPauses {
			return answer, nil
		}
		if err := wait(ctx, pause); err != nil {
			return failed(err)
		}
	}
}

func (r plainRequest) once(ctx context.Context, s service) (*plainAnswer, error) {
	if r.method != http.MethodGet {
		ctx = context.WithoutCancel(ctx)
	}
	req, err := s.NewRequest(ctx, r.method, r.path, r.query, r.body)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, r.header)
	answer, err := s.HTTP().Do(req)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the answer's body is incomplete or did not arrive in time: %w", err)
	case len(body) > maxBody:
		return nil, fmt.Errorf("the answer's body is larger than %d MiB", maxBody>>20)
	}
	return &plainAnswer{answer.StatusCode, answer.Header, body}, nil
}
