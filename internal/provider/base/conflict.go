package base

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// RefreshHint ends a refusal that may stop a destroy: before a destroy, Terraform plans the
// configuration as usual, and an error in that plan ends the command.
const RefreshHint = "If this stops a terraform destroy, add -refresh=false."

// NotFirst is advice on a place that is taken: perhaps by the object that a replacement is to destroy.
const NotFirst = "If this resource, or one that refers to it, has lifecycle { create_before_destroy = true }, remove that"

// conflicting describes the resource types for the messages about conflicts.
var conflicting = map[string]struct {
	noun      string
	attribute string // where the message is anchored
	rule      string
	warns     bool // where nothing is replaced, a place that is taken strands nothing: apply refuses the creation
}{
	"traceloop_project":            {"Project", "name", "Project names are unique in the organization.", true},
	"traceloop_environment":        {"Environment", "name", "A slug is unique in its project, and that of an organization-level environment in all projects.", true},
	"traceloop_api_key":            {"API Key", "environment", "Each environment of a project holds one key.", false},
	"traceloop_auto_monitor_setup": {"Auto Monitor Setup", "external_id", "An external id is unique in its project.", true},
	"traceloop_evaluator":          {"Evaluator", "slug", "A slug is unique in the organization, and Traceloop makes it from the name if none is set.", true},
	"traceloop_organization":       {"Organization", "name", "Traceloop has no operation that deletes an organization.", false},
}

// Report adds the message of a conflict. It reports whether the plan has to stop.
func (c *Conflict) Report(diags *diag.Diagnostics) bool {
	if c == nil {
		return false
	}
	kind := conflicting[c.Type]
	at := path.Root(kind.attribute)
	summary := "Two Resources for One " + kind.noun
	warns := kind.warns && !c.Strands
	search := "A block shown here may be the older one. To find the other one, search the configuration for " + c.Type + "."
	moved := "If you moved the resource block to another address, use a moved block, which keeps the object. Write both addresses into it"
	switch c.Reason {
	case SecondAddress:
		forget := "Let Terraform forget one address: terraform state rm ADDRESS. For an address that is not an instance of count or for_each, this block does the same, in the place of its resource block:\n\n" +
			RemovedBlock(c.Type, "example")
		switch {
		case c.Warning:
			diags.AddAttributeWarning(at, summary, fmt.Sprintf(
				"The state has the %s at two addresses. While both stay, nothing is lost. Destroying one of them would destroy the object for the other too, so a plan that does is refused. %s", c.This, forget))
			return false
		case c.InState:
			diags.AddAttributeError(at, summary, fmt.Sprintf(
				"The state has the %s at two addresses, and this plan destroys it at one of them. That would destroy it for the other too. Nothing was changed. %s %s %s", c.This, search, RefreshHint, forget))
		default:
			diags.AddAttributeError(at, summary, fmt.Sprintf(
				"This plan has the %s at two addresses. Destroying it at one address would destroy it for the other too. Nothing was changed. Keep one of the two addresses. %s "+
					"To let Terraform forget an address, use terraform state rm ADDRESS. %s %s, and remove the import block:\n\n%s", c.This, search, RefreshHint, moved, MovedBlock(c.Type)))
		}
	case DestroyedUnderIt:
		addDestroyedWithIt(diags, at, c.Other, c.This)
	case KeptInside:
		addDestroyedWithIt(diags, at, c.This, c.Other)
	case PlaceLeaving:
		revoke := ""
		if c.Type == "traceloop_api_key" {
			revoke = "  - To revoke the old key, set replace_existing = true in the new resource. If keys exchange their environments, set it in all of them.\n"
		}
		diags.AddAttributeError(at, summary, fmt.Sprintf(
			"This plan creates the %s, and destroys the %s under another address. %s Terraform may try to create the new one first, and that fails. Nothing was changed. Choose one:\n\n"+
				"%s  - To replace it, destroy the old one in an apply of its own (-target), then create the new one.\n"+
				"  - %s\n\n%s:\n\n%s", c.This, c.Other, kind.rule, revoke, RefreshHint, moved, MovedBlock(c.Type)))
	case PlaceKept:
		add(diags, warns, at, summary, fmt.Sprintf(
			"This plan creates the %s. Another resource of this configuration has the %s. %s %s Remove one of the two resources, or change one of them. %s %s:\n\n%s",
			c.This, c.Other, kind.rule, outcome(warns), search, moved, MovedBlock(c.Type)))
	case PlaceCreatedTwice:
		add(diags, warns, at, summary, fmt.Sprintf(
			"This plan creates the %s. Another resource of this plan creates the %s. %s %s Remove one of the two, or change one of them. %s", c.This, c.Other, kind.rule, outcome(warns), search))
	}
	return diags.HasError()
}

func outcome(warns bool) string {
	if warns {
		return "Apply will refuse this one."
	}
	return "Nothing was changed. " + RefreshHint
}

func add(diags *diag.Diagnostics, warns bool, at path.Path, summary, detail string) {
	if warns {
		diags.AddAttributeWarning(at, summary, detail)
		return
	}
	diags.AddAttributeError(at, summary, detail)
}

func addDestroyedWithIt(diags *diag.Diagnostics, at path.Path, destroyed, kept string) {
	diags.AddAttributeError(at, "Destroying Takes Along What Is Kept", fmt.Sprintf(
		"This plan destroys the %[1]s. That also destroys the %[2]s, which this plan keeps or creates. Nothing was changed. Choose one:\n\n"+
			"  - To keep both, put the resource block of the %[1]s back as it was. If it is tainted, terraform untaint ADDRESS keeps it.\n"+
			"  - To destroy both, remove both resource blocks.\n"+
			"  - To replace both, let the second refer to the first, such as environment = traceloop_environment.example.slug, in the place of a literal value.\n"+
			"  - %[3]s", destroyed, kept, RefreshHint))
}
