package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
)

var _ datasource.DataSourceWithConfigure = (*projectsDataSource)(nil)

func newProjectsDataSource() datasource.DataSource {
	return &projectsDataSource{}
}

type projectsDataSource struct {
	*providerData
}

type projectsDataSourceModel struct {
	Projects []projectModel `tfsdk:"projects"`
}

func (d *projectsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_projects"
}

func (d *projectsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the projects of the organization, oldest first.",
		Attributes: map[string]schema.Attribute{
			"projects": schema.ListNestedAttribute{
				MarkdownDescription: "The projects.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":         schema.StringAttribute{MarkdownDescription: "Id of the project.", Computed: true},
					"name":       schema.StringAttribute{MarkdownDescription: "Name of the project.", Computed: true},
					"slug":       schema.StringAttribute{MarkdownDescription: "Slug of the project.", Computed: true},
					"created_at": schema.StringAttribute{MarkdownDescription: "When the project was created, as an RFC 3339 time in UTC.", Computed: true},
				}},
			},
		},
	}
}

func (d *projectsDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.providerData = configure(req.ProviderData, &resp.Diagnostics)
}

func (d *projectsDataSource) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.ready(&resp.Diagnostics) {
		return
	}

	state := projectsDataSourceModel{Projects: []projectModel{}}
	for project, err := range d.client.ListProjects(ctx) {
		if err != nil {
			resp.Diagnostics.AddError("Unable to List Projects", d.failure("list the projects of the organization", err))
			return
		}
		d.run.sawProject(project.ID)
		state.Projects = append(state.Projects, newProjectModel(project))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}
