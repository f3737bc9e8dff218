package provider_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// Answers about projects, environments, keys and organizations that the emulator does not give. So they
// are written by hand.

const (
	strayKey = "tlm_ManagementKeyThatMustNotGoAstray0001"

	goodProject     = `{"id":"p1","name":"Orders","slug":"orders","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:06Z"}`
	goodEnvironment = `{"id":"e1","name":"EU Production","slug":"eu-production","scope":"project","project_id":"p1","built_in":false,"created_at":"2026-01-02T03:04:05Z"}`
	goodKey         = `{"id":"k1","project_id":"p1","environment":"prd","masked_key":"tl_************Wx3k","created_at":"2026-01-02T03:04:05Z"}`
)

const duplicate = `500 {"error":"ERROR: duplicate key value violates unique constraint \"name_key\" (SQLSTATE 23505)"}`

// answeringDriver is a provider with both keys at this service.
func answeringDriver(t *testing.T, service *answering) *driver {
	t.Helper()
	return newDriverWith(t, time.Now, arguments{"base_url": service.URL, "api_key": strayKey, "project_api_key": madeUpKey})
}

// changed replaces the value of a field that is a string.
func changed(body, field, value string) string {
	_, rest, _ := strings.Cut(body, `"`+field+`":"`)
	old, _, _ := strings.Cut(rest, `"`)
	return strings.Replace(body, `"`+field+`":"`+old+`"`, `"`+field+`":"`+value+`"`, 1)
}

// The state has what was requested, and a warning names the difference. Anything else is taken as a bug,
// and the object is replaced on every apply.
func TestAnswers_differFromTheRequest(t *testing.T) {
	t.Parallel()
	generated := strings.Replace(goodKey, "{", `{"api_key":"`+madeUpKey+`",`, 1)
	for name, test := range map[string]struct {
		kind    string
		config  arguments
		answers map[string]string
		warns   string
	}{
		"name of a project": {
			projectKind,
			arguments{"name": "Orders"},
			map[string]string{"POST /v2/projects": "200 " + changed(goodProject, "name", "orders"), "GET /v2/projects/p1": "200 " + goodProject},
			"Answer Differs From the Request",
		},
		"stored name of a project": {
			projectKind,
			arguments{"name": "Orders"},
			map[string]string{"POST /v2/projects": "200 " + changed(goodProject, "name", "orders"), "GET /v2/projects/p1": "200 " + changed(goodProject, "name", "orders")},
			"Answer Differs From the Request",
		},
		"name of an environment": {
			environmentKind,
			arguments{"name": "EU Production", "project_id": "p1"},
			map[string]string{"POST /v2/environments": "200 " + changed(goodEnvironment, "name", "eu production"), "GET /v2/environments/e1": "200 " + goodEnvironment},
			"Answer Differs From the Request",
		},
		"environment of a key": {
			keyKind,
			arguments{"project_id": "p1", "environment": "prd"},
			map[string]string{"POST /v2/api-keys": "200 " + changed(generated, "environment", "Production"), "GET /v2/api-keys/k1": "200 " + changed(goodKey, "environment", "e1")},
			"API Key Described Differently",
		},
		"project of a key": {
			keyKind,
			arguments{"project_id": "p1", "environment": "prd"},
			map[string]string{"POST /v2/api-keys": "200 " + changed(generated, "project_id", "slug"), "GET /v2/api-keys/k1": "200 " + changed(goodKey, "project_id", "slug")},
			"API Key Described Differently",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := newAnswering(t, map[string]string{
				"GET /v2/projects": "200 []", "GET /v2/environments": "200 []", "GET /v2/api-keys": "200 []", "GET /v2/projects/p1": "200 " + goodProject,
			})
			service.set(test.answers)
			d := answeringDriver(t, service)
			made, err := d.create(t.Context(), test.kind, test.config)
			if err != nil {
				t.Fatal(err)
			}
			if got := warnings(d.applied); !slices.Equal(got, []string{test.warns}) {
				t.Errorf("the apply warns %q, want %q", got, test.warns)
			}
			l := &life{t, test.kind, d, made}
			l.has(test.config)
			l.changesNothing(test.config)
		})
	}
}

