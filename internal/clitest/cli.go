package clitest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

// CLI is the real CLI in a folder of its own, with the built provider: for what the testing
// framework does not show, such as warnings.
type CLI struct {
	Dir string
	Env []string

	t        *testing.T
	provider *attached // nil where the CLI starts the provider itself, a process for each walk
}

// Unattached starts the provider as it does for users, with -short as well: for aliases, which
// an attached provider does not keep apart, for logs and for signals.
func (c *CLI) Unattached() *CLI {
	c.provider = nil
	return c
}

// BuildProvider builds the provider once for all tests of a package, and returns the folder that it is in.
var BuildProvider = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(testDir, "provider")
	return dir, devtool.Build(context.Background(), filepath.Join(dir, "terraform-provider-traceloop"), devtool.Module)
})

// New speaks to the server through the provider's environment variables.
func New(t *testing.T, server *emulatortest.Server) *CLI {
	t.Helper()
	c := Bare(t)
	c.Env = append(c.Env, "TRACELOOP_MANAGEMENT_BASE_URL="+server.URL, "TRACELOOP_MANAGEMENT_API_KEY="+server.ManagementKey)
	return c
}

// Bare sets nothing for the provider.
func Bare(t *testing.T) *CLI {
	t.Helper()
	if !regexp.MustCompile(devtool.CLITests).MatchString(t.Name()) {
		t.Fatalf("the matrix of CLIs does not run this test: see devtool.CLITests")
	}
	binary, err := BuildProvider()
	if err != nil {
		t.Fatal(err)
	}
	c := &CLI{t: t, Dir: t.TempDir()}
	if !Thorough() {
		c.provider = &attached{t: t}
	}
	config := filepath.Join(t.TempDir(), "cli.tfrc")
	overrides := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"traceloop/traceloop\" = %q\n  }\n  direct {}\n}\n", binary)
	if err := os.WriteFile(config, []byte(overrides), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+config)
	return c
}

// environment is that of a command. With -short all commands attach to one provider, which
// halves what they cost.
func (c *CLI) environment() []string {
	c.t.Helper()
	if c.provider == nil {
		return c.Env
	}
	return append(slices.Clone(c.Env), "TF_REATTACH_PROVIDERS="+c.provider.started(c.Env))
}

const requiredProviders = "terraform {\n  required_providers {\n    traceloop = {\n      source = \"traceloop/traceloop\"\n    }\n  }\n}\n\n"

// Write replaces the configuration. Where it names no source of a provider, that of this one is added.
func (c *CLI) Write(hcl string) {
	c.t.Helper()
	if !strings.Contains(hcl, "required_providers") {
		hcl = requiredProviders + hcl
	}
	if err := os.WriteFile(filepath.Join(c.Dir, "main.tf"), []byte(hcl), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// Run returns all that the CLI printed, on one line, so that a phrase is found however
// the CLI wraps it. What is to be parsed comes from Parse.
func (c *CLI) Run(args ...string) (string, error) {
	c.t.Helper()
	out, err := c.Command(append(args, "-no-color")...).CombinedOutput()
	return OneLine(string(out)), err
}

// Command is a run of the CLI that was not started yet.
func (c *CLI) Command(args ...string) *exec.Cmd {
	c.t.Helper()
	command := exec.CommandContext(c.t.Context(), os.Getenv("TF_ACC_TERRAFORM_PATH"), args...)
	command.Dir, command.Env = c.Dir, c.environment()
	return command
}

// OneLine undoes how the CLI wraps its lines.
func OneLine(output string) string {
	return strings.Join(strings.FieldsFunc(output, func(r rune) bool { return strings.ContainsRune(" \n\t│╷╵", r) }), " ")
}

// OK runs a command that has to succeed.
func (c *CLI) OK(args ...string) string {
	c.t.Helper()
	out, err := c.Run(args...)
	if err != nil {
		c.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// Fails runs a command line that has to fail, and returns what it printed. A plan, an apply and a destroy ask nothing.
func (c *CLI) Fails(line string, phrases ...string) string {
	c.t.Helper()
	args := strings.Fields(line)
	switch args[0] {
	case "plan":
		args = append(args[:1], append([]string{"-input=false"}, args[1:]...)...)
	case "apply", "destroy":
		args = append(args[:1], append([]string{"-auto-approve", "-input=false"}, args[1:]...)...)
	}
	out, err := c.Run(args...)
	if err == nil {
		c.t.Errorf("%s succeeds, want an error that says %q:\n%s", line, phrases, out)
	}
	Shows(c.t, out, phrases...)
	return out
}

// Parse reads the JSON that a command prints on standard output.
func (c *CLI) Parse(into any, args ...string) {
	c.t.Helper()
	command := c.Command(args...)
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

// Plan succeeds, and asks nothing. So do Apply and Destroy.
func (c *CLI) Plan(args ...string) string {
	c.t.Helper()
	return c.OK(append([]string{"plan", "-input=false"}, args...)...)
}

// Apply carries out the configuration.
func (c *CLI) Apply(args ...string) string {
	c.t.Helper()
	return c.OK(append([]string{"apply", "-auto-approve", "-input=false"}, args...)...)
}

// Destroy takes everything away.
func (c *CLI) Destroy() string {
	c.t.Helper()
	return c.OK("destroy", "-auto-approve", "-input=false")
}

// State returns the attributes of the managed resources in the state, by type.
func (c *CLI) State() map[string][]map[string]any {
	c.t.Helper()
	data, err := os.ReadFile(filepath.Join(c.Dir, "terraform.tfstate"))
	if errors.Is(err, os.ErrNotExist) || err == nil && len(data) == 0 { // a killed run may leave it empty
		return nil
	}
	if err != nil {
		c.t.Fatal(err)
	}
	var state struct {
		Resources []struct {
			Type      string
			Instances []struct{ Attributes map[string]any }
		}
	}
	if err := json.Unmarshal(data, &state); err != nil {
		c.t.Fatal(err)
	}
	resources := map[string][]map[string]any{}
	for _, resource := range state.Resources {
		for _, instance := range resource.Instances {
			resources[resource.Type] = append(resources[resource.Type], instance.Attributes)
		}
	}
	return resources
}
