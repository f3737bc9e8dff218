package traceloop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
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

var noSetups = answer(200, "[]")

// holding are the answers of a service that has these setups in the environment "ep", and in another one.
func holding(list string, ids ...string) byLine {
	by := byLine{"GET /none": refusal(404), "GET /only-there": refusal(404)}
	var all []string
	for _, id := range ids {
		all = append(all, setupJSON(id, "other"), setupJSON(id, "ep"))
		by["GET /"+id] = answer(200, setupJSON(id, "ep"))
		by["DELETE /"+id] = answer(200, "")
	}
	if list == "" {
		list = "[" + strings.Join(all, ",") + "]"
	}
	by["GET "] = answer(200, list)
	return by
}

// oddSetups is a list of three setups that can be compared with others, and three that cannot. The whole of
// c cannot be read.
var oddSetups = strings.Join([]string{
	`[{"id":"1"}`, `{"id":"2","external_id":null,"project_id":"p2","env_project_id":"e2"}`, `{"external_id":"no id"}`,
	strings.Replace(setupJSON("x/y", "ep"), `"init_rules":[]`, `"init_rules":[{"key":"k"}]`, 1),
	strings.Replace(setupJSON("c", "ep"), `"status":"pending"`, `"status":{}`, 1),
	strings.Replace(setupJSON("b", "ep"), `"org_id":"o"`, `"org_id":null`, 1) + "]",
}, ",")

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
		{"a list with odd setups answers the reads of the others", []string{"a", "b", "x/y", "c"}, oddSetups, "GET /a, GET , GET /c"},
		{"a list that is no list", []string{"a", "b", "c"}, `{}`, "GET /a, GET , GET /b, GET /c"},
		{"a list with an object twice", []string{"a", "b"}, "[" + setupJSON("b", "ep") + "," + setupJSON("b", "ep") + "]", "GET /a, GET , GET /b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, holding(test.list, "a", "b", "c").answer)
			c := s.project(Config{})
			for _, id := range test.read {
				setup, err := c.GetAutoMonitorSetup(t.Context(), id, "ep")
				switch {
				case id == "none" && !IsNotFound(err), id != "none" && err != nil:
					t.Fatal(err)
				case err == nil && (setup.ExternalID != id || setup.EnvProjectID != "ep"):
					t.Errorf("%s: got %+v", id, setup)
				}
			}
			if got := s.lines(); got != test.requests {
				t.Errorf("the requests are %q, want %q", got, test.requests)
			}
		})
	}
}

// A key of another environment neither reads nor changes what has the same external id there.
func TestSetups_ofAnotherEnvironment(t *testing.T) {
	for name, read := range map[string]string{"which has one of the same id": "a", "which has none": "only-there"} {
		s := serve(t, holding("["+setupJSON("a", "ep")+","+setupJSON("a", "other")+","+setupJSON("only-there", "other")+"]", "a").answer)
		c := s.project(Config{})
		_, readErr := c.GetAutoMonitorSetup(t.Context(), read, "other")
		_, _, updateErr := c.UpdateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: read}, "other")
		for _, err := range []error{readErr, updateErr, c.DeleteAutoMonitorSetup(t.Context(), read, "other")} {
			as[*OtherEnvironmentError](t, err)
		}
		if got := s.lines(); strings.Contains(got, "PUT") || strings.Contains(got, "DELETE") || strings.Contains(got, "POST") {
			t.Errorf("%s: the requests are %q", name, got)
		}
	}
}

func TestSetupReads_afterAWrite(t *testing.T) {
	s := serve(t, holding("", "a", "b").answer)
	c := s.project(Config{})
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
	if got := s.lines(); got != "GET /a, GET , DELETE /a, GET /a, GET , DELETE /a" {
		t.Errorf("the requests are %q", got)
	}
}

