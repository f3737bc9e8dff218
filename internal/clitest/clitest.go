// Package clitest is what the tests of internal/provider and of internal/docstest share: the real CLI with the built
// provider, and checks of what it prints and of the requests that it makes. Only tests import it.
package clitest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

// Main is TestMain. It gives every test the same surroundings, whatever the shell it is started
// from has set: the CLI at hand, and none of the practitioner's own settings.
func Main(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	cli := os.Getenv("TF_ACC_TERRAFORM_PATH")
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "TRACELOOP_") || strings.HasPrefix(name, "TF_") {
			if err := os.Unsetenv(name); err != nil {
				return 0, err
			}
		}
	}
	for _, name := range []string{"terraform", "tofu"} {
		if found, err := exec.LookPath(name); cli == "" && err == nil {
			cli = found
		}
	}
	if cli == "" {
		return 0, errors.New("neither terraform nor tofu is on the PATH: \"make test\" builds one, or set TF_ACC_TERRAFORM_PATH")
	}
	version, err := exec.CommandContext(context.Background(), cli, "version").Output()
	if err != nil {
		return 0, fmt.Errorf("%s version: %w", cli, err)
	}
	host := "registry.terraform.io"
	if strings.HasPrefix(string(version), "OpenTofu") {
		host = "registry.opentofu.org"
	}

	dir, err := os.MkdirTemp("", "clitest")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cliConfig := filepath.Join(dir, "cli.tfrc")
	if err := os.WriteFile(cliConfig, nil, 0o600); err != nil {
		return 0, err
	}
	for name, value := range map[string]string{
		"TF_ACC":                    "1",
		"TF_ACC_TERRAFORM_PATH":     cli,
		"TF_ACC_PROVIDER_HOST":      host,
		"TF_ACC_PROVIDER_NAMESPACE": "traceloop",
		"TF_CLI_CONFIG_FILE":        cliConfig,
		"CHECKPOINT_DISABLE":        "1",
		// Two thirds of what a command costs: keys and certificates between the CLI and a provider
		// that is started anew for each walk, and the collection of garbage in processes that end at once.
		"TF_DISABLE_PLUGIN_TLS": "1",
		"GOGC":                  "400",
	} {
		if err := os.Setenv(name, value); err != nil {
			return 0, err
		}
	}
	testDir = dir
	debug.SetGCPercent(400)
	return m.Run(), nil
}

// Thorough is false with -short, as "make test" runs: it leaves out repetitions, and no case.
func Thorough() bool { return !testing.Short() }

// testDir is removed after the tests.
var testDir string
