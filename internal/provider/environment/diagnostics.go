package environment

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// addForgotten warns that destroying a built-in environment only removes it from the state.
func addForgotten(diags *diag.Diagnostics, state resourceModel) {
	diags.AddWarning("Built-in Environment Is Not Deleted", fmt.Sprintf(
		"The %s is built in and cannot be deleted. Terraform removes it from the state and calls no API. The environment, its traces and its keys stay.", state.Describe()))
}

const existsSummary = "Environment Already Exists"

// describeExisting names the environment that has the slug already, with a block to import or to read
// it. "taken" is nil if it is not known; "outcome" says what was changed.
func (r *managedResource) describeExisting(plan model, taken *traceloop.Environment, outcome string) string {
	slug := traceloop.Slug(plan.Name.ValueString())
	projectID := plan.ProjectID.ValueString()
	if taken != nil {
		slug = taken.Slug
	}
	label := base.Label(slug)
	read := fmt.Sprintf("data %s %s {\n  project_id = %s\n  slug       = %s\n}", base.Quote(typeName), base.Quote(label), base.Quote(projectID), base.Quote(slug))
	adopt := func(into, id string) string {
		if taken != nil && !base.SameName(taken.Name, plan.Name.ValueString()) {
			into += " with name = " + base.Quote(taken.Name) // another name would replace what is imported
		}
		return "import it into " + into + ", unless this configuration manages it. If the state has another one at that address, first use terraform state rm ADDRESS. Write the address of that resource after \"to\":\n\n" + base.ImportBlock(typeName, label, id)
	}

	var why string
	switch {
	case taken == nil && projectID == "":
		why = fmt.Sprintf("The slug %q is taken. Choose another name, or %s", slug, adopt("this resource", slug))
	case taken == nil:
		why = fmt.Sprintf("The slug %q is taken. Choose another name, or read the existing environment:\n\n%s", slug, read)
	case taken.BuiltIn && projectID == "":
		why = fmt.Sprintf("The environment %q is built in: the organization has it from the start, and every project inherits it. "+
			"Remove this resource and use the slug, or choose another name. Or %s", slug, adopt("this resource", slug))
	case taken.BuiltIn:
		why = fmt.Sprintf("The environment %q is built in: every project inherits it from the organization. Remove this resource and use the slug, or read it:\n\n%s",
			slug, read)
	case r.Ledger.Has(base.EnvironmentHandle(taken.ProjectID, taken.Slug)):
		why = fmt.Sprintf("An object of this configuration has the slug %q now: the %s. If that object is tainted, apply replaces it, unless it is protected. To keep it, use terraform untaint ADDRESS. If the plan destroys it, a second apply may be needed: the first one frees the slug. %s. Otherwise choose another name.",
			slug, newModel(*taken).Describe(), base.NotFirst)
	case taken.Scope == traceloop.ScopeOrganization && projectID != "":
		why = fmt.Sprintf("The project inherits an environment with the slug %q from the organization (%q), so it cannot have its own environment with that slug. Remove this resource and read the inherited one:\n\n%s",
			slug, taken.Name, read)
	case taken.Scope == traceloop.ScopeOrganization:
		why = fmt.Sprintf("The organization has an environment with the slug %q (%q). Choose another name. %s. Or %s", slug, taken.Name, base.NotFirst, adopt("this resource", slug))
	case projectID == "":
		why = fmt.Sprintf("The project %s has an environment of its own with the slug %q (%q), so there cannot be an organization-level one. Choose another name. Or %s",
			taken.ProjectID, slug, taken.Name, adopt("a resource with that project_id", taken.ProjectID+"/"+slug))
	default:
		why = fmt.Sprintf("The project has an environment with the slug %q (%q). Choose another name. %s. Or %s", slug, taken.Name, base.NotFirst, adopt("this resource", projectID+"/"+slug))
	}
	return outcome + " " + why
}

// addImportError lists the accepted ids.
func addImportError(ctx context.Context, client *traceloop.Client, id string, diags *diag.Diagnostics) {
	projectID, slug, ok := strings.Cut(id, "/")
	if base.IDPattern.MatchString(projectID) && (!ok || base.SlugPattern.MatchString(slug)) {
		if !ok {
			projectID, slug = "", id
		}
		suggestion := "The data source traceloop_environments lists the environments, and traceloop_projects lists the projects."
		if found, existing, err := find(ctx, client, projectID, "slug", slug); found == nil && err == nil {
			suggestion = base.SuggestEnvironment("slug", slug, existing)
		}
		diags.AddError("Unable to Import Environment", fmt.Sprintf(
			"Traceloop has no environment %q. Use <project id>/<slug> for a project-level environment, <slug> for an organization-level one, or the id for either. %s", id, suggestion))
		return
	}
	base.AddInvalidImportID(diags, "environment", id,
		"<environment id>, such as cm9v2g95l0000qz8k5h3d7f1a",
		"<project id>/<slug>, such as cm9v2g95l0000qz8k5h3d7f1a/eu-production, for a project-level environment",
		"<slug>, such as staging, for an organization-level environment")
}
