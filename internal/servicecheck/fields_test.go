package servicecheck

import (
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// The tables of fields are those of the contract, which the released binary does not read.
func TestFieldsAreTheContracts(t *testing.T) {
	t.Parallel()
	contract, err := openapi3.NewLoader().LoadFromFile("../contract/assumed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	examples := map[string][]any{ // a good value, then bad ones
		"id": {"c1", "", nil, 1.0}, "name": {"A", ""}, "slug": {"eu-1", "EU", "a--b"}, "created_at": {"2026-01-02T03:04:05.678Z", "2026-01-02"},
		"updated_at": {"2026-01-02T03:04:05Z", 1.0}, "scope": {"project", "global"}, "project_id": {"c1", 1.0}, "built_in": {true, "true"},
		"environment": {"prd", "PRD"}, "masked_key": {"tl_****Wx3k", "tl_abcdefWx3k"}, "api_key": {"tl_abcdefgh", "abc"},
	}
	for name, fields := range map[string][]field{
		"Project": projectFields, "Environment": environmentFields, "APIKey": apiKeyFields, "GeneratedAPIKey": generatedFields,
	} {
		schema := contract.Components.Schemas[name].Value
		var names []string
		for _, f := range fields {
			names = append(names, f.name)
			values := examples[f.name]
			for i, value := range values {
				property := schema.Properties[f.name].Value
				want := i == 0
				if got := f.kind.is(value); got != want {
					t.Errorf("%s.%s: %v is accepted: %t", name, f.name, value, got)
				}
				if f.name != "masked_key" && f.name != "created_at" && f.name != "updated_at" || want {
					if err := property.VisitJSON(value); (err == nil) != want && (f.name != "project_id" || want) {
						t.Errorf("%s.%s: the contract takes %v otherwise: %v", name, f.name, value, err)
					}
				}
			}
			if nullable := schema.Properties[f.name].Value.Nullable; f.kind.is(nil) != nullable {
				t.Errorf("%s.%s: the contract says nullable: %t", name, f.name, nullable)
			}
		}
		if want := schema.Required; !slices.Equal(names, want) {
			t.Errorf("%s has the fields %q, the contract %q", name, names, want)
		}
	}
	var page []string
	for _, f := range pageFields[1:] {
		page = append(page, f.name)
	}
	if want := contract.Components.Schemas["Page"].Value.Required; !slices.Equal(page, want) {
		t.Errorf("a page has the fields %q, the contract %q", page, want)
	}
}

// Each operation of the contract has a line.
func TestEachOperationIsChecked(t *testing.T) {
	t.Parallel()
	contract, err := openapi3.NewLoader().LoadFromFile("../contract/assumed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	server := populated(t)
	r := check(t, t.Context(), server.URL, server, "-write", "-yes")
	operations := 0
	for path, item := range contract.Paths.Map() {
		for method := range item.Operations() {
			operations++
			if !slices.ContainsFunc(r.lines, func(l line) bool { return l.operation == method+" "+path }) {
				t.Errorf("there is no line on %s %s", method, path)
			}
		}
	}
	if operations < 12 {
		t.Errorf("the contract has %d operations", operations)
	}
}
