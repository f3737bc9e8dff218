package emulator

import (
	"cmp"
	"database/sql"
	"net/http"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// SeedEvaluator is an evaluator of the organization, in the form of its creation.
type SeedEvaluator struct {
	Name         string              `yaml:"name"`
	Slug         string              `yaml:"slug,omitempty"`
	Description  string              `yaml:"description,omitempty"`
	ID           string              `yaml:"id,omitempty"`
	Version      int                 `yaml:"version,omitempty"`
	CreatedAt    string              `yaml:"created_at,omitempty"`
	Provider     string              `yaml:"provider"`
	LLMConfig    EvaluatorLLMConfig  `yaml:",inline"`
	Messages     []EvaluatorMessage  `yaml:"messages"`
	InputSchema  []EvaluatorProperty `yaml:"input_schema"`
	OutputSchema []EvaluatorProperty `yaml:"output_schema"`

	place string
}

func (s SeedEvaluator) plant(tx *sql.Tx, now string) error {
	if err := cmp.Or(checkID(s.ID), checkTime(&s.CreatedAt, now)); err != nil {
		return err
	}
	v := Evaluator{
		ID: s.ID, Name: s.Name, Slug: s.Slug, Description: s.Description, InputSchema: s.InputSchema, OutputSchema: s.OutputSchema,
		Config: &EvaluatorConfig{s.Provider, s.Messages, s.LLMConfig}, CreatedAt: s.CreatedAt,
	}
	if err := v.complete(); err != nil {
		return refuse(http.StatusBadRequest, "%v.", err)
	}
	_, _, err := v.insert(tx, max(1, s.Version))
	return idTaken(err, "evaluators.id", s.ID)
}

func exportEvaluators(tx *sql.Tx) (all []SeedEvaluator, err error) {
	custom, err := customEvaluators(tx, "true ORDER BY t.seq")
	for _, v := range custom {
		version, err := strconv.Atoi(v.Version)
		if err != nil {
			return nil, err
		}
		all = append(all, SeedEvaluator{
			Name: v.Name, Slug: v.Slug, Description: v.Description, ID: v.ID, Version: version, CreatedAt: v.CreatedAt,
			Provider: v.Config.Provider, LLMConfig: v.Config.LLMConfig, Messages: v.Config.Messages, InputSchema: v.InputSchema, OutputSchema: v.OutputSchema,
		})
	}
	return all, err
}

func (f seedFile) evaluator(node *yaml.Node, path string) (s SeedEvaluator, err error) {
	s.place = f.place(node, path)
	llm := &s.LLMConfig
	err = f.object(node, path, map[string]reader{
		"name": f.text(&s.Name), "slug": f.text(&s.Slug), "description": f.text(&s.Description), "id": f.text(&s.ID), "created_at": f.text(&s.CreatedAt),
		"provider": f.text(&s.Provider), "model": f.text(&llm.Model), "version": scalar(f, &s.Version, "a whole number"),
		"temperature": scalar(f, &llm.Temperature, "a number"), "top_p": scalar(f, &llm.TopP, "a number"),
		"frequency_penalty": scalar(f, &llm.FrequencyPenalty, "a number"), "presence_penalty": scalar(f, &llm.PresencePenalty, "a number"),
		"max_tokens": scalar(f, &llm.MaxTokens, "a whole number"), "logprobs": scalar(f, &llm.Logprobs, "true or false"),
		"stop": list(f, &llm.Stop, f.oneText), "messages": list(f, &s.Messages, f.message),
		"input_schema": list(f, &s.InputSchema, f.property), "output_schema": list(f, &s.OutputSchema, f.property),
	})
	return s, err
}

func (f seedFile) message(node *yaml.Node, path string) (m EvaluatorMessage, err error) {
	err = f.object(node, path, map[string]reader{"role": f.text(&m.Role), "content": f.text(&m.Content), "tool_call_id": f.text(&m.ToolCallID)})
	return m, err
}

func (f seedFile) property(node *yaml.Node, path string) (p EvaluatorProperty, err error) {
	err = f.object(node, path, map[string]reader{
		"name": f.text(&p.Name), "type": f.text(&p.Type), "label": f.text(&p.Label), "description": f.text(&p.Description),
		"enum_values": list(f, &p.EnumValues, f.oneText),
	})
	return p, err
}

// scalar reads a value that is no text.
func scalar[T any](f seedFile, into *T, what string) reader {
	return func(node *yaml.Node, path string) error {
		node = resolve(node)
		if node.Kind != yaml.ScalarNode || node.Tag == "!!str" || node.Tag == "!!null" || node.Decode(into) != nil {
			return f.errorf(node, path, "it must be %s", what)
		}
		return nil
	}
}
