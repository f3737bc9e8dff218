package provider_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// These tests are the table of what a plan and an apply do to a key, one row each.

// clock is the provider's time, set by a test.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) advanceTo(days float64) { c.ahead.Store(int64(days * 24 * float64(time.Hour))) }

func (c *clock) factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"traceloop": provider.NewServer(c.now),
	}
}

// outcome is a test of one key, in the default project, that begins with an apply of
// "before".
type outcome struct {
	server    *emulatortest.Server
	clock     clock
	projectID string
	seen      keeper
}

func newOutcome(t *testing.T) *outcome {
	t.Helper()
	t.Parallel()
	o := &outcome{server: emulatortest.Start(t)}
	o.projectID = o.server.Projects()[0].ID
	return o
}

// hcl is the key's configuration in the environment prd, with more arguments.
func (o *outcome) hcl(arguments string) string {
	return o.in("prd", arguments)
}

func (o *outcome) in(environment, arguments string) string {
	return configured(o.server, fmt.Sprintf("resource \"traceloop_api_key\" \"orders\" {\n  project_id  = %q\n  environment = %q\n  %s\n}\n", o.projectID, environment, arguments))
}

func (o *outcome) run(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: o.clock.factories(), Steps: steps})
}

// rotated is a step that revokes the key and generates another, and says which
// attribute forces it.
func (o *outcome) rotated(hcl, because string) resource.TestStep {
	return resource.TestStep{
		PreConfig: o.server.ResetRequests,
		Config:    hcl,
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction(keyAddress, plancheck.ResourceActionDestroyBeforeCreate),
			replacedFor(because),
		}},
		Check: resource.ComposeAggregateTestCheckFunc(o.seen.changed, o.sent(1, 1)),
	}
}

// kept is a step that changes the state and no key.
func (o *outcome) kept(hcl string, checks ...statecheck.StateCheck) resource.TestStep {
	return resource.TestStep{
		PreConfig:         o.server.ResetRequests,
		Config:            hcl,
		ConfigPlanChecks:  planned(keyAddress, plancheck.ResourceActionUpdate),
		ConfigStateChecks: checks,
		Check:             o.sent(0, 0),
	}
}

func (o *outcome) first(hcl string) resource.TestStep {
	return resource.TestStep{Config: hcl, Check: o.seen.changed}
}

// sent checks how many keys were generated and revoked since the last step.
func (o *outcome) sent(generated, revoked int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		g, r := calls(o.server, "POST", "/v2/api-keys"), calls(o.server, "DELETE", "/v2/api-keys")
		if g != generated || r != revoked {
			return fmt.Errorf("%d keys were generated and %d revoked, want %d and %d", g, r, generated, revoked)
		}
		return nil
	}
}

func TestAccAPIKeyOutcome_unchanged(t *testing.T) {
	o := newOutcome(t)
	hcl := o.hcl("rotate_after_days = 30\n  rotation_triggers = { at = 1 }")
	o.run(t, o.first(hcl), emptyPlan(hcl))
}

func TestAccAPIKeyOutcome_triggerChanged(t *testing.T) {
	o := newOutcome(t)
	o.run(t,
		o.first(o.hcl("rotation_triggers = { at = 1 }")),
		o.rotated(o.hcl("rotation_triggers = { at = 2 }"), "rotation_triggers"),
		o.rotated(o.hcl("rotation_triggers = {}"), "rotation_triggers"),
	)
}

func TestAccAPIKeyOutcome_triggersRecorded(t *testing.T) {
	o := newOutcome(t)
	o.run(t,
		o.first(o.hcl("")),
		o.kept(o.hcl("rotation_triggers = { at = 1 }")),
		o.kept(o.hcl("")),
	)
}

