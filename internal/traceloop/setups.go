package traceloop

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// recent is how old the list may be that shows an external id to be free.
const recent = 30 * time.Second

// knownSetups is what answers have shown of the setups.
//
// An external id is unique in its project, but the list is that of the organization. It is not
// published whether a key reaches the setups of other environments of its project. So an answer
// that names one setup shows the key's project, and an environment that the key reaches. Only a
// creation shows the key's own environment.
type knownSetups struct {
	first sync.Mutex // one read at a time while nothing is known

	mu      sync.Mutex
	project string          // of the key; empty until an answer shows it
	env     string          // env_project_id of the key; empty until a creation shows it
	reached map[string]bool // env_project_ids of the setups that answers were about

	shown   *cache[AutoMonitorSetup]     // the list that creations compare with
	written map[string]*AutoMonitorSetup // what this client wrote since then, by external id; nil if deleted
}

// learn notes what an answer about one setup shows.
func (k *knownSetups) learn(setup AutoMonitorSetup) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.project = setup.ProjectID
	k.reached[setup.EnvProjectID] = true
}

// created notes the environment of a setup that the key has created. It reports whether that is the
// environment of the others that it has created.
func (k *knownSetups) created(envProjectID string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.env == "" {
		k.env = envProjectID
	}
	return k.env == envProjectID
}

// wrote notes the result of a write: the setup, or nil if it was deleted.
func (k *knownSetups) wrote(externalID string, setup *AutoMonitorSetup) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.written[externalID] = setup
}

func (k *knownSetups) reaches(envProjectID string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.reached[envProjectID]
}

// ownProject returns the key's project, or else an assumed one.
func (k *knownSetups) ownProject(assumed string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return cmp.Or(k.project, assumed)
}

func (k *knownSetups) ownEnvironment() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.env
}

// recentSetups returns a list that is at most recent old, whatever this client has written since then.
func (c *ProjectClient) recentSetups() *cache[AutoMonitorSetup] {
	c.known.mu.Lock()
	defer c.known.mu.Unlock()
	if c.known.shown == nil || time.Since(c.known.shown.begun) > recent {
		if time.Since(c.setups.cache().begun) > recent {
			c.setups.forget()
		}
		c.known.shown = c.setups.cache()
		clear(c.known.written)
	}
	return c.known.shown
}

// ListAutoMonitorSetups returns the setups with a status, or all if it is empty. According to the
// OpenAPI document, these are the setups of the whole organization. Setups without an id, an
// external id, a project and an environment are left out.
func (c *ProjectClient) ListAutoMonitorSetups(ctx context.Context, status string) ([]AutoMonitorSetup, error) {
	if status == "" {
		return collect(c.setups.all(ctx))
	}
	return collect(c.setups.list(ctx, url.Values{"status": {status}}))
}

// GetAutoMonitorSetup reads a setup of the key's project and environment. If there is none, the
// error satisfies IsNotFound. With an envProjectID, a setup that exists in another project or
// environment is an *OtherEnvironmentError.
func (c *ProjectClient) GetAutoMonitorSetup(ctx context.Context, externalID, envProjectID string) (*AutoMonitorSetup, error) {
	if c.OwnProjectID() == "" { // the list answers a read only once an answer has shown what the key reaches
		c.known.first.Lock()
		defer c.known.first.Unlock()
	}
	setup, err := c.setups.answer(ctx, func(l *cache[AutoMonitorSetup]) *AutoMonitorSetup {
		return l.first(func(s *AutoMonitorSetup) bool {
			return s.ExternalID == externalID && !s.partial && c.known.reaches(s.EnvProjectID)
		})
	}, func() (*AutoMonitorSetup, error) { return c.getSetup(ctx, externalID) })
	switch {
	case err != nil:
		return nil, c.notFound(ctx, externalID, envProjectID, err)
	case envProjectID != "" && setup.EnvProjectID != envProjectID:
		return nil, &OtherEnvironmentError{ExternalID: externalID, EnvProjectID: envProjectID, Own: setup.EnvProjectID}
	}
	return setup, nil
}

// getSetup reads a setup with its own request.
func (c *ProjectClient) getSetup(ctx context.Context, externalID string) (*AutoMonitorSetup, error) {
	setup, err := object(ctx, c.connection, request{method: http.MethodGet, path: c.paths.AutoMonitorSetups, id: &externalID}, func(f *fields) AutoMonitorSetup {
		setup := readAutoMonitorSetup(f)
		if setup.ExternalID != externalID {
			f.fail("it describes another object")
		}
		return setup
	})
	if err == nil {
		c.known.learn(*setup)
	}
	return setup, err
}

// notFound keeps a 404 only if the service has the list, and the list does not have the setup in its
// project and environment.
func (c *ProjectClient) notFound(ctx context.Context, externalID, envProjectID string, err error) error {
	if err = c.setups.confirmed(ctx, err); !IsNotFound(err) {
		return err
	}
	setups, listErr := collect(c.setups.all(context.WithoutCancel(ctx)))
	if listErr != nil {
		return listErr
	}
	own := c.known.ownEnvironment()
	if own != envProjectID && slices.ContainsFunc(setups, func(s AutoMonitorSetup) bool { return s.ExternalID == externalID && s.EnvProjectID == envProjectID }) {
		return &OtherEnvironmentError{ExternalID: externalID, EnvProjectID: envProjectID, Own: own}
	}
	return err
}

