package provider_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// waits tells of each wait that the provider logs.
type waits struct {
	mu    sync.Mutex
	log   bytes.Buffer
	begun chan struct{}
}

func (w *waits) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if bytes.Contains(line, []byte("Waiting before the next Traceloop API request")) {
		w.begun <- struct{}{}
	}
	return w.log.Write(line)
}

// One call that is told to wait holds back all the others, which have not asked yet.
func TestRateLimit_pausesAllCallsTogether(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		for _, form := range []string{"seconds", "date"} {
			t.Run(fmt.Sprintf("%d, %s", status, form), func(t *testing.T) {
				t.Parallel()
				const others = 8
				server := emulatortest.Start(t)
				var (
					mu    sync.Mutex
					times []time.Time // of each request
					told  time.Time   // when the pause was asked for
				)
				address := inFront(t, server, func(r *http.Request, carryOut func() (*http.Response, error)) (*http.Response, error) {
					mu.Lock()
					defer mu.Unlock()
					times = append(times, time.Now())
					if len(times) > 1 {
						return carryOut()
					}
					told = time.Now()
					pause := told.Truncate(time.Second)
					answer := &http.Response{StatusCode: status, Header: http.Header{"Date": {pause.UTC().Format(http.TimeFormat)}, "Retry-After": {"1"}}, Body: http.NoBody, Request: r}
					if form == "date" {
						answer.Header.Set("Retry-After", pause.Add(time.Second).UTC().Format(http.TimeFormat))
					}
					return answer, nil
				})
				d := newDriverWith(t, time.Now, arguments{"base_url": address, "api_key": server.ManagementKey, "max_retries": int64(1)})
				log := &waits{begun: make(chan struct{}, 10*others)}
				ctx := tflogtest.RootLogger(t.Context(), log)
				create := func(i int) func() {
					return func() {
						if _, err := d.create(ctx, projectKind, arguments{"name": fmt.Sprintf("Service %d", i)}); err != nil {
							t.Error(err)
						}
					}
				}

				var calls sync.WaitGroup
				calls.Go(create(0))
				select {
				case <-log.begun:
				case <-t.Context().Done():
				}
				for i := range others {
					calls.Go(create(1 + i))
				}
				calls.Wait()

				// Two lists: of the projects, for their names, and of the environments, for their organization.
				want := 1 + 1 + others + 2
				if len(times) != want {
					t.Errorf("%d requests, want %d: 1 that is refused and 1 of each of %d calls", len(times), want, 1+others)
				}
				for i, at := range times[1:] {
					if early := time.Second - at.Sub(told); early > 0 {
						t.Errorf("request %d came %s too early", i+2, early)
					}
				}
			})
		}
	}
}

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

// A creation that was told to wait is carried out once, and its key is there.
func TestRateLimit_creations(t *testing.T) {
	t.Parallel()
	for _, fault := range []emulatortest.Fault{
		{Status: http.StatusTooManyRequests},
		{Status: http.StatusServiceUnavailable},
		{Status: http.StatusServiceUnavailable, Done: true},
	} {
		t.Run(fmt.Sprintf("%d, done %t", fault.Status, fault.Done), func(t *testing.T) {
			t.Parallel()
			server := emulatortest.Start(t)
			d := newDriver(t, server, time.Now)
			fault.Kind, fault.Method, fault.Path, fault.RetryAfter = "status", http.MethodPost, "/v2/api-keys", new(1)
			server.SetFaults(fault)
			began := time.Now()
			key, _, err := d.apply(t.Context(), keyKind, d.none(keyKind), arguments{"project_id": server.Projects()[0].ID, "environment": "prd"})
			if took := time.Since(began); took < time.Second {
				t.Errorf("it was generated after %s, and the service asked for a second", took)
			}
			if keys := server.Keys(); err != nil || len(keys) != 1 || keys[0].ID != d.text(key, "id") {
				t.Errorf("%v; the server has %v", err, keys)
			}
			if n := calls(server, http.MethodPost, "/v2/api-keys"); n != 2 {
				t.Errorf("%d requests to generate the key, want 2", n)
			}
		})
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
	for i := range 10 {
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
	shows(t, c.apply(), "30 added, 0 changed, 0 destroyed")
	limited := func(request emulatortest.Request) bool { return request.Status == http.StatusTooManyRequests }
	if !slices.ContainsFunc(server.Requests(), limited) {
		t.Error("the limit was never met, so that this test shows nothing")
	}
	if keys := server.Keys(); len(keys) != 30 {
		t.Errorf("the server has %d keys, want 30", len(keys))
	}
	server.SetSettings(emulatortest.Settings{})
	c.plan("-detailed-exitcode")
}