func TestSetupWrites_partialSuccess(t *testing.T) {
	bad := map[string]string{"bad-1": "no such thing", "bad-2": "no such thing", "broken": "internal error"}
	ids := []string{"a", "bad-1", "b", "bad-2", "broken"}
	var items []string
	for i, id := range ids {
		item := bulkOK(id, newSetupJSON(id, "ep"))
		if message, refused := bad[id]; refused {
			item = fmt.Sprintf(`{"external_id":%q,"status":"error","error":"setups[%d]: %s"}`, id, i, message)
		}
		items = append(items, item)
	}
	for id, err := range together(t, serve(t, byLine{"GET ": noSetups, "POST /bulk": bulk(items...)}.answer).project(Config{}), ids...) {
		var refused *ItemError
		message, isBad := bad[id]
		if isBad != errors.As(err, &refused) || isBad && (refused.ExternalID != id || refused.Message != message || refused.Internal != (id == "broken")) {
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
	s := serve(t, byLine{"GET ": noSetups, "POST ": newly(201, "kept", "ep")}.answer)
	c := s.project(Config{})
	ctx, cancel := context.WithCancel(t.Context())
	var gone, kept error
	Gather(c, func() {
		_, gone = c.CreateAutoMonitorSetup(ctx, AutoMonitorSetupRequest{ExternalID: "gone"})
	}, func() {
		cancel()
		_, kept = c.CreateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "kept"})
	})
	if !errors.Is(gone, context.Canceled) || kept != nil {
		t.Errorf("%v and %v", gone, kept)
	}
	if got := s.lines(); got != "GET , POST " {
		t.Errorf("the requests are %q, want the one by itself", got)
	}
}

// The service refuses a request that names one external id twice.
func TestSetupWrites_sameExternalID(t *testing.T) {
	s := serve(t, byLine{"PUT /a": answer(200, setupJSON("a", "ep"))}.answer)
	c := s.project(Config{})
	c.known.learn(AutoMonitorSetup{ProjectID: "p1", EnvProjectID: "ep"})
	update := func() {
		if _, created, err := c.UpdateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "a"}, "ep"); created || err != nil {
			t.Errorf("created: %t, %v", created, err)
		}
	}
	Gather(c, update, update)
	if got := s.lines(); got != "PUT /a, PUT /a" {
		t.Errorf("the requests are %q", got)
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
		c := serve(t, byLine{"GET ": noSetups, "POST /bulk": answer(207, test.body)}.answer).project(Config{})
		for _, err := range together(t, c, "a", "b") {
			as[*UnknownOutcomeError](t, err)
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: %v, want %q", name, err, test.says)
			}
		}
	}
}

// What either of the published descriptions would answer is read. The OpenAPI document requires no field of
// an answer.
func TestReadSetup(t *testing.T) {
	const ids = `{"id":"s-a-ep","external_id":"a","project_id":"p1","env_project_id":"ep"`
	for name, test := range map[string]struct{ rest, want string }{
		"evaluators": {
			`"org_id":"o","status":"pending","evaluators":[{"evaluator_type":"char-count","status":"pending"},{"evaluator_type":"PII_DETECTOR"},` +
				`{"evaluator_type":"LLM_AS_A_JUDGE","evaluator_id":"ev-1"},{"evaluator_id":"ev-2"},{}]`,
			"o pending [{char-count  pending } {pii-detector   } {LLM_AS_A_JUDGE ev-1  } {LLM_AS_A_JUDGE ev-2  } {LLM_AS_A_JUDGE   }]",
		},
		"a failure": {`"evaluators":[{"evaluator_type":"char-count","error_message":"no\u001b[31m \ntext "}]`, "  [{char-count   no [31m  text}]"},
		"rules": {
			`"init_rules":[{"key":"k","op":"contains","source":"span_attributes","value":"v","value_type":"string"},` +
				`{"key":"k","operator":"in","source":"resource_attributes","values":["v","w"]},{"key":"k","source":"span_attributes","value":""}]`,
			`  [] {"key":"k","value":"v","source":"span_attributes","operator":"contains"} {"key":"k","values":["v","w"],"source":"resource_attributes","operator":"in"}` +
				` {"key":"k","source":"span_attributes","operator":"equals"}`,
		},
		"null":          {`"init_rules":null,"evaluators":null,"status":null,"created_at":null`, "  []"},
		"only the ids":  {`"x":1`, "  []"},
		"no evaluators": {`"evaluators":[],"init_rules":[]`, "  []"},
	} {
		setup, err := serve(t, answer(200, ids+","+test.rest+"}")).project(Config{}).GetAutoMonitorSetup(t.Context(), "a", "ep")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := fmt.Sprintf("%s %s %v", setup.OrgID, setup.Status, setup.Evaluators)
		for _, rule := range setup.Selector {
			got += " " + encodeJSON(t, rule)
		}
		if got != test.want || !setup.CreatedAt.IsZero() {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, test.want)
		}
	}
}

