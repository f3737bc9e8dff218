package base

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// AddUnknownProject refuses a project id that the service does not know.
func (d *Data) AddUnknownProject(ctx context.Context, client *traceloop.Client, projectID string, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("project_id"), UnknownProjectSummary, d.UnknownProject(ctx, client, projectID))
}

// UnknownProjectSummary is the summary of AddUnknownProject.
const UnknownProjectSummary = "Unknown Project"

// UnknownProject is the detail of AddUnknownProject.
func (d *Data) UnknownProject(ctx context.Context, client *traceloop.Client, projectID string) string {
	return fmt.Sprintf("Traceloop has no project with the id %q. %s Use the id of a traceloop_project resource or data source.",
		projectID, d.SuggestProject(ctx, client, "id", projectID))
}

// SuggestProject suggests a project with a similar id, name or slug, or lists all projects.
func (d *Data) SuggestProject(ctx context.Context, client *traceloop.Client, by, given string) string {
	var all []string
	for project, err := range client.ListProjects(ctx) {
		if err != nil {
			return "The data source traceloop_projects lists the projects."
		}
		meant := map[string]string{"id": project.ID, "name": project.Name, "slug": project.Slug}
		if SameName(project.Name, given) || strings.EqualFold(project.Name, given) || strings.EqualFold(project.Slug, given) || project.ID == given {
			return fmt.Sprintf("Did you mean %q, the %s of the project %q?", meant[by], by, project.Name)
		}
		all = append(all, fmt.Sprintf("%s (%q)", project.ID, project.Name))
	}
	return listOf("project", all)
}

// SlugList lists the environments that there are.
func SlugList(slugs []string) string {
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
