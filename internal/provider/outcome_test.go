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
	t         *testing.T
	server    *emulatortest.Server
	url       string // of the server, or of a proxy before it
	clock     clock  // of the provider and the server
	projectID string
	importing string // the id of an import block that was not applied yet
	state     instance
}

func newOutcome(t *testing.T) *outcome {
	t.Helper()
	t.Parallel()
	o := &outcome{t: t}
	o.server = emulatortest.Start(t, emulatortest.WithNow(o.clock.now))
	o.url = o.server.URL
	o.projectID = o.server.Projects()[0].ID
	o.state = o.driver().none(keyKind)
	return o
}

// driver is the provider as each run of the CLI starts it: in a process of its own.
func (o *outcome) driver() *driver {
	o.t.Helper()
	return newDriverWith(o.t, o.clock.later, arguments{"base_url": o.url, "api_key": o.server.ManagementKey})
}

// config is the key's configuration, in the environment prd unless the arguments name another.
func (o *outcome) config(more arguments) arguments {
	config := arguments{"project_id": o.projectID, "environment": "prd"}
	maps.Copy(config, more)
	return config
}

func (o *outcome) text(name string) string { return textOf(o.t, o.state, name) }

func textOf(t *testing.T, i instance, name string) string {
	t.Helper()
	return (&driver{t: t}).text(i, name)
}

// plan refreshes or imports, and plans; without a configuration, it destroys. A plan
// never writes.
func (o *outcome) plan(config arguments) (*driver, instance, planResult, error) {
	o.t.Helper()
	d, ctx := o.driver(), o.t.Context()
	o.server.ResetRequests()
	defer noWrites(o.t, o.server)
	var prior instance
	var err error
	if o.importing != "" {
		prior, err = d.importID(ctx, keyKind, o.importing)
	} else {
		prior, err = d.refresh(ctx, keyKind, o.state)
	}
	if err != nil {
		return d, prior, planResult{}, err
	}
	p, err := d.plan(ctx, keyKind, prior, config)
	return d, prior, p, err
}

// applies carries out a plan that has this action, and counts the requests that the apply sends to
// generate and to revoke keys. It sends no others that write.
func (o *outcome) applies(more arguments, action string, generated, revoked int) (instance, planResult) {
	o.t.Helper()
	config := o.config(more)
	d, prior, p, err := o.plan(config)
	if err != nil || p.action != action {
		o.t.Fatalf("%v: the plan is %q, %v; want %q", config, p.action, err, action)
	}
	o.carriesOut(d, prior, p, generated, revoked)
	o.keepsPromises(config)
	o.plansNothing(more)
	return prior, p
}

func (o *outcome) carriesOut(d *driver, prior instance, p planResult, generated, revoked int) {
	o.t.Helper()
	after, err := d.next().carryOut(o.t.Context(), keyKind, prior, p)
	if err != nil {
		o.t.Fatal(err)
	}
	g, r := calls(o.server, "POST", "/v2/api-keys"), calls(o.server, "DELETE", "/v2/api-keys")
	if g != generated || r != revoked || writes(o.server) != g+r {
		o.t.Errorf("%d keys were generated and %d revoked, want %d and %d: %v", g, r, generated, revoked, o.server.Requests())
	}
	o.state, o.importing = after, ""
}

// keepsPromises checks the state against the server and the configuration.
func (o *outcome) keepsPromises(config arguments) {
	o.t.Helper()
	(&scene{t: o.t, server: o.server, url: o.url}).equalsServer(keyKind, o.state)

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
	if !attributes(o.t, o.state.value)["existing_key_wo"].IsNull() {
		o.t.Error("the state has existing_key_wo")
	}
	key, sealed := o.text("key"), o.text("encrypted_key")
	if sealed != "" && config["age_recipients"] == nil || key != "" && config["age_recipients"] != nil {
		o.t.Errorf("with the recipients %v, key is in the state: %t, and encrypted_key: %t", config["age_recipients"], key != "", sealed != "")
	}
	if key != "" {
		o.accepts(key)
		if o.text("masked_key") != traceloop.MaskKey(key) {
			o.t.Errorf("masked_key is %s, want %s", o.text("masked_key"), traceloop.MaskKey(key))
		}
	}
}

