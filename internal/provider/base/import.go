package base

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// AddInvalidImportID lists every accepted form, each with an example.
func AddInvalidImportID(diags *diag.Diagnostics, object, id string, forms ...string) {
	diags.AddError("Invalid Import ID", fmt.Sprintf(
		"%q does not identify the %s to import. Use:\n\n  %s", MaskKeyIn(id), object, strings.Join(forms, "\n  ")))
}

// MaskKeyIn masks what looks like a key, which a reader may give instead of an id.
func MaskKeyIn(id string) string {
	before, key, found := strings.Cut(id, traceloop.KeyPrefix)
	if !found {
		return id
	}
	return before + traceloop.MaskKey(traceloop.KeyPrefix+key)
}
