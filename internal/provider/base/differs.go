package base

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// AddDiffers warns that the answer of a write is not what was requested. The state holds what was
// requested: Terraform takes anything else as a bug, and replaces the object on every apply.
func AddDiffers(diags *diag.Diagnostics, object string, differences ...string) {
	diags.AddWarning("Answer Differs From the Request", fmt.Sprintf(
		"Traceloop wrote the %s, but its answer differs from the request:\n\n  - %s\n\nThe state has what was requested. The next plan reads the object again. If it then shows a change, look at the object in the Traceloop dashboard.",
		object, strings.Join(differences, "\n  - ")))
}

// Difference names an argument whose value in the answer is another one.
func Difference(argument string, requested, answered fmt.Stringer) string {
	return fmt.Sprintf("%s: %s; the answer has %s", argument, requested, answered)
}

// TextOr returns a text of an answer, or what was there before if the answer leaves it out.
func TextOr(answer string, before types.String) types.String {
	if answer == "" {
		return before
	}
	return types.StringValue(answer)
}

// TimeOr is TextOr for a time.
func TimeOr(answer time.Time, before types.String) types.String {
	if answer.IsZero() {
		return before
	}
	return Timestamp(answer)
}
