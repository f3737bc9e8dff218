package provider_test

import (
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// clock is the provider's time, set by a test.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// later is the clock of a command: what was there before it is some minutes old.
func (c *clock) later() time.Time { return c.now().Add(3 * time.Minute) }

func later() time.Time { return new(clock).later() }

func (c *clock) advanceTo(days float64) { c.ahead.Store(int64(days * 24 * float64(time.Hour))) }

// outcome is the life of one key, in the default project. Each verb is a plan of a
// configuration and, unless it says otherwise, its apply. It checks what a key and a plan
// always have to be, and that the next plan is empty.
type outcome struct {
	*life

	t         *testing.T
	server    *emulatortest.Server
	clock     clock // of the provider and the server
	projectID string
}

func newOutcome(t *testing.T) *outcome {
	t.Helper()
	t.Parallel()
	o := &outcome{t: t}
	o.server = emulatortest.Start(t, emulatortest.WithNow(o.clock.now))
	o.projectID = o.server.Projects()[0].ID
	o.life = newLife(newDriverWith(t, o.clock.later, arguments{"base_url": o.server.URL, "api_key": o.server.ManagementKey}), keyKind)
	return o
}

// asks has the provider ask another service.
func (o *outcome) asks(url string) {
	o.t.Helper()
	o.provider = newDriverWith(o.t, o.clock.later, arguments{"base_url": url, "api_key": o.server.ManagementKey})
}

// impatient is a provider that does not repeat what failed.
func (o *outcome) impatient() *driver {
	o.t.Helper()
	return newDriverWith(o.t, o.clock.later, arguments{"base_url": o.server.URL, "api_key": o.server.ManagementKey, "max_retries": int64(0)})
}

// config is the key's configuration, in the environment prd unless the arguments name another.
func (o *outcome) config(more arguments) arguments {
	config := arguments{"project_id": o.projectID, "environment": "prd"}
	maps.Copy(config, more)
	return config
}

// applies carries out a plan that has this action, and counts the requests that the apply sends to
// generate and to revoke keys. Plan and apply send no others that write.
func (o *outcome) applies(more arguments, action string, generated, revoked int) planResult {
	o.t.Helper()
	o.server.ResetRequests()
	p := o.apply(o.config(more), action)
	o.wrote(generated, revoked)
	o.keepsPromises(o.config(more))
	return p
}

func (o *outcome) wrote(generated, revoked int) {
	o.t.Helper()
	g, r := calls(o.server, "POST", "/v2/api-keys"), calls(o.server, "DELETE", "/v2/api-keys")
	if g != generated || r != revoked || writes(o.server) != g+r {
		o.t.Errorf("%d keys were generated and %d revoked, want %d and %d: %v", g, r, generated, revoked, o.server.Requests())
	}
}

// keepsPromises checks the state against the server and the configuration.
func (o *outcome) keepsPromises(config arguments) {
	o.t.Helper()
	equalsServer(o.t, o.server, keyKind, o.state)

	due := ""
	if days, ok := config["rotate_after_days"].(int); ok {
		created, err := time.Parse(time.RFC3339, o.text("created_at"))
		if err != nil {
			o.t.Fatal(err)
		}
		due = created.AddDate(0, 0, days).Format(time.RFC3339)
	}
	if at := o.text("rotate_at"); at != due {
		o.t.Errorf("rotate_at is %q, want %q: created at %s", at, due, o.text("created_at"))
	}
	o.has(arguments{"existing_key_wo": nil})
	key, sealed := o.text("key"), o.text("encrypted_key")
	if sealed != "" && config["age_recipients"] == nil || key != "" && config["age_recipients"] != nil {
		o.t.Errorf("with the recipients %v, key is in the state: %t, and encrypted_key: %t", config["age_recipients"], key != "", sealed != "")
	}
	if key != "" {
		o.accepts(key)
		o.has(arguments{"masked_key": traceloop.MaskKey(key)})
	}
}

// generates checks a plan of a new key, and what it has made.
func (o *outcome) generates(p planResult, config arguments) {
	o.t.Helper()
	given := "key"
	if config["age_recipients"] != nil {
		given = "encrypted_key"
	}
	unknown := []string{"id", given, "masked_key", "created_at"}
	if config["rotate_after_days"] != nil {
		unknown = append(unknown, "rotate_at")
	}
	o.checkUnknown(p, unknown)
	if o.text(given) == "" {
		o.t.Errorf("%s is null", given)
	}
	for _, name := range []string{"id", "key", "encrypted_key"} {
		if was := o.provider.text(p.prior, name); was != "" && was == o.text(name) {
			o.t.Errorf("%s is that of the key before", name)
		}
	}
	o.isGone(p.prior)
}

func (o *outcome) checkUnknown(p planResult, want []string) {
	o.t.Helper()
	if got := p.unknown(o.t); got != strings.Join(sorted(want), " ") {
		o.t.Errorf("the plan does not know %q, want %q", got, want)
	}
}

// isGone checks that a key is revoked, if there was one.
func (o *outcome) isGone(before instance) {
	o.t.Helper()
	id := o.provider.text(before, "id")
	if slices.ContainsFunc(o.server.Keys(), func(key emulatortest.APIKey) bool { return key.ID == id }) {
		o.t.Errorf("the key %s is still active", id)
	}
	if key := o.provider.text(before, "key"); key != "" {
		o.rejects(key)
	}
}

// creates plans and generates a key where there is none.
func (o *outcome) creates(more arguments) {
	o.t.Helper()
	o.generates(o.applies(more, "create", 1, 0), more)
}

// rotates revokes the key and generates another. This attribute alone forces it; none where Terraform does.
func (o *outcome) rotates(more arguments, because ...string) {
	o.t.Helper()
	p := o.applies(more, "replace", 1, 1)
	if !slices.Equal(p.forcedBy, because) {
		o.t.Errorf("the replacement is forced by %v, want %s", p.forcedBy, because)
	}
	o.generates(p, more)
}

// keeps changes the state and not the key. The plan knows all but the attributes that it names, and no others of the
// key change.
func (o *outcome) keeps(more arguments, unknown ...string) {
	o.t.Helper()
	p := o.applies(more, "update", 0, 0)
	o.checkUnknown(p, unknown)
	for _, name := range []string{"id", "project_id", "environment", "masked_key", "created_at", "key", "encrypted_key"} {
		if was := o.provider.text(p.prior, name); was != o.text(name) && !slices.Contains(unknown, name) {
			o.t.Errorf("%s changed from %q", name, was)
		}
	}
}

// imports is an import block; the next verb plans it.
func (o *outcome) imports() {
	o.state = o.provider.none(keyKind)
	o.state.importing = o.projectID + "/prd"
}

// plansNothing checks that a plan is empty, with a refresh and without one.
func (o *outcome) plansNothing(more arguments) {
	o.t.Helper()
	before := o.state
	o.applies(more, "", 0, 0)
	if before.importing == "" && !before.value.Equal(o.state.value) {
		o.t.Errorf("a refresh changes the state from %s to %s", before.value, o.state.value)
	}
}

// refuses is a configuration that a plan refuses.
func (o *outcome) refuses(more arguments, phrases ...string) {
	o.t.Helper()
	o.server.ResetRequests()
	o.refusesToPlan(o.config(more), phrases...)
	noWrites(o.t, o.server)
}

// failsToCreate is a plan of a creation that warns, and an apply that fails and changes nothing.
func (o *outcome) failsToCreate(more arguments, warning string, phrases ...string) {
	o.t.Helper()
	o.server.ResetRequests()
	p := o.saves(o.config(more))
	if p.action != "create" || !slices.Equal(warnings(p.diags), []string{warning}) {
		o.t.Fatalf("the plan is %q, and warns %q; want one of a creation that warns %q", p.action, warnings(p.diags), warning)
	}
	noWrites(o.t, o.server)
	refuses(o.t, p.apply(o.provider.next()), phrases...)
	noWritesThatCount(o.t, o.server)
	if !o.state.value.IsNull() {
		o.t.Errorf("the state has %s", o.state.value)
	}
}

// destroys revokes the key.
func (o *outcome) destroys() {
	o.t.Helper()
	before := o.state
	o.server.ResetRequests()
	o.destroy()
	o.wrote(0, 1)
	o.isGone(before)
}

// opens checks that the sealed key of the state opens to this one.
func (o *outcome) opens(identity *age.X25519Identity, key string) {
	o.t.Helper()
	if opened, err := decrypt(o.text("encrypted_key"), identity); err != nil || opened != key {
		o.t.Errorf("encrypted_key does not open to the key: %v", err)
	}
}

// accepts and rejects send a span with a key.
func (o *outcome) accepts(key string) { o.t.Helper(); answers(o.t, o.server, key, 200) }
func (o *outcome) rejects(key string) { o.t.Helper(); answers(o.t, o.server, key, 401) }

// answers checks how a span with a key is answered: 401 when it is revoked.
func answers(tb testing.TB, server *emulatortest.Server, key string, want int) {
	tb.Helper()
	if status := server.SendSpans(key, 1); status != want {
		tb.Errorf("the key %s is answered %d, want %d", traceloop.MaskKey(key), status, want)
	}
}

// at is a map of triggers.
func at(value string) map[string]string { return map[string]string{"at": value} }
