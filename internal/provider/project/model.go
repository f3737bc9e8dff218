package project

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
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

// keepName keeps the name that was requested, and warns if the answer has another one.
func keepName(m *model, requested string, diags *diag.Diagnostics) {
	answered := m.Name
	if m.Name = types.StringValue(requested); !m.Name.Equal(answered) {
		base.AddDiffers(diags, m.Describe(), base.Difference("name", m.Name, answered))
	}
}

func newModel(p traceloop.Project) model {
	return model{
		ID:        types.StringValue(p.ID),
		Name:      types.StringValue(p.Name),
		Slug:      types.StringValue(p.Slug),
		CreatedAt: base.Timestamp(p.CreatedAt),
	}
}
