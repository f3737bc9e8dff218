package provider_test

import (
	"fmt"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// These tests are the table of what a plan and an apply do to a key, one row each. They speak the
// plugin protocol; what a CLI adds has tests with the CLI.

// What each change of a configuration does to the key: it keeps it, or one attribute rotates it.
func TestAPIKeyOutcome_changes(t *testing.T) {
	triggered := func(at map[string]string) arguments { return arguments{"rotation_triggers": at} }
	days := func(n int) arguments { return arguments{"rotate_after_days": n} }
	const keeps, nothing = "keeps", "plans nothing"
	type step struct {
		config arguments
		does   string  // or the attribute that rotates
		day    float64 // if it is not that of the step before
	}
	for name, test := range map[string]struct {
		created arguments
		steps   []step
	}{
		"unchanged":         {days(30).with(triggered(at("1"))), []step{{days(30).with(triggered(at("1"))), nothing, 0}}},
		"trigger changed":   {triggered(at("1")), []step{{triggered(at("2")), "rotation_triggers", 0}, {triggered(map[string]string{}), "rotation_triggers", 0}}},
		"triggers recorded": {nil, []step{{triggered(at("1")), keeps, 0}, {nil, keeps, 0}}},
		"moved":             {nil, []step{{arguments{"environment": "stg"}, "environment", 0}}},
		"days changed":      {nil, []step{{days(30), keeps, 0}, {days(3650), keeps, 0}, {nil, keeps, 0}, {days(60), keeps, 0}, {days(10), "rotate_at", 20}}},
		"days passed":       {days(30), []step{{days(30), nothing, 29.99}, {days(30), "rotate_at", 30.01}, {days(30), nothing, 60}, {days(30), "rotate_at", 60.02}}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutcome(t)
			o.creates(test.created)
			for _, s := range test.steps {
				if s.day > 0 {
					o.clock.advanceTo(s.day)
				}
				switch s.does {
				case keeps:
					o.keeps(s.config)
				case nothing:
					o.plansNothing(s.config)
				default:
					o.rotates(s.config, s.does)
				}
			}
			o.destroys()
		})
	}
}

func TestAPIKeyOutcome_recipientsChanged(t *testing.T) {
	o := newOutcome(t)
	first, second := recipient(t), recipient(t)
	o.creates(arguments{"age_recipients": []string{first}})
	both := arguments{"age_recipients": []string{first, second}}
	warns(t, o.saves(o.config(both)).diags, "Changing Recipients Rotates the API Key", "The provider cannot seal the current key again")
	o.refuses(both.with(arguments{"existing_key_wo": unknownText}), "Existing Key Is Not Known Yet", "existing_key_wo")
	o.rotates(both, "age_recipients")
	o.plansNothing(arguments{"age_recipients": []string{second, first}}) // a set has no order
	o.rotates(nil, "age_recipients")
	o.rotates(arguments{"age_recipients": []string{first}}, "age_recipients")
	const ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN"
	o.rotates(arguments{"age_recipients": []string{first, ssh}}, "age_recipients")
	o.plansNothing(arguments{"age_recipients": []string{first + "\n", "  " + ssh + " somebody@example.org"}}) // their text alone differs
	o.destroys()
}

func TestAPIKeyOutcome_projectChanged(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)
	o.projectID = o.server.CreateProject("Orders").ID
	o.rotates(nil, "project_id")
	o.destroys()
}

func TestAPIKeyOutcome_rotatedOutside(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)
	o.server.RevokeKey(o.text("id"))
	id, key := o.server.GenerateKey(o.projectID, "prd") // it is somebody's, and stays
	o.failsToCreate(nil, "Environment Already Has an API Key", "Environment Already Has an API Key", traceloop.MaskKey(key), id, "No key was generated", "replace_existing = true", "import {")
	o.accepts(key)
}

