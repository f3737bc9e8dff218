package traceloop

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"time"
)

// The sources of an evaluator.
const (
	EvaluatorCustom   = "custom"
	EvaluatorPrebuilt = "prebuilt"
)

// EvaluatorPropertyTypes are the types of a property in an evaluator's schema, from the OpenAPI document.
var EvaluatorPropertyTypes = []string{"string", "int", "float", "boolean", "enum"}

// Evaluator judges spans. It belongs to the organization of the key. Its creation is published.
// Reading and changing it is not: these operations are those of Traceloop's SDK for JavaScript
// (0.23.0). No operation that deletes one is known.
//
// An answer may leave out everything but the id. Then a text is empty, and a pointer or a list nil.
type Evaluator struct {
	ID           string
	Slug         string
	Name         string
	Type         string
	Source       string
	Version      string
	Description  *string
	InputSchema  []EvaluatorProperty
	OutputSchema []EvaluatorProperty
	Config       *EvaluatorConfig // the creation and some lists leave it out
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// EvaluatorConfig is how an LLM is asked to judge. As in Evaluator, what an answer leaves out is
// empty or nil.
type EvaluatorConfig struct {
	Provider         string
	Model            string
	Messages         []EvaluatorMessage
	Temperature      *float64
	TopP             *float64
	MaxTokens        *int64
	FrequencyPenalty *float64
	PresencePenalty  *float64
	Stop             []string
}

// EvaluatorMessage is one message to the LLM. Neither the OpenAPI document nor the SDK restricts the
// roles; the SDK's examples use system and user. The content may have placeholders: {{input}}.
type EvaluatorMessage struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// EvaluatorProperty is one input or output of an evaluator.
type EvaluatorProperty struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Description string   `json:"description,omitempty"`
	EnumValues  []string `json:"enum_values,omitempty"` // only if Type is enum
}

// EvaluatorRequest contains what can be set in an evaluator. Its tags are those of the published
// creation. Neither the OpenAPI document nor the SDK limits the numbers.
type EvaluatorRequest struct {
	Name             string              `json:"name"`
	Slug             string              `json:"slug,omitempty"` // only for the creation; empty leaves it to the service
	Description      string              `json:"description,omitempty"`
	Provider         string              `json:"provider"`
	Model            string              `json:"model"`
	Messages         []EvaluatorMessage  `json:"messages"`
	InputSchema      []EvaluatorProperty `json:"input_schema"`
	OutputSchema     []EvaluatorProperty `json:"output_schema"`
	Temperature      *float64            `json:"temperature,omitempty"`
	TopP             *float64            `json:"top_p,omitempty"`
	MaxTokens        *int64              `json:"max_tokens,omitempty"`
	FrequencyPenalty *float64            `json:"frequency_penalty,omitempty"`
	PresencePenalty  *float64            `json:"presence_penalty,omitempty"`
	Stop             []string            `json:"stop,omitempty"`
}

// evaluatorChange is the body of a PATCH, as the SDK sends it. The service replaces the whole
// config. The SDK cannot change stop; its place here is assumed.
type evaluatorChange struct {
	Name         string                 `json:"name,omitempty"`
	InputSchema  []EvaluatorProperty    `json:"input_schema,omitempty"`
	OutputSchema []EvaluatorProperty    `json:"output_schema,omitempty"`
	Config       *evaluatorChangeConfig `json:"config,omitempty"`
}

type evaluatorChangeConfig struct {
	Description string             `json:"description"`
	Provider    string             `json:"provider"`
	Messages    []EvaluatorMessage `json:"messages"`
	LLMConfig   evaluatorLLMConfig `json:"llm_config"`
}

type evaluatorLLMConfig struct {
	Model            string   `json:"model"`
	Temperature      *float64 `json:"temperature,omitempty"`
	TopP             *float64 `json:"top_p,omitempty"`
	MaxTokens        *int64   `json:"max_tokens,omitempty"`
	FrequencyPenalty *float64 `json:"frequency_penalty,omitempty"`
	PresencePenalty  *float64 `json:"presence_penalty,omitempty"`
	Stop             []string `json:"stop,omitempty"`
}

