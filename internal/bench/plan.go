package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// plans measures plans that find nothing to change.
func plans(ctx context.Context, l *lab) (*table, error) {
	if err := l.prepareCLI(ctx); err != nil {
		return nil, err
	}
	t := &table{
		title:  "Plan without changes",
		header: []string{"Keys", "Projects", "Latency", "Wall", "Requests", "Most in flight", "Provider's peak memory", "Provider's CPU", "Relative to the floor", "Relative to `terraform_data`"},
		notes: []string{
			fmt.Sprintf("Medians of %d runs that alternate; requests, in flight and memory: the most of them. Each project has %d keys; the state holds the projects, the keys and the organization-level environments, the keys in resources of 100. "+
				"The floor is the same plan with `-refresh=false`, which asks the API nothing. `terraform_data` is a plan of as many of these built-in resources, with a refresh.", l.runs, keysPerProject),
		},
	}
	if l.baseline != "" {
		t.header = append(t.header, "Relative to the baseline", "Baseline's requests")
	}
	for _, size := range l.sizes {
		progress("plan of %s keys", grouped(size))
		if err := l.planSize(ctx, t, size); err != nil {
			return nil, fmt.Errorf("%d keys: %w", size, err)
		}
	}
	return t, nil
}

func (l *lab) planSize(ctx context.Context, t *table, size int) error {
	e, err := startEmulator(ctx, l.emulatorPath)
	if err != nil {
		return err
	}
	defer e.stop()
	estate := estateOf(size)
	w, plain, err := l.seeded(ctx, e, estate)
	if err != nil {
		return err
	}

	plan := func(w *workspace, latency int, args ...string) *series {
		return newSeries(func(ctx context.Context) (outcome, error) {
			if err := e.set(ctx, pace{LatencyMS: latency}); err != nil {
				return outcome{}, err
			}
			return w.plan(ctx, args...)
		})
	}
	floor, builtin := plan(w, 0, "-refresh=false"), plan(plain, 0)
	all := []*series{floor, builtin}
	refreshed, baseline := map[int]*series{}, map[int]*series{}
	for _, latency := range l.latencies {
		refreshed[latency] = plan(w, latency)
		all = append(all, refreshed[latency])
		if l.baseline != "" {
			baseline[latency] = plan(w.with(l.baseline), latency)
			all = append(all, baseline[latency])
		}
	}
	if err := alternate(ctx, l.runs, all...); err != nil {
		return err
	}

	row := func(latency string, s *series, against *series) {
		cells := []string{
			grouped(size), grouped(estate.projects), latency, seconds(s.wall()), grouped(s.requests()), grouped(s.inFlight()), megabytes(s.peak()), seconds(s.cpu()),
			ratio(s.wall(), floor.wall()), ratio(s.wall(), builtin.wall()),
		}
		switch {
		case against != nil:
			cells = append(cells, ratio(s.wall(), against.wall()), grouped(against.requests()))
		case l.baseline != "":
			cells = append(cells, "–", "–")
		}
		t.rows = append(t.rows, cells)
	}
	for _, latency := range l.latencies {
		row(fmt.Sprintf("%d ms", latency), refreshed[latency], baseline[latency])
	}
	row("floor", floor, nil)
	row("`terraform_data`", builtin, nil)
	l.planTargets(size, refreshed, floor)
	return nil
}

func (l *lab) planTargets(size int, refreshed map[int]*series, floor *series) {
	requests, peak := 0, 0
	for _, s := range refreshed {
		requests, peak = max(requests, s.requests()), max(peak, s.peak())
	}
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
}

// seeded creates the estate, and the workspaces that manage it and its copy of terraform_data.
func (l *lab) seeded(ctx context.Context, e *emulator, estate *estate) (w, plain *workspace, err error) {
	if err := estate.seed(ctx, e.client); err != nil {
		return nil, nil, fmt.Errorf("seeding: %w", err)
	}
	w, plain = l.workspace(e), l.workspace(e)
	return w, plain, errors.Join(estate.write(w.dir, false), estate.write(plain.dir, true))
}
