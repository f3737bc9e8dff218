package check

import (
	"fmt"
	"strings"
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

func unshown(why string) verdict { return verdict{outcome: notShown, came: why} }

// line is the verdict for one rule of one operation.
type line struct {
	operation string // such as "GET /v2/projects/{id}"
	rule      string
	verdict
}

// String describes the verdict as terminal and report show it.
func (l line) String() string {
	return fmt.Sprintf("%-12s %s: %s\n", l.outcome, l.operation, l.rule) +
		detail("sent", l.sent) + detail("expected", l.want) + detail("came", l.came)
}

func detail(name, text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf("%13s%-9s %s\n", "", name, text)
}

// unchecked says which operations have no line.
const unchecked = "The creation of organizations and the creation and change of evaluators are not checked: no operation deletes them."

// report is the report in Markdown, for an issue. It contains no value from the service.
func (c *checker) report(heading string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Check of the service\n\n%s\n\n%s.", heading, count(c.lines))
	if len(c.left) > 0 {
		fmt.Fprintf(&b, " %d of the things that the check created could not be removed.", len(c.left))
	}
	b.WriteString("\n\n```text\n")
	for _, l := range c.lines {
		b.WriteString(l.String())
	}
	return b.String() + "```\n\n" + unchecked + "\n"
}

// count summarizes the verdicts, such as "60 holds, 2 differs".
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
