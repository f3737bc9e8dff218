package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
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

// imported is the key of "prd" as an import block of this plan gives it to a second address.
func (o *outcome) imported(d *driver) (instance, error) {
	return d.importID(o.t.Context(), keyKind, o.projectID+"/prd")
}

// planned is the plan of an instance that is in the state.
func (o *outcome) planned(d *driver, i instance, config arguments) (planResult, error) {
	o.t.Helper()
	refreshed, err := d.refresh(o.t.Context(), keyKind, i)
	if err != nil {
		return planResult{}, err
	}
	return d.plan(o.t.Context(), keyKind, refreshed, config)
}

const twoAddresses = "Two Resources for One API Key"

func TestNothingLost_importWhileTheOldAddressGoes(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)
	moved := []string{twoAddresses, "The block shown here may be the older one", "search the configuration for traceloop_api_key", "-refresh=false", "moved {"}

	first := o.driver() // the old address is planned first
	if _, err := o.planned(first, o.state, nil); err != nil {
		t.Fatal(err)
	}
	_, err := o.imported(first)
	refuses(t, err, moved...)

	second := o.driver() // and last
	imported, err := o.imported(second)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.plan(t.Context(), keyKind, imported, o.config(nil)); err != nil {
		t.Fatal(err)
	}
	_, err = o.planned(second, o.state, nil)
	refuses(t, err, moved...)
	o.accepts(o.text("key"))
}

func TestNothingLost_importToASecondAddress(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)

	d := o.driver()
	if _, err := o.planned(d, o.state, o.config(nil)); err != nil {
		t.Fatal(err)
	}
	_, err := o.imported(d)
	refuses(t, err, twoAddresses, "moved {")

	d = o.driver()
	other, err := o.imported(d)
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.imported(d) // two instances with one import id
	refuses(t, err, twoAddresses)
	_, err = o.planned(d, o.state, o.config(nil))
	refuses(t, err, twoAddresses)

	// Where the state has both addresses already, a plan only warns, and refuses to destroy one of them.
	for name, order := range map[string][]instance{"one order": {o.state, other}, "the other": {other, o.state}} {
		d = o.driver()
		var said []string
		for _, i := range order {
			p, err := o.planned(d, i, o.config(nil))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			said = append(said, warnings(p.diags)...)
		}
		if !slices.Contains(said, twoAddresses) {
			t.Errorf("%s: no plan warns: %q", name, said)
		}

		d = o.driver()
		if _, err := o.planned(d, order[0], o.config(nil)); err != nil {
			t.Fatal(err)
		}
		_, err = o.planned(d, order[1], nil)
		refuses(t, err, twoAddresses, "terraform state rm ADDRESS")
		d = o.driver()
		if _, err := o.planned(d, order[1], nil); err != nil {
			t.Fatal(err)
		}
		_, err = o.planned(d, order[0], o.config(nil))
		refuses(t, err, twoAddresses)

		d = o.driver() // all addresses of one object
		for _, i := range order {
			if _, err := o.planned(d, i, nil); err != nil {
				t.Errorf("%s: destroying both: %v", name, err)
			}
		}
	}
	o.accepts(o.text("key"))
}

// A removed block with destroy = false, and a tainted key, look the same to the provider: the key is read
// and not planned.
// Terraform reads a tainted object, and does not plan it: only what replaces it.
func TestNothingLost_importWhileTheOldAddressIsTainted(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)

	d := o.driver()
	if _, err := d.refresh(t.Context(), keyKind, o.state); err != nil {
		t.Fatal(err)
	}
	_, err := o.imported(d)
	refuses(t, err, twoAddresses)

	d = o.driver()
	if _, err := o.imported(d); err != nil {
		t.Fatal(err)
	}
	_, err = d.refresh(t.Context(), keyKind, o.state)
	refuses(t, err, twoAddresses)
}

