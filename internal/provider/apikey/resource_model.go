package apikey

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
)

// unknownForRotation returns the argument whose value may turn out bad after a rotation has revoked the
// key, or "".
func (m *resourceModel) unknownForRotation() string {
	switch {
	case m.RotateAfterDays.IsUnknown():
		return "rotate_after_days"
	case m.AgeRecipients.IsUnknown() || slices.ContainsFunc(m.AgeRecipients.Elements(), attr.Value.IsUnknown):
		return "age_recipients"
	}
	return ""
}

// sameRecipients reports whether two sets name the same recipients.
func sameRecipients(ctx context.Context, a, b types.Set) bool {
	if a.Equal(b) || a.IsNull() || b.IsNull() || a.IsUnknown() || b.IsUnknown() {
		return a.Equal(b)
	}
	canonical := func(set types.Set) map[string]bool {
		var elements []types.String
		names := map[string]bool{}
		if set.ElementsAs(ctx, &elements, false).HasError() {
			return nil
		}
		for _, element := range elements {
			if element.IsUnknown() {
				return nil
			}
			names[base.CanonicalRecipient(element.ValueString())] = true
		}
		return names
	}
	before, after := canonical(a), canonical(b)
	return before != nil && after != nil && maps.Equal(before, after)
}

// setKey stores a key, sealed if there are recipients.
func (m *resourceModel) setKey(key string, recipients []string) error {
	m.Key, m.EncryptedKey = types.StringValue(key), types.StringNull()
	if len(recipients) == 0 {
		return nil
	}
	m.Key = types.StringNull()
	sealed, err := base.Seal(key, recipients)
	if err != nil {
		return err
	}
	m.EncryptedKey = types.StringValue(sealed)
	return nil
}

// setKeyUnknown plans the values that setKey sets.
func (m *resourceModel) setKeyUnknown() {
	m.Key, m.EncryptedKey = types.StringNull(), types.StringNull()
	if m.AgeRecipients.IsNull() || m.AgeRecipients.IsUnknown() {
		m.Key = types.StringUnknown()
	}
	if !m.AgeRecipients.IsNull() {
		m.EncryptedKey = types.StringUnknown()
	}
}

// hasKey reports whether the state has the key, in plain text or sealed.
func (m *resourceModel) hasKey() bool {
	return !m.Key.IsNull() || !m.EncryptedKey.IsNull()
}

// sameComputed reports whether another model has the same planned values.
func (m *resourceModel) sameComputed(other resourceModel) bool {
	return m.RotateAt == other.RotateAt && m.Key == other.Key && m.EncryptedKey == other.EncryptedKey && m.AgeRecipients.Equal(other.AgeRecipients)
}

// setRotateAt computes rotate_at from created_at and rotate_after_days.
func (m *resourceModel) setRotateAt() {
	switch created, err := time.Parse(time.RFC3339, m.CreatedAt.ValueString()); {
	case m.RotateAfterDays.IsNull():
		m.RotateAt = types.StringNull()
	case m.RotateAfterDays.IsUnknown() || err != nil:
		m.RotateAt = types.StringUnknown()
	default:
		m.RotateAt = base.Timestamp(created.Add(time.Duration(base.Whole(m.RotateAfterDays)) * 24 * time.Hour))
	}
}

// dueAt returns rotate_at, or false if it is null or unknown.
func (m *resourceModel) dueAt() (time.Time, bool) {
	due, err := time.Parse(time.RFC3339, m.RotateAt.ValueString())
	return due, err == nil
}
