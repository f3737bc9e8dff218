package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

// What is tolerated in answers about evaluators must not depend on the emulator. So the answers of
// this file are written by hand.

const (
	createEvaluator = "POST " + evaluatorsPath
	listEvaluators  = "GET " + evaluatorsPath
	readEvaluator   = "GET " + evaluatorsPath + "/ev-1"
	changeEvaluator = "PATCH " + evaluatorsPath + "/ev-1"
)

// shown is an evaluator in an answer: as evaluatorConfig requests it. with replaces fields; nil
// removes one.
func shown(with map[string]any) string {
	fields := map[string]any{
		"id": "ev-1", "name": "Tone", "slug": "tone", "type": "LLM_AS_A_JUDGE", "version": "1", "source": "custom", "created_at": time.Now().UTC().Format(time.RFC3339Nano),
		"input_schema":  []any{map[string]any{"name": "text", "type": "string"}},
		"output_schema": []any{map[string]any{"name": "tone", "type": "enum", "enum_values": []string{"polite", "rude"}}},
		"config": map[string]any{
			"provider": "openai", "messages": []any{map[string]any{"role": "user", "content": "Judge {{text}}"}}, "llm_config": map[string]any{"model": "gpt-4o-mini"},
		},
	}
	maps.Copy(fields, with)
	maps.DeleteFunc(fields, func(_ string, value any) bool { return value == nil })
	body, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return string(body)
}

// withLLM is an llm_config in an answer.
func withLLM(llm map[string]any) map[string]any {
	config := map[string]any{"model": "gpt-4o-mini"}
	maps.Copy(config, llm)
	return map[string]any{"config": map[string]any{"provider": "openai", "messages": []any{map[string]any{"role": "user", "content": "Judge {{text}}"}}, "llm_config": config}}
}

// evaluating is a service with one evaluator.
func evaluating(t *testing.T, body string) *answering {
	t.Helper()
	return newAnswering(t, map[string]string{
		createEvaluator: `200 {"evaluator_id":"ev-1","slug":"tone","type":"LLM_AS_A_JUDGE","version_id":"v-1","bindings":[]}`,
		changeEvaluator: "200 ", // no body
		readEvaluator:   "200 " + body,
		listEvaluators:  `200 {"evaluators":[` + body + `]}`,
		listSetups:      "200 []",
	})
}

// evaluatorLife is the life of an evaluator at this service. It waits for nothing.
func (a *answering) evaluatorLife(t *testing.T, now func() time.Time) *life {
	t.Helper()
	newServer := provider.NewServerWithSleep(now, func(context.Context, time.Duration) error { return nil })
	return newLife(newDriverOf(t, newServer, arguments{"base_url": a.URL, "project_api_key": madeUpKey, "max_retries": int64(0)}), evaluatorKind)
}

// What an answer leaves out is kept from the state, and is no drift.
func TestEvaluatorAnswers_leftOut(t *testing.T) {
	t.Parallel()
	config := evaluatorConfig("Tone").with(arguments{"temperature": 0.2, "stop": []string{"END"}, "description": "Polite?"})
	for name, body := range map[string]string{
		"no more than the id": `{"id":"ev-1"}`,
		"null":                `{"id":"ev-1","name":null,"slug":null,"description":null,"input_schema":null,"output_schema":null,"config":null,"created_at":null}`,
		"an empty config":     shown(map[string]any{"config": map[string]any{}}),
		"no llm_config":       shown(map[string]any{"config": map[string]any{"provider": "openai"}}),
		"parts of parts": shown(map[string]any{
			"input_schema":  []any{map[string]any{"name": "text"}},
			"output_schema": []any{map[string]any{"name": "tone", "type": "enum"}},
			"config":        map[string]any{"messages": []any{map[string]any{"role": "user"}}},
		}),
		"an empty list": shown(map[string]any{"input_schema": []any{}, "output_schema": []any{}}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := evaluating(t, body)
			l := a.evaluatorLife(t, time.Now)
			l.apply(config, "create")
			l.has(config.with(arguments{"id": "ev-1", "slug": "tone", "type": "LLM_AS_A_JUDGE"}))
			l.apply(config.with(arguments{"temperature": 0.5, "description": "Rude?"}), "update")
			l.has(arguments{"temperature": 0.5, "description": "Rude?", "slug": "tone"})
			if n := a.count("PATCH"); n != 1 {
				t.Errorf("%d changes were sent", n)
			}
		})
	}

	// A creation that answers no more than the id: nobody knows the slug until an answer shows it.
	a := evaluating(t, `{"id":"ev-1"}`)
	a.set(map[string]string{createEvaluator: `200 {"evaluator_id":"ev-1"}`})
	l := a.evaluatorLife(t, time.Now)
	l.apply(config, "create")
	l.has(arguments{"id": "ev-1", "slug": nil, "version": nil})
	if created, err := time.Parse(time.RFC3339, l.provider.text(l.state, "created_at")); err != nil || time.Since(created) > time.Minute {
		t.Errorf("created_at is %s, %v", created, err)
	}
	l.apply(config.with(arguments{"temperature": 0.5}), "update")

	// What refers to it gets null, and the warning says why: after the creation, and at each read, as that of an import.
	// An import by the slug knows it.
	without := evaluating(t, `{"id":"ev-1"}`)
	without.set(map[string]string{createEvaluator: `200 {"evaluator_id":"ev-1"}`, "GET " + evaluatorsPath + "/tone": `200 {"id":"ev-1"}`, listEvaluators: "200 []"})
	other := without.evaluatorLife(t, time.Now)
	shows(t, other.appliesWith(config), "Evaluator Without a Slug", "null set value", "import it by its slug")
	for id, slug := range map[string]any{"ev-1": nil, "tone": "tone"} {
		other.takesOver(id)
		other.has(arguments{"slug": slug})
		d, typ := other.provider.next(), other.state.value.Type()
		read := ask(t.Context(), t, d.server.ReadResource, &tfprotov6.ReadResourceRequest{TypeName: evaluatorKind, CurrentState: d.dynamic(typ, other.state.value)})
		if slices.Contains(warnings(read.Diagnostics), "Evaluator Without a Slug") != (slug == nil) {
			t.Errorf("%s: the read warns %q", id, warnings(read.Diagnostics))
		}
	}

	a.set(map[string]string{readEvaluator: `200 {"id":"ev-1","slug":"tone"}`})
	l.changesNothing(config.with(arguments{"temperature": 0.5}))
	l.has(arguments{"slug": "tone"})
}

