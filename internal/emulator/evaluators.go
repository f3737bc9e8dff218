package emulator

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// The sources of an evaluator.
const (
	sourceCustom   = "custom"
	sourcePrebuilt = "prebuilt"
)

// Evaluator is an evaluator of the organization, or one of Traceloop's, as the API shows it.
type Evaluator struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Slug        string `json:"slug"`
	Type        string `json:"type"`
	Description string `json:"description,omitempty"`
	Version     string `json:"version,omitempty"`
	Source      string `json:"source"`
	EvaluatorDefinition
	CreatedAt string `json:"created_at,omitempty"`
	UpdatedAt string `json:"updated_at,omitempty"`
}

// EvaluatorDefinition is what a custom evaluator has more than a prebuilt one.
type EvaluatorDefinition struct {
	Config       *EvaluatorConfig    `json:"config,omitempty"        yaml:",inline"`
	InputSchema  []EvaluatorProperty `json:"input_schema,omitempty"  yaml:"input_schema"`
	OutputSchema []EvaluatorProperty `json:"output_schema,omitempty" yaml:"output_schema"`
}

// EvaluatorConfig is what a custom evaluator asks the model.
type EvaluatorConfig struct {
	Provider  string             `json:"provider"   yaml:"provider"`
	Messages  []EvaluatorMessage `json:"messages"   yaml:"messages"`
	LLMConfig EvaluatorLLMConfig `json:"llm_config" yaml:",inline"`
}

// EvaluatorMessage is a message of the prompt.
type EvaluatorMessage struct {
	Role       string `json:"role"                   yaml:"role"`
	Content    string `json:"content"                yaml:"content"`
	ToolCallID string `json:"tool_call_id,omitempty" yaml:"tool_call_id,omitempty"`
}

// EvaluatorLLMConfig are the model and its parameters.
type EvaluatorLLMConfig struct {
	Model            string   `json:"model"                       yaml:"model"`
	Temperature      *float64 `json:"temperature,omitempty"       yaml:"temperature,omitempty"`
	TopP             *float64 `json:"top_p,omitempty"             yaml:"top_p,omitempty"`
	MaxTokens        *int     `json:"max_tokens,omitempty"        yaml:"max_tokens,omitempty"`
	FrequencyPenalty *float64 `json:"frequency_penalty,omitempty" yaml:"frequency_penalty,omitempty"`
	PresencePenalty  *float64 `json:"presence_penalty,omitempty"  yaml:"presence_penalty,omitempty"`
	Stop             []string `json:"stop,omitempty"              yaml:"stop,omitempty"`
	Logprobs         *bool    `json:"logprobs,omitempty"          yaml:"logprobs,omitempty"`
}

// EvaluatorProperty is a property of what an evaluator gets or answers.
type EvaluatorProperty struct {
	Name        string   `json:"name"                  yaml:"name"`
	Type        string   `json:"type"                  yaml:"type"`
	Label       string   `json:"label,omitempty"       yaml:"label,omitempty"`
	Description string   `json:"description,omitempty" yaml:"description,omitempty"`
	EnumValues  []string `json:"enum_values,omitempty" yaml:"enum_values,omitempty"`
}

// prebuiltEvaluators are Traceloop's. Their ids and names are made up.
var prebuiltEvaluators = func() (all []Evaluator) {
	for _, slug := range traceloop.PublishedEvaluators {
		id := sha256.Sum256([]byte(slug))
		all = append(all, Evaluator{
			ID: "c" + hex.EncodeToString(id[:12]), Name: strings.ReplaceAll(slug, "-", " "), Slug: slug,
			Type: strings.ToUpper(strings.ReplaceAll(slug, "-", "_")), Source: sourcePrebuilt,
		})
	}
	return all
}()

func isPrebuilt(slug string) bool { return slices.Contains(traceloop.PublishedEvaluators, slug) }

// exampleEvaluators are in the examples of Traceloop's OpenAPI document. They count as the
// organization's own, but are on no list.
var exampleEvaluators = []string{"hallucination", "toxicity"}

