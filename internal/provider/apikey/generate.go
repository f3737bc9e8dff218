package apikey

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// generateOrReplace generates the key. With replace_existing it first revokes the existing key,
// but only once: a key that appears after that belongs to somebody else. On error it returns nil.
func (r *managedResource) generateOrReplace(ctx context.Context, client *traceloop.Client, plan resourceModel, diags *diag.Diagnostics) *traceloop.GeneratedAPIKey {
	generated, err := r.generate(ctx, client, plan.request(), diags)
	if isOccupied(err) && plan.ReplaceExisting.ValueBool() && ctx.Err() == nil {
		generated, err = r.replaceExisting(ctx, client, plan, diags)
	}
	if err != nil && !diags.HasError() {
		r.addCreateError(ctx, client, plan.model, err, diags)
	}
	if diags.HasError() {
		return nil
	}
	return generated
}

// replaceExisting revokes the existing key and generates another. It never revokes a key that this
// process generated, or that is younger than this process, unless the plan named it: another provider
// block may have generated it just now.
func (r *managedResource) replaceExisting(ctx context.Context, client *traceloop.Client, plan resourceModel, diags *diag.Diagnostics) (*traceloop.GeneratedAPIKey, error) {
	request := plan.request()
	existing, err := activeKey(ctx, client.ListAPIKeysUncached, request)
	if err != nil {
		return nil, err
	}
	if existing == nil {
		return r.generate(ctx, client, request, diags)
	}
	place := placeOf(request)
	announced := r.Applied.WasAnnounced(place, existing.ID)
	switch {
	case r.Applied.Made.Has(existing.ID):
		addGeneratedTwice(plan.model, diags)
	case !announced && client.CreatedSince(existing.CreatedAt, r.Started):
		addSpared(r.describeExisting(*existing), "It is younger than this apply, or only a few seconds older. Perhaps another provider block, or somebody else, has just generated it. replace_existing revokes only keys that are older.",
			"If two resources are for one key, remove one of them. If nobody uses that key, apply again.", diags)
	case !announced && r.Applied.Replaces(place):
		addAppeared(*existing, "The provider did not revoke it, and generated no key.", diags)
	case !announced && r.Applied.HasUnplaced(typeName):
		addSpared(r.describeExisting(*existing), "This apply replaces a key in a place that its plan did not know, so that plan did not name this key.",
			"Plan again: the new plan shows what happens to it.", diags)
	default:
		r.RefuseOwnKey(diags, "replace the existing API key", *existing)
	}
	if diags.HasError() {
		return nil, nil
	}
	if err := client.RevokeAPIKey(ctx, existing.ID); err != nil && !traceloop.IsNotFound(err) {
		return nil, err
	}
	revoked := newModel(*existing).object("")
	r.Absences.Deleted(revoked.Handle)
	r.Applied.Destroyed(revoked, "revoked", onceRevoked, base.Note{Removed: true})
	generated, err := r.generate(ctx, client, request, diags)
	if err == nil { // an error names the key itself
		diags.AddAttributeWarning(path.Root("replace_existing"), "Existing API Key Was Revoked", fmt.Sprintf(
			"This apply revoked the %s, generated %s ago, because replace_existing is true. Applications that use it can no longer send traces.", revoked.Name, base.Elapsed(r.Now().Sub(existing.CreatedAt))))
	}
	return generated, err
}

// isOccupied reports whether there is an existing key: the service said so, or its answer is lost.
func isOccupied(err error) bool {
	orphan, ok := errors.AsType[*orphanError](err)
	_, isOccupied := errors.AsType[*occupiedError](err)
	return traceloop.IsConflict(err) || isOccupied || ok && orphan.mayPredate
}

// maxGenerations limits how many keys are generated until an answer arrives.
const maxGenerations = 4

