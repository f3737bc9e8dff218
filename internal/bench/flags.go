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
		header: []string{"Plan of 1,000 keys with", "Wall", "Requests", "Most in flight", "Relative to no flag"},
		notes:  []string{fmt.Sprintf("Latency: %d ms. Medians of %d runs that alternate.", flagsLatency, l.runs)},
	}
	var all []*series
	cases := []struct {
		name string
		args []string
	}{
		{"no flag (`-parallelism=10`)", nil},
		{"`-parallelism=1`", []string{"-parallelism=1"}},
		{"`-parallelism=50`", []string{"-parallelism=50"}},
		{"`-refresh=false`", []string{"-refresh=false"}},
		{"`-target`, one key", []string{`-target=traceloop_api_key.all[77]`}},
	}
	for _, c := range cases {
		all = append(all, newSeries(func(ctx context.Context) (outcome, error) { return w.plan(ctx, c.args...) }))
	}
	if err := alternate(ctx, l.runs, all...); err != nil {
		return nil, err
	}
	for i, s := range all {
		t.rows = append(t.rows, []string{cases[i].name, seconds(s.wall()), grouped(s.requests()), grouped(s.inFlight()), ratio(s.wall(), all[0].wall())})
	}
	return t, nil
}
