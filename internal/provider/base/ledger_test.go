package base_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
)

// The objects of the tests: a project with an environment of its own, and one key in it.
var (
	orders = base.Object{Handle: "project/orders", Place: "project_name/Orders", Type: "traceloop_project", Name: "project Orders"}
	europe = base.Object{Handle: "environment/orders/eu", Place: "environment/orders/eu", Within: []base.Handle{orders.Handle}, Type: "traceloop_environment", Name: "environment Europe"}
	key    = base.Object{
		Handle: "api_key/1", Place: "api_key_of/orders/eu", Type: "traceloop_api_key", Name: "key 1",
		Within: []base.Handle{orders.Handle, europe.Handle, "environment/organization/eu"},
	}
	staging = base.Object{Handle: "environment/organization/eu", Place: "environment/organization/eu", Type: "traceloop_environment", Name: "environment of the organization"}
	second  = base.Object{Handle: "api_key/2", Place: "api_key_of/orders/us", Type: "traceloop_api_key", Name: "key 2", Within: []base.Handle{orders.Handle, "environment/orders/us"}}
	// New environments with one slug: of two projects, and for all projects.
	ofOrders = base.Creation{Place: "environment/orders/new", AlsoTakes: "environment/any/new", NeedsFree: "environment/organization/new", Name: "new environment of orders"}
	ofBills  = base.Creation{Place: "environment/bills/new", AlsoTakes: "environment/any/new", NeedsFree: "environment/organization/new", Name: "new environment of bills"}
	forAll   = base.Creation{Place: "environment/organization/new", NeedsFree: "environment/any/new", Name: "new environment for all"}
	another  = base.Creation{Place: key.Place, Within: key.Within, Type: key.Type, Name: "the key of orders/eu"}
)

// call is one call of a plan. Its name shows in the names of the tests.
type call struct {
	name string
	do   func(*base.Ledger) *base.Conflict
}

func keep(o base.Object) call {
	return call{"keep " + o.Name + o.Token, func(l *base.Ledger) *base.Conflict { return l.Keep(o) }}
}

func destroy(o base.Object) call {
	return call{"destroy " + o.Name + o.Token, func(l *base.Ledger) *base.Conflict { return l.Destroy(o) }}
}

func imports(o base.Object) call {
	return call{"import " + o.Name + o.Token, func(l *base.Ledger) *base.Conflict { return l.Import(o) }}
}

func create(c base.Creation) call {
	return call{"create " + c.Name, func(l *base.Ledger) *base.Conflict { return l.Create(c) }}
}

// forced is a replacement that Terraform plans as an update first.
func forced(o base.Object) call {
	return call{"force " + o.Name, func(l *base.Ledger) *base.Conflict {
		if c := l.Keep(o); c != nil {
			return c
		}
		if replaced, c := l.Replace(o.Handle, o.Token); c != nil || replaced.Handle != o.Handle {
			return c
		}
		return l.Create(base.Creation{Place: o.Place, Within: o.Within, Replaces: o.Handle, Type: o.Type, Name: "another " + o.Name})
	}}
}

// tainted is a replacement of a tainted object: a read, and a creation that knows nothing of it.
func tainted(o base.Object) call {
	return call{"taint " + o.Name, func(l *base.Ledger) *base.Conflict {
		if c := l.Read(o); c != nil {
			return c
		}
		return l.Create(base.Creation{Place: o.Place, Within: o.Within, Type: o.Type, Name: "another " + o.Name})
	}}
}

// moves is a replacement that the provider asks for, in the place of another object.
func moves(o, to base.Object, revokes bool) call {
	return call{"move " + o.Name, func(l *base.Ledger) *base.Conflict {
		if c := l.Destroy(o); c != nil {
			return c
		}
		if replaced, c := l.Replace(o.Handle, o.Token); c != nil || replaced.Handle != o.Handle {
			return c
		}
		return l.Create(base.Creation{Place: to.Place, Within: to.Within, Replaces: o.Handle, Revokes: revokes, Type: o.Type, Name: "a key where " + to.Name + " is"})
	}}
}

func at(o base.Object, token string) base.Object {
	o.Token = token
	return o
}

func revoking(c base.Creation) base.Creation {
	c.Revokes = true
	return c
}

func replacing(c base.Creation, o base.Object) base.Creation {
	c.Replaces = o.Handle
	return c
}

