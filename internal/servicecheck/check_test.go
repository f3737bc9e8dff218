package servicecheck

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// result is what a check has said.
type result struct {
	status         int
	stdout, stderr string
	report         string
	lines          []line
}

var day = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// clients returns those for which there is a key.
func clients(url, managementKey, key string) (management *traceloop.Client, project *traceloop.ProjectClient, err error) {
	if managementKey != "" {
		management, err = traceloop.New(traceloop.Config{BaseURL: url, Key: managementKey, UserAgent: "test"})
	}
	if key != "" && err == nil {
		project, err = traceloop.NewProjectClient(traceloop.Config{BaseURL: url, Key: key, UserAgent: "test"})
	}
	return management, project, err
}

func check(t *testing.T, ctx context.Context, url string, server *org, args ...string) result { //nolint:revive // t comes first in a test
	t.Helper()
	return checkWith(t, ctx, url, server.ManagementKey, server.key, args...)
}

func checkWith(t *testing.T, ctx context.Context, url, managementKey, key string, args ...string) result { //nolint:revive // t comes first in a test
	t.Helper()
	var stdout, stderr bytes.Buffer
	var r result
	file := filepath.Join(t.TempDir(), "report.md")
	command := Command{
		Version: "dev",
		Clients: func() (*traceloop.Client, *traceloop.ProjectClient, error) { return clients(url, managementKey, key) },
		Stdin:   strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
		Now:  func() time.Time { return day },
		wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		seen: func(l line) { r.lines = append(r.lines, l) },
	}
	r.status = command.Run(ctx, append([]string{"-report", file}, args...))
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	r.stdout, r.stderr, r.report = stdout.String(), stderr.String(), string(text)
	return r
}

func TestEveryRuleHoldsOnTheEmulator(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"-write", "-yes"}} {
		server := populated(t)
		before := contents(server)
		r := check(t, t.Context(), server.URL, server, args...)
		for _, l := range r.lines {
			if l.outcome != holds {
				t.Errorf("%s %s: %s, %v", l.operation, l.rule, l.outcome, l.parts())
			}
		}
		if r.status != exitHolds || r.stderr != "" || len(r.lines) < 50 {
			t.Errorf("%q: status %d, %d lines, %q", args, r.status, len(r.lines), r.stderr)
		}
		if after := contents(server); after != before {
			t.Errorf("%q: the organization has changed:\n%s\n%s", args, before, after)
		}
		writes := 0
		for _, request := range server.Requests() {
			if request.Method != "GET" {
				writes++
			}
		}
		if (writes > 0) != (args != nil) {
			t.Errorf("%q: %d requests that write", args, writes)
		}
	}
}

// A new organization has too little to show every rule, and nothing differs.
func TestFreshOrganization(t *testing.T) {
	t.Parallel()
	server := &org{Server: emulatortest.Start(t, emulatortest.WithAnyRequest())}
	r := check(t, t.Context(), server.URL, server, "-write", "-yes")
	if r.status != exitHolds || !strings.Contains(r.report, "not shown: there are no keys") || !contains(r.lines, "GET "+apiKeys, "never shows a key in full", notShown) {
		t.Errorf("status %d\n%s", r.status, r.stdout)
	}
}
