package traceloop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const (
	testProjectKey = "tl_TopSecretProjectKey0001"
	setupsPath     = "/v2/auto-monitor-setups"
)

func setupJSON(externalID, envProjectID string) string {
	return fmt.Sprintf(`{"id":"s-%[1]s-%[2]s","external_id":%[1]q,"org_id":"o","project_id":"p1","env_project_id":%[2]q,"init_rules":[],`+
		`"evaluators":[{"evaluator_type":"char-count","status":"pending"}],"status":"pending","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:06Z"}`, externalID, envProjectID)
}

// newSetupJSON is a setup that the service creates now.
func newSetupJSON(externalID, envProjectID string) string {
	now := time.Now().UTC().Format(time.RFC3339Nano)
	return strings.NewReplacer("2026-01-02T03:04:05Z", now, "2026-01-02T03:04:06Z", now).Replace(setupJSON(externalID, envProjectID))
}

// projectOnLoopback is onLoopback for the operations of a project's key.
func projectOnLoopback(t *testing.T, handler http.HandlerFunc) *ProjectClient {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := NewProjectClient(Config{BaseURL: server.URL, Key: testProjectKey})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// holding are the answers of a service that has these setups in the environment "ep", and in another one.
func holding(list string, ids ...string) byLine {
	by := byLine{"GET /none": once(refusal(404)), "GET /only-there": once(refusal(404))}
	var all []string
	for _, id := range ids {
		all = append(all, setupJSON(id, "other"), setupJSON(id, "ep"))
		by["GET /"+id] = once(answer(200, setupJSON(id, "ep")))
		by["DELETE /"+id] = once(answer(200, ""))
	}
	if list == "" {
		list = "[" + strings.Join(all, ",") + "]"
	}
	by["GET "] = once(answer(200, list))
	return by
}

func TestSetupReads(t *testing.T) {
	for _, test := range []struct {
		name     string
		read     []string
		list     string
		requests string
	}{
		{"one alone", []string{"a"}, "", "GET /a"},
		{"further ones share the list", []string{"a", "b", "c", "a"}, "", "GET /a, GET "},
		{"a missing one is asked for", []string{"a", "none", "b"}, "", "GET /a, GET , GET /none"},
		{"one alone that is missing is confirmed by the list", []string{"none"}, "", "GET /none, GET "},
		{"the list waits for the key's environment to be known", []string{"none", "a", "b"}, "", "GET /none, GET , GET /a"},
		{"a list that is no list", []string{"a", "b", "c"}, `{}`, "GET /a, GET , GET /b, GET /c"},
		{"a list with an object twice", []string{"a", "b"}, "[" + setupJSON("b", "ep") + "," + setupJSON("b", "ep") + "]", "GET /a, GET , GET /b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, c := handWritten(t, holding(test.list, "a", "b", "c"))
			for _, id := range test.read {
				setup, err := c.GetAutoMonitorSetup(t.Context(), id, "ep")
				switch {
				case id == "none" && !IsNotFound(err), id != "none" && err != nil:
					t.Fatal(err)
				case err == nil && (setup.ExternalID != id || setup.EnvProjectID != "ep"):
					t.Errorf("%s: got %+v", id, setup)
				}
			}
			if got := s.got(); got != test.requests {
				t.Errorf("the requests are %q, want %q", got, test.requests)
			}
		})
	}
}

// A key of another environment neither reads nor changes what has the same external id there.
func TestSetups_ofAnotherEnvironment(t *testing.T) {
	for name, read := range map[string]string{"which has one of the same id": "a", "which has none": "only-there"} {
		s, c := handWritten(t, holding("["+setupJSON("a", "ep")+","+setupJSON("a", "other")+","+setupJSON("only-there", "other")+"]", "a"))
		_, readErr := c.GetAutoMonitorSetup(t.Context(), read, "other")
		_, _, updateErr := c.UpdateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: read}, "other")
		for _, err := range []error{readErr, updateErr, c.DeleteAutoMonitorSetup(t.Context(), read, "other")} {
			as[*OtherEnvironmentError](t, err)
		}
		if got := s.got(); strings.Contains(got, "PUT") || strings.Contains(got, "DELETE") || strings.Contains(got, "POST") {
			t.Errorf("%s: the requests are %q", name, got)
		}
	}
}

func TestSetupReads_wrongBaseURL(t *testing.T) {
	c := projectOnLoopback(t, answer(404, `{"error":"nothing here"}`))
	_, err := c.GetAutoMonitorSetup(t.Context(), "a", "ep")
	as[*UnreadableError](t, err)
	as[*UnreadableError](t, c.DeleteAutoMonitorSetup(t.Context(), "a", "ep"))
}

