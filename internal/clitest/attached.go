package clitest

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// attached is the built provider as a process that a CLI attaches to, as under a debugger.
type attached struct {
	t        *testing.T
	env      []string
	stop     func()
	reattach string
}

var reattachLine = regexp.MustCompile(`TF_REATTACH_PROVIDERS='(.*)'`)

// started starts the provider, unless it runs with this environment already, and returns the
// TF_REATTACH_PROVIDERS for the CLI.
func (a *attached) started(env []string) string {
	a.t.Helper()
	if a.stop != nil {
		if slices.Equal(env, a.env) {
			return a.reattach
		}
		a.stop()
	}
	dir, err := BuildProvider()
	if err != nil {
		a.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(a.t.Context())
	command := exec.CommandContext(ctx, filepath.Join(dir, "terraform-provider-traceloop"), "-debug")
	command.Env = append(slices.Clone(env), "TF_LOG_SDK=OFF", "TF_LOG_SDK_PROTO=OFF", "TF_LOG_SDK_FRAMEWORK=OFF", "TF_LOG_PROVIDER_TRACELOOP=OFF") // as where the CLI starts it
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	stdout, err := command.StdoutPipe()
	if err != nil {
		a.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		a.t.Fatal(err)
	}
	a.env, a.stop = slices.Clone(env), func() { cancel(); _ = command.Wait() }
	a.t.Cleanup(a.stop)

	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if match := reattachLine.FindStringSubmatch(lines.Text()); match != nil {
			a.reattach = strings.Replace(match[1], "registry.terraform.io", os.Getenv("TF_ACC_PROVIDER_HOST"), 1)
			return a.reattach
		}
	}
	a.t.Fatalf("the provider does not say how to attach to it: %v", lines.Err())
	return ""
}
