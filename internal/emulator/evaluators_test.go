package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const evaluatorsPath = "/v2/evaluators"

// judge is the body of a creation, with changes: pairs of a name and a value; nil takes it away.
func judge(name string, changes ...any) map[string]any {
	body := map[string]any{
		"name": name, "provider": "openai", "model": "gpt-4o",
		"messages":     []any{map[string]any{"role": "user", "content": "Rate: {{text}}"}},
		"input_schema": []any{map[string]any{"name": "text", "type": "string"}}, "output_schema": []any{map[string]any{"name": "good", "type": "boolean"}},
	}
	for i := 0; i < len(changes); i += 2 {
		if body[changes[i].(string)] = changes[i+1]; changes[i+1] == nil {
			delete(body, changes[i].(string))
		}
	}
	return body
}

func inJSON(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestEvaluator_life(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := emulatortest.Start(t, emulatortest.WithNow(func() time.Time { return now }))
	key := keyOf(s, "prd")
	_, elsewhere := s.GenerateKey(s.CreateProject("Other").ID, "dev")

	created := decoded[struct {
		ID        string `json:"evaluator_id"`
		Slug      string
		Type      string
		VersionID string `json:"version_id"`
		Bindings  []string
	}](t, asKey(t, s, key, "POST", evaluatorsPath, inJSON(t, judge("Tone of voice", "description", "d", "temperature", 0.5, "stop", []string{"x"}))), http.StatusOK)
	if created.ID == "" || created.Slug != "tone-of-voice" || created.Type != "LLM_AS_A_JUDGE" || created.VersionID == "" || created.Bindings == nil {
		t.Errorf("created %+v", created)
	}
	read := func(id string) emulatortest.Evaluator {
		t.Helper()
		return decoded[emulatortest.Evaluator](t, asKey(t, s, elsewhere, "GET", evaluatorsPath+"/"+id, ""), http.StatusOK) // it is the organization's
	}
	first := read(created.ID)
	if inJSON(t, read("tone-of-voice")) != inJSON(t, first) {
		t.Error("by its slug it is another one")
	}
	if first.Name != "Tone of voice" || first.Source != "custom" || first.Version != "1" || first.Description != "d" || *first.Config.LLMConfig.Temperature != 0.5 ||
		first.Config.LLMConfig.Stop[0] != "x" || first.Config.Messages[0].Content != "Rate: {{text}}" || first.CreatedAt != "2026-01-02T03:04:05.000Z" || first.UpdatedAt != first.CreatedAt {
		t.Errorf("read %+v", first)
	}

	now = now.Add(time.Minute)
	patch := func(change any) {
		t.Helper()
		changed := decoded[map[string]any](t, asKey(t, s, key, "PATCH", evaluatorsPath+"/tone-of-voice", inJSON(t, change)), http.StatusOK)
		if changed["evaluator"].(map[string]any)["id"] != created.ID {
			t.Errorf("answered %v", changed)
		}
	}
	patch(map[string]any{"name": "Tone of voice"}) // which it has
	if same := read(created.ID); same.Version != "1" || same.UpdatedAt != first.UpdatedAt {
		t.Errorf("nothing has changed, and it is %+v", same)
	}
	patch(map[string]any{"name": "Politeness"})
	if renamed := read(created.ID); renamed.Name != "Politeness" || renamed.Slug != "tone-of-voice" || renamed.Version != "2" || renamed.UpdatedAt != "2026-01-02T03:05:05.000Z" ||
		renamed.Description != "d" || *renamed.Config.LLMConfig.Temperature != 0.5 {
		t.Errorf("renamed to %+v", renamed)
	}
	patch(map[string]any{"config": map[string]any{
		"provider": "anthropic", "messages": []any{map[string]any{"role": "system", "content": "c"}}, "llm_config": map[string]any{"model": "claude"},
	}})
	if replaced := read(created.ID); replaced.Version != "3" || replaced.Config.Provider != "anthropic" || replaced.Config.LLMConfig.Temperature != nil ||
		replaced.Description != "" || len(replaced.InputSchema) != 1 {
		t.Errorf("replaced by %+v", replaced)
	}
	patch(map[string]any{"input_schema": []any{map[string]any{"name": "n", "type": "enum", "enum_values": []string{"a"}}}})
	if inputs := read(created.ID).InputSchema; len(inputs) != 1 || inputs[0].EnumValues[0] != "a" {
		t.Errorf("the inputs are %+v", inputs)
	}

	if setup := s.CreateSetup(key, "m", "tone-of-voice", "char-count"); setup.Evaluators[0].Type != "tone-of-voice" {
		t.Errorf("its monitor is %+v", setup)
	}
}

func TestEvaluator_lists(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	key := keyOf(s, "prd")
	s.CreateEvaluator(key, judge("A"))
	s.CreateEvaluator(key, judge("B"))
	list := func(query string) (slugs []string) {
		t.Helper()
		for _, v := range decoded[struct{ Evaluators []emulatortest.Evaluator }](t, asKey(t, s, key, "GET", evaluatorsPath+query, ""), http.StatusOK).Evaluators {
			slugs = append(slugs, v.Slug)
		}
		return slugs
	}
	prebuilt := traceloop.PublishedEvaluators
	for query, want := range map[string][]string{"": append(append([]string{}, prebuilt...), "a", "b"), "?source=custom": {"a", "b"}, "?source=prebuilt": prebuilt} {
		if got := list(query); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
	pii := decoded[emulatortest.Evaluator](t, asKey(t, s, key, "GET", evaluatorsPath+"/pii-detector", ""), http.StatusOK)
	if pii.Type != "PII_DETECTOR" || pii.Source != "prebuilt" || pii.Config != nil {
		t.Errorf("a prebuilt one is %+v", pii)
	}
}