func TestNothingLost_keyMovesToAnEnvironmentThatComesLater(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)

	d := o.driver() // with a literal slug, Terraform knows of no order
	if _, err := d.plan(t.Context(), environmentKind, d.none(environmentKind), arguments{"name": "Europe", "project_id": o.projectID}); err != nil {
		t.Fatal(err)
	}
	p, err := o.planned(d, o.state, o.config(arguments{"environment": "europe"}))
	if err != nil {
		t.Fatal(err)
	}
	after, err := d.next().carryOut(t.Context(), keyKind, o.state, p)
	refuses(t, err, "Unknown Environment", "refer to it", "Nothing was changed")
	if textOf(t, after, "id") != o.text("id") {
		t.Error("the state has lost the key")
	}
	o.accepts(o.text("key"))

	o.server.CreateEnvironment(o.projectID, "Europe")
	if _, err := d.next().carryOut(t.Context(), keyKind, o.state, p); err != nil {
		t.Error(err)
	}
}

func TestNothingLost_newBlockWhereAKeyIsForgotten(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)
	d := o.driver()
	if _, err := d.refresh(t.Context(), keyKind, o.state); err != nil {
		t.Fatal(err)
	}
	p, err := d.plan(t.Context(), keyKind, d.none(keyKind), o.config(nil))
	if err != nil {
		t.Fatal(err)
	}
	warns(t, p.diags, "Environment Already Has an API Key", o.text("masked_key"), o.text("id"), "terraform untaint", "moved {")
	if text := detail(p.diags, "Environment Already Has an API Key"); strings.Contains(text, "import {") {
		t.Errorf("it advises to import what the state manages: %s", text)
	}
	_, err = d.next().carryOut(t.Context(), keyKind, d.none(keyKind), p)
	refuses(t, err, "Environment Already Has an API Key", o.text("id"), "No key was generated")
	o.accepts(o.text("key"))
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

// Two provider blocks are two processes. The second creation finds the key of the first, which is
// younger than the run.
func TestNothingLost_twoProviderBlocksForOnePlace(t *testing.T) {
	o := newOutcome(t)
	now := func() *driver {
		return newDriverWith(t, o.clock.now, arguments{"base_url": o.url, "api_key": o.server.ManagementKey})
	}
	first, second := now(), now()
	config := o.config(arguments{"replace_existing": true})
	made, err := first.create(t.Context(), keyKind, config)
	if err != nil {
		t.Fatal(err)
	}
	_, err = second.create(t.Context(), keyKind, config)
	refuses(t, err, "Environment Already Has an API Key", textOf(t, made, "id"), "younger than this apply", "generated no key")
	o.accepts(textOf(t, made, "key"))
}

// failingGenerations are answers to a generation that make no key.
var failingGenerations = map[string]emulatortest.Fault{
	"400":  {Kind: "status", Status: 400},
	"403":  {Kind: "status", Status: 403},
	"429":  {Kind: "status", Status: 429, RetryAfter: new(3600)},
	"500":  {Kind: "status", Status: 500},
	"lost": {Kind: "drop_before"},
}

func TestNothingLost_generationFailsAfterARevocation(t *testing.T) {
	for answer, fault := range failingGenerations {
		fault.Method, fault.Path, fault.Times = "POST", "/v2/api-keys", 100
		for kind, change := range map[string]struct {
			config  arguments
			tainted bool
		}{
			"rotation": {config: arguments{"rotation_triggers": at("2")}},
			"tainted":  {config: arguments{"rotation_triggers": at("1")}, tainted: true},
			"move":     {config: arguments{"rotation_triggers": at("1"), "environment": "stg"}},
		} {
			t.Run(answer+", "+kind, func(t *testing.T) {
				o := newOutcome(t)
				o.creates(arguments{"rotation_triggers": at("1")})
				gone := o.text("masked_key")
				o.state.tainted = change.tainted
				_, prior, p, err := o.plan(o.config(change.config))
				if err != nil || p.action != "replace" {
					t.Fatalf("the plan is %q: %v", p.action, err)
				}
				o.server.SetFaults(fault)
				applying := newDriverWith(t, later, arguments{"base_url": o.url, "api_key": o.server.ManagementKey, "max_retries": int64(0)})
				_, err = applying.carryOut(t.Context(), keyKind, prior, p)
				refuses(t, err, "already revoked the API key "+gone, o.projectID, `environment "prd"`, "cannot send traces until an apply succeeds")
				if n := len(errorsOf(applying.applied)); n != 1 || strings.Contains(err.Error(), "Nothing was changed") {
					t.Errorf("there are %d errors, want one that does not say that nothing was changed: %v", n, err)
				}
			})
		}
	}
}