// A rename whose answer still has the old name is done.
func TestAnswers_lateRename(t *testing.T) {
	t.Parallel()
	service := newAnswering(t, map[string]string{"GET /v2/projects": "200 []", "GET /v2/environments": "200 []", "POST /v2/projects": "201 " + goodProject, "GET /v2/projects/p1": "200 " + goodProject, "PATCH /v2/projects/p1": "200 " + goodProject})
	d := answeringDriver(t, service)
	made, err := d.create(t.Context(), projectKind, arguments{"name": "Orders"})
	if err != nil {
		t.Fatal(err)
	}
	renamed, _, err := d.apply(t.Context(), projectKind, made, arguments{"name": "Returns"})
	if err != nil || d.text(renamed, "name") != "Returns" || service.count("PATCH") != 1 {
		t.Errorf("the state has %q after %d requests: %v", d.text(renamed, "name"), service.count("PATCH"), err)
	}
	read, err := d.refresh(t.Context(), projectKind, renamed)
	if err != nil || d.text(read, "name") != "Orders" {
		t.Errorf("a rename that the service does not carry out is hidden: %q, %v", d.text(read, "name"), err)
	}

	// A service may not have the rename, or call it PUT.
	service.set(map[string]string{"PATCH /v2/projects/p1": `405 {"error":"Not allowed."}`})
	l := &life{t, projectKind, d, made}
	l.refusesToApply(arguments{"name": "Returns"}, "Unable to Rename Project", "does not have", "dashboard")
	l.has(arguments{"name": "Orders"})
}

// The name and the slug are the service's: the provider's own rule only suggests.
func TestAnswers_slugOfTheService(t *testing.T) {
	t.Parallel()
	const answer = `{"id":"e1","name":"EU_1 (prod)","slug":"eu_1prod","scope":"organization","built_in":false,"created_at":"2026-01-02T03:04:05Z"}`
	service := newAnswering(t, map[string]string{
		"GET /v2/projects": "200 []", "GET /v2/environments": "200 []", "GET /v2/api-keys": "200 []", "GET /v2/projects/p1": "200 " + goodProject,
		"POST /v2/environments": "201 " + answer, "GET /v2/environments/e1": "200 " + answer,
	})
	l := newLife(answeringDriver(t, service), environmentKind)
	config := arguments{"name": "EU_1  (prod)"}
	l.apply(config, "create") // and the plans after that find no change
	l.has(config.with(arguments{"slug": "eu_1prod"}))
	service.set(map[string]string{"GET /v2/environments": "200 [" + answer + "]"})
	l.imports("eu_1prod", "name", "deletion_protection")
	if p := newLife(l.provider, keyKind).plan(arguments{"project_id": "p1", "environment": "eu_1prod"}, false); len(p.diags) != 0 {
		t.Errorf("a key cannot name it: %v", p.diags)
	}
	service.set(map[string]string{"GET /v2/environments/e1": "200 " + changed(answer, "name", "EU")})
	l.refusesToPlan(config, "Deletion Protection Is On", `name changes from "EU" to "EU_1  (prod)"`)
}

