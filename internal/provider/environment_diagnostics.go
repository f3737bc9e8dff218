package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// addForgotten warns that destroying a built-in environment only removes it from the state.
func addForgotten(diags *diag.Diagnostics, state environmentResourceModel) {
	diags.AddWarning("Built-in Environment Is Not Deleted", fmt.Sprintf(
		"The %s is built in and cannot be deleted. Terraform removes it from the state and calls no API. The environment, its traces and its keys stay.", state.describe()))
}

// addProtectedInside refuses to destroy a project under a protected environment.
func addProtectedInside(diags *diag.Diagnostics, project string, environment holding) {
	diags.AddError("Deletion Protection Is On", fmt.Sprintf(
		"This plan destroys the %s. That also destroys the %s, which this configuration keeps: %s. The deletion_protection of the environment is true in the state, so nothing was changed.\n\n"+
			"To keep both, put the resource block of the project back, or use a removed block with lifecycle { destroy = false } for it.\n\n"+
			"To delete both, take two steps:\n"+
			"  1. keep the block of the project, set deletion_protection = false for the environment, and apply;\n"+
			"  2. remove both blocks and apply.",
		project, environment.object.describe(), environment.loss))
}

// addSlugConflict refuses two resources for one environment. "other" is the one in the state, if it is known.
func addSlugConflict(diags *diag.Diagnostics, plan environmentModel, other holding) {
	by := "Another resource of this plan creates an environment with that slug."
	if other.object != nil {
		by = fmt.Sprintf("The %s is in the state of another resource.", other.object.describe())
	}
	diags.AddAttributeError(path.Root("name"), "Two Resources for One Environment", fmt.Sprintf(
		"A slug is unique in its project. The slug of an organization-level environment is unique in all projects. This plan has two resources for %q. %s Nothing was changed. "+
			"Rename or remove one of them. If you moved the resource block to another address, use a moved block, which keeps the environment. "+
			"If one environment replaces another, destroy the old one first, in an apply of its own.", plan.place().name, by))
}

// addUnknownProject refuses a project id that the service does not know.
func (d *providerData) addUnknownProject(ctx context.Context, projectID string, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("project_id"), "Unknown Project", fmt.Sprintf(
		"Traceloop has no project with the id %q. %s Use the id of a traceloop_project resource or data source. If the project was deleted outside Terraform, plan again without -refresh=false.",
		projectID, d.suggestProject(ctx, "id", projectID)))
}

// suggestProject suggests a project with a similar id, name or slug, or lists all projects.
func (d *providerData) suggestProject(ctx context.Context, by, given string) string {
	var all []string
	for project, err := range d.client.ListProjects(ctx) {
		if err != nil {
			return "The data source traceloop_projects lists the projects."
		}
		meant := map[string]string{"id": project.ID, "name": project.Name, "slug": project.Slug}
		if sameName(project.Name, given) || strings.EqualFold(project.Name, given) || strings.EqualFold(project.Slug, given) || project.ID == given {
			return fmt.Sprintf("Did you mean %q, the %s of the project %q?", meant[by], by, project.Name)
		}
		all = append(all, fmt.Sprintf("%s (%q)", project.ID, project.Name))
	}
	return listOf("project", all)
}

// addUnknownEnvironment refuses an environment that the project does not have.
func addUnknownEnvironment(projectID, slug string, existing []string, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("environment"), "Unknown Environment", fmt.Sprintf(
		"The project %s has no environment with the slug %q. %s\n\n"+
			"If this configuration creates the environment, with this or another provider block, refer to it, so that Terraform creates it first: environment = traceloop_environment.example.slug.",
		projectID, slug, slugList(existing)))
}

func slugList(slugs []string) string {
	return listOf("environment", slugs)
}

// maxListed limits how many objects a diagnostic lists.
const maxListed = 20

func listOf(object string, all []string) string {
	if len(all) == 0 {
		return "There is no " + object + "."
	}
	more := ""
	if len(all) > maxListed {
		all, more = all[:maxListed], fmt.Sprintf(" and %d more", len(all)-maxListed)
	}
	return "There are: " + strings.Join(all, ", ") + more + "."
}

// addEnvironmentExists names the environment that has the slug already, with a block to import
// or to read it. "taken" is nil if it is not known; "outcome" says what was changed.
func addEnvironmentExists(diags *diag.Diagnostics, plan environmentModel, taken *traceloop.Environment, outcome string) {
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
		why = fmt.Sprintf("The environment %q is built in: every project has it from the start, so there cannot be an organization-level one. "+
			"Remove this resource and use the slug, or choose another name.", slug)
	case taken.BuiltIn:
		why = fmt.Sprintf("The environment %q is built in: every project has it from the start. Remove this resource and use the slug, or read it:\n\n%s\n\n%s%s",
			slug, read, adopt, importBlock("traceloop_environment", label, projectID+"/"+slug))
	case taken.Scope == traceloop.ScopeOrganization && !plan.ProjectID.IsNull():
		why = fmt.Sprintf("The project inherits an environment with the slug %q from the organization (%q), so it cannot have its own environment with that slug. Remove this resource and read the inherited one:\n\n%s",
			slug, taken.Name, read)
	case taken.Scope == traceloop.ScopeOrganization:
		why = fmt.Sprintf("The organization has an environment with the slug %q (%q). Choose another name, or adopt it. %s%s",
			slug, taken.Name, adopt, importBlock("traceloop_environment", label, slug))
	case plan.ProjectID.IsNull():
		why = fmt.Sprintf("The project %s has an environment of its own with the slug %q (%q), so there cannot be an organization-level one. Choose another name, or adopt it. %s%s",
			taken.ProjectID, slug, taken.Name, adopt, importBlock("traceloop_environment", label, taken.ProjectID+"/"+slug))
	default:
		why = fmt.Sprintf("The project has an environment with the slug %q (%q). Choose another name, or adopt it. %s%s",
			slug, taken.Name, adopt, importBlock("traceloop_environment", label, projectID+"/"+slug))
	}
	diags.AddAttributeError(path.Root("name"), "Environment Already Exists", outcome+" "+why)
}

// addEnvironmentImportError lists the accepted ids. The likeliest mistake is the slug of a
// built-in environment without its project.
func addEnvironmentImportError(diags *diag.Diagnostics, id string) {
	if slices.Contains(builtInSlugs, id) {
		diags.AddError("Unable to Import Environment", fmt.Sprintf(
			"Every project has its own built-in environment %q. Add the project: <project id>/%s.", id, id))
		return
	}
	projectID, slug, ok := strings.Cut(id, "/")
	if idPattern.MatchString(projectID) && (!ok || slugPattern.MatchString(slug)) {
		diags.AddError("Unable to Import Environment", fmt.Sprintf(
			"Traceloop has no environment %q. Use <project id>/<slug> for a project-level environment, <slug> for an organization-level one, or the id for either. "+
				"The data source traceloop_environments lists the environments, and traceloop_projects lists the projects.", maskKeyIn(id)))
		return
	}
	addInvalidImportID(diags, "environment", id,
		"<environment id>, such as cm9v2g95l0000qz8k5h3d7f1a",
		"<project id>/<slug>, such as cm9v2g95l0000qz8k5h3d7f1a/eu-production, for a project-level environment",
		"<slug>, such as staging, for an organization-level environment")
}
