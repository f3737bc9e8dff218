package base

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// Applied stores what this process has done in an apply: what it created, and what it destroyed
// whose successor is not there yet.
type Applied struct {
	// Made has the ids of what this process created. Another resource of it does not take such an object for
	// its own after a lost answer, and does not revoke such a key to make room.
	Made Set[string]

	mu   sync.Mutex
	lost []loss
}

// loss is an object that has no successor yet.
type loss struct {
	Object
	Note // of its replacement

	how           string // such as "revoked"; empty if it was gone already
	onceDestroyed string // what that means until its successor is there
}

// concerns reports whether the object was in a place, or is replaced there.
func (l loss) concerns(place Handle) bool { return place == l.Place || place == l.Next && !l.Removed }

// isUnplaced reports whether the object is of one of the types, and its successor may be anywhere.
func (l loss) isUnplaced(resourceTypes ...string) bool {
	return slices.Contains(resourceTypes, l.Type) && l.Next == "" && !l.Removed
}

// Destroyed notes an object that this process destroyed. "how" says what was done to it, and is empty
// if it was gone already; "onceDestroyed" says what that means until its successor is there.
func (a *Applied) Destroyed(o Object, how, onceDestroyed string, n Note) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lost = append(a.lost, loss{o, n, how, onceDestroyed})
}

// WasAnnounced reports whether the plan of a replacement announced to revoke the key in a place.
func (a *Applied) WasAnnounced(place Handle, id string) bool {
	return a.has(func(l loss) bool { return l.Next == place && l.Revokes == id })
}

// HasEmptied reports whether this process destroyed what was in a place. What was gone already may have
// left its place to something else.
func (a *Applied) HasEmptied(place Handle) bool {
	return a.has(func(l loss) bool { return l.Place == place && l.how != "" })
}

// Replaces reports whether this process has come to replace what was in a place, or something by what is
// created there.
func (a *Applied) Replaces(place Handle) bool {
	return a.has(func(l loss) bool { return l.concerns(place) })
}

// HasUnplaced reports whether this process destroyed an object of a type whose plan did not know the place
// of the successor. A tainted object does not count: most likely, its successor is in its own place.
func (a *Applied) HasUnplaced(resourceType string) bool {
	return a.has(func(l loss) bool { return l.isUnplaced(resourceType) && l.Replaces != "" })
}

func (a *Applied) has(is func(loss) bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.lost, is)
}

// Created notes that a place has an object again. It is the successor of what is replaced there, or else
// of the only object whose successor may be anywhere.
func (a *Applied) Created(place Handle, resourceType string) {
	succeeded := func(l loss) bool { return l.Next == place || l.Next == "" && l.concerns(place) }
	certain := a.has(succeeded)
	if !certain {
		succeeded = func(l loss) bool { return l.isUnplaced(resourceType) }
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if others := slices.DeleteFunc(slices.Clone(a.lost), succeeded); certain || len(others) == len(a.lost)-1 {
		a.lost = others
	}
}

// NameDestroyed adds to each error of a failed creation what this process has destroyed for it: what
// was in the place or is replaced there, or else all of that type whose successor may be anywhere. "inside"
// are the types of what may wait for this creation: Terraform does not create it then.
func (a *Applied) NameDestroyed(place Handle, resourceType string, diags diag.Diagnostics, inside ...string) diag.Diagnostics {
	is := func(l loss) bool { return l.concerns(place) || l.isUnplaced(inside...) }
	if !a.has(func(l loss) bool { return l.concerns(place) }) {
		is = func(l loss) bool { return l.isUnplaced(append(inside, resourceType)...) }
	}
	return a.nameIn(diags, is)
}

// NameInside is NameDestroyed for a project that could not be renamed: Terraform creates nothing in it then.
func (a *Applied) NameInside(projectID string, diags diag.Diagnostics) diag.Diagnostics {
	return a.nameIn(diags, func(l loss) bool {
		return !l.Removed && strings.Contains(string(cmp.Or(l.Next, l.Place)), "/"+projectID+"/")
	})
}

// nameIn adds what was destroyed to each error.
func (a *Applied) nameIn(diags diag.Diagnostics, is func(loss) bool) diag.Diagnostics {
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
	named := a.name(detail, func(l loss) bool { return l.Type == resourceType && !l.Removed })
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
			said = append(said, fmt.Sprintf("The %s was gone already when this apply came to replace it.", l.Name))
		default:
			said = append(said, fmt.Sprintf("This apply has already %s the %s, to replace it.", l.how, l.Name))
			detail = strings.ReplaceAll(detail, "Nothing was changed.", "Nothing else was changed.")
		}
		meaning = l.onceDestroyed
	}
	if len(said) == 0 {
		return detail
	}
	if more := len(said) - maxNamed; more > 0 {
		said = append(said[:maxNamed], fmt.Sprintf("So it did with %d more.", more))
	}
	return strings.Join(append(said, meaning), " ") + "\n\n" + detail
}
