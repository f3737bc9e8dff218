package provider_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// The model test: random configurations of a few projects, environments and keys, applied one
// resource at a time or all together, with people at work in the same organization, faults of the
// service, interrupts and the key of another organization in between. After every step the server, the state and a simple
// model of the provider have to agree.
//
// It runs for a few seconds; MODEL_MINUTES=30 makes it run for half an hour, with new seeds
// all the time (go test needs a -timeout beyond that):
//
//	MODEL_MINUTES=30 go test ./internal/provider -run '^TestModel$' -timeout 60m
//
// A failure is printed step by step, shrunk as far as it can be, with the flag that replays it:
// -rapid.seed=N, or -rapid.failfile=FILE for the shrunk one.
//
//	go test ./internal/provider -run '^TestModel$' -rapid.seed=N
func TestModel(t *testing.T) {
	t.Parallel()
	lasts := 8 * time.Second
	if !thorough() {
		lasts = 3 * time.Second
	}
	if minutes := os.Getenv("MODEL_MINUTES"); minutes != "" {
		n, err := strconv.ParseFloat(minutes, 64)
		if err != nil {
			t.Fatalf("MODEL_MINUTES: %v", err)
		}
		lasts = time.Duration(n * float64(time.Minute))
	}
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	replay := given["rapid.seed"] || given["rapid.failfile"]
	if !given["rapid.checks"] && !replay {
		checks := "3"
		if !thorough() {
			checks = "15" // rapid takes a fifth
		}
		// Few sequences at a time, so that the clock is looked at between them and not within
		// one, which has to run in the same way when it is replayed.
		if err := flag.Set("rapid.checks", checks); err != nil {
			t.Fatal(err)
		}
	}

	other := emulatortest.Start(t)
	other.GenerateKey(other.Projects()[0].ID, "prd")
	began, sequences, steps := time.Now(), 0, new(tally)
	for first := true; first || time.Since(began) < lasts && !replay; first = false {
		rapid.Check(quiet{t}, func(rt *rapid.T) {
			newMachine(t, rt, other, steps).run(rt)
			sequences++
		})
	}
	if steps.all.Load() == 0 || steps.applied.Load() == 0 {
		t.Error("nothing was applied")
	}
	t.Logf("%d sequences, %s in %s: %.0f steps a minute", sequences, steps, time.Since(began).Round(time.Second), float64(steps.all.Load())/time.Since(began).Minutes())
}

// quiet keeps rapid from saying after each batch that all is well.
type quiet struct{ *testing.T }

func (q quiet) Logf(format string, args ...any) {
	q.Helper()
	if !strings.HasPrefix(format, "[rapid] OK") {
		q.T.Logf(format, args...)
	}
}

// tally counts what the steps were.
type tally struct{ all, applied, failed, faulty, interrupted, edits, whole, wholeApplied, byHand, elsewhere atomic.Int64 }

func (c *tally) String() string {
	return fmt.Sprintf("%d steps (%d resources applied, %d refused; %d of these with faults, %d interrupted; %d edits from outside; %d plans of everything, %d of them applied; %d keys rotated by hand; %d times with the key of another organization)",
		c.all.Load(), c.applied.Load(), c.failed.Load(), c.faulty.Load(), c.interrupted.Load(), c.edits.Load(), c.whole.Load(), c.wholeApplied.Load(), c.byHand.Load(), c.elsewhere.Load())
}

// checkTB is a testing.TB whose failures rapid sees.
type checkTB struct {
	testing.TB
	rt *rapid.T
}

func (c checkTB) Helper()                        { c.rt.Helper() }
func (c checkTB) Errorf(format string, a ...any) { c.rt.Helper(); c.rt.Errorf(format, a...) }
func (c checkTB) Error(a ...any)                 { c.rt.Helper(); c.rt.Error(a...) }
func (c checkTB) Fatalf(format string, a ...any) { c.rt.Helper(); c.rt.Fatalf(format, a...) }
func (c checkTB) Fatal(a ...any)                 { c.rt.Helper(); c.rt.Fatal(a...) }
func (c checkTB) Logf(format string, a ...any)   { c.rt.Helper(); c.rt.Logf(format, a...) }
func (c checkTB) Log(a ...any)                   { c.rt.Helper(); c.rt.Log(a...) }
func (c checkTB) Cleanup(f func())               { c.rt.Cleanup(f) }
func (c checkTB) Context() context.Context       { return c.rt.Context() }