func TestSetupReads_afterAWrite(t *testing.T) {
	s, c := handWritten(t, holding("", "a", "b"))
	for range 2 {
		for _, id := range []string{"a", "b"} {
			if _, err := c.GetAutoMonitorSetup(t.Context(), id, "ep"); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.DeleteAutoMonitorSetup(t.Context(), "a", "ep"); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.got(); got != "GET /a, GET , DELETE /a, GET /a, GET , DELETE /a" {
		t.Errorf("the requests are %q", got)
	}
}

// batches is a service that takes writes, and notes how many came together.
type batches struct {
	mu    sync.Mutex
	sizes []string
}

func (b *batches) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		answer(200, "[]")(w, r)
		return
	}
	data, _ := io.ReadAll(r.Body)
	body := struct {
		ExternalID string           `json:"external_id"`
		Setups     []map[string]any `json:"setups"`
	}{}
	if err := json.Unmarshal(data, &body); err != nil {
		panic(err)
	}
	status, items := 201, []string{}
	for _, item := range body.Setups {
		id := item["external_id"].(string)
		if message, bad := badItems[id]; bad {
			items = append(items, fmt.Sprintf(`{"external_id":%q,"status":"error","error":"setups[%d]: %s"}`, id, len(items), message))
			continue
		}
		items = append(items, fmt.Sprintf(`{"external_id":%q,"status":"ok","result":%s}`, id, newSetupJSON(id, "ep")))
	}
	b.mu.Lock()
	b.sizes = append(b.sizes, fmt.Sprintf("%s %d", r.Method, len(items)))
	b.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "/bulk"):
		answer(207, `{"setups":[`+strings.Join(items, ",")+`]}`)(w, r)
	case r.Method == http.MethodPut:
		answer(200, setupJSON(strings.TrimPrefix(r.URL.Path, setupsPath+"/"), "ep"))(w, r)
	default:
		answer(status, newSetupJSON(body.ExternalID, "ep"))(w, r)
	}
}

var badItems = map[string]string{"bad-1": "no such thing", "bad-2": "no such thing", "broken": "internal error"}

func TestSetupWrites_partialSuccess(t *testing.T) {
	b := &batches{}
	for id, err := range together(t, projectOnLoopback(t, b.ServeHTTP), "a", "bad-1", "b", "bad-2", "broken") {
		var refused *ItemError
		message, bad := badItems[id]
		if bad != errors.As(err, &refused) || bad && (refused.ExternalID != id || refused.Message != message || refused.Internal != (id == "broken")) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// How writes are gathered. Each case has the fake clock of testing/synctest, whose sleeps take
// no time; so have those below.
func TestSetupWrites_gathered(t *testing.T) {
	for _, test := range []struct {
		name  string
		n     int
		every time.Duration
		takes time.Duration // of a request
		want  string
	}{
		{"one alone", 1, 0, 0, "[1]"},
		{"all at once", 30, 0, 0, "[30]"},
		{"more than the service takes", 250, 0, time.Second, "[100 100 50]"},
		{"close together", 10, bulkQuiet / 2, 0, "[10]"},
		{"far apart", 3, 2 * bulkQuiet, 0, "[1 1 1]"},
		{"while a request is in flight", 10, 2 * bulkQuiet, 10 * time.Second, "[1 9]"},
		{"without an end", 95, 40 * time.Millisecond, 0, "[95]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sending sync.Mutex
				var sizes []int
				writes := &setupWrites{deliver: func(batch []*setupWrite) {
					if !sending.TryLock() {
						t.Error("two requests are in flight")
						return
					}
					defer sending.Unlock()
					sizes = append(sizes, len(batch))
					time.Sleep(test.takes)
					for _, w := range batch {
						w.done <- setupAnswer{}
					}
				}}
				var all sync.WaitGroup
				for i := range test.n {
					all.Go(func() {
						writes.add(&setupWrite{ctx: t.Context(), request: AutoMonitorSetupRequest{ExternalID: fmt.Sprint("s", i)}})
					})
					time.Sleep(test.every)
				}
				all.Wait()
				if got := fmt.Sprint(sizes); got != test.want {
					t.Errorf("the batches are %s, want %s", got, test.want)
				}
			})
		})
	}
}

// A write that was not sent yet ends with its caller; one on its way is seen through.
func TestSetupWrites_interrupted(t *testing.T) {
	b := &batches{}
	c := projectOnLoopback(t, b.ServeHTTP)
	HoldWrites(c)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var gone, kept error
	all.Go(func() { _, gone = c.CreateAutoMonitorSetup(ctx, AutoMonitorSetupRequest{ExternalID: "gone"}) })
	AwaitGathered(c, 1)
	all.Go(func() {
		_, kept = c.CreateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "kept"})
	})
	AwaitGathered(c, 2)
	cancel()
	SendWrites(c)
	all.Wait()
	if !errors.Is(gone, context.Canceled) || kept != nil {
		t.Errorf("%v and %v", gone, kept)
	}
	if got := fmt.Sprint(b.sizes); got != "[POST 0]" {
		t.Errorf("the requests are %s, want the one by itself", got)
	}
}

