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
	announced map[Handle]string // the key that the plan of a replacement announced to revoke, by its place
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

// Announced notes a key that the plan of a replacement announced to revoke.
func (a *Applied) Announced(place Handle, id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.announced == nil {
		a.announced = map[Handle]string{}
	}
	a.announced[place] = id
}

// WasAnnounced reports whether the plan of a replacement announced to revoke a key.
func (a *Applied) WasAnnounced(place Handle, id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.announced[place] == id
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

// pending returns the names of what was destroyed and has no successor yet: what was in the place or
// is replaced there, or else all whose successor may be anywhere.
func (a *Applied) pending(place Handle) (names []string, certain bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var others []string
	for _, d := range a.destroyed {
		switch {
		case slices.Contains(d.places, place):
			names = append(names, d.name)
		case d.unknown:
			others = append(others, d.name)
		}
	}
	if len(names) > 0 {
		return names, true
	}
	return others, false
}

// IsPending reports whether this process has destroyed something whose successor is not there yet.
func (a *Applied) IsPending() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.destroyed) > 0
}

// nothingChanged is what most refusals say, and what is wrong after a first half.
const nothingChanged = "Nothing was changed."

// NameDestroyed adds to each error of a failed creation what this process has destroyed for it.
// consequence says what that means until an apply succeeds, and verb how it was destroyed.
func (a *Applied) NameDestroyed(place Handle, verb, consequence string, diags diag.Diagnostics) diag.Diagnostics {
	names, certain := a.pending(place)
	if len(names) == 0 {
		return diags
	}
	begin, end := "To make room, this apply has already", ""
	if !certain {
		begin, end = "This apply has already", ", to replace it in a place that its plan did not know. This may be that place"
	}
	result := make(diag.Diagnostics, 0, len(diags))
	for _, d := range diags {
		if d.Severity() != diag.SeverityError {
			result = append(result, d)
			continue
		}
		detail := fmt.Sprintf("%s %s the %s%s. %s\n\n%s",
			begin, verb, strings.Join(names, ", and the "), end, consequence, strings.ReplaceAll(d.Detail(), nothingChanged, "Nothing else was changed."))
		if anchored, ok := d.(diag.DiagnosticWithPath); ok {
			result = append(result, diag.NewAttributeErrorDiagnostic(anchored.Path(), d.Summary(), detail))
			continue
		}
		result = append(result, diag.NewErrorDiagnostic(d.Summary(), detail))
	}
	return result
}
