package provider

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// addForgotten warns that a built-in environment leaves the state and nothing else.
func addForgotten(diags *diag.Diagnostics, state environmentResourceModel) {
	diags.AddWarning("Built-in Environment Is Only Forgotten", fmt.Sprintf(
		"The %s is built in and cannot be deleted. Terraform removes it from the state and calls no API: the environment, its traces and its keys stay.", state.describe()))
}

// addUnknownProject refuses a project id that the service does not know.
func addUnknownProject(diags *diag.Diagnostics, projectID string) {
	diags.AddAttributeError(path.Root("project_id"), "Unknown Project", fmt.Sprintf(
		"Traceloop has no project with the id %q; nothing was changed. Use the id of a traceloop_project resource or data source; the data source traceloop_projects lists them all. "+
			"If the project was deleted outside Terraform, plan again without -refresh=false.", projectID))
}

// addUnknownEnvironment refuses an environment that the project does not have.
func addUnknownEnvironment(diags *diag.Diagnostics, projectID, slug string, existing []string) {
	detail := fmt.Sprintf("The project %s has no environment with the slug %q; nothing was changed. %s\n\n", projectID, slug, listing(existing))
	if made := traceloop.Slug(slug); made != slug && slices.Contains(existing, made) {
		detail += fmt.Sprintf("Did you mean %q? ", made)
	}
	diags.AddAttributeError(path.Root("environment"), "Unknown Environment", detail+
		"If this configuration creates the environment, by whichever provider block, refer to it, as in environment = traceloop_environment.example.slug, so that it is created first.")
}

// listing says which environments there are.
func listing(slugs []string) string {
	if len(slugs) == 0 {
		return "There is none."
	}
	return "There are: " + strings.Join(slugs, ", ") + "."
}

// addEnvironmentExists says what holds the slug that the plan wants, and gives the
// block to adopt or to read it. "taken" is nil when that is not known.
func addEnvironmentExists(diags *diag.Diagnostics, plan environmentModel, taken *traceloop.Environment) {
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
	adopt := "To manage it here, import it, unless another resource does (write the address of this resource after \"to\"):\n\n"

	var why string
	switch {
	case taken == nil:
		why = fmt.Sprintf("The slug %q is taken; nothing was changed. Choose another name, or read what is there:\n\n%s", slug, read)
	case taken.BuiltIn && plan.ProjectID.IsNull():
		why = fmt.Sprintf("The environment %q is built in: every project has it from the start, so there cannot be an organization-level one. Nothing was changed. "+
			"Remove this resource and use the slug, or choose another name.", slug)
	case taken.BuiltIn:
		why = fmt.Sprintf("The environment %q is built in: every project has it from the start. Nothing was changed. Remove this resource and use the slug, or read it:\n\n%s\n\n%s%s",
			slug, read, adopt, importBlock("traceloop_environment", label, projectID+"/"+slug))
	case taken.Scope == traceloop.ScopeOrganization && !plan.ProjectID.IsNull():
		why = fmt.Sprintf("The project inherits an environment with the slug %q from the organization (%q), so it cannot have one of its own. Nothing was changed. Remove this resource and read the inherited one:\n\n%s",
			slug, taken.Name, read)
	case taken.Scope == traceloop.ScopeOrganization:
		why = fmt.Sprintf("The organization has an environment with the slug %q (%q). Nothing was changed. Choose another name, or adopt it. %s%s",
			slug, taken.Name, adopt, importBlock("traceloop_environment", label, slug))
	case plan.ProjectID.IsNull():
		why = fmt.Sprintf("The project %s has an environment of its own with the slug %q (%q), so there cannot be an organization-level one. Nothing was changed. Choose another name, or adopt it. %s%s",
			taken.ProjectID, slug, taken.Name, adopt, importBlock("traceloop_environment", label, taken.ProjectID+"/"+slug))
	default:
		why = fmt.Sprintf("The project has an environment with the slug %q (%q). Nothing was changed. Choose another name, or adopt it. %s%s",
			slug, taken.Name, adopt, importBlock("traceloop_environment", label, projectID+"/"+slug))
	}
	diags.AddAttributeError(path.Root("name"), "Environment Already Exists", why)
}

// addEnvironmentImportError lists the accepted ids. A built-in environment named
// without its project is the likeliest mistake.
func addEnvironmentImportError(diags *diag.Diagnostics, id string) {
	if slices.Contains(builtInSlugs, id) {
		diags.AddError("Unable to Import Environment", fmt.Sprintf(
			"Every project has its own built-in environment %q. Name the project too: <project id>/%s.", id, id))
		return
	}
	projectID, slug, ok := strings.Cut(id, "/")
	if idPattern.MatchString(projectID) && (!ok || slugPattern.MatchString(slug)) {
		diags.AddError("Unable to Import Environment", fmt.Sprintf(
			"Traceloop has no environment %q. For one that a project owns, give <project id>/<slug>; for an organization-level one, <slug>; for either, its id. "+
				"The data source traceloop_environments lists them, and traceloop_projects the projects.", shownID(id)))
		return
	}
	addInvalidImportID(diags, "environment", id,
		"<environment id>, such as cm9v2g95l0000qz8k5h3d7f1a",
		"<project id>/<slug>, such as cm9v2g95l0000qz8k5h3d7f1a/eu-production, for one that the project owns",
		"<slug>, such as staging, for an organization-level one")
}
