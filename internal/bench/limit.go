package main

import (
	"context"
	"fmt"
)

const (
	rateLimit = 20 // requests a second
	limitSize = 1000
)

// limit measures what a rate limit costs a plan.
func limit(ctx context.Context, l *lab) (*table, error) {
	if err := l.prepareCLI(ctx); err != nil {
		return nil, err
	}
	progress("plan of %s keys under %d requests a second", grouped(limitSize), rateLimit)
	e, err := startEmulator(ctx, l.emulatorPath)
	if err != nil {
		return nil, err
	}
	defer e.stop()
	w, _, err := l.seeded(ctx, e, estateOf(limitSize))
	if err != nil {
		return nil, err
	}

	plan := func(w *workspace, p pace) *series {
		return newSeries(func(ctx context.Context) (outcome, error) {
			if err := e.set(ctx, p); err != nil {
				return outcome{}, err
			}
			return w.plan(ctx)
		})
	}
	t := &table{
		title:  fmt.Sprintf("Plan of %s keys under %d requests a second", grouped(limitSize), rateLimit),
		header: []string{"Latency", "Rate limit", "Wall", "Requests", "Answered 429", "Relative to no limit"},
	}
	for _, latency := range l.latencies {
		free, limited := plan(w, pace{LatencyMS: latency}), plan(w, pace{latency, rateLimit})
		all := []*series{free, limited}
		baseline := plan(w.with(l.baseline), pace{latency, rateLimit})
		if l.baseline != "" {
			all = append(all, baseline)
		}
		if err := alternate(ctx, l.runs, all...); err != nil {
			return nil, err
		}
		row := func(name string, s *series) {
			t.rows = append(t.rows, []string{
				fmt.Sprintf("%d ms", latency), name, seconds(s.wall()), grouped(s.requests()), grouped(s.limited()), ratio(s.wall(), free.wall()),
			})
		}
		row("none", free)
		row(fmt.Sprintf("%d/s", rateLimit), limited)
		if l.baseline != "" {
			row(fmt.Sprintf("%d/s, baseline", rateLimit), baseline)
		}
		l.target(limited.wall().Seconds() <= 1.1*free.wall().Seconds(),
			fmt.Sprintf("Plan of 1,000 keys at %d ms under 20 requests a second, relative to no limit", latency), "≤ 1.10, no error", ratio(limited.wall(), free.wall()))
	}
	return t, nil
}
