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
	sizeLimit = megabytes(25)
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
	var baseline, handshake []time.Duration
	for i := range starts + 1 {
		refused, err := start(ctx, l.provider)
		if err != nil {
			return nil, err
		}
		ready, err := start(ctx, l.provider, "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2", "PLUGIN_PROTOCOL_VERSIONS=6")
		if err != nil {
			return nil, err
		}
		if i > 0 { // the first one warms up
			baseline, handshake = append(baseline, refused), append(handshake, ready)
		}
	}
	size := megabytes(float64(info.Size()) / 1e6)
	t := &table{
		header: []string{"What", "Median", "Least", "Most", "Median, relative to the baseline"},
		note: fmt.Sprintf("The binary is stripped and without paths, as released. Times are from the start of the process, over %d runs that alternate, after one that warms up. "+
			"The baseline is the same binary refusing to run as a plain command: loading it and initializing its packages.\n\nSize: %s (limit %s). Packages linked: %d.",
			starts, cell(size), cell(sizeLimit), len(strings.Fields(packages))),
	}
	row := func(what string, times []time.Duration) {
		t.add(what, median(times), slices.Min(times), slices.Max(times), ratio(median(times), median(baseline)))
	}
	row("Start and exit (baseline)", baseline)
	row("Start until the plugin's handshake", handshake)
	atMost(&l.targets, "Size of the provider's binary", size, sizeLimit)
	return t, nil
}

// start starts the provider. With the environment of a CLI it takes the time until the provider says
// where it listens, without it until the provider has refused to run.
func start(ctx context.Context, binary string, env ...string) (time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = devtool.Env(env...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		cancel()
		_ = cmd.Wait() // a signal, or its refusal, ended it
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	took := time.Since(begin)
	if listens := strings.Count(line, "|") >= 4; listens != (len(env) > 0) {
		return 0, errors.Join(fmt.Errorf("the provider with the environment %q prints %q", env, line), err, ctx.Err())
	}
	return took, nil
}
