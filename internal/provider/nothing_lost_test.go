package provider_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// These tests hold keys to one rule: nothing that a plan keeps is destroyed by it, and what is
// destroyed has a successor, or the error says that it is gone.

var unknownText = tftypes.NewValue(tftypes.String, tftypes.UnknownValue)

// address is a resource of a configuration: what the state has there or an import block brings, and its block; nil is none.
type address struct {
	kind   string
	state  instance
	config arguments
}

// plansTogether plans resources in the process of this provider, in this order.
func (d *driver) plansTogether(all ...address) (said []string, err error) {
	d.t.Helper()
	var refused []error
	for _, a := range all {
		prior, err := d.refresh(d.t.Context(), a.kind, a.state)
		if err == nil {
			var p planResult
			p, err = d.plan(d.t.Context(), a.kind, prior, a.config)
			said = append(said, warnings(p.diags)...)
		}
		refused = append(refused, err)
	}
	return said, errors.Join(refused...)
}

// The old address and the one that an import block names, in every order.
func TestNothingLost_importToASecondAddress(t *testing.T) {
	for kind, title := range map[string]string{
		projectKind: "Two Resources for One Project", environmentKind: "Two Resources for One Environment", keyKind: "Two Resources for One API Key",
		setupKind: "Two Resources for One Auto Monitor Setup", evaluatorKind: "Two Resources for One Evaluator",
	} {
		t.Run(kind, func(t *testing.T) {
			o := newOutcome(t)
			keys := arguments{"base_url": o.server.URL, "api_key": o.server.ManagementKey, "project_api_key": projectKey(o.server, "dev")}
			l, same := newLife(newDriverWith(t, o.clock.later, keys), kind), ofKind(kind, o.server)
			l.apply(same, "create")
			here, there := l.state, l.provider.none(kind)
			at := func(state instance, config arguments) address { return address{kind, state, config} }
			if there.importing = l.id(); kind == setupKind {
				there.importing = "checkout"
			}
			second := &life{t, kind, l.provider, there}
			if err := second.saves(same).apply(l.provider.next()); err != nil {
				t.Fatal(err)
			}
			imported := second.state
			moved := []string{title, "A block shown here may be the older one", "search the configuration for " + kind, "-refresh=false", "moved {"}
			for name, test := range map[string]struct {
				first, second address
				phrases       []string // of the refusal; none: nothing is refused
				warns         bool
			}{
				"the old address goes":       {at(here, nil), at(there, same), moved, false},
				"the old address stays":      {at(here, same), at(there, same), []string{title, "moved {"}, false},
				"two imports":                {at(there, same), at(there, same), []string{title}, false},
				"both are in the state":      {at(here, same), at(imported, same), nil, true},
				"both are, and one goes":     {at(here, same), at(imported, nil), []string{title, "terraform state rm ADDRESS"}, false},
				"both are, the old one goes": {at(here, nil), at(imported, same), []string{title, "terraform state rm ADDRESS"}, false},
				"both are, and both go":      {at(here, nil), at(imported, nil), nil, false},
			} {
				for _, order := range [][]address{{test.first, test.second}, {test.second, test.first}} {
					said, err := l.provider.next().plansTogether(order...)
					switch {
					case test.phrases != nil:
						refuses(t, err, test.phrases...)
						refuses(t, err, l.id())
					case err != nil || slices.Contains(said, title) != test.warns:
						t.Errorf("%s: %v, and the plan warns %q", name, err, said)
					}
				}
			}

			// Terraform reads a tainted object, and does not plan it: only what replaces it, perhaps elsewhere.
			// OpenTofu reads an object that it forgets, and plans nothing.
			tainted, elsewhere := here, same.with(arguments{})
			tainted.tainted = true
			for _, name := range []string{"name", "environment", "external_id"} {
				if same[name] != nil {
					elsewhere[name] = "stg"
				}
			}
			for _, order := range [][]address{
				{at(tainted, same), at(there, same)},
				{at(there, same), at(tainted, same)},
				{at(tainted, elsewhere), at(there, same)},
				{at(there, same), at(tainted, elsewhere)},
				{at(tainted, same), at(imported, same)},
				{at(imported, same), at(tainted, same)},
			} {
				_, err := l.provider.next().plansTogether(order...)
				refuses(t, err, title, "at two addresses")
			}
			for _, order := range [][]instance{{here, there}, {there, here}} {
				d := l.provider.next()
				for _, read := range order {
					if _, err := d.refresh(t.Context(), kind, read); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

// What holds something that the plan keeps does not go: not without its block, not for a replacement.
func TestNothingLost_destroyingTakesAlong(t *testing.T) {
	for name, kinds := range map[string][2]string{
		"environment in a project": {projectKind, environmentKind}, "key in a project": {projectKind, keyKind}, "key in an environment": {environmentKind, keyKind},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutcome(t)
			outer, inner := newLife(o.provider, kinds[0]), newLife(o.provider, kinds[1])
			holds := ofKind(kinds[0], o.server)
			outer.apply(holds, "create")
			held := arguments{"project_id": outer.id(), "name": "EU", "deletion_protection": false}
			switch {
			case kinds[0] == environmentKind:
				held = o.config(arguments{"environment": "eu-production"})
			case kinds[1] == keyKind:
				held = arguments{"project_id": outer.id(), "environment": "prd"}
			}
			inner.apply(held, "create")
			forced, tainted := outer.state, outer.state
			forced.forced, tainted.tainted = true, true
			for hint, goes := range map[string]address{
				"-refresh=false": {outer.kind, outer.state, nil}, "Nothing was changed": {outer.kind, forced, holds}, "terraform untaint": {outer.kind, tainted, holds},
			} {
				stays := address{inner.kind, inner.state, held}
				for _, order := range [][]address{{goes, stays}, {stays, goes}} {
					_, err := o.provider.next().plansTogether(order...)
					refuses(t, err, "Destroying Takes Along What Is Kept", hint)
					refuses(t, err, inner.id())
				}
			}
		})
	}
}

// What runs does not move to a project that is not known yet and probably will not be created.
func TestNothingLost_movesToAProjectThatFails(t *testing.T) {
	for kind, title := range map[string]string{environmentKind: "Environment Would Be Lost", keyKind: "API Key Would Be Lost"} {
		t.Run(kind, func(t *testing.T) {
			o := newOutcome(t)
			l, config := newLife(o.provider, kind), ofKind(kind, o.server)
			l.apply(config, "create")
			o.server.CreateProject("Taken")
			moves := config.with(arguments{"project_id": unknownText})
			for name, refused := range map[string]bool{"Taken": true, "Free": false} {
				_, err := o.provider.next().plansTogether(address{projectKind, o.provider.none(projectKind), arguments{"name": name}}, address{kind, l.state, moves})
				if refused {
					refuses(t, err, title, `project "Taken"`, "Nothing was changed", "-refresh=false")
				} else if err != nil {
					t.Error(err)
				}
			}
			twin := address{projectKind, o.provider.none(projectKind), arguments{"name": "Twin"}} // two new projects with one name
			_, err := o.provider.next().plansTogether(twin, twin, address{kind, l.state, moves})
			refuses(t, err, title, `project "Twin"`)
		})
	}
}

// What runs is not replaced in a project that gets a name that is taken: Terraform would create nothing there.
func TestNothingLost_replacedInAProjectThatGetsATakenName(t *testing.T) {
	for kind, title := range map[string]string{environmentKind: "Environment Would Be Lost", keyKind: "API Key Would Be Lost"} {
		t.Run(kind, func(t *testing.T) {
			o := newOutcome(t)
			l, project := newLife(o.provider, kind), newLife(o.provider, projectKind)
			project.apply(arguments{"name": "Bills"}, "create")
			config := ofKind(kind, o.server).with(arguments{"project_id": project.id()})
			l.apply(config, "create")
			o.server.CreateProject("Taken")
			forced, tainted := l.state, l.state
			forced.forced, tainted.tainted = true, true
			changed := config.with(map[string]arguments{environmentKind: {"name": "Other"}, keyKind: {"environment": "stg"}}[kind])
			for name, replaced := range map[string]address{"-replace": {kind, forced, config}, "tainted": {kind, tainted, config}, "changed": {kind, l.state, changed}} {
				for to, refused := range map[string]bool{"Taken": true, "Free": false} {
					// Another instance of a block is as good as the project itself: what refers to one refers to all.
					for _, first := range []instance{project.state, o.provider.none(projectKind)} {
						_, err := o.provider.next().plansTogether(address{projectKind, first, arguments{"name": to}}, replaced)
						if refused {
							refuses(t, err, title, `project "Taken"`, "Nothing was changed", "-refresh=false")
						} else if err != nil {
							t.Errorf("%s: %s", name, err)
						}
					}
				}
			}
		})
	}
}

// Where only the apply can know, it names the keys that go with a project or an environment: also a key that was
// generated after the plan.
func TestNothingLost_keysThatGoWithAPlaceAreNamed(t *testing.T) {
	for _, kind := range []string{projectKind, environmentKind} {
		for _, how := range []string{"forced", "tainted", "destroyed"} {
			t.Run(kind+", "+how, func(t *testing.T) {
				o := newOutcome(t)
				l, config := newLife(o.provider, kind), ofKind(kind, o.server)
				l.apply(config, "create")
				projectID, slug := l.id(), "prd"
				if kind == environmentKind {
					projectID, slug = o.projectID, "eu-production"
				}
				l.state.forced, l.state.tainted = how == "forced", how == "tainted"
				if how == "destroyed" {
					config = nil
				}
				saved := l.saves(config)
				_, key := o.server.GenerateKey(projectID, slug)
				applying := o.provider.next()
				if err := saved.apply(applying); err != nil {
					t.Fatal(err)
				}
				warns(t, applying.applied, "Destroying Is Irreversible", "This apply destroys the", "1 API key is revoked", fmt.Sprintf("environment %q: %s", slug, traceloop.MaskKey(key)))
				o.rejects(key)
			})
		}
	}
}

// An organization-level environment takes its slug in all projects. Of two new ones, one is refused by the
// apply: no plan lets that one be the successor of an environment that exists.
func TestNothingLost_newEnvironmentsWithOneSlug(t *testing.T) {
	server := emulatortest.Start(t)
	orders, bills := server.CreateProject("Orders").ID, server.CreateProject("Bills").ID
	l := newLife(newDriver(t, server, time.Now), environmentKind)
	environment := func(projectID any, name string) arguments {
		return arguments{"project_id": projectID, "name": name, "deletion_protection": false}
	}
	none := l.provider.none(environmentKind)
	at := func(state instance, config arguments) address { return address{environmentKind, state, config} }
	l.apply(environment(orders, "Europe"), "create")

	const title = "Two Resources for One Environment"
	for name, test := range map[string]struct {
		prior         instance
		first, second arguments
		refused       bool
		warned        bool
	}{
		"both are new, for all and for a project":         {none, environment(orders, "US"), environment(nil, "us"), false, true},
		"one replaces another, for all and for a project": {l.state, environment(orders, "US"), environment(nil, "us"), true, false},
		"one comes to be for all":                         {l.state, environment(nil, "US"), environment(bills, "us"), true, false},
		"one replaces another, in one project":            {l.state, environment(orders, "US"), environment(orders, "us"), true, false},
		"in two projects":                                 {l.state, environment(orders, "US"), environment(bills, "us"), false, false},
	} {
		for _, order := range [][]address{{at(test.prior, test.first), at(none, test.second)}, {at(none, test.second), at(test.prior, test.first)}} {
			switch said, err := l.provider.next().plansTogether(order...); {
			case test.refused:
				refuses(t, err, title, "Nothing was changed", "-refresh=false")
			case err != nil || slices.Contains(said, title) != test.warned:
				t.Errorf("%s: %v, and the plan warns %q", name, err, said)
			}
		}
	}
}

// What another process creates, as that of another provider block, is found although the lists were read before.
func TestNothingLost_environmentOfAnotherProcess(t *testing.T) {
	o := newOutcome(t)
	first, second := o.provider.next(), o.provider.next()
	if p, err := first.plan(t.Context(), keyKind, o.state, o.config(arguments{"environment": "us"})); err != nil || len(warnings(p.diags)) != 1 {
		t.Fatalf("the plan warns %q: %v", warnings(p.diags), err)
	}
	if _, err := second.create(t.Context(), environmentKind, arguments{"project_id": o.projectID, "name": "EU"}); err != nil {
		t.Fatal(err)
	}
	if p, err := first.plan(t.Context(), keyKind, o.state, o.config(arguments{"environment": "eu"})); err != nil || len(p.diags) != 0 {
		t.Errorf("the plan warns %q: %v", warnings(p.diags), err)
	}
}

func TestNothingLost_keyMovesToAnEnvironmentThatComesLater(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)
	here := o.state

	d := o.provider.next() // with a literal slug, Terraform knows of no order
	if _, err := d.plan(t.Context(), environmentKind, d.none(environmentKind), arguments{"name": "Europe", "project_id": o.projectID}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.refresh(t.Context(), keyKind, here); err != nil {
		t.Fatal(err)
	}
	p, err := d.plan(t.Context(), keyKind, here, o.config(arguments{"environment": "europe"}))
	if err != nil {
		t.Fatal(err)
	}
	move := saved{p, o.life}
	refuses(t, move.apply(d.next()), "Unknown Environment", "refer to it", "Nothing was changed")
	o.has(arguments{"id": o.provider.text(here, "id")})
	o.accepts(o.text("key"))

	o.server.CreateEnvironment(o.projectID, "Europe")
	if err := move.apply(d.next()); err != nil {
		t.Error(err)
	}
}

// warns checks for a warning with this summary that has the phrases in this order.
func warns(tb testing.TB, diags []*tfprotov6.Diagnostic, summary string, phrases ...string) {
	tb.Helper()
	if text := detail(diags, summary); !says(slices.Clone(phrases)...).MatchString(text) {
		tb.Errorf("the warning %q does not say %q: %q; there are %q", summary, phrases, text, warnings(diags))
	}
}

func detail(diags []*tfprotov6.Diagnostic, summary string) string {
	for _, diag := range diags {
		if diag.Summary == summary {
			return diag.Detail
		}
	}
	return ""
}

// failingCreations are answers to a creation that make nothing.
var failingCreations = map[string]emulatortest.Fault{
	"400":  {Kind: "status", Status: 400},
	"403":  {Kind: "status", Status: 403},
	"429":  {Kind: "status", Status: 429, RetryAfter: new(3600)},
	"500":  {Kind: "status", Status: 500},
	"lost": {Kind: "drop_before"},
}

// The second half of a replacement fails, or of a creation that revokes a stranger's key. One message says what is gone.
func TestNothingLost_generationFailsAfterARevocation(t *testing.T) {
	for name, test := range map[string]struct {
		kind            string
		config          arguments
		change          arguments
		forced, tainted bool
		stranger        bool // has the key
	}{
		"key takes a place over":  {kind: keyKind, stranger: true, config: arguments{"replace_existing": true}},
		"key is rotated":          {kind: keyKind, config: arguments{"rotation_triggers": at("1")}, change: arguments{"rotation_triggers": at("2")}},
		"key is tainted":          {kind: keyKind, tainted: true},
		"key moves":               {kind: keyKind, change: arguments{"environment": "stg"}},
		"project is replaced":     {kind: projectKind, forced: true},
		"project is tainted":      {kind: projectKind, tainted: true},
		"environment is replaced": {kind: environmentKind, forced: true},
		"environment is tainted":  {kind: environmentKind, tainted: true},
		"environment is renamed":  {kind: environmentKind, change: arguments{"name": "US"}},
	} {
		for answer, fault := range failingCreations {
			t.Run(name+", "+answer, func(t *testing.T) {
				o := newOutcome(t)
				l, config := newLife(o.provider, test.kind), ofKind(test.kind, o.server).with(test.config)
				action := "replace"
				if test.stranger {
					action, fault.After = "create", 1 // the first POST is a conflict
					o.server.GenerateKey(o.projectID, "prd")
				} else {
					l.apply(config, "create")
				}
				says := []string{"This apply has already deleted the", l.id(), "its keys are revoked"}
				if test.kind == keyKind {
					says = []string{"already revoked the API key " + o.server.Keys()[0].MaskedKey, o.projectID, `environment "prd"`}
				}
				l.state.forced, l.state.tainted = test.forced, test.tainted
				p := l.saves(config.with(test.change))
				if p.action != action {
					t.Fatalf("the plan is %q", p.action)
				}
				fault.Method, fault.Times = "POST", 100
				o.server.SetFaults(fault)
				applying := o.impatient()
				err := p.apply(applying)
				o.server.SetFaults()
				refuses(t, err, append(says, "cannot send traces until an apply succeeds")...)
				if n := len(applying.applied) - len(warnings(applying.applied)); n != 1 {
					t.Errorf("there are %d errors, want one: %v", n, err)
				}
				somethingChanged(t, err)
				l.apply(config.with(test.change), "create")
			})
		}
	}
}

// What somebody else destroyed before is not said to be destroyed by this apply.
func TestNothingLost_goneBeforeItsReplacement(t *testing.T) {
	for kind, goes := range map[string]func(server *emulatortest.Server, id string){
		keyKind: (*emulatortest.Server).RevokeKey, projectKind: (*emulatortest.Server).DeleteProject, environmentKind: (*emulatortest.Server).DeleteEnvironment,
	} {
		t.Run(kind, func(t *testing.T) {
			o := newOutcome(t)
			l, config := newLife(o.provider, kind), ofKind(kind, o.server)
			l.apply(config, "create")
			id := l.id()
			l.state.forced = true
			p := l.saves(config)
			goes(o.server, id)
			o.server.SetFaults(emulatortest.Fault{Method: "POST", Kind: "status", Status: 403, Times: 100})
			err := p.apply(o.impatient())
			refuses(t, err, id, "was gone already when this apply came to replace it", "cannot send traces", "403")
			hides(t, fmt.Sprint(err), "has already")
		})
	}
}

// A key that somebody else generates in a place is not taken for that of a lost answer: where the one of
// the state was gone already, and where a key moves.
func TestNothingLost_lostAnswerWhereAKeyAppeared(t *testing.T) {
	for place, forced := range map[string]bool{"prd": true, "stg": false} {
		t.Run(place, func(t *testing.T) {
			o := newOutcome(t)
			o.apply(o.config(nil), "create")
			o.state.forced = forced
			p, d := o.saves(o.config(arguments{"environment": place, "replace_existing": true})), o.provider.next()
			if forced {
				o.server.RevokeKey(o.id())
			}
			after, err := d.carryOutDelete(t.Context(), keyKind, o.state, p.planResult)
			if err != nil {
				t.Fatal(err)
			}
			appeared, secret := o.server.GenerateKey(o.projectID, place)
			o.server.SetFaults(emulatortest.Fault{Method: "POST", Kind: "garbage", Times: 1})
			_, err = d.carryOutRest(t.Context(), keyKind, after, p.planResult)
			refuses(t, err, appeared, "did not revoke it")
			o.accepts(secret)
		})
	}
}

func somethingChanged(t *testing.T, err error) {
	t.Helper()
	hides(t, strings.ToLower(fmt.Sprint(err)), "nothing was changed")
}

// A value that the plan does not know turns out bad.
func TestNothingLost_unknownValueTurnsOutBad(t *testing.T) {
	null := tftypes.NewValue(tftypes.String, nil)
	for name, test := range map[string]struct {
		argument string
		value    any // at apply
		phrase   string
	}{
		"environment null":     {"environment", null, "Must set a configuration value for the environment"},
		"environment no slug":  {"environment", "EU Production", "is not an environment slug"},
		"environment missing":  {"environment", "nowhere", "Unknown Environment"},
		"environment occupied": {"environment", "stg", "Environment Already Has an API Key"},
		"project null":         {"project_id", null, "Must set a configuration value for the project_id"},
		"project missing":      {"project_id", "cnosuchproject", "Unknown Project"},
		"existing key is none": {"existing_key_wo", "tl_****************cdef", "it is a masked key"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutcome(t)
			o.creates(nil)
			gone := o.text("masked_key")
			o.server.GenerateKey(o.projectID, "stg")
			change := arguments{test.argument: unknownText}
			if test.argument == "existing_key_wo" { // which does not move the key
				change["environment"] = "dev"
			}
			p := o.saves(o.config(change))
			if test.argument != "existing_key_wo" {
				warns(t, p.diags, "API Key Will Be Replaced", gone, "depends_on")
			}
			p.config = o.provider.object(p.config.Type(), o.config(change.with(arguments{test.argument: test.value})))
			err := p.apply(o.provider.next())
			refuses(t, err, "already revoked the API key "+gone, "cannot send traces until an apply succeeds")
			refuses(t, err, test.phrase)
			somethingChanged(t, err)
			if n := strings.Count(fmt.Sprint(err), "already revoked"); n != 1 {
				t.Errorf("it says %d times what was revoked: %v", n, err)
			}
		})
	}
}

// So does the name of an environment, which forces a replacement too.
func TestNothingLost_environmentNameTurnsOutBad(t *testing.T) {
	o := newOutcome(t)
	named := func(name any) arguments { return arguments{"name": name, "deletion_protection": false} }
	l := newLife(o.provider, environmentKind)
	l.apply(named("EU"), "create")
	id, p := l.id(), l.saves(named(unknownText))
	p.config = l.provider.object(p.config.Type(), named(""))
	refuses(t, p.apply(l.provider.next()), "This apply has already deleted the environment", id, "cannot send traces until an apply succeeds", "between 1 and 255", "Correct the configuration and apply again")
}

// Values that may stop the next generation are refused while they are not known.
func TestNothingLost_rotationWithAnUnknownValue(t *testing.T) {
	o := newOutcome(t)
	unknownSet := tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, tftypes.UnknownValue)
	unknownDays := tftypes.NewValue(tftypes.Number, tftypes.UnknownValue)
	some := tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, []tftypes.Value{unknownText})
	o.creates(arguments{"rotation_triggers": at("1")})
	for _, change := range []arguments{
		{"rotation_triggers": at("2"), "rotate_after_days": unknownDays},
		{"rotation_triggers": at("1"), "age_recipients": unknownSet},
		{"rotation_triggers": at("1"), "age_recipients": some},
		{"rotation_triggers": at("1"), "environment": "stg", "rotate_after_days": unknownDays},
		{"rotation_triggers": at("1"), "environment": unknownText, "rotate_after_days": unknownDays},
	} {
		o.refuses(change, "Rotation Depends on an Unknown Value", "Nothing was changed", "-refresh=false")
	}
	// Also where Terraform forces the replacement, and not where nothing is rotated.
	recorded := arguments{"rotation_triggers": at("1"), "rotate_after_days": unknownDays}
	o.state.forced = true
	o.refuses(recorded, "Rotation Depends on an Unknown Value")
	o.state.forced, o.state.tainted = false, true
	o.refuses(recorded, "Rotation Depends on an Unknown Value")
	o.state.tainted = false
	if p := o.saves(o.config(recorded)); p.action != "update" {
		t.Errorf("the plan is %q", p.action)
	}
	o.accepts(o.text("key"))
}

// A key that only goes is not said to be replaced by another one of the same apply.
func TestNothingLost_aKeyGoesAndAnotherComes(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)
	goes := o.saves(nil)
	another := newLife(o.provider, keyKind)
	comes := another.saves(o.config(arguments{"environment": unknownText}))
	comes.config = o.provider.object(comes.config.Type(), o.config(arguments{"environment": "EU Production"}))
	applying := o.provider.next()
	if err := goes.apply(applying); err != nil {
		t.Fatal(err)
	}
	err := comes.apply(applying)
	refuses(t, err, "is not an environment slug")
	hides(t, fmt.Sprint(err), "already revoked")
}

