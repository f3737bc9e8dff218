package emulator_test

import (
	"bytes"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// visitor is a browser, as far as its requests go: it has no key.
type visitor struct {
	t *testing.T
	s *emulatortest.Server
}

func visit(t *testing.T, s *emulatortest.Server) visitor {
	t.Helper()
	return visitor{t, s}
}

func (v visitor) get(path string, headers ...string) reply {
	v.t.Helper()
	return send(v.t, v.s, "GET", path, "", append(headers, "Authorization", "")...)
}

func (v visitor) post(path string, form url.Values, headers ...string) reply {
	v.t.Helper()
	return post(v.t, v.s, path, form.Encode(), append(headers, "Authorization", "", "Content-Type", "application/x-www-form-urlencoded")...)
}

var tokenField = regexp.MustCompile(`name="token" value="([0-9A-Z]{26})"`)

// token reads the token from the first page, which has a form.
func (v visitor) token() string {
	v.t.Helper()
	match := tokenField.FindSubmatch(v.get("/").body)
	if match == nil {
		v.t.Fatal("the first page has no token")
	}
	return string(match[1])
}

func (v visitor) submit(path string, fields ...string) reply {
	v.t.Helper()
	form := url.Values{"token": {v.token()}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return v.post(path, form)
}

func wantPage(t *testing.T, r reply, status int, words ...string) {
	t.Helper()
	text := html.UnescapeString(string(r.body))
	if r.status != status || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
		t.Fatalf("answered %d, %s, want %d and HTML: %s", r.status, r.header.Get("Content-Type"), status, r.body)
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("the page does not say %q: %s", word, text)
		}
	}
}

// The forms that change something, and what each changes.
func forms(t *testing.T, s *emulatortest.Server) map[string]url.Values {
	t.Helper()
	project := s.Projects()[0].ID
	environment := s.CreateEnvironment(project, "Canary").ID
	key, _ := s.GenerateKey(project, "dev")
	s.SetFaults(emulatortest.Fault{Kind: "garbage", Path: "/nowhere"})
	return map[string]url.Values{
		"/ui/projects":                                {"name": {"Orders"}},
		"/ui/projects/" + project + "/rename":         {"name": {"Renamed"}},
		"/ui/projects/" + project + "/delete":         {},
		"/ui/environments":                            {"name": {"EU Production"}},
		"/ui/environments/" + environment + "/delete": {},
		"/ui/api-keys":                                {"project_id": {project}, "environment": {"prd"}},
		"/ui/api-keys/" + key + "/revoke":             {},
		"/ui/faults/preset":                           {"preset": {"slow"}},
		"/ui/faults/remove":                           {"number": {"1"}},
		"/ui/faults/remove-all":                       {},
		"/ui/settings":                                {"latency_ms": {"1"}, "rate_limit_per_second": {"0"}},
	}
}

// present is all that the forms can change.
func present(t *testing.T, s *emulatortest.Server) string {
	t.Helper()
	v := visit(t, s)
	faults := v.get("/ui/faults").body
	return string(get(t, s, "/_emulator/export").body) + string(tokenField.ReplaceAll(faults, nil))
}

func TestFormsNeedTheirToken(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	v := visit(t, s)
	all := forms(t, s)
	before := present(t, s)
	for path, form := range all {
		for name, token := range map[string]string{"none": "", "wrong": strings.Repeat("A", 26)} {
			form.Set("token", token)
			wantPage(t, v.post(path, form), http.StatusForbidden, "does not come from this emulator")
			if after := present(t, s); after != before {
				t.Fatalf("%s with %s token changed something:\n%s", path, name, after)
			}
		}
		if v.get(path + "?" + url.Values{"token": {v.token()}, "name": {"Evil"}, "kind": {"huge"}}.Encode()); present(t, s) != before {
			t.Fatalf("GET %s changed something", path)
		}
	}
	// With the token each of them works, or the above would show nothing.
	s = emulatortest.Start(t)
	v = visit(t, s)
	for path, form := range forms(t, s) {
		if strings.HasPrefix(path, "/ui/projects/") && strings.HasSuffix(path, "/delete") {
			continue // it would take the others' objects with it
		}
		before := present(t, s)
		form.Set("token", v.token())
		if r := v.post(path, form); r.status != http.StatusSeeOther && r.status != http.StatusOK {
			t.Errorf("%s was answered %d %s", path, r.status, r.body)
		}
		if present(t, s) == before && path != "/ui/faults/remove" && path != "/ui/faults/remove-all" {
			t.Errorf("%s changed nothing", path)
		}
	}
}