// What an answer shows differently is drift. Numbers that are not set may be shown as 0.
func TestEvaluatorAnswers_drift(t *testing.T) {
	t.Parallel()
	config := evaluatorConfig("Tone").with(arguments{"temperature": 0.2})
	a := evaluating(t, shown(withLLM(map[string]any{"temperature": 0.2, "top_p": 0, "max_tokens": 0, "frequency_penalty": 0, "presence_penalty": 0, "stop": []any{}})))
	l := a.evaluatorLife(t, time.Now)
	l.apply(config, "create")
	l.has(arguments{"top_p": nil, "max_tokens": nil, "stop": nil})

	for name, with := range map[string]map[string]any{
		"name":        {"name": "Other"},
		"description": {"description": "Else"},
		"input":       {"input_schema": []any{map[string]any{"name": "text", "type": "int"}}},
		"message":     {"config": map[string]any{"messages": []any{map[string]any{"role": "user", "content": "Else"}}}},
		"model":       withLLM(map[string]any{"model": "other"}),
		"temperature": withLLM(map[string]any{"temperature": 0}),
		"max tokens":  withLLM(map[string]any{"max_tokens": 5}),
		"stop":        withLLM(map[string]any{"stop": []string{"x"}}),
	} {
		a.set(map[string]string{readEvaluator: "200 " + shown(with)})
		if p := l.plan(config, true); p.action != "update" {
			t.Errorf("%s: the plan is to %q", name, p.action)
		}
	}
}

// What Traceloop stores in another form than it was requested in, such as a number that it chose where none is set, is no
// drift. Anything else that it then stores is, and so is what it did not change although it should have.
func TestEvaluatorAnswers_anotherForm(t *testing.T) {
	t.Parallel()
	answer := func(model string, temperature float64) map[string]string {
		schema := func(name string) []any {
			return []any{map[string]any{"name": name, "type": "enum", "description": "d", "enum_values": []string{"polite", "rude"}}}
		}
		return map[string]string{readEvaluator: "200 " + shown(map[string]any{
			"name": "Tone", "description": "d", "input_schema": schema("text"), "output_schema": schema("tone"),
			"config": map[string]any{"provider": "openai", "messages": []any{map[string]any{"role": "user", "content": "Judge {{text}}"}}, "llm_config": map[string]any{
				"model": model, "temperature": temperature, "top_p": 0.5, "max_tokens": 9, "frequency_penalty": 0.1, "presence_penalty": 0.1, "stop": []string{"s"},
			}},
		})}
	}
	property := func(name string) []arguments {
		return []arguments{{"name": name, "type": "enum", "description": "d ", "enum_values": []string{"polite", "rude"}}}
	}
	config := evaluatorConfig("tone").with(arguments{
		"description": "d ", "llm_provider": "OpenAI", "model": "GPT", "messages": []arguments{{"role": "user", "content": "Judge {{text}}\n"}},
		"input_schema": property("text"), "output_schema": property("tone"), "stop": []string{"s "}, "top_p": 0.5,
	})
	a := evaluating(t, "")
	a.set(answer("gpt", 0.7))
	l := a.evaluatorLife(t, time.Now)
	l.apply(config, "create")
	l.changesNothing(config)

	imported := a.evaluatorLife(t, time.Now)
	imported.takesOver("ev-1")
	imported.apply(config.with(arguments{"temperature": 0.7, "max_tokens": int64(9), "frequency_penalty": 0.1, "presence_penalty": 0.1}), "update")

	other := a.evaluatorLife(t, time.Now)
	another := config.with(arguments{"stop": []string{"s", "t"}})
	_ = other.appliesWith(another)
	if p := other.plan(another, true); p.action != "update" {
		t.Errorf("the plan after Traceloop stored something else is to %q", p.action)
	}

	a.after(changeEvaluator, answer("gpt-5", 0.7))
	config = config.with(arguments{"model": "GPT-5"})
	l.apply(config, "update")
	without := config.with(arguments{"top_p": nil})
	if err := l.saves(without).apply(l.provider.next()); err != nil {
		t.Fatal(err)
	}
	if p := l.plan(without, true); p.action != "update" {
		t.Errorf("the plan after Traceloop did not take top_p back is to %q", p.action)
	}
	a.set(answer("gpt-5", 0.9))
	if p := l.plan(config, true); p.action != "update" {
		t.Errorf("the plan after another choice is to %q", p.action)
	}
}

