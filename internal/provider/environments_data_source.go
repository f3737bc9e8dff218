package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ datasource.DataSourceWithConfigure = (*environmentsDataSource)(nil)

func newEnvironmentsDataSource() datasource.DataSource {
	return &environmentsDataSource{}
}

type environmentsDataSource struct {
	*providerData
}

type environmentsDataSourceModel struct {
	ProjectID    types.String       `tfsdk:"project_id"`
	Environments []environmentModel `tfsdk:"environments"`
}

func (d *environmentsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_environments"
}

func (d *environmentsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists environments, oldest first. With `project_id`, it lists the environments of that project, including inherited ones. Without it, it lists every environment of the organization, of both scopes.",
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Id of the project whose environments to list. Default: all environments of the organization.",
				Optional:            true,
				Validators:          idValidator,
			},
			"environments": schema.ListNestedAttribute{
				MarkdownDescription: "The environments.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":         schema.StringAttribute{MarkdownDescription: "Id of the environment.", Computed: true},
					"name":       schema.StringAttribute{MarkdownDescription: "Name of the environment.", Computed: true},
					"project_id": schema.StringAttribute{MarkdownDescription: "Id of the project that owns the environment; null for an organization-level environment.", Computed: true},
					"slug":       schema.StringAttribute{MarkdownDescription: "Slug of the environment.", Computed: true},
					"scope":      schema.StringAttribute{MarkdownDescription: "`organization` or `project`.", Computed: true},
					"built_in":   schema.BoolAttribute{MarkdownDescription: "Whether this is one of `dev`, `stg` and `prd`, which cannot be deleted.", Computed: true},
					"created_at": schema.StringAttribute{MarkdownDescription: "When the environment was created, as an RFC 3339 time in UTC.", Computed: true},
				}},
			},
		},
	}
}

func (d *environmentsDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.providerData = configure(req.ProviderData, &resp.Diagnostics)
}

func (d *environmentsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var state environmentsDataSourceModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !d.ready(&resp.Diagnostics) {
		return
	}

	state.Environments = []environmentModel{}
	for environment, err := range d.client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: state.ProjectID.ValueString()}) {
		if traceloop.IsNotFound(err) {
			d.addUnknownProject(ctx, state.ProjectID.ValueString(), &resp.Diagnostics)
			return
		}
		if err != nil {
			resp.Diagnostics.AddError("Unable to List Environments", d.failure("list environments", err))
			return
		}
		d.run.sawEnvironment(environment)
		state.Environments = append(state.Environments, newEnvironmentModel(environment))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}
