package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// english writes numbers with their thousands apart.
var english = message.NewPrinter(language.English)

// table is in Markdown. A row has as many cells as the header.
type table struct {
	header []string
	rows   [][]string
	note   string
}

func (t *table) add(values ...any) {
	row := make([]string, len(values))
	for i, value := range values {
		row[i] = cell(value)
	}
	t.rows = append(t.rows, row)
}

func (t *table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(t.header, " | "), strings.Repeat("---|", len(t.header)))
	for _, row := range t.rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	if t.note != "" {
		fmt.Fprintf(&b, "\n%s\n", t.note)
	}
	return b.String()
}

type megabytes float64

func cell(value any) string {
	switch v := value.(type) {
	case time.Duration:
		if v < 100*time.Millisecond {
			return fmt.Sprintf("%.1f ms", 1000*v.Seconds())
		}
		return fmt.Sprintf("%.2f s", v.Seconds())
	case megabytes:
		return fmt.Sprintf("%.1f MB", float64(v))
	case float64:
		return fmt.Sprintf("%.2f", v)
	default:
		return english.Sprint(v)
	}
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// targets are what the provider must reach.
type targets struct {
	table

	missed bool
}

// atMost adds a target.
func atMost[T cmp.Ordered](t *targets, what string, got, most T) {
	met := "yes"
	if got > most {
		met, t.missed = "**no**", true
	}
	t.add(what, "≤ "+cell(most), got, met)
}

// report prints the targets. It is an error if one is missed.
func (t *targets) report(w io.Writer) error {
	t.header = []string{"What", "Target", "Measured", "Met"}
	if len(t.rows) > 0 {
		fmt.Fprintf(w, "\n## Targets\n\n%s", t)
	}
	if t.missed {
		return errors.New("a target is missed")
	}
	return nil
}

// machine says in one line what the figures were measured on.
func machine() string {
	info, _ := os.ReadFile("/proc/cpuinfo") // other systems have none
	processor := ""
	if found := regexp.MustCompile(`(?m)^model name\s*: (.*)$`).FindSubmatch(info); found != nil {
		processor = fmt.Sprintf(" (%s)", found[1])
	}
	return fmt.Sprintf("%d cores%s, %s/%s, %s", runtime.NumCPU(), processor, runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// load is the machine's load where it can be told: figures from a busy machine mean little.
func load() string {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	return fmt.Sprintf("Load average at the start: %s.", strings.Join(strings.Fields(string(content))[:2], ", "))
}
