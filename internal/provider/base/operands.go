package base

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// Operands holds the objects of a list to one rule: which arguments one has depends on another
// argument, such as the operator of a rule.
type Operands struct {
	Described

	Of      string            // the argument that decides
	Default string            // its value if it is null
	Takes   map[string]string // by its value, the argument that is needed, or ""
}

// ValidateObject refuses an argument that is missing, and one that is not taken.
func (o Operands) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	object := Element(req.ConfigValue.Attributes())
	if len(object) == 0 || object[o.Of].IsUnknown() {
		return
	}
	by := object.Text(o.Of)
	if object[o.Of].IsNull() {
		by = o.Default
	}
	needed, known := o.Takes[by]
	if !known {
		return // the argument's own validator reports it
	}
	for _, name := range slices.Compact(slices.Sorted(maps.Values(o.Takes))) {
		switch at := req.Path.AtName(name); {
		case name == "" || object[name].IsUnknown():
		case name == needed && object[name].IsNull():
			resp.Diagnostics.AddAttributeError(at, "Missing Value", fmt.Sprintf("%s has %s = %q, which needs %s. Set it, or change %s.", req.Path, o.Of, by, name, o.Of))
		case name != needed && !object[name].IsNull():
			resp.Diagnostics.AddAttributeError(at, "Unexpected Value", fmt.Sprintf("%s has %s = %q, which does not take %s. Remove it, or change %s.", req.Path, o.Of, by, name, o.Of))
		}
	}
}