func (r EvaluatorRequest) config() evaluatorChangeConfig {
	return evaluatorChangeConfig{
		Description: r.Description,
		Provider:    r.Provider,
		Messages:    r.Messages,
		LLMConfig: evaluatorLLMConfig{
			Model: r.Model, Temperature: r.Temperature, TopP: r.TopP, MaxTokens: r.MaxTokens,
			FrequencyPenalty: r.FrequencyPenalty, PresencePenalty: r.PresencePenalty, Stop: r.Stop,
		},
	}
}

// changeTo contains only what differs, because the service makes a new version.
func (r EvaluatorRequest) changeTo(after EvaluatorRequest) (change evaluatorChange) {
	if after.Name != r.Name {
		change.Name = after.Name
	}
	if !reflect.DeepEqual(after.InputSchema, r.InputSchema) {
		change.InputSchema = after.InputSchema
	}
	if !reflect.DeepEqual(after.OutputSchema, r.OutputSchema) {
		change.OutputSchema = after.OutputSchema
	}
	if config := after.config(); !reflect.DeepEqual(config, r.config()) {
		change.Config = &config
	}
	return change
}

// CreateEvaluator creates an evaluator; published. The answer has its id, slug and type; read the
// evaluator for the rest. After an *UnknownOutcomeError it may exist: look for its slug or name in
// ListEvaluatorsUncached, and compare its creation with CreatedSince.
func (c *ProjectClient) CreateEvaluator(ctx context.Context, r EvaluatorRequest) (*Evaluator, error) {
	defer invalidate(c.evaluators)()
	return object(ctx, c.connection, request{method: http.MethodPost, path: c.paths.Evaluators, body: r}, func(f *fields) Evaluator {
		return Evaluator{ID: f.text("evaluator_id"), Slug: f.optionalText("slug"), Type: f.optionalText("type")}
	})
}

// GetEvaluator reads an evaluator by its id or slug, as the SDK does. If there is none, the error
// satisfies IsNotFound.
func (c *ProjectClient) GetEvaluator(ctx context.Context, idOrSlug string) (*Evaluator, error) {
	path, err := elementPath(c.paths.Evaluators, idOrSlug)
	if err != nil {
		return nil, err
	}
	one := func() (*Evaluator, error) {
		return object(ctx, c.connection, request{method: http.MethodGet, path: path}, func(f *fields) Evaluator {
			evaluator := readEvaluator(f)
			if evaluator.ID != idOrSlug && evaluator.Slug != "" && evaluator.Slug != idOrSlug {
				f.fail("it describes another object")
			}
			return evaluator
		})
	}
	return c.evaluators.answer(ctx, func(l *cache[Evaluator]) *Evaluator {
		return l.first(func(e *Evaluator) bool {
			return (e.ID == idOrSlug || e.Slug == idOrSlug) && e.Config != nil && len(e.Config.Messages) > 0
		})
	}, one)
}

// UpdateEvaluator changes what differs between two requests, as the SDK does, and reads the
// evaluator. The slug cannot be changed.
func (c *ProjectClient) UpdateEvaluator(ctx context.Context, idOrSlug string, before, after EvaluatorRequest) (*Evaluator, error) {
	path, err := elementPath(c.paths.Evaluators, idOrSlug)
	if err != nil {
		return nil, err
	}
	if change := before.changeTo(after); !reflect.DeepEqual(change, evaluatorChange{}) {
		forget := invalidate(c.evaluators)
		// The answer has no more than the id, and may be empty.
		err := c.do(ctx, request{method: http.MethodPatch, path: path, body: change}, nil)
		forget()
		if err != nil {
			return nil, c.evaluators.confirmed(ctx, err)
		}
	}
	return c.GetEvaluator(ctx, idOrSlug)
}

