package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// This file handles a creation whose outcome is unknown: DESIGN.md, "Settling".

// settleTime limits how long that takes.
const settleTime = 2 * time.Minute

// settling returns a context that an interrupt does not cancel.
func settling(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), settleTime)
}

// settled is the result of a search for the object of a lost answer.
type settled[T any] struct {
	object *T    // nil if it does not exist
	ours   bool  // it cannot be older than the attempt
	err    error // why the search failed
}

// settle looks for the object of a creation that ended in err.
func settle[T any](ctx context.Context, err error, find func(context.Context) settled[T]) settled[T] {
	ctx, cancel := settling(ctx)
	defer cancel()
	found := find(ctx)
	// A service that supports Idempotency-Key refuses the repeat only if the object is somebody else's.
	found.ours = found.ours && !traceloop.IsConflict(err)
	return found
}

// maxCreations limits how often a creation is sent until an answer arrives.
const maxCreations = 4

// create sends a creation. If the answer is lost, it looks for the object, and sends the creation
// again only if there is none. An error is that of the last attempt, with what was found.
func create[T any](ctx context.Context, send func(context.Context) (*T, error), find func(context.Context, time.Time) settled[T]) (*T, settled[T], error) {
	for attempt := 1; ; attempt++ {
		object, err := send(ctx)
		unknown, lost := errors.AsType[*traceloop.UnknownOutcomeError](err)
		if !lost {
			return object, settled[T]{}, err
		}
		found := settle(ctx, err, func(ctx context.Context) settled[T] { return find(ctx, unknown.Started) })
		if found.ours {
			return found.object, found, nil
		}
		if found.object != nil || found.err != nil || attempt == maxCreations || ctx.Err() != nil {
			return nil, found, err
		}
	}
}

// findProject looks for a project by its name.
func (d *providerData) findProject(ctx context.Context, name string, started time.Time) settled[traceloop.Project] {
	for project, err := range d.client.ListProjects(ctx) {
		if err != nil {
			return settled[traceloop.Project]{err: err}
		}
		if project.Name == name {
			return settled[traceloop.Project]{object: &project, ours: d.client.CreatedSince(project.CreatedAt, started)}
		}
	}
	return settled[traceloop.Project]{}
}

// findEnvironment looks for an environment by its name, in its own scope. Only the service knows
// which slug it makes of the name.
func (d *providerData) findEnvironment(ctx context.Context, projectID, name string, started time.Time) settled[traceloop.Environment] {
	for environment, err := range d.client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}) {
		if err != nil {
			return settled[traceloop.Environment]{err: err}
		}
		if environment.Name == name && environment.ProjectID == projectID {
			return settled[traceloop.Environment]{object: &environment, ours: d.client.CreatedSince(environment.CreatedAt, started)}
		}
	}
	return settled[traceloop.Environment]{}
}

// addUnsettled explains a creation whose outcome is still unknown. "adopt" is the import block
// for the object; lookErr is the error of the search for it.
func (d *providerData) addUnsettled(diags *diag.Diagnostics, object string, found bool, adopt string, err, lookErr error) {
	detail := fmt.Sprintf("The provider tried to create the %s.\n\n%s\n\n", object, err)
	adopt = " To manage an existing one, import it (write the address of this resource after \"to\"):\n\n" + adopt
	switch {
	case lookErr != nil:
		detail += fmt.Sprintf("The provider could not find out whether it exists now:\n\n%s\n\n%s", lookErr, d.nextStep(lookErr)) +
			"\n\nThen apply again. If it exists, the service says so." + adopt
	case found:
		detail += "It exists, but somebody else may have created it, or it may be older than this attempt. So Terraform does not manage it." + adopt
	default:
		unknown, _ := errors.AsType[*traceloop.UnknownOutcomeError](err)
		detail += "It does not exist: nothing was created. Apply again. " + d.nextStep(unknown.Err)
	}
	diags.AddError("Outcome of Creation Is Unknown", detail)
}
