package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// vocabulary are the field names that a description shows: those of the documents, and those that other
// APIs have in their place. Any other name could be a name or an id of the organization, so it is only
// counted.
var vocabulary = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(`
		uuid title kind state createdAt updatedAt revoked_at expires_at last_used_at projectId projects organization organization_id environment_id env
		environments builtIn default apiKey api_keys apiKeys key keys token secret secret_key maskedKey prefix suffix hash items results list content
		values nextCursor next cursor prev_cursor has_more total totalResults total_count setups selector op count page pages page_size limit offset meta
		metadata pagination links errors message code detail details reason success`) {
		words[word] = true
	}
	d, err := readDocuments()
	if err != nil {
		return words
	}
	d.eachSchema(func(schema *openapi3.Schema) {
		for name := range schema.Properties {
			words[name] = true
		}
	})
	return words
})

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
			if !vocabulary()[name] {
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
