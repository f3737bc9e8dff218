// Package devtool contains what the demo, the benchmarks and tests share: it builds this module's binaries,
// finds a CLI, and runs it without the user's own settings.
package devtool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Module is the path of this module, and of the package of the provider.
const Module = "github.com/traceloop/terraform-provider-traceloop"

// CLITests selects the tests of internal/provider and internal/docstest that depend on the CLI. The
// others use the plugin protocol, or check the code.
const CLITests = "^Test(Acc|CLI_|Guides_|Interrupt_|Secrets_|TLS_)"

// version is any version that the examples' constraints accept. Only `init` shows it.
const version = "0.1.0"

// Root returns the folder of this module.
func Root(ctx context.Context) (string, error) {
	out, err := GoList(ctx, "-f", "{{.Module.Dir}}", Module)
	if err != nil {
		return "", fmt.Errorf("run this inside a checkout of %s: %w", Module, err)
	}
	return out, nil
}

// GoList returns the output of `go list`. Standard error is only in errors, because it also lists
// downloads.
func GoList(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", append([]string{"list"}, args...)...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w\n%s", err, exit.Stderr)
	}
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Build builds one of this module's main packages into the file out.
func Build(ctx context.Context, out, pkg string, flags ...string) error {
	args := append([]string{"build", "-buildvcs=false", "-o", out}, flags...)
	output, err := exec.CommandContext(ctx, "go", append(args, pkg)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, output)
	}
	return nil
}

// Exe returns name with the platform's extension for executables.
func Exe(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

// BuildMirror builds the provider, and makes a mirror of it.
func BuildMirror(ctx context.Context, dir string) (config string, err error) {
	binary := filepath.Join(dir, Exe("terraform-provider-traceloop"))
	if err := Build(ctx, binary, Module); err != nil {
		return "", err
	}
	return Mirror(dir, binary)
}

// Mirror makes a filesystem mirror of the provider under dir, so that `init` installs it like from a
// registry. It returns a CLI configuration that uses only this mirror.
func Mirror(dir, binary string) (config string, err error) {
	mirror := filepath.Join(dir, "mirror")
	// Each CLI looks for "traceloop/traceloop" in its own registry.
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		folder := filepath.Join(mirror, host, "traceloop", "traceloop", version, runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return "", err
		}
		if err := os.Link(binary, filepath.Join(folder, Exe("terraform-provider-traceloop_v"+version))); err != nil {
			return "", err
		}
	}
	config = filepath.Join(dir, "cli.tfrc")
	content := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", filepath.ToSlash(mirror))
	return config, os.WriteFile(config, []byte(content), 0o600)
}

// CLI finds Terraform or OpenTofu: TF_ACC_TERRAFORM_PATH, or else on the PATH.
func CLI() (string, error) {
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		path, err := exec.LookPath(path)
		if err != nil {
			return "", fmt.Errorf("TF_ACC_TERRAFORM_PATH: %w", err)
		}
		return filepath.Abs(path) // It will be run in another folder.
	}
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("neither terraform nor tofu is on the PATH; run this with make, which builds OpenTofu if both are missing")
}

// Env returns the environment without settings for a CLI, the provider or an exporter of traces, and
// with set added to it.
func Env(set ...string) []string {
	var env []string
	for _, entry := range os.Environ() {
		switch prefix, _, _ := strings.Cut(entry, "_"); prefix {
		case "TF", "TRACELOOP", "OTEL":
		default:
			env = append(env, entry)
		}
	}
	return append(env, set...)
}

// CLIEnv is Env for a CLI with a configuration file of its own and the emulator at baseURL.
func CLIEnv(config, baseURL, key string, set ...string) []string {
	return append(Env(
		"CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0", "TF_CLI_CONFIG_FILE="+config,
		"TRACELOOP_MANAGEMENT_BASE_URL="+baseURL, "TRACELOOP_MANAGEMENT_API_KEY="+key,
	), set...)
}
