package base

import (
	"context"
	"fmt"
	"iter"

	datasourceschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// QueryVersions is a sentence for the page of a list resource.
const QueryVersions = "Queries need Terraform 1.14; OpenTofu does not have them yet."

// NewListResource returns a list resource. The model has its arguments.
func NewListResource[Model any](name string, schema schema.Schema, results ListResults[Model]) list.ListResource {
	return &listResource[Model]{name: name, schema: schema, results: results}
}

// Arguments are arguments of a data source as a list resource has them.
func Arguments(of map[string]datasourceschema.Attribute) map[string]schema.Attribute {
	arguments := map[string]schema.Attribute{}
	for name, attribute := range of {
		switch a := attribute.(type) {
		case datasourceschema.StringAttribute:
			arguments[name] = schema.StringAttribute{MarkdownDescription: a.MarkdownDescription, Optional: true, Validators: a.Validators}
		case datasourceschema.NumberAttribute:
			arguments[name] = schema.NumberAttribute{MarkdownDescription: a.MarkdownDescription, Optional: true, Validators: a.Validators}
		default:
			panic(fmt.Sprintf("no list resource has an argument like this %T", a))
		}
	}
	return arguments
}

// ListResults returns what the arguments select, or adds an error.
type ListResults[Model any] func(context.Context, *Data, Model, list.ListRequest, *diag.Diagnostics) iter.Seq[list.ListResult]

type listResource[Model any] struct {
	*Data

	name    string
	schema  schema.Schema
	results ListResults[Model]
}

func (l *listResource[Model]) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + l.name
}

func (l *listResource[Model]) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = l.schema
}

func (l *listResource[Model]) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.Data = ConfigureProject(req.ProviderData, &resp.Diagnostics) // which key it needs, results finds out
}

func (l *listResource[Model]) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var model Model
	diags := req.Config.Get(ctx, &model)
	if !diags.HasError() {
		stream.Results = l.results(ctx, l.Data, model, req, &diags)
	}
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
	}
}

// Listed is one result of a list resource.
type Listed struct {
	Name     string // the display name
	Identity []types.String
	Resource any // the model of an import
}

// Results streams the objects up to the limit, and requests no page after that.
func Results[T any](ctx context.Context, req list.ListRequest, attributes []IdentityAttribute, objects iter.Seq2[T, error],
	describe func(T) (Listed, error), explain func(error, *diag.Diagnostics),
) iter.Seq[list.ListResult] {
	return func(push func(list.ListResult) bool) {
		n := int64(0)
		for object, err := range objects {
			var found Listed
			if err == nil {
				found, err = describe(object)
			}
			result := req.NewListResult(ctx)
			if err != nil {
				explain(err, &result.Diagnostics)
				push(result)
				return
			}
			result.DisplayName = found.Name
			SetIdentity(result.Identity, attributes, found.Identity...)
			if req.IncludeResource {
				result.Diagnostics.Append(result.Resource.Set(ctx, found.Resource)...)
			}
			if n++; !push(result) || n == req.Limit {
				return
			}
		}
	}
}

// ProjectName returns the name of a project, or its id if it was deleted.
func (d *Data) ProjectName(ctx context.Context, client *traceloop.Client, id string) (string, error) {
	project, err := client.GetProject(ctx, id)
	if traceloop.IsNotFound(err) {
		return id, nil
	}
	if err != nil {
		return "", err
	}
	return project.Name, nil
}