// newly answers with a setup that the service creates at the time of the request.
func newly(status int, externalID, envProjectID string, replace ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(status, strings.NewReplacer(replace...).Replace(newSetupJSON(externalID, envProjectID)))(w, r)
	}
}

// requested answers with the setup of the request.
func requested(w http.ResponseWriter, r *http.Request) {
	var body struct {
		ExternalID string `json:"external_id"`
	}
	_ = json.NewDecoder(r.Body).Decode(&body)
	newly(201, body.ExternalID, "ep")(w, r)
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
	errs := map[string]error{}
	var mu sync.Mutex
	var writes []func()
	for _, id := range externalIDs {
		writes = append(writes, func() {
			ctx, end := context.WithCancel(t.Context())
			defer end()
			setup, err := c.CreateAutoMonitorSetup(ctx, AutoMonitorSetupRequest{ExternalID: id, Evaluators: []string{"char-count"}})
			mu.Lock()
			defer mu.Unlock()
			if errs[id] = err; err == nil && setup.ExternalID != id {
				t.Errorf("%s got %+v", id, setup)
			}
		})
	}
	Gather(c, writes...)
	return errs
}

// outcome says what became of a creation.
func outcome(err error) string {
	there, isThere := errors.AsType[*AlreadyThereError](err)
	other, isOther := errors.AsType[*OtherProjectError](err)
	switch {
	case err == nil:
		return "created"
	case isThere && there.Replaced:
		return "replaced " + there.Setup.ID
	case isThere:
		return "there is " + there.Setup.ID
	case isOther:
		return fmt.Sprintf("in %s, and not in %s; left: %t", other.Own, other.ProjectID, other.Left != nil)
	}
	return err.Error()
}

// An external id is unique in the project, so a creation with the key of one environment must not
// touch the setup of another. The key decides the project: a key of another project is noticed before
// the creation if any answer has shown its project, and otherwise by the answer.
func TestCreateSetup(t *testing.T) {
	const odd = `{"id":"x","external_id":null,"evaluators":null,"init_rules":[{"key":"k"}]}`
	elsewhere := strings.Replace(setupJSON("a", "other"), `"project_id":"p1"`, `"project_id":"p2"`, 1)
	onlyIDs := strings.Replace(setupJSON("a", "dev"), `"init_rules":[]`, `"init_rules":"?"`, 1)
	created, untimed := newly(201, "a", "ep"), newly(201, "a", "ep", `"created_at"`, `"x"`)
	for name, test := range map[string]struct {
		list, projectID string
		post            http.HandlerFunc
		want, requests  string
		again           string // without a request
	}{
		"taken in the project that the caller names":       {setupJSON("a", "dev"), "p1", nil, "there is s-a-dev", "GET ", "there is s-a-dev"},
		"taken in the project that an answer shows":        {setupJSON("a", "dev"), "", nil, "there is s-a-dev", "GET , GET /a", "there is s-a-dev"},
		"taken, beside a setup that cannot be compared":    {odd + "," + setupJSON("a", "dev"), "p1", nil, "there is s-a-dev", "GET ", "there is s-a-dev"},
		"taken by a setup of which only the ids are known": {onlyIDs, "p1", nil, "there is s-a-dev", "GET ", "there is s-a-dev"},
		"taken in another project":                         {odd + "," + elsewhere, "p1", created, "created", "GET , POST ", "there is s-a-ep"},
		"in another project":                               {"", "p2", created, "in p1, and not in p2; left: false", "GET , POST , DELETE /a", "in p1, and not in p2; left: false"},
		"in another project, perhaps somebody else's":      {"", "p2", untimed, "in p1, and not in p2; left: true", "GET , POST ", "in p1, and not in p2; left: false"},
	} {
		s := serve(t, byLine{"GET ": answer(200, "["+test.list+"]"), "GET /a": answer(200, setupJSON("a", "dev")), "POST ": test.post, "DELETE /a": answer(204, "")}.answer)
		c := s.project(Config{})
		for i, want := range []string{test.want, test.again} {
			_, err := c.CreateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "a", ProjectID: test.projectID})
			if got, requests := outcome(err), s.lines(); got != want || requests != []string{test.requests, ""}[i] {
				t.Errorf("%s: %s after %q, want %s after %q", name, got, requests, want, test.requests)
			}
		}
	}
}

