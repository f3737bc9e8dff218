package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var (
	_ datasource.DataSourceWithConfigure        = (*projectDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*projectDataSource)(nil)
)

func newProjectDataSource() datasource.DataSource {
	return &projectDataSource{}
}

type projectDataSource struct {
	*providerData
}

func (d *projectDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_project"
}

func (d *projectDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads one project, by exactly one of `id`, `name` and `slug`. A missing project is an error.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Id of the project.",
				Optional:            true,
				Computed:            true,
				Validators:          idValidator,
			},
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the project, exactly as it is written. Accents may be composed or decomposed (Unicode NFC or NFD).",
				Optional:            true,
				Computed:            true,
				Validators:          nameValidator,
			},
			"slug": schema.StringAttribute{
				MarkdownDescription: "Slug of the project.",
				Optional:            true,
				Computed:            true,
				Validators:          slugValidator,
			},
			"created_at": schema.StringAttribute{
				MarkdownDescription: "When the project was created, as an RFC 3339 time in UTC.",
				Computed:            true,
			},
		},
	}
}

func (d *projectDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{
		datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("name"), path.MatchRoot("slug")),
	}
}

func (d *projectDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.providerData = configure(req.ProviderData, &resp.Diagnostics)
}

func (d *projectDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config projectModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !d.ready(&resp.Diagnostics) {
		return
	}

	by, wanted := selected(selector{"id", config.ID}, selector{"name", config.Name}, selector{"slug", config.Slug})
	project, err := d.find(ctx, by, wanted)
	if traceloop.IsNotFound(err) || err == nil && project == nil {
		resp.Diagnostics.AddAttributeError(path.Root(by), "Project Not Found",
			fmt.Sprintf("Traceloop has no project with the %s %q. %s", by, wanted, d.suggestProject(ctx, by, wanted)))
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Read Project", d.failure(fmt.Sprintf("find the project with the %s %q", by, wanted), err))
		return
	}
	d.run.sawProject(project.ID)
	resp.Diagnostics.Append(resp.State.Set(ctx, newProjectModel(*project))...)
}

// find returns nil if no project has the name or slug.
func (d *projectDataSource) find(ctx context.Context, by, wanted string) (*traceloop.Project, error) {
	if by == "id" {
		return d.client.GetProject(ctx, wanted)
	}
	var same *traceloop.Project
	for project, err := range d.client.ListProjects(ctx) {
		switch {
		case err != nil:
			return nil, err
		case by == "name" && project.Name == wanted, by == "slug" && project.Slug == wanted:
			return &project, nil
		case by == "name" && same == nil && sameName(project.Name, wanted):
			same = &project
		}
	}
	return same, nil
}
