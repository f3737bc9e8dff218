package provider

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const queryVersions = "Queries need Terraform 1.14; OpenTofu does not have them yet."

// listed is one result of a list resource.
type listed struct {
	name     string // the display name
	identity []types.String
	resource any // the model of an import
}

// results streams the objects up to the limit, and requests no page after that.
func results[T any](ctx context.Context, req list.ListRequest, attributes []identityAttribute, objects iter.Seq2[T, error],
	describe func(T) (listed, error), explain func(error, *diag.Diagnostics),
) iter.Seq[list.ListResult] {
	return func(push func(list.ListResult) bool) {
		n := int64(0)
		for object, err := range objects {
			var found listed
			if err == nil {
				found, err = describe(object)
			}
			result := req.NewListResult(ctx)
			if err != nil {
				explain(err, &result.Diagnostics)
				push(result)
				return
			}
			result.DisplayName = found.name
			setIdentity(result.Identity, attributes, found.identity...)
			if req.IncludeResource {
				result.Diagnostics.Append(result.Resource.Set(ctx, found.resource)...)
			}
			if n++; !push(result) || n == req.Limit {
				return
			}
		}
	}
}

// where yields the selected objects, and errors.
func where[T any](objects iter.Seq2[T, error], selects func(T) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for object, err := range objects {
			if (err != nil || selects(object)) && !yield(object, err) {
				return
			}
		}
	}
}

// projectName returns the name of a project, or its id if it was deleted.
func (d *providerData) projectName(ctx context.Context, id string) (string, error) {
	project, err := d.client.GetProject(ctx, id)
	if traceloop.IsNotFound(err) {
		return id, nil
	}
	if err != nil {
		return "", err
	}
	return project.Name, nil
}
