package traceloop

// EvaluatorsPublished is when the list of evaluators was last changed in Traceloop's
// documentation.
const EvaluatorsPublished = "2026-06-18"

// PublishedEvaluators are the slugs of the evaluators that Traceloop's documentation lists, on
// its page of slugs or as an operation that runs one. Organizations have further ones of their own.
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
