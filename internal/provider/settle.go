package provider

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"golang.org/x/sync/singleflight"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// What to do when nobody knows whether the service has carried out a creation: the
// connection was lost after the request was sent, there was no answer in time, the
// service failed, or the answer cannot be read.
//
// A project and an environment have a name that is theirs alone, and the client has
// repeated the request already, which a service that knows Idempotency-Key answers with
// the first answer. What is left is to look for the object, and to adopt it if it
// cannot have existed before.
//
// The secret of a key is gone with the answer. A key that stands where there was none
// before is revoked, and another is generated.

// settleTime is how long settling goes on at most.
const settleTime = 2 * time.Minute

// maxGenerations limits how often a key is generated until an answer arrives.
const maxGenerations = 4

// settling returns a context in which to settle a creation even if the run is being
// interrupted.
func settling(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), settleTime)
}

// settled is what a search for the object of a lost answer found.
type settled[T any] struct {
	object *T   // nil: it is not there
	ours   bool // it cannot have existed before the attempt
}

// settleProject looks for a project by its name.
func (d *providerData) settleProject(ctx context.Context, name string, started time.Time) (settled[traceloop.Project], error) {
	for project, err := range d.client.ListProjects(ctx) {
		if err != nil {
			return settled[traceloop.Project]{}, err
		}
		if project.Name == name {
			return settled[traceloop.Project]{&project, d.client.CreatedSince(project.CreatedAt, started)}, nil
		}
	}
	return settled[traceloop.Project]{}, nil
}

// settleEnvironment looks for an environment by its slug, at its own level.
func (d *providerData) settleEnvironment(ctx context.Context, projectID, slug string, started time.Time) (settled[traceloop.Environment], error) {
	for environment, err := range d.client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}) {
		if err != nil {
			return settled[traceloop.Environment]{}, err
		}
		if environment.Slug == slug && environment.ProjectID == projectID {
			return settled[traceloop.Environment]{&environment, d.client.CreatedSince(environment.CreatedAt, started)}, nil
		}
	}
	return settled[traceloop.Environment]{}, nil
}

// addUnsettled explains a creation that could not be settled. "adopt" is the import
// block for the object, should it be there; lookErr is that of the search for it.
func (d *providerData) addUnsettled(diags *diag.Diagnostics, object string, found bool, adopt string, err, lookErr error) {
	detail := fmt.Sprintf("The provider tried to create the %s.\n\n%s\n\n", object, err)
	adopt = " To manage an existing one, import it (write the address of this resource after \"to\"):\n\n" + adopt
	switch {
	case lookErr != nil:
		detail += fmt.Sprintf("Whether it exists now could not be found out:\n\n%s\n\n%s", lookErr, d.nextStep(lookErr)) +
			"\n\nThen apply again: if it exists, the service says so." + adopt
	case found:
		detail += "It exists, but may be somebody else's or older than this attempt, so that Terraform does not take it for its own." + adopt
	default:
		unknown, _ := errors.AsType[*traceloop.UnknownOutcomeError](err)
		detail += "It does not exist: nothing was created. Apply again. " + d.nextStep(unknown.Err)
	}
	diags.AddError("Outcome of Creation Is Unknown", detail)
}

// occupancy remembers which keys there were before the first key of a project is
// generated, by one list request for each project.
type occupancy struct {
	lists singleflight.Group

	mu   sync.Mutex
	keys map[string]map[string]traceloop.APIKey // by project id and environment slug
}

// look lists the keys of a project, once.
func (o *occupancy) look(ctx context.Context, client *traceloop.Client, projectID string) error {
	_, err, _ := o.lists.Do(projectID, func() (any, error) {
		if _, looked := o.before(projectID); looked {
			return nil, nil
		}
		keys := map[string]traceloop.APIKey{}
		for key, err := range client.ListAPIKeysFresh(ctx, traceloop.APIKeyFilter{ProjectID: projectID}) {
			if err != nil {
				return nil, err
			}
			keys[key.Environment] = key
		}
		o.set(projectID, keys)
		return nil, nil
	})
	return err
}

// create notes a project that this process created: it has no keys.
func (o *occupancy) create(projectID string) {
	o.set(projectID, map[string]traceloop.APIKey{})
}

func (o *occupancy) set(projectID string, keys map[string]traceloop.APIKey) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.keys == nil {
		o.keys = map[string]map[string]traceloop.APIKey{}
	}
	o.keys[projectID] = keys
}

// before returns the keys that a project had at the look, if there was one.
func (o *occupancy) before(projectID string) (keys map[string]traceloop.APIKey, looked bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	keys, looked = o.keys[projectID]
	return keys, looked
}

// had reports whether a key was there at the look.
func (o *occupancy) had(key traceloop.APIKey) bool {
	keys, _ := o.before(key.ProjectID)
	return keys[key.Environment].ID == key.ID
}

// generate generates a key, and sees to it that none is left that nobody has.
func (d *providerData) generate(ctx context.Context, request traceloop.APIKeyRequest) (*traceloop.GeneratedAPIKey, error) {
	if err := d.occupancy.look(ctx, d.client, request.ProjectID); err != nil && !traceloop.IsNotFound(err) {
		return nil, fmt.Errorf("nothing was changed; the keys that the project has could not be listed beforehand: %w", err)
	}

	cancel := func() {}
	defer func() { cancel() }()             //nolint:gocritic // the one that there is in the end
	var lost *traceloop.UnknownOutcomeError // the first, if any
	for range maxGenerations {
		generated, err := d.client.CreateAPIKey(ctx, request)
		unknown, ok := errors.AsType[*traceloop.UnknownOutcomeError](err)
		if lost == nil && ok {
			lost = unknown
			ctx, cancel = settling(ctx)
		}
		// After a lost answer, a conflict may be the first attempt, carried out late.
		if !ok && (lost == nil || !traceloop.IsConflict(err)) {
			return generated, err
		}
		if err := d.revokeLost(ctx, request, lost); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("no key was generated, and none is left behind: %w", lost.Err)
}

// revokeLost revokes the key that a lost answer belongs to, if there is one.
func (d *providerData) revokeLost(ctx context.Context, request traceloop.APIKeyRequest, unknown *traceloop.UnknownOutcomeError) error {
	key, err := activeKey(d.client.ListAPIKeysFresh(ctx, traceloop.APIKeyFilter(request)))
	switch {
	case err != nil:
		return &orphanError{request: request, because: errors.Join(unknown.Err, err)}
	case key == nil:
		return nil
	case d.occupancy.had(*key) || !d.client.CreatedSince(key.CreatedAt, unknown.Started):
		return &orphanError{request: request, key: key, notOurs: true, because: unknown.Err}
	}
	if err := d.client.RevokeAPIKey(ctx, key.ID); err != nil && !traceloop.IsNotFound(err) {
		return &orphanError{request: request, key: key, because: errors.Join(unknown.Err, err)}
	}
	return nil
}

// orphanError is a key that may be active without anybody having it.
type orphanError struct {
	request traceloop.APIKeyRequest
	key     *traceloop.APIKey // nil: not known
	notOurs bool              // it may have been there before
	because error
}

func (e *orphanError) Error() string { return e.because.Error() }

func (e *orphanError) Unwrap() error { return e.because }

// id is the key's, or a stand-in for the one that is to be looked up.
func (e *orphanError) id() string {
	if e.key == nil {
		return "<key id>"
	}
	return e.key.ID
}
