package traceloop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
)

// setupList answers the reads of setups with few requests. The first read sends its own request,
// which also shows the project and environment of the key. Later reads use the list, which is one
// request. A read that the list does not answer sends its own request; if the list fails, every
// read does. A write clears the list, before and after.
//
// The service lists the setups of the organization, so an external id may occur more than once.
// The id of the project and environment shows which setups belong to the key.
type setupList struct {
	client *Client

	mu      sync.Mutex
	own     string        // id of the key's project and environment; empty until an answer shows it
	first   chan struct{} // closed when the first read after the last write is answered
	loading *setupLoad
}

type setupLoad struct {
	done   chan struct{}
	setups []AutoMonitorSetup
	err    error
}

// OtherEnvironmentError says that a setup is in another project or environment than the key.
type OtherEnvironmentError struct {
	ExternalID   string
	EnvProjectID string // of the setup
	Own          string // of the key; empty if it is not known
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

// begin starts a read. For the first read it returns a function to call when that read is
// answered. Other reads wait for it.
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

// get reads a setup. A setup outside envProjectID, unless that is empty, is an
// *OtherEnvironmentError.
func (l *setupList) get(ctx context.Context, externalID, envProjectID string) (*AutoMonitorSetup, error) {
	path, err := elementPath(l.client.paths.AutoMonitorSetups, externalID)
	if err != nil {
		return nil, err
	}
	if answered := l.begin(ctx); answered != nil {
		defer answered()
	} else if own := l.ownEnvProject(); own != "" {
		// Ignore the error: then the read sends its own request.
		setups, _ := l.all(ctx)
		if setup := selectSetup(setups, externalID, own); setup != nil {
			return checkPlace(setup, envProjectID, own)
		}
	}
	setup, err := object(ctx, l.client, request{method: http.MethodGet, path: path}, requireExternalID(externalID))
	if IsNotFound(err) {
		return nil, l.confirmNotFound(ctx, externalID, envProjectID, err)
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

// all returns the whole list. Concurrent reads share it.
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
				l.loading = nil // the next caller has another context
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

// confirmNotFound returns a 404 only if the service has the list (see loader.confirmNotFound), and
// the list does not have the setup in its project and environment.
func (l *setupList) confirmNotFound(ctx context.Context, externalID, envProjectID string, notFound error) error {
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
