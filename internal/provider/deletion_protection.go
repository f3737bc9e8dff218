package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func deletionProtectionAttribute(object string) schema.BoolAttribute {
	return schema.BoolAttribute{
		MarkdownDescription: "While this is `true` in the state, a plan that would destroy or replace the " + object + " fails. To destroy the " + object + ", set `false` and apply first. " +
			"The value is stored only in the state; a change calls no API. Default: `true`.",
		Optional: true,
		Computed: true,
		Default:  booldefault.StaticBool(true),
	}
}

// isProtected reads the prior state, not the plan, so that switching protection off needs a
// separate apply.
func isProtected(state types.Bool) bool {
	return state.IsNull() || state.ValueBool()
}

func addProtected(diags *diag.Diagnostics, object, loss string) {
	diags.AddAttributeError(path.Root("deletion_protection"), "Deletion Protection Is On", fmt.Sprintf(
		"This would destroy the %s, which is irreversible: %s. Its deletion_protection is true in the state, so nothing was changed.\n\n"+
			"To delete it, take two steps:\n"+
			"  1. set deletion_protection = false in its resource block (put the block back if you removed it), with no other change, and apply;\n"+
			"  2. destroy it.\n\n"+
			"To keep it and stop managing it, use a removed block with lifecycle { destroy = false }. If it is marked as tainted, terraform untaint keeps it.",
		object, loss))
}

// change is an argument that forces a replacement.
type change struct{ argument, from, to string }

func newChange(argument string, from, to types.String) change {
	show := func(s types.String) string {
		switch {
		case s.IsNull():
			return "null"
		case s.IsUnknown():
			return "a value that is not known before apply"
		}
		return fmt.Sprintf("%q", s.ValueString())
	}
	return change{argument, show(from), show(to)}
}

func addReplacesProtected(diags *diag.Diagnostics, h holding, c change, planned types.Bool) {
	firstStep := "set deletion_protection = false in its resource block, with no other change, and apply"
	if !planned.IsUnknown() && !planned.ValueBool() {
		firstStep = "put the old value back and apply (deletion_protection = false is in the configuration already, but takes effect only after an apply)"
	}
	diags.AddAttributeError(path.Root("deletion_protection"), "Deletion Protection Is On", fmt.Sprintf(
		"This would replace the %s, because %s changes from %s to %s. That is irreversible: %s. Its deletion_protection is true in the state, so nothing was changed.\n\n"+
			"To keep it, put the old value back: %s = %s.\n\n"+
			"To replace it, take two steps:\n"+
			"  1. %s;\n"+
			"  2. change %s, and apply.",
		h.object.describe(), c.argument, c.from, c.to, h.loss, c.argument, c.from, firstStep, c.argument))
}

// refuseReplacing stops the second half of a forced replacement (-replace,
// replace_triggered_by). Terraform plans the first half as an update. In the second half it
// shows only errors, so this cannot warn.
func (d *providerData) refuseReplacing(ctx context.Context, diags *diag.Diagnostics, h holding) bool {
	if h.protected {
		diags.AddAttributeError(path.Root("deletion_protection"), "Deletion Protection Is On", fmt.Sprintf(
			"This plan was told to replace the %s (-replace, replace_triggered_by). That is irreversible: %s. Its deletion_protection is true in the state, so nothing was changed.\n\n"+
				"To replace it, take two steps:\n"+
				"  1. set deletion_protection = false in its resource block, with no other change, and apply;\n"+
				"  2. replace it.", h.object.describe(), h.loss))
		return true
	}
	if d.client == nil || h.keys == (holding{}).keys {
		return false
	}
	return !d.guardCascade(diags, h.object.describe(), d.client.ListAPIKeys(ctx, h.keys))
}