// A replacement revokes no key but its own and the one that its plan named.
func TestNothingLost_replacementFindsAStrangersKey(t *testing.T) {
	o := newOutcome(t)
	o.creates(arguments{"rotation_triggers": at("1"), "replace_existing": true})
	p := o.saves(o.config(arguments{"rotation_triggers": at("2"), "replace_existing": true}))
	o.server.RevokeKey(o.text("id"))
	id, key := o.server.GenerateKey(o.projectID, "prd")
	refuses(t, p.apply(o.provider.next()), "API Key Appeared After the Plan", id, "did not revoke it")
	o.accepts(key)
}

func TestNothingLost_replaceExistingIsUnknown(t *testing.T) {
	o := newOutcome(t)
	unknownBool := tftypes.NewValue(tftypes.Bool, tftypes.UnknownValue)
	id, key := o.server.GenerateKey(o.projectID, "prd")
	p := o.saves(o.config(arguments{"replace_existing": unknownBool}))
	if got := warnings(p.diags); len(got) != 1 {
		t.Errorf("the plan warns %q", got)
	}
	warns(t, p.diags, "Environment Already Has an API Key", id, "not known before apply", "With true, apply revokes that key", "With false, apply refuses")

	// A running key does not move there while that is open.
	o.creates(arguments{"environment": "stg"})
	o.refuses(arguments{"environment": "prd", "replace_existing": unknownBool}, id, "not known before apply", "Nothing was changed", "-refresh=false")
	o.accepts(key)
}