func TestFormsOfOtherSites(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	v := visit(t, s)
	token := v.token()
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Origin", "https://evil.test"},
		{"Origin", "null"},
		{"Origin", "http://127.0.0.1:1"},
	} {
		r := v.post("/ui/projects", url.Values{"token": {token}, "name": {"Evil"}}, headers...)
		wantPage(t, r, http.StatusForbidden, "another site")
	}
	for _, headers := range [][]string{{"Sec-Fetch-Site", "same-origin"}, {"Origin", s.URL}, nil} {
		r := v.post("/ui/projects", url.Values{"token": {token}, "name": {fmt.Sprint("Good", headers)}}, headers...)
		if r.status != http.StatusSeeOther {
			t.Errorf("%q: %d %s", headers, r.status, r.body)
		}
	}
	if n := len(s.Projects()); n != 4 {
		t.Errorf("there are %d projects, want 4", n)
	}
}

// DNS rebinding: a page of evil.test, whose name is made to point at this machine.
func TestHostsOfOtherSites(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	v := visit(t, s)
	for _, path := range []string{"/", "/ui/activity", "/ui/faults", "/ui/style.css", "/ui/events"} {
		for _, host := range []string{"evil.test", "evil.test:4319", "127.0.0.1.evil.test", "localhost.evil.test"} {
			wantPage(t, v.get(path, "Host", host), http.StatusForbidden, "another site")
		}
	}
	for _, path := range []string{"/_emulator/requests", "/_emulator/export", "/_emulator/traces"} {
		wantRefusal(t, v.get(path, "Host", "evil.test"), http.StatusForbidden, "another site")
		if r := v.get(path, "Host", "localhost:80"); r.status != http.StatusOK {
			t.Errorf("%s on localhost was answered %d", path, r.status)
		}
	}
	for _, host := range []string{"localhost", "LOCALHOST:4319", "emulator.localhost", "127.0.0.1", "[::1]:4319", "192.0.2.1:80"} {
		if r := v.get("/", "Host", host); r.status != http.StatusOK {
			t.Errorf("%s was answered %d", host, r.status)
		}
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	v := visit(t, s)
	for _, path := range []string{"/", "/ui/activity", "/ui/faults", "/ui/nothing", "/ui/style.css", "/ui/page.js", "/ui/icon.svg", "/ui/projects/" + s.Projects()[0].ID} {
		r := v.get(path)
		policy := r.header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy %q has no %s", path, policy, part)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		if r.header.Get("X-Frame-Options") != "DENY" || r.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, r.header)
		}
		if strings.HasPrefix(r.header.Get("Content-Type"), "text/html") && r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept: %v", path, r.header)
		}
		for _, inline := range []string{" style=", " onclick=", "<script>", "<style", "javascript:", "http://", "https://"} {
			if strings.Contains(string(r.body), inline) && path != "/ui/icon.svg" {
				t.Errorf("%s has %s", path, inline)
			}
		}
	}
}