func TestAPIKeyOutcome_imported(t *testing.T) {
	o := newOutcome(t)
	id, key := o.server.GenerateKey(o.projectID, "prd")
	o.imports()
	o.plansNothing(nil)
	o.keeps(arguments{"rotation_triggers": at("1")})
	// The state never held the key, so there is nothing to seal and nothing to lose.
	o.keeps(arguments{"rotation_triggers": at("1"), "age_recipients": []string{recipient(t)}})
	if o.text("id") != id || o.text("key") != "" || o.text("encrypted_key") != "" {
		t.Errorf("the state has %s, want the key %s without its value", o.state.value, id)
	}
	o.accepts(key)
	o.rotates(arguments{"rotation_triggers": at("2")}, "rotation_triggers")
	o.rejects(key)
	o.destroys()
}

func TestAPIKeyOutcome_importedWithProof(t *testing.T) {
	o := newOutcome(t)
	id, key := o.server.GenerateKey(o.projectID, "prd")
	proof := arguments{"existing_key_wo": key + "\n"}
	o.imports()
	o.keeps(proof, "key") // no plan shows it
	if o.text("id") != id || o.text("key") != key {
		t.Errorf("the state has %s, want the key %s with its value", o.text("id"), id)
	}
	o.plansNothing(proof)
	o.plansNothing(nil)
	o.destroys()
}

func TestAPIKeyOutcome_importedWithProofAndSealed(t *testing.T) {
	o := newOutcome(t)
	id, key := o.server.GenerateKey(o.projectID, "prd")
	identity, other := newIdentity(t), newIdentity(t)
	sealed := func(i *age.X25519Identity, proof any) arguments {
		return arguments{"age_recipients": []string{i.Recipient().String()}, "existing_key_wo": proof}
	}
	o.imports()
	o.keeps(sealed(identity, key), "encrypted_key")
	o.opens(identity, key)
	o.plansNothing(sealed(identity, nil))
	// With the key at hand, other recipients need no other key.
	o.keeps(sealed(other, key), "encrypted_key")
	o.opens(other, key)
	o.plansNothing(sealed(other, nil))
	if o.text("id") != id {
		t.Errorf("the state has the key %s, want %s", o.text("id"), id)
	}
	o.accepts(key)
	o.destroys()
}

func TestAPIKeyOutcome_importedWithWrongProof(t *testing.T) {
	o := newOutcome(t)
	_, key := o.server.GenerateKey(o.projectID, "prd")
	o.imports()
	o.refuses(arguments{"existing_key_wo": "tl_0123456789012345678901234567890123456789"}, "Existing Key Does Not Match", traceloop.MaskKey(key), "Nothing was changed")
	o.refuses(arguments{"existing_key_wo": traceloop.MaskKey(key)}, "Invalid Existing Key", "it is a masked key") // which proves nothing
}

// A plan waits for its approval, and meanwhile the key comes due: what was planned as an
// update stays one, since core takes anything else for a bug.
func TestAPIKeyOutcome_dueBetweenPlanAndApply(t *testing.T) {
	o := newOutcome(t)
	o.creates(arguments{"rotate_after_days": 30})
	more := arguments{"rotate_after_days": 30, "rotation_triggers": at("1")}

	o.clock.advanceTo(29.9)
	p := o.saves(o.config(more))
	if p.action != "update" {
		t.Fatalf("before it is due the plan is %q, want an update", p.action)
	}
	o.clock.advanceTo(30.1)
	if err := p.apply(o.provider.next()); err != nil {
		t.Fatal(err)
	}
	o.keepsPromises(more)
	o.rotates(more, "rotate_at")
	o.destroys()
}

func TestAPIKeyOutcome_occupied(t *testing.T) {
	o := newOutcome(t)
	id, key := o.server.GenerateKey(o.projectID, "prd")
	o.failsToCreate(nil, "Environment Already Has an API Key",
		"Environment Already Has an API Key", traceloop.MaskKey(key), id, "3 minutes ago", "replace_existing = true", "revoke it in the dashboard", "import {", o.projectID+"/prd")
	o.accepts(key)
	warns(t, o.saves(o.config(arguments{"replace_existing": true})).diags, "Existing API Key Will Be Revoked", traceloop.MaskKey(key), id, "3 minutes ago")
	replaces := arguments{"replace_existing": true}
	o.generates(o.applies(replaces, "create", 2, 1), replaces) // the first answer is a conflict
	o.rejects(key)
	o.keeps(nil) // only read at creation
	o.destroys()
}