func TestAccAPIKeyOutcome_agePassed(t *testing.T) {
	o := newOutcome(t)
	hcl := o.hcl("rotate_after_days = 30")
	due := o.rotated(hcl, "rotate_at")
	due.PreConfig = func() { o.clock.advanceTo(30.01); o.server.ResetRequests() }
	o.run(t,
		o.first(hcl),
		resource.TestStep{ // not a moment before
			PreConfig: func() { o.clock.advanceTo(29.99) }, Config: hcl,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
		// The server's clock stands still here, so that the new key is due at once as well.
		withNonEmptyPlan(due),
	)
}

func TestAccAPIKeyOutcome_ageChanged(t *testing.T) {
	o := newOutcome(t)
	passed := o.rotated(o.hcl("rotate_after_days = 10"), "rotate_at")
	passed.PreConfig = func() { o.clock.advanceTo(20); o.server.ResetRequests() }
	var created string
	o.run(t,
		resource.TestStep{
			Config: o.hcl(""),
			Check: resource.ComposeAggregateTestCheckFunc(o.seen.changed,
				resource.TestCheckResourceAttrWith(keyAddress, "created_at", func(v string) error { created = v; return nil })),
			ConfigStateChecks: []statecheck.StateCheck{isNull(keyAddress, "rotate_at")},
		},
		o.kept(o.hcl("rotate_after_days = 30"), statecheck.ExpectKnownValue(keyAddress, tfjsonpath.New("rotate_at"), later{&created, 30})),
		o.kept(o.hcl("rotate_after_days = 3650"), statecheck.ExpectKnownValue(keyAddress, tfjsonpath.New("rotate_at"), later{&created, 3650})),
		o.kept(o.hcl(""), isNull(keyAddress, "rotate_at")),
		o.kept(o.hcl("rotate_after_days = 60")),
		withNonEmptyPlan(passed),
	)
}

func TestAccAPIKeyOutcome_recipientsChanged(t *testing.T) {
	o := newOutcome(t)
	first, second := recipient(t), recipient(t)
	o.run(t,
		o.first(o.hcl("age_recipients = [\""+first+"\"]")),
		o.rotated(o.hcl("age_recipients = [\""+first+"\", \""+second+"\"]"), "age_recipients"),
		emptyPlan(o.hcl("age_recipients = [\""+second+"\", \""+first+"\"]")), // a set has no order
		o.rotated(o.hcl(""), "age_recipients"),
		o.rotated(o.hcl("age_recipients = [\""+first+"\"]"), "age_recipients"),
	)
}

func TestAccAPIKeyOutcome_projectChanged(t *testing.T) {
	o := newOutcome(t)
	before := o.hcl("")
	o.projectID = o.server.CreateProject("Orders").ID
	o.run(t, o.first(before), o.rotated(o.hcl(""), "project_id"))
}

func TestAccAPIKeyOutcome_environmentChanged(t *testing.T) {
	o := newOutcome(t)
	o.run(t, o.first(o.hcl("")), o.rotated(o.in("stg", ""), "environment"))
}

func TestAccAPIKeyOutcome_revokedOutside(t *testing.T) {
	o := newOutcome(t)
	o.run(t, o.first(o.hcl("")), resource.TestStep{
		PreConfig:        func() { o.server.RevokeKey(o.seen.id); o.server.ResetRequests() },
		Config:           o.hcl(""),
		ConfigPlanChecks: planned(keyAddress, plancheck.ResourceActionCreate),
		Check:            resource.ComposeAggregateTestCheckFunc(o.seen.changed, o.sent(1, 0)),
	})
}

func TestAccAPIKeyOutcome_rotatedOutside(t *testing.T) {
	o := newOutcome(t)
	var other string
	o.run(t, o.first(o.hcl("")),
		resource.TestStep{ // another key is there now: it is somebody's, and stays
			PreConfig: func() {
				o.server.RevokeKey(o.seen.id)
				_, other = o.server.GenerateKey(o.projectID, "prd")
				o.server.ResetRequests()
			},
			Config:      o.hcl(""),
			ExpectError: says("Environment Already Has an API Key", "import {", "replace_existing = true"),
		},
	)
	noWritesThatCount(t, o.server)
	if status := o.server.SendSpans(other, 1); status != 200 {
		t.Errorf("the key generated by hand is answered %d, want 200", status)
	}
}

func TestAccAPIKeyOutcome_imported(t *testing.T) {
	o := newOutcome(t)
	id, _ := o.server.GenerateKey(o.projectID, "prd")
	recipients := "age_recipients = [\"" + recipient(t) + "\"]"
	o.run(t,
		resource.TestStep{
			Config:            o.importing() + o.hcl(""),
			ConfigPlanChecks:  planned(keyAddress, plancheck.ResourceActionNoop),
			ConfigStateChecks: []statecheck.StateCheck{attribute(keyAddress, "id", id), isNull(keyAddress, "key"), isNull(keyAddress, "encrypted_key")},
			Check:             o.sent(0, 0),
		},
		emptyPlan(o.hcl("")),
		o.kept(o.hcl("rotation_triggers = { at = 1 }"), isNull(keyAddress, "key")),
		// The state never held the key, so there is nothing to seal and nothing to lose.
		o.kept(o.hcl("rotation_triggers = { at = 1 }\n  "+recipients), attribute(keyAddress, "id", id), isNull(keyAddress, "encrypted_key")),
	)
}

func TestAccAPIKeyOutcome_importedWithProof(t *testing.T) {
	o := newOutcome(t)
	id, key := o.server.GenerateKey(o.projectID, "prd")
	proof := fmt.Sprintf("existing_key_wo = %q", key+"\n")
	o.run(t,
		resource.TestStep{
			Config: o.importing() + o.hcl(proof),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(keyAddress, plancheck.ResourceActionUpdate),
				plancheck.ExpectUnknownValue(keyAddress, tfjsonpath.New("key")), // no plan shows it
			}},
			ConfigStateChecks: []statecheck.StateCheck{
				attribute(keyAddress, "id", id), attribute(keyAddress, "key", key), isNull(keyAddress, "existing_key_wo"),
			},
			Check: o.sent(0, 0),
		},
		emptyPlan(o.hcl(proof)),
		emptyPlan(o.hcl("")),
	)
}

