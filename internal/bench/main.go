// Bench measures the provider and prints the figures as Markdown. It fails where a target is
// missed. -help says how to measure a part.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// table is one measured subject. A row holds as many cells as the header.
type table struct {
	title  string
	header []string
	rows   [][]string
	notes  []string
}

type subject struct {
	name    string
	what    string
	slow    bool // left out unless asked for
	measure func(context.Context, *lab) (*table, error)
}

// subjects are measured one after the other, so that none disturbs another.
var subjects = []subject{
	{"startup", "start-up and size of the provider's binary", false, startup},
	{"plan", "a plan without changes, by size and latency", false, plans},
	{"write", "apply and destroy of 300 keys, by latency", false, writes},
	{"limit", "a plan of 1,000 keys under 20 requests a second", false, limit},
	{"small", "a plan of one key in an organization of 10,000 projects", false, small},
	{"jobs", "CI jobs that share one limit of 20 requests a second", true, jobs},
}

// options are what a run is to measure.
type options struct {
	subjects       []subject
	sizes          []int
	latencies      []int
	writeLatencies []int
	runs           int
	baseline       string // of BENCH_BASELINE: another provider's binary
	guide          string // the template to write the tables into
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	o, err := parse(os.Args[1:], os.Stderr)
	if err == nil {
		err = run(ctx, os.Stdout, o)
	}
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

const usage = `Usage: make bench ARGS="-tables plan,limit -sizes 100,1000"

Without flags: startup, plan (100 and 1,000 keys), write (at 50 ms), limit and small, in less than 5 minutes.
With -full: every table, 10,000 keys and every latency as well, in less than 25 minutes on an idle machine of 2 cores.
BENCH_BASELINE=path compares with the provider's binary there. All but startup needs terraform or tofu on the PATH,
or TF_ACC_TERRAFORM_PATH.

Tables:
`

func parse(args []string, help io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(help)
	full := flags.Bool("full", false, "measure everything")
	only := flags.String("tables", "", "`names` of the tables to measure, with commas between them")
	sizes := flags.String("sizes", "", "`numbers` of keys to plan (default 100,1000; with -full also 10000)")
	latencies := flags.String("latencies", "", "latencies of the API in `ms` (default 0,20,50; for writes 50, with -full all)")
	flags.StringVar(&o.guide, "update", "", "`template` of a guide to write the tables into; without -full, only on the machine that it names")
	flags.IntVar(&o.runs, "runs", 3, "how often each thing is measured")
	flags.Usage = func() {
		fmt.Fprint(help, usage)
		for _, s := range subjects {
			fmt.Fprintf(help, "  %-8s %s\n", s.name, s.what)
		}
		fmt.Fprintln(help, "\nFlags:")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.runs < 1 || flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected arguments; -help lists the flags: %q", args)
	}

	o.baseline = os.Getenv("BENCH_BASELINE")
	o.sizes, o.latencies, o.writeLatencies = []int{100, 1000}, []int{0, 20, 50}, []int{50}
	if *full {
		o.sizes, o.writeLatencies = append(o.sizes, 10_000), o.latencies
	}
	if *sizes != "" {
		if o.sizes, err = numbers(*sizes); err != nil {
			return o, err
		}
	}
	if *latencies != "" {
		if o.latencies, err = numbers(*latencies); err != nil {
			return o, err
		}
		o.writeLatencies = o.latencies
	}
	o.subjects, err = named(*only, *full)
	return o, err
}

func named(only string, full bool) ([]subject, error) {
	var chosen []subject
	if only == "" {
		for _, s := range subjects {
			if full || !s.slow {
				chosen = append(chosen, s)
			}
		}
		return chosen, nil
	}
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(subjects, func(s subject) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no table %q; -help lists them", name)
		}
		chosen = append(chosen, subjects[i])
	}
	return chosen, nil
}

func numbers(list string) ([]int, error) {
	var all []int
	for word := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is not a number of 0 or more", word)
		}
		all = append(all, n)
	}
	return all, nil
}

func run(ctx context.Context, w io.Writer, o options) (err error) {
	dir, err := os.MkdirTemp("", "traceloop-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if o.baseline != "" {
		if o.baseline, err = filepath.Abs(o.baseline); err != nil {
			return err
		}
	}
	l, err := newLab(ctx, o, dir)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(o.subjects, func(s subject) bool { return s.name != "startup" }) {
		if err := l.prepareCLI(ctx); err != nil {
			return err
		}
	}

	measuredOn := fmt.Sprintf("Measured on %s.", machine(ctx))
	fmt.Fprintln(w, measuredOn, load())
	tables := map[string]string{"machine": measuredOn}
	for _, s := range o.subjects {
		measured, err := s.measure(ctx, l)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		measured.print(w)
		tables[s.name] = measured.body()
	}
	if o.guide != "" {
		if err := updateGuide(o.guide, tables); err != nil {
			return err
		}
	}
	return l.printTargets(w)
}

// printTargets prints which targets are met; the error names the others.
func (l *lab) printTargets(w io.Writer) error {
	if len(l.targets) == 0 {
		return nil
	}
	var missed error
	t := &table{title: "Targets", header: []string{"What", "Target", "Measured", "Met"}}
	for _, g := range l.targets {
		met := "yes"
		if !g.met {
			met = "**no**"
			missed = errors.Join(missed, fmt.Errorf("target missed: %s: %s instead of %s", g.what, g.got, g.want))
		}
		t.rows = append(t.rows, []string{g.what, g.want, g.got, met})
	}
	t.print(w)
	return missed
}

// progress prints what is being measured.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}

func (t *table) print(w io.Writer) {
	fmt.Fprintf(w, "\n## %s\n\n%s", t.title, t.body())
}

// body is the table and what there is to say of it.
func (t *table) body() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(t.header, " | "), strings.Repeat("---|", len(t.header)))
	for _, row := range t.rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	if len(t.notes) > 0 {
		fmt.Fprintf(&b, "\n%s\n", strings.Join(t.notes, "\n"))
	}
	return b.String()
}

// machine says in one line what the figures were measured on.
func machine(ctx context.Context) string {
	version := runtime.Version()
	if out, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output(); err == nil {
		version = strings.TrimSpace(string(out))
	}
	return fmt.Sprintf("%d cores%s, %s/%s, %s", runtime.NumCPU(), processor(), runtime.GOOS, runtime.GOARCH, version)
}

// load is the machine's load where it can be told: figures from a busy machine mean little.
func load() string {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	return fmt.Sprintf("Load average at the start: %s.", strings.Join(strings.Fields(string(content))[:2], ", "))
}

func processor() string {
	info, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer info.Close()
	for lines := bufio.NewScanner(info); lines.Scan(); {
		if name, value, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(name) == "model name" {
			return " (" + strings.TrimSpace(value) + ")"
		}
	}
	return ""
}