// Names come from outside, and are text everywhere.
func TestNamesAreText(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	v := visit(t, s)
	const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`
	project := s.CreateProject(evil)
	own := s.CreateEnvironment(project.ID, "own "+evil)
	shared := s.CreateEnvironment("", "all "+evil)
	key, _ := s.GenerateKey(project.ID, own.Slug)
	s.GenerateKey(project.ID, shared.Slug)
	get(t, s, "/v2/"+url.PathEscape(evil)+"?q="+url.QueryEscape(evil))
	send(t, s, "GET", "/v2/projects", "", "User-Agent", evil)
	s.SetFaults(emulatortest.Fault{Kind: "status", Status: 500, Path: "/" + evil, Body: new(evil)})
	pages := map[string]reply{"new key": v.submit("/ui/api-keys", "project_id", project.ID, "environment", "dev")}
	for _, path := range []string{
		"/", "/?q=" + url.QueryEscape(evil), "/ui/projects/" + project.ID, "/ui/projects/" + project.ID + "/delete",
		"/ui/environments/" + own.ID + "/delete?back=" + url.QueryEscape("/?"+evil), "/ui/environments/" + shared.ID + "/delete",
		"/ui/api-keys/" + key + "/revoke", "/ui/activity?show=all", "/ui/faults", "/ui/" + url.PathEscape(evil), "/?done=" + url.QueryEscape(evil),
	} {
		pages[path] = v.get(path)
	}
	pages["refusal"] = v.submit("/ui/projects", "name", evil)
	for path, r := range pages {
		body := string(r.body)
		if strings.Contains(body, "<script>") || strings.Contains(body, "<img src=x") || strings.Contains(body, `"'>`) {
			t.Errorf("%s has it as markup: %s", path, body)
		}
		if !strings.Contains(path, "done=") && !strings.Contains(html.UnescapeString(body), "alert(1)") {
			t.Errorf("%s does not have it at all: %s", path, body)
		}
	}
}

// A key is in one answer, of the API or of a page, and nowhere else: not even where it is mistaken for an id.
func TestKeysAreShownOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	e, err := emulator.New(emulator.Options{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	server := httptest.NewServer(e)
	defer server.Close()
	s := &emulatortest.Server{URL: server.URL, ManagementKey: e.ManagementKey()}
	v := visit(t, s)
	id := string(regexp.MustCompile(`name="project_id" value="([^"]+)"`).FindSubmatch(v.get("/").body)[1])
	r := v.submit("/ui/api-keys", "project_id", id, "environment", "dev")
	wantPage(t, r, http.StatusOK, "It is not shown again")
	key := regexp.MustCompile(`tl_[0-9A-Za-z]{40}`).FindString(string(r.body))
	if key == "" || r.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("the key is %q, Cache-Control %q", key, r.header.Get("Cache-Control"))
	}
	wantPage(t, v.submit("/ui/api-keys", "project_id", id, "environment", "dev"), http.StatusConflict, "already has an API key")
	generated := decoded[emulator.GeneratedAPIKey](t, post(t, s, "/v2/api-keys", keyBody(id, "prd")), http.StatusCreated)
	send(t, s, "DELETE", "/v2/api-keys/"+generated.Key, "")
	get(t, s, "/v2/projects?cursor="+generated.Key)
	get(t, s, "/v2/"+strings.Repeat("x", 5000))

	texts := map[string]string{"the log": log.String()}
	for _, path := range []string{"/", "/ui/activity?show=all", "/ui/faults", "/_emulator/export"} {
		texts[path] = html.UnescapeString(string(v.get(path).body))
	}
	for where, text := range texts {
		for _, secret := range []string{key, generated.Key, e.ManagementKey()} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows a key again:\n%s", where, text)
			}
		}
	}
	for _, said := range []string{"path=/v2/api-keys status=201 from=page", "method=POST path=/v2/api-keys status=201", "path=/v2/api-keys/" + generated.MaskedKey + " status=404"} {
		if !strings.Contains(texts["the log"], said) {
			t.Errorf("the log does not say %q:\n%s", said, texts["the log"])
		}
	}
	all := texts["/ui/activity?show=all"]
	if !strings.Contains(all, "cursor=tl_****") || !strings.Contains(all, `There is no active API key with the id "tl_****`) || strings.Contains(all, strings.Repeat("x", 300)) {
		t.Errorf("what happened is %s", all)
	}
}