// A conflict that the service answers with 500 is not a lost answer: what somebody else made a moment
// before is not taken over, not revoked and not called an orphan. Without the database's text, a second
// attempt shows it.
func TestAnswers_conflictAs500(t *testing.T) {
	t.Parallel()
	const (
		failed  = `500 {"error":"internal server error"}`
		taken   = `409 {"error":"taken"}`
		refused = `403 {"error":"forbidden"}`
		missing = `404 {"error":"not found"}`
	)
	generated := "201 " + strings.Replace(changed(goodKey, "id", "k2"), "{", `{"api_key":"`+madeUpKey+`",`, 1)
	project, environment, key := arguments{"name": "Orders"}, arguments{"name": "EU Production", "project_id": "p1"}, arguments{"project_id": "p1", "environment": "prd"}
	for name, test := range map[string]struct {
		kind    string
		config  arguments
		answers []string // to the POSTs
		deletes int
		says    []string // none: it succeeds
	}{
		"project, in words":         {projectKind, project, []string{duplicate}, 0, []string{`A project named "Orders" already exists (id p1)`, "No project was created"}},
		"project":                   {projectKind, project, []string{failed, failed}, 0, []string{"Outcome of Creation Is Unknown", "somebody else may have created it", `id = "p1"`}},
		"project, ours":             {projectKind, project, []string{failed, taken}, 0, nil},
		"environment, in words":     {environmentKind, environment, []string{duplicate}, 0, []string{"No environment was created", "eu-production"}},
		"environment":               {environmentKind, environment, []string{failed, failed}, 0, []string{"Outcome of Creation Is Unknown", "somebody else may have created it", `id = "e1"`}},
		"environment, ours":         {environmentKind, environment, []string{failed, taken}, 0, nil},
		"key, in words":             {keyKind, key, []string{duplicate}, 0, []string{"already has an API key", "id k1", "No key was generated"}},
		"key":                       {keyKind, key, []string{failed, failed}, 0, []string{"already has an API key", "id k1", "No key was generated"}},
		"key, ours":                 {keyKind, key, []string{failed, taken, generated}, 1, nil},
		"project, then refused":     {projectKind, project, []string{failed, refused}, 0, []string{"Outcome of Creation Is Unknown", "403", "somebody else may have created it", `id = "p1"`}},
		"environment, then refused": {environmentKind, environment, []string{failed, refused}, 0, []string{"Outcome of Creation Is Unknown", "403", "somebody else may have created it", `id = "e1"`}},
		"key, then refused":         {keyKind, key, []string{failed, refused}, 0, []string{"API Key May Be Orphaned", "403", "id k1", "It may be older than this attempt"}},
		"environment, then missing": {environmentKind, environment, []string{failed, missing}, 0, []string{"Outcome of Creation Is Unknown", "404", `id = "e1"`}},
		"key, then missing":         {keyKind, key, []string{failed, missing}, 0, []string{"API Key May Be Orphaned", "404", "id k1"}},
		"key, without its secret":   {keyKind, key, slices.Repeat([]string{"201 " + goodKey}, 4), 4, []string{"the list shows no unknown key"}},
		"evaluator, not repeated":   {evaluatorKind, evaluatorConfig("Tone"), []string{failed}, 0, []string{"Outcome of Creation Is Unknown", "somebody else may have created it", `id = "ev-1"`}},
		"setup, not repeated":       {setupKind, arguments{"external_id": "checkout", "evaluators": []string{"char-count"}}, []string{failed}, 0, []string{"Outcome of Creation Is Unknown", "somebody else may have created it"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := newAnswering(t, map[string]string{
				"GET /v2/projects": "200 []", "GET /v2/environments": "200 []", "GET /v2/api-keys": "200 []", "GET /v2/projects/p1": "200 " + goodProject, "DELETE /v2/api-keys/k1": "204 ",
				"GET /v2/evaluators": "200 []", "GET /v2/auto-monitor-setups": "200 []",
			})
			now := time.Now().UTC().Format(time.RFC3339Nano)
			list := func(body string) string { return "200 [" + changed(body, "created_at", now) + "]" }
			front := serves(t, func(w http.ResponseWriter, r *http.Request) {
				if n := service.count("POST"); r.Method == http.MethodPost && n < len(test.answers) {
					service.set(map[string]string{
						"GET /v2/projects": list(goodProject), "GET /v2/environments": list(goodEnvironment), "GET /v2/api-keys": list(goodKey),
						"GET /v2/evaluators": "200 [" + shown(map[string]any{"created_at": now}) + "]", "GET /v2/auto-monitor-setups/checkout": "200 " + answered("checkout", nil),
						"POST " + r.URL.Path: test.answers[n],
					})
				}
				service.ServeHTTP(w, r)
			})
			d := newDriverWith(t, time.Now, arguments{"base_url": front, "api_key": strayKey, "project_api_key": madeUpKey})
			_, err := d.create(t.Context(), test.kind, test.config)
			if test.says != nil {
				refuses(t, err, test.says...)
			} else if err != nil {
				t.Error(err)
			}
			if test.deletes > 0 { // somebody else may have generated it
				warns(t, d.applied, "API Key of a Lost Answer Was Revoked", "id k1", "If somebody else generated")
			}
			if posts, deletes := service.count("POST"), service.count("DELETE"); posts != len(test.answers) || deletes != test.deletes {
				t.Errorf("%d POSTs and %d DELETEs, want %d and %d", posts, deletes, len(test.answers), test.deletes)
			}
		})
	}
}