// generate generates a key. If an answer is lost, it revokes that key, with a warning, before trying again.
func (r *managedResource) generate(ctx context.Context, client *traceloop.Client, request traceloop.APIKeyRequest, diags *diag.Diagnostics) (*traceloop.GeneratedAPIKey, error) {
	emptied := r.Applied.HasEmptied(placeOf(request))
	if !emptied && !r.Applied.Made.Has(request.ProjectID) { // a project that this process created has no keys
		if err := r.KeysBefore.Look(ctx, client, request.ProjectID); err != nil && !traceloop.IsNotFound(err) {
			return nil, fmt.Errorf("%w; the existing keys of the project could not be listed", err)
		}
	}

	cancel := func() {}
	defer func() { cancel() }() //nolint:gocritic // cancel is set below
	var (
		lost      *traceloop.UnknownOutcomeError // the first lost answer
		awaited   bool                           // the project, which the service did not know yet
		suspected bool                           // that the key of a lost answer is somebody else's
		told      bool                           // by the service, that there is a key: so it has an answer for that
		hidden    bool                           // there is a key, and the list does not show it yet
	)
	for attempt := 1; attempt <= maxGenerations; attempt++ {
		generated, err := client.CreateAPIKey(ctx, request)
		if err == nil {
			r.Applied.Made.Add(generated.ID)
			return generated, nil
		}
		unknown, isLost := errors.AsType[*traceloop.UnknownOutcomeError](err)
		if lost == nil && isLost {
			lost = unknown
			ctx, cancel = base.Settling(ctx)
		}
		if traceloop.IsNotFound(err) && !awaited && r.AwaitProject(ctx, client, request.ProjectID) {
			awaited = true
			continue
		}
		if lost == nil {
			return nil, err
		}
		// After a lost answer, the service may carry out the first attempt late: a conflict. Another refusal
		// says nothing of the first attempt, and ends the attempts.
		isConflict := traceloop.IsConflict(err)
		told = told || isConflict
		refused := !isLost && !isConflict
		key, findErr := r.lostKey(ctx, client, request, lost)
		hidden = key == nil && isConflict
		switch {
		case findErr != nil:
			return nil, findErr
		case key == nil:
		case refused && suspected:
			return nil, &orphanError{request: request, key: key, mayPredate: true, err: errors.Join(lost.Err, err)}
		case isLost && unknown.MayBeConflict && !told && !emptied:
			// Somebody else may have generated the key just before. Another attempt shows how the service
			// answers where a key is.
			if suspected || attempt == maxGenerations {
				return nil, &occupiedError{*key, unknown.Err}
			}
			suspected = true
		default:
			err := client.RevokeAPIKey(ctx, key.ID)
			if err != nil && !traceloop.IsNotFound(err) {
				return nil, &orphanError{request: request, key: key, err: errors.Join(lost.Err, err)}
			}
			if err == nil || traceloop.MayHaveDeleted(err) {
				addLostRevoked(*key, diags)
			}
		}
		if refused {
			return nil, err
		}
	}
	if hidden {
		return nil, &orphanError{request: request, err: lost.Err}
	}
	return nil, fmt.Errorf("%w; no key was generated, and the list shows no unknown key", lost.Err)
}

// lostKey returns the key of a lost answer, if there is one.
func (r *managedResource) lostKey(ctx context.Context, client *traceloop.Client, request traceloop.APIKeyRequest, unknown *traceloop.UnknownOutcomeError) (*traceloop.APIKey, error) {
	key, err := activeKey(ctx, client.ListAPIKeysUncached, request)
	switch {
	case traceloop.IsNotFound(err), err == nil && key == nil: // without its project, there is no key
		return nil, nil
	case err != nil:
		return nil, &orphanError{request: request, err: errors.Join(unknown.Err, err)}
	case r.KeysBefore.Had(*key), r.Applied.Made.Has(key.ID):
		return nil, &occupiedError{*key, unknown.Err}
	case !client.CreatedSince(key.CreatedAt, unknown.Started):
		return nil, &orphanError{request: request, key: key, mayPredate: true, err: unknown.Err}
	}
	return key, nil
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

// occupiedError says that an attempt generated no key, because the environment had one before it.
type occupiedError struct {
	key traceloop.APIKey
	err error
}

func (e *occupiedError) Error() string { return e.err.Error() }

func (e *occupiedError) Unwrap() error { return e.err }
