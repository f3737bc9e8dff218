package evaluator

import (
	"cmp"
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ list.ListResourceWithConfigure = (*listResource)(nil)

// NewListResource returns the list resource traceloop_evaluator.
func NewListResource() list.ListResource {
	return &listResource{}
}

type listResource struct {
	*base.Data
}

func (l *listResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_evaluator"
}

func (l *listResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists your organization's own evaluators. Each is shown as its name. " + seen + " " + base.QueryVersions,
	}
}

func (l *listResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.Data = base.ConfigureProject(req.ProviderData, &resp.Diagnostics)
}

func (l *listResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var diags diag.Diagnostics
	client, ok := l.Project(&diags)
	if !ok {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	own := base.Where(base.Each(client.ListEvaluators(ctx, traceloop.EvaluatorCustom)), isOwn)
	stream.Results = base.Results(ctx, req, identity, own, func(e traceloop.Evaluator) (base.Listed, error) {
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
		diags.AddError("Unable to List Evaluators", l.ProjectFailure("list the evaluators", err))
	})
}