func TestAccAPIKeyOutcome_importedWithProofAndSealed(t *testing.T) {
	o := newOutcome(t)
	_, key := o.server.GenerateKey(o.projectID, "prd")
	identity, other := newIdentity(t), newIdentity(t)
	sealed := func(i *age.X25519Identity, proof string) string {
		return o.hcl(fmt.Sprintf("age_recipients = [%q]\n  existing_key_wo = %s", i.Recipient(), proof))
	}
	o.run(t,
		resource.TestStep{
			Config: o.importing() + sealed(identity, fmt.Sprintf("%q", key)),
			ConfigStateChecks: []statecheck.StateCheck{
				isNull(keyAddress, "key"),
				statecheck.ExpectKnownValue(keyAddress, tfjsonpath.New("encrypted_key"), opens{identity, key}),
			},
			Check: o.sent(0, 0),
		},
		emptyPlan(sealed(identity, "null")),
		// With the key at hand, other recipients need no other key.
		o.kept(sealed(other, fmt.Sprintf("%q", key)), statecheck.ExpectKnownValue(keyAddress, tfjsonpath.New("encrypted_key"), opens{other, key})),
		emptyPlan(sealed(other, "null")),
	)
}

func TestAccAPIKeyOutcome_importedWithWrongProof(t *testing.T) {
	o := newOutcome(t)
	_, key := o.server.GenerateKey(o.projectID, "prd")
	o.run(t, resource.TestStep{
		Config:      o.importing() + o.hcl(`existing_key_wo = "tl_0123456789012345678901234567890123456789"`),
		PlanOnly:    true,
		ExpectError: says("Existing Key Does Not Match", traceloop.MaskKey(key), "Nothing was changed"),
	})
	noWrites(t, o.server)
}