func errorsOf(diags []*tfprotov6.Diagnostic) []*tfprotov6.Diagnostic {
	return slices.DeleteFunc(slices.Clone(diags), func(d *tfprotov6.Diagnostic) bool { return d.Severity != tfprotov6.DiagnosticSeverityError })
}

func TestNothingLost_replaceExistingFailsAfterTheRevocation(t *testing.T) {
	for answer, fault := range failingGenerations {
		t.Run(answer, func(t *testing.T) {
			o := newOutcome(t)
			id, key := o.server.GenerateKey(o.projectID, "prd")
			fault.Method, fault.Path, fault.Times, fault.After = "POST", "/v2/api-keys", 100, 1 // the first is a conflict
			o.server.SetFaults(fault)
			d := newDriverWith(t, o.clock.later, arguments{"base_url": o.url, "api_key": o.server.ManagementKey, "max_retries": int64(0)})
			_, err := d.create(t.Context(), keyKind, o.config(arguments{"replace_existing": true}))
			refuses(t, err, "this apply has already revoked the API key "+traceloop.MaskKey(key), id)
			if strings.Contains(err.Error(), "Nothing was changed") {
				t.Errorf("it says that nothing was changed: %v", err)
			}
			o.rejects(key)
		})
	}
}

// A place that the plan does not know turns out bad.
func TestNothingLost_unknownPlaceTurnsOutBad(t *testing.T) {
	null := tftypes.NewValue(tftypes.String, nil)
	for name, test := range map[string]struct {
		argument string
		value    any // at apply
		phrases  []string
	}{
		"environment null":     {"environment", null, []string{"environment is null"}},
		"environment no slug":  {"environment", "EU Production", []string{"environment is not a slug"}},
		"environment missing":  {"environment", "nowhere", []string{"Unknown Environment"}},
		"environment occupied": {"environment", "stg", []string{"Environment Already Has an API Key"}},
		"project null":         {"project_id", null, []string{"project_id is null"}},
		"project missing":      {"project_id", "cnosuchproject", []string{"Unknown Project"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutcome(t)
			o.creates(nil)
			o.server.GenerateKey(o.projectID, "stg")
			_, prior, p, err := o.plan(o.config(arguments{test.argument: unknownText}))
			if err != nil || p.action != "replace" {
				t.Fatalf("the plan is %q: %v", p.action, err)
			}
			warns(t, p.diags, "API Key Will Be Replaced", o.text("masked_key"), "depends_on")
			p.config = o.driver().object(p.config.Type(), o.config(arguments{test.argument: test.value}))
			_, err = o.driver().carryOut(t.Context(), keyKind, prior, p)
			refuses(t, err, "already revoked the API key "+o.text("masked_key"), "cannot send traces until an apply succeeds")
			for _, phrase := range test.phrases {
				refuses(t, err, phrase)
			}
			if strings.Contains(err.Error(), "Nothing was changed") {
				t.Errorf("it says that nothing was changed: %v", err)
			}
		})
	}
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
	o.state.forced = true
	o.refuses(arguments{"rotation_triggers": at("1"), "rotate_after_days": unknownDays}, "Rotation Depends on an Unknown Value")
	o.state.forced = false
	if _, _, p, err := o.plan(o.config(arguments{"rotation_triggers": at("1"), "rotate_after_days": unknownDays})); err != nil || p.action != "update" {
		t.Errorf("the plan is %q: %v", p.action, err)
	}
	o.accepts(o.text("key"))
}