// FindAutoMonitorSetup returns the setup that has an external id in the key's project, in any of
// its environments, or nil. projectID helps while no answer has shown the key's project; it may be
// empty. One list serves all calls for a while.
func (c *ProjectClient) FindAutoMonitorSetup(ctx context.Context, externalID, projectID string) (*AutoMonitorSetup, error) {
	setups, err := collect(c.recentSetups().all(ctx))
	if err != nil {
		return nil, err
	}
	c.known.mu.Lock()
	written, isWritten := c.known.written[externalID]
	c.known.mu.Unlock()
	if isWritten {
		return written, nil
	}
	projectID = c.known.ownProject(projectID)
	for _, setup := range setups {
		switch {
		case setup.ExternalID != externalID:
		case projectID == "":
			// Only an answer about one setup shows whether this is the key's project.
			own, err := c.getSetup(ctx, externalID)
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

// ForgetAutoMonitorSetups clears the cache.
func (c *ProjectClient) ForgetAutoMonitorSetups() { c.setups.forget() }

// OwnProjectID returns the id of the key's project. It is empty until an answer about a setup has
// shown it.
func (c *ProjectClient) OwnProjectID() string { return c.known.ownProject("") }

// CreateAutoMonitorSetup creates a setup. If its project has one with the external id, the error is
// an *AlreadyThereError; if the key belongs to another project than the request says, it is an
// *OtherProjectError. After an *UnknownOutcomeError the setup may exist.
//
// Writes at about the same time are sent as one bulk upsert, which replaces a setup with the same
// external id. So a creation is only part of one if the list has just shown that there is none.
func (c *ProjectClient) CreateAutoMonitorSetup(ctx context.Context, r AutoMonitorSetupRequest) (*AutoMonitorSetup, error) {
	if err := ValidateExternalID(r.ExternalID); err != nil {
		return nil, fmt.Errorf("the external id %q %w", r.ExternalID, err)
	}
	if own := c.OwnProjectID(); r.ProjectID != "" && own != "" && own != r.ProjectID {
		return nil, &OtherProjectError{ExternalID: r.ExternalID, ProjectID: r.ProjectID, Own: own}
	}
	there, err := c.FindAutoMonitorSetup(ctx, r.ExternalID, r.ProjectID)
	if there != nil {
		return nil, &AlreadyThereError{Setup: *there}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	setup, err := c.write(ctx, &setupWrite{request: r, alone: err != nil})
	switch {
	case err != nil:
		return nil, err
	case setup.existed || !c.known.created(setup.EnvProjectID):
		return nil, &AlreadyThereError{Setup: *setup.AutoMonitorSetup, Replaced: true}
	case r.ProjectID == "" || setup.ProjectID == r.ProjectID:
		return setup.AutoMonitorSetup, nil
	}
	wrong := &OtherProjectError{ExternalID: r.ExternalID, ProjectID: r.ProjectID, Own: setup.ProjectID, Left: errors.New("it is not known whether it is new")}
	if setup.created {
		wrong.Left = c.removeSetup(context.WithoutCancel(ctx), r.ExternalID)
		if MayHaveDeleted(wrong.Left) {
			wrong.Left = nil
		}
	}
	return nil, wrong
}

// UpdateAutoMonitorSetup replaces the evaluators and the selector of a setup in the project and
// environment with the id envProjectID, and restarts it. Its answer has the setup as it is now:
// its id may be another one, and created says that the setup was gone and this is a new one.
// After an *UnknownOutcomeError the setup may be replaced.
//
// Writes at about the same time are sent as one bulk upsert, which creates a missing setup. An
// update that is sent alone does not: then the error satisfies IsNotFound.
func (c *ProjectClient) UpdateAutoMonitorSetup(ctx context.Context, r AutoMonitorSetupRequest, envProjectID string) (setup *AutoMonitorSetup, created bool, err error) {
	if err := c.requireReached(ctx, r.ExternalID, envProjectID); err != nil {
		return nil, false, err
	}
	written, err := c.write(ctx, &setupWrite{request: r, update: true})
	switch {
	case err != nil:
		return nil, false, c.notFound(ctx, r.ExternalID, envProjectID, err)
	case written.EnvProjectID != envProjectID:
		return nil, false, &OtherEnvironmentError{ExternalID: r.ExternalID, EnvProjectID: envProjectID, Own: written.EnvProjectID}
	}
	return written.AutoMonitorSetup, written.created, nil
}

// DeleteAutoMonitorSetup deletes a setup in the project and environment with the id envProjectID.
func (c *ProjectClient) DeleteAutoMonitorSetup(ctx context.Context, externalID, envProjectID string) error {
	if err := c.requireReached(ctx, externalID, envProjectID); err != nil {
		return err
	}
	return c.notFound(ctx, externalID, envProjectID, c.removeSetup(ctx, externalID))
}

func (c *ProjectClient) removeSetup(ctx context.Context, externalID string) error {
	defer invalidate(c.setups)()
	err := remove(ctx, c.connection, c.paths.AutoMonitorSetups, externalID)
	if err == nil || IsNotFound(err) {
		c.known.wrote(externalID, nil)
	}
	return err
}

// requireReached refuses to change a setup with the key of another project or environment, because
// that would change another setup with the same external id.
func (c *ProjectClient) requireReached(ctx context.Context, externalID, envProjectID string) error {
	if c.known.reaches(envProjectID) {
		return nil
	}
	_, err := c.GetAutoMonitorSetup(ctx, externalID, envProjectID)
	return err
}
