package base

import (
	"cmp"
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
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

// Irreversible begins what a refusal says of a destruction that takes something along.
const Irreversible = "That is irreversible: "

// addProtected refuses what would happen to a protected object. consequence says what that means.
func addProtected(diags *diag.Diagnostics, would, consequence, advice, firstStep, secondStep string) {
	diags.AddAttributeError(path.Root("deletion_protection"), "Deletion Protection Is On", fmt.Sprintf(
		"%s. %s. Its deletion_protection is true in the state, so nothing was changed.%s\n\n"+
			"To go ahead, take two steps:\n"+
			"  1. %s;\n"+
			"  2. %s", would, consequence, advice, firstStep, sentence(secondStep)))
}

const protectionOff = "set deletion_protection = false in its resource block, with no other change, and apply"

// AddProtected refuses to destroy a protected object.
func AddProtected(diags *diag.Diagnostics, o Object, consequence string) {
	addProtected(diags, "This would destroy the "+o.Name, consequence, " If it is marked as tainted, terraform untaint ADDRESS keeps it.",
		protectionOff+" (put the block back if you removed it)",
		"destroy it.\n\nTo manage it at another address, use a moved block to that address, and no import block. "+StopManaging(o))
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

// addReplacesProtected refuses to replace a protected object.
func addReplacesProtected(diags *diag.Diagnostics, object, consequence string, c Change, planned types.Bool) {
	firstStep := protectionOff
	if !planned.IsUnknown() && !planned.ValueBool() {
		firstStep = "put the old value back and apply (deletion_protection = false is in the configuration already, but takes effect only after an apply)"
	}
	addProtected(diags, fmt.Sprintf("This would replace the %s, because %s changes from %s to %s", object, c.Argument, c.From, c.To), consequence,
		fmt.Sprintf("\n\nTo keep it, put the old value back: %s = %s.", c.Argument, c.From), firstStep, "change "+c.Argument+", and apply")
}

// RefuseForced refuses the second half of a forced replacement (-replace, replace_triggered_by) of a
// protected object, against the ledger, or of what holds the provider's own key: "keys" selects the keys that go
// along, if any do. There, Terraform shows only errors. Terraform plans the first half as an update. It returns
// what the plan replaces, or "".
func (d *Data) RefuseForced(ctx context.Context, note Note, token, consequence string, keys *traceloop.APIKeyFilter, diags *diag.Diagnostics) (replaced string, refused bool) {
	if note.Replaces == "" {
		return "", false
	}
	object, conflict := d.Ledger.Replace(note.Replaces, token)
	replaced = cmp.Or(object.Name, string(note.Replaces))
	switch {
	case note.Protected:
		addProtected(diags, "This plan was told to replace the "+replaced+" (-replace, replace_triggered_by)", consequence, "", protectionOff, "replace it")
	case conflict.Report(diags):
	case keys != nil && d.management.client != nil:
		d.GuardCascade(diags, replaced, d.management.client.ListAPIKeys(ctx, *keys))
	}
	return replaced, diags.HasError()
}
