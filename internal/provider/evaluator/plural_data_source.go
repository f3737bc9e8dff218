package evaluator

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ datasource.DataSourceWithConfigure = (*pluralDataSource)(nil)

// NewPluralDataSource returns the data source traceloop_evaluators.
func NewPluralDataSource() datasource.DataSource {
	return &pluralDataSource{}
}

type pluralDataSource struct {
	*base.Data
}

type pluralModel struct {
	Source     types.String `tfsdk:"source"`
	Evaluators []dataModel  `tfsdk:"evaluators"`
}

func (d *pluralDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_evaluators"
}

func (d *pluralDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the evaluators that your organization can use. " + seen,
		Attributes: map[string]schema.Attribute{
			"source": schema.StringAttribute{
				MarkdownDescription: "Only evaluators of this source: `custom` (your organization's own) or `prebuilt` (Traceloop's). Default: all.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.OneOf(traceloop.EvaluatorCustom, traceloop.EvaluatorPrebuilt)},
			},
			"evaluators": schema.ListNestedAttribute{
				MarkdownDescription: "The evaluators.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: attributes()},
			},
		},
	}
}

func (d *pluralDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.Data = base.ConfigureProject(req.ProviderData, &resp.Diagnostics)
}

func (d *pluralDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var state pluralModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	client, ok := d.ProjectForReading(&resp.Diagnostics)
	if !ok {
		return
	}
	evaluators, err := client.ListEvaluators(ctx, state.Source.ValueString())
	if err != nil {
		resp.Diagnostics.AddError("Unable to List Evaluators", d.ProjectFailure("list the evaluators", err))
		return
	}
	state.Evaluators = make([]dataModel, len(evaluators))
	for i, e := range evaluators {
		state.Evaluators[i] = newDataModel(e)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}
