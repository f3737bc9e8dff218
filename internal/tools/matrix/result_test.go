package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// events are lines of `go test -json`: "action test output".
func events(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		part := append(strings.SplitN(line, " ", 3), "", "")
		fmt.Fprintf(&b, "{\"Action\":%q,\"Package\":\"p\",\"Test\":%q,\"Output\":%q}\n", part[0], part[1], part[2])
	}
	return b.String()
}

var aRun = []string{
	"run TestA", "run TestA/x", "output TestA/x     --- chatter\n", "pass TestA/x", "run TestA/y", "pass TestA/y", "pass TestA",
	"run TestB", "output TestB     versions_test.go:55: Terraform 1.11 has no query\n", "skip TestB",
	"run TestC", "run TestC/z", "output TestC/z     versions_test.go:55: Terraform 1.11 has no query\n", "skip TestC/z", "pass TestC",
	"run TestD", "output TestD all is well\n", "pass TestD",
}

func readRun(t *testing.T, lines ...string) (r *result, shown string) {
	t.Helper()
	var b strings.Builder
	r, err := read(strings.NewReader(events(lines...)), &b)
	if err != nil {
		t.Fatal(err)
	}
	r.cli = cli{"/bin/terraform", "Terraform", "1.11.4"}
	return r, b.String()
}

func TestTable(t *testing.T) {
	t.Parallel()
	r, shown := readRun(t, aRun...)
	if err := r.problem(); err != nil || shown != "" {
		t.Errorf("%v: %s", err, shown)
	}
	tofu, _ := readRun(t, "pass TestA")
	tofu.cli = cli{"/bin/tofu", "OpenTofu", "1.12.6"}
	want := `| CLI | version | passed | failed | skipped |
|---|---|---|---|---|
| Terraform | 1.11.4 | 3 | 0 | 2: Terraform 1.11 has no query |
| OpenTofu | 1.12.6 | 1 | 0 | 0 |
`
	if got := table([]*result{r, tofu}); got != want {
		t.Errorf("the table is\n%swant\n%s", got, want)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		more        []string
		says, shown string
	}{
		"a failure":           {[]string{"output TestE not so\n", "fail TestE"}, "failed: TestE", "not so"},
		"of a subtest":        {[]string{"fail TestE/x", "pass TestE/y", "fail TestE"}, "failed: TestE/x", ""},
		"beside its subtests": {[]string{"pass TestE/x", "fail TestE"}, "failed: TestE", ""},
		"a skip by taste":     {[]string{"output TestE     e_test.go:1: flaky\n", "skip TestE"}, "skipped, but not for its version: TestE: flaky", ""},
		"of another CLI":      {[]string{"output TestE     e_test.go:1: OpenTofu 1.11 has no query\n", "skip TestE"}, "not for its version: TestE", ""},
		"of another version":  {[]string{"output TestE     e_test.go:1: Terraform 1.1 has no query\n", "skip TestE"}, "not for its version: TestE", ""},
		"without a reason":    {[]string{"skip TestE"}, "TestE: no reason given", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, shown := readRun(t, append(aRun, test.more...)...)
			if err := r.problem(); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("the problem is %v, want %q", err, test.says)
			}
			if !strings.Contains(shown, test.shown) {
				t.Errorf("%q is shown, want %q", shown, test.shown)
			}
		})
	}
	nothing, _ := readRun(t)
	if err := nothing.problem(); err == nil {
		t.Error("a run without tests is no problem")
	}
}

func TestNewCLI(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-ins are shell scripts")
	}
	for says, want := range map[string]string{
		"Terraform v1.15.9\non linux_amd64": "Terraform 1.15.9",
		"OpenTofu v1.12.6\non linux_amd64":  "OpenTofu 1.12.6",
		"Vault v1.20.0":                     "",
	} {
		path := filepath.Join(t.TempDir(), "cli")
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho '"+says+"'\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		c, err := newCLI(t.Context(), path)
		if got := strings.TrimSpace(c.kind + " " + c.version); got != want || (err == nil) != (want != "") {
			t.Errorf("%q is taken for %q: %v", says, got, err)
		}
	}
}
