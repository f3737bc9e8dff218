package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// series are runs of the same thing.
type series struct {
	do  func(context.Context) (outcome, error)
	all []outcome
}

// series runs a command at a pace.
func (w *workspace) series(p pace, run func(ctx context.Context, args ...string) (outcome, error), args ...string) *series {
	return &series{do: func(ctx context.Context) (outcome, error) {
		if err := w.emulator.set(ctx, p); err != nil {
			return outcome{}, err
		}
		return run(ctx, args...)
	}}
}

// planning is a series of plans that find nothing to change.
func (w *workspace) planning(p pace, args ...string) *series { return w.series(p, w.plan, args...) }

// alternate runs each of the series in turn, so that a machine that is busier for a while
// slows all of them.
func alternate(ctx context.Context, rounds int, all ...*series) error {
	for range rounds {
		for _, s := range all {
			o, err := s.do(ctx)
			if err != nil {
				return err
			}
			o.output = ""
			s.all = append(s.all, o)
		}
	}
	return nil
}

// wall and cpu are medians.
func (s *series) wall() time.Duration {
	return median(s.all, func(o outcome) time.Duration { return o.wall })
}

func (s *series) cpu() time.Duration {
	return median(s.all, func(o outcome) time.Duration { return o.cpu })
}

// most is the largest of a figure, since a limit must hold for every run.
func (s *series) most(figure func(outcome) int) int {
	n := 0
	for _, o := range s.all {
		n = max(n, figure(o))
	}
	return n
}

func (s *series) requests() int { return s.most(func(o outcome) int { return o.requests }) }
func (s *series) lists() int    { return s.most(func(o outcome) int { return o.lists }) }
func (s *series) writes() int   { return s.most(func(o outcome) int { return o.writes }) }
func (s *series) limited() int  { return s.most(func(o outcome) int { return o.limited }) }
func (s *series) inFlight() int { return s.most(func(o outcome) int { return o.inFlight }) }
func (s *series) peak() int     { return s.most(func(o outcome) int { return o.peak }) }

// median of a figure.
func median[T any](all []T, figure func(T) time.Duration) time.Duration {
	sorted := make([]time.Duration, 0, len(all))
	for _, v := range all {
		sorted = append(sorted, figure(v))
	}
	slices.Sort(sorted)
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}

func itself(d time.Duration) time.Duration { return d }

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

func ratio(a, b time.Duration) string { return fmt.Sprintf("%.2f", float64(a)/float64(b)) }

func megabytes(bytes int) string {
	if bytes == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f MB", float64(bytes)/1e6)
}

// grouped writes a number with its thousands apart.
func grouped(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}
