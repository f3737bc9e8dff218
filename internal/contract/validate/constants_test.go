package validate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
)

func document(t *testing.T, data []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func page(t *testing.T, name string) string {
	t.Helper()
	data, err := contract.Published.ReadFile("published/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The values that Go code uses are those of the documents.
func TestConstantsAreTheDocuments(t *testing.T) {
	t.Parallel()
	assumed := document(t, contract.Assumed)
	published := document(t, []byte(page(t, "openapi.json")))
	schema := func(doc *openapi3.T, name, property string) *openapi3.Schema {
		return doc.Components.Schemas[name].Value.Properties[property].Value
	}
	limit := assumed.Components.Parameters["limit"].Value.Schema.Value
	retention := schema(published, "request.CreateOrganizationRequest", "retention_hours")
	bulk := page(t, "bulk-upsert-auto-monitor-setups.mdx")
	for name, test := range map[string]struct{ is, want any }{
		"masked key":         {contract.MaskedKey, schema(assumed, "APIKey", "masked_key").Pattern},
		"page":               {contract.MaxPage, int(*limit.Max)},
		"page by default":    {contract.DefaultPage, int(limit.Default.(float64))},
		"name":               {contract.MaxName, int(*assumed.Components.Schemas["Name"].Value.MaxLength)},
		"bulk":               {true, strings.Contains(bulk, fmt.Sprintf("between 1 and %d items", contract.MaxBulk))},
		"shortest retention": {contract.MinRetentionHours, int(*retention.Min)},
		"longest retention":  {contract.MaxRetentionHours, int(*retention.Max)},
		"built-in":           {true, strings.Contains(assumed.Info.Description, "the built-in environments dev, stg and prd") && slices.Equal(contract.BuiltInEnvironments, []string{"dev", "stg", "prd"})},
	} {
		if test.is != test.want {
			t.Errorf("%s: %v, but the document has %v", name, test.is, test.want)
		}
	}
}

// The operators, and what each needs, are those of the published page.
func TestOperatorsArePublished(t *testing.T) {
	t.Parallel()
	create := page(t, "create-an-auto-monitor-setup.mdx")
	row := func(field string) []string {
		match := regexp.MustCompile("(?m)^  \\| `" + field + "` .*$").FindString(create)
		_, names, _ := strings.Cut(match, map[string]string{"value": "**Required** for", "values": "**Required** for", "operator": "One of:"}[field])
		return regexp.MustCompile("[a-z_]+").FindAllString(strings.NewReplacer(" operators", "").Replace(names), -1)
	}
	needs := map[contract.Operand][]string{contract.OneValue: row("value"), contract.ManyValues: row("values")}
	var names []string
	for _, o := range contract.Operators {
		names = append(names, o.Name)
		for operand, of := range needs {
			if slices.Contains(of, o.Name) != (o.Operand == operand) {
				t.Errorf("%s needs %q; the page says that %v need %q", o.Name, o.Operand, of, operand)
			}
		}
		if found, ok := contract.FindOperator(o.Name); !ok || found != o {
			t.Errorf("%s is found as %v", o.Name, found)
		}
	}
	want := row("operator")
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) || len(want) != 8 {
		t.Errorf("the operators are %q, the page has %q", names, want)
	}
	if o, ok := contract.FindOperator("like"); ok {
		t.Errorf("found %v", o)
	}
}

// Every operation says which layer it belongs to.
func TestLayers(t *testing.T) {
	t.Parallel()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	layers := map[string][]string{}
	for path, item := range c.Document.Paths.Map() {
		for method, operation := range item.Operations() {
			layer := fmt.Sprint(operation.Extensions["x-layer"])
			layers[layer] = append(layers[layer], method+" "+path)
		}
	}
	if len(layers["assumed"]) != 13 || len(layers["published"]) != 8 || len(layers["seen"]) != 3 || len(layers) != 3 {
		t.Errorf("the layers are %q", layers)
	}
}

func TestInvariants(t *testing.T) {
	t.Parallel()
	operation := &openapi3.Operation{Extensions: map[string]any{"x-order": "created_at", "x-unique": []any{[]any{"id"}, []any{"project_id", "slug"}}}}
	item := func(id, project, slug, at string) string {
		return fmt.Sprintf(`{"id":%q,"project_id":%s,"slug":%q,"created_at":%q}`, id, project, slug, at)
	}
	const early, late = "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z"
	for name, test := range map[string]struct {
		body, says string
	}{
		"good":           {`[` + item("a", "null", "x", early) + `,` + item("b", `"p"`, "x", late) + `]`, ""},
		"good, in data":  {`{"next_cursor":"","data":[` + item("a", "null", "x", early) + `]}`, ""},
		"empty":          {`{"data":[]}`, ""},
		"id twice":       {`[` + item("a", "null", "x", early) + `,` + item("a", "null", "y", early) + `]`, "items 0 and 1 have the same id"},
		"slug twice":     {`{"data":[` + item("a", "null", "x", early) + `,` + item("b", "null", "x", early) + `]}`, "the same project_id slug"},
		"newest first":   {`[` + item("a", "null", "x", late) + `,` + item("b", "null", "y", early) + `]`, "item 1 has a smaller created_at"},
		"without a list": {`{"error":"no"}`, "no list"},
	} {
		err := Invariants(operation, 200, []byte(test.body))
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
	if err := Invariants(operation, 404, []byte(`{"error":"no"}`)); err != nil {
		t.Errorf("a refusal: %v", err)
	}
}
