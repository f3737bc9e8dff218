package main

import (
	"context"
	"fmt"
	"sync"
)

const (
	jobKeys    = 100
	jobLatency = 20
)

// jobs simulates CI jobs that begin to plan at the same moment, each a configuration of
// its own in the same organization.
func jobs(ctx context.Context, l *lab) (*table, error) {
	if err := l.prepareCLI(ctx); err != nil {
		return nil, err
	}
	counts := []int{1, 5, 10, 20}
	most := counts[len(counts)-1]
	e, err := startEmulator(ctx, l.emulatorPath)
	if err != nil {
		return nil, err
	}
	defer e.stop()
	if _, err := createEnvironments(ctx, e.client, keysPerProject); err != nil {
		return nil, err
	}
	all := make([]*workspace, most)
	for i := range all {
		estate := &estate{prefix: fmt.Sprintf("job-%02d", i), projects: jobKeys / keysPerProject, environments: keysPerProject, perBlock: keysPerBlock, shared: true}
		if err := estate.seed(ctx, e.client); err != nil {
			return nil, err
		}
		all[i] = l.workspace(e)
		if err := estate.write(all[i].dir, false); err != nil {
			return nil, err
		}
	}

	t := &table{
		title:  fmt.Sprintf("CI jobs that share %d requests a second", rateLimit),
		header: []string{"Jobs at once", "Median job", "Slowest job", "The same without a limit: median", "Slowest", "Requests", "Answered 429", "Failed jobs"},
		notes: []string{fmt.Sprintf("Each job plans a state of %d keys in %d projects of its own; the organization has %s keys in all. Latency: %d ms. "+
			"All the jobs run on this one machine and share its cores, which is what the columns without a limit show; with a machine for each job only the limit would be shared.",
			jobKeys, jobKeys/keysPerProject, grouped(most*jobKeys), jobLatency)},
	}
	errors := 0
	for _, n := range counts {
		progress("%d jobs at once", n)
		free, _, _, err := together(ctx, e, all[:n], pace{LatencyMS: jobLatency})
		if err != nil {
			return nil, err
		}
		limited, total, failed, err := together(ctx, e, all[:n], pace{jobLatency, rateLimit})
		if err != nil {
			return nil, err
		}
		errors += failed
		t.rows = append(t.rows, []string{
			grouped(n), seconds(limited.median()), seconds(limited.max()), seconds(free.median()), seconds(free.max()),
			grouped(total.requests), grouped(total.limited), grouped(failed),
		})
	}
	l.target(errors == 0, "CI jobs that share 20 requests a second: failed jobs", "0", grouped(errors))
	return t, nil
}

// together runs a plan in each workspace at the same time.
func together(ctx context.Context, e *emulator, all []*workspace, p pace) (walls sample, total outcome, failed int, err error) {
	if err := e.set(ctx, p); err != nil {
		return nil, total, 0, err
	}
	if err := e.begin(ctx); err != nil {
		return nil, total, 0, err
	}
	var wg sync.WaitGroup
	walls = make(sample, len(all))
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
	return walls, total, failed, joinContext(ctx, total.count(ctx, e))
}

// joinContext prefers the reason why everything fails.
func joinContext(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
