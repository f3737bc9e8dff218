package traceloop

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// setupList answers the reads of setups with few requests. Its rule: the first read costs a
// request of its own; each further one is looked for in the list, which one request brings
// whole. A read that the list does not answer costs its own request, and so does every read
// where the list fails. A write makes it forget, before and after.
//
// The service lists the setups of the organization, so that an external id may be there more
// than once. A read finds its own by the id of the project and environment.
type setupList struct {
	client *Client

	mu      sync.Mutex
	begunAt time.Time // the first read since the last write
	loading *setupLoad
}

type setupLoad struct {
	done   chan struct{}
	setups []AutoMonitorSetup
	err    error
}

func (l *setupList) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begunAt, l.loading = time.Time{}, nil
}

// begin notes a read, and reports whether it is the first one. With a maxAge, what was read
// longer ago is forgotten.
func (l *setupList) begin(maxAge time.Duration) (first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.begunAt.IsZero() || maxAge > 0 && time.Since(l.begunAt) > maxAge {
		l.begunAt, l.loading = time.Now(), nil
		return true
	}
	return false
}

func (l *setupList) get(ctx context.Context, externalID, envProjectID string, maxAge time.Duration) (*AutoMonitorSetup, error) {
	path, err := elementPath(setupsPath, externalID)
	if err != nil {
		return nil, err
	}
	if first := l.begin(maxAge); !first && envProjectID != "" {
		// Ignore the error: the read's own request shows it again, or does without the list.
		setups, _ := l.all(ctx)
		for i := range setups {
			if setups[i].ExternalID == externalID && setups[i].EnvProjectID == envProjectID {
				return &setups[i], nil
			}
		}
	}
	setup, err := object(ctx, l.client, request{method: http.MethodGet, path: path}, aboutExternal(externalID))
	if IsNotFound(err) {
		err = l.confirmed(ctx, err)
	}
	return setup, err
}

// all returns the whole list. The reads that come meanwhile wait for it and share it.
func (l *setupList) all(ctx context.Context) ([]AutoMonitorSetup, error) {
	l.mu.Lock()
	if l.begunAt.IsZero() {
		l.begunAt = time.Now()
	}
	load, mine := l.loading, false
	if load == nil {
		load, mine = &setupLoad{done: make(chan struct{})}, true
		l.loading = load
	}
	l.mu.Unlock()

	if mine {
		load.setups, load.err = l.fetch(ctx, nil)
		if load.err != nil && ctx.Err() != nil {
			l.mu.Lock()
			if l.loading == load {
				l.loading = nil // the next one has a context of its own
			}
			l.mu.Unlock()
		}
		close(load.done)
	}
	select {
	case <-load.done:
		return load.setups, load.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *setupList) fetch(ctx context.Context, filter url.Values) ([]AutoMonitorSetup, error) {
	var setups []AutoMonitorSetup
	err := l.client.do(ctx, request{method: http.MethodGet, path: setupsPath, query: filter, list: true}, func(f *fields) {
		seen := map[string]bool{}
		for _, o := range f.each(f.elements) {
			setup := readAutoMonitorSetup(o)
			if seen[setup.ID] {
				f.fail("the list shows an object twice")
			}
			seen[setup.ID] = true
			setups = append(setups, setup)
		}
	})
	if err != nil {
		return nil, err
	}
	return setups, nil
}

// confirmed returns a 404 only if the service knows the list that the setup would be in: see
// loader.confirmed.
func (l *setupList) confirmed(ctx context.Context, notFound error) error {
	_, err := l.all(context.WithoutCancel(ctx))
	if refused, ok := errors.AsType[*Error](err); ok && refused.StatusCode == http.StatusNotFound {
		return &UnreadableError{
			StatusCode: refused.StatusCode, RequestID: refused.RequestID, Method: refused.Method, Path: refused.Path,
			Reason: "the API has this list, and here it is not found",
		}
	}
	if err != nil {
		return err
	}
	return notFound
}
