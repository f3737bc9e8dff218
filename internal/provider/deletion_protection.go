package provider

import (
	"context"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

func deletionProtectionAttribute(object string) schema.BoolAttribute {
	return schema.BoolAttribute{
		MarkdownDescription: "While this is `true` in the state, a plan that would destroy or replace the " + object + " fails. To destroy it, set `false`, apply, and only then destroy. " +
			"It is kept in the state alone: a change calls no API. Default: `true`.",
		Optional: true,
		Computed: true,
		Default:  booldefault.StaticBool(true),
	}
}

// isProtected reads the prior state, never the plan: switching protection off takes an
// apply of its own.
func isProtected(state types.Bool) bool {
	return state.IsNull() || state.ValueBool()
}

// addProtected refuses to destroy or replace an object.
func addProtected(diags *diag.Diagnostics, action, object, loss string) {
	diags.AddAttributeError(path.Root("deletion_protection"), "Deletion Protection Is On", fmt.Sprintf(
		"This would %s the %s, which is irreversible: %s. Its deletion_protection is true in the state, so nothing was changed.\n\n"+
			"If it has to go, take two steps:\n"+
			"  1. set deletion_protection = false in its resource block (put the block back if you removed it), with no other change, and apply;\n"+
			"  2. %s it.\n\n"+
			"If Terraform shall only stop managing it, use a removed block with lifecycle { destroy = false }. If it is marked as tainted, terraform untaint keeps it.",
		action, object, loss, action))
}

// keptSet holds the objects that the plan under way keeps.
//
// Terraform asks the provider to plan a forced replacement (-replace,
// replace_triggered_by) as an ordinary update, which keeps the object, and then as a
// creation; it never asks about the destroy in between. A creation of what is being
// kept is therefore a replacement, or a second object of the same name, which the
// service would refuse as well.
type keptSet struct {
	mu   sync.Mutex
	kept map[string]kept
}

// kept is an object that is lost should it be replaced.
type kept struct {
	object, loss string
	protected    bool
	keys         traceloop.APIKeyFilter // those that go with it
}

func (s *keptSet) keep(name string, object kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = map[string]kept{}
	}
	s.kept[name] = object
}

// planReplacing refuses to create what is kept and protected, or what would take the
// provider's own key with it. It reports whether the creation may go on. Of this half of
// a replacement core shows errors alone, so that there is no warning of what goes.
func (d *providerData) planReplacing(ctx context.Context, diags *diag.Diagnostics, name string) bool {
	d.kept.mu.Lock()
	object, ok := d.kept.kept[name]
	d.kept.mu.Unlock()
	switch {
	case !ok:
		return true
	case object.protected:
		addProtectedTwice(diags, object)
		return false
	}
	return d.client == nil || d.guardCascade(diags, object.object, d.client.ListAPIKeys(ctx, object.keys))
}

// addProtectedTwice refuses a creation in the place of a protected object.
func addProtectedTwice(diags *diag.Diagnostics, object kept) {
	diags.AddAttributeError(path.Root("deletion_protection"), "Deletion Protection Is On", fmt.Sprintf(
		"This plan creates in the place of the %s, which is in the state and protected. Nothing was changed.\n\n"+
			"If two resource blocks have the same name, rename or remove one of them.\n\n"+
			"If this plan is to replace the object (-replace, replace_triggered_by), that is irreversible: %s. If it has to be, take two steps:\n"+
			"  1. set deletion_protection = false in its resource block, with no other change, and apply;\n"+
			"  2. replace it.", object.object, object.loss))
}
