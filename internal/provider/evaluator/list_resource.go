package evaluator

import (
	"cmp"
	"context"
	"fmt"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// NewListResource returns the list resource traceloop_evaluator.
func NewListResource() list.ListResource {
	return base.NewListResource("evaluator", schema.Schema{
		MarkdownDescription: "Lists your organization's own evaluators. Each is shown as its name. " + seen + " " + base.QueryVersions,
	}, listResults)
}

func listResults(ctx context.Context, d *base.Data, _ struct{}, req list.ListRequest, diags *diag.Diagnostics) iter.Seq[list.ListResult] {
	client, ok := d.Project(diags)
	if !ok {
		return nil
	}
	own := base.Where(base.Each(client.ListEvaluators(ctx, traceloop.EvaluatorCustom)), isOwn)
	return base.Results(ctx, req, identity, own, func(e traceloop.Evaluator) (base.Listed, error) {
		if req.IncludeResource && e.Config == nil { // the list left it out
			whole, err := client.GetEvaluator(ctx, e.ID)
			if err != nil {
				return base.Listed{}, fmt.Errorf("the evaluator %s: %w", e.ID, err)
			}
			e = *whole
		}
		resource := imported(e)
		return base.Listed{Name: cmp.Or(e.Name, e.Slug, e.ID), Identity: []types.String{resource.ID}, Resource: resource}, nil
	}, func(err error, diags *diag.Diagnostics) {
		diags.AddError("Unable to List Evaluators", d.ProjectFailure("list the evaluators", err))
	})
}
