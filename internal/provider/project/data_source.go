package project

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var (
	_ datasource.DataSourceWithConfigure        = (*dataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*dataSource)(nil)
)

// NewDataSource returns the data source traceloop_project.
func NewDataSource() datasource.DataSource {
	return &dataSource{}
}

type dataSource struct {
	*base.Data
}

func (d *dataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_project"
}

func (d *dataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := attributes(ctx)
	attributes["id"] = base.Selecting("Id of the project.", base.IDValidator)
	attributes["name"] = base.Selecting("Name of the project, exactly as it is written. Accents may be composed or decomposed (Unicode NFC or NFD).", base.NameValidator)
	attributes["slug"] = base.Selecting("Slug of the project.", base.SlugValidator)
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads one project, by exactly one of `id`, `name` and `slug`. A missing project is an error.",
		Attributes:          attributes,
	}
}

// attributes are those of a project in a data source.
func attributes(ctx context.Context) map[string]schema.Attribute {
	return base.ComputedAttributes(ctx, NewResource(), map[string]string{
		"id":         "Id of the project.",
		"name":       "Name of the project.",
		"slug":       "",
		"created_at": "",
	})
}

func (d *dataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{
		datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("name"), path.MatchRoot("slug")),
	}
}

func (d *dataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.Data = base.Configure(req.ProviderData, &resp.Diagnostics)
}

func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	client, ok := d.Management(&resp.Diagnostics)
	if !ok {
		return
	}

	by, wanted := base.Selected(base.Selector{Name: "id", Value: config.ID}, base.Selector{Name: "name", Value: config.Name}, base.Selector{Name: "slug", Value: config.Slug})
	project, err := d.find(ctx, client, by, wanted)
	if traceloop.IsNotFound(err) || err == nil && project == nil {
		resp.Diagnostics.AddAttributeError(path.Root(by), "Project Not Found",
			fmt.Sprintf("Traceloop has no project with the %s %q. %s", by, wanted, d.SuggestProject(ctx, client, by, wanted)))
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Read Project", d.Failure(fmt.Sprintf("find the project with the %s %q", by, wanted), err))
		return
	}
	d.Run.SawProject(project.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, newModel(*project))...)
}

// find returns nil if no project has the name or slug.
func (d *dataSource) find(ctx context.Context, client *traceloop.Client, by, wanted string) (*traceloop.Project, error) {
	if by == "id" {
		return client.GetProject(ctx, wanted)
	}
	var same *traceloop.Project
	for project, err := range client.ListProjects(ctx) {
		switch {
		case err != nil:
			return nil, err
		case by == "name" && project.Name == wanted, by == "slug" && project.Slug == wanted:
			return &project, nil
		case by == "name" && same == nil && base.SameName(project.Name, wanted):
			same = &project
		}
	}
	return same, nil
}
