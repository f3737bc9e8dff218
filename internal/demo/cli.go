package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

// cli is Terraform or OpenTofu in the folder of one configuration.
type cli struct {
	path string
	dir  string
	env  []string
	out  *narrator
}

// telling matches the lines of a CLI's output that a new user should see.
var telling = regexp.MustCompile(`^(# \S+ (will|must) be .*|Plan: .*|No changes\..*|\S+: (Creation|Destruction) complete.*|.* has been successfully initialized!|(Apply|Destroy) complete!.*)$`)

// run runs a command and shows the telling lines of its output. It returns the exit code if that is
// allowed, or an error with the whole output.
func (c *cli) run(ctx context.Context, allowed []int, args ...string) (int, error) {
	c.out.say("$ %s %s", filepath.Base(c.path), strings.Join(args, " "))
	// Flags come before a plan's file.
	code, output, err := c.exec(ctx, allowed, slices.Insert(slices.Clone(args), 1, "-no-color")...)
	if err != nil {
		return code, err
	}
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); telling.MatchString(line) {
			c.out.say("  %s", line)
		}
	}
	return code, nil
}

// outputs reads the outputs of the configuration, the sensitive one included.
func (c *cli) outputs(ctx context.Context) (map[string]string, error) {
	_, raw, err := c.exec(ctx, success, "output", "-json")
	if err != nil {
		return nil, err
	}
	var parsed map[string]struct{ Value any }
	err = json.Unmarshal([]byte(raw), &parsed)
	if err != nil {
		return nil, fmt.Errorf("outputs: %w", err)
	}
	values := make(map[string]string, len(parsed))
	for name, output := range parsed {
		values[name] = fmt.Sprint(output.Value)
	}
	c.out.secret(values["api_key"])
	return values, nil
}

// exec returns the standard output and the exit code, which must be 0 or one of the allowed ones. An
// error contains the whole output.
func (c *cli) exec(ctx context.Context, allowed []int, args ...string) (code int, output string, err error) {
	cmd := devtool.Command(ctx, c.path, args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	output, err = devtool.Output(cmd)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && ctx.Err() == nil && slices.Contains(allowed, exit.ExitCode()) {
		return exit.ExitCode(), output, nil
	}
	return 0, output, err
}
