package provider_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// scene is the organization of one case: the project "Orders", which the operation is about,
// and the default project, which it must leave alone.
type scene struct {
	t         testing.TB
	server    *emulatortest.Server
	url       string // of the server, or of a proxy before it
	settings  arguments
	orders    string
	recipient string

	projectKey string // of the default project's prd

	bystanders []string // ids that must survive
	before     []string // ids of all that was there before the operation
}

func newScene(t *testing.T, recipient string, settings arguments) *scene {
	t.Helper()
	s := &scene{t: t, server: emulatortest.Start(t), settings: settings, recipient: recipient}
	s.url = s.server.URL
	home := s.server.Projects()[0].ID
	_, s.projectKey = s.server.GenerateKey(home, "prd")
	s.server.CreateEnvironment(home, "Europe")
	s.orders = s.server.CreateProject("Orders").ID
	s.bystanders = s.ids()
	return s
}

// driver is the provider as each run of the CLI starts it: in a process of its own.
func (s *scene) driver() *driver {
	s.t.Helper()
	settings := arguments{"base_url": s.url, "api_key": s.server.ManagementKey, "project_api_key": s.projectKey, "max_retries": int64(1)}
	maps.Copy(settings, s.settings)
	return newDriverWith(s.t, minutesLater, settings)
}

// ids are those of everything on the server.
func (s *scene) ids() []string {
	s.t.Helper()
	var ids []string
	for _, project := range s.server.Projects() {
		ids = append(ids, project.ID)
	}
	for _, environment := range s.server.Environments("") {
		ids = append(ids, environment.ID)
	}
	for _, key := range s.server.Keys() {
		ids = append(ids, key.ID)
	}
	for _, evaluator := range s.server.Evaluators(s.projectKey) {
		ids = append(ids, evaluator.ID)
	}
	for _, setup := range s.server.Setups(s.projectKey) {
		ids = append(ids, setup.ID)
	}
	return ids
}

func (s *scene) made(kind string, config arguments) instance {
	s.t.Helper()
	d := s.driver()
	made, _, err := d.apply(s.t.Context(), kind, d.none(kind), config)
	if err != nil {
		s.t.Fatalf("before any fault: %v", err)
	}
	return made
}

// billing is an unprotected project with a key.
func (s *scene) billing() instance {
	made := s.made(projectKind, arguments{"name": "Billing", "deletion_protection": false})
	s.server.GenerateKey(s.driver().text(made, "id"), "prd")
	return made
}

// europe is an unprotected environment with a key.
func (s *scene) europe() instance {
	made := s.made(environmentKind, arguments{"name": "EU Production", "project_id": s.orders, "deletion_protection": false})
	s.server.GenerateKey(s.orders, "eu-production")
	return made
}

func (s *scene) key() instance {
	return s.made(keyKind, arguments{"project_id": s.orders, "environment": "prd", "rotation_triggers": at("1")})
}

func (s *scene) tone() instance { return s.made(evaluatorKind, tone) }

func (s *scene) checkout() instance { return s.made(setupKind, checkout) }

func (s *scene) strangersTone() instance {
	s.tone()
	return s.driver().none(evaluatorKind)
}

// strangersKey and strangersEurope are not in the state.
func (s *scene) strangersKey() instance {
	s.server.GenerateKey(s.orders, "prd")
	return s.driver().none(keyKind)
}

func (s *scene) strangersEurope() instance {
	s.server.CreateEnvironment(s.orders, "EU Production")
	return s.driver().none(environmentKind)
}

// prepare creates what the operation needs.
func (s *scene) prepare(op operation) instance {
	s.t.Helper()
	prior := s.driver().none(op.kind)
	if op.prepare != nil {
		prior = op.prepare(s)
	}
	s.before = s.ids()
	s.server.ResetRequests()
	return prior
}

