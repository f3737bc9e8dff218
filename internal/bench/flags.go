package main

import (
	"context"
	"fmt"
)

const (
	flagsSize    = 1000
	flagsLatency = 50
)

// flags measures what the flags of the CLI change.
func flags(ctx context.Context, l *lab) (*table, error) {
	if err := l.prepareCLI(ctx); err != nil {
		return nil, err
	}
	progress("flags")
	e, err := startEmulator(ctx, l.emulatorPath)
	if err != nil {
		return nil, err
	}
	defer e.stop()
	w, _, err := l.seeded(ctx, e, estateOf(flagsSize))
	if err != nil {
		return nil, err
	}
	if err := e.set(ctx, pace{LatencyMS: flagsLatency}); err != nil {
		return nil, err
	}

	t := &table{
		title:  "Flags",
		header: []string{"Command", "Wall", "Requests", "Most in flight", "Relative to no flag"},
		notes: []string{fmt.Sprintf("Latency: %d ms. Medians of %d runs that alternate. The plans are of %s keys and find nothing to change; the applies create %d keys with their projects and environments.",
			flagsLatency, l.runs, grouped(flagsSize), writeSize)},
	}
	err = t.flagged(ctx, l.runs, func(args []string) []*series {
		return []*series{newSeries(func(ctx context.Context) (outcome, error) { return w.plan(ctx, args...) })}
	}, []flagged{
		{"`plan`", nil},
		{"`plan -parallelism=1`", []string{"-parallelism=1"}},
		{"`plan -parallelism=50`", []string{"-parallelism=50"}},
		{"`plan -refresh=false`", []string{"-refresh=false"}},
		{"`plan -target=`one key", []string{"-target=traceloop_api_key.part0[77]"}},
	})
	if err != nil {
		return nil, err
	}

	progress("flags of apply")
	created := l.workspace(e)
	// Not to be had by the estate above: the names of projects are unique, the environments are there.
	estate := &estate{prefix: "applied", projects: writeSize / keysPerProject, environments: keysPerProject, perBlock: keysPerBlock, shared: true}
	if err := estate.writeConfiguration(created.dir, false); err != nil {
		return nil, err
	}
	err = t.flagged(ctx, l.runs, func(args []string) []*series {
		run := func(command string, args ...string) *series {
			return newSeries(func(ctx context.Context) (outcome, error) {
				return created.run(ctx, append([]string{command, "-no-color", "-auto-approve"}, args...)...)
			})
		}
		return []*series{run("apply", args...), run("destroy", "-parallelism=50")}
	}, []flagged{
		{"`apply`", nil},
		{"`apply -parallelism=1`", []string{"-parallelism=1"}},
		{"`apply -parallelism=50`", []string{"-parallelism=50"}},
	})
	return t, err
}

// flagged is a command with flags.
type flagged struct {
	name string
	args []string
}

// flagged adds a row for each of the commands. start returns what is to be measured, and
// what undoes it.
func (t *table) flagged(ctx context.Context, runs int, start func(args []string) []*series, commands []flagged) error {
	var all []*series
	measured := make([]*series, 0, len(commands))
	for _, c := range commands {
		steps := start(c.args)
		all, measured = append(all, steps...), append(measured, steps[0])
	}
	if err := alternate(ctx, runs, all...); err != nil {
		return err
	}
	for i, s := range measured {
		t.rows = append(t.rows, []string{commands[i].name, seconds(s.wall()), grouped(s.requests()), grouped(s.inFlight()), ratio(s.wall(), measured[0].wall())})
	}
	return nil
}
