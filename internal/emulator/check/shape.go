package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// vocabulary are the field names that a description shows. Any other name could be a name or an id
// of the organization, so it is only counted.
var vocabulary = func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(`
		id uuid name slug title scope type kind status state created_at updated_at createdAt updatedAt revoked_at expires_at last_used_at
		project project_id projectId projects organization organization_id org_id environment environment_id env environments built_in builtIn default
		api_key apiKey api_keys apiKeys key keys token secret secret_key masked_key maskedKey prefix suffix hash
		data items results list content values next_cursor nextCursor next cursor prev_cursor has_more total total_results totalResults total_count
		external_id env_project_id setups init_rules evaluators evaluator_type evaluator_id binding_id input_schema output_schema
		processed_at error_message selector source operator op value value_type result
		count page pages page_size limit offset meta metadata pagination links
		error errors message code detail details reason success`) {
		words[word] = true
	}
	return words
}()

const maxDepth = 3

// shape describes the types and field names of a JSON value, without its values.
func shape(value any, depth int) string {
	switch v := value.(type) {
	case map[string]any:
		if depth == maxDepth {
			return "{…}"
		}
		var parts []string
		others := 0
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if !vocabulary[name] {
				others++
				continue
			}
			parts = append(parts, name+": "+shape(v[name], depth+1))
		}
		if others > 0 {
			parts = append(parts, fmt.Sprintf("%d of other names", others))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		if len(v) == 0 {
			return "[]"
		}
		return fmt.Sprintf("[%d × %s]", len(v), shape(v[0], depth+1))
	case string:
		if v == "" {
			return `""`
		}
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	default:
		return "null"
	}
}