// The message about an import is about what this plan leaves open. It is anchored to an attribute, so that the
// CLI shows it once.
func TestNothingLost_importedKeyCannotBeRetrieved(t *testing.T) {
	o := newOutcome(t)
	_, key := o.server.GenerateKey(o.projectID, "prd")
	for name, test := range map[string]struct {
		proof any
		warns bool
	}{
		"without the key": {nil, true},
		"with the key":    {key, false},
		"not known yet":   {unknownText, false},
	} {
		o.imports()
		warned := slices.ContainsFunc(o.saves(o.config(arguments{"existing_key_wo": test.proof})).diags, func(diag *tfprotov6.Diagnostic) bool {
			return diag.Summary == "Imported Key Cannot Be Retrieved" && diag.Attribute != nil
		})
		if warned != test.warns {
			t.Errorf("%s: the plan warns: %t", name, warned)
		}
	}
}

// The service may show more or less of a key.
func TestNothingLost_masksOfAnotherForm(t *testing.T) {
	for name, test := range map[string]struct {
		mask  func(key string) string
		warns bool
	}{
		"13 stars and 5 characters": {func(key string) string { return "*************" + key[len(key)-5:] }, false},
		"head and tail":             {func(key string) string { return key[:6] + "…" + key[len(key)-4:] }, false},
		"nothing":                   {func(string) string { return "*************" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutcome(t)
			_, key := o.server.GenerateKey(o.projectID, "prd")
			o.asks(rewriting(t, o.server, traceloop.MaskKey(key), test.mask(key)))
			o.imports()
			if !test.warns {
				o.refuses(arguments{"existing_key_wo": "tl_0123456789012345678901234567890123456789"}, "Existing Key Does Not Match")
			}
			p := o.apply(o.config(arguments{"existing_key_wo": key}), "update")
			if got := slices.Contains(warnings(p.diags), "Existing Key Cannot Be Checked"); got != test.warns {
				t.Errorf("the plan warns %q", warnings(p.diags))
			}
			o.has(arguments{"key": key})
		})
	}
}

