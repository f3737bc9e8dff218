package base

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// WholeNumber accepts the whole numbers of a range. It is for number attributes: the framework reads
// a fraction or a huge number into no Int64, and calls that an error in the provider.
func WholeNumber(from, to int64) validator.Number {
	return numberValidator{Described(fmt.Sprintf("must be a whole number from %d to %d", from, to)), func(n *big.Float) bool { return isWhole(n, from, to) }}
}

// Decimal accepts the numbers that a float64 can hold. More digits than it has are no mistake. It is for
// number attributes, as WholeNumber is.
func Decimal() validator.Number {
	return numberValidator{"must be 0, or a number from 5e-324 to 1.79e308, with or without a minus", func(n *big.Float) bool {
		f, _ := n.Float64()
		return !math.IsInf(f, 0) && (f != 0 || n.Sign() == 0)
	}}
}

type numberValidator struct {
	Described

	accepts func(*big.Float) bool
}

func (v numberValidator) ValidateNumber(_ context.Context, req validator.NumberRequest, resp *validator.NumberResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || v.accepts(req.ConfigValue.ValueBigFloat()) {
		return
	}
	given := req.ConfigValue.ValueBigFloat()
	shown := given.Text('g', 10)
	if _, err := strconv.Atoi(shown); err == nil && !given.IsInt() {
		shown = given.Text('g', -1) // so close to a whole number that only all of its digits differ from one
	}
	resp.Diagnostics.AddAttributeError(req.Path, "Invalid Number", fmt.Sprintf("The argument %q %s. It is %s.", req.Path, v.Described, shown))
}

func isWhole(n *big.Float, from, to int64) bool {
	if !n.IsInt() {
		return false
	}
	i, accuracy := n.Int64()
	return accuracy == big.Exact && from <= i && i <= to
}

// IsWholeNumber reports whether a known number is whole and in the range.
func IsWholeNumber(n types.Number, from, to int64) bool {
	return isWhole(n.ValueBigFloat(), from, to)
}

// Whole returns the value of a number that WholeNumber accepts, or 0 for null.
func Whole(n types.Number) int64 {
	if n.IsNull() || n.IsUnknown() {
		return 0
	}
	i, _ := n.ValueBigFloat().Int64()
	return i
}

// NumberOf returns the number whose digits a float64 shows. In the language of Terraform, 0.2 has 512
// bits, and differs from a float64 of 0.2: a plan right after an import would show that as a change.
func NumberOf(f float64) types.Number {
	n, _, err := big.ParseFloat(strconv.FormatFloat(f, 'g', -1, 64), 10, 512, big.ToNearestEven)
	if err != nil { // infinite, or not a number: JSON has neither
		return types.NumberNull()
	}
	return types.NumberValue(n)
}

// Float returns a number that Decimal accepts, or nil for null.
func Float(n types.Number) *float64 {
	if n.IsNull() || n.IsUnknown() {
		return nil
	}
	f, _ := n.ValueBigFloat().Float64()
	return &f
}
