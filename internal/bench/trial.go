package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
)

// pace is how the API is slowed down.
type pace struct {
	latency int // ms
	limit   int // requests a second
}

func (p pace) String() string {
	if p.limit == 0 {
		return fmt.Sprintf("%d ms", p.latency)
	}
	return fmt.Sprintf("%d ms, %d/s", p.latency, p.limit)
}

// trial is a command that is run several times, in one workspace or at once in several of one organization.
type trial struct {
	name       string
	pace       pace
	workspaces []*workspace
	args       []string

	walls, cpus []time.Duration
	// The most of any run, since a target must hold for each:
	peak                                       megabytes
	requests, lists, writes, limited, inFlight int
}

// plan is a trial of plans that find nothing to change.
func plan(p pace, workspaces ...*workspace) *trial {
	return &trial{name: p.String(), pace: p, workspaces: workspaces, args: []string{"plan", "-detailed-exitcode"}}
}

// floor is the same plan without asking the API.
func (w *workspace) floor() *trial {
	t := plan(pace{}, w)
	t.name, t.args = "floor", append(t.args, "-refresh=false")
	return t
}

// compared is a plan, and the plan of the baseline if there is one.
func (w *workspace) compared(p pace) []*trial {
	all := []*trial{plan(p, w)}
	if w.lab.baseline != "" {
		other := *w
		other.provider = w.lab.baseline
		t := plan(p, &other)
		t.name += ", baseline"
		all = append(all, t)
	}
	return all
}

// alternate runs each of the trials in turn, so that a machine that is busier for a while slows
// all of them.
func alternate(ctx context.Context, rounds int, trials ...*trial) error {
	for range rounds {
		for _, t := range trials {
			if err := t.run(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *trial) run(ctx context.Context) error {
	api := t.workspaces[0].api
	if err := api.SetSettings(emulator.Settings{LatencyMS: t.pace.latency, RateLimitPerSecond: t.pace.limit}); err != nil {
		return err
	}
	api.ResetRequests()
	consumed := make([]consumption, len(t.workspaces))
	group, ctx := errgroup.WithContext(ctx)
	for i, w := range t.workspaces {
		group.Go(func() (err error) {
			consumed[i], err = w.run(ctx, t.args...)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, c := range consumed {
		t.walls, t.cpus = append(t.walls, c.wall), append(t.cpus, c.cpu)
		t.peak = max(t.peak, c.peak)
	}
	t.count(api.Requests())
	return nil
}

func (t *trial) count(record emulator.Requests) {
	lists, writes, limited := 0, 0, 0
	for _, r := range record.Requests {
		switch {
		case r.Status == http.StatusTooManyRequests:
			limited++
		case r.Method != http.MethodGet:
			writes++
		case strings.Count(r.Path, "/") == 2: // of a collection
			lists++
		}
	}
	t.requests, t.inFlight = max(t.requests, record.Total), max(t.inFlight, record.MaxInFlight)
	t.lists, t.writes, t.limited = max(t.lists, lists), max(t.writes, writes), max(t.limited, limited)
}

func (t *trial) wall() time.Duration { return median(t.walls) }
func (t *trial) cpu() time.Duration  { return median(t.cpus) }
