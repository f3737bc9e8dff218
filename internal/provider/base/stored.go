package base

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// Stored is an object of the state: how to read and delete it, and to find out whether it is gone.
type Stored[T any] struct {
	Object // its handle, what it is within, and its name

	Data      *Data
	Kind      string // as summaries name it: Project
	ProjectID string // of the project that it is in, if any
	CreatedAt types.String
	Private   PrivateState
	// OfProjectKey says that the project's key reads the object, and not the management key.
	OfProjectKey bool

	Get    func(context.Context) (*T, error)
	List   func(context.Context) iter.Seq2[T, error] // of all objects of the kind, without the cache
	Is     func(T) bool                              // whether an object of that list is this one
	Remove func(context.Context) error
	// Explain says why the service may not find the object, if there is more to say than that it was deleted.
	Explain func(ctx context.Context, notFound error) Explanation

	IfDestroyed   string // what destroying it would mean: a refusal says so
	OnceDestroyed string // what it means until its successor is there: each error of this apply says so
}

// Explanation says why the service may not find an object.
type Explanation struct {
	// Certain says that the object is not just hidden: another one has its place, where only one can be,
	// or the service says that it is revoked.
	Certain bool
	Because string // what has happened if it is gone; empty: it was deleted
	Next    string // what apply does then; empty: it creates a new one
}

// Read reads the object. It returns nil if it cannot, with an error, or if the object is gone: then the
// state loses it, with a warning.
func (s *Stored[T]) Read(ctx context.Context, state *tfsdk.State, diags *diag.Diagnostics) *T {
	object, err := s.Get(ctx)
	switch {
	case s.askMissing(ctx, err, diags):
		why := s.explain(ctx, err)
		var result absence
		if object, result = s.confirmGone(ctx, why.Certain, false, diags); result == perhapsGone || result == isGone {
			s.addGone(why, result, diags)
			state.RemoveResource(ctx)
		}
	case err != nil:
		diags.AddError("Unable to Read "+s.Kind, s.failure("read the "+s.Name, err))
		return nil
	}
	if object != nil && !s.OfProjectKey {
		s.Data.Remember(ctx, s.Data.management.client, s.Private, diags)
	}
	return object
}

// addGone warns that the object leaves the state.
func (s *Stored[T]) addGone(why Explanation, a absence, diags *diag.Diagnostics) {
	because := cmp.Or(why.Because, "it was deleted")
	next := cmp.Or(why.Next, "If the configuration still has it, that apply creates a new one")
	next = fmt.Sprintf("The next apply removes the %s from the state. Before that, Terraform ignores an import block for its address: first use terraform state rm ADDRESS. %s", s.Name, sentence(next))
	if a == isGone {
		diags.AddWarning(s.Kind+" No Longer Found", fmt.Sprintf("Traceloop does not find the %s any more, because %s.\n\n%s", s.Name, because, next))
		return
	}
	diags.AddWarning(s.Kind+" No Longer Found", fmt.Sprintf("Traceloop does not find the %s. The request used the %s. There are two possible reasons:\n\n"+
		"  - %s;\n"+
		"  - the key belongs to another organization.\n\n"+
		"Check which one it is before you apply. %s", s.Name, s.key(), because, next))
}

// Exists looks for an object that is not to be destroyed. It is false, with an error, if that cannot be
// said. What cannot be read exists.
func (s *Stored[T]) Exists(ctx context.Context, diags *diag.Diagnostics) bool {
	if s.OfProjectKey && s.Data.project.client == nil || !s.OfProjectKey && s.Data.management.client == nil {
		return true
	}
	_, err := s.Get(ctx)
	if !traceloop.IsNotFound(err) {
		return true
	}
	_, result := s.confirmGone(ctx, s.explain(ctx, err).Certain, false, diags)
	return result == found
}

// RefuseProtected reports whether a destroy has to stop: the state protects the object, and it still
// exists. A plan asks that. A delete asks again, because Terraform replaces a tainted object without asking
// the provider.
func (s *Stored[T]) RefuseProtected(ctx context.Context, diags *diag.Diagnostics) bool {
	if s.Protected && s.Exists(ctx, diags) {
		AddProtected(diags, s.Object, s.IfDestroyed)
	}
	return s.Protected && diags.HasError()
}

