package base

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// WholeNumber accepts the whole numbers of a range. It is for number attributes: the framework reads
// a fraction or a huge number into no Int64, and calls that an error in the provider.
func WholeNumber(from, to int64) validator.Number {
	return wholeNumberValidator{from, to}
}

type wholeNumberValidator struct{ from, to int64 }

func (v wholeNumberValidator) Description(context.Context) string {
	return fmt.Sprintf("must be a whole number from %d to %d", v.from, v.to)
}

func (v wholeNumberValidator) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

func (v wholeNumberValidator) ValidateNumber(ctx context.Context, req validator.NumberRequest, resp *validator.NumberResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || v.accepts(req.ConfigValue) {
		return
	}
	resp.Diagnostics.AddAttributeError(req.Path, "Invalid Number", fmt.Sprintf(
		"The argument %q %s. It is %s.", req.Path, v.Description(ctx), req.ConfigValue.ValueBigFloat().Text('g', 10)))
}

func (v wholeNumberValidator) accepts(n types.Number) bool {
	number := n.ValueBigFloat()
	if !number.IsInt() {
		return false
	}
	i, accuracy := number.Int64()
	return accuracy == 0 && v.from <= i && i <= v.to
}

// IsWholeNumber reports whether a known number is whole and in the range.
func IsWholeNumber(n types.Number, from, to int64) bool {
	return wholeNumberValidator{from, to}.accepts(n)
}

// Whole returns the value of a number that WholeNumber accepts, or 0 for null.
func Whole(n types.Number) int64 {
	if n.IsNull() || n.IsUnknown() {
		return 0
	}
	i, _ := n.ValueBigFloat().Int64()
	return i
}
