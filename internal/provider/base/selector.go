package base

import (
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/text/unicode/norm"
)

// SameName compares names in NFC, because Terraform converts every string to NFC. The service
// may store a name in NFD.
func SameName(a, b string) bool {
	return norm.NFC.String(a) == norm.NFC.String(b)
}

// Selector is an argument that selects the object of a data source.
type Selector struct {
	Name  string
	Value types.String
}

// Selected returns the selector that the configuration sets.
func Selected(selectors ...Selector) (name, value string) {
	for _, s := range selectors {
		if !s.Value.IsNull() {
			return s.Name, s.Value.ValueString()
		}
	}
	return "", ""
}
