package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

const (
	starts    = 20
	sizeLimit = 25e6 // bytes
)

// startup measures what a CLI waits for each time that it starts the provider.
func startup(ctx context.Context, l *lab) (*table, error) {
	info, err := os.Stat(l.provider)
	if err != nil {
		return nil, err
	}
	packages, err := devtool.GoList(ctx, "-deps", devtool.Module)
	if err != nil {
		return nil, err
	}
	var handshake, baseline []time.Duration
	for i := range starts + 1 {
		ready, err := startPlugin(ctx, l.provider)
		if err != nil {
			return nil, err
		}
		exited, err := startAndExit(ctx, l.provider)
		if err != nil {
			return nil, err
		}
		if i > 0 { // the first one warms up
			handshake, baseline = append(handshake, ready), append(baseline, exited)
		}
	}
	t := &table{
		title:  "Start-up",
		header: []string{"What", "Median", "Least", "Most", "Median, relative to the baseline"},
		notes: []string{
			fmt.Sprintf("The binary is stripped and without paths, as released. Times are from the start of the process, over %d runs that alternate, after one that warms up. "+
				"The baseline is the same binary refusing to run as a plain command: loading it and initializing its packages.", starts),
			"", fmt.Sprintf("Size: %.1f MB (limit %.0f MB). Packages linked: %d.", float64(info.Size())/1e6, sizeLimit/1e6, len(strings.Fields(packages))),
		},
	}
	row := func(what string, times []time.Duration) {
		middle := median(times, itself)
		t.rows = append(t.rows, []string{what, milliseconds(middle), milliseconds(slices.Min(times)), milliseconds(slices.Max(times)), ratio(middle, median(baseline, itself))})
	}
	row("Start and exit (baseline)", baseline)
	row("Start until the plugin's handshake", handshake)
	l.target(info.Size() <= sizeLimit, "Size of the provider's binary", fmt.Sprintf("≤ %.0f MB", sizeLimit/1e6), fmt.Sprintf("%.1f MB", float64(info.Size())/1e6))
	return t, nil
}

// startPlugin starts the provider as a CLI does, until it says where it listens.
func startPlugin(ctx context.Context, binary string) (time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = devtool.Env("TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2", "PLUGIN_PROTOCOL_VERSIONS=6")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	took := time.Since(start)
	cancel()
	_ = cmd.Wait() // a signal ended it
	if err != nil || strings.Count(line, "|") < 4 {
		return 0, fmt.Errorf("the provider's handshake is %q: %w", line, errors.Join(err, ctx.Err()))
	}
	return took, nil
}

// startAndExit runs the provider as a plain command, which it refuses.
func startAndExit(ctx context.Context, binary string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = devtool.Env()
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return took, nil
	}
	return took, fmt.Errorf("the provider ran as a plain command: %w", err)
}
