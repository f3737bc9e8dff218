package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/text/unicode/norm"
)

// sameName compares names in NFC, because Terraform converts every string to NFC. The service
// may store a name in NFD.
func sameName(a, b string) bool {
	return norm.NFC.String(a) == norm.NFC.String(b)
}

// selector is an argument that selects the object of a data source.
type selector struct {
	name  string
	value types.String
}

// selected returns the selector that the configuration sets.
func selected(selectors ...selector) (name, value string) {
	for _, s := range selectors {
		if !s.value.IsNull() {
			return s.name, s.value.ValueString()
		}
	}
	return "", ""
}