// A place that does not exist is a warning, and apply refuses that key alone.
func TestAPIKeyOutcome_missingPlace(t *testing.T) {
	o := newOutcome(t)
	orders := o.server.CreateProject("Orders").ID
	o.server.CreateEnvironment(o.projectID, "EU Production")
	for _, test := range []struct {
		config  arguments
		warning string
		phrases []string
	}{
		{arguments{"project_id": "cnosuchproject"}, "Unknown Project", []string{"Unknown Project", "cnosuchproject", "There are:", orders, `("Orders")`}},
		{arguments{"project_id": "Orders"}, "Unknown Project", []string{"Unknown Project", "Did you mean", orders}},
		{arguments{"environment": "prod"}, "Unknown Environment", []string{"Unknown Environment", `Did you mean "prd"`, "There are: dev, stg, prd, eu-production"}},
	} {
		o.failsToCreate(test.config, test.warning, test.phrases...)
		o.creates(nil)
		o.refuses(test.config, append(test.phrases, "Nothing was changed", "-refresh=false")...) // a running key stays
		o.destroys()
	}
}

// A key that is shown with the masked form of the management key may be that key.
func TestAPIKeyOutcome_providersOwn(t *testing.T) {
	o := newOutcome(t)
	project := o.server.CreateProject("Orders")
	o.projectID = project.ID
	id, key := o.server.GenerateKey(project.ID, "prd")
	o.asks(ownKey(t, o.server, traceloop.MaskKey(key)))
	refusal := []string{"Provider Would Revoke Its Own Key", id, `provider argument "api_key"`, "another management key"}

	o.refuses(arguments{"replace_existing": true}, refusal...)
	o.imports()
	o.apply(o.config(arguments{"rotation_triggers": at("1")}), "update")
	o.refuses(arguments{"rotation_triggers": at("2")}, refusal...)
	o.refuses(arguments{"rotation_triggers": at("1"), "environment": "stg"}, refusal...)
	o.state.forced = true // nobody asks the provider whether it may be
	o.refuses(arguments{"rotation_triggers": at("1")}, refusal...)
	o.state.forced = false
	o.refusesToPlan(nil, refusal...)

	// Its project would take the key along, also if the key itself is only forgotten.
	owner := newLife(o.provider, projectKind)
	owner.state.importing = project.ID
	owner.apply(arguments{"name": "Orders", "deletion_protection": false}, "update")
	d := o.provider.next()
	if _, err := d.refresh(t.Context(), keyKind, o.state); err != nil {
		t.Fatal(err)
	}
	_, err := d.plan(t.Context(), projectKind, owner.state, nil)
	refuses(t, err, refusal...)
	noWrites(t, o.server)
	o.accepts(key)
}

// replace_existing warns of a stranger's key only, not of the one that is replaced.
func TestAPIKeyOutcome_replacedByForce(t *testing.T) {
	o := newOutcome(t)
	o.creates(arguments{"replace_existing": true})
	o.state.forced = true
	if p := o.applies(arguments{"replace_existing": true}, "replace", 1, 1); len(p.diags) != 0 {
		t.Errorf("the plan says %v", p.diags)
	}
	o.state.forced, o.state.tainted = false, true
	o.rotates(nil)
}

func TestAPIKeyOutcome_movesToAnOccupiedPlace(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)
	stranger, key := o.server.GenerateKey(o.projectID, "stg")
	o.refuses(arguments{"environment": "stg"}, "Environment Already Has an API Key", stranger, "Nothing was changed")
	o.accepts(key)
	// The plan names the key, however young it is.
	o.provider = newDriverWith(t, o.clock.now, arguments{"base_url": o.server.URL, "api_key": o.server.ManagementKey})
	p := o.applies(arguments{"environment": "stg", "replace_existing": true}, "replace", 2, 2) // the first answer is a conflict
	warns(t, p.diags, "Existing API Key Will Be Revoked", stranger)
	o.rejects(key)
	o.destroys()
}

