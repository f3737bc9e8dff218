package apikey

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// maxMinAge limits min_age_days: about 2700 years.
const maxMinAge = 1_000_000

type pluralModel struct {
	ProjectID   types.String `tfsdk:"project_id"`
	Environment types.String `tfsdk:"environment"`
	MinAgeDays  types.Number `tfsdk:"min_age_days"`
	APIKeys     []agedModel  `tfsdk:"api_keys"`
}

// NewPluralDataSource returns the data source traceloop_api_keys.
func NewPluralDataSource() datasource.DataSource {
	return base.NewPluralDataSource("api_keys", schema.Schema{
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
				NestedObject:        schema.NestedAttributeObject{Attributes: attributes(context.Background())},
			},
		},
	}, listAPIKeys)
}

func listAPIKeys(ctx context.Context, d *base.Data, into *pluralModel, diags *diag.Diagnostics) {
	client, ok := d.Management(diags)
	if !ok {
		return
	}
	into.APIKeys = []agedModel{}
	filter := traceloop.APIKeyFilter{ProjectID: into.ProjectID.ValueString(), Environment: into.Environment.ValueString()}
	for key, err := range client.ListAPIKeys(ctx, filter) {
		if err != nil {
			addListError(ctx, d, client, filter.ProjectID, err, diags)
			return
		}
		if aged := newAgedModel(key, d.Now()); aged.AgeDays.ValueInt64() >= base.Whole(into.MinAgeDays) {
			into.APIKeys = append(into.APIKeys, aged)
		}
	}
}

func addListError(ctx context.Context, d *base.Data, client *traceloop.Client, projectID string, err error, diags *diag.Diagnostics) {
	if traceloop.IsNotFound(err) {
		d.AddUnknownProject(ctx, client, projectID, diags)
		return
	}
	diags.AddError("Unable to List API Keys", d.Failure("list the active API keys", err))
}
