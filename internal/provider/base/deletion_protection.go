package base

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// DeletionProtectionAttribute is the same for every object that can be protected.
func DeletionProtectionAttribute(object string) schema.BoolAttribute {
	return schema.BoolAttribute{
		MarkdownDescription: "While this is `true` in the state, a plan that would destroy or replace the " + object + " fails. To destroy the " + object + ", set `false` and apply first. " +
			"The value is stored only in the state; a change calls no API. Default: `true`.",
		Optional: true,
		Computed: true,
		Default:  booldefault.StaticBool(true),
	}
}

// IsProtected reads the prior state, not the plan, so that switching protection off needs a
// separate apply.
func IsProtected(state types.Bool) bool {
	return state.IsNull() || state.ValueBool()
}

const protectionSummary = "Deletion Protection Is On"

// AddProtected refuses to destroy a protected object.
func AddProtected(diags *diag.Diagnostics, o Object, loss string) {
	diags.AddAttributeError(path.Root("deletion_protection"), protectionSummary, fmt.Sprintf(
		"This would destroy the %s, which is irreversible: %s. Its deletion_protection is true in the state, so nothing was changed. If it is marked as tainted, terraform untaint ADDRESS keeps it.\n\n"+
			"To destroy it, take two steps:\n"+
			"  1. set deletion_protection = false in its resource block (put the block back if you removed it), with no other change, and apply;\n"+
			"  2. run terraform destroy, or remove its resource block and apply.\n\n"+
			"To manage it at another address, use a moved block to that address, and no import block. %s",
		o.Name, loss, StopManaging(o.Type)))
}

// Change is an argument that forces a replacement.
type Change struct{ Argument, From, To string }

// NewChange describes both values as the configuration shows them.
func NewChange(argument string, from, to types.String) Change {
	show := func(s types.String) string {
		switch {
		case s.IsNull():
			return "null"
		case s.IsUnknown():
			return "a value that is not known before apply"
		}
		return Quote(s.ValueString())
	}
	return Change{argument, show(from), show(to)}
}

// AddReplacesProtected refuses to replace a protected object.
func AddReplacesProtected(diags *diag.Diagnostics, object, loss string, c Change, planned types.Bool) {
	firstStep := "set deletion_protection = false in its resource block, with no other change, and apply"
	if !planned.IsUnknown() && !planned.ValueBool() {
		firstStep = "put the old value back and apply (deletion_protection = false is in the configuration already, but takes effect only after an apply)"
	}
	diags.AddAttributeError(path.Root("deletion_protection"), protectionSummary, fmt.Sprintf(
		"This would replace the %s, because %s changes from %s to %s. That is irreversible: %s. Its deletion_protection is true in the state, so nothing was changed.\n\n"+
			"To keep it, put the old value back: %s = %s.\n\n"+
			"To replace it, take two steps:\n"+
			"  1. %s;\n"+
			"  2. change %s, and apply.",
		object, c.Argument, c.From, c.To, loss, c.Argument, c.From, firstStep, c.Argument))
}

// AddForcedProtected refuses the second half of a forced replacement (-replace,
// replace_triggered_by). Terraform plans the first half as an update.
func AddForcedProtected(diags *diag.Diagnostics, object, loss string) {
	diags.AddAttributeError(path.Root("deletion_protection"), protectionSummary, fmt.Sprintf(
		"This plan was told to replace the %s (-replace, replace_triggered_by). That is irreversible: %s. Its deletion_protection is true in the state, so nothing was changed.\n\n"+
			"To replace it, take two steps:\n"+
			"  1. set deletion_protection = false in its resource block, with no other change, and apply;\n"+
			"  2. replace it.", object, loss))
}
