package environment

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ datasource.DataSourceWithConfigure = (*pluralDataSource)(nil)

// NewPluralDataSource returns the data source traceloop_environments.
func NewPluralDataSource() datasource.DataSource {
	return &pluralDataSource{}
}

type pluralDataSource struct {
	*base.Data
}

type pluralModel struct {
	ProjectID    types.String `tfsdk:"project_id"`
	Environments []model      `tfsdk:"environments"`
}

func (d *pluralDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_environments"
}

func (d *pluralDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists environments, oldest first. With `project_id`, it lists the environments of that project, including inherited ones. Without it, it lists every environment of the organization, of both scopes.",
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Id of the project whose environments to list. Default: all environments of the organization.",
				Optional:            true,
				Validators:          base.IDValidator,
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

func (d *pluralDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.Data = base.Configure(req.ProviderData, &resp.Diagnostics)
}

func (d *pluralDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var state pluralModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	client, ok := d.Management(&resp.Diagnostics)
	if !ok {
		return
	}

	state.Environments = []model{}
	for environment, err := range client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: state.ProjectID.ValueString()}) {
		if traceloop.IsNotFound(err) {
			d.AddUnknownProject(ctx, client, state.ProjectID.ValueString(), &resp.Diagnostics)
			return
		}
		if err != nil {
			resp.Diagnostics.AddError("Unable to List Environments", d.Failure("list environments", err))
			return
		}
		d.Run.SawEnvironment(environment)
		state.Environments = append(state.Environments, newModel(environment))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}
