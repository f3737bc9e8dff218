package environment

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// addForgotten warns that destroying a built-in environment only removes it from the state.
func addForgotten(diags *diag.Diagnostics, state resourceModel) {
	diags.AddWarning("Built-in Environment Is Not Deleted", fmt.Sprintf(
		"The %s is built in and cannot be deleted. Terraform removes it from the state and calls no API. The environment, its traces and its keys stay.", state.Describe()))
}

// addSlugConflict refuses two resources for one environment. "other" is the one in the state, if it is known.
func addSlugConflict(diags *diag.Diagnostics, plan model, other base.Holding) {
	by := "Another resource of this plan creates an environment with that slug."
	if other.Object != nil {
		by = fmt.Sprintf("The %s is in the state of another resource.", other.Object.Describe())
	}
	diags.AddAttributeError(path.Root("name"), "Two Resources for One Environment", fmt.Sprintf(
		"A slug is unique in its project. The slug of an organization-level environment is unique in all projects. This plan has two resources for %q. %s Nothing was changed. "+
			"Rename or remove one of them. If you moved the resource block to another address, use a moved block, which keeps the environment. "+
			"If one environment replaces another, destroy the old one first, in an apply of its own.", plan.place().Name, by))
}

// addEnvironmentExists names the environment that has the slug already, with a block to import
// or to read it. "taken" is nil if it is not known; "outcome" says what was changed.
func addEnvironmentExists(diags *diag.Diagnostics, plan model, taken *traceloop.Environment, outcome string) {
	slug := traceloop.Slug(plan.Name.ValueString())
	label := strings.ReplaceAll(slug, "-", "_")
	if label[0] <= '9' {
		label = "_" + label // a name in the Terraform language does not begin with a digit
	}
	projectID := plan.ProjectID.ValueString()
	if plan.ProjectID.IsUnknown() || projectID == "" {
		projectID = "<project id>"
	}
	read := fmt.Sprintf("data \"traceloop_environment\" %q {\n  project_id = %q\n  slug       = %q\n}", label, projectID, slug)
	adopt := "To manage it with this resource, import it, unless another resource manages it (write the address of this resource after \"to\"):\n\n"

	var why string
	switch {
	case taken == nil:
		why = fmt.Sprintf("The slug %q is taken. Choose another name, or read the existing environment:\n\n%s", slug, read)
	case taken.BuiltIn && plan.ProjectID.IsNull():
		why = fmt.Sprintf("The environment %q is built in: the organization has it from the start, and every project inherits it. "+
			"Remove this resource and use the slug, or choose another name. %s%s", slug, adopt, base.ImportBlock("traceloop_environment", label, slug))
	case taken.BuiltIn:
		why = fmt.Sprintf("The environment %q is built in: every project inherits it from the organization. Remove this resource and use the slug, or read it:\n\n%s",
			slug, read)
	case taken.Scope == traceloop.ScopeOrganization && !plan.ProjectID.IsNull():
		why = fmt.Sprintf("The project inherits an environment with the slug %q from the organization (%q), so it cannot have its own environment with that slug. Remove this resource and read the inherited one:\n\n%s",
			slug, taken.Name, read)
	case taken.Scope == traceloop.ScopeOrganization:
		why = fmt.Sprintf("The organization has an environment with the slug %q (%q). Choose another name, or adopt it. %s%s",
			slug, taken.Name, adopt, base.ImportBlock("traceloop_environment", label, slug))
	case plan.ProjectID.IsNull():
		why = fmt.Sprintf("The project %s has an environment of its own with the slug %q (%q), so there cannot be an organization-level one. Choose another name, or adopt it. %s%s",
			taken.ProjectID, slug, taken.Name, adopt, base.ImportBlock("traceloop_environment", label, taken.ProjectID+"/"+slug))
	default:
		why = fmt.Sprintf("The project has an environment with the slug %q (%q). Choose another name, or adopt it. %s%s",
			slug, taken.Name, adopt, base.ImportBlock("traceloop_environment", label, projectID+"/"+slug))
	}
	diags.AddAttributeError(path.Root("name"), "Environment Already Exists", outcome+" "+why)
}

// addEnvironmentImportError lists the accepted ids.
func addEnvironmentImportError(diags *diag.Diagnostics, id string) {
	projectID, slug, ok := strings.Cut(id, "/")
	if base.IDPattern.MatchString(projectID) && (!ok || base.SlugPattern.MatchString(slug)) {
		diags.AddError("Unable to Import Environment", fmt.Sprintf(
			"Traceloop has no environment %q. Use <project id>/<slug> for a project-level environment, <slug> for an organization-level one, or the id for either. "+
				"The data source traceloop_environments lists the environments, and traceloop_projects lists the projects.", base.MaskKeyIn(id)))
		return
	}
	base.AddInvalidImportID(diags, "environment", id,
		"<environment id>, such as cm9v2g95l0000qz8k5h3d7f1a",
		"<project id>/<slug>, such as cm9v2g95l0000qz8k5h3d7f1a/eu-production, for a project-level environment",
		"<slug>, such as staging, for an organization-level environment")
}
