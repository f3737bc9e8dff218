// Bench measures the provider and prints the figures as Markdown. It fails where a limit is exceeded.
//
// Each table has a file of its own; naming some of them as arguments measures only those.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
)

// table is one measured subject. A row holds as many cells as the header.
type table struct {
	title  string
	header []string
	rows   [][]string
	notes  []string
	// failed says which limits are exceeded.
	failed []string
}

// tables are measured one after the other, so that none disturbs another.
var tables = []struct {
	name    string
	measure func(ctx context.Context, dir string) (*table, error)
}{
	{"startup", startup},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, only []string) (err error) {
	dir, err := os.MkdirTemp("", "traceloop-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	fmt.Fprintf(w, "Measured on %s.\n", machine(ctx))
	var exceeded error
	for _, t := range tables {
		if len(only) > 0 && !slices.Contains(only, t.name) {
			continue
		}
		measured, err := t.measure(ctx, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		measured.print(w)
		for _, limit := range measured.failed {
			exceeded = errors.Join(exceeded, fmt.Errorf("%s: %s", t.name, limit))
		}
	}
	return exceeded
}

func (t *table) print(w io.Writer) {
	fmt.Fprintf(w, "\n## %s\n\n", t.title)
	fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(t.header, " | "), strings.Repeat("---|", len(t.header)))
	for _, row := range t.rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
	}
	if len(t.notes) > 0 {
		fmt.Fprintf(w, "\n%s\n", strings.Join(t.notes, "\n"))
	}
}

// machine says in one line what the figures were measured on.
func machine(ctx context.Context) string {
	version := runtime.Version()
	if out, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output(); err == nil {
		version = strings.TrimSpace(string(out))
	}
	return fmt.Sprintf("%d cores%s, %s/%s, %s", runtime.NumCPU(), processor(), runtime.GOOS, runtime.GOARCH, version)
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
