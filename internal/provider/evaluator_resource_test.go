package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

const (
	evaluatorKind    = "traceloop_evaluator"
	evaluatorAddress = "traceloop_evaluator.tone"
	evaluatorsPath   = "/v2/evaluators"
)

// toneHCL is an evaluator with all arguments.
func toneHCL(name, content, rest string) string {
	return fmt.Sprintf(`
resource "traceloop_evaluator" "tone" {
  name         = %q
  slug         = "support-tone"
  description  = "Is the answer polite?"
  llm_provider = "openai"
  model        = "gpt-4o-mini"
  messages = [
    { role = "system", content = "You judge the tone of a support agent." },
    { role = "user", content = %q },
  ]
  input_schema  = [{ name = "text", type = "string", description = "The answer." }]
  output_schema = [
    { name = "tone", type = "enum", enum_values = ["polite", "rude"] },
    { name = "reason", type = "string" },
  ]
  temperature       = 0.2
  top_p             = 0.9
  max_tokens        = 256
  frequency_penalty = 0.1
  presence_penalty  = 0
  stop              = ["END"]
  %s
}
`, name, content, rest)
}

func TestAccEvaluator_life(t *testing.T) { inBothVariants(t, accEvaluatorLife) }

func accEvaluatorLife(t *testing.T, variant emulatortest.Option) {
	t.Helper()
	server := emulatortest.Start(t, variant)
	key := projectKey(server, "prd")
	hcl := func(name, content, rest string) string {
		return withProjectKey(server, key, toneHCL(name, content, rest))
	}
	verify := resource.TestStep{ResourceName: evaluatorAddress, ImportState: true, ImportStateVerify: true}
	bySlug := resource.TestStep{ // it plans no change
		ResourceName: evaluatorAddress, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: "support-tone",
	}

	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		CheckDestroy: func(*terraform.State) error {
			if all := server.Evaluators(key); len(all) != 1 {
				return fmt.Errorf("the server has %d evaluators, want the one that was forgotten", len(all))
			}
			return nil
		},
		Steps: []resource.TestStep{
			{
				Config:           hcl("Tone", "Judge {{text}}", ""),
				ConfigPlanChecks: created(evaluatorAddress),
				ConfigStateChecks: []statecheck.StateCheck{
					attribute(evaluatorAddress, "slug", "support-tone"),
					attribute(evaluatorAddress, "type", "LLM_AS_A_JUDGE"),
					attribute(evaluatorAddress, "version", "1"),
					statecheck.ExpectKnownValue(evaluatorAddress, tfjsonpath.New("temperature"), knownvalue.Float64Exact(0.2)),
					statecheck.ExpectKnownValue(evaluatorAddress, tfjsonpath.New("presence_penalty"), knownvalue.Float64Exact(0)),
					statecheck.ExpectKnownValue(evaluatorAddress, tfjsonpath.New("output_schema").AtSliceIndex(0).AtMapKey("enum_values").AtSliceIndex(1), knownvalue.StringExact("rude")),
				},
			},
			verify, bySlug,
			{
				Config: hcl("Tone of support", "Judge this: {{text}}", ""),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(evaluatorAddress, plancheck.ResourceActionUpdate),
					plancheck.ExpectUnknownValue(evaluatorAddress, tfjsonpath.New("version")),
					plancheck.ExpectKnownValue(evaluatorAddress, tfjsonpath.New("slug"), knownvalue.StringExact("support-tone")),
				}},
				ConfigStateChecks: []statecheck.StateCheck{attribute(evaluatorAddress, "version", "2"), attribute(evaluatorAddress, "name", "Tone of support")},
			},
			{
				Config:      withProjectKey(server, key, ""),
				ExpectError: says("Deletion Protection Is On", "Traceloop has no operation that deletes an evaluator", "deletion_protection = false", "removed {"),
			},
			{
				Config: hcl("Tone of support", "Judge this: {{text}}", "deletion_protection = false"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(evaluatorAddress, plancheck.ResourceActionUpdate),
					plancheck.ExpectKnownValue(evaluatorAddress, tfjsonpath.New("version"), knownvalue.StringExact("2")),
				}},
			},
		},
	})
}

// evaluatorConfig is the smallest evaluator.
func evaluatorConfig(name string) arguments {
	return arguments{
		"name": name, "llm_provider": "openai", "model": "gpt-4o-mini",
		"messages":      []arguments{{"role": "user", "content": "Judge {{text}}"}},
		"input_schema":  []arguments{{"name": "text", "type": "string"}},
		"output_schema": []arguments{{"name": "tone", "type": "enum", "enum_values": []string{"polite", "rude"}}},
	}
}

