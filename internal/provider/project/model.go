package project

import (
	"fmt"
	"strings"

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

const loss = "its traces, datasets and environments are gone and its API keys are revoked at once"

// Describe names the object in a sentence.
func (m model) Describe() string {
	return fmt.Sprintf("project %q (id %s)", m.Name.ValueString(), m.ID.ValueString())
}

// describeNew names a project that does not exist yet.
func (m model) describeNew() string {
	return fmt.Sprintf("project %q", m.Name.ValueString())
}

// keyFilter selects the API keys of the project.
func (m model) keyFilter() traceloop.APIKeyFilter {
	return traceloop.APIKeyFilter{ProjectID: m.ID.ValueString()}
}

// object is the project for the ledger. "token" is that of its address.
func (m resourceModel) object(token string) base.Object {
	return base.Object{
		Handle: handle(m.ID.ValueString()), Place: m.place(), Token: token, Type: typeName, Name: m.Describe(),
		Protected: base.IsProtected(m.DeletionProtection),
	}
}

func handle(id string) base.Handle { return base.HandleOf("project", id) }

// idOf is the opposite of handle.
func idOf(h base.Handle) string { return strings.TrimPrefix(string(h), string(handle(""))) }

// place is a name, which only one project can have.
func (m model) place() base.Handle { return base.HandleOf("project_name", m.Name.ValueString()) }

// nameOf is the opposite of place.
func nameOf(place base.Handle) string { return strings.TrimPrefix(string(place), "project_name/") }