// The service refuses a request that names one external id twice.
func TestSetupWrites_sameExternalID(t *testing.T) {
	b := &batches{}
	c := projectOnLoopback(t, b.ServeHTTP)
	c.known.learn(AutoMonitorSetup{ProjectID: "p1", EnvProjectID: "ep"})
	HoldWrites(c)
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if _, created, err := c.UpdateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "a"}, "ep"); created || err != nil {
				t.Errorf("created: %t, %v", created, err)
			}
		})
	}
	AwaitGathered(c, 2)
	SendWrites(c)
	all.Wait()
	if got := fmt.Sprint(b.sizes); got != "[PUT 0 PUT 0]" {
		t.Errorf("the requests are %s", got)
	}
}

func TestSetupWrites_unreadableAnswers(t *testing.T) {
	item := func(id, rest string) string { return fmt.Sprintf(`{"external_id":%q,%s}`, id, rest) }
	ok := func(id string) string { return item(id, `"status":"ok","result":`+newSetupJSON(id, "ep")) }
	for name, test := range map[string]struct{ body, says string }{
		"too few items":    {`{"setups":[` + ok("a") + `]}`, "it does not have an item of the request"},
		"another's result": {`{"setups":[` + ok("a") + "," + item("b", `"status":"ok","result":`+newSetupJSON("a", "ep")) + `]}`, "another object"},
		"unknown status":   {`{"setups":[` + ok("a") + "," + item("b", `"status":"maybe"`) + `]}`, "neither ok nor error"},
		"no message":       {`{"setups":[` + ok("a") + "," + item("b", `"status":"error"`) + `]}`, "error is missing"},
	} {
		_, c := handWritten(t, byLine{"GET ": once(answer(200, "[]")), "POST /bulk": once(answer(207, test.body))})
		for _, err := range together(t, c, "a", "b") {
			as[*UnknownOutcomeError](t, err)
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: %v, want %q", name, err, test.says)
			}
		}
	}
}

// What either of the published descriptions would answer is read.
func TestReadSetup_eitherDescription(t *testing.T) {
	body := strings.Replace(setupJSON("a", "ep"), `"init_rules":[]`, `"init_rules":[
		{"key":"k","op":"contains","source":"span_attributes","value":"v","value_type":"string"},
		{"key":"k","operator":"in","source":"resource_attributes","values":["v"]},
		{"key":"k","source":"span_attributes","value":"v"}]`, 1)
	body = strings.Replace(body, `"char-count"`, `"PII_DETECTOR"`, 1)
	c := projectOnLoopback(t, answer(200, body))
	setup, err := c.GetAutoMonitorSetup(t.Context(), "a", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := setup.Evaluators[0].Slug; got != "pii-detector" {
		t.Errorf("the evaluator is %q", got)
	}
	var got []string
	for _, rule := range setup.Selector {
		got = append(got, rule.Operator)
	}
	if want := []string{"contains", "in", "equals"}; !slices.Equal(got, want) || *setup.Selector[0].Value != "v" || setup.Selector[1].Values[0] != "v" {
		t.Errorf("the rules are %+v", setup.Selector)
	}

	failed := strings.Replace(setupJSON("a", "ep"), `"status":"pending"}]`, `"status":"failed","error_message":"no\u001b[31m \ntext "}]`, 1)
	c = projectOnLoopback(t, answer(200, failed))
	if setup, err := c.GetAutoMonitorSetup(t.Context(), "a", ""); err != nil || setup.Evaluators[0].ErrorMessage != "no [31m  text" {
		t.Errorf("%+v, %v", setup, err)
	}

	without := strings.Replace(setupJSON("a", "ep"), `"init_rules":[],`, "", 1)
	c = projectOnLoopback(t, answer(200, without))
	if setup, err := c.GetAutoMonitorSetup(t.Context(), "a", ""); err != nil || len(setup.Selector) != 0 {
		t.Errorf("%+v, %v", setup, err)
	}
}

// answers is a service whose answers a test writes by hand, by method and path below the setups. The
// last answer of a list repeats.
type answers struct {
	t  *testing.T
	by map[string][]http.HandlerFunc

	mu       sync.Mutex
	requests []string
}

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	line := r.Method + " " + strings.TrimPrefix(r.URL.EscapedPath(), setupsPath)
	a.mu.Lock()
	a.requests = append(a.requests, line)
	list := a.by[line]
	if len(list) > 1 {
		a.by[line] = list[1:]
	}
	a.mu.Unlock()
	if len(list) == 0 {
		answer(404, "404 page not found", "Content-Type", "text/plain")(w, r)
		return
	}
	list[0](w, r)
}