// What happened has names in the place of ids, and says why something was refused.
func TestActivityInWords(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t, emulatortest.WithAnyRequest())
	v := visit(t, s)
	wantPage(t, v.get("/ui/activity"), http.StatusOK, "Nothing has been changed yet.")
	project := decoded[emulatortest.Project](t, post(t, s, "/v2/projects", `{"name":"Orders"}`), http.StatusCreated)
	canary := decoded[emulatortest.Environment](t, post(t, s, "/v2/environments", `{"name":"Canary","project_id":"`+project.ID+`"}`), http.StatusCreated)
	key := decoded[emulator.GeneratedAPIKey](t, post(t, s, "/v2/api-keys", keyBody(project.ID, "canary")), http.StatusCreated)
	wantRefusal(t, post(t, s, "/v2/api-keys", keyBody(project.ID, "canary")), http.StatusConflict)
	asKey(t, s, key.Key, "POST", setupsPath, setupBody("checkout", "", "char-count"))
	judged := s.CreateEvaluator(key.Key, judge("Tone"))
	asKey(t, s, key.Key, "PATCH", evaluatorsPath+"/"+judged.ID, `{"name":"Politeness"}`)
	asKey(t, s, key.Key, "DELETE", setupsPath+"/checkout", "")
	send(t, s, "DELETE", "/v2/api-keys/"+key.ID, "")
	send(t, s, "DELETE", "/v2/environments/"+canary.ID, "")
	send(t, s, "PATCH", "/v2/projects/"+project.ID, `{"name":"Invoices"}`)
	send(t, s, "DELETE", "/v2/projects/"+project.ID, "")
	send(t, s, "DELETE", "/v2/projects/"+project.ID, "")
	get(t, s, "/v2/environments?project_id="+s.Projects()[0].ID+"&limit=7")
	send(t, s, "GET", "/v2/projects", "", "Authorization", "Bearer tl_unknown")

	row := regexp.MustCompile(`(?s)<td role="cell" class="request">(.*?)</td>`)
	rows := func(path string) (texts []string) {
		t.Helper()
		for _, match := range row.FindAllStringSubmatch(string(v.get(path).body), -1) {
			text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(match[1], " ")
			texts = append(texts, strings.Join(strings.Fields(html.UnescapeString(text)), " "))
		}
		return texts
	}
	want := []string{
		"DELETE /v2/projects " + project.ID + ` There is no project with the id "` + project.ID + `".`,
		"DELETE /v2/projects Invoices",
		"PATCH /v2/projects Orders",
		"DELETE /v2/environments Canary of Orders",
		"DELETE /v2/api-keys Orders, canary",
		"DELETE /v2/auto-monitor-setups checkout",
		"PATCH /v2/evaluators Tone",
		"POST /v2/auto-monitor-setups checkout of Orders",
		`POST /v2/api-keys The environment "canary" of this project already has an API key, and it can have only one. Revoke that key first.`,
		"POST /v2/api-keys Orders, canary",
		"POST /v2/environments Canary of Orders",
		"POST /v2/projects Orders",
	}
	if got := rows("/ui/activity"); !slices.Equal(got, want) {
		t.Errorf("the changes are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	reads := []string{"GET /v2/projects The key is unknown or revoked.", "GET /v2/environments?project_id=Default project&limit=7"}
	if got := rows("/ui/activity?show=all"); !slices.Equal(got, append(reads, want...)) {
		t.Errorf("all are\n%s", strings.Join(got, "\n"))
	}
	s.ResetRequests()
	if got := rows("/ui/activity"); len(got) != len(want) || len(s.Requests()) != 0 {
		t.Errorf("after a reset of the record, %d changes are shown and %d recorded", len(got), len(s.Requests()))
	}
}

// The page of a project shows its monitors, with their statuses and what failed.
func TestMonitorsOfAProject(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	v := visit(t, s)
	project, other := s.Projects()[0].ID, s.CreateProject("Other")
	page := "/ui/projects/" + project
	_, key := s.GenerateKey(project, "prd")
	_, elsewhere := s.GenerateKey(other.ID, "dev")
	s.CreateSetup(elsewhere, "of-another-project", "char-count")
	wantPage(t, v.get(page), http.StatusOK, "Monitors", "None yet.")

	s.CreateSetup(key, "<b>checkout", "char-count", "word-count")
	s.SendSpans(key, 1)
	wantPage(t, v.get(page), http.StatusOK, "<b>checkout", "pending", "char-count", "word-count")
	s.SetSettings(emulatortest.Settings{SetupsAheadSeconds: 60, FailingEvaluators: map[string]string{"word-count": "no <text>"}})
	shown := v.get(page)
	wantPage(t, shown, http.StatusOK, "partial", "no <text>")
	for _, word := range []string{"<b>checkout", "of-another-project", "None yet."} {
		if strings.Contains(string(shown.body), word) {
			t.Errorf("the page has %q: %s", word, shown.body)
		}
	}
}

func TestPagesOfLists(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	for i := range 25 {
		s.CreateProject(fmt.Sprintf("Project %02d", i))
		s.CreateEnvironment("", fmt.Sprintf("Region %02d", i))
	}
	v := visit(t, s)
	wantPage(t, v.get("/"), http.StatusOK, "None yet.")
	key := keyOf(s, "prd")
	for i := range 12 {
		s.CreateEvaluator(key, judge(fmt.Sprintf("Judge %02d", i)))
	}
	s.CreateSetup(key, "m", "judge-01", "char-count")
	for i := range 50 {
		s.CreateSetup(key, fmt.Sprintf("m-%02d", i), "char-count")
	}
	wantPage(t, v.get("/"), http.StatusOK, "Judge 01", "judge-09", "openai", "gpt-4o", "1 monitor", "Evaluators 1 to 10 of 12")
	wantPage(t, v.get("/?evaluators=2"), http.StatusOK, "Judge 11")
	wantPage(t, v.get("/"), http.StatusOK, "Default project", "Project 08", "Projects 1 to 10 of 26", `href="?page=2"`, "Region 06", "Environments 1 to 10 of 28", "All 28 environments")
	wantPage(t, v.get("/?page=3"), http.StatusOK, "Project 24", "Projects 21 to 26 of 26", `href="?page=2"`)
	wantPage(t, v.get("/?page=999"), http.StatusOK, "Projects 21 to 26 of 26")
	wantPage(t, v.get("/?page=x"), http.StatusOK, "Projects 1 to 10 of 26")
	wantPage(t, v.get("/?environments=3"), http.StatusOK, "Region 24", "Environments 21 to 28 of 28")
	found := v.get("/?q=project+1")
	wantPage(t, found, http.StatusOK, "Project 19", "10 projects found", "/delete?back=%2f%3fq%3dproject%2b1")
	if strings.Contains(string(found.body), "Project 20") {
		t.Error("it finds others")
	}
	for i := range 30 {
		s.CreateEnvironment(s.Projects()[0].ID, fmt.Sprintf("Own %02d", i))
	}
	path := "/ui/projects/" + s.Projects()[0].ID
	wantPage(t, v.get(path), http.StatusOK, "Environments 1 to 50 of 58", "Monitors 1 to 50 of 51", "m-48", `href="?monitors=2"`)
	wantPage(t, v.get(path+"?monitors=2"), http.StatusOK, "Monitors 51 to 51 of 51", "m-49")
	wantPage(t, v.get(path+"?page=2"), http.StatusOK, "Environments 51 to 58 of 58", "Region 24")
	wantPage(t, v.get("/ui/environments/"+s.Environments("")[0].ID+"/delete"), http.StatusConflict, "built-in")
	confirm := v.get(path + "/delete")
	wantPage(t, confirm, http.StatusOK, "30 environments", "and 22 more")
}

// Where a form goes back to is a page of the emulator.
func TestBackStaysHere(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	v := visit(t, s)
	for i, test := range []struct{ back, want string }{
		{"/?page=3&q=a", "/?page=3&q=a&done=project-created"},
		{"/ui/faults", "/ui/faults?done=project-created"},
		{"https://evil.test/", "/?done=project-created"},
		{"//evil.test/", "/?done=project-created"},
		{"/\\evil.test", "/?done=project-created"},
		{"", "/?done=project-created"},
	} {
		r := v.submit("/ui/projects", "name", fmt.Sprint("P", i), "back", test.back)
		if r.status != http.StatusSeeOther || r.header.Get("Location") != test.want {
			t.Errorf("%q: %d to %q, want %q", test.back, r.status, r.header.Get("Location"), test.want)
		}
	}
}

func TestRefusedSpansOfRevokedKeys(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/data"
	s := emulatortest.Start(t, emulatortest.WithDataFile(file))
	project := s.Projects()[0].ID
	id, key := s.GenerateKey(project, "dev")
	s.SendSpans(key, 5)
	s.RevokeKey(id)
	if status := s.SendSpans(key, 3); status != http.StatusUnauthorized {
		t.Errorf("answered %d", status)
	}
	s.SendSpans("tl_nobodys0000", 9)
	second, next := s.GenerateKey(project, "dev")
	s.SendSpans(next, 2)
	s.SendSpans(key, 4)
	s.RevokeKey(second)
	s.SendSpans(next, 10)
	row := regexp.MustCompile(`(?s)class="number[^>]*>([0-9,]+)</td>\s*<td[^>]*>([0-9,]+)</td>`)
	want := func(s *emulatortest.Server) {
		t.Helper()
		match := row.FindStringSubmatch(string(visit(t, s).get("/").body))
		if len(match) > 0 {
			match = match[1:]
		}
		if !slices.Equal(match, []string{"7", "17"}) {
			t.Errorf("accepted and refused are %q, want 7 and 17", match)
		}
	}
	want(s)
	s.Close()
	s = emulatortest.Start(t, emulatortest.WithDataFile(file))
	want(s)
	s.DeleteProject(project)
	if status := s.SendSpans(key, 1); status != http.StatusUnauthorized {
		t.Errorf("answered %d", status)
	}
}

// The page's own work is neither recorded for tests nor met by faults and limits.
func TestPageMeetsNoFaults(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	v := visit(t, s)
	s.SetFaults(emulatortest.Fault{Kind: "status", Status: 500, Times: 100})
	s.SetSettings(emulatortest.Settings{RateLimitPerSecond: 1})
	for i := range 3 {
		if r := v.submit("/ui/projects", "name", fmt.Sprint("P", i)); r.status != http.StatusSeeOther {
			t.Errorf("answered %d %s", r.status, r.body)
		}
	}
	if record := s.Requests(); len(record) != 0 {
		t.Errorf("recorded are %+v", record)
	}
	wantPage(t, v.get("/ui/activity"), http.StatusOK, "Browser", "POST", "/v2/projects")
}

func TestSettingsForm(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	v := visit(t, s)
	wantPage(t, v.submit("/ui/settings", "latency_ms", "x", "rate_limit_per_second", "0"), http.StatusBadRequest, `latency_ms must be a whole number, not "x"`)
	wantPage(t, v.submit("/ui/settings", "latency_ms", "-1", "rate_limit_per_second", "0"), http.StatusBadRequest, "latency_ms must be from 0")
	if r := v.submit("/ui/settings", "latency_ms", "0", "rate_limit_per_second", "1"); r.status != http.StatusSeeOther {
		t.Errorf("answered %d %s", r.status, r.body)
	}
	get(t, s, "/v2/projects")
	wantRefusal(t, get(t, s, "/v2/projects"), http.StatusTooManyRequests)

	key := keyOf(s, "dev")
	create := func(want int) {
		t.Helper()
		if r := asKey(t, s, key, "POST", "/v2/organizations", `{"org_name":"Acme"}`); r.status != want {
			t.Errorf("answered %d, want %d", r.status, want)
		}
	}
	v.submit("/ui/settings", "latency_ms", "0", "rate_limit_per_second", "0", "allow_organizations", "yes")
	create(http.StatusCreated)
	wantPage(t, v.get("/ui/faults"), http.StatusOK, `value="yes" checked`)
	v.submit("/ui/settings", "latency_ms", "0", "rate_limit_per_second", "0")
	create(http.StatusForbidden)
}
