package base

import (
	"testing"
)

type named string

func (n named) Describe() string { return string(n) }

func holdingAt(id string, p Place) Holding {
	return Holding{ID: id, Place: p, Object: named(id)}
}

// Whatever the order in which Terraform plans two resources, the plan as a whole is judged
// alike: each row runs forwards and backwards, and has to end in the same verdict.
func TestRun_placesAreJudgedInAnyOrder(t *testing.T) {
	t.Parallel()
	var (
		orders = Place{Kind: ProjectPlace, Name: "Orders"}
		bills  = Place{Kind: ProjectPlace, Name: "Bills"}
		eu     = Place{EnvironmentPlace, "p1", "eu"}
		euIn2  = Place{EnvironmentPlace, "p2", "eu"}
		euAll  = Place{EnvironmentPlace, "", "eu"}
	)
	type fact func(*Run) PlaceConflict
	keep := func(id string, p Place) fact {
		return func(r *Run) PlaceConflict { _, c := r.Keep(holdingAt(id, p)); return c }
	}
	create := func(p Place) fact {
		return func(r *Run) PlaceConflict { _, c := r.Claim(p, "", false); return c }
	}
	// Both halves of a replacement come one right after the other.
	replace := func(id string, from, to Place, revokes bool) fact {
		return func(r *Run) PlaceConflict {
			if c := r.Leave(holdingAt(id, from)); c != NoConflict {
				return c
			}
			_, c := r.Claim(to, id, revokes)
			return c
		}
	}
	for name, row := range map[string]struct {
		facts   []fact
		refused bool
	}{
		"a project is created beside another":          {[]fact{keep("p1", orders), create(bills)}, false},
		"a project of a name that is kept":             {[]fact{keep("p1", orders), create(orders)}, true},
		"two projects get one name":                    {[]fact{keep("p1", orders), keep("p2", orders)}, true},
		"an environment in another project":            {[]fact{keep("e1", eu), create(euIn2)}, false},
		"one for all projects, where a project has it": {[]fact{keep("e1", eu), create(euAll)}, true},
		"one for a project, where all have it":         {[]fact{keep("e1", euAll), create(eu)}, true},
		"new ones at both levels":                      {[]fact{create(euAll), create(eu)}, true},
		"an environment becomes the organization's":    {[]fact{replace("e1", eu, euAll, false)}, false},
		"and another project keeps one of that slug":   {[]fact{replace("e1", eu, euAll, false), keep("e2", euIn2)}, true},
		"an environment becomes a project's":           {[]fact{replace("e1", euAll, eu, false)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, backwards := range []bool{false, true} {
				r, refused := newRun(), false
				for i := range row.facts {
					if backwards {
						i = len(row.facts) - 1 - i
					}
					refused = row.facts[i](r) != NoConflict || refused
				}
				if refused != row.refused {
					t.Errorf("refused (backwards: %t): %t, want %t", backwards, refused, row.refused)
				}
			}
		})
	}
}

func TestRun_protectedEnvironmentsKeepTheirProject(t *testing.T) {
	t.Parallel()
	protected := holdingAt("e1", Place{EnvironmentPlace, "p1", "eu"})
	protected.Protected = true

	r := newRun()
	r.Keep(protected)
	if stay := r.MarkDestroyed("p1", "project"); len(stay) != 1 || stay[0].ID != "e1" {
		t.Errorf("the environment is planned first: %v", stay)
	}
	if stay := r.MarkDestroyed("p2", "another"); len(stay) != 0 {
		t.Errorf("another project: %v", stay)
	}

	r = newRun()
	r.Leave(protected)
	if stay := r.MarkDestroyed("p1", "project"); len(stay) != 0 {
		t.Errorf("the environment goes too: %v", stay)
	}
	if text, ok := r.DestroyedProject("p1"); !ok || text != "project" {
		t.Errorf("the project is planned first: %q, %t", text, ok)
	}
}

func TestRun_environmentsInForce(t *testing.T) {
	t.Parallel()
	r := newRun()
	r.Claim(Place{EnvironmentPlace, "p1", "eu"}, "", false)
	r.Claim(Place{EnvironmentPlace, "", "load-test"}, "", false)
	for _, row := range []struct {
		project, slug string
		has           bool
	}{{"p1", "eu", true}, {"p2", "eu", false}, {"p2", "load-test", true}, {"p1", "us", false}} {
		if r.hasEnvironment(row.project, row.slug) != row.has {
			t.Errorf("project %s has %q: want %t", row.project, row.slug, row.has)
		}
	}
}
