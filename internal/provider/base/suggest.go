package base

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"golang.org/x/text/unicode/norm"

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

// SuggestProject suggests the project that was probably meant, and lists the projects.
func (d *Data) SuggestProject(ctx context.Context, client *traceloop.Client, by, given string) string {
	var all []lookedUp
	for project, err := range client.ListProjects(ctx) {
		if err != nil {
			return "The data source traceloop_projects lists the projects."
		}
		all = append(all, lookedUp{project.ID, project.Name, project.Slug})
	}
	return suggest("project", by, given, all)
}

// SuggestEnvironment is SuggestProject for environments that were listed already.
func SuggestEnvironment(by, given string, environments []traceloop.Environment) string {
	all := make([]lookedUp, len(environments))
	for i, e := range environments {
		all[i] = lookedUp{e.ID, e.Name, e.Slug}
	}
	return suggest("environment", by, given, all)
}

// lookedUp is an object that a data source can look up.
type lookedUp struct{ id, name, slug string }

// suggest looks for an object whose id, name or slug is like what was given for one of these.
func suggest(kind, by, given string, all []lookedUp) string {
	var candidates []string
	listed := make([]string, 0, len(all))
	byText := map[string]lookedUp{}
	for _, o := range all {
		for _, text := range []string{o.id, o.name, o.slug} {
			text = norm.NFC.String(text) // SameName
			candidates = append(candidates, text)
			byText[text] = o
		}
		shown := o.slug
		if by == "id" {
			shown = o.id
		}
		if o.name != shown {
			shown += fmt.Sprintf(" (%q)", o.name)
		}
		listed = append(listed, shown)
	}
	meant, ok := byText[traceloop.Closest(norm.NFC.String(given), candidates)]
	if !ok {
		return listOf(kind, listed)
	}
	value := map[string]string{"id": meant.id, "name": meant.name, "slug": meant.slug}[by]
	return fmt.Sprintf("Did you mean %q, the %s of the %s %q? %s", value, by, kind, cmp.Or(meant.name, meant.id), listOf(kind, listed))
}

// DidYouMean suggests the one of several texts that was probably meant.
func DidYouMean(given string, among []string) string {
	if meant := traceloop.Closest(given, among); meant != "" {
		return fmt.Sprintf(" Did you mean %q?", meant)
	}
	return ""
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
