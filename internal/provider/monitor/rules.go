package monitor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// operand is what an operator compares an attribute with.
type operand string

const (
	oneValue   operand = "value"
	manyValues operand = "values"
	noValue    operand = ""
)

type operator struct {
	name    string
	operand operand
	means   string
}

var operators = []operator{
	{traceloop.OperatorEquals, oneValue, "the attribute equals `value`"},
	{traceloop.OperatorNotEquals, oneValue, "the attribute differs from `value`"},
	{traceloop.OperatorContains, oneValue, "the attribute contains `value`"},
	{traceloop.OperatorNotContains, oneValue, "the attribute does not contain `value`"},
	{traceloop.OperatorIn, manyValues, "the attribute is one of `values`"},
	{traceloop.OperatorNotIn, manyValues, "the attribute is not one of `values`"},
	{traceloop.OperatorExists, noValue, "the attribute exists"},
	{traceloop.OperatorNotExists, noValue, "the attribute does not exist"},
}

func operatorNames() []string {
	names := make([]string, len(operators))
	for i, operator := range operators {
		names[i] = operator.name
	}
	return names
}

func operatorTable() string {
	var table strings.Builder
	for _, operator := range operators {
		fmt.Fprintf(&table, "; `%s`: %s", operator.name, operator.means)
	}
	return strings.TrimPrefix(table.String(), "; ")
}

func selectorAttribute() schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		MarkdownDescription: "Rules that a span must match, all of them, or null for every span; at least one rule. Default: every span of the project and environment. Changing them restarts the setup.",
		Optional:            true,
		Validators:          []validator.List{listvalidator.SizeAtLeast(1), listvalidator.NoNullValues()},
		NestedObject: schema.NestedAttributeObject{
			Validators: []validator.Object{ruleValidator{}},
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
					MarkdownDescription: "How the attribute is compared. " + operatorTable() + ". Default: `equals`.",
					Optional:            true,
					Computed:            true,
					Default:             stringdefault.StaticString(traceloop.OperatorEquals),
					Validators:          []validator.String{stringvalidator.OneOf(operatorNames()...)},
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

// ruleValidator checks a rule against the table of operators.
type ruleValidator struct{}

func (ruleValidator) Description(context.Context) string {
	return "must have value or values as the operator requires"
}

func (v ruleValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (ruleValidator) ValidateObject(ctx context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	var rule ruleModel
	resp.Diagnostics.Append(req.ConfigValue.As(ctx, &rule, basetypes.ObjectAsOptions{})...)
	if resp.Diagnostics.HasError() || rule.Operator.IsUnknown() {
		return
	}
	name := rule.Operator.ValueString()
	if rule.Operator.IsNull() {
		name = traceloop.OperatorEquals
	}
	i := slices.IndexFunc(operators, func(o operator) bool { return o.name == name })
	if i < 0 {
		return // the attribute's own validator reports it
	}
	needs := operators[i].operand
	for _, given := range []struct {
		operand operand
		null    bool
	}{{oneValue, rule.Value.IsNull()}, {manyValues, rule.Values.IsNull()}} {
		at := req.Path.AtName(string(given.operand))
		switch {
		case given.operand == needs && given.null:
			resp.Diagnostics.AddAttributeError(at, "Missing Value for Operator", fmt.Sprintf("The rule %s has the operator %q, which needs %q. Set it, or choose another operator.", req.Path, name, needs))
		case given.operand != needs && !given.null:
			detail := fmt.Sprintf("The rule %s has the operator %q, which does not take %q. ", req.Path, name, given.operand)
			if needs == noValue {
				detail += "Remove it; this operator compares with nothing."
			} else {
				detail += fmt.Sprintf("Remove it; this operator takes %q.", needs)
			}
			resp.Diagnostics.AddAttributeError(at, "Unexpected Value for Operator", detail)
		}
	}
}
