package apikey

import (
	"fmt"
	"iter"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// model is an API key as the service describes it, without its value. The resource and
// the data sources share it.
type model struct {
	ID          types.String `tfsdk:"id"`
	ProjectID   types.String `tfsdk:"project_id"`
	Environment types.String `tfsdk:"environment"`
	MaskedKey   types.String `tfsdk:"masked_key"`
	CreatedAt   types.String `tfsdk:"created_at"`
}

func newModel(k traceloop.APIKey) model {
	return model{
		ID:          types.StringValue(k.ID),
		ProjectID:   types.StringValue(k.ProjectID),
		Environment: types.StringValue(k.Environment),
		MaskedKey:   maskedKey(k.MaskedKey),
		CreatedAt:   base.Timestamp(k.CreatedAt),
	}
}

// agedModel is for the data sources. The resource has no age: its state would differ every day.
type agedModel struct {
	model
	AgeDays types.Int64 `tfsdk:"age_days"`
}

func newAgedModel(k traceloop.APIKey, now time.Time) agedModel {
	return agedModel{
		model:   newModel(k),
		AgeDays: types.Int64Value(max(0, int64(now.Sub(k.CreatedAt)/(24*time.Hour)))),
	}
}

// Describe names the object in a sentence.
func (m model) Describe() string {
	return fmt.Sprintf("API key %s (id %s) of project %s, environment %q",
		m.MaskedKey.ValueString(), m.ID.ValueString(), m.ProjectID.ValueString(), m.Environment.ValueString())
}

// changeTo returns the first argument that differs in another model and forces a replacement.
func (m model) changeTo(other model) base.Change {
	switch {
	case !m.ProjectID.Equal(other.ProjectID):
		return base.NewChange("project_id", m.ProjectID, other.ProjectID)
	case !m.Environment.Equal(other.Environment):
		return base.NewChange("environment", m.Environment, other.Environment)
	}
	return base.Change{}
}

func (m model) hasUnknownPlace() bool {
	return m.ProjectID.IsUnknown() || m.Environment.IsUnknown()
}

func (m model) place() base.Place {
	return base.Place{Kind: base.APIKeyPlace, Project: m.ProjectID.ValueString(), Name: m.Environment.ValueString()}
}

func (m model) holding() base.Holding {
	return base.Holding{ID: m.ID.ValueString(), Place: m.place(), Object: m}
}

// apiKey converts the model to the client's type.
func (m model) apiKey() traceloop.APIKey {
	return traceloop.APIKey{
		ID:          m.ID.ValueString(),
		ProjectID:   m.ProjectID.ValueString(),
		Environment: m.Environment.ValueString(),
		MaskedKey:   m.MaskedKey.ValueString(),
	}
}

func keyPlace(request traceloop.APIKeyRequest) base.Place {
	return base.Place{Kind: base.APIKeyPlace, Project: request.ProjectID, Name: request.Environment}
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

// maskedKey is null where the service shows none.
func maskedKey(masked string) types.String {
	if masked == "" {
		return types.StringNull()
	}
	return types.StringValue(masked)
}
