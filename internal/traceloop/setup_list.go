package traceloop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
)

// setupList answers the reads of setups with few requests. Its rule: the first read costs a
// request of its own, which also shows the project and environment of the key; each further
// one is looked for in the list, which one request brings whole. A read that the list does not
// answer costs its own request, and so does every read where the list fails. A write makes it
// forget, before and after.
//
// The service lists the setups of the organization, so that an external id may be there more
// than once. The key's own are known by the id of the project and environment.
type setupList struct {
	client *Client

	mu      sync.Mutex
	own     string        // the key's project and environment; empty until an answer shows it
	first   chan struct{} // closed when the first read since the last write is answered
	loading *setupLoad
}

type setupLoad struct {
	done   chan struct{}
	setups []AutoMonitorSetup
	err    error
}

// OtherEnvironmentError says that a setup is not in the project and environment of the key.
type OtherEnvironmentError struct {
	ExternalID   string
	EnvProjectID string // the setup's
	Own          string // the key's; empty where it is not known
}

func (e *OtherEnvironmentError) Error() string {
	own := ""
	if e.Own != "" {
		own = ", and the key's is " + e.Own
	}
	return fmt.Sprintf("the setup %q and the key belong to different projects or environments: the setup's env_project_id is %s%s", e.ExternalID, e.EnvProjectID, own)
}

func (l *setupList) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.first, l.loading = nil, nil
}

// begin notes a read. It returns a function to call when the read is answered, if it is the
// first one, and else waits for that one.
func (l *setupList) begin(ctx context.Context) (answered func()) {
	l.mu.Lock()
	if l.first == nil {
		first := make(chan struct{})
		l.first = first
		l.mu.Unlock()
		return func() { close(first) }
	}
	first := l.first
	l.mu.Unlock()
	select {
	case <-first:
	case <-ctx.Done():
	}
	return nil
}

func (l *setupList) learn(setup *AutoMonitorSetup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.own = setup.EnvProjectID
}

func (l *setupList) ownEnvProject() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.own
}

// get reads a setup. Where envProjectID is not empty, one elsewhere is an *OtherEnvironmentError.
func (l *setupList) get(ctx context.Context, externalID, envProjectID string) (*AutoMonitorSetup, error) {
	path, err := elementPath(l.client.paths.AutoMonitorSetups, externalID)
	if err != nil {
		return nil, err
	}
	if answered := l.begin(ctx); answered != nil {
		defer answered()
	} else if own := l.ownEnvProject(); own != "" {
		// Ignore the error: the read's own request shows it again, or does without the list.
		setups, _ := l.all(ctx)
		if setup := selectSetup(setups, externalID, own); setup != nil {
			return checkPlace(setup, envProjectID, own)
		}
	}
	setup, err := object(ctx, l.client, request{method: http.MethodGet, path: path}, aboutExternal(externalID))
	if IsNotFound(err) {
		return nil, l.confirmed(ctx, externalID, envProjectID, err)
	}
	if err != nil {
		return nil, err
	}
	l.learn(setup)
	return checkPlace(setup, envProjectID, setup.EnvProjectID)
}

func selectSetup(setups []AutoMonitorSetup, externalID, envProjectID string) *AutoMonitorSetup {
	for i := range setups {
		if setups[i].ExternalID == externalID && setups[i].EnvProjectID == envProjectID {
			return &setups[i]
		}
	}
	return nil
}

func checkPlace(setup *AutoMonitorSetup, envProjectID, own string) (*AutoMonitorSetup, error) {
	if envProjectID != "" && setup.EnvProjectID != envProjectID {
		return nil, &OtherEnvironmentError{ExternalID: setup.ExternalID, EnvProjectID: envProjectID, Own: own}
	}
	return setup, nil
}

// all returns the whole list. The reads that come meanwhile wait for it and share it.
func (l *setupList) all(ctx context.Context) ([]AutoMonitorSetup, error) {
	l.mu.Lock()
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
	err := l.client.do(ctx, request{method: http.MethodGet, path: l.client.paths.AutoMonitorSetups, query: filter, list: true}, func(f *fields) {
		seen := map[string]bool{}
		for _, o := range f.each(f.elements) {
			setup := readAutoMonitorSetup(o)
			if seen[setup.ID] {
				f.fail("the list contains an object twice")
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

// confirmed returns a 404 only if the service knows the list that the setup would be in (see
// loader.confirmed), and the list does not have it, in the place where it was.
func (l *setupList) confirmed(ctx context.Context, externalID, envProjectID string, notFound error) error {
	setups, err := l.all(context.WithoutCancel(ctx))
	if refused, ok := errors.AsType[*Error](err); ok && refused.StatusCode == http.StatusNotFound {
		return &UnreadableError{
			StatusCode: refused.StatusCode, RequestID: refused.RequestID, Method: refused.Method, Path: refused.Path,
			Reason: "the API always has this list, but it was not found at this address",
		}
	}
	if err != nil {
		return err
	}
	if own := l.ownEnvProject(); own != envProjectID && selectSetup(setups, externalID, envProjectID) != nil {
		return &OtherEnvironmentError{ExternalID: externalID, EnvProjectID: envProjectID, Own: own}
	}
	return notFound
}
