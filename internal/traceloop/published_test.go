package traceloop_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const (
	createPage = "create-an-auto-monitor-setup.mdx"
	bulkPage   = "bulk-upsert-auto-monitor-setups.mdx"
)

func published(t *testing.T, name string) string {
	t.Helper()
	data, err := contract.Published.ReadFile("published/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// exampleRequest is the body of a page's curl command.
func exampleRequest(t *testing.T, page string) string {
	t.Helper()
	return find(t, page, `-d '(.*?)'`)
}

// exampleAnswer is the JSON below the heading of a status.
func exampleAnswer(t *testing.T, page, status string) string {
	t.Helper()
	return find(t, page, "\n### "+status+".*?```json\n(.*?)```")
}

func find(t *testing.T, page, pattern string) string {
	t.Helper()
	match := regexp.MustCompile("(?s)" + pattern).FindStringSubmatch(published(t, page))
	if match == nil {
		t.Fatalf("%s has no %s", page, pattern)
	}
	return match[1]
}

func parse[T any](t *testing.T, data string) (value T) {
	t.Helper()
	if err := json.Unmarshal([]byte(data), &value); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return value
}

// given replaces what the service chooses, and drops the schemas of evaluators, which the page
// on bulk upserts leaves out too.
func given(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name := range value {
			switch name {
			case "id", "org_id", "project_id", "env_project_id", "created_at", "updated_at":
				value[name] = "given by the service"
			case "input_schema", "output_schema":
				delete(value, name)
			default:
				value[name] = given(value[name])
			}
		}
	case []any:
		for i := range value {
			value[i] = given(value[i])
		}
	}
	return value
}

func wantSameJSON(t *testing.T, what, got, want string) {
	t.Helper()
	if g, w := given(parse[any](t, got)), given(parse[any](t, want)); !reflect.DeepEqual(g, w) {
		t.Errorf("%s: got\n%s\nwant\n%s", what, got, want)
	}
}

// exampleSetup is an item of an example, as the provider would ask for it.
type exampleSetup struct {
	ExternalID string           `json:"external_id"`
	Evaluators []string         `json:"evaluators"`
	Selector   []traceloop.Rule `json:"selector"`
}

func (e exampleSetup) request() traceloop.AutoMonitorSetupRequest {
	return traceloop.AutoMonitorSetupRequest{ExternalID: e.ExternalID, Evaluators: e.Evaluators, Selector: e.Selector}
}

// The client sends the requests on the pages, and reads the answers there.
func TestPublishedExamples_client(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Date", "Thu, 15 Jan 2026 10:30:00 GMT") // of the older page's setup
		body, _ := io.ReadAll(r.Body)
		switch r.Method + " " + r.URL.Path {
		case "GET /v2/auto-monitor-setups":
			io.WriteString(w, "[]")
		case "POST /v2/auto-monitor-setups":
			wantSameJSON(t, "the request", string(body), exampleRequest(t, createPage))
			w.WriteHeader(http.StatusCreated)
			io.WriteString(w, exampleAnswer(t, createPage, "201"))
		case "POST /v2/auto-monitor-setups/bulk":
			wantSameJSON(t, "the bulk request", string(body), exampleRequest(t, bulkPage))
			w.WriteHeader(http.StatusMultiStatus)
			io.WriteString(w, exampleAnswer(t, bulkPage, "207"))
		default:
			t.Errorf("%s %s is not published", r.Method, r.URL)
		}
	}))
	defer service.Close()
	client, err := traceloop.NewProjectClient(traceloop.Config{BaseURL: service.URL, Key: "tl_SecretSecretSecret"})
	if err != nil {
		t.Fatal(err)
	}
	setup, err := client.CreateAutoMonitorSetup(t.Context(), parse[exampleSetup](t, exampleRequest(t, createPage)).request())
	if err != nil || setup.ExternalID != "my-agent-monitor-1" || setup.EnvProjectID != "cm9v2ga9i..." || setup.Status != traceloop.StatusPending || setup.Evaluators[1].Slug != "toxicity-detector" ||
		len(setup.Selector) != 2 || *setup.Selector[1].Value != "gpt-4o" || setup.Selector[1].Operator != traceloop.OperatorEquals {
		t.Errorf("%+v, %v", setup, err)
	}

	var errs [2]error
	items := parse[struct{ Setups [2]exampleSetup }](t, exampleRequest(t, bulkPage)).Setups
	create := func(i int) func() {
		return func() { _, errs[i] = client.CreateAutoMonitorSetup(t.Context(), items[i].request()) }
	}
	traceloop.Gather(client, create(0), create(1))
	if want := `POST /v2/auto-monitor-setups/bulk: the item "anthropic-monitor": unknown evaluator slug "answer-relevancy-typo"`; errs[0] != nil || errs[1] == nil || errs[1].Error() != want {
		t.Errorf("the items are %v", errs)
	}
}

