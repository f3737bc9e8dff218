package traceloop

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

// evaluatorJSON is what the SDK reads, in the service's own names.
const evaluatorJSON = `{"id":"ev-1","name":"Tone","slug":"tone","type":"LLM_AS_A_JUDGE","description":"d","version":"2","source":"custom",` +
	`"input_schema":[{"name":"text","type":"string"}],"output_schema":[{"name":"label","type":"enum","enum_values":["good","bad"],"description":"x"}],` +
	`"config":{"provider":"openai","messages":[{"role":"user","content":"Judge {{text}}"}],` +
	`"llm_config":{"model":"gpt-4o","temperature":0,"max_tokens":512,"top_p":0.9,"frequency_penalty":0.1,"presence_penalty":0.2,"stop":["\n"]}},` +
	`"created_at":"2026-01-02T03:04:05.123456789Z","updated_at":"2026-01-02T04:04:05+01:00"}`

func toneRequest() EvaluatorRequest {
	return EvaluatorRequest{
		Name: "Tone", Provider: "openai", LLM: LLM{Model: "gpt-4o"},
		Messages:     []EvaluatorMessage{{Role: "user", Content: "Judge {{text}}"}},
		InputSchema:  []EvaluatorProperty{{Name: "text", Type: "string"}},
		OutputSchema: []EvaluatorProperty{{Name: "label", Type: "enum", EnumValues: []string{"good", "bad"}}},
	}
}

func TestCreateEvaluator(t *testing.T) {
	for body, want := range map[string]Evaluator{
		`{"evaluator_id":"ev-1","slug":"tone","type":"LLM_AS_A_JUDGE","version_id":"v1","bindings":[]}`: {ID: "ev-1", Slug: "tone", Type: "LLM_AS_A_JUDGE"}, // as published
		`{"evaluator_id":"ev-1"}`: {ID: "ev-1"},
	} {
		s := serve(t, byLine{"POST ": answer(200, body)}.answer)
		request := toneRequest()
		request.Temperature, request.MaxTokens = new(0.0), new(int64(512))
		got, err := s.project(Config{}).CreateEvaluator(t.Context(), request)
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
		sent := `{"model":"gpt-4o","temperature":0,"max_tokens":512,"name":"Tone","provider":"openai","messages":[{"role":"user","content":"Judge {{text}}"}],` +
			`"input_schema":[{"name":"text","type":"string"}],"output_schema":[{"name":"label","type":"enum","enum_values":["good","bad"]}]}`
		if got := s.got()[0].body; got != sent {
			t.Errorf("it sent %s", got)
		}
	}
}

// A creation is never sent again. What it may have made is in the list.
func TestCreateEvaluator_lostAnswer(t *testing.T) {
	for name, lost := range map[string]http.HandlerFunc{"no answer": drop, "no id": answer(200, `{"slug":"tone"}`), "an empty body": answer(200, ""), "a failure": refusal(500)} {
		now := strings.Replace(evaluatorJSON, "2026-01-02T03:04:05.123456789Z", time.Now().UTC().Format(time.RFC3339Nano), 1)
		s := serve(t, byLine{"POST ": lost, "GET ": answer(200, `{"evaluators":[`+now+`]}`)}.answer)
		c := s.project(Config{})
		_, err := c.CreateEvaluator(t.Context(), toneRequest())
		unknown := as[*UnknownOutcomeError](t, err)
		evaluators, err := c.ListEvaluatorsUncached(t.Context())
		if err != nil || evaluators[0].Slug != "tone" || !c.CreatedSince(evaluators[0].CreatedAt, unknown.Started) {
			t.Errorf("%s: %+v, %v", name, evaluators, err)
		}
		if got := s.lines(); got != "POST , GET " {
			t.Errorf("%s: the requests are %q", name, got)
		}
	}
}

