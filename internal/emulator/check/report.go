package check

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
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

// verdict is the result for one rule of one operation. Its texts contain no value from the service.
type verdict struct {
	operation string // such as "GET /v2/projects/{id}"
	rule      string
	outcome   outcome
	sent      string
	want      string
	came      string // the answer, or why there is no result
	private   string // only for the terminal, because it may contain host names
}

// fine reports whether the provider works with it.
func (v verdict) fine() bool { return v.outcome == holds || v.outcome == tolerated }

func unshown(why string) verdict { return verdict{outcome: notShown, came: why} }

// String describes the verdict as terminal and report show it.
func (v verdict) String() string {
	return fmt.Sprintf("%-12s %s: %s\n", v.outcome, v.operation, v.rule) +
		detail("sent", v.sent) + detail("expected", v.want) + detail("came", v.came)
}

func detail(name, text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf("%13s%-9s %s\n", "", name, text)
}

// verdict describes an answer. A problem says more than the status and the shape of the body.
func (c *checker) verdict(a *answer, o outcome, problems ...string) verdict {
	v := verdict{outcome: o, sent: a.sent(), want: strconv.Itoa(a.want), came: strconv.Itoa(a.status)}
	if a.want >= 400 {
		v.want += ` {"error": "message"}`
	}
	switch {
	case len(a.data) == 0:
		v.came += " without a body"
	case a.value == nil:
		v.came += " without JSON"
	default:
		v.came += " " + c.shape(a.value)
	}
	if len(problems) > 0 {
		v.came += ": " + strings.Join(problems, "; ")
	}
	return v
}

// shape describes the field names of a JSON value, without its values. A name that is in no document could be
// a name or an id of the organization.
func (c *checker) shape(value any) string {
	switch v := value.(type) {
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			shown := "another name"
			if c.fields[name] {
				shown = name
			}
			parts = append(parts, strings.TrimSpace(shown+" "+c.shape(v[name])))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		if len(v) == 0 {
			return "[]"
		}
		return strings.TrimSpace(fmt.Sprintf("[%d × %s", len(v), c.shape(v[0]))) + "]"
	case nil:
		return "null"
	}
	return ""
}

// unchecked says which operations have no line.
const unchecked = "The creation of organizations and the creation and change of evaluators are not checked: no operation deletes them."

// report is the report in Markdown, for an issue. It contains no value from the service.
func (c *checker) report(heading string) string {
	var b strings.Builder
	address := "another address than " + traceloop.DefaultBaseURL // whose host name may be private
	if c.baseURL == traceloop.DefaultBaseURL {
		address = c.baseURL
	}
	fmt.Fprintf(&b, "# Check of the service\n\n%s, %s\n\n%s.", heading, address, c.summary())
	if len(c.left) > 0 {
		fmt.Fprintf(&b, " %d of the things that the check created could not be removed.", len(c.left))
	}
	b.WriteString("\n\n```text\n")
	for _, v := range c.verdicts {
		b.WriteString(v.String())
	}
	return b.String() + "```\n\n" + unchecked + "\n"
}

// summary counts the verdicts, such as "60 holds, 2 differs".
func (c *checker) summary() string {
	var parts []string
	for _, o := range outcomes {
		if c.count[o] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.count[o], o))
		}
	}
	return strings.Join(parts, ", ")
}

// exitStatus returns the exit status of the whole check.
func (c *checker) exitStatus(failed bool) int {
	switch {
	case len(c.left) > 0:
		return exitLeft
	case failed || c.count[noAnswer] > 0:
		return exitFailed
	case c.count[differs] > 0:
		return exitDiffers
	case c.count[notThere] > 0:
		return exitNotThere
	case c.count[notAllowed] > 0:
		return exitNotAllowed
	}
	return exitHolds
}