// The emulator answers the requests on the pages, and that of the OpenAPI document, as they say.
func TestPublishedExamples_emulator(t *testing.T) {
	t.Parallel()
	// The document has a map in the place of the selector.
	properties := parse[struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Description string
					Example     any
				}
			}
		}
	}](t, published(t, "openapi.json")).Components.Schemas["request.CreateAutoMonitorSetupInput"].Properties
	_, selector, _ := strings.Cut(properties["selector"].Description, "Example: ")
	document, err := json.Marshal(map[string]any{
		"external_id": properties["external_id"].Example, "evaluators": properties["evaluators"].Example, "selector": json.RawMessage(selector),
	})
	if err != nil {
		t.Fatalf("the document has no example: %v", err)
	}
	twice := `{"setups":[{"external_id":"openai-gpt4o-monitor","evaluators":["char-count"]},{"external_id":"b","evaluators":["char-count"]},{"external_id":"openai-gpt4o-monitor","evaluators":["char-count"]}]}`
	for name, test := range map[string]struct {
		path, body string
		status     int
		want       string
	}{
		"create": {"", exampleRequest(t, createPage), 201, exampleAnswer(t, createPage, "201")},
		// The page's answer refuses a slug that its request does not have.
		"bulk":         {"/bulk", strings.Replace(exampleRequest(t, bulkPage), `["answer-relevancy"]`, `["answer-relevancy-typo"]`, 1), 207, exampleAnswer(t, bulkPage, "207")},
		"create, 400":  {"", `{"external_id":"a","evaluators":[]}`, 400, exampleAnswer(t, createPage, "400")},
		"upserts, 400": {"/bulk", twice, 400, exampleAnswer(t, bulkPage, "400")},
		"the document": {
			"", string(document), 201, `{"id":"","external_id":"my-agent-monitor-1","org_id":"","project_id":"","env_project_id":"","created_at":"","updated_at":"","status":"pending",` +
				`"evaluators":[{"evaluator_type":"hallucination","status":"pending"},{"evaluator_type":"toxicity","status":"pending"}],"init_rules":[` +
				`{"key":"gen_ai.request.max_tokens","source":"span_attributes","operator":"equals","value":"1000"},` +
				`{"key":"gen_ai.request.model","source":"span_attributes","operator":"equals","value":"gpt-4o"},` +
				`{"key":"gen_ai.system","source":"span_attributes","operator":"equals","value":"openai"}]}`,
		},
	} {
		server := emulatortest.Start(t, emulatortest.WithAnyRequest())
		_, key := server.GenerateKey(server.Projects()[0].ID, "prd")
		request := httptest.NewRequestWithContext(t.Context(), "POST", "/v2/auto-monitor-setups"+test.path, strings.NewReader(test.body))
		request.Header.Set("Authorization", "Bearer "+key)
		request.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		server.Emulator.ServeHTTP(answer, request)
		if answer.Code != test.status {
			t.Errorf("%s: answered %d, want %d", name, answer.Code, test.status)
		}
		wantSameJSON(t, name, answer.Body.String(), test.want)
	}
}

func TestPublishedEvaluators(t *testing.T) {
	t.Parallel()
	slugs := map[string]bool{}
	var saas, unlisted []string
	for _, match := range regexp.MustCompile("(?m)^\\| `([a-z-]+)`(.*)").FindAllStringSubmatch(published(t, "evaluator-slugs.mdx"), -1) {
		slugs[match[1]] = true
		if strings.Contains(match[2], "*(SaaS only)*") {
			saas = append(saas, match[1])
		}
	}
	for path := range parse[struct{ Paths map[string]any }](t, published(t, "openapi.json")).Paths {
		if match := regexp.MustCompile(`^/v2/evaluators/([a-z-]+)/execute$`).FindStringSubmatch(path); match != nil {
			if !slugs[match[1]] {
				unlisted = append(unlisted, match[1])
			}
			slugs[match[1]] = true
		}
	}
	if slices.Sort(saas); !slices.Equal(saas, traceloop.SaaSEvaluators) {
		t.Errorf("SaaS only are %v", saas)
	}
	if slices.Sort(unlisted); !slices.Equal(unlisted, traceloop.UnlistedEvaluators) {
		t.Errorf("not on the page are %v", unlisted)
	}
	for _, slug := range traceloop.PublishedEvaluators {
		if !slugs[slug] {
			t.Errorf("%s is not published", slug)
		}
		delete(slugs, slug)
	}
	if len(slugs) > 0 || len(traceloop.PublishedEvaluators) < 30 {
		t.Errorf("published, and not in the list: %v", slugs)
	}
	if !slices.IsSorted(traceloop.PublishedEvaluators) {
		t.Error("the list is not sorted")
	}
}