// What a look finds after a lost answer and a second attempt. A conflict may be with what the first attempt
// made: if nobody can look, the error says so. A project that goes takes along what was made in it.
func TestAnswers_lookAfterASecondAttempt(t *testing.T) {
	t.Parallel()
	const missing = `404 {"error":"not found"}`
	for _, test := range []struct {
		second, look string
		says         []string
		kinds        []string
	}{
		{`409 {"error":"taken"}`, `400 {"error":"bad request"}`, []string{"500", "could not find out"}, []string{projectKind, environmentKind, keyKind}},
		{missing, missing, []string{"Unknown Project"}, []string{environmentKind, keyKind}},
	} {
		for _, kind := range test.kinds {
			config := map[string]arguments{projectKind: {"name": "Orders"}, environmentKind: {"name": "EU Production", "project_id": "p1"}, keyKind: {"project_id": "p1", "environment": "prd"}}[kind]
			service := newAnswering(t, map[string]string{"GET /v2/projects": "200 []", "GET /v2/environments": "200 []", "GET /v2/api-keys": "200 []", "GET /v2/projects/p1": "200 " + goodProject})
			front := serves(t, func(w http.ResponseWriter, r *http.Request) {
				switch n := service.count("POST"); {
				case r.Method != http.MethodPost:
				case n == 0:
					service.set(map[string]string{"POST " + r.URL.Path: `500 {"error":"internal server error"}`})
				default:
					service.set(map[string]string{"POST " + r.URL.Path: test.second, "GET /v2/projects": test.look, "GET /v2/projects/p1": test.look, "GET /v2/environments": test.look, "GET /v2/api-keys": test.look})
				}
				service.ServeHTTP(w, r)
			})
			_, err := newDriverWith(t, time.Now, arguments{"base_url": front, "api_key": strayKey}).create(t.Context(), kind, config)
			refuses(t, err, test.says...)
			hides(t, fmt.Sprint(err), "No project was created", "No environment was created", "Nothing was changed")
		}
	}
}

// A key that the service answers as revoked is gone at once, however young it is.
func TestAnswers_revokedKey(t *testing.T) {
	t.Parallel()
	key := changed(goodKey, "created_at", time.Now().UTC().Format(time.RFC3339Nano))
	service := newAnswering(t, map[string]string{
		"GET /v2/environments": "200 []", "GET /v2/projects/p1": "200 " + goodProject, "GET /v2/api-keys": "200 []",
		"POST /v2/api-keys": "200 " + strings.Replace(key, "{", `{"api_key":"`+madeUpKey+`",`, 1),
	})
	d := answeringDriver(t, service)
	made, err := d.create(t.Context(), keyKind, arguments{"project_id": "p1", "environment": "prd"})
	if err != nil {
		t.Fatal(err)
	}
	revoked := strings.Replace(key, "{", fmt.Sprintf(`{"revoked_at":%q,`, time.Now().UTC().Format(time.RFC3339Nano)), 1)
	service.set(map[string]string{"GET /v2/api-keys/k1": "200 " + revoked, "GET /v2/api-keys": "200 [" + revoked + "]"})
	if after, err := d.next().refresh(t.Context(), keyKind, made); err != nil || !after.value.IsNull() {
		t.Errorf("the state has %s, %v; want nothing", after.value, err)
	}
}

