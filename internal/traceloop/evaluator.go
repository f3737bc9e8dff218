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
	LLM

	Provider string
	Messages []EvaluatorMessage
}

// LLM is a model and its settings. Neither the OpenAPI document nor the SDK limits the numbers.
type LLM struct {
	Model            string   `json:"model"`
	Temperature      *float64 `json:"temperature,omitempty"`
	TopP             *float64 `json:"top_p,omitempty"`
	MaxTokens        *int64   `json:"max_tokens,omitempty"`
	FrequencyPenalty *float64 `json:"frequency_penalty,omitempty"`
	PresencePenalty  *float64 `json:"presence_penalty,omitempty"`
	Stop             []string `json:"stop,omitempty"`
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
// creation.
type EvaluatorRequest struct {
	LLM

	Name         string              `json:"name"`
	Slug         string              `json:"slug,omitempty"` // only for the creation; empty leaves it to the service
	Description  string              `json:"description,omitempty"`
	Provider     string              `json:"provider"`
	Messages     []EvaluatorMessage  `json:"messages"`
	InputSchema  []EvaluatorProperty `json:"input_schema"`
	OutputSchema []EvaluatorProperty `json:"output_schema"`
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
	LLM         LLM                `json:"llm_config"`
}

func (r EvaluatorRequest) config() evaluatorChangeConfig {
	return evaluatorChangeConfig{r.Description, r.Provider, r.Messages, r.LLM}
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
	return c.evaluators.answer(ctx, func(l *cache[Evaluator]) *Evaluator {
		return l.first(func(e *Evaluator) bool {
			return (e.ID == idOrSlug || e.Slug == idOrSlug) && e.Config != nil && len(e.Config.Messages) > 0
		})
	}, func() (*Evaluator, error) {
		found, err := object(ctx, c.connection, request{method: http.MethodGet, path: c.paths.Evaluators, id: &idOrSlug}, func(f *fields) Evaluator {
			evaluator := readEvaluator(f)
			if evaluator.ID != idOrSlug && evaluator.Slug != "" && evaluator.Slug != idOrSlug {
				f.fail("it describes another object")
			}
			if evaluator.ID != idOrSlug {
				evaluator.Slug = idOrSlug // which the answer need not repeat
			}
			return evaluator
		})
		if shown := c.evaluators.listed(ctx, err, func(e *Evaluator) bool { return e.ID == idOrSlug || e.Slug == idOrSlug }); shown != nil {
			return shown, nil
		}
		return found, err
	})
}

// UpdateEvaluator changes what differs between two requests, as the SDK does, and reads the
// evaluator. The slug cannot be changed.
func (c *ProjectClient) UpdateEvaluator(ctx context.Context, idOrSlug string, before, after EvaluatorRequest) (*Evaluator, error) {
	if change := before.changeTo(after); !reflect.DeepEqual(change, evaluatorChange{}) {
		forget := invalidate(c.evaluators)
		// The answer has no more than the id, and may be empty.
		err := c.do(ctx, request{method: http.MethodPatch, path: c.paths.Evaluators, id: &idOrSlug, body: change}, nil)
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
		Description:  optional[string](f, "description", "a string"),
		InputSchema:  readEvaluatorProperties(f, "input_schema"),
		OutputSchema: readEvaluatorProperties(f, "output_schema"),
		CreatedAt:    f.optionalTime("created_at"),
		UpdatedAt:    f.optionalTime("updated_at"),
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
		evaluator.Description = optional[string](config, "description", "a string")
	}
	evaluator.Config = &EvaluatorConfig{Provider: config.optionalText("provider"), LLM: LLM{
		Model:            llm.optionalText("model"),
		Temperature:      optional[float64](llm, "temperature", "a number"),
		TopP:             optional[float64](llm, "top_p", "a number"),
		MaxTokens:        optional[int64](llm, "max_tokens", "a whole number"),
		FrequencyPenalty: optional[float64](llm, "frequency_penalty", "a number"),
		PresencePenalty:  optional[float64](llm, "presence_penalty", "a number"),
		Stop:             llm.optionalTexts("stop"),
	}}
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

// optionalVersion reads a version, which is a string in the SDK's types, and may be a number.
func optionalVersion(f *fields, name string) string {
	var number json.Number
	if json.Unmarshal(f.raw[name], &number) == nil {
		return number.String()
	}
	return f.optionalText(name)
}

// EvaluatorsPublished is the date of the last change of the list in Traceloop's documentation.
const EvaluatorsPublished = "2026-06-18"

// PublishedEvaluators are the slugs in Traceloop's documentation, on its page of slugs or as an
// operation that runs an evaluator. Organizations can have their own evaluators.
var PublishedEvaluators = []string{
	"action-advancement",
	"agent-efficiency",
	"agent-flow-quality",
	"agent-goal-accuracy",
	"agent-goal-completeness",
	"agent-tool-error-detector",
	"agent-tool-selection-quality",
	"agent-tool-trajectory",
	"answer-completeness",
	"answer-correctness",
	"answer-relevancy",
	"char-count",
	"char-count-ratio",
	"context-relevance",
	"conversation-quality",
	"faithfulness",
	"html-comparison",
	"instruction-adherence",
	"intent-change",
	"json-validator",
	"perplexity",
	"pii-detector",
	"placeholder-regex",
	"profanity-detector",
	"prompt-injection",
	"prompt-perplexity",
	"regex-validator",
	"secrets-detector",
	"semantic-similarity",
	"sexism-detector",
	"sql-validator",
	"tone-detection",
	"topic-adherence",
	"toxicity-detector",
	"uncertainty-detector",
	"word-count",
	"word-count-ratio",
}

// SaaSEvaluators are the published slugs that the page of slugs marks as "SaaS only": a Traceloop on
// one's own servers does not have them.
var SaaSEvaluators = []string{"prompt-injection", "sexism-detector", "tone-detection", "toxicity-detector"}

// UnlistedEvaluators are the published slugs that only the OpenAPI document has: there is an
// operation that runs them, but they are not on the page of slugs.
var UnlistedEvaluators = []string{"action-advancement", "agent-tool-selection-quality"}
