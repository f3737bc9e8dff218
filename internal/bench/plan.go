package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	rateLimit         = 20 // requests a second
	limitSize         = 1000
	smallOrganization = 10_000 // projects
	smallLatency      = 50
	jobKeys           = 100
	jobLatency        = 20
)

// plans measures plans that find nothing to change.
func plans(ctx context.Context, l *lab) (*table, error) {
	t := &table{
		title:  "Plan without changes",
		header: []string{"Keys", "Projects", "Latency", "Wall", "Requests", "Most in flight", "Provider's peak memory", "Provider's CPU", "Relative to the floor"},
		notes: []string{fmt.Sprintf("Medians of %d runs that alternate; requests, in flight and memory: the most of them. Each project has %d keys; the state holds the projects, the keys and the organization-level environments, the keys in resources of 100. "+
			"The floor is the same plan with `-refresh=false`, which asks the API nothing.", l.runs, keysPerProject)},
	}
	if l.baseline != "" {
		t.header = append(t.header, "Relative to the baseline", "Baseline's requests")
	}
	for _, size := range l.sizes {
		progress("plan of %s keys", grouped(size))
		if err := l.onEmulator(ctx, func(e *emulator) error { return l.planSize(ctx, t, e, size) }); err != nil {
			return nil, fmt.Errorf("%d keys: %w", size, err)
		}
	}
	return t, nil
}

func (l *lab) planSize(ctx context.Context, t *table, e *emulator, size int) error {
	estate := estateOf(size)
	w, err := l.seeded(ctx, e, estate)
	if err != nil {
		return err
	}
	floor := w.planning(pace{}, "-refresh=false")
	all := []*series{floor}
	refreshed, baseline := map[int]*series{}, map[int]*series{}
	for _, latency := range l.latencies {
		refreshed[latency] = w.planning(pace{LatencyMS: latency})
		all = append(all, refreshed[latency])
		if l.baseline != "" {
			baseline[latency] = w.with(l.baseline).planning(pace{LatencyMS: latency})
			all = append(all, baseline[latency])
		}
	}
	if err := alternate(ctx, l.runs, all...); err != nil {
		return err
	}

	row := func(latency string, s, against *series) {
		cells := []string{
			grouped(size), grouped(estate.projects), latency, seconds(s.wall()), grouped(s.requests()), grouped(s.inFlight()),
			megabytes(s.peak()), seconds(s.cpu()), ratio(s.wall(), floor.wall()),
		}
		if against != nil {
			cells = append(cells, ratio(s.wall(), against.wall()), grouped(against.requests()))
		} else if l.baseline != "" {
			cells = append(cells, "–", "–")
		}
		t.rows = append(t.rows, cells)
	}
	requests, peak := 0, 0
	for _, latency := range l.latencies {
		s := refreshed[latency]
		row(fmt.Sprintf("%d ms", latency), s, baseline[latency])
		requests, peak = max(requests, s.requests()), max(peak, s.peak())
	}
	row("floor", floor, nil)

	switch size {
	case 1000:
		l.target(requests <= 25, "Plan of 1,000 keys in 100 projects: requests", "≤ 25", grouped(requests))
		if s := refreshed[50]; s != nil {
			most := time.Duration(1.3*float64(floor.wall())) + 3*50*time.Millisecond
			l.target(s.wall() <= most, "Plan of 1,000 keys at 50 ms: 1.3 × floor + 3 round trips", "≤ "+seconds(most), seconds(s.wall()))
		}
	case 10_000:
		l.target(requests <= 250, "Plan of 10,000 keys: requests", "≤ 250", grouped(requests))
		l.target(peak < 120e6, "Plan of 10,000 keys: provider's peak memory", "< 120 MB", megabytes(peak))
	}
	return nil
}

// limit measures what a rate limit costs a plan.
func limit(ctx context.Context, l *lab) (*table, error) {
	progress("plan of %s keys under %d requests a second", grouped(limitSize), rateLimit)
	t := &table{
		title:  fmt.Sprintf("Plan of %s keys under %d requests a second", grouped(limitSize), rateLimit),
		header: []string{"Latency", "Rate limit", "Wall", "Requests", "Answered 429", "Relative to no limit"},
	}
	return t, l.onEmulator(ctx, func(e *emulator) error {
		w, err := l.seeded(ctx, e, estateOf(limitSize))
		if err != nil {
			return err
		}
		for _, latency := range l.latencies {
			names := []string{"none", fmt.Sprintf("%d/s", rateLimit)}
			all := []*series{w.planning(pace{LatencyMS: latency}), w.planning(pace{latency, rateLimit})}
			if l.baseline != "" {
				names, all = append(names, names[1]+", baseline"), append(all, w.with(l.baseline).planning(pace{latency, rateLimit}))
			}
			if err := alternate(ctx, l.runs, all...); err != nil {
				return err
			}
			free, limited := all[0].wall(), all[1].wall()
			for i, s := range all {
				t.rows = append(t.rows, []string{
					fmt.Sprintf("%d ms", latency), names[i], seconds(s.wall()), grouped(s.requests()), grouped(s.limited()), ratio(s.wall(), free),
				})
			}
			l.target(limited.Seconds() <= 1.1*free.Seconds(),
				fmt.Sprintf("Plan of 1,000 keys at %d ms under 20 requests a second, relative to no limit", latency), "≤ 1.10, no error", ratio(limited, free))
		}
		return nil
	})
}

