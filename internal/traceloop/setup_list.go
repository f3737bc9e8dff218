package traceloop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// sharedList answers reads of one kind of object with few requests. The first read after a write
// sends its own request. Later reads share the list, which is one request. A read that the list
// does not answer sends its own request; if the list fails, every read does.
type sharedList[T any] struct {
	fetch func(context.Context) ([]T, error)

	mu    sync.Mutex
	since *listSince[T]
}

// listSince is the cache of a sharedList since the last write.
type listSince[T any] struct {
	first sync.Once // the first read

	load    sync.Once
	begun   time.Time
	loaded  chan struct{}
	objects []T
	err     error
}

func newSharedList[T any](fetch func(context.Context) ([]T, error)) *sharedList[T] {
	l := &sharedList[T]{fetch: fetch}
	l.forget()
	return l
}

func (l *sharedList[T]) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since = &listSince[T]{begun: time.Now(), loaded: make(chan struct{})}
}

func (l *sharedList[T]) current() *listSince[T] {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.since
}

func (l *sharedList[T]) all(ctx context.Context) ([]T, error) {
	return l.current().all(ctx, l.fetch)
}

// all reads the list once, for all callers. So the request continues if the first caller gives up.
func (s *listSince[T]) all(ctx context.Context, fetch func(context.Context) ([]T, error)) ([]T, error) {
	s.load.Do(func() {
		go func() {
			s.objects, s.err = fetch(context.WithoutCancel(ctx))
			close(s.loaded)
		}()
	})
	select {
	case <-s.loaded:
		return s.objects, s.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// read returns the object that matches, from the list or with one, the read's own request.
func (l *sharedList[T]) read(ctx context.Context, one func(context.Context) (*T, error), matches func(T) bool) (*T, error) {
	var (
		since   = l.current()
		isFirst bool
		answer  *T
		err     error
	)
	since.first.Do(func() {
		isFirst = true
		answer, err = one(ctx)
	})
	if isFirst {
		return answer, err
	}
	objects, _ := since.all(ctx, l.fetch)
	if i := slices.IndexFunc(objects, matches); i >= 0 {
		found := objects[i]
		return &found, nil
	}
	return one(ctx)
}

// confirmNotFound returns a 404 only if the service has the list. At a wrong base URL everything is
// "not found", and that must not remove an object from a state.
func confirmNotFound(notFound, listErr error) error {
	if refused, ok := errors.AsType[*Error](listErr); ok && refused.StatusCode == http.StatusNotFound {
		return &UnreadableError{Answer: refused.Answer, Reason: "the API always has this list, but it was not found at this address"}
	}
	if listErr != nil {
		return listErr
	}
	return notFound
}

// requireWhole refuses a list that has more than it shows: neither of the lists here has pages.
func requireWhole(f *fields) {
	total := max(f.optionalInt("total_results"), f.optionalInt("total"))
	if total > len(f.elements) || f.optionalText("next_cursor") != "" {
		f.fail("the list is incomplete: it shows %d of its objects", len(f.elements))
	}
}

// recent is how old the list may be that shows an external id to be free.
const recent = 30 * time.Second

// setupList knows the setups of the organization, and which of them the key reaches.
//
// An external id is unique in its project, but the list is that of the organization. It is not
// published whether a key reaches the setups of other environments of its project. So an answer
// that names one setup shows the key's project, and an environment that the key reaches. Only a
// creation shows the key's own environment.
type setupList struct {
	client *Client
	reads  *sharedList[AutoMonitorSetup]

	mu      sync.Mutex
	project string          // of the key; empty until an answer shows it
	env     string          // env_project_id of the key; empty until a creation shows it
	reached map[string]bool // env_project_ids of the setups that answers were about

	shown   *listSince[AutoMonitorSetup] // the list that creations compare with
	written map[string]*AutoMonitorSetup // what this client wrote since then, by external id; nil if deleted
}

// OtherEnvironmentError says that a setup is in another project or environment than the key.
type OtherEnvironmentError struct {
	ExternalID   string
	EnvProjectID string // of the setup
	Own          string // what the key reaches under this external id; may be empty
}

func (e *OtherEnvironmentError) Error() string {
	own := ""
	if e.Own != "" {
		own = ", and the key's is " + e.Own
	}
	return fmt.Sprintf("the setup %q and the key belong to different projects or environments: the setup's env_project_id is %s%s", e.ExternalID, e.EnvProjectID, own)
}

func newSetupList(client *Client) *setupList {
	l := &setupList{client: client, reached: map[string]bool{}, written: map[string]*AutoMonitorSetup{}}
	l.reads = newSharedList(func(ctx context.Context) ([]AutoMonitorSetup, error) { return l.fetch(ctx, nil) })
	return l
}

// learn notes what an answer about one setup shows.
func (l *setupList) learn(setup AutoMonitorSetup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.project = setup.ProjectID
	l.reached[setup.EnvProjectID] = true
}

// learnOwn notes the environment of a setup that the key has created.
func (l *setupList) learnOwn(envProjectID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.env = envProjectID
}

// isElsewhere reports whether a setup is in another environment than the key's own.
func (l *setupList) isElsewhere(setup AutoMonitorSetup) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.env != "" && l.env != setup.EnvProjectID
}

func (l *setupList) reaches(envProjectID string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reached[envProjectID]
}

func (l *setupList) ownProject() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.project
}