func (a *answers) client() *ProjectClient { return projectOnLoopback(a.t, a.ServeHTTP) }

// got returns the requests since the last call.
func (a *answers) got() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer func() { a.requests = nil }()
	return strings.Join(a.requests, ", ")
}

type byLine map[string][]http.HandlerFunc

func handWritten(t *testing.T, by byLine) (*answers, *ProjectClient) {
	t.Helper()
	a := &answers{t: t, by: by}
	client := a.client()
	return a, client
}

func once(h http.HandlerFunc) []http.HandlerFunc { return []http.HandlerFunc{h} }

// newly answers with a setup that the service creates at the time of the request.
func newly(status int, externalID, envProjectID string, replace ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(status, strings.NewReplacer(replace...).Replace(newSetupJSON(externalID, envProjectID)))(w, r)
	}
}

func bulk(items ...string) http.HandlerFunc {
	return answer(207, `{"setups":[`+strings.Join(items, ",")+`]}`)
}

func bulkOK(externalID, result string) string {
	return fmt.Sprintf(`{"external_id":%q,"status":"ok","result":%s}`, externalID, result)
}

// together sends creations of these external ids as one batch.
func together(t *testing.T, c *ProjectClient, externalIDs ...string) map[string]error {
	t.Helper()
	HoldWrites(c)
	errs := map[string]error{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for i, id := range externalIDs {
		all.Go(func() {
			setup, err := c.CreateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: id, Evaluators: []string{"char-count"}})
			mu.Lock()
			defer mu.Unlock()
			if errs[id] = err; err == nil && setup.ExternalID != id {
				t.Errorf("%s got %+v", id, setup)
			}
		})
		AwaitGathered(c, i+1)
	}
	SendWrites(c)
	all.Wait()
	return errs
}

// An external id is unique in the project, so a creation with the key of one environment must not
// touch the setup of another.
func TestCreateSetup_takenInTheProject(t *testing.T) {
	for name, test := range map[string]struct{ list, projectID, requests string }{
		"in the project that the caller names":       {setupJSON("a", "dev"), "p1", "GET "},
		"in the project that an answer shows":        {setupJSON("a", "dev"), "", "GET , GET /a"},
		"beside a setup that cannot be compared":     {`{"id":"x","external_id":null,"init_rules":"?"},` + setupJSON("a", "dev"), "p1", "GET "},
		"by a setup of which only the ids are known": {strings.Replace(setupJSON("a", "dev"), `"init_rules":[]`, `"init_rules":"?"`, 1), "p1", "GET "},
	} {
		a, c := handWritten(t, byLine{"GET ": once(answer(200, "["+test.list+"]")), "GET /a": once(answer(200, setupJSON("a", "dev")))})
		_, err := c.CreateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "a", ProjectID: test.projectID})
		taken := as[*AlreadyThereError](t, err)
		if taken.Replaced || taken.Setup.EnvProjectID != "dev" || taken.Setup.ID != "s-a-dev" {
			t.Errorf("%s: %+v", name, taken)
		}
		if got := a.got(); got != test.requests {
			t.Errorf("%s: the requests are %q", name, got)
		}
	}
}

// An external id of another project does not matter, nor that another setup in the list is odd.
func TestCreateSetup_free(t *testing.T) {
	elsewhere := strings.Replace(setupJSON("a", "other"), `"project_id":"p1"`, `"project_id":"p2"`, 1)
	odd := `{"id":"x","external_id":null,"evaluators":null,"init_rules":[{"key":"k"}]}`
	a, c := handWritten(t, byLine{
		"GET ": once(answer(200, "["+odd+","+elsewhere+"]")), "GET /a": once(refusal(404)), "POST ": once(newly(201, "a", "ep")),
	})
	if setup, err := c.CreateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "a"}); err != nil || setup.EnvProjectID != "ep" {
		t.Errorf("%+v, %v", setup, err)
	}
	if got := a.got(); got != "GET , GET /a, POST " {
		t.Errorf("the requests are %q", got)
	}
	// This client's own setup is known, and the list is not read again.
	_, err := c.CreateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "a"})
	as[*AlreadyThereError](t, err)
	if got := a.got(); got != "" {
		t.Errorf("the requests are %q", got)
	}
}

