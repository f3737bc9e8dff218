package main

import (
	"context"
	"fmt"
)

const writeSize = 300 // keys

// writes measures apply and destroy.
func writes(ctx context.Context, l *lab) (*table, error) {
	estate := estateOf(writeSize)
	estate.planned = true
	workspaces, err := l.organization(estate)
	if err != nil {
		return nil, err
	}
	t := &table{
		header: []string{"What", "Latency", "Wall", "POSTs and DELETEs", "Lists", "Requests", "Most in flight", "Provider's peak memory", "Relative to the floor"},
		note: fmt.Sprintf("Medians of %d runs that alternate; requests, in flight and memory: the most of them. The floor is the same with `-refresh=false`; without a refresh a plan of new keys has to look whether their projects exist. "+
			"A saved plan is applied without a refresh, and what does not exist needs none.", l.runs),
	}
	for _, latency := range l.latencies {
		if err := l.write(ctx, t, estate, workspaces[0], pace{latency: latency}); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (l *lab) write(ctx context.Context, t *table, e *estate, w *workspace, p pace) error {
	do := func(name string, args ...string) *trial {
		return &trial{name: name, pace: p, workspaces: []*workspace{w}, args: args}
	}
	const noRefresh, approve, out, file = "-refresh=false", "-auto-approve", "-out=plan.out", "plan.out"
	base := do("", "apply", approve, "-target=traceloop_project.all", "-target=traceloop_environment.all")
	plannedFloor := do("", "plan", out, noRefresh)
	planned := do(fmt.Sprintf("Plan of %d new keys in %d projects that exist", writeSize, len(e.Projects)), "plan", out)
	applied := do("Apply of that plan", "apply", file)
	destroyedFloor := do("", "destroy", approve, noRefresh)
	everything := do(fmt.Sprintf("Apply of %d keys, with their projects and environments", writeSize), "apply", approve)
	destroyed := do("Destroy all of it", "destroy", approve)
	// Each makes what the next one needs, or removes what it must not find.
	if err := alternate(ctx, l.runs, base, plannedFloor, planned, applied, destroyedFloor, everything, destroyed); err != nil {
		return err
	}

	row := func(r *trial, relative any) {
		t.add(r.name, p, r.wall(), r.writes, r.lists, r.requests, r.inFlight, r.peak, relative)
	}
	row(planned, ratio(planned.wall(), plannedFloor.wall()))
	row(applied, "–")
	row(everything, "–")
	row(destroyed, ratio(destroyed.wall(), destroyedFloor.wall()))

	// An apply looks like a plan until it writes, so the first creations are checked once more, from
	// shared lists. All other reads are a list for each project, and one of environments.
	const checks = 4
	what := fmt.Sprintf("Apply of a plan of %d keys in %d projects at %s: ", writeSize, len(e.Projects), p)
	atMost(&l.targets, what+"POSTs", applied.writes, writeSize)
	atMost(&l.targets, what+"reads", applied.requests-applied.writes, len(e.Projects)+1+checks)
	what = fmt.Sprintf("Apply of %d keys with their projects and environments at %s: ", writeSize, p)
	atMost(&l.targets, what+"POSTs", everything.writes, e.objects())
	atMost(&l.targets, what+"lists", everything.lists, len(e.Projects))
	return nil
}
