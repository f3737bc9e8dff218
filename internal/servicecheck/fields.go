package servicecheck

import (
	"regexp"
	"slices"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// field is a required field of the contract. A test compares these tables with openapi.yaml.
type field struct {
	name string
	kind kind
}

// kind is the contract's rule for the value of a field.
type kind struct {
	is   func(any) bool
	what string
}

var (
	text     = kind{isText, "a string that is not empty"}
	orNull   = kind{func(v any) bool { return v == nil || isText(v) }, "a string or null"}
	boolean  = kind{func(v any) bool { _, ok := v.(bool); return ok }, "true or false"}
	slug     = kind{matches(`^[a-z0-9]+(-[a-z0-9]+)*$`), "a slug"}
	moment   = kind{isMoment, "an RFC 3339 time"}
	scope    = kind{func(v any) bool { return v == traceloop.ScopeOrganization || v == traceloop.ScopeProject }, "organization or project"}
	mask     = kind{matches(`^([A-Za-z0-9]+_)?\*+[A-Za-z0-9]{0,4}$`), "a key with stars between its prefix and its last 4 characters"}
	fullKey  = kind{matches(`^` + traceloop.KeyPrefix + `.{5,}$`), "a key that begins with " + traceloop.KeyPrefix}
	anyText  = kind{func(v any) bool { _, ok := v.(string); return ok }, "a string"}
	anyCount = kind{func(v any) bool { n, ok := v.(float64); return ok && n >= 0 && n == float64(int(n)) }, "a whole number"}
	anyList  = kind{func(v any) bool { _, ok := v.([]any); return ok }, "a list"}
)

var (
	pageFields    = []field{{"data", anyList}, {"next_cursor", anyText}, {"total_results", anyCount}}
	projectFields = []field{{"id", text}, {"name", text}, {"slug", slug}, {"created_at", moment}, {"updated_at", moment}}

	environmentFields = []field{
		{"id", text}, {"name", text}, {"slug", slug}, {"scope", scope}, {"project_id", orNull}, {"built_in", boolean}, {"created_at", moment},
	}
	apiKeyFields    = []field{{"id", text}, {"project_id", text}, {"environment", slug}, {"masked_key", mask}, {"created_at", moment}}
	generatedFields = append(slices.Clip(apiKeyFields), field{"api_key", fullKey})
)

// lacks names a field that is missing or has another kind of value, or returns "".
func lacks(o object, fields []field) string {
	for _, f := range fields {
		value, there := o[f.name]
		switch {
		case !there:
			return f.name + " is missing"
		case !f.kind.is(value):
			return f.name + " is not " + f.kind.what
		}
	}
	return ""
}

func has(fields []field) func(object) string {
	return func(o object) string { return lacks(o, fields) }
}

// isPage returns the problem with a page of a list, or "".
func isPage(o object) string {
	if wrong := lacks(o, pageFields); wrong != "" {
		return wrong
	}
	if list, _ := o["data"].([]any); len(items(o)) != len(list) {
		return "data has an element that is not an object"
	}
	return ""
}

func items(page object) []object {
	var all []object
	list, _ := page["data"].([]any)
	for _, item := range list {
		if o, ok := item.(map[string]any); ok {
			all = append(all, o)
		}
	}
	return all
}

func isText(v any) bool {
	s, ok := v.(string)
	return ok && s != ""
}

func isMoment(v any) bool {
	s, _ := v.(string)
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}

func matches(pattern string) func(any) bool {
	expression := regexp.MustCompile(pattern)
	return func(v any) bool {
		s, ok := v.(string)
		return ok && expression.MatchString(s)
	}
}