// TestLedger makes the calls of each plan in every order. One of the conflicts has the
// reason; none is refused where there is no reason.
func TestLedger(t *testing.T) {
	newer := europe
	newer.ID, newer.Token = "newer", "b"
	renamed := base.Object{Handle: key.Handle, Place: key.Place, Within: key.Within, Type: key.Type, Name: "key 1", Token: "import"}
	tests := map[string]struct {
		calls   []call
		refused []base.Reason // one of these; none if empty
		warns   bool
		strands bool
	}{
		"nothing changes":                      {calls: []call{keep(orders), keep(europe), keep(key)}},
		"everything goes":                      {calls: []call{destroy(orders), destroy(europe), destroy(key)}},
		"an import without another address":    {calls: []call{{"import and keep", both(imports(renamed), keep(renamed))}, keep(orders)}},
		"an import while the old address goes": {calls: []call{{"import and keep", both(imports(renamed), keep(renamed))}, destroy(key)}, refused: []base.Reason{base.SecondAddress}},
		"an import while the old address stays": {
			calls: []call{{"import and keep", both(imports(renamed), keep(renamed))}, keep(key)}, refused: []base.Reason{base.SecondAddress},
		},
		"a state has an environment that is there, and one of before": {calls: []call{keep(newer), destroy(at(europe, "a"))}},
		"both stay": {calls: []call{keep(newer), keep(at(europe, "a"))}},
		"an import in the place of one of before": {calls: []call{{"import and keep", both(imports(newer), keep(newer))}, keep(at(europe, "a"))}},
		"two imports": {
			calls:   []call{{"import", both(imports(at(key, "a")), keep(at(key, "a")))}, {"import too", both(imports(at(key, "b")), keep(at(key, "b")))}},
			refused: []base.Reason{base.SecondAddress},
		},
		"a state with two addresses":            {calls: []call{keep(at(key, "a")), keep(key)}, refused: []base.Reason{base.SecondAddress}, warns: true},
		"both of two addresses go":              {calls: []call{destroy(at(key, "a")), destroy(key)}},
		"one of two addresses goes":             {calls: []call{keep(at(key, "a")), destroy(key)}, refused: []base.Reason{base.SecondAddress}},
		"one of two goes, neither was imported": {calls: []call{keep(key), destroy(key)}, refused: []base.Reason{base.SecondAddress}},
		"the project of a key goes":             {calls: []call{destroy(orders), keep(key)}, refused: []base.Reason{base.DestroyedUnderIt, base.KeptInside}},
		"the environment of a key goes":         {calls: []call{destroy(europe), keep(key)}, refused: []base.Reason{base.DestroyedUnderIt, base.KeptInside}},
		"the organization's environment goes":   {calls: []call{destroy(staging), keep(key)}, refused: []base.Reason{base.DestroyedUnderIt, base.KeptInside}},
		"the project of an environment goes":    {calls: []call{destroy(orders), keep(europe)}, refused: []base.Reason{base.DestroyedUnderIt, base.KeptInside}},
		"the environment is replaced":           {calls: []call{forced(europe), keep(key)}, refused: []base.Reason{base.DestroyedUnderIt, base.KeptInside}},
		"a tainted environment is replaced":     {calls: []call{tainted(europe), keep(key)}, refused: []base.Reason{base.DestroyedUnderIt, base.KeptInside}},
		"a tainted project is replaced":         {calls: []call{tainted(orders), keep(key)}, refused: []base.Reason{base.DestroyedUnderIt, base.KeptInside}},
		"a tainted project has another address too": {
			calls: []call{
				{"import and keep", both(imports(at(orders, "a")), keep(at(orders, "a")))},
				tainted(orders),
			},
			refused: []base.Reason{base.SecondAddress},
		},
		"a state has a tainted project at another address too": {
			calls:   []call{{"read and keep", read(at(orders, "a"))}, tainted(orders)},
			refused: []base.Reason{base.SecondAddress},
		},
		"it also moves": {
			calls: []call{
				{"import and keep", both(imports(at(orders, "a")), keep(at(orders, "a")))},
				{"read", func(l *base.Ledger) *base.Conflict { return l.Read(orders) }},
				create(base.Creation{Place: "project_name/Other", Type: orders.Type, Name: "another"}),
			},
			refused: []base.Reason{base.SecondAddress},
		},
		"OpenTofu reads what it forgets": {
			calls: []call{
				{"import and keep", both(imports(at(orders, "a")), keep(at(orders, "a")))},
				{"read", func(l *base.Ledger) *base.Conflict { return l.Read(orders) }},
				create(another),
			},
		},
		"a tainted key is replaced":        {calls: []call{tainted(key), keep(orders), keep(europe)}},
		"environment and key are replaced": {calls: []call{forced(europe), destroy(key)}},
		"a key in a project that goes":     {calls: []call{destroy(orders), create(another)}, refused: []base.Reason{base.DestroyedUnderIt, base.KeptInside}},
		"a key in a tainted project":       {calls: []call{tainted(orders), create(another)}, refused: []base.Reason{base.DestroyedUnderIt, base.KeptInside}},
		"a key in a tainted environment":   {calls: []call{tainted(europe), create(another)}, refused: []base.Reason{base.DestroyedUnderIt, base.KeptInside}},
		"two new environments, one for a tainted one": {
			calls:   []call{tainted(europe), create(base.Creation{Place: europe.Place, Type: europe.Type, Name: "another"}), keep(key)},
			refused: []base.Reason{base.DestroyedUnderIt, base.KeptInside, base.PlaceCreatedTwice},
		},
		"a key in a tainted project, and another project takes the name": {
			calls:   []call{tainted(orders), keep(base.Object{Handle: "project/other", Place: orders.Place, Type: orders.Type, Name: "project Other"}), create(another)},
			refused: []base.Reason{base.DestroyedUnderIt, base.KeptInside},
		},
		"two new keys for one place":                                 {calls: []call{create(another), create(another)}, refused: []base.Reason{base.PlaceCreatedTwice}},
		"a new key where one is kept":                                {calls: []call{create(another), keep(key)}, refused: []base.Reason{base.PlaceKept}},
		"a new key that revokes one that is kept":                    {calls: []call{create(revoking(another)), keep(key)}, refused: []base.Reason{base.PlaceKept}},
		"a new key where one goes":                                   {calls: []call{create(another), destroy(key)}, refused: []base.Reason{base.PlaceLeaving}},
		"a new key that revokes one that goes":                       {calls: []call{create(revoking(another)), destroy(key)}},
		"a rotation":                                                 {calls: []call{{"destroy, create", both(destroy(key), create(replacing(another, key)))}, keep(orders), keep(europe)}},
		"a forced rotation":                                          {calls: []call{forced(key), keep(orders), keep(europe)}},
		"a key moves where one is kept":                              {calls: []call{moves(key, second, false), keep(second)}, refused: []base.Reason{base.PlaceKept}},
		"a key moves and revokes one that is kept":                   {calls: []call{moves(key, second, true), keep(second)}, refused: []base.Reason{base.PlaceKept}},
		"new environments in two projects":                           {calls: []call{create(ofOrders), create(ofBills)}},
		"new environments of both levels":                            {calls: []call{create(ofOrders), create(forAll)}, refused: []base.Reason{base.PlaceCreatedTwice}},
		"one of them replaces another one":                           {calls: []call{create(replacing(ofOrders, europe)), create(forAll)}, refused: []base.Reason{base.PlaceCreatedTwice}, strands: true},
		"a new environment in a place kept by another, replaces one": {calls: []call{create(base.Creation{Place: europe.Place, Replaces: staging.Handle}), keep(europe)}, refused: []base.Reason{base.PlaceKept}, strands: true},
		"keys swap":                            {calls: []call{moves(key, second, false), moves(second, key, false)}, refused: []base.Reason{base.PlaceLeaving}},
		"keys swap and may revoke":             {calls: []call{moves(key, second, true), moves(second, key, true)}},
		"keys shift, the last one goes":        {calls: []call{moves(key, second, false), destroy(second)}, refused: []base.Reason{base.PlaceLeaving}},
		"keys shift and may revoke":            {calls: []call{moves(key, second, true), destroy(second)}},
		"a second resource for a kept project": {calls: []call{{"read and keep", read(orders)}, create(base.Creation{Place: orders.Place, Name: "another"})}, refused: []base.Reason{base.PlaceKept}},
	}
	for name, test := range tests {
		for i, order := range permutations(test.calls) {
			t.Run(fmt.Sprintf("%s/%d", name, i), func(t *testing.T) {
				ledger := base.NewLedger(false)
				var found *base.Conflict
				for _, c := range order {
					if conflict := c.do(ledger); conflict != nil && (found == nil || !slices.Contains(test.refused, found.Reason)) {
						found = conflict
					}
				}
				switch {
				case len(test.refused) == 0 && found != nil:
					t.Errorf("refused: %+v", *found)
				case len(test.refused) > 0 && (found == nil || !slices.Contains(test.refused, found.Reason) || found.Warning != test.warns || test.strands && !found.Strands):
					t.Errorf("the conflict is %+v, want one of %v", found, test.refused)
				}
			})
		}
	}
}