// generates checks a plan of a new key, and what it has made.
func (o *outcome) generates(before instance, p planResult, config arguments) {
	o.t.Helper()
	given := "key"
	if config["age_recipients"] != nil {
		given = "encrypted_key"
	}
	unknown := []string{"id", given, "masked_key", "created_at"}
	if config["rotate_after_days"] != nil {
		unknown = append(unknown, "rotate_at")
	}
	o.unknown(p, unknown...)
	if o.text(given) == "" {
		o.t.Errorf("%s is null", given)
	}
	for _, name := range []string{"id", "key", "encrypted_key"} {
		if was := textOf(o.t, before, name); was != "" && was == o.text(name) {
			o.t.Errorf("%s is that of the key before", name)
		}
	}
	if before.value.IsNull() {
		return
	}
	if o.active(textOf(o.t, before, "id")) {
		o.t.Errorf("the key %s is still active", textOf(o.t, before, "id"))
	}
	if key := textOf(o.t, before, "key"); key != "" {
		o.rejects(key)
	}
}

// unknown checks which attributes the plan does not know.
func (o *outcome) unknown(p planResult, want ...string) {
	o.t.Helper()
	var got []string
	for name, value := range attributes(o.t, p.value) {
		if !value.IsFullyKnown() {
			got = append(got, name)
		}
	}
	if !slices.Equal(sorted(got), sorted(want)) {
		o.t.Errorf("the plan does not know %v, want %v", sorted(got), sorted(want))
	}
}

// creates plans and generates a key where there is none.
func (o *outcome) creates(more arguments) {
	o.t.Helper()
	before := o.state
	_, p := o.applies(more, "create", 1, 0)
	o.generates(before, p, more)
}

// takesOver generates a key in the place of one that is not in the state, which it revokes.
func (o *outcome) takesOver(more arguments) {
	o.t.Helper()
	before := o.state
	_, p := o.applies(more, "create", 2, 1) // the first answer is a conflict
	o.generates(before, p, more)
}

// rotates revokes the key and generates another. This attribute alone forces it.
func (o *outcome) rotates(more arguments, because string) {
	o.t.Helper()
	before, p := o.applies(more, "replace", 1, 1)
	if !slices.Equal(p.forcedBy, []string{because}) {
		o.t.Errorf("the replacement is forced by %v, want %s", p.forcedBy, because)
	}
	o.generates(before, p, more)
}

// keeps changes the state and not the key. The plan knows all but the attributes that it names, and no others of the
// key change.
func (o *outcome) keeps(more arguments, unknown ...string) {
	o.t.Helper()
	before, p := o.applies(more, "update", 0, 0)
	o.unknown(p, unknown...)
	for _, name := range []string{"id", "project_id", "environment", "masked_key", "created_at", "key", "encrypted_key"} {
		if was := textOf(o.t, before, name); was != o.text(name) && !slices.Contains(unknown, name) {
			o.t.Errorf("%s changed from %q", name, was)
		}
	}
}

// imports is the first half of an import block; the next verb plans it.
func (o *outcome) imports() {
	o.importing = o.projectID + "/prd"
}

// plansNothing checks that a plan is empty, with a refresh and without one.
func (o *outcome) plansNothing(more arguments) {
	o.t.Helper()
	config, isImport := o.config(more), o.importing != ""
	if !isImport {
		d := o.driver()
		if err := d.decode(o.t.Context(), keyKind, o.state); err != nil {
			o.t.Fatal(err)
		}
		if p, err := d.plan(o.t.Context(), keyKind, o.state, config); err != nil || p.action != "" {
			o.t.Errorf("%v: without a refresh, the plan is %q, %v; want none", config, p.action, err)
		}
	}
	_, found, p, err := o.plan(config)
	if err != nil || p.action != "" {
		o.t.Errorf("%v: the plan is %q, %v; want none", config, p.action, err)
	}
	if !isImport && !found.value.Equal(o.state.value) {
		o.t.Errorf("a refresh changes the state from %s to %s", o.state.value, found.value)
	}
	o.state, o.importing = found, ""
	o.keepsPromises(config)
}

