package base

import (
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Timestamp formats a time of the API as RFC 3339, in UTC and to the second.
func Timestamp(t time.Time) types.String {
	return types.StringValue(t.UTC().Format(time.RFC3339))
}

// CreatedAtAttribute is the same for every object of the service.
func CreatedAtAttribute(object string) schema.StringAttribute {
	return ComputedAttribute("When the " + object + " was created, as an RFC 3339 time in UTC.")
}

// ComputedAttribute is one that an update does not change.
func ComputedAttribute(description string) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Computed:            true,
		PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	}
}

// TextOr returns a text of an answer, or what was there before if the answer leaves it out.
func TextOr(answer string, before types.String) types.String {
	if answer == "" {
		return before
	}
	return types.StringValue(answer)
}

// TimeOr is TextOr for a time.
func TimeOr(answer time.Time, before types.String) types.String {
	if answer.IsZero() {
		return before
	}
	return Timestamp(answer)
}

// Element is an object in a list, by attribute.
type Element map[string]attr.Value

// Text returns a string of the object, which is empty if it is null or unknown.
func (e Element) Text(name string) string {
	s, _ := e[name].(types.String)
	return s.ValueString()
}

// Elements returns the objects in a list.
func Elements(list types.List) (all []Element) {
	for _, element := range list.Elements() {
		if object, ok := element.(types.Object); ok {
			all = append(all, object.Attributes())
		}
	}
	return all
}

// Texts returns the strings in a list or a set.
func Texts(collection attr.Value) (all []string) {
	if c, ok := collection.(interface{ Elements() []attr.Value }); ok {
		for _, element := range c.Elements() {
			if s, ok := element.(types.String); ok {
				all = append(all, s.ValueString())
			}
		}
	}
	return all
}

// ListOf returns null for no elements.
func ListOf(of attr.Type, elements []attr.Value) types.List {
	if len(elements) == 0 {
		return types.ListNull(of)
	}
	return types.ListValueMust(of, elements)
}

// TextList returns null for no texts.
func TextList(texts []string) types.List { return ListOf(types.StringType, textValues(texts)) }

// TextSet returns null for no texts.
func TextSet(texts []string) types.Set {
	if len(texts) == 0 {
		return types.SetNull(types.StringType)
	}
	return types.SetValueMust(types.StringType, textValues(slices.Compact(slices.Sorted(slices.Values(texts)))))
}

func textValues(texts []string) (all []attr.Value) {
	for _, s := range texts {
		all = append(all, types.StringValue(s))
	}
	return all
}