// Without a list nothing is known to be free, so each creation uses its own operation, which does
// not replace.
func TestCreateSetup_listFails(t *testing.T) {
	a, c := handWritten(t, byLine{"GET ": once(refusal(500)), "POST ": once(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			ExternalID string `json:"external_id"`
		}
		_ = json.NewDecoder(r.Body).Decode(&body)
		newly(201, body.ExternalID, "ep")(w, r)
	})})
	var all sync.WaitGroup
	for _, id := range []string{"a", "b"} {
		all.Go(func() {
			if _, err := c.CreateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: id}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := a.got(); got != "GET , POST , POST " {
		t.Errorf("the requests are %q", got)
	}
}

// The answer of a bulk upsert shows that a setup came into being at the same time, or was not in the
// list.
func TestCreateSetup_wasThere(t *testing.T) {
	now := time.Now().UTC()
	with := func(created, updated time.Time) string {
		return strings.NewReplacer("2026-01-02T03:04:05Z", created.Format(time.RFC3339Nano), "2026-01-02T03:04:06Z", updated.Format(time.RFC3339Nano)).Replace(setupJSON("a", "dev"))
	}
	untimed := strings.NewReplacer(`"created_at"`, `"x"`, `"updated_at"`, `"y"`).Replace
	for name, test := range map[string]struct {
		result string
		taken  bool
	}{
		"created before, updated now":        {with(now.Add(-time.Hour), now), true},
		"created just before, updated now":   {with(now, now.Add(10*time.Millisecond)), true},
		"created before, without an update":  {strings.Replace(with(now.Add(-time.Hour), now), `"updated_at"`, `"y"`, 1), true},
		"created before, with the same time": {with(now.Add(-time.Hour), now.Add(-time.Hour)), true},
		"by a clock that is behind":          {with(now.Add(-10*time.Second), now.Add(-10*time.Second)), false},
		"new, to the nanosecond":             {with(now, now.Add(80*time.Nanosecond)), false},
		"without times":                      {untimed(setupJSON("a", "dev")), false},
	} {
		_, c := handWritten(t, byLine{
			"GET ": once(answer(200, "[]")), "POST /bulk": once(bulk(bulkOK("a", test.result), bulkOK("b", newSetupJSON("b", "dev")))),
		})
		errs := together(t, c, "a", "b")
		taken, isTaken := errors.AsType[*AlreadyThereError](errs["a"])
		if isTaken != test.taken || isTaken && (!taken.Replaced || taken.Setup.ID != "s-a-dev") || !isTaken && errs["a"] != nil || errs["b"] != nil {
			t.Errorf("%s: %v", name, errs)
		}
	}
}

// A setup without times, of another environment than the key's own, was not created.
func TestCreateSetup_elsewhere(t *testing.T) {
	_, c := handWritten(t, byLine{"GET ": once(answer(200, "[]")), "POST ": {
		newly(201, "a", "ep"), newly(201, "b", "dev", `"created_at"`, `"x"`),
	}})
	if _, err := c.CreateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "a"}); err != nil {
		t.Fatal(err)
	}
	_, err := c.CreateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "b"})
	if taken := as[*AlreadyThereError](t, err); taken.Setup.EnvProjectID != "dev" {
		t.Errorf("%+v", taken)
	}
}

// A bulk upsert that is sent again finds what the first one created.
func TestCreateSetup_repeated(t *testing.T) {
	created := time.Now().UTC()
	result := func(id string) string {
		return strings.NewReplacer("2026-01-02T03:04:05Z", created.Format(time.RFC3339Nano), "2026-01-02T03:04:06Z", created.Add(time.Second).Format(time.RFC3339Nano)).Replace(setupJSON(id, "ep"))
	}
	a := &answers{t: t, by: byLine{"GET ": once(answer(200, "[]")), "POST /bulk": {drop, bulk(bulkOK("a", result("a")), bulkOK("b", result("b")))}}}
	server := httptest.NewServer(a)
	defer server.Close()
	c, err := NewProjectClient(Config{BaseURL: server.URL, Key: testProjectKey, MaxRetries: 1})
	if err != nil {
		t.Fatal(err)
	}
	if errs := together(t, c, "a", "b"); errs["a"] != nil || errs["b"] != nil {
		t.Error(errs)
	}
	if got := a.got(); got != "GET , POST /bulk, POST /bulk" {
		t.Errorf("the requests are %q", got)
	}
}

