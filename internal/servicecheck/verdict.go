package servicecheck

import "fmt"

// outcome says whether the service follows one rule of the contract.
type outcome string

const (
	holds      outcome = "holds"
	differs    outcome = "differs"
	notAllowed outcome = "not allowed"
	notThere   outcome = "not there"
	notShown   outcome = "not shown" // the answers do not show whether it holds
	noAnswer   outcome = "no answer"
)

// outcomes are all outcomes, in the order of a summary.
var outcomes = []outcome{holds, differs, notAllowed, notThere, notShown, noAnswer}

// verdict is the result for one rule. Its texts contain no value from the service.
type verdict struct {
	outcome outcome
	sent    string
	want    string
	came    string // the answer, or why there is no result
	private string // only for the terminal, because it may contain host names
}

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
