package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/text/unicode/norm"
)

// sameName compares as Terraform does, which turns every string of a configuration and of a
// provider into NFC. The service may hold a name in NFD, as some editors and file systems write it.
func sameName(a, b string) bool {
	return norm.NFC.String(a) == norm.NFC.String(b)
}

// selector is an argument that can tell a data source which object to read.
type selector struct {
	name  string
	value types.String
}

// selected returns the selector that the configuration gives.
func selected(selectors ...selector) (name, value string) {
	for _, s := range selectors {
		if !s.value.IsNull() {
			return s.name, s.value.ValueString()
		}
	}
	return "", ""
}
