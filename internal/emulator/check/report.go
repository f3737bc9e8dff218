package check

import (
	"fmt"
	"strings"
	"time"
)

// outcome says whether the service follows one rule.
type outcome string

const (
	holds      outcome = "holds"
	tolerated  outcome = "tolerated" // it differs in a way that the provider accepts
	differs    outcome = "differs"
	notAllowed outcome = "not allowed"
	notThere   outcome = "not there"
	notShown   outcome = "not shown" // the answers do not show whether it holds
	noAnswer   outcome = "no answer"
)

// outcomes are all outcomes, in the order of a summary.
var outcomes = []outcome{holds, tolerated, differs, notAllowed, notThere, notShown, noAnswer}

// verdict is the result for one rule. Its texts contain no value from the service.
type verdict struct {
	outcome outcome
	sent    string
	want    string
	came    string // the answer, or why there is no result
	private string // only for the terminal, because it may contain host names
}

// fine reports whether the provider works with it.
func (v verdict) fine() bool { return v.outcome == holds || v.outcome == tolerated }

var itHolds = verdict{outcome: holds}

func unshown(format string, args ...any) verdict {
	return verdict{outcome: notShown, came: fmt.Sprintf(format, args...)}
}

// line is the verdict for one rule of one operation.
type line struct {
	operation string // such as "GET /v2/projects/{id}"
	rule      string
	verdict
}

// summary is the part of a report before its lines.
type summary struct {
	version string
	address string // without the host name, unless it is Traceloop's
	at      time.Time
	wrote   bool
	left    int // number of things that could not be removed
}

// report writes the verdicts in Markdown, for an issue. It contains no value from the service.
func report(s summary, lines []line) string {
	var b strings.Builder
	mode := "reads only"
	if s.wrote {
		mode = "with -write"
	}
	fmt.Fprintf(&b, "# Check of the service\n\ntraceloop-emulator check %s, %s, %s, %s\n\n",
		s.version, s.at.UTC().Format(time.DateOnly), s.address, mode)
	fmt.Fprintf(&b, "%s.", count(lines))
	if s.left > 0 {
		fmt.Fprintf(&b, " %d of the things that the check created could not be removed.", s.left)
	}
	b.WriteString("\n\n| Operation | Rule | Verdict |\n|---|---|---|\n")
	for _, l := range lines {
		verdict := string(l.outcome)
		if l.outcome == notShown {
			verdict += ": " + l.came
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", l.operation, l.rule, verdict)
	}
	fmt.Fprintf(&b, "\n%s\n", unchecked)
	details := false
	for _, l := range lines {
		if l.outcome == holds || l.outcome == notShown {
			continue
		}
		if !details {
			b.WriteString("\n## What does not hold as written\n")
			details = true
		}
		fmt.Fprintf(&b, "\n%s: `%s` %s\n\n", l.outcome, l.operation, l.rule)
		for _, part := range l.parts() {
			fmt.Fprintf(&b, "- %s `%s`\n", part[0], part[1])
		}
	}
	return b.String()
}

// parts returns the named parts of a verdict.
func (v verdict) parts() [][2]string {
	var parts [][2]string
	for _, part := range [][2]string{{"sent", v.sent}, {"expected", v.want}, {"came", v.came}} {
		if part[1] != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// count summarizes the verdicts, such as "60 hold, 2 differ".
func count(lines []line) string {
	n := map[outcome]int{}
	for _, l := range lines {
		n[l.outcome]++
	}
	var parts []string
	for _, o := range outcomes {
		if n[o] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[o], o))
		}
	}
	return strings.Join(parts, ", ")
}