// get reads a setup. A setup outside envProjectID, unless that is empty, is an
// *OtherEnvironmentError.
func (l *setupList) get(ctx context.Context, externalID, envProjectID string) (*AutoMonitorSetup, error) {
	setup, err := l.reads.read(ctx, func(ctx context.Context) (*AutoMonitorSetup, error) { return l.getOne(ctx, externalID) }, func(s AutoMonitorSetup) bool {
		return s.ExternalID == externalID && !s.partial && l.reaches(s.EnvProjectID)
	})
	if IsNotFound(err) {
		return nil, l.confirmNotFound(ctx, externalID, envProjectID, err)
	}
	if err != nil {
		return nil, err
	}
	if envProjectID != "" && setup.EnvProjectID != envProjectID {
		return nil, &OtherEnvironmentError{ExternalID: externalID, EnvProjectID: envProjectID, Own: setup.EnvProjectID}
	}
	return setup, nil
}

func (l *setupList) getOne(ctx context.Context, externalID string) (*AutoMonitorSetup, error) {
	path, err := elementPath(l.client.paths.AutoMonitorSetups, externalID)
	if err != nil {
		return nil, err
	}
	setup, err := object(ctx, l.client, request{method: http.MethodGet, path: path}, requireExternalID(externalID))
	if err != nil {
		return nil, err
	}
	l.learn(*setup)
	return setup, nil
}

// fetch reads the list. One odd setup, perhaps of another project, does not stop it: a setup is
// skipped that cannot be compared with others, and partial if the rest of it cannot be read.
func (l *setupList) fetch(ctx context.Context, filter url.Values) ([]AutoMonitorSetup, error) {
	var setups []AutoMonitorSetup
	err := l.client.do(ctx, request{method: http.MethodGet, path: l.client.paths.AutoMonitorSetups, query: filter, list: true}, func(f *fields) {
		seen := map[string]bool{}
		requireWhole(f)
		for _, o := range f.each(f.elements) {
			o = o.lenient()
			setup := readSetupKey(o)
			if *o.problem != "" {
				continue
			}
			if seen[setup.ID] {
				f.fail("the list contains an object twice")
			}
			seen[setup.ID] = true
			if whole := readAutoMonitorSetup(o); *o.problem == "" {
				setup = whole
			} else {
				setup.partial = true
			}
			setups = append(setups, setup)
		}
	})
	if err != nil {
		return nil, err
	}
	return setups, nil
}

// confirmNotFound returns a 404 only if the service has the list, and the list does not have the
// setup in its project and environment.
func (l *setupList) confirmNotFound(ctx context.Context, externalID, envProjectID string, notFound error) error {
	setups, err := l.reads.all(context.WithoutCancel(ctx))
	if err != nil {
		return confirmNotFound(notFound, err)
	}
	l.mu.Lock()
	own := l.env
	l.mu.Unlock()
	if own != envProjectID && slices.ContainsFunc(setups, func(s AutoMonitorSetup) bool { return s.ExternalID == externalID && s.EnvProjectID == envProjectID }) {
		return &OtherEnvironmentError{ExternalID: externalID, EnvProjectID: envProjectID, Own: own}
	}
	return notFound
}

// find returns the setup that has an external id in the key's project, or nil. projectID is used
// while no answer has shown the key's project; it may be empty. The list is at most recent old.
func (l *setupList) find(ctx context.Context, externalID, projectID string) (*AutoMonitorSetup, error) {
	setups, err := l.recentList().all(ctx, l.reads.fetch)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	written, isWritten := l.written[externalID]
	if l.project != "" {
		projectID = l.project
	}
	l.mu.Unlock()
	if isWritten {
		return written, nil
	}
	for _, setup := range setups {
		switch {
		case setup.ExternalID != externalID:
		case projectID == "":
			// Only an answer about one setup shows whether this is the key's project.
			own, err := l.getOne(ctx, externalID)
			if IsNotFound(err) {
				return nil, nil
			}
			return own, err
		case setup.ProjectID == projectID:
			return &setup, nil
		}
	}
	return nil, nil
}

func (l *setupList) recentList() *listSince[AutoMonitorSetup] {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shown == nil || time.Since(l.shown.begun) > recent {
		if time.Since(l.reads.current().begun) > recent {
			l.reads.forget()
		}
		l.shown = l.reads.current()
		clear(l.written)
	}
	return l.shown
}

// wrote notes the result of a write: the setup, or nil if it was deleted.
func (l *setupList) wrote(externalID string, setup *AutoMonitorSetup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.written[externalID] = setup
}
