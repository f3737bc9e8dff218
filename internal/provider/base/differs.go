package base

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
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