// evaluators are the organization's own.
var evaluators = kind[Evaluator]{
	table: "evaluators", columns: "t.id, t.name, t.slug, t.description, t.version, t.definition, t.created_at, t.updated_at",
	scan: func(scan row) (v Evaluator, err error) {
		v.Type, v.Source = evaluatorType, sourceCustom
		var version int
		var definition []byte
		if err := scan(&v.ID, &v.Name, &v.Slug, &v.Description, &version, &definition, &v.CreatedAt, &v.UpdatedAt); err != nil {
			return v, err
		}
		v.Version = strconv.Itoa(version)
		return v, json.Unmarshal(definition, &v.EvaluatorDefinition)
	},
	absent: "There is no evaluator with the id or slug %q.",
}

// evaluatorType is that of every evaluator that an organization can create.
const evaluatorType = "LLM_AS_A_JUDGE"

func (c *call) listEvaluators() (any, error) {
	source, filtered := c.URL.Query().Get("source"), c.URL.Query().Has("source")
	switch {
	case filtered && source == "":
		return nil, emptyFilter("source")
	case filtered && source != sourceCustom && source != sourcePrebuilt:
		return nil, refuse(http.StatusBadRequest, "source must be %s or %s, not %q", sourceCustom, sourcePrebuilt, source)
	}
	all := []Evaluator{}
	if source != sourceCustom {
		all = append(all, prebuiltEvaluators...)
	}
	if source != sourcePrebuilt {
		custom, err := evaluators.read(c.tx, "true")
		if err != nil {
			return nil, err
		}
		all = append(all, custom...)
	}
	return map[string]any{"evaluators": all}, nil
}

func (c *call) getEvaluator() (any, error) { return evaluatorByID(c.tx, c.PathValue("id")) }

// evaluatorByID finds an evaluator by its id or slug.
func evaluatorByID(tx *sql.Tx, id string) (Evaluator, error) {
	for _, prebuilt := range prebuiltEvaluators {
		if id == prebuilt.ID || id == prebuilt.Slug {
			return prebuilt, nil
		}
	}
	found, err := evaluators.read(tx, "t.id = ?1 OR t.slug = ?1 AND NOT EXISTS (SELECT 1 FROM evaluators WHERE id = ?1)", id)
	return only(found, err, evaluators.none(id))
}

func (c *call) createEvaluator() (any, error) {
	in := Evaluator{EvaluatorDefinition: EvaluatorDefinition{Config: &EvaluatorConfig{}}}
	var mode string // published, without a meaning
	into := fieldsOf(&in.Config.LLMConfig)
	maps.Copy(into, fields{
		"name": &in.Name, "slug": &in.Slug, "description": &in.Description, "provider": &in.Config.Provider, "messages": &in.Config.Messages,
		"input_schema": &in.InputSchema, "output_schema": &in.OutputSchema, "mode": &mode,
	})
	if err := c.read(into); err != nil {
		return nil, err
	}
	if err := in.complete(); err != nil {
		return nil, refuse(http.StatusBadRequest, "invalid input: %v", err)
	}
	return c.once("createEvaluator", false, func() (any, error) {
		in.CreatedAt = c.now
		id, version, err := in.insert(c.tx, 1)
		return map[string]any{"evaluator_id": id, "slug": in.Slug, "type": evaluatorType, "version_id": version, "bindings": []string{}}, err
	})
}

// complete checks an evaluator, and makes a slug from its name if it has none.
func (v *Evaluator) complete() error {
	if v.Slug == "" {
		if v.Slug = traceloop.Slug(v.Name); v.Slug == "" && v.Name != "" {
			return fmt.Errorf("no slug can be made from the name %q", v.Name)
		}
	}
	if traceloop.Slug(v.Slug) != v.Slug {
		return fmt.Errorf("slug must be a slug such as %q, not %q", traceloop.Slug("EU Production"), v.Slug)
	}
	return v.check()
}

func (v *Evaluator) check() error {
	switch {
	case v.Name == "":
		return errors.New("name is required")
	case v.Config.Provider == "":
		return errors.New("provider is required")
	case v.Config.LLMConfig.Model == "":
		return errors.New("model is required")
	case len(v.Config.Messages) == 0:
		return errors.New("messages must contain at least one item")
	}
	for i, message := range v.Config.Messages {
		if message.Role == "" || message.Content == "" {
			return fmt.Errorf("messages[%d]: role and content are required", i)
		}
	}
	for name, schema := range map[string][]EvaluatorProperty{"input_schema": v.InputSchema, "output_schema": v.OutputSchema} {
		if err := checkProperties(schema); err != nil {
			return fmt.Errorf("%s%w", name, err)
		}
	}
	return nil
}