// What Traceloop shows of a key proves nothing.
func TestAccAPIKeyOutcome_importedWithMaskedProof(t *testing.T) {
	o := newOutcome(t)
	_, key := o.server.GenerateKey(o.projectID, "prd")
	o.run(t, resource.TestStep{
		Config:      o.importing() + o.hcl(fmt.Sprintf("existing_key_wo = %q", traceloop.MaskKey(key))),
		PlanOnly:    true,
		ExpectError: says("Invalid Existing Key", "it is a masked key"),
	})
	noWrites(t, o.server)
}

// A plan waits for its approval, and meanwhile the key comes due: what was planned as an
// update stays one, since core takes anything else for a bug.
func TestAccAPIKeyOutcome_dueBetweenPlanAndApply(t *testing.T) {
	o := newOutcome(t)
	config := arguments{"project_id": o.projectID, "environment": "prd", "rotate_after_days": 30}
	created, _, err := newDriver(t, o.server, o.clock.now).apply(t.Context(), keyKind, newDriver(t, o.server, o.clock.now).none(keyKind), config)
	if err != nil {
		t.Fatal(err)
	}

	o.clock.advanceTo(29.9)
	config["rotation_triggers"] = map[string]string{"at": "1"}
	planning := newDriver(t, o.server, o.clock.now)
	refreshed, err := planning.refresh(t.Context(), keyKind, created)
	if err != nil {
		t.Fatal(err)
	}
	if plan, err := planning.plan(t.Context(), keyKind, refreshed, config); err != nil || plan.action != "update" {
		t.Fatalf("before it is due the plan is %q, %v; want an update", plan.action, err)
	}
	o.clock.advanceTo(30.1)
	applying := newDriver(t, o.server, o.clock.now) // which does not refresh
	updated, plan, err := applying.apply(t.Context(), keyKind, refreshed, config)
	if err != nil || plan.action != "update" {
		t.Fatalf("at apply it is %q, %v; want an update", plan.action, err)
	}

	next := newDriver(t, o.server, o.clock.now)
	refreshed, err = next.refresh(t.Context(), keyKind, updated)
	if err != nil {
		t.Fatal(err)
	}
	if plan, err := next.plan(t.Context(), keyKind, refreshed, config); err != nil || plan.action != "replace" {
		t.Errorf("the next plan is %q, %v; want a replacement", plan.action, err)
	}
}

func TestAccAPIKeyOutcome_occupied(t *testing.T) {
	o := newOutcome(t)
	id, key := o.server.GenerateKey(o.projectID, "prd")
	o.run(t,
		resource.TestStep{
			Config:      o.hcl(""),
			ExpectError: says("Environment Already Has an API Key", traceloop.MaskKey(key), id, "replace_existing = true"),
		},
		resource.TestStep{
			PreConfig:        o.server.ResetRequests,
			Config:           o.hcl("replace_existing = true"),
			ConfigPlanChecks: planned(keyAddress, plancheck.ResourceActionCreate),
			Check:            resource.ComposeAggregateTestCheckFunc(o.seen.changed, o.sent(2, 1)),
		},
		o.kept(o.hcl("")), // only read at creation
	)
	if status := o.server.SendSpans(key, 1); status != 401 {
		t.Errorf("the key that was there is answered %d, want 401", status)
	}
}

// importing is an import block for the key.
func (o *outcome) importing() string {
	return fmt.Sprintf("import {\n  to = %s\n  id = \"%s/prd\"\n}\n\n", keyAddress, o.projectID)
}

func withNonEmptyPlan(step resource.TestStep) resource.TestStep {
	step.ExpectNonEmptyPlan = true
	return step
}

func newIdentity(t *testing.T) *age.X25519Identity {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func recipient(t *testing.T) string {
	t.Helper()
	return newIdentity(t).Recipient().String()
}

var (
	_ knownvalue.Check    = later{}
	_ knownvalue.Check    = opens{}
	_ plancheck.PlanCheck = replacedFor("")
)