// The key decides the project, so a key of another one is noticed before the creation if any answer
// has shown its project, and otherwise by the answer. Then nothing is left behind.
func TestCreateSetup_inAnotherProject(t *testing.T) {
	a, c := handWritten(t, byLine{
		"GET ": once(answer(200, "[]")), "POST ": once(newly(201, "a", "ep")), "DELETE /a": once(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }),
	})
	request := AutoMonitorSetupRequest{ExternalID: "a", ProjectID: "p2"}
	for _, requests := range []string{"GET , POST , DELETE /a", ""} {
		_, err := c.CreateAutoMonitorSetup(t.Context(), request)
		if wrong := as[*OtherProjectError](t, err); wrong.ProjectID != "p2" || wrong.Own != "p1" || wrong.Left != nil || c.OwnProjectID() != "p1" {
			t.Errorf("%+v", wrong)
		}
		if got := a.got(); got != requests {
			t.Errorf("the requests are %q, want %q", got, requests)
		}
	}

	// What may be somebody else's is not deleted.
	a, c = handWritten(t, byLine{"GET ": once(answer(200, "[]")), "POST ": once(newly(201, "a", "ep", `"created_at"`, `"x"`))})
	_, err := c.CreateAutoMonitorSetup(t.Context(), request)
	if wrong := as[*OtherProjectError](t, err); wrong.Left == nil {
		t.Errorf("%+v", wrong)
	}
	if got := a.got(); got != "GET , POST " {
		t.Errorf("the requests are %q", got)
	}
}

// The list that shows an external id to be free is recent, and what this client wrote since then
// counts.
func TestFindSetup_recentList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lists := 0
		m, _ := inMemory(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			lists++
			answer(200, "["+setupJSON("a", "ep")+"]")(w, r)
		}), Config{})
		c, err := NewProjectClient(Config{BaseURL: "http://localhost", Key: testProjectKey})
		if err != nil {
			t.Fatal(err)
		}
		c.transport.DialContext = m.transport.DialContext
		t.Cleanup(c.transport.CloseIdleConnections)
		find := func(wantTaken bool, wantLists int) {
			t.Helper()
			if setup, err := c.FindAutoMonitorSetup(t.Context(), "a", "p1"); err != nil || (setup != nil) != wantTaken || lists != wantLists {
				t.Errorf("%+v, %v after %d lists", setup, err, lists)
			}
		}
		find(true, 1)
		c.setups.forget()
		c.known.wrote("a", nil)
		find(false, 1)
		time.Sleep(recent)
		find(false, 1)
		time.Sleep(time.Second)
		find(true, 2)
		time.Sleep(recent + time.Second) // nothing was written, so that reads would still share that list
		find(true, 3)
	})
}

// What the key itself created, and is not found now, is gone, even if the list still has it.
func TestSetupReads_ownGone(t *testing.T) {
	_, c := handWritten(t, byLine{
		"GET ": {answer(200, "[]"), answer(200, "["+setupJSON("a", "ep")+"]")}, "POST ": once(newly(201, "a", "ep")), "GET /a": once(refusal(404)),
	})
	if _, err := c.CreateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "a"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.GetAutoMonitorSetup(t.Context(), "a", "ep"); !IsNotFound(err) {
		t.Error(err)
	}
}