// With the secret alone, a key is saved. What is missing comes from the request or the list, or is computed.
// If no list shows the id yet, the next read finds it, and a destroy revokes the key.
func TestNothingLost_answerWithTheSecretAlone(t *testing.T) {
	t.Parallel()
	const secret = "tl_0123456789abcdef"
	config := arguments{"project_id": "p1", "environment": "prd", "rotate_after_days": int64(30)}
	for name, test := range map[string]struct {
		answer string
		lists  []string // one for the creation and each read: empty, or with a key of now or of an hour ago
		ids    []any
	}{
		"the answer has the id":    {`{"id":"k1","api_key":"` + secret + `"}`, []string{""}, []any{"k1"}},
		"the rest is of no use":    {`{"id":"k1","api_key":"` + secret + `","masked_key":7,"created_at":"yesterday","project_id":null,"environment":["prd"],"revoked_at":"2026-11-25T00:00:00Z"}`, []string{""}, []any{"k1"}},
		"the list has it":          {`{"api_key":"` + secret + `"}`, []string{"now"}, []any{"k1"}},
		"the list has it later":    {`{"api_key":"` + secret + `"}`, []string{"", "", "before", "now"}, []any{nil, nil, nil, "k1"}},
		"it is found by a destroy": {`{"api_key":"` + secret + `"}`, []string{"", "now"}, []any{nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := func(id string, created time.Time) string {
				return fmt.Sprintf(`{"id":%q,"project_id":"p1","environment":"prd","masked_key":"tl_************cdef","created_at":%q}`, id, created.UTC().Format(time.RFC3339))
			}
			made := key("k1", time.Now())
			lists := map[string]string{"": "200 []", "now": "200 [" + made + "]", "before": "200 [" + key("k0", time.Now().Add(-time.Hour)) + "]"}
			service := newAnswering(t, map[string]string{
				"POST /v2/api-keys": "201 " + test.answer, "GET /v2/projects": "200 []", "GET /v2/environments": "200 []", "GET /v2/api-keys": "200 []", "DELETE /v2/api-keys/k1": "204 ",
				"GET /v2/projects/p1": "200 " + goodProject, "GET /v2/api-keys/k1": "200 " + made,
			})
			l := newLife(answeringDriver(t, service), keyKind)
			p := l.plan(config, false)
			var err error
			for i, id := range test.ids {
				service.set(map[string]string{"GET /v2/api-keys": lists[test.lists[i]]})
				if i == 0 {
					l.state, err = l.provider.carryOut(t.Context(), keyKind, l.state, p)
				} else {
					l.state, err = l.provider.next().refresh(t.Context(), keyKind, l.state)
				}
				if err != nil {
					t.Fatal(err)
				}
				l.has(arguments{"id": id, "key": secret, "project_id": "p1", "environment": "prd", "masked_key": "tl_************cdef"})
				if d := l.provider; d.text(l.state, "created_at") == "" || d.text(l.state, "rotate_at") == "" {
					t.Errorf("the state is %s", l.state.value)
				}
			}
			service.set(map[string]string{"GET /v2/api-keys": lists[test.lists[len(test.lists)-1]]})
			if _, _, err := l.provider.next().apply(t.Context(), keyKind, l.state, nil); err != nil || service.count("DELETE /v2/api-keys/k1") != 1 {
				t.Errorf("the destroy revoked %d keys: %v", service.count("DELETE"), err)
			}
		})
	}
}