// ListEvaluators returns the evaluators of a source, as the SDK does, or all that the organization
// can use if it is empty. All is one request until the next write.
func (c *ProjectClient) ListEvaluators(ctx context.Context, source string) ([]Evaluator, error) {
	if source == "" {
		return collect(c.evaluators.all(ctx))
	}
	return collect(c.evaluators.list(ctx, url.Values{"source": {source}}))
}

// ListEvaluatorsUncached returns all evaluators without the cache.
func (c *ProjectClient) ListEvaluatorsUncached(ctx context.Context) ([]Evaluator, error) {
	return collect(c.evaluators.list(ctx, nil))
}

// readListedEvaluator reads one of a list. One without an id is left out, and one that cannot be read has
// only its id and slug.
func readListedEvaluator(f *fields) Evaluator {
	o := f.lenient()
	evaluator := Evaluator{ID: o.text("id"), Slug: o.optionalText("slug")}
	f.gone = *o.problem
	if whole := readEvaluator(o); *o.problem == "" {
		return whole
	}
	return evaluator
}

func readEvaluator(f *fields) Evaluator {
	evaluator := Evaluator{
		ID:           f.text("id"),
		Slug:         f.optionalText("slug"),
		Name:         f.optionalText("name"),
		Type:         f.optionalText("type"),
		Source:       f.optionalText("source"),
		Version:      optionalVersion(f, "version"),
		Description:  optionalPointer[string](f, "description", "a string"),
		InputSchema:  readEvaluatorProperties(f, "input_schema"),
		OutputSchema: readEvaluatorProperties(f, "output_schema"),
		CreatedAt:    optionalTime(f, "created_at"),
		UpdatedAt:    optionalTime(f, "updated_at"),
	}
	if !f.has("config") {
		return evaluator
	}
	config := f.object("config")
	llm := f.of(nil, f.problem)
	if config.has("llm_config") {
		llm = config.object("llm_config")
	}
	if evaluator.Description == nil { // a change has it here
		evaluator.Description = optionalPointer[string](config, "description", "a string")
	}
	evaluator.Config = &EvaluatorConfig{
		Provider:         config.optionalText("provider"),
		Model:            llm.optionalText("model"),
		Temperature:      optionalPointer[float64](llm, "temperature", "a number"),
		TopP:             optionalPointer[float64](llm, "top_p", "a number"),
		MaxTokens:        optionalPointer[int64](llm, "max_tokens", "a whole number"),
		FrequencyPenalty: optionalPointer[float64](llm, "frequency_penalty", "a number"),
		PresencePenalty:  optionalPointer[float64](llm, "presence_penalty", "a number"),
		Stop:             llm.optionalTexts("stop"),
	}
	for _, message := range config.optionalObjects("messages") {
		evaluator.Config.Messages = append(evaluator.Config.Messages, EvaluatorMessage{Role: message.text("role"), Content: message.optionalText("content")})
	}
	return evaluator
}

func readEvaluatorProperties(f *fields, name string) []EvaluatorProperty {
	if !f.has(name) {
		return nil
	}
	properties := []EvaluatorProperty{}
	for _, o := range f.objects(name) {
		properties = append(properties, EvaluatorProperty{
			Name: o.text("name"), Type: o.optionalText("type"), Description: o.optionalText("description"), EnumValues: o.optionalTexts("enum_values"),
		})
	}
	return properties
}

// optionalPointer returns nil if the field is missing or null.
func optionalPointer[T any](f *fields, name, kind string) *T {
	if !f.has(name) {
		return nil
	}
	var value T
	f.value(name, kind, &value)
	return &value
}

// optionalVersion reads a version, which is a string in the SDK's types, and may be a number.
func optionalVersion(f *fields, name string) string {
	var number json.Number
	if json.Unmarshal(f.raw[name], &number) == nil {
		return number.String()
	}
	return f.optionalText(name)
}
