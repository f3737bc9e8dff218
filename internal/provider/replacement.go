package provider

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// replacementKey is where a plan keeps its replacement in the private state.
const replacementKey = "replacement"

// replacement is what one half of a replacement tells the next, in the private state of the
// planned object. The first half says what is replaced, the second where to; the delete finds
// both, when it applies the plan. Update and delete take it out again, so that no state keeps
// it when they fail. A creation begins without it.
type replacement struct {
	Replaces string `json:"replaces"`          // id of the object that goes
	Project  string `json:"project,omitempty"` // where the next object is going to be: a place
	Name     string `json:"name,omitempty"`    // empty while it is not known
	Revokes  string `json:"revokes,omitempty"` // id of the key there that the plan said it would revoke
}

// privateState is the private state of a resource, in a request or in a response.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

func getReplacement(ctx context.Context, private privateState, diags *diag.Diagnostics) replacement {
	var r replacement
	value, readDiags := private.GetKey(ctx, replacementKey)
	diags.Append(readDiags...)
	if len(value) == 0 {
		return r
	}
	if err := json.Unmarshal(value, &r); err != nil {
		diags.AddError("Invalid Private State", "The plan's note about this replacement cannot be read: "+err.Error()+". Nothing was changed. Plan again.")
	}
	return r
}

func (r replacement) set(ctx context.Context, private privateState, diags *diag.Diagnostics) {
	value, err := json.Marshal(r)
	if err != nil {
		diags.AddError("Invalid Private State", "The plan's note about this replacement cannot be written: "+err.Error()+". This is a bug in the provider. Please report it.")
		return
	}
	diags.Append(private.SetKey(ctx, replacementKey, value)...)
}

// takeReplacement returns the note and takes it out: a delete that fails leaves its private
// state to the next plan, which may want something else.
func takeReplacement(ctx context.Context, private privateState, diags *diag.Diagnostics) replacement {
	r := getReplacement(ctx, private, diags)
	dropReplacement(ctx, private, diags)
	return r
}

func dropReplacement(ctx context.Context, private privateState, diags *diag.Diagnostics) {
	diags.Append(private.SetKey(ctx, replacementKey, nil)...)
}