// A list may be older than a young key that the service does not show yet: the key that it replaced is no
// successor.
func TestAnswers_youngKeyInAnOldList(t *testing.T) {
	t.Parallel()
	key := changed(changed(goodKey, "created_at", time.Now().UTC().Format(time.RFC3339Nano)), "id", "k2")
	service := newAnswering(t, map[string]string{
		"GET /v2/environments": "200 []", "GET /v2/projects/p1": "200 " + goodProject, "GET /v2/api-keys": "200 []",
		"POST /v2/api-keys": "200 " + strings.Replace(key, "{", `{"api_key":"`+madeUpKey+`",`, 1),
	})
	d := answeringDriver(t, service)
	made, err := d.create(t.Context(), keyKind, arguments{"project_id": "p1", "environment": "prd"})
	if err != nil {
		t.Fatal(err)
	}
	service.set(map[string]string{"GET /v2/api-keys": "200 [" + goodKey + "]"})
	after, err := d.next().refresh(t.Context(), keyKind, made)
	refuses(t, err, "API Key Not Found Yet")
	if after.value.IsNull() {
		t.Error("the state has lost the key")
	}
}

// The service says that there is a key, and no list shows it: so the lost answer may be that of an active key.
func TestAnswers_lostKeyIsNotListed(t *testing.T) {
	t.Parallel()
	service := newAnswering(t, map[string]string{
		"GET /v2/environments": "200 []", "GET /v2/projects/p1": "200 " + goodProject, "GET /v2/api-keys": "200 []", "POST /v2/api-keys": `500 {"error":"internal server error"}`,
	})
	service.after("POST /v2/api-keys", map[string]string{"POST /v2/api-keys": `409 {"error":"taken"}`})
	_, err := answeringDriver(t, service).create(t.Context(), keyKind, arguments{"project_id": "p1", "environment": "prd"})
	refuses(t, err, "API Key May Be Orphaned", "could not find out whether a key was generated")
}

// A service that does not know a filter lists the keys of other environments too. None of them is revoked.
func TestAnswers_unfilteredList(t *testing.T) {
	t.Parallel()
	service := newAnswering(t, map[string]string{
		"GET /v2/environments": "200 []", "GET /v2/projects/p1": "200 " + goodProject, "GET /v2/api-keys": "200 [" + changed(goodKey, "environment", "dev") + "]",
		"POST /v2/api-keys": `409 {"error":"taken"}`, "DELETE /v2/api-keys/k1": "204 ",
	})
	_, err := answeringDriver(t, service).create(t.Context(), keyKind, arguments{"project_id": "p1", "environment": "prd", "replace_existing": true})
	refuses(t, err, "it is not of the project and environment that were asked for", "The API differs")
	if n := service.count("DELETE"); n != 0 {
		t.Errorf("%d keys were revoked", n)
	}
}

// Who takes the name that the service stores has no rename in each plan.
func TestAnswers_storedNameIsTaken(t *testing.T) {
	t.Parallel()
	stored := changed(goodProject, "name", "orders")
	service := newAnswering(t, map[string]string{"GET /v2/projects": "200 []", "GET /v2/environments": "200 []", "POST /v2/projects": "201 " + stored, "GET /v2/projects/p1": "200 " + stored, "PATCH /v2/projects/p1": "200 " + stored})
	l := newLife(answeringDriver(t, service), projectKind)
	l.apply(arguments{"name": "Orders"}, "create")
	l.apply(arguments{"name": "orders"}, "update")
}

// A new name that the service stores in another form is not a change in each plan.
func TestAnswers_renamedToAnotherForm(t *testing.T) {
	t.Parallel()
	renamed := "200 " + changed(goodProject, "name", "Order returns")
	service := newAnswering(t, map[string]string{"GET /v2/projects": "200 []", "GET /v2/environments": "200 []", "POST /v2/projects": "201 " + goodProject, "GET /v2/projects/p1": "200 " + goodProject, "PATCH /v2/projects/p1": renamed})
	front := serves(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			service.set(map[string]string{"GET /v2/projects/p1": renamed})
		}
		service.ServeHTTP(w, r)
	})
	l := newLife(newDriverWith(t, time.Now, arguments{"base_url": front, "api_key": strayKey}), projectKind)
	l.apply(arguments{"name": "Orders"}, "create")
	l.apply(arguments{"name": "Order  returns"}, "update")
	l.changesNothing(arguments{"name": "Order  returns"})
}

