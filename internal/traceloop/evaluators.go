package traceloop

import "strings"

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

// ClosestEvaluator returns the slug that was probably meant by one that does not exist, or "". It
// knows the types of the OpenAPI document, such as PII_DETECTOR.
func ClosestEvaluator(slug string, among []string) string {
	meant := strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(strings.TrimSpace(slug)))
	closest, least := "", 3 // more edits than these make another word
	for _, candidate := range among {
		edits := editDistance(meant, candidate)
		if len(meant) > 3 && (strings.HasPrefix(candidate, meant) || strings.HasPrefix(meant, candidate)) {
			edits = min(edits, 2)
		}
		if edits < least && edits < len(candidate) && candidate != slug {
			closest, least = candidate, edits
		}
	}
	return closest
}

// editDistance counts the characters to insert, remove or replace.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