func both(first, second call) func(*base.Ledger) *base.Conflict {
	return func(l *base.Ledger) *base.Conflict {
		if c := first.do(l); c != nil {
			return c
		}
		return second.do(l)
	}
}

func read(o base.Object) func(*base.Ledger) *base.Conflict {
	return func(l *base.Ledger) *base.Conflict {
		if c := l.Read(o); c != nil {
			return c
		}
		return l.Keep(o)
	}
}

func permutations(calls []call) [][]call {
	if len(calls) < 2 {
		return [][]call{calls}
	}
	var all [][]call
	for i := range calls {
		rest := slices.Delete(slices.Clone(calls), i, i+1)
		for _, p := range permutations(rest) {
			all = append(all, append([]call{calls[i]}, p...))
		}
	}
	return all
}

// A process of `terraform test` plans, applies, plans again and destroys with one ledger.
func TestLedger_manyWalks(t *testing.T) {
	ledger := base.NewLedger(true)
	for i, c := range []call{
		create(another), create(another), // a plan and its apply
		keep(orders), keep(europe), keep(key), // the next plan
		keep(orders), keep(europe), keep(key),
		imports(at(key, "a")), keep(at(key, "a")), imports(at(key, "b")), keep(at(key, "b")), // two plans
		destroy(at(key, "b")), destroy(europe), destroy(orders), // the last destroy
		keep(orders),
	} {
		if conflict := c.do(ledger); conflict != nil {
			t.Errorf("call %d, %s: %+v", i, c.name, *conflict)
		}
	}
	if conflict := ledger.Destroy(orders); conflict != nil {
		t.Errorf("a new plan destroys what the last one kept: %+v", *conflict)
	}
	if conflict := ledger.Keep(key); conflict == nil {
		t.Error("a plan that destroys a project and keeps its key is not refused")
	}
}

