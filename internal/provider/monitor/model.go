package monitor

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// model is an auto monitor setup as the service describes it. The resource and the data
// sources share it.
type model struct {
	ID              types.String `tfsdk:"id"`
	ExternalID      types.String `tfsdk:"external_id"`
	Evaluators      types.Set    `tfsdk:"evaluators"`
	Selector        types.List   `tfsdk:"selector"`
	Status          types.String `tfsdk:"status"`
	EvaluatorStatus types.Map    `tfsdk:"evaluator_status"`
	ProjectID       types.String `tfsdk:"project_id"`
	EnvProjectID    types.String `tfsdk:"env_project_id"`
	CreatedAt       types.String `tfsdk:"created_at"`
	UpdatedAt       types.String `tfsdk:"updated_at"`
}

var evaluatorStatusType = types.ObjectType{AttrTypes: map[string]attr.Type{"status": types.StringType, "error_message": types.StringType}}

// newModel is a setup of which nothing is known but the answer.
func newModel(ctx context.Context, client *traceloop.ProjectClient, s traceloop.AutoMonitorSetup) model {
	nothing := model{Evaluators: types.SetNull(types.StringType), Selector: types.ListNull(ruleType)}
	return nothing.answered(named(ctx, client, s, nothing.Evaluators))
}

// answered is the setup as the service describes it. An answer may be terse or late: it may leave rules out, or
// parts of them, have no evaluators while the setup is pending, or have the rules in another order. None of this is
// drift: it stays as it was.
func (m model) answered(s traceloop.AutoMonitorSetup) model {
	slugs, statuses := make([]string, len(s.Evaluators)), map[string]attr.Value{}
	for i, e := range s.Evaluators {
		slugs[i] = e.Slug
		statuses[e.Slug] = types.ObjectValueMust(evaluatorStatusType.AttrTypes, map[string]attr.Value{
			"status": base.TextOr(e.Status, types.StringNull()), "error_message": base.TextOr(e.ErrorMessage, types.StringNull()),
		})
	}
	late := len(slugs) == 0 && (s.Status == traceloop.StatusPending || s.Status == "")
	if s.Evaluators != nil && !late {
		m.Evaluators = base.TextSet(slugs)
	}
	if selector := selectorOf(completed(s.Selector, rules(m.Selector))); s.Selector != nil && !(late && selector.IsNull()) && !sameRules(m.Selector, selector) {
		m.Selector = selector
	}
	return model{
		ID:              types.StringValue(s.ID),
		ExternalID:      types.StringValue(s.ExternalID),
		Evaluators:      m.Evaluators,
		Selector:        m.Selector,
		Status:          base.TextOr(s.Status, types.StringNull()),
		EvaluatorStatus: types.MapValueMust(evaluatorStatusType, statuses),
		ProjectID:       types.StringValue(s.ProjectID),
		EnvProjectID:    types.StringValue(s.EnvProjectID),
		CreatedAt:       base.TimeOr(s.CreatedAt, types.StringNull()),
		UpdatedAt:       base.TimeOr(s.UpdatedAt, types.StringNull()),
	}
}

// wrote takes the answer to a write. The state has what was requested, and a warning names what
// differs.
func (m *resourceModel) wrote(s traceloop.AutoMonitorSetup, diags *diag.Diagnostics) {
	requested := m.model
	m.model = requested.answered(s)
	base.WarnDiffering(diags, m.Describe(), requested.arguments(), m.arguments())
	m.Evaluators, m.Selector = requested.Evaluators, requested.Selector
}

func (m model) arguments() []base.Argument {
	return []base.Argument{{Name: "external_id", Value: m.ExternalID}, {Name: "evaluators", Value: m.Evaluators}, {Name: "selector", Value: m.Selector}}
}

// request converts the model. It sorts sets, which have no order.
func (m model) request() traceloop.AutoMonitorSetupRequest {
	return traceloop.AutoMonitorSetupRequest{
		ExternalID: m.ExternalID.ValueString(), ProjectID: m.ProjectID.ValueString(), Selector: rules(m.Selector), Evaluators: slices.Sorted(slices.Values(base.Texts(m.Evaluators))),
	}
}

// Describe names the object in a sentence.
func (m model) Describe() string { return describe(m.ExternalID.ValueString(), m.ID.ValueString()) }

func describe(externalID, id string) string {
	return fmt.Sprintf("auto monitor setup %q (id %s)", externalID, id)
}

// handle names a setup in the ledger.
func handle(envProjectID, externalID string) base.Handle {
	return base.HandleOf("setup", envProjectID, externalID)
}

// place is where a setup is. An external id is unique in its project, and all setups of a ledger
// are in one project: that of the provider block's key. So the place needs no project, which a plan
// may not know.
func (m model) place() base.Handle {
	return base.HandleOf("setup_of", m.ExternalID.ValueString())
}

func (m model) object(token string) base.Object {
	return base.Object{
		Handle: handle(m.EnvProjectID.ValueString(), m.ExternalID.ValueString()),
		Place:  m.place(),
		Within: []base.Handle{base.HandleOf("project", m.ProjectID.ValueString())},
		Token:  token,
		Type:   typeName,
		Name:   m.Describe(),
	}
}
