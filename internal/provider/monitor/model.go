package monitor

import (
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
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

var (
	ruleType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"key": types.StringType, "source": types.StringType, "operator": types.StringType,
		"value": types.StringType, "values": types.SetType{ElemType: types.StringType},
	}}
	evaluatorStatusType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"status": types.StringType, "error_message": types.StringType,
	}}
)

type ruleModel struct {
	Key      types.String `tfsdk:"key"`
	Source   types.String `tfsdk:"source"`
	Operator types.String `tfsdk:"operator"`
	Value    types.String `tfsdk:"value"`
	Values   types.Set    `tfsdk:"values"`
}

func newModel(s traceloop.AutoMonitorSetup) model {
	slugs, statuses := make([]string, len(s.Evaluators)), map[string]attr.Value{}
	for i, e := range s.Evaluators {
		slugs[i] = e.Slug
		statuses[e.Slug] = types.ObjectValueMust(evaluatorStatusType.AttrTypes, map[string]attr.Value{
			"status": optionalString(e.Status), "error_message": optionalString(e.ErrorMessage),
		})
	}
	selector := types.ListNull(ruleType)
	if len(s.Selector) > 0 {
		rules := make([]attr.Value, len(s.Selector))
		for i, rule := range s.Selector {
			rules[i] = types.ObjectValueMust(ruleType.AttrTypes, map[string]attr.Value{
				"key":      types.StringValue(rule.Key),
				"source":   optionalString(rule.Source),
				"operator": types.StringValue(rule.Operator),
				"value":    types.StringPointerValue(rule.Value),
				"values":   stringSet(rule.Values),
			})
		}
		selector = types.ListValueMust(ruleType, rules)
	}
	return model{
		ID:              types.StringValue(s.ID),
		ExternalID:      types.StringValue(s.ExternalID),
		Evaluators:      stringSet(slugs),
		Selector:        selector,
		Status:          optionalString(s.Status),
		EvaluatorStatus: types.MapValueMust(evaluatorStatusType, statuses),
		ProjectID:       types.StringValue(s.ProjectID),
		EnvProjectID:    types.StringValue(s.EnvProjectID),
		CreatedAt:       optionalTime(s.CreatedAt),
		UpdatedAt:       optionalTime(s.UpdatedAt),
	}
}

func optionalString(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

func optionalTime(t time.Time) types.String {
	if t.IsZero() {
		return types.StringNull()
	}
	return base.Timestamp(t)
}

// stringSet returns null for an empty list.
func stringSet(values []string) types.Set {
	if len(values) == 0 {
		return types.SetNull(types.StringType)
	}
	elements := make([]attr.Value, 0, len(values))
	for _, value := range slices.Compact(slices.Sorted(slices.Values(values))) {
		elements = append(elements, types.StringValue(value))
	}
	return types.SetValueMust(types.StringType, elements)
}

// Describe names the object in a sentence.
func (m model) Describe() string {
	return fmt.Sprintf("auto monitor setup %q (id %s)", m.ExternalID.ValueString(), m.ID.ValueString())
}