// Without a list nothing is known to be free, so each creation uses its own operation, which does
// not replace.
func TestCreateSetup_listFails(t *testing.T) {
	s := serve(t, byLine{"GET ": refusal(500), "POST ": requested}.answer)
	createEach(t, s.project(Config{}), "a", "b")
	if got := s.lines(); got != "GET , POST , POST " {
		t.Errorf("the requests are %q", got)
	}
}

// createEach creates setups at the same time.
func createEach(t *testing.T, c *ProjectClient, externalIDs ...string) {
	t.Helper()
	var all sync.WaitGroup
	for _, id := range externalIDs {
		all.Go(func() {
			if _, err := c.CreateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: id}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
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
		lost   bool // the answer to the first attempt
		result string
		want   string
	}{
		"created before, updated now":                 {false, with(now.Add(-time.Hour), now), "replaced s-a-dev"},
		"created just before, updated now":            {false, with(now, now.Add(10*time.Millisecond)), "replaced s-a-dev"},
		"created by the first attempt, updated now":   {true, with(now, now.Add(time.Second)), "created"},
		"created before the first attempt":            {true, with(now.Add(-time.Hour), now), "replaced s-a-dev"},
		"created before, without an update":           {false, strings.Replace(with(now.Add(-time.Hour), now), `"updated_at"`, `"y"`, 1), "replaced s-a-dev"},
		"created before, with the same time":          {false, with(now.Add(-time.Hour), now.Add(-time.Hour)), "replaced s-a-dev"},
		"created by a database with a clock behind":   {false, with(now.Add(-10*time.Second), now.Add(-10*time.Second)), "created"},
		"new, to the nanosecond":                      {false, with(now, now.Add(80*time.Nanosecond)), "created"},
		"without times, in the same environment as b": {false, untimed(setupJSON("a", "dev")), "created"},
		"without times, in another environment":       {false, untimed(setupJSON("a", "other")), "replaced s-a-other"},
	} {
		upsert := bulk(bulkOK("b", newSetupJSON("b", "dev")), bulkOK("a", test.result))
		if test.lost {
			upsert = inTurn(drop, upsert)
		}
		c := serve(t, byLine{"GET ": noSetups, "POST /bulk": upsert, "POST ": newly(201, "own", "dev")}.answer).project(Config{MaxRetries: 1})
		createEach(t, c, "own") // shows the key's own environment
		if errs := together(t, c, "a", "b"); outcome(errs["a"]) != test.want || errs["b"] != nil {
			t.Errorf("%s: %v", name, errs)
		}
	}
}

// The list that shows an external id to be free is recent, and what this client wrote since then
// counts.
func TestFindSetup_recentList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, answer(200, "["+setupJSON("a", "ep")+"]"))
		c := s.project(Config{})
		find := func(wantTaken bool, wantLists int) {
			t.Helper()
			if setup, err := c.FindAutoMonitorSetup(t.Context(), "a", "p1"); err != nil || (setup != nil) != wantTaken || len(s.got()) != wantLists {
				t.Errorf("%+v, %v after %d lists", setup, err, len(s.got()))
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
	c := serve(t, byLine{
		"GET ": inTurn(noSetups, answer(200, "["+setupJSON("a", "ep")+"]")), "POST ": newly(201, "a", "ep"), "GET /a": refusal(404),
	}.answer).project(Config{})
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
		a := serve(t, byLine{"GET ": noSetups, "POST ": newly(201, id, "ep")}.answer)
		c := a.project(Config{})
		if _, err := c.CreateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: id}); err == nil || a.lines() != "" {
			t.Errorf("%q is sent", id)
		}
	}
	for _, id := range []string{"a", "checkout quality", "ü", "a%2Fb", "a\\b", "bulk-2", "...", strings.Repeat("x", 255)} {
		if err := ValidateExternalID(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// A list that is known to be incomplete shows nothing to be free.
func TestListSetups(t *testing.T) {
	const incomplete = -1
	for list, want := range map[string]int{
		`{"data":[],"total":1}`: incomplete, `{"data":[],"next_cursor":"x"}`: incomplete,
		`null`: 0, `{"setups":[],"total":0}`: 0, `{"auto_monitor_setups":null}`: 0, oddSetups: 3,
	} {
		setups, err := serve(t, answer(200, list)).project(Config{}).ListAutoMonitorSetups(t.Context(), "")
		if _, mismatch := errors.AsType[*MismatchError](err); mismatch != (want == incomplete) || !mismatch && (err != nil || len(setups) != want) {
			t.Errorf("%s: %v, %v", list, setups, err)
		}
	}
}

func TestUpdateSetup_answers(t *testing.T) {
	whole := setupJSON("a", "ep")
	for name, test := range map[string]struct {
		put          string
		requests, id string
	}{
		"an empty body":           {"", "PUT /a, GET /a", "s-a-ep"},
		"no more than the id":     {`{"id":"s-2"}`, "PUT /a, GET /a", "s-a-ep"},
		"a field of another type": {strings.NewReplacer(`"status":"pending"`, `"status":[]`, "s-a-ep", "s-2").Replace(whole), "PUT /a, GET /a", "s-a-ep"},
		"another id":              {strings.Replace(whole, "s-a-ep", "s-2", 1), "PUT /a", "s-2"},
	} {
		s := serve(t, byLine{"PUT /a": answer(200, test.put), "GET /a": answer(200, whole)}.answer)
		c := s.project(Config{})
		c.known.learn(AutoMonitorSetup{ProjectID: "p1", EnvProjectID: "ep"})
		setup, created, err := c.UpdateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "a"}, "ep")
		if got := s.lines(); err != nil || created || setup.ID != test.id || got != test.requests {
			t.Errorf("%s: %+v, %t, %v after %q", name, setup, created, err, got)
		}
	}
}

