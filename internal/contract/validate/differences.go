package validate

import (
	"context"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
)

// isPublished selects the operations of Traceloop's OpenAPI document that this project uses.
func isPublished(path, method string) bool {
	return path == "/v2/auto-monitor-setups" || strings.HasPrefix(path, "/v2/auto-monitor-setups/") ||
		path == "/v2/organizations" || path == "/v2/evaluators" && method == http.MethodPost
}

// Difference is a difference between Traceloop's pages and its OpenAPI document, or between this
// project and the document. Apply changes the document so that it allows exactly what this project
// does.
type Difference struct {
	Name  string
	Says  string // what the document says, and what this project does instead
	Apply func(*openapi3.T)
}

// Differences are all differences. For each one, a test shows that the unchanged document refuses
// what this project does.
var Differences = []Difference{
	{
		"selector-is-a-list",
		"The document has the selector as a map of attributes, the pages as a list of rules. The client sends a list; the emulator takes both.",
		func(doc *openapi3.T) {
			for _, name := range []string{"request.CreateAutoMonitorSetupInput", "request.UpdateAutoMonitorSetupInput"} {
				properties(doc, name)["selector"] = oneOf(
					openapi3.NewObjectSchema(),
					openapi3.NewArraySchema().WithItems(&openapi3.Schema{
						Type: &openapi3.Types{"object"}, Required: []string{"key", "source"}, AdditionalProperties: none(),
						Properties: openapi3.Schemas{
							"key": text(), "source": enum(contract.SourceSpan, contract.SourceResource), "operator": enum(operators()...), "value": text(), "values": texts(),
						},
					}),
				)
			}
		},
	},
	{
		"rule-has-operator",
		"The document calls a rule's operator \"op\" in answers, the pages \"operator\". The emulator answers \"operator\"; the client reads both.",
		func(doc *openapi3.T) {
			rule := properties(doc, "types.Rule")
			delete(rule, "op")
			rule["operator"] = enum(operators()...)
		},
	},
	{
		"rule-has-values",
		"The document has one value in a rule of an answer, the pages a list of values for in and not_in.",
		func(doc *openapi3.T) { properties(doc, "types.Rule")["values"] = texts() },
	},
	{
		"bulk-upsert",
		"The pages have POST /v2/auto-monitor-setups/bulk, the document has not. Neither side here knows the item's evaluator_configs, of which the pages give no shape.",
		func(doc *openapi3.T) {
			item := &openapi3.Schema{
				Type: &openapi3.Types{"object"}, Required: []string{"external_id", "status"}, AdditionalProperties: none(),
				Properties: openapi3.Schemas{
					"external_id": text(), "status": enum("ok", "error"), "error": text(),
					"result": openapi3.NewSchemaRef("", doc.Components.Schemas["response.AutoMonitorSetupResponse"].Value),
				},
			}
			setups := func(items *openapi3.Schema) *openapi3.Schema {
				list := openapi3.NewArraySchema().WithItems(items).WithMinItems(1).WithMaxItems(contract.MaxBulk)
				return &openapi3.Schema{
					Type: &openapi3.Types{"object"}, Required: []string{"setups"}, AdditionalProperties: none(),
					Properties: openapi3.Schemas{"setups": openapi3.NewSchemaRef("", list)},
				}
			}
			operation := openapi3.NewOperation()
			body := openapi3.NewRequestBody().WithRequired(true).
				WithJSONSchema(setups(doc.Components.Schemas["request.CreateAutoMonitorSetupInput"].Value))
			operation.RequestBody = &openapi3.RequestBodyRef{Value: body}
			operation.AddResponse(http.StatusMultiStatus, openapi3.NewResponse().WithDescription("Each item").WithJSONSchema(setups(item)))
			refusal := openapi3.NewResponse().WithDescription("Refused").WithJSONSchema(doc.Components.Schemas["response.ErrorResponse"].Value)
			operation.AddResponse(http.StatusBadRequest, refusal)
			operation.AddResponse(http.StatusInternalServerError, refusal)
			doc.AddOperation("/v2/auto-monitor-setups/bulk", http.MethodPost, operation)
		},
	},
	{
		"more-refusals",
		"The document lists 400, 404 and 500 (403 for organizations). The emulator also answers 401, 403, 409 and 429, like its other operations.",
		func(doc *openapi3.T) {
			refusal := openapi3.NewResponse().WithDescription("Refused").WithJSONSchema(doc.Components.Schemas["response.ErrorResponse"].Value)
			for _, operation := range publishedOperations(doc) {
				for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict, http.StatusTooManyRequests} {
					if operation.Responses.Status(status) == nil {
						operation.AddResponse(status, refusal)
					}
				}
			}
		},
	},
}

func operators() (names []string) {
	for _, o := range contract.Operators {
		names = append(names, o.Name)
	}
	return names
}

// publishedDocument reads Traceloop's document and applies differences to it. A schema that does not
// mention additional properties allows none.
func publishedDocument(differences []Difference) (*openapi3.T, error) {
	data, err := contract.Published.ReadFile("published/openapi.json")
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{
		"request.CreateAutoMonitorSetupInput", "request.UpdateAutoMonitorSetupInput", "response.AutoMonitorSetupResponse",
		"response.AutoMonitorEvaluatorResponse", "types.Rule", "request.CreateOrganizationRequest",
		"response.CreateOrganizationResponse", "response.EnvironmentWithKeyResponse", "response.ErrorResponse",
		"request.CreateCustomEvaluatorInput", "evaluator.Property", "model.LLMMessage", "response.CreateEvaluatorResponse",
	} {
		doc.Components.Schemas[name].Value.AdditionalProperties = none()
	}
	for _, difference := range differences {
		difference.Apply(doc)
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			operation.Extensions = map[string]any{"x-layer": "published"}
			switch {
			case path == "/v2/organizations":
				operation.Extensions["x-once"] = "api_key"
			case path == "/v2/auto-monitor-setups" && method == http.MethodGet:
				operation.Extensions["x-unique"] = []any{[]any{"id"}, []any{"project_id", "external_id"}}
			}
		}
	}
	err = doc.Validate(context.Background())
	return doc, err
}

func publishedOperations(doc *openapi3.T) []*openapi3.Operation {
	var found []*openapi3.Operation
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if isPublished(path, method) {
				found = append(found, operation)
			}
		}
	}
	return found
}

func properties(doc *openapi3.T, schema string) openapi3.Schemas {
	return doc.Components.Schemas[schema].Value.Properties
}

func none() openapi3.BoolSchema {
	return openapi3.BoolSchema{Has: new(false)}
}

func text() *openapi3.SchemaRef { return openapi3.NewStringSchema().NewRef() }

func texts() *openapi3.SchemaRef {
	return openapi3.NewArraySchema().WithItems(openapi3.NewStringSchema()).NewRef()
}

func enum(values ...string) *openapi3.SchemaRef {
	schema := openapi3.NewStringSchema()
	for _, value := range values {
		schema.Enum = append(schema.Enum, value)
	}
	return schema.NewRef()
}

func oneOf(schemas ...*openapi3.Schema) *openapi3.SchemaRef {
	return openapi3.NewOneOfSchema(schemas...).NewRef()
}
