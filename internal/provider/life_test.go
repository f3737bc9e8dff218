package provider_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

// life is one resource and its state, from command to command: what a step of the testing
// framework checks, without a CLI.
type life struct {
	t        testing.TB
	kind     string
	provider *driver // each command starts it anew
	state    instance
}

func newLife(d *driver, kind string) *life { return &life{d.t, kind, d, d.none(kind)} }

// inBothVariants runs a test at the emulator in both forms of its answers, that of the contract and the one
// that was seen.
func inBothVariants(t *testing.T, test func(*testing.T, emulatortest.Option)) {
	t.Helper()
	t.Parallel()
	for _, variant := range []emulator.Variant{emulator.VariantContract, emulator.VariantSeen} {
		t.Run(string(variant), func(t *testing.T) {
			t.Parallel()
			test(t, emulatortest.WithVariant(variant))
		})
	}
}

func TestLife(t *testing.T) {
	inBothVariants(t, func(t *testing.T, variant emulatortest.Option) {
		later := provider.NewServer(minutesLater)
		for name, live := range map[string]func(*testing.T){
			"project":      func(t *testing.T) { projectLife(t, emulatortest.Start(t, variant), later) },
			"environment":  func(t *testing.T) { environmentLife(t, emulatortest.Start(t, variant), later) },
			"API key":      func(t *testing.T) { keyLife(t, emulatortest.Start(t, variant), later) },
			"setup":        func(t *testing.T) { setupLife(t, standingStill(t, variant), later) },
			"evaluator":    func(t *testing.T) { evaluatorLife(t, emulatortest.Start(t, variant), later) },
			"organization": func(t *testing.T) { organizationLife(t, variant) },
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				live(t)
			})
		}
	})
}

// apply carries a configuration out, which has to be the action. The plans after it, with and without
// a refresh, have to be empty.
func (l *life) apply(config arguments, action string) planResult {
	l.t.Helper()
	s := l.saves(config)
	if s.action != action {
		l.t.Errorf("the plan of %v is to %q, want %q", config, s.action, action)
	}
	if err := s.apply(l.provider.next()); err != nil {
		l.t.Fatalf("%s of %v: %v", action, config, err)
	}
	for _, refreshes := range []bool{false, true} {
		if next := l.plan(config, refreshes); next.action != "" {
			l.t.Errorf("after %q of %v, the next plan is to %q; refreshed: %t", action, config, next.action, refreshes)
		}
	}
	return s.planResult
}

// changesNothing is a command that finds nothing to do, and keeps what it has read.
func (l *life) changesNothing(config arguments) { l.t.Helper(); l.apply(config, "") }

// destroy takes the resource away.
func (l *life) destroy() { l.t.Helper(); l.apply(nil, "delete") }

// saved is a plan that waits for its apply.
type saved struct {
	planResult

	life *life
}

// saves is a plan that succeeds, and leaves the state alone.
func (l *life) saves(config arguments) saved {
	l.t.Helper()
	d := l.provider.next()
	prior, err := d.refresh(l.t.Context(), l.kind, l.state)
	if err != nil {
		l.t.Fatalf("the refresh: %v", err)
	}
	p, err := d.plan(l.t.Context(), l.kind, prior, config)
	if err != nil {
		l.t.Fatalf("the plan of %v: %v", config, err)
	}
	return saved{p, l}
}

// apply carries the plan out with a provider, whose diagnostics it may look at.
func (s saved) apply(d *driver) error {
	s.life.t.Helper()
	if s.action == "" {
		s.life.state = s.prior
		return nil
	}
	var err error
	s.life.state, err = d.carryOut(s.life.t.Context(), s.life.kind, s.prior, s.planResult)
	return err
}

// plan is a plan that succeeds. It leaves the state alone.
func (l *life) plan(config arguments, refreshes bool) planResult {
	l.t.Helper()
	if refreshes {
		return l.saves(config).planResult
	}
	p, err := l.provider.next().plan(l.t.Context(), l.kind, l.state, config)
	if err != nil {
		l.t.Fatalf("the plan of %v: %v", config, err)
	}
	return p
}

// refusesToPlan is a plan that fails, with the phrases in this order. It returns its diagnostics.
func (l *life) refusesToPlan(config arguments, phrases ...string) []*tfprotov6.Diagnostic {
	l.t.Helper()
	d := l.provider.next()
	prior, err := d.refresh(l.t.Context(), l.kind, l.state)
	var p planResult
	if err == nil {
		p, err = d.plan(l.t.Context(), l.kind, prior, config)
	}
	refuses(l.t, err, phrases...)
	// A destroy plans the configuration first. What stops the destroy itself too needs no way around.
	if err != nil && !l.state.value.IsNull() && config != nil && !slices.ContainsFunc([]string{"-refresh=false", "Deletion Protection Is On", "Unable to Read", "Provider Would Revoke Its Own Key"}, func(text string) bool {
		return strings.Contains(err.Error(), text)
	}) {
		l.t.Errorf("it may stop a destroy, and does not name -refresh=false: %s", err)
	}
	return p.diags
}

