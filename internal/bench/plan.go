package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

const (
	rateLimit         = 20 // requests a second
	limitSize         = 1000
	largeOrganization = 10_000 // projects
	smallLatency      = 50
	jobKeys           = 100
	jobLatency        = 20
)

// plans measures plans that find nothing to change.
func plans(ctx context.Context, l *lab) (*table, error) {
	t := &table{
		header: []string{"Keys", "Projects", "Latency", "Wall", "Requests", "Most in flight", "Provider's peak memory", "Provider's CPU", "Relative to the floor"},
		note: fmt.Sprintf("Medians of %d runs that alternate; requests, in flight and memory: the most of them. Each project has %d keys; the state holds the projects, the keys and the organization-level environments, the keys in resources of %d. "+
			"The floor is the same plan with `-refresh=false`, which asks the API nothing.", l.runs, keysPerProject, keysPerBlock),
	}
	for _, size := range l.sizes {
		if err := l.planSize(ctx, t, size); err != nil {
			return nil, fmt.Errorf("%d keys: %w", size, err)
		}
	}
	return t, nil
}

func (l *lab) planSize(ctx context.Context, t *table, size int) error {
	estate := estateOf(size)
	workspaces, err := l.organization(estate)
	if err != nil {
		return err
	}
	w := workspaces[0]
	var refreshed, all []*trial
	for _, latency := range l.latencies {
		compared := w.compared(pace{latency: latency})
		refreshed, all = append(refreshed, compared[0]), append(all, compared...)
	}
	floor := w.floor()
	all = append(all, floor)
	if err := alternate(ctx, l.runs, all...); err != nil {
		return err
	}
	for _, r := range all {
		t.add(size, len(estate.Projects), r.name, r.wall(), r.requests, r.inFlight, r.peak, r.cpu(), ratio(r.wall(), floor.wall()))
	}

	for _, r := range refreshed {
		what := english.Sprintf("Plan of %d keys at %s: ", size, r.name)
		switch size {
		case 1000:
			atMost(&l.targets, what+"requests", r.requests, 25)
			if r.pace.latency == 50 {
				most := time.Duration(1.3*float64(floor.wall())) + 3*50*time.Millisecond
				atMost(&l.targets, what+"1.3 × floor + 3 round trips", r.wall(), most)
			}
		case 10_000:
			atMost(&l.targets, what+"requests", r.requests, 250)
			atMost(&l.targets, what+"provider's peak memory", r.peak, 120)
		}
	}
	return nil
}

// limit measures what a rate limit costs a plan.
func limit(ctx context.Context, l *lab) (*table, error) {
	workspaces, err := l.organization(estateOf(limitSize))
	if err != nil {
		return nil, err
	}
	t := &table{
		header: []string{"Latency, rate limit", "Wall", "Requests", "Answered 429", "Relative to no limit"},
		note:   english.Sprintf("Each is a plan of %d keys.", limitSize),
	}
	for _, latency := range l.latencies {
		free := plan(pace{latency: latency}, workspaces[0])
		all := append([]*trial{free}, workspaces[0].compared(pace{latency, rateLimit})...)
		if err := alternate(ctx, l.runs, all...); err != nil {
			return nil, err
		}
		for _, r := range all {
			t.add(r.name, r.wall(), r.requests, r.limited, ratio(r.wall(), free.wall()))
		}
		atMost(&l.targets, english.Sprintf("Plan of %d keys at %s, relative to no limit", limitSize, all[1].name), ratio(all[1].wall(), free.wall()), 1.1)
	}
	return t, nil
}

// small measures what a configuration of one project and one key costs, however large
// the organization is.
func small(ctx context.Context, l *lab) (*table, error) {
	others, one := newEstate("other", largeOrganization, 0), newEstate("one", 1, 1)
	one.shared = true
	workspaces, err := l.organization(others, one)
	if err != nil {
		return nil, err
	}
	w := workspaces[1]
	refreshed, floor := plan(pace{latency: smallLatency}, w), w.floor()
	if err := alternate(ctx, l.runs, refreshed, floor); err != nil {
		return nil, err
	}
	t := &table{
		header: []string{"Latency", "Wall", "Requests", "Relative to the floor"},
		note:   english.Sprintf("Each is a plan of 1 project and 1 key. The organization has %d projects more.", largeOrganization),
	}
	for _, r := range []*trial{refreshed, floor} {
		t.add(r.name, r.wall(), r.requests, ratio(r.wall(), floor.wall()))
	}
	atMost(&l.targets, english.Sprintf("Plan of 1 project and 1 key in an organization of %d projects: requests", largeOrganization), refreshed.requests, 2)
	return t, nil
}

// jobs simulates CI jobs that begin to plan at the same moment, each a configuration of
// its own in the same organization. A job that fails is an error. Each number of jobs runs once.
func jobs(ctx context.Context, l *lab) (*table, error) {
	counts := []int{1, 5, 10, 20}
	estates := make([]*estate, slices.Max(counts))
	for i := range estates {
		estates[i] = newEstate(fmt.Sprintf("job-%02d", i), jobKeys/keysPerProject, keysPerProject)
		estates[i].shared = true
	}
	workspaces, err := l.organization(estates...)
	if err != nil {
		return nil, err
	}
	t := &table{
		header: []string{"Jobs at once", "Latency, rate limit", "Median job", "Slowest job", "Requests", "Answered 429"},
		note: english.Sprintf("No job failed. Each job plans a state of %d keys in %d projects of its own; the organization has %d keys in all. "+
			"All the jobs run on this one machine and share its cores, which is what the rows without a limit show; with a machine for each job only the limit would be shared.",
			jobKeys, jobKeys/keysPerProject, len(estates)*jobKeys),
	}
	for _, n := range counts {
		for _, p := range []pace{{latency: jobLatency}, {jobLatency, rateLimit}} {
			r := plan(p, workspaces[:n]...)
			if err := r.run(ctx); err != nil {
				return nil, err
			}
			t.add(n, r.name, r.wall(), slices.Max(r.walls), r.requests, r.limited)
		}
	}
	return t, nil
}
