package provider

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// addInvalidImportID lists every accepted form, each with an example.
func addInvalidImportID(diags *diag.Diagnostics, object, id string, forms ...string) {
	diags.AddError("Invalid Import ID", fmt.Sprintf(
		"%q does not identify the %s to import. Use:\n\n  %s", maskKeyIn(id), object, strings.Join(forms, "\n  ")))
}

// maskKeyIn masks what looks like a key, which a reader may give instead of an id.
func maskKeyIn(id string) string {
	before, key, found := strings.Cut(id, traceloop.KeyPrefix)
	if !found {
		return id
	}
	return before + traceloop.MaskKey(traceloop.KeyPrefix+key)
}

// importBlock returns a block to copy.
func importBlock(resourceType, label, id string) string {
	return fmt.Sprintf("import {\n  to = %s.%s\n  id = %q\n}", resourceType, label, id)
}
