package provider

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// apiKeyModel is an API key as the service describes it, without the key itself: the
// part that the resource and the data sources share.
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

// agedAPIKeyModel is what the data sources show. A resource has no age, since its state
// would differ every day.
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