// What happens between the plan and its apply, the apply sees before it revokes.
func TestAPIKeyOutcome_placeIsTakenBetweenPlanAndApply(t *testing.T) {
	for _, replaces := range []bool{true, false} {
		t.Run(fmt.Sprintf("replace_existing=%t", replaces), func(t *testing.T) {
			o := newOutcome(t)
			o.creates(nil)
			moves := arguments{"environment": "stg", "replace_existing": replaces}
			p := o.saves(o.config(moves))
			stranger, key := o.server.GenerateKey(o.projectID, "stg")
			refuses(t, p.apply(o.provider.next()), "API Key Appeared After the Plan", stranger, "Nothing was changed")
			o.accepts(key)
			o.server.RevokeKey(stranger)
			o.rotates(moves, "environment")
			o.destroys() // what was refused is not in the way of another wish
		})
	}
}

// A rotation revokes first, and has nothing to list after that.
func TestAPIKeyOutcome_rotationNeedsNoList(t *testing.T) {
	o := newOutcome(t)
	o.creates(arguments{"rotation_triggers": at("1")})
	p := o.saves(o.config(arguments{"rotation_triggers": at("2")}))
	o.server.ResetRequests()
	o.server.SetFaults(emulatortest.Fault{Method: "GET", Path: "/v2/", Kind: "status", Status: 500, Times: 100})
	if err := p.apply(o.provider.next()); err != nil {
		t.Error(err)
	}
	if requests := o.server.Requests(); len(requests) != 2 {
		t.Errorf("a rotation takes %v, want a DELETE and a POST", requests)
	}
}

// A key that runs is not replaced in the plan that imports it.
func TestAPIKeyOutcome_importedWithoutItsProject(t *testing.T) {
	o := newOutcome(t)
	id, _ := o.server.GenerateKey(o.projectID, "prd")
	const refusal = "Imported API Key Would Be Replaced"
	elsewhere := arguments{"project_id": unknownText}
	for _, form := range []string{o.projectID + "/prd", id} {
		o.state.importing = form
		o.refuses(elsewhere, refusal, id, "Import its project too", o.projectID)
	}
	o.refuses(arguments{"environment": "stg"}, refusal, `environment changes from "prd" to "stg"`)
	o.state.forced = true
	o.refuses(nil, refusal)
	o.state.forced = false

	// On the command line the import is over when the plan begins: it warns.
	o.plansNothing(nil)
	warns(t, o.saves(o.config(elsewhere)).diags, "API Key Will Be Replaced", id, "project_id is not known before apply")
}

func TestAPIKeyOutcome_warnsBeforeItIsDue(t *testing.T) {
	o := newOutcome(t)
	after := func(days int) arguments { return arguments{"rotate_after_days": days} }
	o.creates(after(32))
	o.clock.advanceTo(24)
	if p := o.saves(o.config(after(32))); len(p.diags) != 0 {
		t.Errorf("the plan says %v", p.diags)
	}
	o.keeps(after(30))
	p := o.saves(o.config(after(30))) // 6 days remain
	warns(t, p.diags, "API Key Is Soon Due for Rotation", "in 5 days")
	if len(p.diags) != 1 {
		t.Errorf("the plan says %v", p.diags)
	}
	p = o.saves(o.config(after(20)))
	warns(t, p.diags, "API Key Is Already Due for Rotation")
	if p.action != "replace" {
		t.Errorf("the plan is %q", p.action)
	}
}

func TestAPIKeyOutcome_overdueWithoutRefresh(t *testing.T) {
	o := newOutcome(t)
	o.creates(arguments{"rotate_after_days": 60})
	o.clock.advanceTo(40)
	config := o.config(arguments{"rotate_after_days": 30})
	p := o.plan(config, false)
	due := o.clock.now().UTC().AddDate(0, 0, -10).Format(time.DateOnly)
	warns(t, p.diags, "API Key Is Overdue for Rotation", "was due at "+due, "10 days ago", "This plan does not rotate it", "plan again without -refresh=false")
	if p.action != "update" || len(p.diags) != 1 {
		t.Errorf("the plan is %q, and says %v", p.action, p.diags)
	}
	o.rotates(arguments{"rotate_after_days": 30}, "rotate_at") // as the warning says
}
