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
		header: []string{"What", "Latency", "Wall", "POSTs and DELETEs", "Lists", "Requests", "Most in flight", "Provider's peak memory", "Relative to the floor", "Relative to `terraform_data`"},
		notes:  []string{fmt.Sprintf("Medians of %d runs that alternate; requests, in flight and memory: the most of them. The floor is the same with `-refresh=false`; without a refresh a plan of new keys has to look whether their projects exist. A saved plan is applied without a refresh, and what does not exist needs none.", l.runs)},
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
		return newSeries(func(ctx context.Context) (outcome, error) {
			return w.run(ctx, append([]string{args[0], "-no-color"}, args[1:]...)...)
		})
	}
	const (
		noKeys    = "-var=keys=false"
		noRefresh = "-refresh=false"
		approve   = "-auto-approve"
		out, file = "-out=plan.out", "plan.out"
	)
	var (
		base       = do(w, "apply", approve, noKeys)
		planned    = do(w, "plan", out)
		applied    = do(w, "apply", file)
		destroyed  = do(w, "destroy", approve)
		everything = do(w, "apply", approve)

		plannedFloor   = do(w, "plan", out, noRefresh)
		destroyedFloor = do(w, "destroy", approve, noRefresh)

		builtinBase       = do(plain, "apply", approve, noKeys)
		builtinPlanned    = do(plain, "plan", out)
		builtinApplied    = do(plain, "apply", file)
		builtinDestroyed  = do(plain, "destroy", approve)
		builtinEverything = do(plain, "apply", approve)
	)
	if err := e.set(ctx, pace{LatencyMS: latency}); err != nil {
		return err
	}
	// Each makes what the next one needs, or removes what it must not find.
	err = alternate(ctx, l.runs,
		base, plannedFloor, planned, applied, destroyedFloor,
		everything, destroyed,
		builtinBase, builtinPlanned, builtinApplied, builtinDestroyed,
		builtinEverything, builtinDestroyed,
	)
	if err != nil {
		return err
	}

	row := func(what string, s, floor, builtin *series) {
		cells := []string{
			what, fmt.Sprintf("%d ms", latency), seconds(s.wall()), grouped(s.writes()), grouped(s.lists()), grouped(s.requests()), grouped(s.inFlight()),
			megabytes(s.peak()), "–", ratio(s.wall(), builtin.wall()),
		}
		if floor != nil {
			cells[8] = ratio(s.wall(), floor.wall())
		}
		t.rows = append(t.rows, cells)
	}
	row(fmt.Sprintf("Plan of %d new keys in %d projects that exist", writeSize, nothing.projects), planned, plannedFloor, builtinPlanned)
	row("Apply of that plan", applied, nil, builtinApplied)
	row(fmt.Sprintf("Apply of %d keys, with their projects and environments", writeSize), everything, nil, builtinEverything)
	row("Destroy all of it", destroyed, destroyedFloor, builtinDestroyed)

	// An apply looks like a plan until it writes, so the first creations are checked once more, from shared lists.
	const checks = 4
	l.target(applied.writes() == writeSize && applied.lists() <= nothing.projects+1+checks && applied.requests() == applied.writes()+applied.lists(),
		fmt.Sprintf("Apply of a plan of %d keys in %d projects at %d ms: requests", writeSize, nothing.projects, latency),
		fmt.Sprintf("%d POSTs, ≤ %d lists, 1 of environments and %d to check", writeSize, nothing.projects, checks), fmt.Sprintf("%d and %d", applied.writes(), applied.lists()))
	l.target(everything.writes() == nothing.objects() && everything.lists() <= nothing.projects,
		fmt.Sprintf("Apply of %d keys with their projects and environments at %d ms: requests", writeSize, latency),
		fmt.Sprintf("%d POSTs, ≤ %d lists", nothing.objects(), nothing.projects), fmt.Sprintf("%d and %d", everything.writes(), everything.lists()))
	return nil
}
