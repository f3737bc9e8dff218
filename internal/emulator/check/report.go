package check

import (
	"fmt"
	"strings"
	"time"
)

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
	b.WriteString("\n\n| operation | rule | |\n|---|---|---|\n")
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
