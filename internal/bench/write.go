package main

import (
	"context"
	"fmt"
)

const writeSize = 300 // keys

// writes measures apply and destroy.
func writes(ctx context.Context, l *lab) (*table, error) {
	if err := l.prepareCLI(ctx); err != nil {
		return nil, err
	}
	t := &table{
		title:  fmt.Sprintf("Apply and destroy of %d keys", writeSize),
		header: []string{"What", "Latency", "Parallelism", "Wall", "POSTs and DELETEs", "Lists", "Requests", "Most in flight", "Provider's peak memory", "Relative to the floor", "Relative to `terraform_data`"},
		notes:  []string{fmt.Sprintf("Medians of %d runs that alternate; requests, in flight and memory: the most of them. The floor is the same with `-refresh=false`.", l.runs)},
	}
	for _, latency := range l.writeLatencies {
		progress("apply and destroy of %d keys at %d ms", writeSize, latency)
		if err := l.write(ctx, t, latency); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (l *lab) write(ctx context.Context, t *table, latency int) error {
	e, err := startEmulator(ctx, l.emulatorPath)
	if err != nil {
		return err
	}
	defer e.stop()
	nothing := estateOf(writeSize)
	w, plain := l.workspace(e), l.workspace(e)
	if err := nothing.writeConfiguration(w.dir, false); err != nil {
		return err
	}
	if err := nothing.writeConfiguration(plain.dir, true); err != nil {
		return err
	}

	do := func(w *workspace, args ...string) *series {
		args = append([]string{args[0], "-no-color", "-auto-approve"}, args[1:]...)
		return newSeries(func(ctx context.Context) (outcome, error) { return w.run(ctx, args...) })
	}
	const noKeys, noRefresh = "-var=keys=false", "-refresh=false"
	var (
		base    = do(w, "apply", noKeys)
		keys    = do(w, "apply")
		destroy = do(w, "destroy")

		keysFloor    = do(w, "apply", noRefresh)
		destroyFloor = do(w, "destroy", noRefresh)
		everything   = do(w, "apply")

		builtinBase       = do(plain, "apply", noKeys)
		builtinKeys       = do(plain, "apply")
		builtinDestroy    = do(plain, "destroy")
		builtinEverything = do(plain, "apply")
	)
	if err := e.set(ctx, pace{LatencyMS: latency}); err != nil {
		return err
	}
	// Each creates what the next one needs, or removes what it must not find.
	err = alternate(ctx, l.runs,
		base, keys, destroy,
		base, keysFloor, destroyFloor,
		everything, destroy,
		builtinBase, builtinKeys, builtinDestroy,
		builtinEverything, builtinDestroy,
	)
	if err != nil {
		return err
	}

	row := func(what, parallelism string, s, floor, builtin *series) {
		cells := []string{
			what, fmt.Sprintf("%d ms", latency), parallelism, seconds(s.wall()), grouped(s.writes()), grouped(s.lists()), grouped(s.requests()), grouped(s.inFlight()), megabytes(s.peak()),
		}
		for _, other := range []*series{floor, builtin} {
			if other == nil {
				cells = append(cells, "–")
				continue
			}
			cells = append(cells, ratio(s.wall(), other.wall()))
		}
		t.rows = append(t.rows, cells)
	}
	row("apply: 300 keys into 30 projects that exist", "10", keys, keysFloor, builtinKeys)
	row("apply: 300 keys, their 30 projects, 10 environments", "10", everything, nil, builtinEverything)
	row("destroy all of it", "10", destroy, destroyFloor, builtinDestroy)
	projects := nothing.projects
	l.target(keys.writes() == writeSize && keys.lists() <= projects+2,
		fmt.Sprintf("Apply of 300 keys into 30 projects at %d ms: requests", latency),
		fmt.Sprintf("%d POSTs, ≤ %d lists to write, the refresh aside", writeSize, projects), fmt.Sprintf("%d and %d", keys.writes(), keys.lists()))
	l.target(everything.writes() == nothing.objects() && everything.lists() <= projects,
		fmt.Sprintf("Apply of 300 keys with their projects at %d ms: requests", latency),
		fmt.Sprintf("%d POSTs, ≤ %d lists", nothing.objects(), projects), fmt.Sprintf("%d and %d", everything.writes(), everything.lists()))
	return nil
}