func TestValidateExternalID(t *testing.T) {
	for _, id := range []string{"", "a/b", "/", ".", "..", "bulk", "a\nb", strings.Repeat("x", 256)} {
		if ValidateExternalID(id) == nil {
			t.Errorf("%q is accepted", id)
		}
		a, c := handWritten(t, byLine{"GET ": once(answer(200, "[]")), "POST ": once(newly(201, id, "ep"))})
		if _, err := c.CreateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: id}); err == nil || a.got() != "" {
			t.Errorf("%q is sent", id)
		}
	}
	for _, id := range []string{"a", "checkout quality", "ü", "a%2Fb", "a\\b", "bulk-2", "...", strings.Repeat("x", 255)} {
		if err := ValidateExternalID(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// A list with odd setups answers the reads of the others.
func TestSetupReads_oddList(t *testing.T) {
	by := holding(strings.Join([]string{
		`[{"id":"1"}`, `{"id":"2","external_id":null,"project_id":"p2","env_project_id":"e2"}`, `{"external_id":"no id"}`,
		strings.Replace(setupJSON("x/y", "ep"), `"init_rules":[]`, `"init_rules":[{"key":"k"}]`, 1),
		strings.Replace(setupJSON("c", "ep"), `"status":"pending"`, `"status":{}`, 1),
		strings.Replace(setupJSON("b", "ep"), `"org_id":"o"`, `"org_id":null`, 1) + "]",
	}, ","), "a", "b", "c")
	s, c := handWritten(t, by)
	for _, id := range []string{"a", "b", "x/y", "c"} {
		if setup, err := c.GetAutoMonitorSetup(t.Context(), id, "ep"); err != nil || setup.ExternalID != id {
			t.Errorf("%s: %+v, %v", id, setup, err)
		}
	}
	if got := s.got(); got != "GET /a, GET , GET /c" {
		t.Errorf("the requests are %q", got)
	}
	setups, err := c.ListAutoMonitorSetups(t.Context(), "")
	if err != nil || len(setups) != 3 {
		t.Errorf("%+v, %v", setups, err)
	}
}

// A list that is known to be incomplete shows nothing to be free.
func TestSetupReads_incompleteList(t *testing.T) {
	for _, list := range []string{`{"data":[],"total":1}`, `{"data":[],"next_cursor":"x"}`} {
		_, c := handWritten(t, byLine{"GET ": once(answer(200, list))})
		_, err := c.ListAutoMonitorSetups(t.Context(), "")
		as[*MismatchError](t, err)
	}
	for _, list := range []string{`null`, `{"setups":[],"total":0}`, `{"auto_monitor_setups":null}`} {
		_, c := handWritten(t, byLine{"GET ": once(answer(200, list))})
		if setups, err := c.ListAutoMonitorSetups(t.Context(), ""); err != nil || len(setups) != 0 {
			t.Errorf("%s: %v, %v", list, setups, err)
		}
	}
}

func TestUpdateSetup_answers(t *testing.T) {
	own := strings.NewReplacer(`"char-count"`, `"LLM_AS_A_JUDGE","evaluator_id":"ev-1"`).Replace(setupJSON("a", "ep"))
	for name, test := range map[string]struct {
		put      http.HandlerFunc
		requests string
		check    func(*AutoMonitorSetup) bool
	}{
		"an empty body":           {func(http.ResponseWriter, *http.Request) {}, "PUT /a, GET /a", func(s *AutoMonitorSetup) bool { return s.ID == "s-a-ep" }},
		"no more than the id":     {answer(200, `{"id":"s-a-ep"}`), "PUT /a, GET /a", func(s *AutoMonitorSetup) bool { return s.ID == "s-a-ep" }},
		"a field of another type": {answer(200, strings.Replace(setupJSON("a", "ep"), `"status":"pending"`, `"status":[]`, 1)), "PUT /a, GET /a", func(s *AutoMonitorSetup) bool { return s.Status == "pending" }},
		"another id":              {answer(200, strings.Replace(setupJSON("a", "ep"), "s-a-ep", "s-2", 1)), "PUT /a", func(s *AutoMonitorSetup) bool { return s.ID == "s-2" }},
		"an own evaluator": {answer(200, own), "PUT /a", func(s *AutoMonitorSetup) bool {
			return s.Evaluators[0] == AutoMonitorEvaluator{Slug: TypeOwnEvaluator, ID: "ev-1", Status: "pending"}
		}},
		"no evaluators yet":         {answer(200, strings.Replace(setupJSON("a", "ep"), `"evaluators"`, `"x"`, 1)), "PUT /a", func(s *AutoMonitorSetup) bool { return len(s.Evaluators) == 0 }},
		"evaluators that are null":  {answer(200, strings.Replace(setupJSON("a", "ep"), `"evaluators":[`, `"evaluators":null,"x":[`, 1)), "PUT /a", func(s *AutoMonitorSetup) bool { return len(s.Evaluators) == 0 }},
		"neither status nor a time": {answer(200, strings.NewReplacer(`"created_at"`, `"x"`, `"updated_at"`, `"y"`, `],"status"`, `],"z"`).Replace(setupJSON("a", "ep"))), "PUT /a", func(s *AutoMonitorSetup) bool { return s.Status == "" && s.CreatedAt.IsZero() }},
		"the organization":          {answer(200, setupJSON("a", "ep")), "PUT /a", func(s *AutoMonitorSetup) bool { return s.OrgID == "o" }},
	} {
		a, c := handWritten(t, byLine{"PUT /a": once(test.put), "GET /a": once(answer(200, setupJSON("a", "ep")))})
		if _, err := c.GetAutoMonitorSetup(t.Context(), "a", "ep"); err != nil {
			t.Fatal(err)
		}
		a.got()
		setup, created, err := c.UpdateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "a"}, "ep")
		if err != nil || created || !test.check(setup) {
			t.Errorf("%s: %+v, %t, %v", name, setup, created, err)
		}
		if got := a.got(); got != test.requests {
			t.Errorf("%s: the requests are %q, want %q", name, got, test.requests)
		}
	}
}

// What succeeded is not repeated, also if it cannot be read.
func TestUpdateSetup_emptyAndUnreadable(t *testing.T) {
	a, c := handWritten(t, byLine{"PUT /a": once(func(http.ResponseWriter, *http.Request) {}), "GET /a": {answer(200, setupJSON("a", "ep")), refusal(404)}, "GET ": once(answer(200, "[]"))})
	_, _, err := c.UpdateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "a"}, "ep")
	as[*UnknownOutcomeError](t, err)
	if IsNotFound(err) {
		t.Error("the setup counts as gone")
	}
	if got := a.got(); got != "GET /a, PUT /a, GET /a" {
		t.Errorf("the requests are %q", got)
	}
}

