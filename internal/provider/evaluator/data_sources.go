package evaluator

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// seen is for the pages of the data sources and the list resource.
const seen = "It uses the provider argument `project_api_key`. The operation is **seen in Traceloop's SDK**, and not documented. What Traceloop does not show is null."

func attributes() map[string]schema.Attribute {
	attributes := base.AttributesOf(NewResource(), "id", "slug", "name", "description", "llm_provider", "model", "messages", "input_schema", "output_schema",
		"temperature", "top_p", "max_tokens", "frequency_penalty", "presence_penalty", "stop", "type", "version", "created_at", "updated_at")
	attributes["source"] = schema.StringAttribute{MarkdownDescription: "`custom`: your organization's own. `prebuilt`: one of Traceloop's.", Computed: true}
	return attributes
}

// NewDataSource returns the data source traceloop_evaluator.
func NewDataSource() datasource.DataSource {
	attributes := attributes()
	base.Selecting(attributes, "id", base.IDValidator, "")
	base.Selecting(attributes, "slug", slugValidator, "")
	return base.NewDataSource("evaluator", schema.Schema{
		MarkdownDescription: "Reads one evaluator, by exactly one of `id` and `slug`: an evaluator of your organization, or one of Traceloop's. A missing evaluator is an error. " + seen + "\n\n" + base.DependsOnKey,
		Attributes:          attributes,
	}, readEvaluator, datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("slug")))
}

func readEvaluator(ctx context.Context, d *base.Data, into *dataModel, diags *diag.Diagnostics) {
	client, ok := d.ProjectForReading(diags)
	if !ok {
		return
	}
	by, wanted := base.Selected(base.Selector{Name: "id", Value: into.ID}, base.Selector{Name: "slug", Value: into.Slug})
	evaluator, err := client.GetEvaluator(ctx, wanted)
	switch {
	case traceloop.IsNotFound(err):
		diags.AddAttributeError(path.Root(by), "Evaluator Not Found", describeMissing(ctx, d, client, by, wanted))
	case err != nil:
		diags.AddError("Unable to Read Evaluator", d.ProjectFailure(fmt.Sprintf("read the evaluator with the %s %q", by, wanted), err))
	default:
		*into = newDataModel(*evaluator)
	}
}

func describeMissing(ctx context.Context, d *base.Data, client *traceloop.ProjectClient, by, wanted string) string {
	evaluators, _ := client.ListEvaluators(ctx, "") // without it, there is no suggestion
	slugs := make([]string, len(evaluators))
	for i, e := range evaluators {
		slugs[i] = e.Slug
	}
	return fmt.Sprintf("The organization of the project key, which comes from %s, has no evaluator with the %s %q.%s The data source traceloop_evaluators lists them.",
		d.ProjectKeySource(), by, wanted, base.DidYouMean(wanted, slugs))
}

type pluralModel struct {
	Source     types.String `tfsdk:"source"`
	Evaluators []dataModel  `tfsdk:"evaluators"`
}

// NewPluralDataSource returns the data source traceloop_evaluators.
func NewPluralDataSource() datasource.DataSource {
	return base.NewDataSource("evaluators", schema.Schema{
		MarkdownDescription: "Lists the evaluators that your organization can use. " + seen + "\n\n" + base.DependsOnKey,
		Attributes: map[string]schema.Attribute{
			"source": schema.StringAttribute{
				MarkdownDescription: "Only evaluators of this source: `custom` (your organization's own) or `prebuilt` (Traceloop's). Default: all.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.OneOf(traceloop.EvaluatorCustom, traceloop.EvaluatorPrebuilt)},
			},
			"evaluators": base.Listing("The evaluators.", attributes()),
		},
	}, readEvaluators)
}

func readEvaluators(ctx context.Context, d *base.Data, into *pluralModel, diags *diag.Diagnostics) {
	client, ok := d.ProjectForReading(diags)
	if !ok {
		return
	}
	evaluators, err := client.ListEvaluators(ctx, into.Source.ValueString())
	if err != nil {
		diags.AddError("Unable to List Evaluators", d.ProjectFailure("list the evaluators", err))
		return
	}
	into.Evaluators = make([]dataModel, len(evaluators))
	for i, e := range evaluators {
		into.Evaluators[i] = newDataModel(e)
	}
}