// What succeeded is not repeated, also if it cannot be read.
func TestUpdateSetup_emptyAndUnreadable(t *testing.T) {
	a := serve(t, byLine{"PUT /a": answer(200, ""), "GET /a": inTurn(answer(200, setupJSON("a", "ep")), refusal(404)), "GET ": noSetups}.answer)
	c := a.project(Config{})
	_, _, err := c.UpdateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "a"}, "ep")
	as[*UnknownOutcomeError](t, err)
	if IsNotFound(err) {
		t.Error("the setup counts as gone")
	}
	if got := a.lines(); got != "GET /a, PUT /a, GET /a" {
		t.Errorf("the requests are %q", got)
	}
}

// A setup that was deleted after the plan: a bulk upsert creates another one, and says so; a single
// update does not.
func TestUpdateSetup_deletedMeanwhile(t *testing.T) {
	c := serve(t, byLine{
		"GET /a":     answer(200, setupJSON("a", "ep")),
		"POST /bulk": bulk(bulkOK("a", setupJSON("a", "ep")), bulkOK("b", strings.Replace(newSetupJSON("b", "ep"), "s-b-ep", "s-new", 1))),
		"PUT /b":     refusal(404), "GET ": noSetups,
	}.answer).project(Config{})
	if _, err := c.GetAutoMonitorSetup(t.Context(), "a", "ep"); err != nil {
		t.Fatal(err)
	}
	update := func(id string) func() {
		return func() {
			setup, created, err := c.UpdateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: id}, "ep")
			if err != nil || created != (id == "b") || (setup.ID == "s-new") != created {
				t.Errorf("%+v, %t, %v", setup, created, err)
			}
		}
	}
	Gather(c, update("a"), update("b"))
	if _, _, err := c.UpdateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "b"}, "ep"); !IsNotFound(err) {
		t.Errorf("%v", err)
	}
}

