package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

// lab is what the measurements share.
type lab struct {
	options

	dir      string
	provider string // stripped and without paths, as released
	targets  []target

	workspaces int

	cliPath      string // these are set by prepareCLI
	cliConfig    string
	emulatorPath string
}

// target is a figure that the provider must reach.
type target struct {
	what, want, got string
	met             bool
}

func (l *lab) target(met bool, what, want, got string) {
	l.targets = append(l.targets, target{what, want, got, met})
}

func newLab(ctx context.Context, o options, dir string) (*lab, error) {
	l := &lab{options: o, dir: dir, provider: filepath.Join(dir, devtool.Exe("terraform-provider-traceloop"))}
	return l, devtool.Build(ctx, l.provider, devtool.Module, "-trimpath", "-ldflags", "-s -w")
}

// prepareCLI finds a CLI and builds what it and the provider need.
func (l *lab) prepareCLI(ctx context.Context) (err error) {
	if l.cliPath, err = devtool.CLI(); err != nil {
		return err
	}
	overrides := filepath.Join(l.dir, "overrides")
	if err := os.MkdirAll(overrides, 0o700); err != nil {
		return err
	}
	l.emulatorPath = filepath.Join(l.dir, devtool.Exe("traceloop-emulator"))
	l.cliConfig = filepath.Join(l.dir, "cli.tfrc")
	content := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n}\n", address, filepath.ToSlash(overrides))
	return errors.Join(
		devtool.Build(ctx, l.emulatorPath, devtool.EmulatorCmd),
		devtool.Build(ctx, filepath.Join(overrides, devtool.Exe("terraform-provider-traceloop")), devtool.Module+"/internal/bench/standin", "-ldflags", "-s -w"),
		os.WriteFile(l.cliConfig, []byte(content), 0o600),
	)
}

// workspace is a folder with a configuration and its state.
type workspace struct {
	lab      *lab
	dir      string
	emulator *emulator
	provider string
}

// workspace is a new one.
func (l *lab) workspace(e *emulator) *workspace {
	l.workspaces++
	return &workspace{lab: l, dir: filepath.Join(l.dir, fmt.Sprintf("workspace%d", l.workspaces)), emulator: e, provider: l.provider}
}

// seeded creates the estate, and a workspace that manages it.
func (l *lab) seeded(ctx context.Context, e *emulator, estate *estate) (*workspace, error) {
	if err := estate.seed(ctx, e.client); err != nil {
		return nil, fmt.Errorf("seeding: %w", err)
	}
	w := l.workspace(e)
	return w, estate.write(w.dir)
}

// with is the same workspace with another provider.
func (w *workspace) with(provider string) *workspace {
	other := *w
	other.provider = provider
	return &other
}

// outcome is what one run of the CLI took.
type outcome struct {
	traffic

	wall   time.Duration
	peak   int           // resident memory of the provider, in bytes
	cpu    time.Duration // of all the provider's processes
	output string
}

// run runs the CLI, alone, and counts what it asks of the API.
func (w *workspace) run(ctx context.Context, args ...string) (outcome, error) {
	if err := w.emulator.begin(ctx); err != nil {
		return outcome{}, err
	}
	o, err := w.exec(ctx, args...)
	if err != nil {
		return o, err
	}
	o.traffic, err = w.emulator.traffic(ctx)
	return o, err
}

func (w *workspace) exec(ctx context.Context, args ...string) (o outcome, err error) {
	notes := filepath.Join(w.dir, "usage")
	if err := os.RemoveAll(notes); err != nil {
		return o, err
	}
	cmd := devtool.Command(ctx, w.lab.cliPath, args...)
	cmd.Dir = w.dir
	cmd.Env = devtool.Env(
		"CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0", "TF_CLI_CONFIG_FILE="+w.lab.cliConfig,
		"TRACELOOP_MANAGEMENT_BASE_URL="+w.emulator.URL, "TRACELOOP_MANAGEMENT_API_KEY="+w.emulator.Key,
		"BENCH_PROVIDER="+w.provider, "BENCH_USAGE="+notes,
	)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr

	start := time.Now()
	err = cmd.Run()
	o.wall = time.Since(start)
	devtool.Reap(cmd)
	o.output = stdout.String()
	if err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, tail(o.output+stderr.String()))
		}
		return o, err
	}
	err = o.readUsage(notes)
	return o, err
}

// readUsage adds up what the stand-in noted: the CLI starts several providers, one after the other.
func (o *outcome) readUsage(notes string) error {
	content, err := os.ReadFile(notes) //nolint:gosec // the stand-in's
	if errors.Is(err, os.ErrNotExist) {
		return nil // no provider was needed
	}
	for line := range strings.Lines(string(content)) {
		var peak, cpu int
		if _, err := fmt.Sscanf(line, "%d %d", &peak, &cpu); err != nil {
			return fmt.Errorf("the stand-in's note %q: %w", line, err)
		}
		o.peak = max(o.peak, peak)
		o.cpu += time.Duration(cpu)
	}
	return err
}

// plan runs a plan that must find nothing to change.
func (w *workspace) plan(ctx context.Context, args ...string) (outcome, error) {
	o, err := w.run(ctx, planArgs(args...)...)
	if err == nil {
		err = o.unchanged()
	}
	return o, err
}

func planArgs(args ...string) []string {
	return append([]string{"plan", "-no-color", "-detailed-exitcode"}, args...)
}

// unchanged is an error unless a plan says that there are no changes.
func (o *outcome) unchanged() error {
	if !strings.Contains(o.output, "No changes.") {
		return fmt.Errorf("the plan is not empty:\n%s", tail(o.output))
	}
	return nil
}

// tail is the end of an output, which says what went wrong.
func tail(output string) string {
	const most = 3000
	if len(output) > most {
		return "…" + output[len(output)-most:]
	}
	return output
}
