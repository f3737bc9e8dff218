package project

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

func attributes() map[string]schema.Attribute {
	return base.AttributesOf(NewResource(), "id", "name", "slug", "created_at")
}

// NewDataSource returns the data source traceloop_project.
func NewDataSource() datasource.DataSource {
	attributes := attributes()
	base.Selecting(attributes, "id", base.IDValidator, "")
	base.Selecting(attributes, "name", base.NameValidator, base.LookedUpByName)
	base.Selecting(attributes, "slug", base.SlugValidatorOf("a project", "orders"), "")
	return base.NewDataSource("project", schema.Schema{
		MarkdownDescription: "Reads one project, by exactly one of `id`, `name` and `slug`. A missing project is an error.",
		Attributes:          attributes,
	}, readProject, datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("name"), path.MatchRoot("slug")))
}

func readProject(ctx context.Context, d *base.Data, into *model, diags *diag.Diagnostics) {
	client, ok := d.Management(diags)
	if !ok {
		return
	}
	by, wanted := base.Selected(base.Selector{Name: "id", Value: into.ID}, base.Selector{Name: "name", Value: into.Name}, base.Selector{Name: "slug", Value: into.Slug})
	project, err := find(ctx, client, by, wanted)
	if traceloop.IsNotFound(err) || err == nil && project == nil {
		diags.AddAttributeError(path.Root(by), "Project Not Found",
			fmt.Sprintf("Traceloop has no project with the %s %q. %s", by, wanted, d.SuggestProject(ctx, client, by, wanted)))
		return
	}
	if err != nil {
		diags.AddError("Unable to Read Project", d.Failure(fmt.Sprintf("find the project with the %s %q", by, wanted), err))
		return
	}
	*into = newModel(*project)
}

// find returns nil if no project has the name or slug.
func find(ctx context.Context, client *traceloop.Client, by, wanted string) (*traceloop.Project, error) {
	if by == "id" {
		return client.GetProject(ctx, wanted)
	}
	project, _, err := base.LookUp(client.ListProjects(ctx), by, wanted, func(p traceloop.Project) (name, slug string) { return p.Name, p.Slug })
	return project, err
}

type pluralModel struct {
	Projects []model `tfsdk:"projects"`
}

// NewPluralDataSource returns the data source traceloop_projects.
func NewPluralDataSource() datasource.DataSource {
	return base.NewDataSource("projects", schema.Schema{
		MarkdownDescription: "Lists the projects of the organization, oldest first.",
		Attributes:          map[string]schema.Attribute{"projects": base.Listing("The projects.", attributes())},
	}, readProjects)
}

func readProjects(ctx context.Context, d *base.Data, into *pluralModel, diags *diag.Diagnostics) {
	client, ok := d.Management(diags)
	if !ok {
		return
	}
	into.Projects = []model{}
	for project, err := range client.ListProjects(ctx) {
		if err != nil {
			diags.AddError("Unable to List Projects", d.Failure("list the projects of the organization", err))
			return
		}
		into.Projects = append(into.Projects, newModel(project))
	}
}