// An update of which the answer is about another environment is not taken for the one of the state.
func TestUpdateSetup_elsewhere(t *testing.T) {
	c := serve(t, byLine{"GET /a": answer(200, setupJSON("a", "ep")), "PUT /a": answer(200, setupJSON("a", "dev"))}.answer).project(Config{})
	_, _, err := c.UpdateAutoMonitorSetup(t.Context(), AutoMonitorSetupRequest{ExternalID: "a"}, "ep")
	if other := as[*OtherEnvironmentError](t, err); other.EnvProjectID != "ep" || other.Own != "dev" {
		t.Errorf("%+v", other)
	}
}

// Of a bulk upsert, the order of the items does not matter, and an item may leave out its result.
func TestSetupWrites_terseItems(t *testing.T) {
	a := serve(t, byLine{
		"GET ": noSetups, "GET /a": newly(200, "a", "ep"),
		"POST /bulk": bulk(bulkOK("b", newSetupJSON("b", "ep")), `{"external_id":"a","status":"ok"}`),
	}.answer)
	c := a.project(Config{})
	if errs := together(t, c, "a", "b"); errs["a"] != nil || errs["b"] != nil {
		t.Error(errs)
	}
	if got := a.lines(); got != "GET , POST /bulk, GET /a" {
		t.Errorf("the requests are %q", got)
	}
}

// A service without bulk upserts gets single writes from then on. The context of each ends with its call.
func TestSetupWrites_bulkUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, missing := range map[string]http.HandlerFunc{
			"no route":    notRouted,
			"no method":   refusal(405),
			"the gateway": answer(404, `{"message":"no Route matched with those values"}`),
		} {
			var limited atomic.Bool
			post := func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.Body = io.NopCloser(bytes.NewReader(body)); bytes.Contains(body, []byte(`"b"`)) && !limited.Swap(true) {
					refusal(429, "Retry-After", "1")(w, r)
					return
				}
				requested(w, r)
			}
			s := serve(t, byLine{"GET ": noSetups, "POST /bulk": missing, "POST ": post}.answer)
			c := s.project(Config{})
			if errs := together(t, c, "a", "b"); errs["a"] != nil || errs["b"] != nil {
				t.Errorf("%s: %v", name, errs)
			}
			createEach(t, c, "c", "d")
			if got := s.lines(); got != "GET , POST /bulk, POST , POST , POST , POST , POST " {
				t.Errorf("%s: the requests are %q", name, got)
			}
		}
	})

	s := serve(t, byLine{"GET ": noSetups, "POST /bulk": refusal(404)}.answer)
	if errs := together(t, s.project(Config{}), "a", "b"); !IsNotFound(errs["a"]) || !IsNotFound(errs["b"]) || s.lines() != "GET , POST /bulk" {
		t.Errorf("the API's own words: %v", errs)
	}
}
