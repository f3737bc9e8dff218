package check

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
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

// documents are the contract and its operations.
type documents struct {
	contract *validate.Contract
	byName   map[string]*operation
	sorted   []*operation // by path, what reads first
	fields   map[string]bool
}

func readDocuments() (*documents, error) {
	read, err := validate.New()
	if err != nil {
		return nil, err
	}
	d := &documents{contract: read, byName: map[string]*operation{}, fields: map[string]bool{}}
	for path, item := range read.Document.Paths.Map() {
		for _, method := range methods {
			o := &operation{method: method, path: path, name: method + " " + path, spec: item.GetOperation(method)}
			for _, spec := range item.Operations() {
				o.layer, _ = spec.Extensions["x-layer"].(string)
			}
			if o.spec != nil {
				o.name = cmp.Or(o.spec.OperationID, publishedNames[o.name])
				d.sorted = append(d.sorted, o)
			}
			d.byName[o.name] = o
		}
	}
	d.byName["sendTraces"] = &operation{name: "sendTraces", method: http.MethodPost, path: "/v1/traces"}
	slices.SortFunc(d.sorted, func(a, b *operation) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(slices.Index(methods, a.method), slices.Index(methods, b.method)))
	})
	published, err := contract.Published.ReadFile("published/openapi.json")
	if err != nil {
		return nil, err
	}
	member := regexp.MustCompile(`(?m)(?:^|[{,])\s*"?(\w+)"?:`)
	for _, text := range []string{string(contract.Assumed), string(contract.Seen), string(published), otherFields} {
		for _, match := range member.FindAllStringSubmatch(text, -1) {
			d.fields[match[1]] = true
		}
	}
	d.requireWhatTheProviderNeeds()
	return d, nil
}

// otherFields are names that other APIs give to what the documents have. They may be shown, too.
const otherFields = `{uuid:, title:, createdAt:, updatedAt:, projectId:, projects:, environment_id:, environments:, builtIn:, apiKey:, api_keys:,
	keys:, token:, maskedKey:, items:, results:, content:, nextCursor:, has_more:, totalResults:, total_count:, setups:, page:, meta:, pagination:,
	links:, code:, detail:, success:}`

// requireWhatTheProviderNeeds adds what the provider needs of a setup and of a refusal. Traceloop's
// document requires nothing.
func (d *documents) requireWhatTheProviderNeeds() {
	schema := func(name string, status int) *openapi3.Schema {
		return d.byName[name].spec.Responses.Status(status).Value.Content["application/json"].Schema.Value
	}
	refusal, setup := schema("getSetup", http.StatusNotFound), schema("getSetup", http.StatusOK)
	refusal.Required = []string{"error"}
	refusal.Properties["error"].Value.MinLength = 1
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

// listName is the name of the list in an answer; "" for a bare one.
func listName(schema *openapi3.Schema) (name string) {
	for _, part := range slices.Concat(schema.AllOf, openapi3.SchemaRefs{schema.NewRef()}) {
		for property, of := range part.Value.Properties {
			if of.Value.Type.Is("array") {
				name = property
			}
		}
	}
	return name
}
