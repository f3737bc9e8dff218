package provider

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// maxGenerations limits how many keys are generated until an answer arrives.
const maxGenerations = 4

// generate generates a key. If an answer is lost, it revokes that key before trying again.
func (d *providerData) generate(ctx context.Context, request traceloop.APIKeyRequest) (*traceloop.GeneratedAPIKey, error) {
	if !d.run.isEmptied(keyPlace(request)) {
		if err := d.keysBefore.look(ctx, d.client, request.ProjectID); err != nil && !traceloop.IsNotFound(err) {
			return nil, fmt.Errorf("the existing keys of the project could not be listed: %w", err)
		}
	}

	cancel := func() {}
	defer func() { cancel() }()             //nolint:gocritic // cancel is set below
	var lost *traceloop.UnknownOutcomeError // the first lost answer
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
		// After a lost answer, the service may carry out the first attempt late: a conflict.
		if !ok && (lost == nil || !traceloop.IsConflict(err)) {
			return nil, err
		}
		if err := d.revokeLost(ctx, request, lost); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("no key was generated, and no unknown key was left active: %w", lost.Err)
}

// revokeLost revokes the key of a lost answer, if there is one.
func (d *providerData) revokeLost(ctx context.Context, request traceloop.APIKeyRequest, unknown *traceloop.UnknownOutcomeError) error {
	key, err := activeKey(d.client.ListAPIKeysUncached(ctx, traceloop.APIKeyFilter(request)))
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

// orphanError says that a key may be active although its value is lost.
type orphanError struct {
	request    traceloop.APIKeyRequest
	key        *traceloop.APIKey // nil if it is not known
	mayPredate bool              // the key may be older than the attempt
	err        error
}

func (e *orphanError) Error() string { return e.err.Error() }

func (e *orphanError) Unwrap() error { return e.err }

// id returns the id of the key, or a placeholder.
func (e *orphanError) id() string {
	if e.key == nil {
		return "<key id>"
	}
	return e.key.ID
}

// keysBefore stores which keys a project had before the first one is generated. It sends one
// list request for each project.
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
		for key, err := range client.ListAPIKeysUncached(ctx, traceloop.APIKeyFilter{ProjectID: projectID}) {
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

// createdProject notes a new project, which has no keys.
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

// had reports whether look found the key.
func (k *keysBefore) had(key traceloop.APIKey) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys[key.ProjectID][key.Environment] == key.ID
}
