package traceloop_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
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
	match := regexp.MustCompile(`(?s)-d '(.*?)'`).FindStringSubmatch(published(t, page))
	if match == nil {
		t.Fatalf("%s has no example of a request", page)
	}
	return match[1]
}

// exampleAnswer is the JSON below the heading of a status.
func exampleAnswer(t *testing.T, page, status string) string {
	t.Helper()
	_, section, found := strings.Cut(published(t, page), "\n### "+status)
	match := regexp.MustCompile("(?s)```json\n(.*?)```").FindStringSubmatch(section)
	if !found || match == nil {
		t.Fatalf("%s has no example of the answer %s", page, status)
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

// recorded is an exchange with the emulator, as it was on the wire.
type recorded struct {
	request *http.Request
	body    string
	status  int
	answer  string
}

// recording starts an emulator behind a recorder.
func recording(t *testing.T) (*emulatortest.Server, *traceloop.ProjectClient, func() []recorded) {
	t.Helper()
	server := emulatortest.Start(t)
	_, key := server.GenerateKey(server.Projects()[0].ID, "prd")
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var exchanges []recorded
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			body, _ := io.ReadAll(r.In.Body)
			r.Out.Body = io.NopCloser(bytes.NewReader(body))
			r.SetURL(target)
			mu.Lock()
			exchanges = append(exchanges, recorded{request: r.In.Clone(t.Context()), body: string(body)})
			mu.Unlock()
		},
		ModifyResponse: func(r *http.Response) error {
			answer, err := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(answer))
			mu.Lock()
			last := &exchanges[len(exchanges)-1] // the tests here make one request at a time
			last.status, last.answer = r.StatusCode, string(answer)
			mu.Unlock()
			return err
		},
	})
	t.Cleanup(proxy.Close)
	client, err := traceloop.NewProjectClient(traceloop.Config{BaseURL: proxy.URL, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	return server, client, func() []recorded {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(exchanges)
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

func TestPublishedExample_create(t *testing.T) {
	t.Parallel()
	_, client, exchanges := recording(t)
	body := exampleRequest(t, createPage)
	setup, err := client.CreateAutoMonitorSetup(t.Context(), parse[exampleSetup](t, body).request())
	if err != nil {
		t.Fatal(err)
	}
	got := exchanges()
	got = got[1:] // after the list, which shows that the external id is free
	if len(got) != 1 || got[0].request.Method != "POST" || got[0].request.URL.Path != "/v2/auto-monitor-setups" || got[0].status != 201 {
		t.Fatalf("the exchange is %+v", got)
	}
	wantSameJSON(t, "the request", got[0].body, body)
	wantSameJSON(t, "the answer", got[0].answer, exampleAnswer(t, createPage, "201"))
	if setup.ExternalID != "my-agent-monitor-1" || setup.Status != traceloop.StatusPending || len(setup.Evaluators) != 2 ||
		len(setup.Selector) != 2 || *setup.Selector[1].Value != "gpt-4o" || setup.Selector[1].Operator != traceloop.OperatorEquals {
		t.Errorf("the client read %+v", setup)
	}
}

// The page's answer refuses a slug that its request does not have; the typo is put there.
func TestPublishedExample_bulk(t *testing.T) {
	t.Parallel()
	_, client, exchanges := recording(t)
	body := exampleRequest(t, bulkPage)
	items := parse[struct{ Setups []exampleSetup }](t, body).Setups
	upsertInOrder(t, client, items, "")
	got := exchanges()[1:]
	if len(got) != 1 || got[0].request.Method != "POST" || got[0].request.URL.Path != "/v2/auto-monitor-setups/bulk" || got[0].status != 207 {
		t.Fatalf("the exchange is %+v", got)
	}
	wantSameJSON(t, "the request", got[0].body, body)

	items[1].Evaluators[0] = "answer-relevancy-typo"
	setups, err := client.ListAutoMonitorSetups(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	errs := upsertInOrder(t, client, items, setups[0].EnvProjectID)
	exchange := exchanges()
	wantSameJSON(t, "the answer", exchange[len(exchange)-1].answer, exampleAnswer(t, bulkPage, "207"))
	refused, ok := errors.AsType[*traceloop.ItemError](errs[1])
	if errs[0] != nil || !ok || refused.Message != `unknown evaluator slug "answer-relevancy-typo"` {
		t.Errorf("the client reports %v", errs)
	}
}

// upsertInOrder has the writes gathered in this order, and sent together. Without the environment
// of existing setups, they are creations.
func upsertInOrder(t *testing.T, client *traceloop.ProjectClient, items []exampleSetup, envProjectID string) []error {
	t.Helper()
	traceloop.HoldWrites(client)
	errs := make([]error, len(items))
	var all sync.WaitGroup
	for i, item := range items {
		all.Go(func() {
			if envProjectID == "" {
				_, errs[i] = client.CreateAutoMonitorSetup(t.Context(), item.request())
			} else {
				_, _, errs[i] = client.UpdateAutoMonitorSetup(t.Context(), item.request(), envProjectID)
			}
		})
		traceloop.AwaitGathered(client, i+1)
	}
	traceloop.SendWrites(client)
	all.Wait()
	return errs
}

func TestPublishedExample_refusals(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, emulatortest.WithAnyRequest())
	_, key := server.GenerateKey(server.Projects()[0].ID, "prd")
	for name, test := range map[string]struct{ path, body, want string }{
		"create": {"", `{"external_id":"a","evaluators":[]}`, exampleAnswer(t, createPage, "400")},
		"bulk": {
			"/bulk", `{"setups":[{"external_id":"openai-gpt4o-monitor","evaluators":["char-count"]},{"external_id":"b","evaluators":["char-count"]},{"external_id":"openai-gpt4o-monitor","evaluators":["char-count"]}]}`,
			exampleAnswer(t, bulkPage, "400"),
		},
	} {
		request := httptest.NewRequestWithContext(t.Context(), "POST", "/v2/auto-monitor-setups"+test.path, strings.NewReader(test.body))
		request.Header.Set("Authorization", "Bearer "+key)
		request.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		server.Emulator.ServeHTTP(answer, request)
		if answer.Code != 400 {
			t.Errorf("%s: answered %d", name, answer.Code)
		}
		wantSameJSON(t, name, answer.Body.String(), test.want)
	}
}

// The OpenAPI document has examples of its own, and a map in the place of the selector.
func TestPublishedExample_document(t *testing.T) {
	t.Parallel()
	server, client, _ := recording(t)
	schemas := parse[struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Description string
					Example     any
				}
			}
		}
	}](t, published(t, "openapi.json")).Components.Schemas
	properties := schemas["request.CreateAutoMonitorSetupInput"].Properties
	_, selector, found := strings.Cut(properties["selector"].Description, "Example: ")
	if !found {
		t.Fatal("the document has no example of a selector")
	}
	body, err := json.Marshal(map[string]any{
		"external_id": properties["external_id"].Example, "evaluators": properties["evaluators"].Example, "selector": json.RawMessage(selector),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, key := server.GenerateKey(server.Projects()[0].ID, "dev")
	request := httptest.NewRequestWithContext(t.Context(), "POST", "/v2/auto-monitor-setups", bytes.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	server.Emulator.ServeHTTP(answer, request)
	if answer.Code != 201 {
		t.Fatalf("answered %d %s", answer.Code, answer.Body)
	}

	setups, err := client.ListAutoMonitorSetups(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var slugs, rules []string
	for _, e := range setups[0].Evaluators {
		slugs = append(slugs, e.Slug)
	}
	for _, rule := range setups[0].Selector {
		rules = append(rules, rule.Source+"/"+rule.Key+" "+rule.Operator+" "+*rule.Value)
	}
	if want := []string{"hallucination", "toxicity"}; !slices.Equal(slugs, want) || setups[0].ExternalID != "my-agent-monitor-1" {
		t.Errorf("it is %s with %v", setups[0].ExternalID, slugs)
	}
	if want := []string{
		"span_attributes/gen_ai.request.max_tokens equals 1000", "span_attributes/gen_ai.request.model equals gpt-4o", "span_attributes/gen_ai.system equals openai",
	}; !slices.Equal(rules, want) {
		t.Errorf("the rules are %q", rules)
	}
}

// The answers on the pages can be read unchanged.
func TestPublishedExample_answers(t *testing.T) {
	t.Parallel()
	stub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Date", "Thu, 15 Jan 2026 10:30:00 GMT") // of the older page's setup
		if r.Method == http.MethodGet {
			io.WriteString(w, "[]")
			return
		}
		page, status := createPage, 201
		if strings.HasSuffix(r.URL.Path, "/bulk") {
			page, status = bulkPage, 207
		}
		w.WriteHeader(status)
		io.WriteString(w, exampleAnswer(t, page, map[int]string{201: "201", 207: "207"}[status]))
	}))
	defer stub.Close()
	client, err := traceloop.NewProjectClient(traceloop.Config{BaseURL: stub.URL, Key: "tl_SecretSecretSecret"})
	if err != nil {
		t.Fatal(err)
	}
	setup, err := client.CreateAutoMonitorSetup(t.Context(), parse[exampleSetup](t, exampleRequest(t, createPage)).request())
	if err != nil || setup.EnvProjectID != "cm9v2ga9i..." || setup.Evaluators[1].Slug != "toxicity-detector" {
		t.Errorf("%+v, %v", setup, err)
	}
	errs := upsertInOrder(t, client, parse[struct{ Setups []exampleSetup }](t, exampleRequest(t, bulkPage)).Setups, "")
	if errs[0] != nil || errs[1] == nil {
		t.Errorf("the items are %v", errs)
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
