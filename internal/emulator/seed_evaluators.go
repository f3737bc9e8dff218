package emulator

import (
	"cmp"
	"database/sql"
	"net/http"
	"strconv"
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
}

func (s SeedEvaluator) plant(tx *sql.Tx, now string) error {
	if err := cmp.Or(checkID(s.ID), checkTime(&s.CreatedAt, now)); err != nil {
		return err
	}
	v := Evaluator{
		ID: s.ID, Name: s.Name, Slug: s.Slug, Description: s.Description, CreatedAt: s.CreatedAt,
		EvaluatorDefinition: EvaluatorDefinition{s.InputSchema, s.OutputSchema, &EvaluatorConfig{s.Provider, s.Messages, s.LLMConfig}},
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
