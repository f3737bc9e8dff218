package base

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// QueryVersions is a sentence for the page of a list resource.
const QueryVersions = "Queries need Terraform 1.14; OpenTofu does not have them yet."

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

// Where yields the selected objects, and errors.
func Where[T any](objects iter.Seq2[T, error], selects func(T) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for object, err := range objects {
			if (err != nil || selects(object)) && !yield(object, err) {
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