// run carries the operation out, as one run of the CLI.
func (s *scene) run(op operation, prior instance) (instance, error) {
	s.t.Helper()
	d, ctx := s.driver(), s.t.Context()
	if op.imports != "" {
		return d.importID(ctx, op.kind, op.importIn(s))
	}
	refreshed, err := d.refresh(ctx, op.kind, prior)
	if err != nil || op.reads {
		return refreshed, err
	}
	after, _, err := d.apply(ctx, op.kind, refreshed, op.configIn(s))
	return after, err
}

// A key in full; the masked form has stars.
var plainKey = regexp.MustCompile(`tl_[0-9A-Za-z]{8}`)

// Every error has one phrase of each list: what was attempted, and what to do next.
var (
	attemptedPhrases = []string{
		"The provider tried to", "Nothing was changed", "nothing was changed", "A project named", "Traceloop has no ", "The project ", "No environment was created", "No evaluator was created", "No key was generated", "generated no key", "is taken",
	}
	nextPhrases = []string{
		"import {", "First correct ", "first correct ", "Run the command again", "apply again", "Apply again", "Check that", "Check whether", "Check the id", "Choose another name", "choose another name", "Choose another slug", "Remove this resource", "refer to it, so that", "Use the id of", "set replace_existing = true",
		"use a management key", "Plan again", "Choose one:", "Remove one of the two", "Rename or remove", "Correct the configuration", "Look in the Traceloop dashboard", "take two steps", "Keep one of the two", "Let Terraform forget one address", "Check both", "or import the key of",
	}
)

// explains checks the text of an error, which shows no key.
func explains(tb testing.TB, server *emulatortest.Server, err error) {
	tb.Helper()
	for what, phrases := range map[string][]string{"what was attempted": attemptedPhrases, "what to do next": nextPhrases} {
		if !slices.ContainsFunc(phrases, func(phrase string) bool { return strings.Contains(err.Error(), phrase) }) {
			tb.Errorf("the error does not say %s: %v", what, err)
		}
	}
	if text := err.Error(); strings.Contains(text, server.ManagementKey) || plainKey.MatchString(text) {
		tb.Errorf("the error shows a key in full: %v", plainKey.ReplaceAllString(text, "(hidden)"))
	}
}

// checkAfter checks what holds right after the run with the fault, before anything is repaired.
func (s *scene) checkAfter(op operation, prior, after instance, err error) {
	s.t.Helper()
	t, now := s.t, s.ids()
	d := s.driver()
	id := d.text(after, "id")
	if err != nil {
		explains(t, s.server, err)
	}

	// Nothing but a true 404 drops an object from the state.
	if id == "" && !prior.value.IsNull() && slices.Contains(now, d.text(prior, "id")) {
		t.Errorf("the state has lost %s %s, which exists", op.kind, d.text(prior, "id"))
	}
	if op.reads && !after.value.Equal(prior.value) {
		t.Errorf("reading has changed the state from %v to %v", prior.value, after.value)
	}
	// Every object that was created is in the state, or the error names it: a setup by its external id.
	external, isSetup := op.config["external_id"].(string)
	for _, made := range now {
		if slices.Contains(s.before, made) || made == id || s.comesAlong(made) {
			continue
		}
		if err == nil {
			t.Errorf("%s was made and is not in the state", made)
		} else if text := err.Error(); !strings.Contains(text, made) && !(isSetup && strings.Contains(text, strconv.Quote(external))) && !strings.Contains(text, "could not find out") {
			t.Errorf("%s was made, is not in the state, and the error does not name it: %v", made, err)
		}
	}
	for _, was := range s.before {
		if op.occupied && !slices.Contains(now, was) {
			t.Errorf("%s was there before, and an operation that is refused has touched it: %v", was, err)
		}
	}
	if err == nil {
		s.equalsServer(op.kind, after)
	}
}

// comesAlong: the built-in environments are created with their project.
func (s *scene) comesAlong(id string) bool {
	for _, environment := range s.server.Environments("") {
		if environment.ID == id {
			return environment.BuiltIn
		}
	}
	return false
}

