package base

import (
	"time"

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