func TestGetEvaluator(t *testing.T) {
	whole := Evaluator{
		ID: "ev-1", Slug: "tone", Name: "Tone", Type: "LLM_AS_A_JUDGE", Source: EvaluatorCustom, Version: "2", Description: new("d"),
		InputSchema:  []EvaluatorProperty{{Name: "text", Type: "string"}},
		OutputSchema: []EvaluatorProperty{{Name: "label", Type: "enum", EnumValues: []string{"good", "bad"}, Description: "x"}},
		Config: &EvaluatorConfig{
			Provider: "openai", Messages: []EvaluatorMessage{{Role: "user", Content: "Judge {{text}}"}},
			LLM: LLM{Model: "gpt-4o", Temperature: new(0.0), TopP: new(0.9), MaxTokens: new(int64(512)), FrequencyPenalty: new(0.1), PresencePenalty: new(0.2), Stop: []string{"\n"}},
		},
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 123000000, time.UTC), UpdatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	for name, test := range map[string]struct {
		body string
		want Evaluator
	}{
		"whole":                     {evaluatorJSON, whole},
		"no more than the id":       {`{"id":"ev-1"}`, Evaluator{ID: "ev-1"}},
		"null everywhere":           {`{"id":"ev-1","name":null,"description":null,"version":null,"input_schema":null,"config":null,"created_at":null}`, Evaluator{ID: "ev-1"}},
		"a number as version":       {`{"id":"ev-1","version":3}`, Evaluator{ID: "ev-1", Version: "3"}},
		"a description that is not": {`{"id":"ev-1","description":""}`, Evaluator{ID: "ev-1", Description: new("")}},
		"schemas that are empty":    {`{"id":"ev-1","input_schema":[]}`, Evaluator{ID: "ev-1", InputSchema: []EvaluatorProperty{}}},
		"a description in config":   {`{"id":"ev-1","config":{"description":"c"}}`, Evaluator{ID: "ev-1", Description: new("c"), Config: &EvaluatorConfig{}}},
		"the config without an LLM": {`{"id":"ev-1","config":{"llm_config":null}}`, Evaluator{ID: "ev-1", Config: &EvaluatorConfig{}}},
	} {
		c := serve(t, byLine{"GET /ev-1": answer(200, test.body)}.answer).project(Config{})
		if got, err := c.GetEvaluator(t.Context(), "ev-1"); err != nil || !reflect.DeepEqual(*got, test.want) {
			t.Errorf("%s: %s, %v", name, encodeJSON(t, got), err)
		}
	}
	c := serve(t, byLine{"GET /other": answer(200, evaluatorJSON), "GET /tone": answer(200, evaluatorJSON)}.answer).project(Config{})
	_, err := c.GetEvaluator(t.Context(), "other")
	as[*MismatchError](t, err)
	if got, err := c.GetEvaluator(t.Context(), "tone"); err != nil || got.ID != "ev-1" {
		t.Errorf("%+v, %v", got, err)
	}
}

