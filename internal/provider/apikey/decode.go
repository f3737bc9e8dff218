package apikey

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

var _ tftypes.ValueConverter = (*resourceModel)(nil)

// FromTerraform5Value decodes a plan, state or configuration that is not null, in reads and
// plans: DESIGN.md, "Decoding".
func (m *resourceModel) FromTerraform5Value(value tftypes.Value) error {
	var fields map[string]tftypes.Value
	if err := value.As(&fields); err != nil {
		return err
	}
	return errors.Join(
		decode(fields, "id", types.StringType, &m.ID),
		decode(fields, "project_id", types.StringType, &m.ProjectID),
		decode(fields, "environment", types.StringType, &m.Environment),
		decode(fields, "masked_key", types.StringType, &m.MaskedKey),
		decode(fields, "created_at", types.StringType, &m.CreatedAt),
		decode(fields, "rotation_triggers", types.MapType{ElemType: types.StringType}, &m.RotationTriggers),
		decode(fields, "rotate_after_days", types.NumberType, &m.RotateAfterDays),
		decode(fields, "rotate_at", types.StringType, &m.RotateAt),
		decode(fields, "age_recipients", types.SetType{ElemType: types.StringType}, &m.AgeRecipients),
		decode(fields, "existing_key_wo", types.StringType, &m.ExistingKeyWO),
		decode(fields, "replace_existing", types.BoolType, &m.ReplaceExisting),
		decode(fields, "key", types.StringType, &m.Key),
		decode(fields, "encrypted_key", types.StringType, &m.EncryptedKey),
	)
}

func decode[T attr.Value](fields map[string]tftypes.Value, name string, typ attr.Type, into *T) error {
	field, ok := fields[name]
	if !ok {
		return fmt.Errorf("there is no attribute %q", name)
	}
	value, err := typ.ValueFromTerraform(context.Background(), field)
	if err != nil {
		return fmt.Errorf("attribute %q: %w", name, err)
	}
	converted, ok := value.(T)
	if !ok {
		return fmt.Errorf("attribute %q is %T, not %T", name, value, *into)
	}
	*into = converted
	return nil
}
