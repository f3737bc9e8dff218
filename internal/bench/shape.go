package main

import (
	"context"
	"fmt"
)

const (
	shapeSize    = 1000
	shapeLatency = 50
)

// shape measures what it costs a CLI how the same keys are written down.
func shape(ctx context.Context, l *lab) (*table, error) {
	if err := l.prepareCLI(ctx); err != nil {
		return nil, err
	}
	t := &table{
		title:  "How the configuration is written",
		header: []string{fmt.Sprintf("Plan of %s keys as", grouped(shapeSize)), "Wall", "Requests", "Wall with `-refresh=false`", "Relative to the first"},
		notes:  []string{fmt.Sprintf("Latency: %d ms. Medians of %d runs that alternate.", shapeLatency, l.runs)},
	}
	cases := []struct {
		name     string
		perBlock int
		forEach  bool
	}{
		{"ten resources with `count = 100`", 100, false},
		{"ten resources with `for_each` over 100 keys", 100, true},
		{"one resource with `count = 1000`", 1000, false},
		{"one resource with `for_each` over 1,000 keys", 1000, true},
	}
	var refreshed, floors, all []*series
	for _, c := range cases {
		progress("plan of %s keys as %s", grouped(shapeSize), c.name)
		e, err := startEmulator(ctx, l.emulatorPath)
		if err != nil {
			return nil, err
		}
		defer e.stop() //nolint:gocritic // the estates are planned in turns, so that all are needed to the end
		estate := estateOf(shapeSize)
		estate.perBlock, estate.forEach = c.perBlock, c.forEach
		w, _, err := l.seeded(ctx, e, estate)
		if err != nil {
			return nil, err
		}
		if err := e.set(ctx, pace{LatencyMS: shapeLatency}); err != nil {
			return nil, err
		}
		refreshed = append(refreshed, newSeries(func(ctx context.Context) (outcome, error) { return w.plan(ctx) }))
		floors = append(floors, newSeries(func(ctx context.Context) (outcome, error) { return w.plan(ctx, "-refresh=false") }))
	}
	all = append(append(all, refreshed...), floors...)
	if err := alternate(ctx, l.runs, all...); err != nil {
		return nil, err
	}
	for i, c := range cases {
		t.rows = append(t.rows, []string{
			c.name, seconds(refreshed[i].wall()), grouped(refreshed[i].requests()), seconds(floors[i].wall()), ratio(refreshed[i].wall(), refreshed[0].wall()),
		})
	}
	return t, nil
}
