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
	id           string
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

func (o *operation) parameters() (all []*openapi3.Parameter) {
	for _, p := range o.spec.Parameters {
		if p.Value.In == openapi3.ParameterInQuery {
			all = append(all, p.Value)
		}
	}
	return all
}

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

// documents are the operations of a service that may add fields to its answers.
type documents struct {
	contract *validate.Contract
	byID     map[string]*operation
	sorted   []*operation // by path, what reads first
}

func readDocuments() (*documents, error) {
	contract, err := validate.New()
	if err != nil {
		return nil, err
	}
	d := &documents{contract: contract, byID: map[string]*operation{}}
	for path, item := range contract.Document.Paths.Map() {
		for method, spec := range item.Operations() {
			layer, _ := spec.Extensions["x-layer"].(string)
			o := &operation{cmp.Or(spec.OperationID, publishedNames[method+" "+path]), method, path, layer, spec}
			d.byID[o.id] = o
			d.sorted = append(d.sorted, o)
		}
	}
	slices.SortFunc(d.sorted, func(a, b *operation) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(slices.Index(methods, a.method), slices.Index(methods, b.method)))
	})
	for _, o := range d.sorted {
		for _, method := range methods {
			id := method + " " + o.path
			if o.isOfOne() && contract.Document.Paths.Value(o.path).GetOperation(method) == nil {
				d.byID[id] = &operation{id: id, method: method, path: o.path, layer: o.layer}
			}
		}
	}
	d.byID["sendTraces"] = &operation{id: "sendTraces", method: http.MethodPost, path: "/v1/traces"}
	d.open()
	d.requireOfSetups()
	return d, nil
}

// open allows further fields in all answers.
func (d *documents) open() {
	d.eachSchema(func(schema *openapi3.Schema) { schema.AdditionalProperties = openapi3.BoolSchema{} })
}

// eachSchema visits the schemas of all answers.
func (d *documents) eachSchema(visit func(*openapi3.Schema)) {
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
	for _, o := range d.sorted {
		for _, response := range o.spec.Responses.Map() {
			for _, media := range response.Value.Content {
				descend(media.Schema)
			}
		}
	}
}

// requireOfSetups adds what the provider needs of a setup and of a refusal. Traceloop's document requires
// nothing.
func (d *documents) requireOfSetups() {
	refusal := d.answerSchema("getSetup", http.StatusNotFound)
	refusal.Required = []string{"error"}
	refusal.Properties["error"].Value.MinLength = 1
	setup := d.answerSchema("getSetup", http.StatusOK)
	setup.Required = []string{"id", "external_id", "project_id", "env_project_id", "init_rules", "evaluators", "status", "created_at", "updated_at"}
	for _, name := range []string{"id", "external_id", "project_id", "env_project_id"} {
		setup.Properties[name].Value.MinLength = 1
	}
	for _, name := range []string{"created_at", "updated_at"} {
		setup.Properties[name].Value.Format = "date-time"
	}
	setup.Properties["status"].Value.Enum = []any{
		traceloop.StatusPending, traceloop.StatusInProgress, traceloop.StatusWaitingForSpans,
		traceloop.StatusCompleted, traceloop.StatusPartial, traceloop.StatusFailed,
	}
	setup.Properties["evaluators"].Value.Items.Value.Required = []string{"evaluator_type"}
	setup.Properties["init_rules"].Value.Items.Value.Required = []string{"key", "source", "operator"}
}

func (d *documents) answerSchema(id string, status int) *openapi3.Schema {
	response := d.byID[id].spec.Responses.Status(status)
	if response == nil || response.Value.Content["application/json"] == nil {
		return nil
	}
	return response.Value.Content["application/json"].Schema.Value
}