// Only the API's own 404 says that an evaluator is gone.
func TestGetEvaluator_notFound(t *testing.T) {
	list := answer(200, `{"evaluators":[]}`)
	c := serve(t, byLine{"GET /ev-1": refusal(404), "PATCH /ev-1": refusal(404), "GET ": list}.answer).project(Config{})
	if _, err := c.GetEvaluator(t.Context(), "ev-1"); !IsNotFound(err) {
		t.Errorf("%v", err)
	}
	if _, err := c.UpdateEvaluator(t.Context(), "ev-1", toneRequest(), EvaluatorRequest{}); !IsNotFound(err) {
		t.Errorf("%v", err)
	}
	for name, by := range map[string]byLine{
		"no route":   {"GET ": list},
		"a web page": {"GET /ev-1": html(404), "GET ": list},
	} {
		if _, err := serve(t, by.answer).project(Config{}).GetEvaluator(t.Context(), "ev-1"); err == nil || IsNotFound(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The first read sends its own request, and others share the list if it shows the config.
func TestGetEvaluator_many(t *testing.T) {
	numbered := func(id string) string {
		return strings.ReplaceAll(strings.ReplaceAll(evaluatorJSON, "ev-1", id), `"tone"`, `"tone-`+id+`"`)
	}
	terse := `{"id":"terse","slug":"tone-terse","name":"Tone","source":"custom"}`
	s := serve(t, byLine{
		"GET ":       answer(200, `{"evaluators":[`+numbered("c")+`,{"name":"no id"},`+terse+`,`+numbered("b")+`,`+numbered("a")+`],"total":5}`),
		"GET /a":     answer(200, numbered("a")),
		"GET /terse": answer(200, numbered("terse")),
	}.answer)
	c := s.project(Config{})
	for _, id := range []string{"a", "b", "tone-c", "terse"} {
		if got, err := c.GetEvaluator(t.Context(), id); err != nil || got.Config == nil {
			t.Errorf("%s: %+v, %v", id, got, err)
		}
	}
	evaluators, err := c.ListEvaluators(t.Context(), "")
	if err != nil || len(evaluators) != 4 || evaluators[1].Slug != "tone-terse" {
		t.Errorf("%+v, %v", evaluators, err)
	}
	if got := s.lines(); got != "GET /a, GET , GET /terse" {
		t.Errorf("the requests are %q", got)
	}
}

func TestListEvaluators(t *testing.T) {
	s := serve(t, byLine{"GET ": answer(200, `{"evaluators":[{"id":"odd","slug":"odd","input_schema":"?"}]}`), "GET ?source=custom": answer(200, `{"evaluators":null}`)}.answer)
	c := s.project(Config{})
	for range 2 {
		if got, err := c.ListEvaluators(t.Context(), ""); err != nil || len(got) != 1 || got[0].Slug != "odd" {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if got, err := c.ListEvaluators(t.Context(), EvaluatorCustom); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if got := s.lines(); got != "GET , GET ?source=custom" {
		t.Errorf("the requests are %q", got)
	}
}

// Only what changed is sent, and the whole config if any of it changed.
func TestUpdateEvaluator(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*EvaluatorRequest)
		want   string
	}{
		"the name":     {func(r *EvaluatorRequest) { r.Name = "New" }, `{"name":"New"}`},
		"the inputs":   {func(r *EvaluatorRequest) { r.InputSchema[0].Type = "int" }, `{"input_schema":[{"name":"text","type":"int"}]}`},
		"the outputs":  {func(r *EvaluatorRequest) { r.OutputSchema[0].EnumValues = nil }, `{"output_schema":[{"name":"label","type":"enum"}]}`},
		"the messages": {func(r *EvaluatorRequest) { r.Messages[0].Content = "Now {{text}}" }, `{"config":{"description":"","provider":"openai","messages":[{"role":"user","content":"Now {{text}}"}],"llm_config":{"model":"gpt-4o"}}}`},
		"a number": {
			func(r *EvaluatorRequest) { r.TopP, r.Description = new(0.5), "d" },
			`{"config":{"description":"d","provider":"openai","messages":[{"role":"user","content":"Judge {{text}}"}],"llm_config":{"model":"gpt-4o","top_p":0.5}}}`,
		},
		"nothing": {func(*EvaluatorRequest) {}, ""},
	} {
		for _, patched := range []http.HandlerFunc{answer(200, `{"evaluator":{"id":"ev-1"},"versions":[]}`), func(http.ResponseWriter, *http.Request) {}} {
			s := serve(t, byLine{"PATCH /ev-1": patched, "GET /ev-1": answer(200, evaluatorJSON)}.answer)
			c := s.project(Config{})
			after := toneRequest()
			test.change(&after)
			got, err := c.UpdateEvaluator(t.Context(), "ev-1", toneRequest(), after)
			if err != nil || got.Version != "2" {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
			requests := "PATCH /ev-1, GET /ev-1"
			if test.want == "" {
				requests = "GET /ev-1"
			}
			if sent := s.got()[0].body; sent != test.want || test.want != "" && !json.Valid([]byte(sent)) {
				t.Errorf("%s: it sent %s", name, sent)
			}
			if got := s.lines(); got != requests {
				t.Errorf("%s: the requests are %q", name, got)
			}
		}
	}
}
