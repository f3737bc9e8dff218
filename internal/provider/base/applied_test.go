package base

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// An error names what was destroyed for its creation, until that has a successor.
func TestApplied(t *testing.T) {
	t.Parallel()
	const kind, other, holder = "traceloop_api_key", "traceloop_project", "traceloop_environment"
	prd, stg, dev := Handle("prd"), Handle("stg"), Handle("dev")
	type creation struct {
		at   Handle
		kind string
	}
	for name, test := range map[string]struct {
		destroyed []Note // of "A" and "B", both in prd
		created   []creation
		fails     creation
		names     string
	}{
		"in the new place":             {[]Note{{Replaces: "a", Next: stg}}, nil, creation{stg, kind}, "A"},
		"in its own place":             {[]Note{{Replaces: "a", Next: stg}}, nil, creation{prd, kind}, "A"},
		"in another place":             {[]Note{{Replaces: "a", Next: stg}}, nil, creation{dev, kind}, ""},
		"another one in its own place": {[]Note{{Replaces: "a", Next: stg}}, []creation{{prd, kind}}, creation{stg, kind}, "A"},
		"succeeded":                    {[]Note{{Replaces: "a", Next: stg}}, []creation{{stg, kind}}, creation{stg, kind}, ""},
		"not replaced":                 {[]Note{{Removed: true}}, nil, creation{stg, kind}, ""},
		"not replaced, its own place":  {[]Note{{Removed: true}}, nil, creation{prd, kind}, "A"},
		"anywhere":                     {[]Note{{Replaces: "a"}}, nil, creation{stg, kind}, "A"},
		"anywhere, of another type":    {[]Note{{Replaces: "a"}}, nil, creation{stg, other}, ""},
		"anywhere, of what holds it":   {[]Note{{Replaces: "a"}}, nil, creation{stg, holder}, "A"},
		"in place, of what holds it":   {[]Note{{Replaces: "a", Next: stg}}, nil, creation{stg + "_environment", holder}, ""},
		"anywhere, succeeded":          {[]Note{{Replaces: "a"}}, []creation{{stg, kind}}, creation{dev, kind}, ""},
		"tainted":                      {[]Note{{}}, nil, creation{stg, kind}, "A"},
		"two anywhere, and one is new": {[]Note{{Replaces: "a"}, {Replaces: "b"}}, []creation{{stg, kind}}, creation{dev, kind}, "AB"},
		"two anywhere, one in place":   {[]Note{{Replaces: "a"}, {Replaces: "b"}}, []creation{{prd, kind}}, creation{dev, kind}, ""},
	} {
		var a Applied
		for i, note := range test.destroyed {
			a.Destroyed(Object{Name: string(rune('A' + i)), Place: prd, Type: kind}, "revoked", "That is bad.", note)
		}
		for _, c := range test.created {
			a.Created(c.at, c.kind)
		}
		var inside []string
		if test.fails.kind == holder {
			inside = []string{kind}
		}
		said := a.NameDestroyed(test.fails.at, test.fails.kind, diag.Diagnostics{diag.NewErrorDiagnostic("No", "Nothing was changed.")}, inside...)[0].Detail()
		for _, object := range []string{"A", "B"} {
			if strings.Contains(said, "already revoked the "+object+",") != strings.Contains(test.names, object) {
				t.Errorf("%s: it names not just %q: %s", name, test.names, said)
			}
		}
		if strings.Contains(said, "Nothing was changed") != (test.names == "") {
			t.Errorf("%s: it is wrong about what was changed: %s", name, said)
		}
	}
}

// A project that could not be renamed gets no successor of what was in it.
func TestApplied_inside(t *testing.T) {
	t.Parallel()
	var a Applied
	for name, note := range map[string]Note{"moves in": {Next: "api_key_of/p/prd"}, "is tainted": {}, "moves out": {Next: "api_key_of/q/prd"}, "goes": {Removed: true}} {
		a.Destroyed(Object{Name: name, Place: "api_key_of/p/dev"}, "revoked", "That is bad.", note)
	}
	said := a.NameInside("p", diag.Diagnostics{diag.NewErrorDiagnostic("No", "Nothing was changed.")})[0].Detail()
	for name, named := range map[string]bool{"moves in": true, "is tainted": true, "moves out": false, "goes": false} {
		if strings.Contains(said, name) != named {
			t.Errorf("%q is named: %t, want %t: %s", name, !named, named, said)
		}
	}
}