// refusesToApply is an apply that fails after a plan that succeeds.
func (l *life) refusesToApply(config arguments, phrases ...string) {
	l.t.Helper()
	refuses(l.t, l.saves(config).apply(l.provider.next()), phrases...)
}

// refuses checks for an error that has the phrases in this order, and no key in full.
func refuses(tb testing.TB, err error, phrases ...string) {
	tb.Helper()
	if err == nil {
		tb.Errorf("it succeeds, want an error that says %q", phrases)
		return
	}
	if !says(slices.Clone(phrases)...).MatchString(err.Error()) {
		tb.Errorf("the error does not say %q: %v", phrases, plainKey.ReplaceAllString(err.Error(), "(hidden)"))
	}
	if plainKey.MatchString(err.Error()) {
		tb.Errorf("the error shows a key in full: %v", plainKey.ReplaceAllString(err.Error(), "(hidden)"))
	}
}

// pointsAt checks that each error is anchored to an attribute.
func pointsAt(tb testing.TB, diags []*tfprotov6.Diagnostic) {
	tb.Helper()
	for _, diag := range diags {
		if diag.Severity == tfprotov6.DiagnosticSeverityError && (diag.Attribute == nil || len(diag.Attribute.Steps()) == 0) {
			tb.Errorf("%q is anchored to no attribute", diag.Summary)
		}
	}
}

// imports checks that the id, and the identity, import what the state has, except for what only the state can have.
func (l *life) imports(id string, except ...string) {
	l.t.Helper()
	d := l.provider.next()
	imported, err := d.importID(l.t.Context(), l.kind, id)
	if err != nil {
		l.t.Fatalf("the import of %q: %v", id, err)
	}
	if identity := l.state.identity; identity != nil {
		request := &tfprotov6.ImportResourceStateRequest{TypeName: l.kind, Identity: identity}
		if same, err := l.provider.next().importAs(l.t.Context(), l.kind, request); err != nil || !same.value.Equal(imported.value) {
			l.t.Errorf("%q imports %s, and the identity %s: %v", id, imported.value, same.value, err)
		}
	}
	got := attributes(l.t, imported.value)
	for name, want := range attributes(l.t, l.state.value) {
		if !slices.Contains(except, name) && !want.Equal(got[name]) {
			l.t.Errorf("%q imports %s as %s, the state has %s", id, name, got[name], want)
		}
	}
}

// has checks attributes of the state.
func (l *life) has(want arguments) {
	l.t.Helper()
	got := attributes(l.t, l.state.value)
	wanted := attributes(l.t, l.provider.object(l.provider.schemas[l.kind].ValueType(), want))
	for name := range want {
		if !got[name].Equal(wanted[name]) {
			l.t.Errorf("%s is %s in the state, want %s", name, got[name], wanted[name])
		}
	}
}

// nested returns an object inside an attribute: of a list by its index, or of a map by its key.
func (l *life) nested(name string, at any) tftypes.Value {
	l.t.Helper()
	path := tftypes.NewAttributePath().WithAttributeName(name)
	if key, ok := at.(string); ok {
		path = path.WithElementKeyString(key)
	} else {
		path = path.WithElementKeyInt(at.(int))
	}
	value, _, err := tftypes.WalkAttributePath(l.state.value, path)
	if err != nil {
		l.t.Fatalf("%s: %v", path, err)
	}
	return value.(tftypes.Value)
}

// mapOf returns a map of the state; nil when it is null.
func (l *life) mapOf(name string) map[string]string {
	l.t.Helper()
	var texts map[string]string
	for key, value := range attributes(l.t, attributes(l.t, l.state.value)[name]) {
		if texts == nil {
			texts = map[string]string{}
		}
		var text string
		if err := value.As(&text); err != nil {
			l.t.Fatal(err)
		}
		texts[key] = text
	}
	return texts
}

func (l *life) id() string { l.t.Helper(); return l.text("id") }

// text is an attribute of the state; empty when it is null.
func (l *life) text(name string) string { l.t.Helper(); return l.provider.text(l.state, name) }

// unknown returns the attributes of a plan that only its apply knows, sorted.
func (p planResult) unknown(tb testing.TB) string {
	tb.Helper()
	all := attributes(tb, p.value)
	maps.DeleteFunc(all, func(_ string, value tftypes.Value) bool { return value.IsFullyKnown() })
	return strings.Join(slices.Sorted(maps.Keys(all)), " ")
}

// with returns the configuration with other arguments.
func (a arguments) with(others arguments) arguments {
	changed := maps.Clone(a)
	maps.Copy(changed, others)
	return changed
}
