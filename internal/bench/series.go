package main

import (
	"context"
	"fmt"
	"time"
)

// series are runs of the same thing.
type series struct {
	do  func(context.Context) (outcome, error)
	all []outcome
}

func newSeries(do func(context.Context) (outcome, error)) *series { return &series{do: do} }

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

// wall is the median.
func (s *series) wall() time.Duration {
	walls := make(sample, 0, len(s.all))
	for _, o := range s.all {
		walls = append(walls, o.wall)
	}
	return walls.median()
}

// cpu is the median.
func (s *series) cpu() time.Duration {
	used := make(sample, 0, len(s.all))
	for _, o := range s.all {
		used = append(used, o.cpu)
	}
	return used.median()
}

// most is the largest of a figure, since a limit must hold for every run.
func (s *series) most(figure func(*outcome) int) int {
	n := 0
	for i := range s.all {
		n = max(n, figure(&s.all[i]))
	}
	return n
}

func (s *series) requests() int { return s.most(func(o *outcome) int { return o.requests }) }
func (s *series) lists() int    { return s.most(func(o *outcome) int { return o.lists }) }
func (s *series) writes() int   { return s.most(func(o *outcome) int { return o.writes }) }
func (s *series) limited() int  { return s.most(func(o *outcome) int { return o.limited }) }
func (s *series) inFlight() int { return s.most(func(o *outcome) int { return o.inFlight }) }

// peak is in bytes.
func (s *series) peak() int { return s.most(func(o *outcome) int { return int(o.peak) }) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func megabytes(bytes int) string {
	if bytes == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f MB", float64(bytes)/1e6)
}