// A revocation that no plan named is named by the apply.
func TestNothingLost_revocationInAPlaceThatThePlanDidNotKnow(t *testing.T) {
	o := newOutcome(t)
	id, key := o.server.GenerateKey(o.projectID, "prd")
	d, prior, p, err := o.plan(o.config(arguments{"project_id": unknownText, "replace_existing": true}))
	if err != nil {
		t.Fatal(err)
	}
	p.config = d.object(p.config.Type(), o.config(arguments{"replace_existing": true}))
	applying := o.driver()
	if _, err := applying.carryOut(t.Context(), keyKind, prior, p); err != nil {
		t.Fatal(err)
	}
	warns(t, applying.applied, "Existing API Key Was Revoked", traceloop.MaskKey(key), id, o.projectID, `"prd"`, "generated 3 minutes ago")
	o.rejects(key)
}

// A replacement revokes no key but its own and the one that its plan named.
func TestNothingLost_replacementFindsAStrangersKey(t *testing.T) {
	o := newOutcome(t)
	o.creates(arguments{"rotation_triggers": at("1"), "replace_existing": true})
	_, prior, p, err := o.plan(o.config(arguments{"rotation_triggers": at("2"), "replace_existing": true}))
	if err != nil {
		t.Fatal(err)
	}
	o.server.RevokeKey(o.text("id"))
	id, key := o.server.GenerateKey(o.projectID, "prd")
	_, err = o.driver().carryOut(t.Context(), keyKind, prior, p)
	refuses(t, err, "API Key Appeared After the Plan", id, "did not revoke it")
	o.accepts(key)
}

func TestNothingLost_replaceExistingIsUnknown(t *testing.T) {
	o := newOutcome(t)
	unknownBool := tftypes.NewValue(tftypes.Bool, tftypes.UnknownValue)
	id, key := o.server.GenerateKey(o.projectID, "prd")
	_, _, p, err := o.plan(o.config(arguments{"replace_existing": unknownBool}))
	if err != nil || !slices.Equal(warnings(p.diags), []string{"Environment Already Has an API Key"}) {
		t.Fatalf("the plan warns %q: %v", warnings(p.diags), err)
	}
	warns(t, p.diags, "Environment Already Has an API Key", id, "not known before apply", "With true, apply revokes that key", "With false, apply refuses")

	// A running key does not move there while that is open.
	o.creates(arguments{"environment": "stg"})
	o.refuses(arguments{"environment": "prd", "replace_existing": unknownBool}, id, "not known before apply", "Nothing was changed", "-refresh=false")
	o.accepts(key)
}

// The plan says once what a removed block means, whatever their number.
func TestNothingLost_keysWithoutABlock(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)
	d := o.driver()
	other, err := d.create(t.Context(), keyKind, o.config(arguments{"environment": "stg"}))
	if err != nil {
		t.Fatal(err)
	}
	d = o.driver()
	var said []string
	for _, i := range []instance{o.state, other} {
		p, err := o.planned(d, i, nil)
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, warnings(p.diags)...)
		if i.value.Equal(o.state.value) {
			warns(t, p.diags, "API Keys Will Be Revoked", o.text("masked_key"), o.projectID, `"prd"`, "may revoke more", "refuses the traces", "at once")
		}
	}
	if !slices.Equal(said, []string{"API Keys Will Be Revoked"}) {
		t.Errorf("the plan warns %q, want once", said)
	}
}

