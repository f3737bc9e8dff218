package main

import (
	"context"
	"fmt"
)

const (
	smallOrganization = 10_000 // projects
	smallLatency      = 50
)

// small measures what a configuration of one project and one key costs, however large
// the organization is.
func small(ctx context.Context, l *lab) (*table, error) {
	if err := l.prepareCLI(ctx); err != nil {
		return nil, err
	}
	progress("plan of one key in an organization of %s projects", grouped(smallOrganization))
	e, err := startEmulator(ctx, l.emulatorPath)
	if err != nil {
		return nil, err
	}
	defer e.stop()
	if _, err := createEnvironments(ctx, e.client, 1); err != nil {
		return nil, err
	}
	others := &estate{prefix: "other", projects: smallOrganization, shared: true}
	if err := others.seed(ctx, e.client); err != nil {
		return nil, err
	}
	one := &estate{prefix: "one", projects: 1, environments: 1, perBlock: keysPerBlock, shared: true}
	if err := one.seed(ctx, e.client); err != nil {
		return nil, err
	}
	w := l.workspace(e)
	if err := one.write(w.dir, false); err != nil {
		return nil, err
	}
	if err := e.set(ctx, pace{LatencyMS: smallLatency}); err != nil {
		return nil, err
	}

	refreshed := newSeries(func(ctx context.Context) (outcome, error) { return w.plan(ctx) })
	floor := newSeries(func(ctx context.Context) (outcome, error) { return w.plan(ctx, "-refresh=false") })
	if err := alternate(ctx, l.runs, refreshed, floor); err != nil {
		return nil, err
	}
	l.target(refreshed.requests() <= 2, "Plan of 1 project and 1 key in an organization of 10,000 projects: requests", "≤ 2, one GET each", grouped(refreshed.requests()))
	return &table{
		title:  "A small configuration in a large organization",
		header: []string{"Plan", "Wall", "Requests", "Relative to the floor"},
		rows: [][]string{
			{"1 project and 1 key", seconds(refreshed.wall()), grouped(refreshed.requests()), ratio(refreshed.wall(), floor.wall())},
			{"floor", seconds(floor.wall()), grouped(floor.requests()), ratio(floor.wall(), floor.wall())},
		},
		notes: []string{fmt.Sprintf("The organization has %s projects more. Latency: %d ms.", grouped(smallOrganization), smallLatency)},
	}, nil
}