// refuses is a configuration that a plan refuses.
func (o *outcome) refuses(more arguments, phrases ...string) {
	o.t.Helper()
	o.fails(o.config(more), phrases...)
}

// refusesToDestroy is a plan that has to fail as well.
func (o *outcome) refusesToDestroy(phrases ...string) {
	o.t.Helper()
	o.fails(nil, phrases...)
}

func (o *outcome) fails(config arguments, phrases ...string) {
	o.t.Helper()
	_, _, p, err := o.plan(config)
	if err == nil {
		o.t.Errorf("%v: the plan is %q, want an error that says %q", config, p.action, phrases)
		return
	}
	o.says(err, phrases...)
}

// failsToCreate is a plan of a creation that warns, and an apply that fails and changes nothing.
func (o *outcome) failsToCreate(more arguments, warning string, phrases ...string) {
	o.t.Helper()
	d, prior, p, err := o.plan(o.config(more))
	if err != nil || p.action != "create" || !slices.Equal(warnings(p.diags), []string{warning}) {
		o.t.Fatalf("the plan is %q, %v, and warns %q; want one of a creation that warns %q", p.action, err, warnings(p.diags), warning)
	}
	after, err := d.next().carryOut(o.t.Context(), keyKind, prior, p)
	if err == nil || !after.value.IsNull() {
		o.t.Fatalf("the apply makes %s, %v; want an error", after.value, err)
	}
	noWritesThatCount(o.t, o.server)
	o.says(err, phrases...)
}

// says checks the text of an error, which never shows a key.
func (o *outcome) says(err error, phrases ...string) {
	o.t.Helper()
	text := err.Error()
	if !says(slices.Clone(phrases)...).MatchString(text) {
		o.t.Errorf("the error does not say %q: %s", phrases, text)
	}
	if strings.Contains(text, o.server.ManagementKey) || plainKey.MatchString(text) {
		o.t.Error("the error shows a key in full")
	}
}

// destroys revokes the key.
func (o *outcome) destroys() {
	o.t.Helper()
	d, before, p, err := o.plan(nil)
	if err != nil || p.action != "delete" {
		o.t.Fatalf("the plan is %q, %v; want to destroy", p.action, err)
	}
	o.carriesOut(d, before, p, 0, 1)
	if !o.state.value.IsNull() || o.active(textOf(o.t, before, "id")) {
		o.t.Errorf("after the destruction, the state is %s, and the server has the keys %v", o.state.value, o.server.Keys())
	}
	if key := textOf(o.t, before, "key"); key != "" {
		o.rejects(key)
	}
}

// opens checks that the sealed key of the state opens to this one.
func (o *outcome) opens(identity *age.X25519Identity, key string) {
	o.t.Helper()
	if opened, err := decrypt(o.text("encrypted_key"), identity); err != nil || opened != key {
		o.t.Errorf("encrypted_key does not open to the key: %v", err)
	}
}

func (o *outcome) active(id string) bool {
	return slices.ContainsFunc(o.server.Keys(), func(key emulatortest.APIKey) bool { return key.ID == id })
}

// accepts and rejects send a span with a key.
func (o *outcome) accepts(key string) { o.t.Helper(); o.answers(key, 200) }
func (o *outcome) rejects(key string) { o.t.Helper(); o.answers(key, 401) }

func (o *outcome) answers(key string, want int) {
	o.t.Helper()
	if status := o.server.SendSpans(key, 1); status != want {
		o.t.Errorf("the key %s is answered %d, want %d", traceloop.MaskKey(key), status, want)
	}
}

// at is a map of triggers.
func at(value string) map[string]string { return map[string]string{"at": value} }