// The message about an import is about what this plan leaves open.
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
		_, _, p, err := o.plan(o.config(arguments{"existing_key_wo": test.proof}))
		if err != nil || slices.Contains(warnings(p.diags), "Imported Key Cannot Be Retrieved") != test.warns {
			t.Errorf("%s: %v, and the plan warns %q", name, err, warnings(p.diags))
		}
	}
	pointed := false
	o.imports()
	_, _, p, err := o.plan(o.config(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, diag := range p.diags {
		pointed = pointed || diag.Summary == "Imported Key Cannot Be Retrieved" && diag.Attribute != nil
	}
	if !pointed {
		t.Error("the warning is anchored to no attribute, so the CLI shows it for each key")
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
			o.url = rewriting(t, o.server, traceloop.MaskKey(key), test.mask(key)).URL
			o.imports()
			_, prior, p, err := o.plan(o.config(arguments{"existing_key_wo": key}))
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Contains(warnings(p.diags), "Existing Key Cannot Be Checked"); got != test.warns {
				t.Errorf("the plan warns %q", warnings(p.diags))
			}
			after, err := o.driver().carryOut(t.Context(), keyKind, prior, p)
			if err != nil || textOf(t, after, "key") != key {
				t.Errorf("the key is not stored: %v", err)
			}
			if !test.warns {
				o.imports()
				o.refuses(arguments{"existing_key_wo": "tl_0123456789012345678901234567890123456789"}, "Existing Key Does Not Match")
			}
		})
	}
}

// A conflict may be answered as 500, with the text of the database.
func TestNothingLost_conflictAnsweredAs500(t *testing.T) {
	o := newOutcome(t)
	id, key := o.server.GenerateKey(o.projectID, "prd")
	o.server.SetFaults(emulatortest.Fault{Method: "POST", Path: "/v2/api-keys", Kind: "status", Status: 500, Times: 100})
	d := newDriverWith(t, o.clock.later, arguments{"base_url": o.url, "api_key": o.server.ManagementKey, "max_retries": int64(0)})
	_, err := d.create(t.Context(), keyKind, o.config(nil))
	refuses(t, err, "Environment Already Has an API Key", id, "No key was generated", "import {")
	if strings.Contains(err.Error(), "Orphaned") {
		t.Errorf("somebody's key is called an orphan: %v", err)
	}
	o.accepts(key)
}

// The service answers a creation with nanoseconds, and a read with milliseconds, rounded.
func TestNothingLost_timesAreRounded(t *testing.T) {
	o := newOutcome(t)
	created := time.Date(2026, 11, 24, 5, 54, 11, 999_600_000, time.UTC)
	handler := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		key := `{"id": "k1", "project_id": "p1", "environment": "prd", "masked_key": null, "created_at": `
		switch {
		case r.Method == http.MethodPost:
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(key + `"` + created.Format(time.RFC3339Nano) + `", "api_key": "tl_0123456789abcdef"}`))
		case strings.HasSuffix(r.URL.Path, "/k1"):
			_, _ = w.Write([]byte(key + `"` + created.Round(time.Millisecond).Format(time.RFC3339Nano) + `"}`))
		default:
			_, _ = w.Write([]byte(`{"data": []}`))
		}
	}
	o.url = serve(t, handler)
	config := arguments{"project_id": "p1", "environment": "prd", "rotate_after_days": int64(30)}
	made, err := o.driver().create(t.Context(), keyKind, config)
	if err != nil {
		t.Fatal(err)
	}
	if textOf(t, made, "created_at") != "2026-11-24T05:54:12Z" || textOf(t, made, "rotate_at") != "2026-12-24T05:54:12Z" || textOf(t, made, "masked_key") != "tl_************cdef" {
		t.Errorf("the state is %s", made.value)
	}
	p, err := o.planned(o.driver(), made, config)
	if err != nil || p.action != "" {
		t.Errorf("the next plan is to %q: %v", p.action, err)
	}
}