// notReplayedBlindly checks that no second key was generated before looking for the first. An evaluator is never
// created twice.
func (s *scene) notReplayedBlindly() {
	s.t.Helper()
	open := false
	for _, request := range s.server.Requests() {
		if request.Path != "/v2/api-keys" && request.Path != evaluatorsPath {
			continue
		}
		if request.Method == "POST" && open {
			s.t.Errorf("a POST whose outcome was unknown was followed by another: %v", s.server.Requests())
		}
		// A rate limit and a conflict say that nothing was done.
		open = request.Method == "POST" && request.Status != 429 && (request.Status != 409 || request.Fault != "")
	}
}

// converge applies until there is nothing to do: once more, and again after each step
// that the error names. It returns the number of steps.
func (s *scene) converge(op operation, after instance, firstErr error) (instance, int) {
	s.t.Helper()
	config, state, ctx := op.configIn(s), after, s.t.Context()
	if state.value.IsNull() && op.imports != "" { // the import block is still there
		imported, err := s.driver().importID(ctx, op.kind, op.importIn(s))
		if err != nil {
			s.t.Fatalf("importing again: %v", err)
		}
		state = imported
	}
	const most = 3
	for steps := range most {
		d := s.driver()
		refreshed, err := d.refresh(ctx, op.kind, state)
		if err != nil {
			s.t.Fatalf("refreshing after the fault: %v", err)
		}
		if state, _, err = d.apply(ctx, op.kind, refreshed, config); err == nil {
			return state, steps
		}
		explains(s.t, s.server, err)
		if firstErr == nil {
			s.t.Fatalf("the run succeeded, and the next does not: %v", err)
		}
		if config, state, err = s.follow(op, config, state, err); err != nil {
			s.t.Fatalf("%v\nThe first error was: %v", err, firstErr)
		}
	}
	s.t.Fatalf("it does not converge within %d applies; the first error was: %v", most, firstErr)
	return state, most
}

var importID = regexp.MustCompile(`(?s)import \{.*?id = "([^"<]+)"`)

// follow takes the step that an error names.
func (s *scene) follow(op operation, config arguments, state instance, err error) (arguments, instance, error) {
	s.t.Helper()
	text := err.Error()
	if op.kind == keyKind && strings.Contains(text, "replace_existing = true") {
		named := slices.ContainsFunc(s.server.Keys(), func(key emulatortest.APIKey) bool { return strings.Contains(text, key.ID) })
		if !named {
			return nil, state, fmt.Errorf("the error names no active key: %w", err)
		}
		next := maps.Clone(config)
		next["replace_existing"] = true
		return next, state, nil
	}
	if match := importID.FindStringSubmatch(text); match != nil {
		imported, importErr := s.driver().importID(s.t.Context(), op.kind, match[1])
		return config, imported, importErr
	}
	return nil, state, fmt.Errorf("one more apply fails, and names no step that this test knows: %w", err)
}

// checkEnd checks what holds once everything is repaired.
func (s *scene) checkEnd(op operation, prior, end instance) {
	s.t.Helper()
	t, now, d := s.t, s.ids(), s.driver()
	s.equalsServer(op.kind, end)

	id := d.text(end, "id")
	if gone := d.text(prior, "id"); gone != "" && gone != id && slices.Contains(now, gone) {
		t.Errorf("%s should be gone", gone)
	}
	for _, is := range now {
		if is != id && !slices.Contains(s.before, is) && !s.comesAlong(is) {
			t.Errorf("%s is left over on the server", is)
		}
	}
	for _, was := range s.bystanders {
		if !slices.Contains(now, was) {
			t.Errorf("%s was there before, had nothing to do with it, and is gone", was)
		}
	}
	if key := d.text(end, "key"); op.kind == keyKind && key != "" {
		answers(t, s.server, key, 200)
	}

	// The second plan is empty. replace_existing may stay in or be taken out.
	config := op.configIn(s)
	if d.boolean(end, "replace_existing") {
		config["replace_existing"] = true
	}
	refreshed, err := d.refresh(t.Context(), op.kind, end)
	if err != nil {
		t.Fatalf("the second plan: %v", err)
	}
	if p, err := d.plan(t.Context(), op.kind, refreshed, config); err != nil || p.action != "" {
		t.Errorf("the second plan is not empty: %s, %v", p.action, err)
	}
}

