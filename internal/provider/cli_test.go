package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

// cli is the real CLI in a folder of its own, with the built provider: for what the testing
// framework does not show, such as warnings.
type cli struct {
	t   *testing.T
	dir string
	env []string

	provider *attached // nil where the CLI starts the provider itself, a process for each walk
}

// unattached starts the provider as it does for users, with -short as well: for aliases, which
// an attached provider does not keep apart, for logs, for signals, and for what the provider
// learns from its parent's command line.
func (c *cli) unattached() *cli {
	c.provider = nil
	return c
}

// buildProvider builds the provider once for all tests.
var buildProvider = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(testDir, "provider")
	out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "terraform-provider-traceloop"), "../..").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return dir, nil
})

// newCLI speaks to the server through the provider's environment variables.
func newCLI(t *testing.T, server *emulatortest.Server) *cli {
	t.Helper()
	c := bareCLI(t)
	c.env = append(c.env, "TRACELOOP_MANAGEMENT_BASE_URL="+server.URL, "TRACELOOP_MANAGEMENT_API_KEY="+server.ManagementKey)
	return c
}

// bareCLI sets nothing for the provider.
func bareCLI(t *testing.T) *cli {
	t.Helper()
	if !regexp.MustCompile(devtool.CLITests).MatchString(t.Name()) {
		t.Fatalf("the matrix of CLIs does not run this test: see devtool.CLITests")
	}
	binary, err := buildProvider()
	if err != nil {
		t.Fatal(err)
	}
	c := &cli{t: t, dir: t.TempDir()}
	if !thorough() {
		c.provider = &attached{t: t}
	}
	config := filepath.Join(t.TempDir(), "cli.tfrc")
	overrides := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"traceloop/traceloop\" = %q\n  }\n  direct {}\n}\n", binary)
	if err := os.WriteFile(config, []byte(overrides), 0o600); err != nil {
		t.Fatal(err)
	}
	c.env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+config)
	return c
}

// environment is that of a command. With -short all commands attach to one provider, which
// halves what they cost.
func (c *cli) environment() []string {
	c.t.Helper()
	if c.provider == nil {
		return c.env
	}
	return append(slices.Clone(c.env), "TF_REATTACH_PROVIDERS="+c.provider.started(c.env))
}

const requiredProviders = "terraform {\n  required_providers {\n    traceloop = {\n      source = \"traceloop/traceloop\"\n    }\n  }\n}\n\n"

// write replaces the configuration.
func (c *cli) write(hcl string) {
	c.t.Helper()
	if !strings.Contains(hcl, "required_providers") {
		hcl = requiredProviders + hcl
	}
	if err := os.WriteFile(filepath.Join(c.dir, "main.tf"), []byte(hcl), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// run returns all that the CLI printed, on one line, so that a phrase is found however
// the CLI wraps it. What is to be parsed comes from parse.
func (c *cli) run(args ...string) (string, error) {
	c.t.Helper()
	command := exec.CommandContext(c.t.Context(), os.Getenv("TF_ACC_TERRAFORM_PATH"), append(args, "-no-color")...)
	command.Dir, command.Env = c.dir, c.environment()
	out, err := command.CombinedOutput()
	return strings.Join(strings.FieldsFunc(string(out), func(r rune) bool { return strings.ContainsRune(" \n\t│╷╵", r) }), " "), err
}

// ok runs a command that has to succeed.
func (c *cli) ok(args ...string) string {
	c.t.Helper()
	out, err := c.run(args...)
	if err != nil {
		c.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// parse reads the JSON that a command prints on standard output.
func (c *cli) parse(into any, args ...string) {
	c.t.Helper()
	command := exec.CommandContext(c.t.Context(), os.Getenv("TF_ACC_TERRAFORM_PATH"), args...)
	command.Dir, command.Env = c.dir, c.environment()
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err == nil {
		err = json.Unmarshal(out, into)
	}
	if err != nil {
		c.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
}

// checks looks at the state as a step of the testing framework does.
func (c *cli) checks(checks ...statecheck.StateCheck) {
	c.t.Helper()
	var req statecheck.CheckStateRequest
	c.parse(&req.State, "show", "-json")
	for _, check := range checks {
		var resp statecheck.CheckStateResponse
		check.CheckState(c.t.Context(), req, &resp)
		if resp.Error != nil {
			c.t.Error(resp.Error)
		}
	}
}

// plan, apply and destroy succeed without asking.
func (c *cli) plan(args ...string) string {
	c.t.Helper()
	return c.ok(append([]string{"plan", "-input=false"}, args...)...)
}

func (c *cli) apply(args ...string) string {
	c.t.Helper()
	return c.ok(append([]string{"apply", "-auto-approve", "-input=false"}, args...)...)
}

func (c *cli) destroy() string {
	c.t.Helper()
	return c.ok("destroy", "-auto-approve", "-input=false")
}

// shows checks that the output holds every phrase.
func shows(t *testing.T, output string, phrases ...string) {
	t.Helper()
	for _, phrase := range phrases {
		if !strings.Contains(output, phrase) {
			t.Errorf("the output does not say %q:\n%s", phrase, output)
		}
	}
}

// hides is the opposite of shows.
func hides(t *testing.T, output string, phrases ...string) {
	t.Helper()
	for _, phrase := range phrases {
		if strings.Contains(output, phrase) {
			t.Errorf("the output says %q:\n%s", phrase, output)
		}
	}
}
