package provider_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// A wait longer than a minute is none that an apply should sit through.
func TestRateLimit_longWaitFailsAtOnce(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			server := emulatortest.Start(t)
			project := server.Projects()[0]
			d := newDriver(t, server, time.Now)
			server.SetFaults(emulatortest.Fault{Kind: "status", Status: status, RetryAfter: new(1800)})

			began := time.Now()
			for range 3 { // the second and the third need not ask
				_, err := d.importID(t.Context(), projectKind, project.ID)
				refusedUntil(t, err, began.Add(30*time.Minute))
			}
			_, err := d.create(t.Context(), projectKind, arguments{"name": "Orders"})
			refusedUntil(t, err, began.Add(30*time.Minute))
			if n := len(server.Requests()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("failing took %s", took)
			}
		})
	}
}

// refusedUntil checks that an error names the time to come back.
func refusedUntil(t *testing.T, err error, want time.Time) {
	t.Helper()
	explained(t, err, "no secret", "accepts no requests until", "Run the command again after that time", "A lower -parallelism")
	if err == nil {
		return
	}
	text := regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`).FindString(err.Error())
	until, parseErr := time.Parse(time.RFC3339, text)
	if parseErr != nil || until.Sub(want).Abs() > time.Minute {
		t.Errorf("the error names the time %q, want about %s", text, want.UTC().Format(time.RFC3339))
	}
}

// At INFO, each retry, each wait and each call that fails is one line, and nothing else of
// the client's is logged.
func TestRateLimit_log(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	c := newCLI(t, server).unattached()
	path := filepath.Join(t.TempDir(), "provider.log")
	c.set("TF_LOG_PROVIDER", "INFO")
	c.set("TF_LOG_PATH", path)
	c.write(anyRead)
	server.SetFaults(
		emulatortest.Fault{Kind: "status", Status: http.StatusBadGateway},
		emulatortest.Fault{Kind: "status", Status: http.StatusTooManyRequests, RetryAfter: new(1), After: 1},
		emulatortest.Fault{Kind: "status", Status: http.StatusUnauthorized, After: 2},
	)
	if out, err := c.run("plan", "-input=false"); err == nil {
		t.Fatalf("the plan succeeded:\n%s", out)
	}

	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var got []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.Contains(lines.Text(), "Traceloop API") {
			_, line, _ := strings.Cut(lines.Text(), " ") // without the time
			got = append(got, line)
		}
	}
	want := [][]string{
		{"[INFO]", "Repeating a Traceloop API request", "method=GET", "path=/v2/projects", "attempt=1", `reason="502 Bad Gateway"`},
		{"[INFO]", "Waiting before the next Traceloop API request", "method=GET", "path=/v2/projects", "attempt=2", "wait_ms=", `reason="the service asked for a pause"`},
		{"[INFO]", "Traceloop API call failed", "method=GET", "path=/v2/projects", "request_id=", "401 Unauthorized"},
	}
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i, phrases := range want {
		shows(t, got[i], phrases...)
		hides(t, got[i], server.ManagementKey)
	}
}

func TestRateLimit_applyBelowTheLimit(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	for i := range 4 {
		server.CreateProject(fmt.Sprintf("Service %d", i))
	}
	server.SetSettings(emulatortest.Settings{RateLimitPerSecond: 5})
	c := newCLI(t, server)
	c.write(`
data "traceloop_projects" "all" {}

locals {
  services = { for project in data.traceloop_projects.all.projects : project.name => project.id if project.name != "Default project" }
  slots    = { for pair in setproduct(keys(local.services), ["dev", "stg", "prd"]) : "${pair[0]}/${pair[1]}" => pair }
}

resource "traceloop_api_key" "each" {
  for_each    = local.slots
  project_id  = local.services[each.value[0]]
  environment = each.value[1]
}
`)
	shows(t, c.apply(), "12 added, 0 changed, 0 destroyed")
	limited := func(request emulatortest.Request) bool { return request.Status == http.StatusTooManyRequests }
	if !slices.ContainsFunc(server.Requests(), limited) {
		t.Error("the limit was never met, so that this test shows nothing")
	}
	if keys := server.Keys(); len(keys) != 12 {
		t.Errorf("the server has %d keys, want 12", len(keys))
	}
	server.SetSettings(emulatortest.Settings{})
	c.plan("-detailed-exitcode")
}