// A key that the service shows without a mask is named by its id.
func TestAnswers_destroyedWithMasklessKeys(t *testing.T) {
	t.Parallel()
	service := newAnswering(t, map[string]string{
		"GET /v2/projects": "200 []", "GET /v2/environments": "200 []", "POST /v2/projects": "201 " + goodProject, "GET /v2/projects/p1": "200 " + goodProject,
		"GET /v2/api-keys": "200 [" + strings.Replace(goodKey, `"masked_key"`, `"not_masked_key"`, 1) + "]",
	})
	d := answeringDriver(t, service)
	made, err := d.create(t.Context(), projectKind, arguments{"name": "Orders", "deletion_protection": false})
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.next().plan(t.Context(), projectKind, made, nil)
	if err != nil || len(p.diags) != 1 || !says(`project "Orders", environment "prd": id k1`).MatchString(p.diags[0].Detail) {
		t.Errorf("the plan says %v, %v", p.diags, err)
	}
}

// Only one answer has the id and the keys of an organization: the state has all of it, and a warning
// says what is missing.
func TestOrganization_answers(t *testing.T) {
	t.Parallel()
	const one = `{"slug":"dev","api_key":"tl_SecretOfDev"}`
	for body, test := range map[string]struct {
		environments []string
		keys         map[string]string
		warns        []string
	}{
		`{"org_id":"o1","environments":[` + one + `]}`:                                             {[]string{"dev"}, map[string]string{"dev": "tl_SecretOfDev"}, nil},
		`{"org_id":"o1","environments":[` + one + `,{"slug":"prd"}]}`:                              {[]string{"dev", "prd"}, map[string]string{"dev": "tl_SecretOfDev"}, []string{`no API key for the environment "prd"`}},
		`{"org_id":"o1","environments":[` + one + `,{"slug":"dev","api_key":"tl_Second"}]}`:        {[]string{"dev"}, map[string]string{"dev": "tl_SecretOfDev", "dev-2": "tl_Second"}, []string{`"dev" more than once`, `as "dev-2"`}},
		`{"org_id":"o1","environments":[` + one + `,{"api_key":"tl_Nameless"}]}`:                   {[]string{"dev"}, map[string]string{"dev": "tl_SecretOfDev", "unnamed": "tl_Nameless"}, []string{"has no slug", `as "unnamed"`}},
		`{"org_id":"o1","environments":[` + one + `,{"slug":"extra","api_key":"tl_Extra"}]}`:       {[]string{"dev", "prd"}, map[string]string{"dev": "tl_SecretOfDev", "extra": "tl_Extra"}, []string{`"prd" was requested`}},
		`{"environments":[` + one + `]}`:                                                           {[]string{"dev"}, map[string]string{"dev": "tl_SecretOfDev"}, []string{"does not contain the id"}},
		`{"org_id":"o1","environments":null}`:                                                      {nil, map[string]string{}, []string{"contains no environment"}},
		`{"org_id":"o1","environments":[` + one + `,7,{"slug":"prd","api_key":"tl_SecretOfPrd"}]}`: {[]string{"dev", "prd"}, map[string]string{"dev": "tl_SecretOfDev", "prd": "tl_SecretOfPrd"}, []string{"Environment 2 of the answer"}},
	} {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			d := answeringDriver(t, newAnswering(t, map[string]string{"POST /v2/organizations": "200 " + body}))
			config := arguments{"name": "Acme"}
			if test.environments != nil {
				config["environments"] = test.environments
			}
			made, err := d.create(t.Context(), organizationKind, config)
			if err != nil {
				t.Fatal(err)
			}
			l := &life{t, organizationKind, d, made}
			l.has(arguments{"keys": test.keys})
			if len(d.applied) != min(len(test.warns), 1) || len(test.warns) > 0 && !says(test.warns...).MatchString(d.applied[0].Detail) {
				t.Errorf("the apply says %v, want %q", d.applied, test.warns)
			}
			l.changesNothing(config)
		})
	}
}