// equalsServer compares a state with what the server has.
func (s *scene) equalsServer(kind string, state instance) {
	s.t.Helper()
	if kind != evaluatorKind && kind != setupKind || state.value.IsNull() {
		equalsServer(s.t, s.server, kind, state)
		return
	}
	d, got, want := s.driver(), "", ""
	for _, e := range s.server.Evaluators(s.projectKey) {
		want = fmt.Sprintf("%s %s %s", e.ID, e.Name, e.Slug)
		got = fmt.Sprintf("%s %s %s", d.text(state, "id"), d.text(state, "name"), d.text(state, "slug"))
	}
	for _, setup := range s.server.Setups(s.projectKey) {
		want = fmt.Sprintf("%s %s [%s]", setup.ID, setup.ExternalID, setup.Evaluators[0].Type)
		got = fmt.Sprintf("%s %s %s", d.text(state, "id"), d.text(state, "external_id"), d.collection(state, "evaluators"))
	}
	if want == "" || got != want {
		s.t.Errorf("the state has %s, and the server %s", got, want)
	}
}

// equalsServer is that of what the management key manages.
func equalsServer(tb testing.TB, server *emulatortest.Server, kind string, state instance) {
	tb.Helper()
	if state.value.IsNull() {
		return
	}
	d := &driver{t: tb}
	want := map[string]string{}
	switch id := d.text(state, "id"); kind {
	case projectKind:
		for _, p := range server.Projects() {
			if p.ID == id {
				want = map[string]string{"id": p.ID, "name": p.Name, "slug": p.Slug, "created_at": p.CreatedAt}
			}
		}
	case environmentKind:
		for _, v := range server.Environments("") {
			if v.ID == id {
				want = map[string]string{"id": v.ID, "name": v.Name, "slug": v.Slug, "scope": v.Scope, "project_id": "", "created_at": v.CreatedAt}
				if v.ProjectID != nil {
					want["project_id"] = *v.ProjectID
				}
			}
		}
	case keyKind:
		for _, k := range server.Keys() {
			if k.ID == id {
				want = map[string]string{"id": k.ID, "project_id": k.ProjectID, "environment": k.Environment, "masked_key": k.MaskedKey, "created_at": k.CreatedAt}
			}
		}
	}
	if len(want) == 0 {
		tb.Errorf("the state has %s %s, and the server has not", kind, d.text(state, "id"))
	}
	for name, value := range want {
		if name == "created_at" { // the server's has fractions of a second
			created, err := time.Parse(time.RFC3339, value)
			if err != nil {
				tb.Fatal(err)
			}
			value = created.UTC().Format(time.RFC3339)
		}
		if got := d.text(state, name); got != value {
			tb.Errorf("%s is %q in the state, and %q on the server", name, got, value)
		}
	}
}

// boolean returns a bool attribute; false when it is null or there is none.
func (d *driver) boolean(i instance, name string) bool {
	value, ok := attributes(d.t, i.value)[name]
	if !ok || value.IsNull() {
		return false
	}
	var b bool
	if err := value.As(&b); err != nil {
		d.t.Fatal(err)
	}
	return b
}

// collection returns the strings of a map or a set of the state; nil when it is null.
func (d *driver) collection(i instance, name string) []string {
	value := attributes(d.t, i.value)[name]
	if value.IsNull() {
		return nil
	}
	var elements []tftypes.Value
	if value.Type().Is(tftypes.Map{}) {
		var all map[string]tftypes.Value
		if err := value.As(&all); err != nil {
			d.t.Fatal(err)
		}
		elements = slices.Collect(maps.Values(all))
	} else if err := value.As(&elements); err != nil {
		d.t.Fatal(err)
	}
	texts := []string{}
	for _, element := range elements {
		var s string
		if err := element.As(&s); err != nil {
			d.t.Fatal(err)
		}
		texts = append(texts, s)
	}
	return texts
}
