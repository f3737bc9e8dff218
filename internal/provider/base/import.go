package base

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// AddInvalidImportID lists every accepted form, each with an example.
func AddInvalidImportID(diags *diag.Diagnostics, object, id string, forms ...string) {
	diags.AddError("Invalid Import ID", fmt.Sprintf(
		"%q does not identify the %s to import. Use:\n\n  %s", id, object, strings.Join(forms, "\n  ")))
}
