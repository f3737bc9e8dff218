package base

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

const replacementKey = "replacement"

// Replacement passes data between the steps of a replacement, in the private state. The plan of
// the first half sets what is replaced. The plan of the second half sets the new place. The
// delete reads both. Update and delete remove the data, so that no state keeps it if they fail. A
// creation does not get it.
type Replacement struct {
	Replaces string `json:"replaces"`          // id of the object that is replaced
	Project  string `json:"project,omitempty"` // with Name, the place of the new object
	Name     string `json:"name,omitempty"`    // empty if it is not known
	Revokes  string `json:"revokes,omitempty"` // id of the key there that the plan announced to revoke
}

// PrivateState is the private state of a resource, in a request or in a response.
type PrivateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// GetReplacement reads the note. It is empty if there is none.
func GetReplacement(ctx context.Context, private PrivateState, diags *diag.Diagnostics) Replacement {
	var r Replacement
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

// Set writes the note.
func (r Replacement) Set(ctx context.Context, private PrivateState, diags *diag.Diagnostics) {
	value, err := json.Marshal(r)
	if err != nil {
		diags.AddError("Invalid Private State", "The plan's note about this replacement cannot be written: "+err.Error()+". This is a bug in the provider. Please report it.")
		return
	}
	diags.Append(private.SetKey(ctx, replacementKey, value)...)
}

// TakeReplacement returns the note and takes it out: a delete that fails leaves its private
// state to the next plan, which may want something else.
func TakeReplacement(ctx context.Context, private PrivateState, diags *diag.Diagnostics) Replacement {
	r := GetReplacement(ctx, private, diags)
	DropReplacement(ctx, private, diags)
	return r
}

// DropReplacement takes the note out.
func DropReplacement(ctx context.Context, private PrivateState, diags *diag.Diagnostics) {
	diags.Append(private.SetKey(ctx, replacementKey, nil)...)
}
