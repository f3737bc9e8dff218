package main

import (
	"context"
	"fmt"
)

const writeSize = 300 // keys

// writes measures apply and destroy.
func writes(ctx context.Context, l *lab) (*table, error) {
	t := &table{
		title:  fmt.Sprintf("Apply and destroy of %d keys", writeSize),
		header: []string{"What", "Latency", "Wall", "POSTs and DELETEs", "Lists", "Requests", "Most in flight", "Provider's peak memory", "Relative to the floor"},
		notes: []string{fmt.Sprintf("Medians of %d runs that alternate; requests, in flight and memory: the most of them. The floor is the same with `-refresh=false`; without a refresh a plan of new keys has to look whether their projects exist. "+
			"A saved plan is applied without a refresh, and what does not exist needs none.", l.runs)},
	}
	for _, latency := range l.writeLatencies {
		progress("apply and destroy of %d keys at %d ms", writeSize, latency)
		if err := l.onEmulator(ctx, func(e *emulator) error { return l.write(ctx, t, e, latency) }); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (l *lab) write(ctx context.Context, t *table, e *emulator, latency int) error {
	estate := estateOf(writeSize)
	w := l.workspace(e)
	if err := estate.writeConfiguration(w.dir); err != nil {
		return err
	}
	do := func(args ...string) *series {
		return w.series(pace{LatencyMS: latency}, w.run, append([]string{args[0], "-no-color"}, args[1:]...)...)
	}
	const noRefresh, approve, out, file = "-refresh=false", "-auto-approve", "-out=plan.out", "plan.out"
	base, plannedFloor, planned, applied := do("apply", approve, "-var=keys=false"), do("plan", out, noRefresh), do("plan", out), do("apply", file)
	destroyedFloor, everything, destroyed := do("destroy", approve, noRefresh), do("apply", approve), do("destroy", approve)
	// Each makes what the next one needs, or removes what it must not find.
	if err := alternate(ctx, l.runs, base, plannedFloor, planned, applied, destroyedFloor, everything, destroyed); err != nil {
		return err
	}

	row := func(what string, s, floor *series) {
		relative := "–"
		if floor != nil {
			relative = ratio(s.wall(), floor.wall())
		}
		t.rows = append(t.rows, []string{
			what, fmt.Sprintf("%d ms", latency), seconds(s.wall()), grouped(s.writes()), grouped(s.lists()), grouped(s.requests()), grouped(s.inFlight()),
			megabytes(s.peak()), relative,
		})
	}
	row(fmt.Sprintf("Plan of %d new keys in %d projects that exist", writeSize, estate.projects), planned, plannedFloor)
	row("Apply of that plan", applied, nil)
	row(fmt.Sprintf("Apply of %d keys, with their projects and environments", writeSize), everything, nil)
	row("Destroy all of it", destroyed, destroyedFloor)

	// An apply looks like a plan until it writes, so the first creations are checked once more, from shared lists.
	const checks = 4
	reads, most := applied.requests()-applied.writes(), estate.projects+1+checks
	l.target(applied.writes() == writeSize && reads <= most,
		fmt.Sprintf("Apply of a plan of %d keys in %d projects at %d ms: requests", writeSize, estate.projects, latency),
		fmt.Sprintf("%d POSTs, ≤ %d reads: a list for each project, one of environments, %d to check", writeSize, most, checks), fmt.Sprintf("%d and %d", applied.writes(), reads))
	l.target(everything.writes() == estate.objects() && everything.lists() <= estate.projects,
		fmt.Sprintf("Apply of %d keys with their projects and environments at %d ms: requests", writeSize, latency),
		fmt.Sprintf("%d POSTs, ≤ %d lists", estate.objects(), estate.projects), fmt.Sprintf("%d and %d", everything.writes(), everything.lists()))
	return nil
}
