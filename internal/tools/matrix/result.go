package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// result is what became of the tests under one CLI. A test with subtests counts by them.
type result struct {
	cli     cli
	took    time.Duration
	passed  []string
	failed  []string
	skipped map[string][]string // by reason
}

// event is what `go test -json` prints on a line, see `go doc test2json`.
type event struct {
	Action, Test, Output string
}

var skipReason = regexp.MustCompile(`^\s+\S+\.go:\d+: (.+)\n$`)

// read reads the events of a test run, and shows what failed tests and broken builds have to say.
func read(events io.Reader, show io.Writer) (*result, error) {
	ended, output := map[string]string{}, map[string][]string{}
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("go test -json: %w: %s", err, lines.Bytes())
		}
		switch e.Action {
		case "build-output":
			fmt.Fprint(show, e.Output)
		case "output":
			output[e.Test] = append(output[e.Test], e.Output)
		case "pass", "fail", "skip":
			if e.Action == "fail" {
				fmt.Fprint(show, strings.Join(output[e.Test], ""))
			}
			if e.Action != "skip" {
				delete(output, e.Test)
			}
			if e.Test != "" {
				ended[e.Test] = e.Action
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}

	r := &result{skipped: map[string][]string{}}
	tests := slices.Sorted(maps.Keys(ended))
	for _, name := range tests {
		action := ended[name]
		ofSubtests := slices.ContainsFunc(tests, func(other string) bool {
			return strings.HasPrefix(other, name+"/") && (action != "fail" || ended[other] == "fail")
		})
		switch {
		case ofSubtests:
		case action == "pass":
			r.passed = append(r.passed, name)
		case action == "fail":
			r.failed = append(r.failed, name)
		default:
			reason := "no reason given"
			for _, line := range output[name] {
				if match := skipReason.FindStringSubmatch(line); match != nil {
					reason = match[1]
				}
			}
			r.skipped[reason] = append(r.skipped[reason], name)
		}
	}
	return r, nil
}

func (r *result) skips() (n int) {
	for _, names := range r.skipped {
		n += len(names)
	}
	return n
}

func (r *result) summary() string {
	return fmt.Sprintf("  %d passed, %d failed, %d skipped in %d s", len(r.passed), len(r.failed), r.skips(), int(r.took.Seconds()))
}

// table is in Markdown.
func table(results []*result) string {
	var b strings.Builder
	b.WriteString("| CLI | version | passed | failed | skipped |\n|---|---|---|---|---|\n")
	for _, r := range results {
		reasons := make([]string, 0, len(r.skipped))
		for _, reason := range slices.Sorted(maps.Keys(r.skipped)) {
			reasons = append(reasons, fmt.Sprintf("%d: %s", len(r.skipped[reason]), reason))
		}
		skipped := cmp.Or(strings.Join(reasons, "; "), "0")
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %s |\n", r.cli.kind, r.cli.version, len(r.passed), len(r.failed), skipped)
	}
	return b.String()
}

// problem is why the run does not count as passed. The only reason to skip a test is that this
// CLI, in this version, has no such feature.
func (r *result) problem() error {
	name := r.cli.kind + " " + r.cli.version
	if len(r.failed) > 0 {
		return fmt.Errorf("%s: failed: %s", name, strings.Join(r.failed, ", "))
	}
	if len(r.passed) == 0 {
		return fmt.Errorf("%s: no test has run", name)
	}
	minor := regexp.MustCompile(`^\d+\.\d+`).FindString(r.cli.version)
	for reason, tests := range r.skipped {
		if !strings.HasPrefix(reason, fmt.Sprintf("%s %s has no ", r.cli.kind, minor)) {
			return fmt.Errorf("%s: skipped, but not for its version: %s: %s", name, strings.Join(tests, ", "), reason)
		}
	}
	return nil
}