// The state has what was requested, and a warning names what the service shows instead.
func TestEvaluatorAnswers_serviceChooses(t *testing.T) {
	t.Parallel()
	config := evaluatorConfig("Tone").with(arguments{"slug": "my-tone"})
	a := evaluating(t, shown(withLLM(map[string]any{"temperature": 0.7})))
	l := a.evaluatorLife(t, time.Now)
	shows(t, l.appliesWith(config), "Answer Differs From the Request", `slug: "my-tone"; the answer has "tone"`, "temperature: <null>; the answer has 0.7")
}

// Once it is created, nothing is an error: that would mark it as tainted.
func TestEvaluatorAnswers_createdAndNotRead(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{"a failure": "500 {}", "not yet": `404 {"error":"Evaluator not found"}`} {
		a := evaluating(t, shown(nil))
		a.set(map[string]string{readEvaluator: answer, listEvaluators: `200 {"evaluators":[]}`})
		l := a.evaluatorLife(t, time.Now)
		config := evaluatorConfig("Tone")
		d := l.provider.next()
		made, err := d.create(t.Context(), evaluatorKind, config)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		l.state = made
		l.has(arguments{"id": "ev-1", "slug": "tone", "version": nil})
		a.set(map[string]string{readEvaluator: "200 " + shown(nil)})
		l.changesNothing(config)
		l.has(arguments{"version": "1"})
	}
}

// The slug of a lost answer may be another one than the provider makes from the name: an older evaluator has that.
func TestEvaluatorAnswers_lostWithAnotherSlug(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Other", "Tone"} {
		older := shown(map[string]any{"id": "ev-0", "name": name, "created_at": "2026-01-02T03:04:05Z"})
		made := shown(map[string]any{"slug": "tone-2", "created_at": time.Now().Add(time.Second).UTC().Format(time.RFC3339Nano)})
		a := evaluating(t, made)
		a.set(map[string]string{createEvaluator: "200 {}", listEvaluators: `200 {"evaluators":[` + older + `]}`})
		a.after(createEvaluator, map[string]string{listEvaluators: `200 {"evaluators":[` + older + "," + made + `]}`})
		l := a.evaluatorLife(t, time.Now)
		l.apply(evaluatorConfig("Tone"), "create")
		l.has(arguments{"id": "ev-1", "slug": "tone-2"})
		if n := a.count(createEvaluator); n != 1 {
			t.Errorf("%s: it was created with %d requests", name, n)
		}
	}
}

// A service without these operations is told as such, and nothing is lost.
func TestEvaluatorAnswers_missingOperations(t *testing.T) {
	t.Parallel()
	a := evaluating(t, shown(nil))
	l := a.evaluatorLife(t, time.Now)
	config := evaluatorConfig("Tone")
	l.apply(config, "create")
	a.set(map[string]string{changeEvaluator: "405 {}"})
	l.refusesToApply(config.with(arguments{"temperature": 0.5}), "Unable to Change Evaluator", "The service cannot change this object", "set the argument back")
	a.set(map[string]string{changeEvaluator: `404 {"error":"Evaluator not found"}`})
	l.refusesToApply(config.with(arguments{"temperature": 0.5}), "Evaluator No Longer Exists", "Plan again")
	a.set(map[string]string{readEvaluator: "405 {}"})
	_, err := l.provider.next().refresh(t.Context(), evaluatorKind, l.state)
	refuses(t, err, "Unable to Read Evaluator", "does not have this operation")
	a.set(map[string]string{createEvaluator: `400 {"error":"model is unknown"}`})
	d := l.provider.next()
	_, err = d.create(t.Context(), evaluatorKind, config)
	refuses(t, err, "Unable to Create Evaluator", "model is unknown", "Correct the configuration")
	if strings.Contains(fmt.Sprint(err), madeUpKey) {
		t.Error("the error shows the key")
	}
}