// evaluatorLife is the whole life of an evaluator, with a provider of any paths.
func evaluatorLife(t *testing.T, server *emulatortest.Server, newServer newServer) {
	t.Helper()
	key := projectKey(server, "prd")
	l := newLife(newDriverOf(t, newServer, arguments{"base_url": server.URL, "project_api_key": key}), evaluatorKind)

	config := evaluatorConfig("Support tone")
	created := l.apply(config, "create")
	if got := created.unknown(t); got != "created_at id slug type updated_at version" {
		t.Errorf("the plan does not know %s", got)
	}
	l.has(arguments{"slug": "support-tone", "version": "1", "description": nil, "temperature": nil, "deletion_protection": true})
	id := l.id()

	// Only what has changed is sent, and the whole config where any of it has.
	server.ResetRequests()
	config = config.with(arguments{"name": "Tone", "temperature": 0.2, "max_tokens": int64(64), "stop": []string{"END"}, "description": "Polite?"})
	l.apply(config, "update")
	l.has(arguments{"slug": "support-tone", "version": "2", "temperature": 0.2, "max_tokens": int64(64), "description": "Polite?"})
	l.imports(id)
	l.imports("support-tone")
	_, err := l.provider.next().importID(t.Context(), evaluatorKind, "word-count")
	refuses(t, err, "Unable to Import Evaluator", "one of Traceloop's")
	if found, err := l.provider.next().query(evaluatorKind, nil, 10, true); err != nil || len(found) != 1 || found[0].name != "Tone" || !found[0].resource.Equal(l.state.value) {
		t.Errorf("the list has %+v, %v; the state has %v", found, err, l.state.value)
	}
	if n := writes(server); n != 1 {
		t.Errorf("an update takes %d requests that write", n)
	}

	// More digits than a service has room for are no drift.
	config = config.with(arguments{"temperature": inHCL(t, "0.1234567890123456789012345678901234567890")})
	l.apply(config, "update")
	l.has(arguments{"temperature": config["temperature"]})

	for _, name := range []string{"temperature", "max_tokens", "stop", "description"} {
		delete(config, name)
	}
	l.apply(config, "update")
	if got := server.Evaluators(key)[0]; got.Config.LLMConfig.Temperature != nil || got.Config.LLMConfig.MaxTokens != nil || got.Config.LLMConfig.Stop != nil || got.Description != "" {
		t.Errorf("what is not set any more is still there: %+v", got)
	}

	// A change outside Terraform is drift.
	server.UpdateEvaluator(key, id, map[string]any{"name": "Other"})
	l.apply(config, "update")

	// Protection is only in the state.
	server.ResetRequests()
	hides(t, failure(l.refusesToPlan(nil, "Deletion Protection Is On", "Terraform would only forget it", "set deletion_protection = false", "removed {")).Error(), "irreversible")
	if got := l.apply(config.with(arguments{"deletion_protection": false}), "update").unknown(t); got != "" {
		t.Errorf("the plan does not know %s", got)
	}
	noWrites(t, server)
	version := l.provider.text(l.state, "version")
	destroyed := l.plan(nil, true)
	warns(t, destroyed.diags, "Evaluator Will Not Be Deleted", id, `with the slug "support-tone"`)
	l.destroy()
	noWrites(t, server)
	if all := server.Evaluators(key); len(all) != 1 || all[0].ID != id || all[0].Version != version {
		t.Errorf("the evaluator was not only forgotten: %+v", all)
	}

	// It comes back by an import.
	l.takesOver("support-tone")
	l.changesNothing(config)
}

