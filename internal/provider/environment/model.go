package environment

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// model is an environment as the service describes it. The resource and the data
// sources share it.
type model struct {
	ID        types.String `tfsdk:"id"`
	Name      types.String `tfsdk:"name"`
	ProjectID types.String `tfsdk:"project_id"`
	Slug      types.String `tfsdk:"slug"`
	Scope     types.String `tfsdk:"scope"`
	BuiltIn   types.Bool   `tfsdk:"built_in"`
	CreatedAt types.String `tfsdk:"created_at"`
}

func newModel(e traceloop.Environment) model {
	m := model{
		ID:        types.StringValue(e.ID),
		Name:      types.StringValue(e.Name),
		Slug:      types.StringValue(e.Slug),
		Scope:     types.StringValue(e.Scope),
		BuiltIn:   types.BoolValue(e.BuiltIn),
		CreatedAt: base.Timestamp(e.CreatedAt),
	}
	if e.ProjectID != "" {
		m.ProjectID = types.StringValue(e.ProjectID)
	}
	return m
}

// Describe names the object in a sentence.
func (m model) Describe() string {
	return fmt.Sprintf("environment %q (id %s)", m.Name.ValueString(), m.ID.ValueString())
}

// describeNew names an environment that does not exist yet.
func (m model) describeNew() string {
	if m.ProjectID.IsNull() {
		return fmt.Sprintf("organization-level environment %q", m.Name.ValueString())
	}
	return fmt.Sprintf("environment %q of project %s", m.Name.ValueString(), m.ProjectID.ValueString())
}

// object is the environment for the ledger. "token" is that of its address. A built-in environment is never
// deleted, so nothing has to protect it.
func (m resourceModel) object(token string) base.Object {
	handle := base.EnvironmentHandle(m.ProjectID.ValueString(), m.Slug.ValueString())
	return base.Object{
		Handle: handle, Place: handle, Within: within(m.ProjectID.ValueString()), ID: m.ID.ValueString(), Token: token, Type: typeName, Name: m.Describe(),
		Protected: base.IsProtected(m.DeletionProtection) && !m.BuiltIn.ValueBool(),
	}
}

// place is where a new environment will be, as far as the provider can tell.
func (m model) place() base.Handle {
	return base.EnvironmentHandle(m.ProjectID.ValueString(), traceloop.Slug(m.Name.ValueString()))
}

// creation describes a new environment. An organization-level one takes its slug in all projects.
func (m model) creation() base.Creation {
	slug := traceloop.Slug(m.Name.ValueString())
	c := base.Creation{Place: m.place(), Within: within(m.ProjectID.ValueString()), Type: typeName, Name: m.describeNew()}
	if m.ProjectID.IsNull() {
		c.NeedsFree = base.EnvironmentHandle("any", slug)
	} else {
		c.AlsoTakes, c.NeedsFree = base.EnvironmentHandle("any", slug), base.EnvironmentHandle("", slug)
	}
	return c
}

// within returns the project of an environment.
func within(projectID string) []base.Handle {
	if projectID == "" {
		return nil
	}
	return []base.Handle{base.HandleOf("project", projectID)}
}

// changeTo returns the first argument that differs in another model and forces a replacement.
func (m model) changeTo(other model) base.Change {
	if !m.Name.Equal(other.Name) {
		return base.NewChange("name", m.Name, other.Name)
	}
	return base.NewChange("project_id", m.ProjectID, other.ProjectID)
}

// loss says what is lost with an environment.
func loss(projectID string) string {
	if projectID == "" {
		return "its traces are gone and its API keys are revoked at once, in every project"
	}
	return "its traces are gone and its API keys are revoked at once"
}

// keyFilter selects the API keys of the environment, in every project for an organization-level
// one. No project can have its own environment with that slug.
func (m resourceModel) keyFilter() traceloop.APIKeyFilter {
	return traceloop.APIKeyFilter{ProjectID: m.ProjectID.ValueString(), Environment: m.Slug.ValueString()}
}
