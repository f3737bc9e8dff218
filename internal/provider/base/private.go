package base

import (
	"context"
	"crypto/rand"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// The keys of a resource's private state.
const (
	addressKey        = "address"  // AddressToken
	noteKey           = "replaces" // Note
	originKey         = "origin"   // origin
	organizationIDKey = "org_id"   // NoteOrganizationID
	differentNameKey  = "name"     // differentName
)

// PrivateState is the private state of a resource, in a request or in a response.
type PrivateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// NewAddressToken makes a token for the address that an import gives to an object, and stores it in
// the private state. It tells that address from any other one that the object has.
func NewAddressToken(ctx context.Context, private PrivateState, diags *diag.Diagnostics) string {
	token := rand.Text()
	setPrivate(ctx, private, addressKey, token, diags)
	return token
}

// AddressToken returns the token of an address, or "" if the object was not imported to it.
func AddressToken(ctx context.Context, private PrivateState, diags *diag.Diagnostics) string {
	return getPrivate[string](ctx, private, addressKey, diags)
}

// Note passes data between the steps of a replacement, in the private state. The plan of the first
// half sets what is replaced. The plan of the second half sets the new place. The delete reads
// both. A creation does not get it. Update and delete take it out, so that no state keeps it if
// they fail. A delete without a note is that of a tainted object, whose note Terraform drops.
type Note struct {
	Replaces Handle `json:"replaces"`       // what is replaced
	Next     Handle `json:"next,omitempty"` // place of the new object; empty if the plan does not know it
	// Protected says that the state protects what is replaced. Only the first half sees the state.
	Protected bool   `json:"protected,omitempty"`
	Revokes   string `json:"revokes,omitempty"` // id of the key there that the plan announced to revoke
	Removed   bool   `json:"removed,omitempty"` // the plan destroys the object, and does not replace it
}

// GetNote returns the note, which is empty if there is none.
func GetNote(ctx context.Context, private PrivateState, diags *diag.Diagnostics) Note {
	return getPrivate[Note](ctx, private, noteKey, diags)
}

// Set writes the note.
func (n Note) Set(ctx context.Context, private PrivateState, diags *diag.Diagnostics) {
	setPrivate(ctx, private, noteKey, n, diags)
}

// TakeNote returns the note and takes it out.
func TakeNote(ctx context.Context, private PrivateState, diags *diag.Diagnostics) Note {
	n := GetNote(ctx, private, diags)
	diags.Append(private.SetKey(ctx, noteKey, nil)...)
	return n
}

// getPrivate returns what the private state has under a key, or nothing.
func getPrivate[T any](ctx context.Context, private PrivateState, key string, diags *diag.Diagnostics) (value T) {
	encoded, readDiags := private.GetKey(ctx, key)
	diags.Append(readDiags...)
	if len(encoded) == 0 {
		return value
	}
	if err := json.Unmarshal(encoded, &value); err != nil {
		diags.AddError("Invalid Private State", "The provider's note in the state cannot be read: "+err.Error()+". Nothing was changed. Plan again.")
	}
	return value
}

func setPrivate(ctx context.Context, private PrivateState, key string, value any, diags *diag.Diagnostics) {
	encoded, err := json.Marshal(value)
	if err != nil {
		diags.AddError("Invalid Private State", "The provider's note for the state cannot be written: "+err.Error()+". This is a bug in the provider. Please report it.")
		return
	}
	diags.Append(private.SetKey(ctx, key, encoded)...)
}
