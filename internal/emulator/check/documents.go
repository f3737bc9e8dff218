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
)

// operation is an operation of the documents, or one that a rule looks for and no document has.
type operation struct {
	name         string
	method, path string
	layer        string              // of the path's other operations, if no document has it
	spec         *openapi3.Operation // nil if no document has it
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
}

// never are the operations that the check does not send, not even without a key: what they create
// cannot be deleted.
var never = []string{"POST /v2/organizations", "POST /v2/evaluators", "PATCH /v2/evaluators/{id}", "PUT /v2/evaluators/{id}"}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// readDocuments reads the operations of the contract.
func (c *checker) readDocuments() error {
	read, err := validate.New()
	if err != nil {
		return err
	}
	for path, item := range read.Document.Paths.Map() {
		for _, method := range methods {
			o := &operation{method: method, path: path, spec: item.GetOperation(method)}
			for _, spec := range item.Operations() {
				o.layer, _ = spec.Extensions["x-layer"].(string)
			}
			absent := o.spec == nil && o.isOfOne() && (method == http.MethodPut || method == http.MethodPatch)
			if slices.Contains(never, o.String()) || o.spec == nil && !absent {
				continue
			}
			if o.name = o.String(); o.spec != nil {
				o.name = cmp.Or(o.spec.OperationID, publishedNames[o.name])
			}
			c.byName[o.name] = o
			c.sorted = append(c.sorted, o)
		}
	}
	c.byName["sendTraces"] = &operation{name: "sendTraces", method: http.MethodPost, path: "/v1/traces"}
	slices.SortFunc(c.sorted, func(a, b *operation) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(slices.Index(methods, a.method), slices.Index(methods, b.method)))
	})
	c.require("getSetup", http.StatusOK, "id", "external_id", "project_id", "env_project_id")
	c.require("getSetup", http.StatusNotFound, "error")
	published, err := contract.Published.ReadFile("published/openapi.json")
	member := regexp.MustCompile(`(?m)(?:^|[{,])\s*"?(\w+)"?:`)
	for _, text := range []string{string(contract.Assumed), string(contract.Seen), string(published), otherFields} {
		for _, match := range member.FindAllStringSubmatch(text, -1) {
			c.fields[match[1]] = true
		}
	}
	return err
}

// otherFields are names that other APIs give to what the documents have. They may be shown, too.
const otherFields = `{uuid:, title:, createdAt:, updatedAt:, projectId:, projects:, environment_id:, environments:, builtIn:, apiKey:, api_keys:,
	keys:, token:, maskedKey:, items:, results:, content:, nextCursor:, has_more:, totalResults:, total_count:, setups:, page:, meta:, pagination:,
	links:, code:, detail:, success:}`

// require adds what the provider needs of a published answer. Traceloop's document requires nothing.
func (c *checker) require(operation string, status int, names ...string) {
	schema := c.byName[operation].answer(status)
	schema.Required = names
	for _, name := range names {
		schema.Properties[name].Value.MinLength = 1
	}
}

// answer is the schema of an answer's body; nil for none.
func (o *operation) answer(status int) *openapi3.Schema {
	response := cmp.Or(o.spec.Responses.Status(status), o.spec.Responses.Default())
	if response == nil || response.Value.Content["application/json"] == nil {
		return nil
	}
	return response.Value.Content["application/json"].Schema.Value
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