// A slug that changes makes another evaluator. Terraform only forgets the old one, so its slug is
// taken.
func TestEvaluator_replacement(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	key := projectKey(server, "prd")
	l := keyedLife(t, server, key, evaluatorKind)
	config := evaluatorConfig("Tone").with(arguments{"slug": "tone", "deletion_protection": false})
	l.apply(config.with(arguments{"deletion_protection": true}), "create")
	first := l.id()
	l.refusesToPlan(config.with(arguments{"slug": "tone-2"}), "Deletion Protection Is On", `because slug changes from "tone" to "tone-2"`)
	l.apply(config, "update")

	server.CreateEvaluator(key, map[string]any{
		"name": "Else", "slug": "else", "provider": "openai", "model": "m", "messages": []any{map[string]any{"role": "user", "content": "x"}},
		"input_schema": []any{map[string]any{"name": "a", "type": "string"}}, "output_schema": []any{map[string]any{"name": "b", "type": "string"}},
	})
	l.refusesToPlan(config.with(arguments{"slug": "else"}), "Unable to Replace Evaluator", `The evaluator "Else"`, "Terraform would forget the old evaluator", "-refresh=false", "terraform state rm ADDRESS. Then import that one")
	l.refusesToPlan(config.with(arguments{"slug": "answer-relevancy"}), "Unable to Replace Evaluator", "one of Traceloop's")
	forced := l.state
	forced.forced = true
	d := l.provider.next()
	_, err := d.plan(t.Context(), evaluatorKind, forced, config)
	refuses(t, err, "Evaluator Cannot Be Replaced", first, "-replace", "-refresh=false")

	server.SetFaults(emulatortest.Fault{Method: "POST", Path: evaluatorsPath, Kind: "status", Status: 400})
	d = l.provider.next()
	_, _, err = d.apply(t.Context(), evaluatorKind, l.state, config.with(arguments{"slug": "tone-2"}))
	refuses(t, err, "Unable to Create Evaluator", "This apply has already forgotten the evaluator", first, "import it by that id")
	server.SetFaults()
	l.apply(config.with(arguments{"slug": "tone-2"}), "replace")
	if l.id() == first || len(server.Evaluators(key)) != 3 {
		t.Errorf("the evaluator %s follows %s; there are %d", l.id(), first, len(server.Evaluators(key)))
	}

	// A tainted one is replaced without a question to the provider, so its delete asks.
	l.apply(config.with(arguments{"slug": "tone-2", "deletion_protection": true}), "update")
	tainted := l.state
	tainted.tainted = true
	d = l.provider.next()
	if tainted, err = d.refresh(t.Context(), evaluatorKind, tainted); err != nil {
		t.Fatal(err)
	}
	after, p, err := d.apply(t.Context(), evaluatorKind, tainted, config.with(arguments{"slug": "tone-2"}))
	refuses(t, err, "Deletion Protection Is On", "terraform untaint")
	warns(t, p.diags, "Evaluator Exists Already", "This configuration manages that evaluator", "terraform untaint")
	if d.text(after, "id") != l.id() {
		t.Error("the state has lost the evaluator")
	}
}

// A slug or a name that is taken is a warning, and apply refuses that evaluator alone.
func TestEvaluator_taken(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	key := projectKey(server, "prd")
	l := keyedLife(t, server, key, evaluatorKind)
	l.apply(evaluatorConfig("Tone"), "create")
	for name, test := range map[string]struct {
		config  arguments
		phrases []string
	}{
		"slug":               {evaluatorConfig("Else").with(arguments{"slug": "tone"}), []string{`The evaluator "Tone" (id ` + l.id() + `) has the slug "tone"`, "import {", `id = "` + l.id() + `"`}},
		"slug of a name":     {evaluatorConfig("TONE"), []string{`The evaluator "Tone" (id ` + l.id() + `) has the slug that Traceloop makes from the name "TONE"`, "import {"}},
		"one of Traceloop's": {evaluatorConfig("Else").with(arguments{"slug": "word-count"}), []string{`has the slug "word-count"`, "one of Traceloop's"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := l.provider.next()
			p, err := d.plan(t.Context(), evaluatorKind, d.none(evaluatorKind), test.config)
			if err != nil {
				t.Fatal(err)
			}
			shows(t, said(p.diags), append([]string{"Evaluator Exists Already"}, test.phrases...)...)
			d = l.provider.next()
			_, err = d.carryOut(t.Context(), evaluatorKind, d.none(evaluatorKind), p)
			refuses(t, err, append([]string{"Unable to Create Evaluator"}, test.phrases...)...)
			refuses(t, err, "No evaluator was created")
		})
	}
	if n := len(server.Evaluators(key)); n != 1 {
		t.Errorf("there are %d evaluators", n)
	}
	// The service may have another rule for slugs, so a name is enough for a warning.
	l.apply(evaluatorConfig("Renamed"), "update")
	other := keyedLife(t, server, key, evaluatorKind)
	shows(t, said(other.plan(evaluatorConfig("Renamed"), true).diags), `has the name "Renamed", from which Traceloop makes the slug`)
}

