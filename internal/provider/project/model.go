package project

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// model is a project as the service describes it. The resource and the data sources
// share it.
type model struct {
	ID        types.String `tfsdk:"id"`
	Name      types.String `tfsdk:"name"`
	Slug      types.String `tfsdk:"slug"`
	CreatedAt types.String `tfsdk:"created_at"`
}

func newModel(p traceloop.Project) model {
	return model{
		ID:        types.StringValue(p.ID),
		Name:      types.StringValue(p.Name),
		Slug:      types.StringValue(p.Slug),
		CreatedAt: base.Timestamp(p.CreatedAt),
	}
}
