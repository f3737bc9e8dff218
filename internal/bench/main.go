// Bench measures the provider and prints the figures as Markdown. It fails where a target is
// missed. -help says how to measure a part.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// subject is what one table is about.
type subject struct {
	name    string // in -tables and in the guide
	title   string
	slow    bool // left out unless asked for
	measure func(context.Context, *lab) (*table, error)
}

// subjects are measured one after the other, so that none disturbs another.
var subjects = []subject{
	{"startup", "Start-up and size of the binary", false, startup},
	{"plan", "Plan without changes", false, plans},
	{"write", english.Sprintf("Apply and destroy of %d keys", writeSize), false, writes},
	{"limit", english.Sprintf("Plan of %d keys under %d requests a second", limitSize, rateLimit), false, limit},
	{"small", english.Sprintf("Plan of one key in an organization of %d projects", largeOrganization), false, small},
	{"jobs", english.Sprintf("CI jobs that share %d requests a second", rateLimit), true, jobs},
}

// options are what a run is to measure.
type options struct {
	subjects  []subject
	sizes     []int
	latencies []int
	runs      int
	baseline  string // of BENCH_BASELINE: another provider's binary
	guide     string // the template to write the tables into
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	o, err := parse(os.Args[1:], os.Stderr)
	if err == nil {
		err = run(ctx, os.Stdout, o)
	}
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		log.Fatal(err)
	}
}

const usage = `Usage: make bench ARGS="-tables plan,limit -sizes 100,1000"

Without flags: every table except jobs, in less than 5 minutes on an idle machine of 2 cores.
With -full: every table, 10,000 keys and one more latency, in less than 25 minutes.
BENCH_BASELINE=path plans with the provider's binary there, too.

Tables:
`

func parse(args []string, help io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints an error
	full := flags.Bool("full", false, "measure everything")
	flags.Func("tables", "`names` of the tables to measure, with commas between them", func(list string) error {
		for name := range strings.SplitSeq(list, ",") {
			i := slices.IndexFunc(subjects, func(s subject) bool { return s.name == name })
			if i < 0 {
				return fmt.Errorf("there is no table %q", name)
			}
			o.subjects = append(o.subjects, subjects[i])
		}
		return nil
	})
	flags.Func("sizes", "`numbers` of keys to plan (default 100,1000; with -full also 10000)", numbers(&o.sizes))
	flags.Func("latencies", "latencies of the API in `ms` (default 0,50; with -full also 20)", numbers(&o.latencies))
	flags.StringVar(&o.guide, "update", "", "`template` of a guide to write the tables into; without -full, only on the machine that it names")
	flags.IntVar(&o.runs, "runs", 3, "how often each thing is measured")
	err = flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(help, usage)
		for _, s := range subjects {
			fmt.Fprintf(help, "  %-8s %s\n", s.name, s.title)
		}
		fmt.Fprintln(help, "\nFlags:")
		flags.SetOutput(help)
		flags.PrintDefaults()
		return o, err
	case err != nil:
		return o, fmt.Errorf("%w; -help lists the flags and the tables", err)
	case o.runs < 1 || flags.NArg() > 0:
		return o, fmt.Errorf("unexpected arguments; -help lists the flags: %q", args)
	}

	sizes, latencies := []int{100, 1000}, []int{0, 50}
	if *full {
		sizes, latencies = []int{100, 1000, 10_000}, []int{0, 20, 50}
	}
	if o.sizes == nil {
		o.sizes = sizes
	}
	if o.latencies == nil {
		o.latencies = latencies
	}
	if o.subjects == nil {
		o.subjects = slices.DeleteFunc(slices.Clone(subjects), func(s subject) bool { return s.slow && !*full })
	}
	if baseline := os.Getenv("BENCH_BASELINE"); baseline != "" {
		o.baseline, err = filepath.Abs(baseline)
	}
	return o, err
}

// numbers reads a list into a slice.
func numbers(into *[]int) func(list string) error {
	return func(list string) error {
		for word := range strings.SplitSeq(list, ",") {
			n, err := strconv.ParseUint(word, 10, 31)
			if err != nil {
				return fmt.Errorf("%q is not a number of 0 or more", word)
			}
			*into = append(*into, int(n))
		}
		return nil
	}
}

func run(ctx context.Context, w io.Writer, o options) (err error) {
	dir, err := os.MkdirTemp("", "traceloop-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	l, err := newLab(ctx, o, dir)
	if err != nil {
		return err
	}
	defer l.close()

	measuredOn := fmt.Sprintf("Measured on %s.", machine())
	fmt.Fprintln(w, measuredOn, load())
	measured := map[string]string{"machine": measuredOn}
	for _, s := range o.subjects {
		log.Print(s.title)
		t, err := s.measure(ctx, l)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintf(w, "\n## %s\n\n%s", s.title, t)
		measured[s.name] = t.String()
	}
	if o.guide != "" {
		if err := updateGuide(o.guide, measured); err != nil {
			return err
		}
	}
	return l.targets.report(w)
}