// A wait longer than a minute is none that an apply should sit through. The error says when to come back.
func TestAnswers_longPause(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		server := emulatortest.Start(t)
		d := newDriver(t, server, time.Now)
		server.SetFaults(emulatortest.Fault{Kind: "status", Status: status, RetryAfter: new(1800)})
		_, reading := d.importID(t.Context(), projectKind, server.Projects()[0].ID)
		_, creating := d.create(t.Context(), projectKind, arguments{"name": "Orders"})
		for _, err := range []error{reading, creating} {
			refuses(t, err, "accepts no requests until 20", "Run the command again after that time", "A lower -parallelism")
		}
		if n := len(server.Requests()); n != 1 {
			t.Errorf("%d: %d requests, want 1: the second need not ask", status, n)
		}
	}
}

func TestSettle_orphanIsNamed(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	projectID := server.Projects()[0].ID
	d := newDriver(t, server, minutesLater)
	server.SetFaults(
		emulatortest.Fault{Method: "POST", Path: "/v2/api-keys", Kind: "drop_after"},
		emulatortest.Fault{Method: "DELETE", Path: "/v2/api-keys", Kind: "status", Status: 403, Times: 10},
	)
	_, _, err := d.apply(t.Context(), keyKind, d.none(keyKind), arguments{"project_id": projectID, "environment": "prd"})
	orphan := server.Keys()[0]
	refuses(t, err, "API Key May Be Orphaned", orphan.MaskedKey, orphan.ID, "replace_existing = true", "curl -X DELETE")

	server.SetFaults()
	key, _, err := d.next().apply(t.Context(), keyKind, d.none(keyKind), arguments{"project_id": projectID, "environment": "prd", "replace_existing": true})
	if keys := server.Keys(); err != nil || len(keys) != 1 || keys[0].ID != d.text(key, "id") {
		t.Errorf("the named way on: %v; the server has %v", err, keys)
	}
}

// A project with a lost answer that somebody else's has the name of is not adopted.
func TestSettle_olderProjectIsNotAdopted(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, emulatortest.WithNow(anHourAgo))
	older := server.CreateProject("Orders")
	d := newDriver(t, server, time.Now)
	server.SetFaults(emulatortest.Fault{Method: "POST", Path: "/v2/projects", Kind: "drop_before"})
	_, _, err := d.apply(t.Context(), projectKind, d.none(projectKind), arguments{"name": "Orders"})
	refuses(t, err, "older than this attempt", "import {", older.ID)
}

// Two resources want the same object, and the answer to the second creation is lost: what the first
// one has created is not the second one's.
func TestAnswers_lostWhereAnotherResourceCreated(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.Projects()[0].ID
	key := projectKey(server, "stg")
	for kind, config := range map[string]arguments{
		projectKind:     {"name": "Orders"},
		environmentKind: {"name": "EU", "project_id": project},
		keyKind:         {"project_id": project, "environment": "prd"},
		evaluatorKind:   evaluatorConfig("Tone"),
		setupKind:       {"external_id": "checkout", "evaluators": []string{"char-count"}},
	} {
		planning := newDriverWith(t, time.Now, arguments{"base_url": server.URL, "api_key": server.ManagementKey, "project_api_key": key})
		d := newDriverWith(t, time.Now, arguments{"base_url": server.URL, "api_key": server.ManagementKey, "project_api_key": key})
		p, err := planning.plan(t.Context(), kind, planning.none(kind), config)
		if err != nil {
			t.Fatal(err)
		}
		first, err := d.carryOut(t.Context(), kind, d.none(kind), p)
		if err != nil {
			t.Fatal(err)
		}
		server.SetFaults(emulatortest.Fault{Method: "POST", Kind: "drop_before", Times: 100})
		if second, err := d.carryOut(t.Context(), kind, d.none(kind), p); err == nil || !second.value.IsNull() {
			t.Errorf("%s: %s is in the state twice (%s): %v", kind, d.text(first, "id"), d.text(second, "id"), err)
		}
		server.SetFaults()
	}
}
