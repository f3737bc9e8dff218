package check

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract/validate"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// operation is an operation of the documents.
type operation struct {
	name         string
	method, path string
	layer        string
	spec         *openapi3.Operation // nil if no document has the operation
}

func (o *operation) String() string { return o.method + " " + o.path }

// managed reports whether the operation takes the management key.
func (o *operation) managed() bool { return o.layer == "assumed" }

// collection is the path without the id of an object.
func (o *operation) collection() string {
	collection, _, _ := strings.Cut(o.path, "/{")
	return collection
}

func (o *operation) isOfOne() bool { return o.collection() != o.path }

func (o *operation) isList() bool { return o.method == http.MethodGet && !o.isOfOne() }

// publishedNames are those of operations to which Traceloop's document gives none.
var publishedNames = map[string]string{
	"GET /v2/auto-monitor-setups":                  "listSetups",
	"POST /v2/auto-monitor-setups":                 "createSetup",
	"POST /v2/auto-monitor-setups/bulk":            "upsertSetups",
	"GET /v2/auto-monitor-setups/{external_id}":    "getSetup",
	"PUT /v2/auto-monitor-setups/{external_id}":    "updateSetup",
	"DELETE /v2/auto-monitor-setups/{external_id}": "deleteSetup",
	"POST /v2/evaluators":                          "createEvaluator",
	"POST /v2/organizations":                       "createOrganization",
}

// never are the operations that the check does not send, not even without a key: what they create
// cannot be deleted.
var never = []string{"createOrganization", "createEvaluator", "updateEvaluator"}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// documents are the operations, the contract, and what the provider accepts instead of it.
type documents struct {
	contract  *validate.Contract
	tolerated *validate.Contract
	byName    map[string]*operation
	sorted    []*operation // by path, what reads first
	fields    map[string]bool
}

func readDocuments() (*documents, error) {
	contract, err := validate.New()
	if err != nil {
		return nil, err
	}
	tolerated, err := validate.New()
	if err != nil {
		return nil, err
	}
	d := &documents{contract: contract, tolerated: tolerated, byName: map[string]*operation{}, fields: otherFields()}
	for path, item := range contract.Document.Paths.Map() {
		for method, spec := range item.Operations() {
			layer, _ := spec.Extensions["x-layer"].(string)
			o := &operation{cmp.Or(spec.OperationID, publishedNames[method+" "+path]), method, path, layer, spec}
			d.byName[o.name] = o
			d.sorted = append(d.sorted, o)
		}
	}
	slices.SortFunc(d.sorted, func(a, b *operation) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(slices.Index(methods, a.method), slices.Index(methods, b.method)))
	})
	for _, o := range d.sorted {
		for _, method := range methods {
			name := method + " " + o.path
			if o.isOfOne() && contract.Document.Paths.Value(o.path).GetOperation(method) == nil {
				d.byName[name] = &operation{name: name, method: method, path: o.path, layer: o.layer}
			}
		}
	}
	d.byName["sendTraces"] = &operation{name: "sendTraces", method: http.MethodPost, path: "/v1/traces"}
	prepare(contract.Document)
	prepare(tolerated.Document)
	eachSchema(contract.Document, func(schema *openapi3.Schema) {
		for name := range schema.Properties {
			d.fields[name] = true
		}
	})
	tolerate(tolerated.Document)
	return d, nil
}

// eachSchema visits the schemas of all answers.
func eachSchema(document *openapi3.T, visit func(*openapi3.Schema)) {
	seen := map[*openapi3.Schema]bool{}
	var descend func(refs ...*openapi3.SchemaRef)
	descend = func(refs ...*openapi3.SchemaRef) {
		for _, ref := range refs {
			if ref == nil || seen[ref.Value] {
				continue
			}
			seen[ref.Value] = true
			visit(ref.Value)
			descend(ref.Value.Items)
			descend(ref.Value.AllOf...)
			descend(slices.Collect(maps.Values(ref.Value.Properties))...)
		}
	}
	for _, item := range document.Paths.Map() {
		for _, o := range item.Operations() {
			for _, response := range o.Responses.Map() {
				for _, media := range response.Value.Content {
					descend(media.Schema)
				}
			}
		}
	}
}

// prepare allows further fields in all answers, and adds what the provider needs of a setup and of a
// refusal. Traceloop's document requires nothing.
func prepare(document *openapi3.T) {
	eachSchema(document, func(schema *openapi3.Schema) { schema.AdditionalProperties = openapi3.BoolSchema{} })
	get := document.Paths.Value("/v2/auto-monitor-setups/{external_id}").Get
	refusal := answerSchema(get, http.StatusNotFound)
	refusal.Required = []string{"error"}
	refusal.Properties["error"].Value.MinLength = 1
	setup := answerSchema(get, http.StatusOK)
	texts, times := []string{"id", "external_id", "project_id", "env_project_id"}, []string{"created_at", "updated_at"}
	setup.Required = slices.Concat(texts, times, []string{"init_rules", "evaluators", "status"})
	for _, name := range texts {
		setup.Properties[name].Value.MinLength = 1
	}
	for _, name := range times {
		setup.Properties[name].Value.Format = "date-time"
	}
	setup.Properties["status"].Value.Enum = []any{
		traceloop.StatusPending, traceloop.StatusInProgress, traceloop.StatusWaitingForSpans,
		traceloop.StatusCompleted, traceloop.StatusPartial, traceloop.StatusFailed,
	}
	setup.Properties["evaluators"].Value.Items.Value.Required = []string{"evaluator_type"}
	setup.Properties["init_rules"].Value.Items.Value.Required = []string{"key", "source", "operator"}
}

func answerSchema(o *openapi3.Operation, status int) *openapi3.Schema {
	return o.Responses.Status(status).Value.Content["application/json"].Schema.Value
}

// tolerate changes a document to what the provider accepts, because the service was seen to answer so:
// a list is bare and in any order, slugs and masks have any form, and a mask may be missing.
func tolerate(document *openapi3.T) {
	eachSchema(document, func(schema *openapi3.Schema) {
		schema.Pattern = ""
		schema.Required = slices.DeleteFunc(schema.Required, func(name string) bool { return name == "masked_key" })
		if mask := schema.Properties["masked_key"]; mask != nil {
			mask.Value.Nullable = true
		}
	})
	for path, item := range document.Paths.Map() {
		if item.Get == nil || strings.Contains(path, "{") {
			continue
		}
		delete(item.Get.Extensions, "x-order")
		media := item.Get.Responses.Status(http.StatusOK).Value.Content["application/json"]
		media.Schema = openapi3.NewSchemaRef("", listSchema(media.Schema.Value))
	}
}

// listSchema is the schema of the list in an answer; nil if there is none.
func listSchema(schema *openapi3.Schema) *openapi3.Schema {
	if schema.Type.Is("array") {
		return schema
	}
	for _, part := range slices.Concat(schema.AllOf, slices.Collect(maps.Values(schema.Properties))) {
		if list := listSchema(part.Value); list != nil {
			return list
		}
	}
	return nil
}
