package check

import (
	"fmt"
	"strconv"
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

func unshown(format string, args ...any) verdict {
	return verdict{outcome: notShown, came: fmt.Sprintf(format, args...)}
}

// line is the verdict for one rule of one operation.
type line struct {
	operation string // such as "GET /v2/projects/{id}"
	rule      string
	verdict
}

// verdict describes the answer. A problem says more than the status and the shape of the body.
func (a *answer) verdict(o outcome, problems ...string) verdict {
	want := strconv.Itoa(a.call.want)
	if a.call.want >= 400 {
		want += ` {"error": "message"}`
	}
	came := a.describe()
	if said := strings.Join(problems, "; "); said != "" {
		came += ": " + said
	}
	return verdict{outcome: o, sent: a.call.sent(), want: want, came: came}
}
