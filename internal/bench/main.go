// Bench measures an apply, a plan, and a plan under a rate limit, beside a provider that has no API. It prints the figures as
// Markdown, and fails where a target is missed.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"text/template"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

const (
	environments = 10
	keysOfPart   = 100
	latency      = 50 // ms
	rateLimit    = 20 // requests a second

	// What the provider must reach with 1,000 keys. The ratios are 1.1 times those of 2026-11-30: it may not get slower.
	mostRequests = 20  // of a plan whose answers take as long as a service's
	mostPlan     = 1.1 // relative to the provider without an API
	mostApply    = 1.9 // relative to the same
	mostLimited  = 1.1 // a plan under the limit, relative to the same without one
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	keys := flag.Int("keys", 1000, "how many keys: a multiple of 100")
	runs := flag.Int("runs", 3, "how often each thing is measured")
	flag.Parse()
	if *keys < keysOfPart || *keys%keysOfPart != 0 || *runs < 1 || flag.NArg() > 0 {
		log.Fatal("unexpected arguments; -help lists the flags")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, *keys, *runs)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, keys, runs int) (err error) {
	dir, err := os.MkdirTemp("", "traceloop-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	api, err := emulator.New(emulator.Options{NoPage: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, api.Close()) }()
	server := httptest.NewServer(api)
	defer server.Close()

	config := filepath.Join(dir, "cli.tfrc")
	overrides := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"traceloop/traceloop\" = %[1]q\n    \"bench/noapi\" = %[1]q\n  }\n}\n", filepath.ToSlash(dir))
	env := devtool.CLIEnv(config, server.URL, api.ManagementKey())
	traceloop, err1 := newEstate(ctx, dir, "traceloop", "traceloop/traceloop", devtool.Module, keys, env)
	other, err2 := newEstate(ctx, dir, "noapi", "bench/noapi", devtool.Module+"/internal/bench/noapi", keys, env)
	if err := errors.Join(err1, err2, os.WriteFile(config, []byte(overrides), 0o600)); err != nil {
		return err
	}
	m := &measurements{api: api}
	fmt.Fprintf(out, "%d keys in %d projects; medians of %d runs that alternate; %d cores, %s/%s, %s.%s\n\n",
		keys, keys/environments, runs, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), load())
	for i := range runs {
		for _, e := range []*estate{traceloop, other} {
			if err := m.life(ctx, e, i == runs-1); err != nil {
				return err
			}
		}
	}
	if err := m.limit(ctx, traceloop, runs); err != nil {
		return err
	}
	return m.report(out)
}

// estate is a configuration of one of the two providers, in a folder of its own.
type estate struct {
	cli, dir, provider string
	env                []string
}

//go:embed estate.tf.tmpl
var configuration string

func newEstate(ctx context.Context, dir, provider, source, pkg string, keys int, env []string) (*estate, error) {
	cli, err := devtool.CLI()
	if err != nil {
		return nil, err
	}
	// Stripped and without paths, as released.
	if err := devtool.Build(ctx, filepath.Join(dir, devtool.Exe("terraform-provider-"+provider)), pkg, "-trimpath", "-ldflags", "-s -w"); err != nil {
		return nil, err
	}
	e := &estate{cli: cli, dir: filepath.Join(dir, provider), provider: provider, env: env}
	if err := os.Mkdir(e.dir, 0o700); err != nil {
		return nil, err
	}
	parts := make([]int, keys/keysOfPart)
	for i := range parts {
		parts[i] = i
	}
	var config strings.Builder
	err = template.Must(template.New("").Parse(configuration)).Execute(&config, map[string]any{
		"Provider": provider, "Source": source, "Parts": parts, "KeysOfPart": keysOfPart, "Environments": environments, "Projects": keys / environments,
	})
	return e, errors.Join(err, os.WriteFile(filepath.Join(e.dir, "main.tf"), []byte(config.String()), 0o600))
}

// run says what a command took, and the CPU time of the CLI and its providers, which a busy machine changes less.
func (e *estate) run(ctx context.Context, args ...string) (wall, cpu time.Duration, err error) {
	command := devtool.Command(ctx, e.cli, args...)
	command.Dir, command.Env = e.dir, e.env
	began := time.Now()
	_, err = devtool.Output(command)
	wall = time.Since(began)
	if ended := command.ProcessState; ended != nil {
		cpu = ended.UserTime() + ended.SystemTime()
	}
	return wall, cpu, err
}

