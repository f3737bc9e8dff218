package base

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// This file handles a creation whose outcome is unknown: DESIGN.md, "Settling".

// settleTime limits how long that takes.
const settleTime = 2 * time.Minute

// Settling returns a context that an interrupt does not cancel.
func Settling(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), settleTime)
}

// Settled is the result of a search for the object of a lost answer.
type Settled[T any] struct {
	Object *T    // nil if it does not exist
	Ours   bool  // it cannot be older than the attempt
	Err    error // why the search failed
}

// How often a creation is sent until an answer arrives, at most.
const (
	Repeatedly = 4
	Once       = 1 // a second one might make a second object
)

// Create sends a creation. If the answer is lost, it looks for the object, and sends the creation
// again only if there is none, or to tell a conflict from a lost answer. An error is that of the last
// attempt, with what was found.
func Create[T any](ctx context.Context, most int, send func(context.Context) (*T, error), find func(context.Context, time.Time) Settled[T]) (*T, Settled[T], error) {
	var first *traceloop.UnknownOutcomeError
	suspected := false
	for attempt := 1; ; attempt++ {
		object, err := send(ctx)
		unknown, lost := errors.AsType[*traceloop.UnknownOutcomeError](err)
		if first == nil {
			first = unknown
		}
		if err == nil || first == nil {
			return object, Settled[T]{}, err
		}
		found := settle(ctx, first.Started, find)
		// After a lost answer, the service may carry out the first attempt late: a conflict. Another refusal
		// says nothing of the first attempt.
		refused := !lost && !traceloop.IsConflict(err)
		if refused {
			found.Ours = found.Ours && !suspected
		}
		if !lost && found.Err != nil || refused && found.Object != nil {
			err = errors.Join(first, err)
		}
		if lost && unknown.MayBeConflict && found.Ours {
			// Somebody else may have created it just before. Another attempt shows how the service answers where
			// the object is.
			if !suspected && most > Once && ctx.Err() == nil {
				suspected = true
				continue
			}
			found.Ours = false
		}
		if found.Ours {
			return found.Object, found, nil
		}
		if !lost || found.Object != nil || found.Err != nil || attempt == most || ctx.Err() != nil {
			return nil, found, err
		}
	}
}

func settle[T any](ctx context.Context, started time.Time, find func(context.Context, time.Time) Settled[T]) Settled[T] {
	ctx, cancel := Settling(ctx)
	defer cancel()
	found := find(ctx, started)
	if traceloop.IsNotFound(found.Err) { // the project is gone, and what was in it
		found.Err = nil
	}
	return found
}

// AddUnsettled explains a creation whose outcome is still unknown. "adopt" is the import block
// for the object; lookErr is the error of the search for it.
func (d *Data) AddUnsettled(diags *diag.Diagnostics, object string, found bool, adopt string, err, lookErr error) {
	detail := fmt.Sprintf("The provider tried to create the %s.\n\n%s\n\n", object, err)
	adopt = " To manage an existing one, import it (write the address of this resource after \"to\"):\n\n" + adopt
	switch {
	case lookErr != nil:
		detail += fmt.Sprintf("The provider could not find out whether it exists now:\n\n%s\n\n%s", lookErr, strings.TrimPrefix(d.NextStep(lookErr), "Nothing was changed. ")) + // the creation may have changed something
			"\n\nThen apply again. If it exists, the service says so." + adopt
	case found:
		detail += "It exists, but somebody else may have created it, or it may be older than this attempt. So Terraform does not manage it." + adopt
	default:
		unknown, _ := errors.AsType[*traceloop.UnknownOutcomeError](err)
		detail += "The service does not show it, so probably nothing was created. Plan again: if it appears later, the plan says so. " + d.NextStep(unknown.Err)
	}
	diags.AddError("Outcome of Creation Is Unknown", detail)
}
