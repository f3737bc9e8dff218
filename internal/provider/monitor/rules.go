package monitor

import (
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// operators compare an attribute with value, with values, or with nothing.
var operators = []struct{ name, operand, means string }{
	{traceloop.OperatorEquals, "value", "the attribute equals `value`"},
	{traceloop.OperatorNotEquals, "value", "the attribute differs from `value`"},
	{traceloop.OperatorContains, "value", "the attribute contains `value`"},
	{traceloop.OperatorNotContains, "value", "the attribute does not contain `value`"},
	{traceloop.OperatorIn, "values", "the attribute is one of `values`"},
	{traceloop.OperatorNotIn, "values", "the attribute is not one of `values`"},
	{traceloop.OperatorExists, "", "the attribute exists"},
	{traceloop.OperatorNotExists, "", "the attribute does not exist"},
}

func selectorAttribute() schema.ListNestedAttribute {
	names, meanings, operands := make([]string, len(operators)), make([]string, len(operators)), map[string]string{}
	for i, o := range operators {
		names[i], meanings[i], operands[o.name] = o.name, "`"+o.name+"`: "+o.means, o.operand
	}
	return schema.ListNestedAttribute{
		MarkdownDescription: "Rules that a span must match, all of them, or null for every span; at least one rule. Default: every span of the project and environment. Changing them restarts the setup.",
		Optional:            true,
		Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.NoNullValues()},
		NestedObject: schema.NestedAttributeObject{
			Validators: []validator.Object{base.Operands{Described: "must have value or values as the operator requires", Of: "operator", Default: traceloop.OperatorEquals, Takes: operands}},
			Attributes: map[string]schema.Attribute{
				"key": schema.StringAttribute{
					MarkdownDescription: "Name of the attribute, such as `gen_ai.system` or `service.name`.",
					Required:            true,
					Validators:          base.NameValidator,
				},
				"source": schema.StringAttribute{
					MarkdownDescription: "Where the attribute is: `span_attributes` or `resource_attributes`.",
					Required:            true,
					Validators:          []validator.String{stringvalidator.OneOf(traceloop.SourceSpan, traceloop.SourceResource)},
				},
				"operator": schema.StringAttribute{
					MarkdownDescription: "How the attribute is compared. " + strings.Join(meanings, "; ") + ". Default: `equals`.",
					Optional:            true,
					Computed:            true,
					Default:             stringdefault.StaticString(traceloop.OperatorEquals),
					Validators:          []validator.String{stringvalidator.OneOf(names...)},
				},
				"value": schema.StringAttribute{
					MarkdownDescription: "Value to compare with. Required for `equals`, `not_equals`, `contains` and `not_contains`; not allowed for other operators.",
					Optional:            true,
					Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
				},
				"values": schema.SetAttribute{
					MarkdownDescription: "Values to compare with; at least one. Required for `in` and `not_in`; not allowed for other operators.",
					ElementType:         types.StringType,
					Optional:            true,
					Validators:          []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.NoNullValues(), setvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))},
				},
			},
		},
	}
}

var ruleType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"key": types.StringType, "source": types.StringType, "operator": types.StringType,
	"value": types.StringType, "values": types.SetType{ElemType: types.StringType},
}}

// rules converts a selector. It sorts values, which have no order.
func rules(selector types.List) (all []traceloop.Rule) {
	for _, rule := range base.Elements(selector) {
		value, _ := rule["value"].(types.String)
		all = append(all, traceloop.Rule{
			Key: rule.Text("key"), Source: rule.Text("source"), Operator: rule.Text("operator"), Value: value.ValueStringPointer(), Values: slices.Sorted(slices.Values(base.Texts(rule["values"]))),
		})
	}
	return all
}

// selectorOf is the opposite of rules.
func selectorOf(rules []traceloop.Rule) types.List {
	all := make([]attr.Value, len(rules))
	for i, rule := range rules {
		all[i] = types.ObjectValueMust(ruleType.AttrTypes, map[string]attr.Value{
			"key": types.StringValue(rule.Key), "source": base.TextOr(rule.Source, types.StringNull()), "operator": types.StringValue(rule.Operator),
			"value": types.StringPointerValue(rule.Value), "values": base.TextSet(rule.Values),
		})
	}
	return base.ListOf(ruleType, all)
}

// completed gives the rules of an answer what it does not show of them: each is taken for a rule before that it may be.
func completed(answer, before []traceloop.Rule) []traceloop.Rule {
	answer = slices.Clone(answer)
	for i, rule := range answer {
		was := slices.IndexFunc(before, func(b traceloop.Rule) bool {
			return b.Key == rule.Key && b.Operator == rule.Operator && (rule.Source == "" || b.Source == rule.Source) &&
				(rule.Value == nil || b.Value != nil && *b.Value == *rule.Value) && (len(rule.Values) == 0 || base.TextSet(b.Values).Equal(base.TextSet(rule.Values)))
		})
		if was >= 0 {
			answer[i] = before[was]
			before = slices.Delete(before, was, was+1)
		}
	}
	return answer
}

// sameRules reports whether two selectors have the same rules. Their order has no meaning: a span
// must match all of them.
func sameRules(a, b types.List) bool {
	has := func(list types.List) func(attr.Value) bool {
		return func(rule attr.Value) bool { return slices.ContainsFunc(list.Elements(), rule.Equal) }
	}
	lacks := func(list, other types.List) bool {
		return slices.ContainsFunc(list.Elements(), func(rule attr.Value) bool { return !has(other)(rule) })
	}
	return a.IsUnknown() == b.IsUnknown() && !lacks(a, b) && !lacks(b, a)
}
