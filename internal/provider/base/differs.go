package base

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// AddDiffers warns that the answer of a write is not what was requested. The state holds what was
// requested: Terraform takes anything else as a bug, and replaces the object on every apply.
func AddDiffers(diags *diag.Diagnostics, object string, differences ...string) {
	diags.AddWarning("Answer Differs From the Request", fmt.Sprintf(
		"Traceloop wrote the %s, but its answer differs from the request:\n\n  - %s\n\nThe state has what was requested. The next plan reads the object again. If it then shows a change, look at the object in the Traceloop dashboard.",
		object, strings.Join(differences, "\n  - ")))
}

// Argument is what a configuration can set and an answer can show.
type Argument struct {
	Name  string
	Value attr.Value
}

// SameArguments compares the arguments of an object, one by one.
func SameArguments(a, b []Argument) bool {
	return slices.EqualFunc(a, b, func(a, b Argument) bool { return a.Value.Equal(b.Value) })
}

// WarnDiffering is AddDiffers for the arguments of an object, in the same order. What the plan did not
// know cannot differ.
func WarnDiffering(diags *diag.Diagnostics, object string, requested, answered []Argument) {
	var differences []string
	for i, argument := range requested {
		if !argument.Value.IsUnknown() && !argument.Value.Equal(answered[i].Value) {
			differences = append(differences, Difference(argument.Name, argument.Value, answered[i].Value))
		}
	}
	if len(differences) > 0 {
		AddDiffers(diags, object, differences...)
	}
}

// Difference names an argument whose value in the answer is another one.
func Difference(argument string, requested, answered fmt.Stringer) string {
	return fmt.Sprintf("%s: %s; the answer has %s", argument, requested, answered)
}

// differentName is a name that the service stores in another form than it was requested in.
type differentName struct {
	Requested string `json:"requested"`
	Stored    string `json:"stored"`
}

// KeepName keeps the requested name if the answer of a write has another one, and warns. While the service
// has that other name, and the state the requested one, RequestedName keeps it too: otherwise each plan would
// change it again.
func KeepName(ctx context.Context, private PrivateState, name *types.String, requested types.String, object string, diags *diag.Diagnostics) {
	if answered := *name; !answered.Equal(requested) {
		*name = requested
		setPrivate(ctx, private, differentNameKey, differentName{requested.ValueString(), answered.ValueString()}, diags)
		AddDiffers(diags, object, Difference("name", requested, answered))
	}
}

// RequestedName returns the name of the state in the place of the one that the service stores for it.
func RequestedName(ctx context.Context, private PrivateState, state, stored types.String, diags *diag.Diagnostics) types.String {
	noted := getPrivate[differentName](ctx, private, differentNameKey, diags)
	if noted.Requested == state.ValueString() && noted.Stored == stored.ValueString() {
		return state
	}
	return stored
}
