package provider

import (
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/types"
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

// protectedSet holds the protected objects that the plan under way keeps.
//
// Terraform asks the provider to plan a forced replacement (-replace,
// replace_triggered_by) as an ordinary update, which keeps the object, and then as a
// creation; it never asks about the destroy in between. A creation of what is being
// kept is therefore a replacement, or a second object of the same name, which the
// service would refuse as well.
type protectedSet struct {
	mu   sync.Mutex
	kept map[string]bool
}

func (s *protectedSet) keep(object string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = map[string]bool{}
	}
	s.kept[object] = true
}

func (s *protectedSet) keeps(object string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[object]
}
