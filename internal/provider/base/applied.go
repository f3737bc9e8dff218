package base

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// Applied stores what this process has done in an apply: which keys it generated, and what it
// destroyed whose successor is not there yet.
type Applied struct {
	mu        sync.Mutex
	generated map[string]bool
	destroyed []destroyed
}

type destroyed struct {
	name    string
	places  []Handle // where its successor may be
	unknown bool     // its successor may be anywhere
}

// Generated notes a key that this process generated. It must not revoke that key to make room for
// another one.
func (a *Applied) Generated(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.generated == nil {
		a.generated = map[string]bool{}
	}
	a.generated[id] = true
}

// HasGenerated reports whether this process generated a key.
func (a *Applied) HasGenerated(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.generated[id]
}

// Destroyed notes an object that this process destroyed, and where its successor may be: in its
// own place, and in the place of the replacement. An empty place is one that the plan did not know.
func (a *Applied) Destroyed(name string, places ...Handle) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.destroyed = append(a.destroyed, destroyed{name, places, slices.Contains(places, "")})
}

// HasEmptied reports whether this process destroyed what was in a place.
func (a *Applied) HasEmptied(place Handle) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.destroyed, func(d destroyed) bool { return slices.Contains(d.places, place) })
}

// Created notes that a place has an object again.
func (a *Applied) Created(place Handle) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.destroyed = slices.DeleteFunc(a.destroyed, func(d destroyed) bool { return slices.Contains(d.places, place) })
}

// pending returns the names of what was destroyed and has no successor, if that could be in place.
func (a *Applied) pending(place Handle) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var names []string
	for _, d := range a.destroyed {
		if d.unknown || slices.Contains(d.places, place) {
			names = append(names, d.name)
		}
	}
	return names
}

// nothingChanged is what most refusals say, and what is wrong after a first half.
const nothingChanged = "Nothing was changed."

// NameDestroyed adds to each error of a failed creation what this process has destroyed for it.
// consequence says what that means until an apply succeeds, and verb how it was destroyed.
func (a *Applied) NameDestroyed(place Handle, verb, consequence string, diags diag.Diagnostics) diag.Diagnostics {
	names := a.pending(place)
	if len(names) == 0 {
		return diags
	}
	result := make(diag.Diagnostics, 0, len(diags))
	for _, d := range diags {
		if d.Severity() != diag.SeverityError {
			result = append(result, d)
			continue
		}
		detail := fmt.Sprintf("To make room, this apply has already %s the %s. %s\n\n%s",
			verb, strings.Join(names, ", and the "), consequence, strings.ReplaceAll(d.Detail(), nothingChanged, "Nothing else was changed."))
		if anchored, ok := d.(diag.DiagnosticWithPath); ok {
			result = append(result, diag.NewAttributeErrorDiagnostic(anchored.Path(), d.Summary(), detail))
			continue
		}
		result = append(result, diag.NewErrorDiagnostic(d.Summary(), detail))
	}
	return result
}
