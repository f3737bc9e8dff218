package evaluator

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var (
	_ datasource.DataSourceWithConfigure        = (*dataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*dataSource)(nil)
)

// NewDataSource returns the data source traceloop_evaluator.
func NewDataSource() datasource.DataSource {
	return &dataSource{}
}

type dataSource struct {
	*base.Data
}

func (d *dataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_evaluator"
}

func (d *dataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := attributes()
	attributes["id"] = schema.StringAttribute{MarkdownDescription: "Id of the evaluator.", Optional: true, Computed: true, Validators: base.IDValidator}
	attributes["slug"] = schema.StringAttribute{MarkdownDescription: "Slug of the evaluator.", Optional: true, Computed: true, Validators: slugValidator}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads one evaluator, by exactly one of `id` and `slug`: an evaluator of your organization, or one of Traceloop's. A missing evaluator is an error. " + seen,
		Attributes:          attributes,
	}
}

// seen is for the pages of the data sources and the list resource.
const seen = "It uses the provider argument `project_api_key`. The operation is **seen in Traceloop's SDK**, and not documented. What Traceloop does not show is null."

func attributes() map[string]schema.Attribute {
	properties := schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
		"name":        schema.StringAttribute{MarkdownDescription: "Name.", Computed: true},
		"type":        schema.StringAttribute{MarkdownDescription: "Type: `string`, `int`, `float`, `boolean` or `enum`.", Computed: true},
		"description": schema.StringAttribute{MarkdownDescription: "What it means.", Computed: true},
		"enum_values": schema.ListAttribute{MarkdownDescription: "Values that it can have, if the type is `enum`.", ElementType: types.StringType, Computed: true},
	}}
	return map[string]schema.Attribute{
		"id":           schema.StringAttribute{MarkdownDescription: "Id of the evaluator.", Computed: true},
		"slug":         schema.StringAttribute{MarkdownDescription: "Slug of the evaluator.", Computed: true},
		"name":         schema.StringAttribute{MarkdownDescription: "Name of the evaluator.", Computed: true},
		"source":       schema.StringAttribute{MarkdownDescription: "`custom`: your organization's own. `prebuilt`: one of Traceloop's.", Computed: true},
		"description":  schema.StringAttribute{MarkdownDescription: "What the evaluator judges.", Computed: true},
		"llm_provider": schema.StringAttribute{MarkdownDescription: "Provider of the LLM.", Computed: true},
		"model":        schema.StringAttribute{MarkdownDescription: "Model that judges.", Computed: true},
		"messages": schema.ListNestedAttribute{
			MarkdownDescription: "Messages to the model.",
			Computed:            true,
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"role":    schema.StringAttribute{MarkdownDescription: "Role of the message.", Computed: true},
				"content": schema.StringAttribute{MarkdownDescription: "Text of the message, with placeholders such as `{{text}}`.", Computed: true},
			}},
		},
		"input_schema":      schema.ListNestedAttribute{MarkdownDescription: "What the evaluator gets from a span.", Computed: true, NestedObject: properties},
		"output_schema":     schema.ListNestedAttribute{MarkdownDescription: "What the evaluator answers.", Computed: true, NestedObject: properties},
		"temperature":       schema.Float64Attribute{MarkdownDescription: "Temperature of the model.", Computed: true},
		"top_p":             schema.Float64Attribute{MarkdownDescription: "Nucleus sampling of the model.", Computed: true},
		"max_tokens":        schema.NumberAttribute{MarkdownDescription: "Longest answer of the model, in tokens.", Computed: true},
		"frequency_penalty": schema.Float64Attribute{MarkdownDescription: "How much the model avoids words that it has used often.", Computed: true},
		"presence_penalty":  schema.Float64Attribute{MarkdownDescription: "How much the model avoids words that it has used at all.", Computed: true},
		"stop":              schema.ListAttribute{MarkdownDescription: "Texts at which the model stops.", ElementType: types.StringType, Computed: true},
		"type":              schema.StringAttribute{MarkdownDescription: "Type of the evaluator, such as `LLM_AS_A_JUDGE`.", Computed: true},
		"version":           schema.StringAttribute{MarkdownDescription: "Version of the evaluator.", Computed: true},
		"created_at":        schema.StringAttribute{MarkdownDescription: "When the evaluator was created, as an RFC 3339 time in UTC.", Computed: true},
		"updated_at":        schema.StringAttribute{MarkdownDescription: "When the evaluator was last changed, as an RFC 3339 time in UTC.", Computed: true},
	}
}

func (d *dataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("slug"))}
}

func (d *dataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.Data = base.ConfigureProject(req.ProviderData, &resp.Diagnostics)
}

func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config dataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	client, ok := d.ProjectForReading(&resp.Diagnostics)
	if !ok {
		return
	}
	by, wanted := base.Selected(base.Selector{Name: "id", Value: config.ID}, base.Selector{Name: "slug", Value: config.Slug})
	evaluator, err := client.GetEvaluator(ctx, wanted)
	switch {
	case traceloop.IsNotFound(err):
		resp.Diagnostics.AddAttributeError(path.Root(by), "Evaluator Not Found", fmt.Sprintf(
			"The organization of the project key, which comes from %s, has no evaluator with the %s %q. The data source traceloop_evaluators lists them.", d.ProjectKeySource(), by, wanted))
	case err != nil:
		resp.Diagnostics.AddError("Unable to Read Evaluator", d.ProjectFailure(fmt.Sprintf("read the evaluator with the %s %q", by, wanted), err))
	default:
		resp.Diagnostics.Append(resp.State.Set(ctx, newDataModel(*evaluator))...)
	}
}
