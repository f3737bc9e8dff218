package traceloop

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