// Two applies that both find the place free and meet at the service.
func TestNothingLost_raceForOnePlace(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.Projects()[0].ID
	var both sync.WaitGroup
	both.Add(2)
	var coming atomic.Int32
	address := inFront(t, server, func(r *http.Request, carryOut func() (*http.Response, error)) (*http.Response, error) {
		if r.Method == http.MethodPost && coming.Add(1) <= 2 {
			both.Done()
			both.Wait()
		}
		return carryOut()
	})
	type result struct {
		state instance
		err   error
	}
	results := make(chan result, 2)
	d := newDriverWith(t, time.Now, arguments{"base_url": address, "api_key": server.ManagementKey})
	for range 2 {
		applying := d.next()
		go func() {
			state, err := applying.create(t.Context(), keyKind, arguments{"project_id": project, "environment": "prd"})
			results <- result{state, err}
		}()
	}
	winner, loser := <-results, <-results
	if winner.err != nil {
		winner, loser = loser, winner
	}
	keys := server.Keys()
	if winner.err != nil || len(keys) != 1 || !loser.state.value.IsNull() {
		t.Fatalf("want one winner and one loser, got %v, %v and the keys %v", winner.err, loser.err, keys)
	}
	refuses(t, loser.err, "Environment Already Has an API Key", keys[0].ID, "replace_existing = true", fmt.Sprintf(`id = "%s/prd"`, project))
	answers(t, server, d.text(winner.state, "key"), 200)
}