// A destroy frees no slug, because Traceloop keeps the evaluator. So a creation under another address is only warned
// about, in either order, and so is a second creation.
func TestEvaluator_inOnePlan(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	l := keyedLife(t, server, projectKey(server, "prd"), evaluatorKind)
	config := evaluatorConfig("Tone").with(arguments{"deletion_protection": false})
	l.apply(config, "create")
	none := l.provider.none(evaluatorKind)
	goes, comes := address{evaluatorKind, l.state, nil}, address{evaluatorKind, none, config.with(arguments{"slug": "tone"})}
	for _, order := range [][]address{{goes, comes}, {comes, goes}} {
		said, err := l.provider.next().plansTogether(order...)
		if slices.Sort(said); err != nil || !slices.Equal(said, []string{"Evaluator Exists Already", "Evaluator Will Not Be Deleted"}) {
			t.Errorf("the plan warns %q, %v", said, err)
		}
	}
	// Two new ones have one slug, also where the service makes it from a name. If one of them replaces an evaluator, that
	// one would be forgotten and have no successor.
	twice := address{evaluatorKind, none, evaluatorConfig("Twice")}
	for _, second := range []arguments{twice.config, evaluatorConfig("Else").with(arguments{"slug": "twice"})} {
		said, err := l.provider.next().plansTogether(twice, address{evaluatorKind, none, second})
		if err != nil || !slices.Equal(said, []string{"Two Resources for One Evaluator"}) {
			t.Errorf("the plan warns %q, %v", said, err)
		}
	}
	_, err := l.provider.next().plansTogether(address{evaluatorKind, l.state, config.with(arguments{"slug": "twice"})}, twice)
	refuses(t, err, "Two Resources for One Evaluator", "Nothing was changed")
}

func TestEvaluator_placeholders(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	l := keyedLife(t, server, projectKey(server, "prd"), evaluatorKind)
	messages := func(content any) arguments {
		return arguments{"messages": []arguments{{"role": "user", "content": content}}}
	}
	config := evaluatorConfig("Tone")
	for name, test := range map[string]struct {
		change arguments
		want   []string
	}{
		"all there":      {messages("Judge {{ text }} and {{text}}"), nil},
		"no input":       {messages("Judge {{text}} by {{rule}} and {{rule}}"), []string{"Placeholder Without Input"}},
		"no placeholder": {messages("Judge it."), []string{"Unused Input"}},
		"both":           {messages("Judge {{txt}}."), []string{"Placeholder Without Input", "Unused Input"}},
		"not known yet":  {messages(tftypes.NewValue(tftypes.String, tftypes.UnknownValue)), nil},
	} {
		d := l.provider.next()
		p, err := d.plan(t.Context(), evaluatorKind, d.none(evaluatorKind), config.with(test.change))
		if err != nil {
			t.Fatal(err)
		}
		got := warnings(p.diags)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	// What does not change is not warned about again.
	l.apply(config.with(messages("Judge it.")), "create")
	if got := warnings(l.plan(config.with(messages("Judge it.")).with(arguments{"temperature": 0.5}), true).diags); len(got) != 0 {
		t.Errorf("the warnings are %q", got)
	}
}

// An answer that is lost is looked for, by the slug or the name, and the time. There is never a second evaluator.
// The fault matrix has all other faults.
func TestEvaluator_lostAnswer(t *testing.T) {
	inBothVariants(t, func(t *testing.T, variant emulatortest.Option) {
		for name, test := range map[string]struct {
			fault   emulatortest.Fault
			now     func() time.Time
			phrases []string // none: it is found
		}{
			"carried out":     {emulatortest.Fault{Kind: "drop_after"}, time.Now, nil},
			"not carried out": {emulatortest.Fault{Kind: "status", Status: 500}, time.Now, []string{"The service does not show it", "Plan again"}},
			"an older one":    {emulatortest.Fault{Kind: "drop_after"}, anHourAgo, []string{"somebody else may have created it", "import {"}},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				server := emulatortest.Start(t, variant, emulatortest.WithNow(test.now))
				l := keyedLife(t, server, projectKey(server, "prd"), evaluatorKind)
				test.fault.Method, test.fault.Path, test.fault.Times = "POST", evaluatorsPath, 100
				server.SetFaults(test.fault)
				if test.phrases != nil {
					l.refusesToApply(evaluatorConfig("Tone"), append([]string{"Outcome of Creation Is Unknown"}, test.phrases...)...)
					return
				}
				l.apply(evaluatorConfig("Tone"), "create") // without a slug: it goes by the name
				l.has(arguments{"slug": "tone", "version": "1"})
				if n := calls(server, "POST", evaluatorsPath); n != 1 {
					t.Errorf("it was created with %d requests", n)
				}
			})
		}
	})
}

// said are the warnings among diagnostics, in full.
func said(diags []*tfprotov6.Diagnostic) string {
	var texts []string
	for _, diag := range diags {
		if diag.Severity == tfprotov6.DiagnosticSeverityWarning {
			texts = append(texts, diag.Summary+": "+diag.Detail)
		}
	}
	return strings.Join(texts, "\n")
}
