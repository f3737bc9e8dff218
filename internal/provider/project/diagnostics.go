package project

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// describeEnvironments names the environments that are deleted with a project, except built-in ones.
func (r *managedResource) describeEnvironments(ctx context.Context, projectID string) string {
	client := r.ManagementIfKnown()
	if client == nil {
		return ""
	}
	var names []string
	for environment, err := range client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}) {
		if err != nil {
			return "" // the warning about the keys says what is wrong
		}
		if environment.ProjectID == projectID && !environment.BuiltIn {
			names = append(names, fmt.Sprintf("%q", environment.Name))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "Its own environments are deleted too: " + strings.Join(names, ", ") + ". "
}

func (r *managedResource) addNameTaken(ctx context.Context, client *traceloop.Client, diags *diag.Diagnostics, summary, name, outcome string) {
	id := "<project id>"
	for project, err := range client.ListProjects(ctx) {
		if err == nil && project.Name == name {
			id = project.ID
			break
		}
	}
	addNameTaken(diags, summary, name, id, outcome)
}

// addNameTaken names the project that has the name, with a block to import it.
func addNameTaken(diags *diag.Diagnostics, summary, name, id, outcome string) {
	diags.AddAttributeError(path.Root("name"), summary, fmt.Sprintf(
		"A project named %q already exists. Project names are unique in the organization. %s Choose another name. Or import the existing project, unless another resource manages it (write the address of this resource after \"to\"):\n\n%s",
		name, outcome, base.ImportBlock("traceloop_project", "example", id)))
}

// addNameConflict refuses two resources for one project. "other" is the one in the state, if known.
func addNameConflict(diags *diag.Diagnostics, name string, other base.Holding) {
	by := "Another resource of this plan creates a project with that name."
	if other.Object != nil {
		by = fmt.Sprintf("The %s is in the state of another resource.", other.Object.Describe())
	}
	diags.AddAttributeError(path.Root("name"), "Two Resources for One Project", fmt.Sprintf(
		"Project names are unique in the organization, and this plan has two resources for %q. %s Nothing was changed. "+
			"Rename or remove one of them. If you moved the resource block to another address, use a moved block, which keeps the project.", name, by))
}
