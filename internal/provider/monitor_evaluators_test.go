package provider_test

import (
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// A new slug is compared with the organization's own list, or, if that cannot be read, with the
// published one.
func TestSetup_unknownEvaluators(t *testing.T) {
	t.Parallel()
	all := func(except ...string) string {
		list := []string{`{"id":"ev-1","slug":"our-tone","name":"Tone"}`}
		for _, slug := range traceloop.PublishedEvaluators {
			if !strings.Contains(strings.Join(except, " "), slug) {
				list = append(list, `{"id":"`+slug+`","slug":"`+slug+`"}`)
			}
		}
		return `200 {"evaluators":[` + strings.Join(list, ",") + `]}`
	}
	for name, test := range map[string]struct {
		list, slug string
		want       []string // nothing: no warning
	}{
		"its own":                {all(), "our-tone", nil},
		"prebuilt":               {all(), "pii-detector", nil},
		"SaaS only, and there":   {all(), "tone-detection", nil},
		"a typo of its own":      {all(), "our-tones", []string{"Unknown Evaluator", `Did you mean "our-tone"?`, "traceloop_evaluator.example.slug"}},
		"a type":                 {all(), "PII_DETECTOR", []string{"Unknown Evaluator", `Did you mean "pii-detector"?`}},
		"SaaS only, not there":   {all("tone-detection"), "tone-detection", []string{"Unknown Evaluator", `marks it as "SaaS only"`}},
		"unlisted, not there":    {all("action-advancement"), "action-advancement", []string{"Unknown Evaluator", "its page of evaluator slugs does not list it"}},
		"a list of only its own": {`200 {"evaluators":[{"id":"ev-1","slug":"our-tone"}]}`, "pii-detector", nil},
		"no list, published":     {`404 {"error":"not found"}`, "pii-detector", nil},
		"no list, own":           {`404 {"error":"not found"}`, "our-tone", []string{"Evaluator Is Not in the Published List", "published on 2026-06-18"}},
		"no list, a typo":        {`403 {"error":"Forbidden"}`, "pii_detektor", []string{"Evaluator Is Not in the Published List", `Did you mean "pii-detector"?`}},
		"no list, SaaS only":     {`403 {"error":"Forbidden"}`, "tone-detection", []string{"Evaluator May Not Be Available", `marks it as "SaaS only"`}},
		"no list, unlisted":      {`403 {"error":"Forbidden"}`, "action-advancement", []string{"Evaluator May Not Be Available", "its page of evaluator slugs"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := newAnswering(t, map[string]string{listEvaluators: test.list, listSetups: "200 []"})
			l := service.life(t, arguments{"max_retries": int64(0)})
			p := l.plan(setupConfig("checkout", "char-count", test.slug), true)
			if got := said(p.diags); len(test.want) == 0 && got != "" || !says(test.want...).MatchString(got) {
				t.Errorf("the plan warns: %q", got)
			}
			if n := service.count(listEvaluators); n != 1 {
				t.Errorf("the list was read %d times", n)
			}
		})
	}
}

// An evaluator that the same plan creates is not unknown, whether its slug is known or not.
func TestCLI_setupOfANewEvaluator(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	cli := newCLI(t, server)
	cli.Env = append(cli.Env, "TRACELOOP_PROJECT_API_KEY="+projectKey(server, "prd"))
	const monitor = "\nresource \"traceloop_auto_monitor_setup\" \"quality\" {\n  external_id = \"checkout\"\n  evaluators  = [traceloop_evaluator.tone.slug, \"answer-relevancy\"]\n}\n"
	cli.write(toneHCL("Tone", "Judge {{text}}", "") + monitor)
	for _, out := range []string{cli.plan(), cli.apply()} {
		hides(t, out, "Warning: Unknown", "Warning: Evaluator")
	}
	shows(t, cli.plan(), "No changes")
	cli.write(toneHCL("Tone", "Judge {{text}}", "") + strings.ReplaceAll(monitor, "traceloop_evaluator.tone.slug", `"support-tome"`))
	shows(t, cli.plan(), "Unknown Evaluator", `Did you mean "support-tone"?`)
}

// An answer may show the organization's own evaluators by their type. Their ids tell which ones they
// are.
func TestSetupAnswers_ownEvaluatorsByID(t *testing.T) {
	t.Parallel()
	own := func(ids ...string) map[string]any {
		evaluators := evaluatorsOf("CHAR_COUNT")
		for _, id := range ids {
			evaluators = append(evaluators, map[string]any{"evaluator_type": "LLM_AS_A_JUDGE", "evaluator_id": id, "status": "completed"})
		}
		return map[string]any{"evaluators": evaluators}
	}
	setup := answered("checkout", own("ev-1", "ev-2"))
	service := newAnswering(t, map[string]string{
		listEvaluators: `200 {"evaluators":[{"id":"ev-1","slug":"tone"},{"id":"ev-2","slug":"facts"},{"id":"ev-3","slug":"else"},{"id":"cc","slug":"char-count"}]}`,
		listSetups:     "200 []", createSetup: "200 " + setup, readSetup: "200 " + setup,
	})
	l := service.life(t, nil)
	config := setupConfig("checkout", "char-count", "facts", "tone")
	l.apply(config, "create")
	for _, slug := range []string{"tone", "facts"} {
		if status := l.provider.format(l.nested("evaluator_status", slug)); status != "status=completed" {
			t.Errorf("the status of %s is %q", slug, status)
		}
	}
	l.imports("checkout")
	service.set(map[string]string{readSetup: "200 " + answered("checkout", own("ev-1", "ev-3"))})
	if p := l.plan(config, true); p.action != "update" {
		t.Errorf("another evaluator is no drift: %q", p.action)
	}
}
