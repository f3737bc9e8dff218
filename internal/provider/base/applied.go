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
	lost      []loss
}

// loss is an object that has no successor yet.
type loss struct {
	object  Object
	how     string // such as "revoked"; empty if it was gone already
	meaning string // until its successor is there
	places  []Handle
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

// Destroyed notes an object that this process destroyed for the replacement of a note. Its successor
// may be in its own place, and in the new one; an empty place is one that the plan did not know. "how"
// says what was done to the object, and is empty if it was gone already; "meaning" says what that means
// until its successor is there.
func (a *Applied) Destroyed(o Object, how, meaning string, n Note) {
	a.mu.Lock()
	defer a.mu.Unlock()
	places := []Handle{o.Place}
	if !n.Removed {
		places = append(places, n.Next)
	}
	a.lost = append(a.lost, loss{o, how, meaning, places})
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
	return a.hasAny(func(l loss) bool { return slices.Contains(l.places, place) })
}

// HasUnplaced reports whether this process destroyed an object of a type whose successor may be anywhere.
func (a *Applied) HasUnplaced(resourceType string) bool {
	return a.hasAny(func(l loss) bool { return l.isUnplaced(resourceType) })
}

func (l loss) isUnplaced(resourceType string) bool {
	return l.object.Type == resourceType && slices.Contains(l.places, "")
}

func (a *Applied) hasAny(is func(loss) bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.lost, is)
}

// Created notes that a place has an object again. If nothing was in it before, and only one object may
// have its successor anywhere, this is the successor.
func (a *Applied) Created(place Handle, resourceType string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := len(a.lost)
	a.lost = slices.DeleteFunc(a.lost, func(l loss) bool { return slices.Contains(l.places, place) })
	first := slices.IndexFunc(a.lost, func(l loss) bool { return l.isUnplaced(resourceType) })
	if len(a.lost) == before && first >= 0 && !slices.ContainsFunc(a.lost[first+1:], func(l loss) bool { return l.isUnplaced(resourceType) }) {
		a.lost = slices.Delete(a.lost, first, first+1)
	}
}

// NameDestroyed adds to each error of a failed creation what this process has destroyed for it: what
// was in the place or is replaced there, or else all of that type whose successor may be anywhere.
func (a *Applied) NameDestroyed(place Handle, resourceType string, diags diag.Diagnostics) diag.Diagnostics {
	is := func(l loss) bool { return slices.Contains(l.places, place) }
	if !a.hasAny(is) {
		is = func(l loss) bool { return l.isUnplaced(resourceType) }
	}
	result := make(diag.Diagnostics, 0, len(diags))
	for _, d := range diags {
		detail := a.name(d.Detail(), is)
		anchored, isAnchored := d.(diag.DiagnosticWithPath)
		switch {
		case d.Severity() != diag.SeverityError:
			result = append(result, d)
		case isAnchored:
			result = append(result, diag.NewAttributeErrorDiagnostic(anchored.Path(), d.Summary(), detail))
		default:
			result = append(result, diag.NewErrorDiagnostic(d.Summary(), detail))
		}
	}
	return result
}

// NameReplaced is NameDestroyed for an error of a validation. While applying a replacement, Terraform
// validates the configuration again after it has destroyed the old object, with the values that the plan
// did not know.
func (a *Applied) NameReplaced(detail, resourceType string) string {
	named := a.name(detail, func(l loss) bool { return l.object.Type == resourceType && len(l.places) > 1 })
	if named != detail {
		named += "\n\nCorrect the configuration and apply again."
	}
	return named
}

// name adds what was destroyed to the detail of an error. "Nothing was changed" is what most refusals
// say, and what is wrong after that.
func (a *Applied) name(detail string, is func(loss) bool) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var said []string
	meaning := ""
	for _, l := range a.lost {
		switch {
		case !is(l):
			continue
		case l.how == "":
			said = append(said, fmt.Sprintf("The %s was gone already when this apply came to replace it.", l.object.Name))
		default:
			said = append(said, fmt.Sprintf("This apply has already %s the %s, to replace it.", l.how, l.object.Name))
			detail = strings.ReplaceAll(detail, "Nothing was changed.", "Nothing else was changed.")
		}
		meaning = l.meaning
	}
	if len(said) == 0 {
		return detail
	}
	if more := len(said) - maxNamed; more > 0 {
		said = append(said[:maxNamed], fmt.Sprintf("So it did with %d more.", more))
	}
	return strings.Join(append(said, meaning), " ") + "\n\n" + detail
}