func checkProperties(schema []EvaluatorProperty) error {
	if len(schema) == 0 {
		return errors.New(" must contain at least one item")
	}
	seen := map[string]bool{}
	for i, p := range schema {
		switch {
		case p.Name == "":
			return fmt.Errorf("[%d]: name is required", i)
		case seen[p.Name]:
			return fmt.Errorf("[%d]: the name %q occurs twice", i, p.Name)
		case !slices.Contains([]string{"string", "int", "float", "boolean", "enum"}, p.Type):
			return fmt.Errorf("[%d]: the type %q is unknown", i, p.Type)
		case (p.Type == "enum") != (len(p.EnumValues) > 0):
			return fmt.Errorf("[%d]: enum_values belong to the type enum, and only to it", i)
		}
		seen[p.Name] = true
	}
	return nil
}

// insert makes the id if it is empty.
func (v *Evaluator) insert(tx *sql.Tx, version int) (id, versionID string, err error) {
	if isPrebuilt(v.Slug) {
		return "", "", evaluatorSlugTaken(v.Slug)
	}
	err = tx.QueryRow(`
		INSERT INTO evaluators (id, name, slug, description, version, definition, created_at, updated_at)
		VALUES (`+newOr+", ?2, ?3, ?4, ?5, ?6, ?7, ?7) RETURNING id, version_id",
		v.ID, v.Name, v.Slug, v.Description, version, inJSON(v.EvaluatorDefinition), v.CreatedAt).Scan(&id, &versionID)
	if violates(err, "evaluators.slug") {
		err = evaluatorSlugTaken(v.Slug)
	}
	return id, versionID, idTaken(err, "evaluators.id", v.ID)
}

func evaluatorSlugTaken(slug string) error {
	return refuse(http.StatusConflict, "There already is an evaluator with the slug %q.", slug)
}

// updateEvaluator makes a new version, unless nothing changes.
func (c *call) updateEvaluator() (any, error) {
	var name *string
	var input, output []EvaluatorProperty
	var config json.RawMessage
	if err := c.read(fields{"name": &name, "input_schema": &input, "output_schema": &output, "config": &config}); err != nil {
		return nil, err
	}
	if name == nil && input == nil && output == nil && config == nil {
		return nil, refuse(http.StatusBadRequest, "invalid input: at least one field is required")
	}
	v, err := evaluatorByID(c.tx, c.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if v.Source == sourcePrebuilt {
		return nil, refuse(http.StatusBadRequest, "The evaluator %q is prebuilt, and cannot be changed.", v.Slug)
	}
	if name != nil {
		v.Name = *name
	}
	if input != nil {
		v.InputSchema = input
	}
	if output != nil {
		v.OutputSchema = output
	}
	if config != nil {
		v.Config, v.Description = &EvaluatorConfig{}, ""
		into := fieldsOf(v.Config)
		into["description"] = &v.Description
		err = decodeObject(config, into)
	}
	if err == nil {
		err = v.check()
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "invalid input: %v", err)
	}
	_, err = c.tx.Exec(`
		UPDATE evaluators SET name = ?2, description = ?3, definition = ?4,
			version = version + 1, version_id = 'c' || lower(hex(randomblob(12))), updated_at = ?5
		WHERE id = ?1 AND (name, description, definition) <> (?2, ?3, ?4)`,
		v.ID, v.Name, v.Description, inJSON(v.EvaluatorDefinition), c.now)
	return map[string]any{"evaluator": map[string]string{"id": v.ID}, "versions": []any{}}, err
}

// checkEvaluator refuses the slug of an evaluator that is neither the organization's nor prebuilt.
func checkEvaluator(tx *sql.Tx, slug string) error {
	known := isPrebuilt(slug) || slices.Contains(exampleEvaluators, slug)
	if known {
		return nil
	}
	if err := tx.QueryRow("SELECT EXISTS (SELECT 1 FROM evaluators WHERE slug = ?)", slug).Scan(&known); err != nil || known {
		return err
	}
	return refuse(http.StatusBadRequest, "unknown evaluator slug %q", slug)
}