// small measures what a configuration of one project and one key costs, however large
// the organization is.
func small(ctx context.Context, l *lab) (*table, error) {
	progress("plan of one key in an organization of %s projects", grouped(smallOrganization))
	t := &table{
		title:  "A small configuration in a large organization",
		header: []string{"Plan", "Wall", "Requests", "Relative to the floor"},
		notes:  []string{fmt.Sprintf("The organization has %s projects more. Latency: %d ms.", grouped(smallOrganization), smallLatency)},
	}
	return t, l.onEmulator(ctx, func(e *emulator) error {
		if _, err := createEnvironments(ctx, e.client, 1); err != nil {
			return err
		}
		others := &estate{prefix: "other", projects: smallOrganization, shared: true}
		if err := others.seed(ctx, e.client); err != nil {
			return err
		}
		w, err := l.seeded(ctx, e, &estate{prefix: "one", projects: 1, environments: 1, shared: true})
		if err != nil {
			return err
		}
		refreshed, floor := w.planning(pace{LatencyMS: smallLatency}), w.planning(pace{LatencyMS: smallLatency}, "-refresh=false")
		if err := alternate(ctx, l.runs, refreshed, floor); err != nil {
			return err
		}
		l.target(refreshed.requests() <= 2, "Plan of 1 project and 1 key in an organization of 10,000 projects: requests", "≤ 2, one GET each", grouped(refreshed.requests()))
		t.rows = [][]string{
			{"1 project and 1 key", seconds(refreshed.wall()), grouped(refreshed.requests()), ratio(refreshed.wall(), floor.wall())},
			{"floor", seconds(floor.wall()), grouped(floor.requests()), ratio(floor.wall(), floor.wall())},
		}
		return nil
	})
}

// jobs simulates CI jobs that begin to plan at the same moment, each a configuration of
// its own in the same organization.
func jobs(ctx context.Context, l *lab) (*table, error) {
	counts := []int{1, 5, 10, 20}
	most := slices.Max(counts)
	t := &table{
		title:  fmt.Sprintf("CI jobs that share %d requests a second", rateLimit),
		header: []string{"Jobs at once", "Median job", "Slowest job", "The same without a limit: median", "Slowest", "Requests", "Answered 429", "Failed jobs"},
		notes: []string{fmt.Sprintf("Each job plans a state of %d keys in %d projects of its own; the organization has %s keys in all. Latency: %d ms. "+
			"All the jobs run on this one machine and share its cores, which is what the columns without a limit show; with a machine for each job only the limit would be shared.",
			jobKeys, jobKeys/keysPerProject, grouped(most*jobKeys), jobLatency)},
	}
	return t, l.onEmulator(ctx, func(e *emulator) error {
		if _, err := createEnvironments(ctx, e.client, keysPerProject); err != nil {
			return err
		}
		all := make([]*workspace, most)
		for i := range all {
			var err error
			if all[i], err = l.seeded(ctx, e, &estate{prefix: fmt.Sprintf("job-%02d", i), projects: jobKeys / keysPerProject, environments: keysPerProject, shared: true}); err != nil {
				return err
			}
		}
		errors := 0
		for _, n := range counts {
			progress("%d jobs at once", n)
			free, _, _, err := together(ctx, e, all[:n], pace{LatencyMS: jobLatency})
			if err != nil {
				return err
			}
			limited, total, failed, err := together(ctx, e, all[:n], pace{jobLatency, rateLimit})
			if err != nil {
				return err
			}
			errors += failed
			t.rows = append(t.rows, []string{
				grouped(n), seconds(median(limited, itself)), seconds(slices.Max(limited)), seconds(median(free, itself)), seconds(slices.Max(free)),
				grouped(total.requests), grouped(total.limited), grouped(failed),
			})
		}
		l.target(errors == 0, "CI jobs that share 20 requests a second: failed jobs", "0", grouped(errors))
		return nil
	})
}

// together runs a plan in each workspace at the same time.
func together(ctx context.Context, e *emulator, all []*workspace, p pace) (walls []time.Duration, total traffic, failed int, err error) {
	if err := e.set(ctx, p); err != nil {
		return nil, total, 0, err
	}
	if err := e.begin(ctx); err != nil {
		return nil, total, 0, err
	}
	var wg sync.WaitGroup
	walls = make([]time.Duration, len(all))
	errs := make([]error, len(all))
	for i, w := range all {
		wg.Go(func() {
			o, err := w.exec(ctx, planArgs()...)
			if err == nil {
				err = o.unchanged()
			}
			walls[i], errs[i] = o.wall, err
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			failed++
			progress("a job failed: %v", err)
		}
	}
	if ctx.Err() != nil { // which is why everything fails
		return nil, total, failed, ctx.Err()
	}
	total, err = e.traffic(ctx)
	return walls, total, failed, err
}
