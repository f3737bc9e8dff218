package provider

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// maxGenerations limits how often a key is generated until an answer arrives.
const maxGenerations = 4

// generate generates a key. If the answer is lost, it revokes that key before it tries again.
func (d *providerData) generate(ctx context.Context, request traceloop.APIKeyRequest) (*traceloop.GeneratedAPIKey, error) {
	if !d.run.isEmptied(keyPlace(request)) {
		if err := d.keysBefore.look(ctx, d.client, request.ProjectID); err != nil && !traceloop.IsNotFound(err) {
			return nil, fmt.Errorf("the existing keys of the project could not be listed: %w", err)
		}
	}

	cancel := func() {}
	defer func() { cancel() }()             //nolint:gocritic // the one that there is in the end
	var lost *traceloop.UnknownOutcomeError // the first, if any
	for range maxGenerations {
		generated, err := d.client.CreateAPIKey(ctx, request)
		if err == nil {
			d.run.generatedKey(generated.ID)
			return generated, nil
		}
		unknown, ok := errors.AsType[*traceloop.UnknownOutcomeError](err)
		if lost == nil && ok {
			lost = unknown
			ctx, cancel = settling(ctx)
		}
		// After a lost answer, a conflict may be the first attempt, carried out late.
		if !ok && (lost == nil || !traceloop.IsConflict(err)) {
			return nil, err
		}
		if err := d.revokeLost(ctx, request, lost); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("no key was generated, and no unknown key was left active: %w", lost.Err)
}

// revokeLost revokes the key that a lost answer belongs to, if there is one.
func (d *providerData) revokeLost(ctx context.Context, request traceloop.APIKeyRequest, unknown *traceloop.UnknownOutcomeError) error {
	key, err := activeKey(d.client.ListAPIKeysFresh(ctx, traceloop.APIKeyFilter(request)))
	switch {
	case err != nil:
		return &orphanError{request: request, err: errors.Join(unknown.Err, err)}
	case key == nil:
		return nil
	case d.run.isOurs(key.ID) || d.keysBefore.had(*key) || !d.client.CreatedSince(key.CreatedAt, unknown.Started):
		return &orphanError{request: request, key: key, mayPredate: true, err: unknown.Err}
	}
	if err := d.client.RevokeAPIKey(ctx, key.ID); err != nil && !traceloop.IsNotFound(err) {
		return &orphanError{request: request, key: key, err: errors.Join(unknown.Err, err)}
	}
	return nil
}

// orphanError is a key that may be active without anybody having it.
type orphanError struct {
	request    traceloop.APIKeyRequest
	key        *traceloop.APIKey // nil: not known
	mayPredate bool              // it may have been there before
	err        error
}

func (e *orphanError) Error() string { return e.err.Error() }

func (e *orphanError) Unwrap() error { return e.err }

// id is the key's, or a stand-in for the one that is to be looked up.
func (e *orphanError) id() string {
	if e.key == nil {
		return "<key id>"
	}
	return e.key.ID
}

// keysBefore remembers which keys there were before the first key of a project is
// generated, by one list request for each project.
type keysBefore struct {
	lists singleflight.Group

	mu   sync.Mutex
	keys map[string]map[string]string // ids by project id and environment slug
}

// look lists the keys of a project, once.
func (k *keysBefore) look(ctx context.Context, client *traceloop.Client, projectID string) error {
	_, err, _ := k.lists.Do(projectID, func() (any, error) {
		if k.hasLooked(projectID) {
			return nil, nil
		}
		keys := map[string]string{}
		for key, err := range client.ListAPIKeysFresh(ctx, traceloop.APIKeyFilter{ProjectID: projectID}) {
			if err != nil {
				return nil, err
			}
			keys[key.Environment] = key.ID
		}
		k.set(projectID, keys)
		return nil, nil
	})
	return err
}

// createdProject notes a project that this process created: it has no keys.
func (k *keysBefore) createdProject(projectID string) {
	k.set(projectID, map[string]string{})
}

func (k *keysBefore) set(projectID string, keys map[string]string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil {
		k.keys = map[string]map[string]string{}
	}
	k.keys[projectID] = keys
}

func (k *keysBefore) hasLooked(projectID string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, looked := k.keys[projectID]
	return looked
}

// had reports whether a key was there at the look.
func (k *keysBefore) had(key traceloop.APIKey) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys[key.ProjectID][key.Environment] == key.ID
}
