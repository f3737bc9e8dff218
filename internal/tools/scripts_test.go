// Package tools tests the scripts of the Makefile, with stand-ins for what they run.
package tools

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// script runs a command in the root of the repository with these programs first on the PATH.
func script(t *testing.T, programs map[string]string, env []string, name string, args ...string) (output string, ok bool) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-ins are shell scripts")
	}
	for _, file := range []string{"install.sh", "matrix.sh", "../../GNUmakefile"} { // Go runs the test again when they change
		if _, err := os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	bin := t.TempDir()
	for program, code := range programs {
		if err := os.WriteFile(filepath.Join(bin, program), []byte("#!/bin/sh\n"+code), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), name, args...)
	command.Dir = filepath.Join("..", "..")
	command.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	command.Env = append(command.Env, env...)
	out, err := command.CombinedOutput()
	return string(out), err == nil
}

// What is installed is a version that never changes: other content is a later one, and older ones stay for a while.
func TestInstall(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	plugins := filepath.Join(home, ".terraform.d", "plugins")
	hosts := []string{"registry.terraform.io", "registry.opentofu.org"}
	clock := 0
	// The stand-in for go writes the content as the binary, that for date counts the seconds.
	install := func(content string) {
		t.Helper()
		clock++
		out, ok := script(t, map[string]string{
			"go":   `case $1 in env) echo x ;; build) while [ "$1" != -o ]; do shift; done; printf '` + content + `' > "$2" ;; esac`,
			"date": "echo 2026112912000" + string(rune('0'+clock)),
		}, []string{"HOME=" + home}, "internal/tools/install.sh")
		if !ok || !strings.Contains(out, "terraform init -upgrade") {
			t.Fatalf("it does not say what to run: %s", out)
		}
	}
	installed := func() []string {
		t.Helper()
		var all []string
		for _, host := range hosts {
			files, err := filepath.Glob(filepath.Join(plugins, host, "traceloop", "traceloop", "*", "x_x", "terraform-provider-traceloop_v*x"))
			if err != nil {
				t.Fatal(err)
			}
			var here []string
			for _, file := range files {
				content, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				here = append(here, strings.TrimPrefix(filepath.Base(filepath.Dir(filepath.Dir(file))), "0.1.2026112912000")+string(content))
			}
			if all != nil && !slices.Equal(all, here) {
				t.Errorf("the CLIs find different builds: %q and %q", all, here)
			}
			all = here
		}
		return all
	}
	for _, step := range []struct {
		content string
		want    []string
	}{
		{"a", []string{"1a"}},
		{"a", []string{"1a"}},
		{"b", []string{"1a", "3b"}},
		{"a", []string{"1a", "3b", "4a"}}, // -upgrade has to find what was built last
		{"c", []string{"3b", "4a", "5c"}},
		{"c", []string{"3b", "4a", "5c"}},
	} {
		install(step.content)
		if got := installed(); !slices.Equal(got, step.want) {
			t.Errorf("after %q was built there are %q, want %q", step.content, got, step.want)
		}
	}
	if out, ok := script(t, nil, []string{"HOME=" + home}, "internal/tools/install.sh", "remove"); !ok || len(installed()) != 0 {
		t.Errorf("something is left: %q\n%s", installed(), out)
	}
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	const passes = "=== RUN   TestA\\n--- PASS: TestA (0.1s)\\n=== RUN   TestB\\n    query_test.go:124: Terraform 1.11 has no query\\n--- SKIP: TestB (0.0s)\\nok  p 0.1s\\n"
	for name, test := range map[string]struct {
		cli, tests string
		exit       string
		ok         bool
		says       string
	}{
		"all is well":       {"Terraform v1.11.4", passes, "0", true, "| Terraform 1.11.4 | 1 | 0 | 1, 1: no query |"},
		"a failure":         {"OpenTofu v1.12.6", passes + "    a_test.go:1: not so\\n--- FAIL: TestC (0.1s)\\n", "1", false, "a_test.go:1: not so"},
		"in the table":      {"OpenTofu v1.12.6", passes + "--- FAIL: TestC (0.1s)\\n", "1", false, "| OpenTofu 1.12.6 | 1 | 1 | 1, 1: no query |"},
		"it does not build": {"OpenTofu v1.12.6", "p.go:1: undefined: x\\n", "1", false, "undefined: x"},
		"no test":           {"OpenTofu v1.12.6", "ok  p 0.1s [no tests to run]\\n", "0", false, "| OpenTofu 1.12.6 | 0 | 0 | 0 |"},
		"another program":   {"Vault v1.20.0", passes, "0", false, "neither Terraform nor OpenTofu"},
	} {
		t.Run(name, func(t *testing.T) { // not in parallel: each CLI has a log of its own, and some are one CLI
			out, ok := script(t, map[string]string{
				"go":      "printf '" + test.tests + "'\nexit " + test.exit,
				"the-cli": "echo '" + test.cli + "'",
			}, nil, "internal/tools/matrix.sh", "the-cli")
			if ok != test.ok || !strings.Contains(out, test.says) {
				t.Errorf("it succeeds: %t, want %t and %q:\n%s", ok, test.ok, test.says, out)
			}
		})
	}
}

// A name that no test has must not look like tests that pass.
func TestMakeTest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args   []string
		prints string
		exit   string
		ok     bool
		says   string
	}{
		"passes":                 {nil, "ok  	p	0.1s\\n", "0", true, "./internal/provider/... ./internal/docstest ./..."},
		"fails":                  {nil, "FAIL	p	0.1s\\n", "1", false, "FAIL"},
		"narrowed down":          {[]string{"PKG=./p", "RUN=TestX"}, "ok  	p	0.1s\\n", "0", true, "-run 'TestX'  ./p"},
		"no such test":           {[]string{"RUN=TestY"}, "ok  	p	0.1s [no tests to run]\\nok  	q	0.1s [no tests to run]\\n", "0", false, "No test is named as RUN says: TestY"},
		"in one of two packages": {[]string{"RUN=TestX"}, "ok  	p	0.1s [no tests to run]\\nok  	q	0.1s\\n", "0", true, ""},
		"nothing to build":       {[]string{"RUN=TestX"}, "?   	p	[no test files]\\n", "0", false, "No test is named as RUN says"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, ok := script(t, map[string]string{"go": "printf '" + test.prints + "'\nexit " + test.exit},
				// What a make that runs this test was given must not reach the other.
				[]string{"TF_ACC_TERRAFORM_PATH=/bin/true", "MAKEFLAGS=", "PKG=", "RUN=", "ARGS="},
				"make", append([]string{"test", "TEST_LOG=" + filepath.Join(t.TempDir(), "log")}, test.args...)...)
			if ok != test.ok || !strings.Contains(out, test.says) {
				t.Errorf("it succeeds: %t, want %t and %q:\n%s", ok, test.ok, test.says, out)
			}
		})
	}
}