// An import is of one plan, and the next plan of the process reads the object again.
func TestLedger_importIsOver(t *testing.T) {
	for manyWalks, imports := range map[bool]bool{true: false, false: true} {
		ledger := base.NewLedger(manyWalks)
		if conflict := ledger.Import(at(key, "a")); conflict != nil {
			t.Fatalf("%+v", conflict)
		}
		if !ledger.WasImported(key.Handle) {
			t.Error("the plan does not import the key")
		}
		ledger.ReadAgain(key.Handle)
		if ledger.WasImported(key.Handle) != imports {
			t.Errorf("many walks: %t: the plan imports the key: %t", manyWalks, !imports)
		}
	}
}

// An apply finds nothing that its plan could not find: there the service decides.
func TestLedger_afterTheFirstWrite(t *testing.T) {
	ledger := base.NewLedger(false)
	ledger.Write()
	for range 2 {
		if conflict := ledger.Create(another); conflict != nil {
			t.Errorf("refused: %+v", *conflict)
		}
	}

	// create_before_destroy: the apply plans the creation, writes it, and plans the deletion of the deposed object.
	ledger = base.NewLedger(false)
	for _, step := range []func() *base.Conflict{
		func() *base.Conflict { return ledger.Create(another) },
		func() *base.Conflict { ledger.Write(); return ledger.Destroy(key) },
	} {
		if conflict := step(); conflict != nil {
			t.Errorf("refused: %+v", *conflict)
		}
	}
}

func TestLedger_mayFail(t *testing.T) {
	ledger := base.NewLedger(false)
	if name := ledger.FirstMayFail(); name != "" {
		t.Errorf("%q may fail", name)
	}
	ledger.MayFail("project Taken", "project_name/Taken")
	if name := ledger.FirstMayFail(); name != "project Taken" {
		t.Errorf("%q may fail", name)
	}
	// Apply deletes a tainted object before it creates its successor.
	for protected, want := range map[bool]string{true: "project Taken", false: ""} {
		ledger.Read(base.Object{Handle: "project/1", Place: "project_name/Taken", Protected: protected})
		if name := ledger.FirstMayFail(); name != want {
			t.Errorf("%q may fail where the name is that of a tainted project, protected: %t", name, protected)
		}
	}
	many := base.NewLedger(true)
	many.MayFail("project Taken", "project_name/Taken")
	if name := many.FirstMayFail(); name != "" {
		t.Errorf("%q may fail in a later plan", name)
	}
}

// A plan of a third resource does not report the conflict of two others.
func TestLedger_reportsOwnConflicts(t *testing.T) {
	t.Parallel()
	ledger := base.NewLedger(false)
	ledger.Create(another)
	ledger.Import(at(key, "a"))
	if conflict := ledger.Read(key); conflict == nil {
		t.Error("the import of a key whose first address may be tainted goes on")
	}
	ledger.Import(at(orders, "a"))
	if conflict := ledger.Read(orders); conflict != nil {
		t.Errorf("the plan of a project reports %+v", conflict)
	}
}