// RefuseReplacing is RefuseProtected for a change that replaces the object.
func (s *Stored[T]) RefuseReplacing(ctx context.Context, c Change, planned types.Bool, diags *diag.Diagnostics) bool {
	if s.Protected && s.Exists(ctx, diags) {
		addReplacesProtected(diags, s.Name, s.IfDestroyed, c, planned)
	}
	return s.Protected && diags.HasError()
}

// Delete deletes the object, and notes that nothing succeeds it yet. The verb is "delete" or "revoke".
func (s *Stored[T]) Delete(ctx context.Context, summary, verb string, note Note, diags *diag.Diagnostics) {
	how, err := verb+"d", s.Remove(ctx)
	if s.askMissing(ctx, err, diags) {
		// An attempt whose answer was lost has deleted it, unless another organization answers.
		ours := traceloop.MayHaveDeleted(err)
		// A plan refreshes an object before it destroys it, and so has its origin. Without one, there was no refresh,
		// or the object is tainted and Terraform dropped the origin. What the project's key deletes may have none at all.
		_, result := s.confirmGone(ctx, ours || s.explain(ctx, err).Certain, !ours && !s.OfProjectKey, diags)
		switch {
		case result == found:
			err = s.Remove(ctx)
		case ours:
			err = nil
		default:
			how, err = "", nil
		}
		if result == perhapsGone {
			diags.AddWarning(s.Kind+" No Longer Found", fmt.Sprintf(
				"Traceloop does not find the %s, so Terraform only removed it from the state. Either it was deleted, or the %s belongs to another organization. Check which one it is.", s.Name, s.key()))
		}
	}
	switch {
	case IsElsewhere(err):
		diags.AddError(summary, s.Data.ProjectFailure(verb+" the "+s.Name, err)+forget)
	case err != nil && s.OfProjectKey:
		diags.AddError(summary, s.Data.ProjectFailure(verb+" the "+s.Name, err))
	case err != nil:
		diags.AddError(summary, s.Data.Failure(verb+" the "+s.Name, err))
	}
	if diags.HasError() {
		return
	}
	s.Data.Absences.Deleted(s.Handle)
	if !s.OfProjectKey {
		s.Data.Confirm(ctx, s.Private, diags)
	}
	s.Data.Applied.Destroyed(s.Object, how, s.OnceDestroyed, note)
}

// askMissing reports whether an error says that the service does not have the object. The key of a project is
// refused once its project is gone, and everything in it: then this asks for the project.
func (s *Stored[T]) askMissing(ctx context.Context, err error, diags *diag.Diagnostics) bool {
	if s.OfProjectKey && traceloop.IsRefusedKey(err) {
		return s.Data.IsProjectGone(ctx, s.Private, s.ProjectID, diags)
	}
	return traceloop.IsNotFound(err)
}

func (s *Stored[T]) explain(ctx context.Context, notFound error) Explanation {
	if s.Explain == nil {
		return Explanation{}
	}
	return s.Explain(ctx, notFound)
}

// key names the key that reads the object.
func (s *Stored[T]) key() string {
	if s.OfProjectKey {
		return "project key from " + s.Data.ProjectKeySource()
	}
	return "management key from " + s.Data.management.Key.Source
}

// failure is Failure or ProjectFailure, for what may be a refresh.
func (s *Stored[T]) failure(attempted string, err error) string {
	if !s.OfProjectKey {
		return s.Data.Failure(attempted, err)
	}
	detail := s.Data.ProjectFailure(attempted, err)
	if IsElsewhere(err) {
		return detail + " To move it, destroy it with that key first. " + RefreshHint + forget
	}
	return detail + " " + RefreshHint
}

// forget is the way out where the object cannot be read: OpenTofu reads it before a removed block forgets it.
const forget = " To let Terraform forget it, use terraform state rm ADDRESS."

// IsElsewhere reports whether an object and the key belong to different projects or environments.
func IsElsewhere(err error) bool {
	_, elsewhere := errors.AsType[*traceloop.OtherEnvironmentError](err)
	return elsewhere
}