// A setup that was deleted after the plan: a bulk upsert creates another one, and says so; a single
// update does not.
func TestUpdateSetup_deletedMeanwhile(t *testing.T) {
	_, c := handWritten(t, byLine{
		"GET /a": once(answer(200, setupJSON("a", "ep"))),
		"POST /bulk": once(func(w http.ResponseWriter, r *http.Request) {
			bulk(bulkOK("a", setupJSON("a", "ep")), bulkOK("b", strings.Replace(newSetupJSON("b", "ep"), "s-b-ep", "s-new", 1)))(w, r)
		}),
		"PUT /b": once(refusal(404)), "GET ": once(answer(200, "[]")),
	})
	if _, err := c.GetAutoMonitorSetup(t.Context(), "a", "ep"); err != nil {
		t.Fatal(err)
	}
	HoldWrites(c)
	var all sync.WaitGroup
	for i, id := range []string{"a", "b"} {
		all.Go(func() {
			setup, created, err := c.UpdateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: id}, "ep")
			if err != nil || created != (id == "b") || (setup.ID == "s-new") != created {
				t.Errorf("%+v, %t, %v", setup, created, err)
			}
		})
		AwaitGathered(c, i+1)
	}
	SendWrites(c)
	all.Wait()
	if _, _, err := c.UpdateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "b"}, "ep"); !IsNotFound(err) {
		t.Errorf("%v", err)
	}
}

// An update of which the answer is about another environment is not taken for the one of the state.
func TestUpdateSetup_elsewhere(t *testing.T) {
	_, c := handWritten(t, byLine{"GET /a": once(answer(200, setupJSON("a", "ep"))), "PUT /a": once(answer(200, setupJSON("a", "dev")))})
	_, _, err := c.UpdateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "a"}, "ep")
	if other := as[*OtherEnvironmentError](t, err); other.EnvProjectID != "ep" || other.Own != "dev" {
		t.Errorf("%+v", other)
	}
}

// Of a bulk upsert, the order of the items does not matter, and an item may leave out its result.
func TestSetupWrites_terseItems(t *testing.T) {
	a, c := handWritten(t, byLine{
		"GET ": once(answer(200, "[]")), "GET /a": once(newly(200, "a", "ep")),
		"POST /bulk": once(func(w http.ResponseWriter, r *http.Request) {
			bulk(bulkOK("b", newSetupJSON("b", "ep")), `{"external_id":"a","status":"ok"}`)(w, r)
		}),
	})
	if errs := together(t, c, "a", "b"); errs["a"] != nil || errs["b"] != nil {
		t.Error(errs)
	}
	if got := a.got(); got != "GET , POST /bulk, GET /a" {
		t.Errorf("the requests are %q", got)
	}
}

// A service without bulk upserts gets single writes from then on.
func TestSetupWrites_bulkUnknown(t *testing.T) {
	for name, missing := range map[string]http.HandlerFunc{
		"no route":    answer(404, "404 page not found", "Content-Type", "text/plain"),
		"no method":   answer(405, `{"error":"no"}`),
		"the gateway": answer(404, `{"message":"no Route matched with those values"}`),
	} {
		post := func(w http.ResponseWriter, r *http.Request) {
			var body struct {
				ExternalID string `json:"external_id"`
			}
			_ = json.NewDecoder(r.Body).Decode(&body)
			newly(201, body.ExternalID, "ep")(w, r)
		}
		a, c := handWritten(t, byLine{"GET ": once(answer(200, "[]")), "POST /bulk": once(missing), "POST ": once(post)})
		if errs := together(t, c, "a", "b"); errs["a"] != nil || errs["b"] != nil {
			t.Errorf("%s: %v", name, errs)
		}
		var all sync.WaitGroup
		for _, id := range []string{"c", "d"} {
			all.Go(func() {
				if _, err := c.CreateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: id}); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		all.Wait()
		if got := a.got(); got != "GET , POST /bulk, POST , POST , POST , POST " {
			t.Errorf("%s: the requests are %q", name, got)
		}
	}

	a, c := handWritten(t, byLine{"GET ": once(answer(200, "[]")), "POST /bulk": once(refusal(404))})
	if errs := together(t, c, "a", "b"); !IsNotFound(errs["a"]) || !IsNotFound(errs["b"]) || a.got() != "GET , POST /bulk" {
		t.Errorf("the API's own words: %v", errs)
	}
}
