package provider

import (
	"fmt"
	"iter"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// apiKeyModel is an API key as the service describes it, without its value. The resource and
// the data sources share it.
type apiKeyModel struct {
	ID          types.String `tfsdk:"id"`
	ProjectID   types.String `tfsdk:"project_id"`
	Environment types.String `tfsdk:"environment"`
	MaskedKey   types.String `tfsdk:"masked_key"`
	CreatedAt   types.String `tfsdk:"created_at"`
}

func newAPIKeyModel(k traceloop.APIKey) apiKeyModel {
	return apiKeyModel{
		ID:          types.StringValue(k.ID),
		ProjectID:   types.StringValue(k.ProjectID),
		Environment: types.StringValue(k.Environment),
		MaskedKey:   types.StringValue(k.MaskedKey),
		CreatedAt:   timestamp(k.CreatedAt),
	}
}

// agedAPIKeyModel is for the data sources. The resource has no age: its state would differ every day.
type agedAPIKeyModel struct {
	apiKeyModel
	AgeDays types.Int64 `tfsdk:"age_days"`
}

func newAgedAPIKeyModel(k traceloop.APIKey, now time.Time) agedAPIKeyModel {
	return agedAPIKeyModel{
		apiKeyModel: newAPIKeyModel(k),
		AgeDays:     types.Int64Value(max(0, int64(now.Sub(k.CreatedAt)/(24*time.Hour)))),
	}
}

func (m apiKeyModel) describe() string {
	return fmt.Sprintf("API key %s (id %s) of project %s, environment %q",
		m.MaskedKey.ValueString(), m.ID.ValueString(), m.ProjectID.ValueString(), m.Environment.ValueString())
}

// changeTo returns the first argument that differs in another model and forces a replacement.
func (m apiKeyModel) changeTo(other apiKeyModel) change {
	switch {
	case !m.ProjectID.Equal(other.ProjectID):
		return newChange("project_id", m.ProjectID, other.ProjectID)
	case !m.Environment.Equal(other.Environment):
		return newChange("environment", m.Environment, other.Environment)
	}
	return change{}
}

func (m apiKeyModel) hasUnknownPlace() bool {
	return m.ProjectID.IsUnknown() || m.Environment.IsUnknown()
}

func (m apiKeyModel) place() place {
	return place{apiKeyPlace, m.ProjectID.ValueString(), m.Environment.ValueString()}
}

func (m apiKeyModel) holding() holding {
	return holding{id: m.ID.ValueString(), place: m.place(), object: m}
}

// apiKey converts the model to the client's type.
func (m apiKeyModel) apiKey() traceloop.APIKey {
	return traceloop.APIKey{
		ID:          m.ID.ValueString(),
		ProjectID:   m.ProjectID.ValueString(),
		Environment: m.Environment.ValueString(),
		MaskedKey:   m.MaskedKey.ValueString(),
	}
}

func keyPlace(request traceloop.APIKeyRequest) place {
	return place{apiKeyPlace, request.ProjectID, request.Environment}
}

// activeKey returns the key in a list for one project and environment, or nil.
func activeKey(keys iter.Seq2[traceloop.APIKey, error]) (*traceloop.APIKey, error) {
	for key, err := range keys {
		if err != nil {
			return nil, err
		}
		return &key, nil
	}
	return nil, nil
}
