// Package titles holds every form in which a title is written. The test of the guide
// "Troubleshooting" finds all of them.
package titles

import (
	"os"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

const constant = "A Constant"

func calls(diags *diag.Diagnostics) {
	diags.AddError("A Literal", "detail")
	diags.AddWarning(constant, "detail")
	diags.AddAttributeError(path.Root("id"), "In "+"Parts", "detail")
	diags.Append(diag.NewErrorDiagnostic("A Function", "detail"), diag.NewAttributeWarningDiagnostic(path.Root("id"), "An Attribute", "detail"))

	kindNotFound(diags, "A Project")
	kindNotFound(diags, "A Key")
	outer(diags, "Passed On Twice")

	title := "A Variable"
	if len(*diags) > 1 {
		title = "Another Value"
	}
	diags.AddError(title, "detail")

	for _, d := range *diags {
		diags.AddError(d.Summary(), "the title of another diagnostic")
	}

	r := rule{title: "A Field"}
	r.title = "A Field That Is Set"
	diags.AddError(r.title, rule{"A Field by Position", "detail"}.detail)
	generic("", func(string) int { return 0 }).add(diags)
}

func kindNotFound(diags *diag.Diagnostics, kind string) {
	diags.AddWarning(kind+" Was Not Found", "detail")
}

func outer(diags *diag.Diagnostics, title string) { inner(diags, title) }

func inner(diags *diag.Diagnostics, title string) { diags.AddError(title, "detail") }

type rule struct{ title, detail string }

func (r rule) add(diags *diag.Diagnostics) { diags.AddError(r.title, r.detail) }

func generic[T any](s string, parse func(string) T) rule {
	_ = parse(s)
	return rule{title: "A Generic Function"}
}

type other struct{ title string }

var _ = other{title: "No Title of a Diagnostic"}

func unreadable(diags *diag.Diagnostics) { diags.AddError(os.Getenv("TITLE"), "detail") }
