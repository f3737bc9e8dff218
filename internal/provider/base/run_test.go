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
		prd    = Place{APIKeyPlace, "p1", "prd"}
		stg    = Place{APIKeyPlace, "p1", "stg"}
		other  = Place{APIKeyPlace, "p2", "prd"}
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
	leave := func(id string, p Place) fact {
		return func(r *Run) PlaceConflict { return r.Leave(holdingAt(id, p)) }
	}
	create := func(p Place) fact {
		return func(r *Run) PlaceConflict { _, c := r.Claim(p, "", false); return c }
	}
	revoke := func(p Place) fact { // a creation that may revoke what is there
		return func(r *Run) PlaceConflict { _, c := r.Claim(p, "", true); return c }
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
	rotate := func(id string, p Place) fact {
		return func(r *Run) PlaceConflict {
			if _, c := r.Keep(holdingAt(id, p)); c != NoConflict {
				return c
			}
			_, c := r.Claim(p, id, false)
			return c
		}
	}

	for name, row := range map[string]struct {
		facts   []fact
		refused bool
	}{
		"keys in different places":                     {[]fact{keep("k1", prd), create(stg), keep("k2", other)}, false},
		"a new key where one is kept":                  {[]fact{keep("k1", prd), create(prd)}, true},
		"and it may revoke":                            {[]fact{keep("k1", prd), revoke(prd)}, true},
		"a new key where one is rotated":               {[]fact{rotate("k1", prd), create(prd)}, true},
		"and it may revoke what is rotated":            {[]fact{rotate("k1", prd), revoke(prd)}, true},
		"a new key where one is destroyed":             {[]fact{leave("k1", prd), create(prd)}, true},
		"and it may revoke what is destroyed":          {[]fact{leave("k1", prd), revoke(prd)}, false},
		"two new keys for one place":                   {[]fact{create(prd), create(prd)}, true},
		"and both may revoke":                          {[]fact{revoke(prd), revoke(prd)}, true},
		"a key is rotated":                             {[]fact{rotate("k1", prd)}, false},
		"a key moves where none is":                    {[]fact{replace("k1", prd, stg, false)}, false},
		"a key moves where one is kept":                {[]fact{replace("k1", prd, stg, false), keep("k2", stg)}, true},
		"and it may revoke what is kept":               {[]fact{replace("k1", prd, stg, true), keep("k2", stg)}, true},
		"keys swap places":                             {[]fact{replace("k1", prd, stg, false), replace("k2", stg, prd, false)}, true},
		"and both may revoke, so that they swap":       {[]fact{replace("k1", prd, stg, true), replace("k2", stg, prd, true)}, false},
		"keys shift, the last is destroyed":            {[]fact{replace("k1", prd, stg, false), leave("k2", stg)}, true},
		"and may revoke, so that they shift":           {[]fact{replace("k1", prd, stg, true), leave("k2", stg)}, false},
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
		"a key and an environment of one name":         {[]fact{keep("k1", Place{APIKeyPlace, "p1", "eu"}), create(eu)}, false},
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

func TestRun_onlyAReadingPlanRotates(t *testing.T) {
	t.Parallel()
	r := newRun()
	if r.MayRotate("k1") {
		t.Error("a key that was not read")
	}
	r.MarkRead("k1")
	if !r.MayRotate("k1") {
		t.Error("a key that was read")
	}
	r.MarkImported("k1")
	if r.MayRotate("k1") {
		t.Error("a key that this plan imports")
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
