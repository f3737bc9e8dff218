package provider_test

import (
	"testing"
	"time"

	"filippo.io/age"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// These tests are the table of what a plan and an apply do to a key, one row each. They speak the
// plugin protocol; what a CLI adds has tests with the CLI.

func TestAPIKeyOutcome_unchanged(t *testing.T) {
	o := newOutcome(t)
	config := arguments{"rotate_after_days": 30, "rotation_triggers": at("1")}
	o.creates(config)
	o.plansNothing(config)
	o.destroys()
}

func TestAPIKeyOutcome_triggerChanged(t *testing.T) {
	o := newOutcome(t)
	o.creates(arguments{"rotation_triggers": at("1")})
	o.rotates(arguments{"rotation_triggers": at("2")}, "rotation_triggers")
	o.rotates(arguments{"rotation_triggers": map[string]string{}}, "rotation_triggers")
	o.destroys()
}

func TestAPIKeyOutcome_triggersRecorded(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)
	o.keeps(arguments{"rotation_triggers": at("1")})
	o.keeps(nil)
	o.destroys()
}

func TestAPIKeyOutcome_agePassed(t *testing.T) {
	o := newOutcome(t)
	config := arguments{"rotate_after_days": 30}
	o.creates(config)
	o.clock.advanceTo(29.99) // not a moment before
	o.plansNothing(config)
	o.clock.advanceTo(30.01)
	o.rotates(config, "rotate_at")
	o.clock.advanceTo(60) // the new key has 30 days of its own
	o.plansNothing(config)
	o.clock.advanceTo(60.02)
	o.rotates(config, "rotate_at")
	o.destroys()
}

func TestAPIKeyOutcome_ageChanged(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)
	o.keeps(arguments{"rotate_after_days": 30})
	o.keeps(arguments{"rotate_after_days": 3650})
	o.keeps(nil)
	o.keeps(arguments{"rotate_after_days": 60})
	o.clock.advanceTo(20)
	o.rotates(arguments{"rotate_after_days": 10}, "rotate_at")
	o.destroys()
}

func TestAPIKeyOutcome_recipientsChanged(t *testing.T) {
	o := newOutcome(t)
	first, second := recipient(t), recipient(t)
	o.creates(arguments{"age_recipients": []string{first}})
	o.rotates(arguments{"age_recipients": []string{first, second}}, "age_recipients")
	o.plansNothing(arguments{"age_recipients": []string{second, first}}) // a set has no order
	o.rotates(nil, "age_recipients")
	o.rotates(arguments{"age_recipients": []string{first}}, "age_recipients")
	o.plansNothing(arguments{"age_recipients": []string{first + "\n"}}) // its text alone differs
	o.destroys()
}

func TestAPIKeyOutcome_projectChanged(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)
	o.projectID = o.server.CreateProject("Orders").ID
	o.rotates(nil, "project_id")
	o.destroys()
}

func TestAPIKeyOutcome_environmentChanged(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)
	o.rotates(arguments{"environment": "stg"}, "environment")
	o.destroys()
}

func TestAPIKeyOutcome_revokedOutside(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)
	o.server.RevokeKey(o.text("id"))
	o.clock.ahead.Add(int64(3 * time.Minute)) // a key is not gone before that
	o.creates(nil)
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

func TestAPIKeyOutcome_importedAndChanged(t *testing.T) {
	o := newOutcome(t)
	_, key := o.server.GenerateKey(o.projectID, "prd")
	o.imports()
	o.keeps(arguments{"rotation_triggers": at("1"), "rotate_after_days": 30})
	o.accepts(key)
	o.destroys()
	o.rejects(key)
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
}

// What Traceloop shows of a key proves nothing.
func TestAPIKeyOutcome_importedWithMaskedProof(t *testing.T) {
	o := newOutcome(t)
	_, key := o.server.GenerateKey(o.projectID, "prd")
	o.imports()
	o.refuses(arguments{"existing_key_wo": traceloop.MaskKey(key)}, "Invalid Existing Key", "it is a masked key")
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
	o.takesOver(arguments{"replace_existing": true})
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

func TestAPIKeyOutcome_refused(t *testing.T) {
	o := newOutcome(t)
	for _, test := range []struct {
		is      string
		config  arguments
		phrases []string
	}{
		{"a name as id", arguments{"project_id": "Default project"}, []string{"must be an id"}},
		{"empty id", arguments{"project_id": ""}, []string{"must be an id"}},
		{"empty environment", arguments{"environment": ""}, []string{"between 1 and 255"}},
		{"name, not slug", arguments{"environment": "EU Production"}, []string{`Did you mean "eu-production"?`, "not its name"}},
		{"capitals", arguments{"environment": "PRD"}, []string{`"PRD" is not an environment slug`, `Did you mean "prd"?`}},
	} {
		t.Log(test.is)
		o.refuses(test.config, test.phrases...)
	}
}

// A key that is shown with the masked form of the management key may be that key.
func TestAPIKeyOutcome_providersOwn(t *testing.T) {
	o := newOutcome(t)
	project := o.server.CreateProject("Orders")
	o.projectID = project.ID
	id, key := o.server.GenerateKey(project.ID, "prd")
	o.asks(ownKey(t, o.server, traceloop.MaskKey(key)).URL)
	refusal := []string{"Provider Would Revoke Its Own Key", id, `provider argument "api_key"`, "another management key"}

	o.refuses(arguments{"replace_existing": true}, refusal...)
	o.imports()
	o.apply(o.config(arguments{"rotation_triggers": at("1")}), "update")
	o.refuses(arguments{"rotation_triggers": at("2")}, refusal...)
	o.refuses(arguments{"rotation_triggers": at("1"), "environment": "stg"}, refusal...)
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