// With the secret alone, a key is saved. What is missing comes from the request or the list, or is computed.
// If no list shows the id yet, the next read finds it, and a destroy revokes the key.
func TestNothingLost_answerWithTheSecretAlone(t *testing.T) {
	t.Parallel()
	const secret = "tl_0123456789abcdef"
	listed := fmt.Sprintf(`200 [{"id":"k1","project_id":"p1","environment":"prd","masked_key":"tl_************cdef","created_at":%q}]`, time.Now().UTC().Format(time.RFC3339))
	older := fmt.Sprintf(`200 [{"id":"k0","project_id":"p1","environment":"prd","created_at":%q}]`, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	config := arguments{"project_id": "p1", "environment": "prd", "rotate_after_days": int64(30)}
	for name, test := range map[string]struct {
		answer string
		lists  []string // one for the creation and each read
		ids    []any
	}{
		"the answer has the id":    {`{"id":"k1","api_key":"` + secret + `"}`, []string{"200 []"}, []any{"k1"}},
		"the list has it":          {`{"api_key":"` + secret + `"}`, []string{listed}, []any{"k1"}},
		"the list has it later":    {`{"api_key":"` + secret + `"}`, []string{"200 []", "200 []", older, listed}, []any{nil, nil, nil, "k1"}},
		"it is found by a destroy": {`{"api_key":"` + secret + `"}`, []string{"200 []", listed}, []any{nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := newAnswering(t, map[string]string{
				"POST /v2/api-keys": "201 " + test.answer, "GET /v2/projects": "200 []", "GET /v2/environments": "200 []", "GET /v2/api-keys": "200 []", "DELETE /v2/api-keys/k1": "204 ",
				"GET /v2/projects/p1": "200 " + goodProject, "GET /v2/api-keys/k1": "200 " + strings.TrimSuffix(strings.TrimPrefix(listed, "200 ["), "]"),
			})
			l := newLife(answeringDriver(t, service), keyKind)
			p := l.plan(config, false)
			var err error
			for i, id := range test.ids {
				service.set(map[string]string{"GET /v2/api-keys": test.lists[i]})
				if i == 0 {
					l.state, err = l.provider.carryOut(t.Context(), keyKind, l.state, p)
				} else {
					l.state, err = l.provider.next().refresh(t.Context(), keyKind, l.state)
				}
				if err != nil {
					t.Fatal(err)
				}
				l.has(arguments{"id": id, "key": secret, "project_id": "p1", "environment": "prd", "masked_key": "tl_************cdef"})
				if textOf(t, l.state, "created_at") == "" || textOf(t, l.state, "rotate_at") == "" {
					t.Errorf("the state is %s", l.state.value)
				}
			}
			service.set(map[string]string{"GET /v2/api-keys": test.lists[len(test.lists)-1]})
			if _, _, err := l.provider.next().apply(t.Context(), keyKind, l.state, nil); err != nil || service.count("DELETE /v2/api-keys/k1") != 1 {
				t.Errorf("the destroy revoked %d keys: %v", service.count("DELETE"), err)
			}
		})
	}
}

// A key with revoked_at is gone, although the service still answers with it.
func TestNothingLost_revokedKeyIsStillAnswered(t *testing.T) {
	o := newOutcome(t)
	o.creates(nil)
	var key []byte
	o.url = serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasPrefix(r.URL.Path, "/v2/api-keys/"):
			_, _ = w.Write(key)
		case strings.HasPrefix(r.URL.Path, "/v2/projects/"):
			_, _ = w.Write([]byte(`{"id": "` + o.projectID + `", "name": "Orders", "slug": "orders", "created_at": "2026-11-24T05:54:11Z", "updated_at": "2026-11-24T05:54:11Z"}`))
		default:
			_, _ = w.Write([]byte(`{"data": []}`))
		}
	})
	key = []byte(`{"id": "` + o.text("id") + `", "project_id": "` + o.projectID + `", "environment": "prd", "masked_key": "` + o.text("masked_key") + `", "created_at": "2026-11-24T05:54:11Z", "revoked_at": "2026-11-25T00:00:00Z"}`)
	o.clock.ahead.Add(int64(3 * time.Minute)) // a key is not gone before that
	after, err := o.driver().refresh(t.Context(), keyKind, o.state)
	if err != nil || !after.value.IsNull() {
		t.Errorf("the key is still in the state: %v", err)
	}
}

// serve starts a service that is made by hand, and returns its address.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}
