package apikey

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ datasource.DataSourceWithConfigure = (*pluralDataSource)(nil)

// NewPluralDataSource returns the data source traceloop_api_keys.
func NewPluralDataSource() datasource.DataSource {
	return &pluralDataSource{}
}

// maxMinAge limits min_age_days: about 2700 years.
const maxMinAge = 1_000_000

type pluralDataSource struct {
	*base.Data
}

type pluralModel struct {
	ProjectID   types.String `tfsdk:"project_id"`
	Environment types.String `tfsdk:"environment"`
	MinAgeDays  types.Number `tfsdk:"min_age_days"`
	APIKeys     []agedModel  `tfsdk:"api_keys"`
}

func (d *pluralDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_keys"
}

func (d *pluralDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the active API keys of the organization, oldest first, in their masked form. The keys themselves cannot be retrieved.",
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Only keys of the project with this id. Default: all projects.",
				Optional:            true,
				Validators:          base.IDValidator,
			},
			"environment": schema.StringAttribute{
				MarkdownDescription: "Only keys of the environment with this slug. Default: all environments.",
				Optional:            true,
				Validators:          base.SlugValidator,
			},
			"min_age_days": schema.NumberAttribute{
				MarkdownDescription: "Only keys that are at least this many days old: a whole number, 0 or more. Default: any age.",
				Optional:            true,
				Validators:          []validator.Number{base.WholeNumber(0, maxMinAge)},
			},
			"api_keys": schema.ListNestedAttribute{
				MarkdownDescription: "The keys.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":          schema.StringAttribute{MarkdownDescription: "Id of the key.", Computed: true},
					"project_id":  schema.StringAttribute{MarkdownDescription: "Id of the project that the key sends traces to.", Computed: true},
					"environment": schema.StringAttribute{MarkdownDescription: "Slug of the environment that the key sends traces to.", Computed: true},
					"masked_key":  schema.StringAttribute{MarkdownDescription: "The key with stars between its prefix and its last 4 characters.", Computed: true},
					"created_at":  schema.StringAttribute{MarkdownDescription: "When the key was generated, as an RFC 3339 time in UTC.", Computed: true},
					"age_days":    schema.Int64Attribute{MarkdownDescription: "Age of the key in whole days, when the plan is made.", Computed: true},
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

	state.APIKeys = []agedModel{}
	filter := traceloop.APIKeyFilter{ProjectID: state.ProjectID.ValueString(), Environment: state.Environment.ValueString()}
	for key, err := range client.ListAPIKeys(ctx, filter) {
		if traceloop.IsNotFound(err) {
			d.AddUnknownProject(ctx, client, filter.ProjectID, &resp.Diagnostics)
			return
		}
		if err != nil {
			resp.Diagnostics.AddError("Unable to List API Keys", d.Failure("list the active API keys", err))
			return
		}
		if aged := newAgedModel(key, d.Now()); aged.AgeDays.ValueInt64() >= base.Whole(state.MinAgeDays) {
			state.APIKeys = append(state.APIKeys, aged)
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}
