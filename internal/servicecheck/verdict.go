package servicecheck

import "fmt"

// outcome is what the service does with one rule of the contract.
type outcome string

const (
	holds      outcome = "holds"
	differs    outcome = "differs"
	notAllowed outcome = "not allowed"
	notThere   outcome = "not there"
	notShown   outcome = "not shown" // nothing that could be read shows it
	noAnswer   outcome = "no answer"
)

// outcomes are all of them, in the order of a summary.
var outcomes = []outcome{holds, differs, notAllowed, notThere, notShown, noAnswer}

// verdict says what became of one rule, in the contract's terms: no text of it is a value
// that the service sent.
type verdict struct {
	outcome outcome
	sent    string
	want    string
	came    string // what came, or why nothing could be shown
	private string // for the terminal alone: it may name hosts
}

var itHolds = verdict{outcome: holds}

func unshown(format string, args ...any) verdict {
	return verdict{outcome: notShown, came: fmt.Sprintf(format, args...)}
}

// line is the verdict on one rule of one operation.
type line struct {
	operation string // such as "GET /v2/projects/{id}"
	rule      string
	verdict
}
