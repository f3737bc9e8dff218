package project

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
)

var _ datasource.DataSourceWithConfigure = (*pluralDataSource)(nil)

// NewPluralDataSource returns the data source traceloop_projects.
func NewPluralDataSource() datasource.DataSource {
	return &pluralDataSource{}
}

type pluralDataSource struct {
	*base.Data
}

type pluralModel struct {
	Projects []model `tfsdk:"projects"`
}

func (d *pluralDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_projects"
}

func (d *pluralDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
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

func (d *pluralDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.Data = base.Configure(req.ProviderData, &resp.Diagnostics)
}

func (d *pluralDataSource) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	client, ok := d.Management(&resp.Diagnostics)
	if !ok {
		return
	}

	state := pluralModel{Projects: []model{}}
	for project, err := range client.ListProjects(ctx) {
		if err != nil {
			resp.Diagnostics.AddError("Unable to List Projects", d.Failure("list the projects of the organization", err))
			return
		}
		d.Run.SawProject(project.ID)
		state.Projects = append(state.Projects, newModel(project))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}