// figures are those of one thing that is measured several times.
type figures struct {
	name        string
	walls, cpus []time.Duration
	requests    int // the most of any run, since a target must hold for each
}

func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

type measurements struct {
	api *emulator.Emulator
	all []*figures
}

func (m *measurements) of(name string) *figures {
	for _, f := range m.all {
		if f.name == name {
			return f
		}
	}
	f := &figures{name: name}
	m.all = append(m.all, f)
	return f
}

// measure runs a command with the API slowed down, and counts the requests.
func (m *measurements) measure(ctx context.Context, name string, e *estate, slow emulator.Settings, args ...string) error {
	if err := m.api.SetSettings(slow); err != nil {
		return err
	}
	m.api.ResetRequests()
	wall, cpu, err := e.run(ctx, args...)
	f := m.of(name)
	f.walls, f.cpus, f.requests = append(f.walls, wall), append(f.cpus, cpu), max(f.requests, m.api.Requests().Total)
	return err
}

// life applies an estate, plans it again and, unless it is to stay, destroys it.
func (m *measurements) life(ctx context.Context, e *estate, stays bool) error {
	log.Printf("apply, plan, destroy: %s", e.provider)
	err := m.measure(ctx, "Apply, "+e.provider, e, emulator.Settings{}, "apply", "-auto-approve")
	if err == nil {
		err = m.measure(ctx, "Plan, "+e.provider, e, emulator.Settings{}, "plan", "-detailed-exitcode")
	}
	if err == nil && !stays {
		_, _, err = e.run(ctx, "destroy", "-auto-approve")
	}
	return err
}

func (m *measurements) limit(ctx context.Context, e *estate, runs int) error {
	for range runs {
		log.Print("plan under a rate limit")
		free := m.measure(ctx, freePlan, e, emulator.Settings{LatencyMS: latency}, "plan", "-detailed-exitcode")
		limited := m.measure(ctx, limitedPlan, e, emulator.Settings{LatencyMS: latency, RateLimitPerSecond: rateLimit}, "plan", "-detailed-exitcode")
		if err := errors.Join(free, limited); err != nil {
			return err
		}
	}
	return nil
}

var (
	freePlan    = fmt.Sprintf("Plan, traceloop, answers after %d ms", latency)
	limitedPlan = fmt.Sprintf("%s, %d requests a second", freePlan, rateLimit)
)

// report prints the figures and the targets. It is an error if one is missed.
func (m *measurements) report(out io.Writer) error {
	fmt.Fprint(out, "| Measured | Time | CPU | Requests |\n|---|---|---|---|\n")
	for _, f := range m.all {
		fmt.Fprintf(out, "| %s | %.2f s | %.2f s | %d |\n", f.name, median(f.walls).Seconds(), median(f.cpus).Seconds(), f.requests)
	}
	ratio := func(of, to string) float64 { return float64(median(m.of(of).walls)) / float64(median(m.of(to).walls)) }
	missed := false
	fmt.Fprint(out, "\n| Target | Most | Measured | Met |\n|---|---|---|---|\n")
	for _, target := range []struct {
		name      string
		most, got float64
	}{
		{fmt.Sprintf("Requests of a plan, answers after %d ms", latency), mostRequests, float64(m.of(freePlan).requests)},
		{"Plan, relative to a provider without an API", mostPlan, ratio("Plan, traceloop", "Plan, noapi")},
		{"Apply, relative to a provider without an API", mostApply, ratio("Apply, traceloop", "Apply, noapi")},
		{"Plan under the rate limit, relative to no limit", mostLimited, ratio(limitedPlan, freePlan)},
	} {
		met := "yes"
		if target.got > target.most {
			met, missed = "**no**", true
		}
		fmt.Fprintf(out, "| %s | %.4g | %.3g | %s |\n", target.name, target.most, target.got, met)
	}
	if missed {
		return errors.New("a target is missed")
	}
	return nil
}

// load is the machine's load where it can be told: figures from a busy machine mean little.
func load() string {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" Load at the start: %s.", strings.Fields(string(content))[0])
}
