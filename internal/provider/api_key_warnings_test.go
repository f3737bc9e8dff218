package provider_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// daysAgo is the clock of a server that generates keys of that age.
func daysAgo(days int) emulatortest.Option {
	return emulatortest.WithNow(func() time.Time { return time.Now().AddDate(0, 0, -days) })
}

func TestCLI_warnsOnceBeforeAKeyIsDue(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, daysAgo(24))
	cli := newCLI(t, server)
	project := server.Projects()[0]
	hcl := func(days int) string {
		return fmt.Sprintf("resource \"traceloop_api_key\" \"orders\" {\n  project_id        = %q\n  environment       = \"prd\"\n  rotate_after_days = %d\n}\n", project.ID, days)
	}
	const warning = "API Key Is Soon Due for Rotation"

	cli.write(hcl(32))
	hides(t, cli.apply(), warning)
	hides(t, cli.plan("-detailed-exitcode"), warning)

	cli.write(hcl(30)) // 6 days remain
	cli.apply()
	out := cli.plan("-detailed-exitcode")
	if n := strings.Count(out, warning); n != 1 {
		t.Errorf("the plan warns %d times, want once:\n%s", n, out)
	}
	shows(t, out, "in 5 days")

	cli.write(hcl(20)) // passed
	shows(t, cli.plan(), "API Key Is Already Due for Rotation", "forces replacement", "1 to add, 0 to change, 1 to destroy")
}

func TestAccAPIKey_overdueWithoutRefresh(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, daysAgo(40))
	cli := newCLI(t, server)
	hcl := func(days int) string {
		return fmt.Sprintf("resource \"traceloop_api_key\" \"orders\" {\n  project_id        = %q\n  environment       = \"prd\"\n  rotate_after_days = %d\n}\n", server.Projects()[0].ID, days)
	}
	const warning = "API Key Is Overdue for Rotation"
	cli.write(hcl(60))
	hides(t, cli.apply(), warning)
	key := server.Keys()[0]

	cli.write(hcl(30))
	overdue := []string{warning, "was due at " + time.Now().UTC().AddDate(0, 0, -10).Format(time.DateOnly), "10 days ago", "This plan does not rotate it", "plan again without -refresh=false"}
	shows(t, cli.apply("-refresh=false"), append(overdue, "0 added, 1 changed, 0 destroyed")...)
	out := cli.plan("-refresh=false", "-detailed-exitcode")
	shows(t, out, overdue...)
	hides(t, out, "Soon Due", "less than a minute", "must be replaced")

	out = cli.plan() // as the warning says
	shows(t, out, "must be replaced", "1 to add, 0 to change, 1 to destroy")
	hides(t, out, warning)
	if keys := server.Keys(); len(keys) != 1 || keys[0] != key {
		t.Errorf("the keys are %v, want the one that there was", keys)
	}
}

func TestCLI_replaceExistingWarnsBeforehand(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, daysAgo(40))
	project := server.CreateProject("Orders")
	id, key := server.GenerateKey(project.ID, "prd")
	cli := newCLI(t, server)
	hcl := keyHCL(fmt.Sprintf("%q", project.ID), "prd", "null")

	cli.write(strings.Replace(hcl, "environment ", "replace_existing = true\n  environment ", 1))
	shows(t, cli.plan(), "Existing API Key Will Be Revoked", id, traceloop.MaskKey(key), "40 days ago")
	noWrites(t, server)
	cli.apply()
	if status := server.SendSpans(key, 1); status != http.StatusUnauthorized {
		t.Errorf("the key that was there is answered %d, want 401", status)
	}
	hides(t, cli.plan("-detailed-exitcode"), "Will Be Revoked")
}

func TestCLI_changedRecipientsWarn(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.Projects()[0]
	cli := newCLI(t, server)
	hcl := func(recipient string) string {
		return fmt.Sprintf("resource \"traceloop_api_key\" \"orders\" {\n  project_id     = %q\n  environment    = \"prd\"\n  age_recipients = [%q]\n}\n", project.ID, recipient)
	}
	cli.write(hcl(recipient(t)))
	cli.apply()
	cli.write(hcl(recipient(t)))
	shows(t, cli.plan(), "Changing Recipients Rotates the API Key", "The provider cannot seal the current key again", "forces replacement")
}

func TestCLI_destroyingWarnsOfWhatGoes(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	cli := newCLI(t, server)
	cli.write(projectHCL("Orders", false) + environmentHCL("", "Load test", false))
	cli.apply()
	orders := server.Projects()[1]
	_, key := server.GenerateKey(orders.ID, "prd")
	server.GenerateKey(orders.ID, "load-test")
	for i := range 12 {
		server.GenerateKey(server.CreateProject(fmt.Sprintf("Project %d", i)).ID, "load-test")
	}

	server.ResetRequests()
	out := cli.plan("-destroy", "-target=traceloop_project.orders")
	shows(t, out, "Destroying Is Irreversible", `Apply destroys the project "Orders"`, "2 API keys are revoked", `project "Orders", environment "prd": `+traceloop.MaskKey(key), `environment "load-test"`)
	hides(t, out, "Project 3")

	out = cli.plan("-destroy", "-target=traceloop_environment.eu")
	shows(t, out, `Apply destroys the environment "Load test"`, "in every project", "13 API keys are revoked", `project "Project 3", environment "load-test"`, "and 3 more; 13 projects in all")
	noWrites(t, server)
}

// ownKey is a service that shows one key with the masked form of the management key.
func ownKey(t *testing.T, server *emulatortest.Server, masked string) *httptest.Server {
	t.Helper()
	return rewriting(t, server, masked, traceloop.MaskKey(server.ManagementKey))
}

// rewriting is a service that shows one text in the place of another.
func rewriting(t *testing.T, server *emulatortest.Server, shown, instead string) *httptest.Server {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, err := http.NewRequestWithContext(r.Context(), r.Method, server.URL+r.URL.RequestURI(), r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		request.Header = r.Header
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
		w.WriteHeader(answer.StatusCode)
		if _, err := io.WriteString(w, strings.ReplaceAll(string(body), shown, instead)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(proxy.Close)
	return proxy
}
