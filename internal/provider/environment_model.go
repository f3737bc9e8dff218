package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// builtInSlugs are the environments that every project has. Source: Traceloop's
// documentation, "Projects and Environments".
var builtInSlugs = []string{"dev", "stg", "prd"}

// environmentModel is an environment as the service describes it. The resource and the data
// sources share it.
type environmentModel struct {
	ID        types.String `tfsdk:"id"`
	Name      types.String `tfsdk:"name"`
	ProjectID types.String `tfsdk:"project_id"`
	Slug      types.String `tfsdk:"slug"`
	Scope     types.String `tfsdk:"scope"`
	BuiltIn   types.Bool   `tfsdk:"built_in"`
	CreatedAt types.String `tfsdk:"created_at"`
}

func newEnvironmentModel(e traceloop.Environment) environmentModel {
	m := environmentModel{
		ID:        types.StringValue(e.ID),
		Name:      types.StringValue(e.Name),
		Slug:      types.StringValue(e.Slug),
		Scope:     types.StringValue(e.Scope),
		BuiltIn:   types.BoolValue(e.BuiltIn),
		CreatedAt: timestamp(e.CreatedAt),
	}
	if e.ProjectID != "" {
		m.ProjectID = types.StringValue(e.ProjectID)
	}
	return m
}

func (m environmentModel) describe() string {
	return fmt.Sprintf("environment %q (id %s)", m.Name.ValueString(), m.ID.ValueString())
}

func (m environmentModel) place() place {
	return place{environmentPlace, m.ProjectID.ValueString(), traceloop.Slug(m.Name.ValueString())}
}

// changeTo returns the first argument that differs in another model and forces a replacement.
func (m environmentModel) changeTo(other environmentModel) change {
	if !m.Name.Equal(other.Name) {
		return newChange("name", m.Name, other.Name)
	}
	return newChange("project_id", m.ProjectID, other.ProjectID)
}
