package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// projectModel is a project as the service describes it. The resource and the data sources
// share it.
type projectModel struct {
	ID        types.String `tfsdk:"id"`
	Name      types.String `tfsdk:"name"`
	Slug      types.String `tfsdk:"slug"`
	CreatedAt types.String `tfsdk:"created_at"`
}

func newProjectModel(p traceloop.Project) projectModel {
	return projectModel{
		ID:        types.StringValue(p.ID),
		Name:      types.StringValue(p.Name),
		Slug:      types.StringValue(p.Slug),
		CreatedAt: timestamp(p.CreatedAt),
	}
}
