package apikey

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
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

// newModel has no masked_key and no id where the service shows none.
func newModel(k traceloop.APIKey) model {
	m := model{
		ProjectID:   types.StringValue(k.ProjectID),
		Environment: types.StringValue(k.Environment),
		CreatedAt:   base.Timestamp(k.CreatedAt),
	}
	if k.ID != "" {
		m.ID = types.StringValue(k.ID)
	}
	if k.MaskedKey != "" {
		m.MaskedKey = types.StringValue(k.MaskedKey)
	}
	return m
}

// generatedModel fills in the mask, which the answer to a generation may lack.
func generatedModel(generated traceloop.GeneratedAPIKey) model {
	key := generated.APIKey
	if key.MaskedKey == "" {
		key.MaskedKey = traceloop.MaskKey(generated.Key)
	}
	return newModel(key)
}

// keepPlace keeps the project and the environment of a key, which never moves. If an answer has others,
// the service describes them in another way. To follow it would revoke a key that runs.
func keepPlace(m *model, before model, diags *diag.Diagnostics) {
	if m.ProjectID.Equal(before.ProjectID) && m.Environment.Equal(before.Environment) {
		return
	}
	answered := *m
	m.ProjectID, m.Environment = before.ProjectID, before.Environment
	diags.AddWarning("API Key Described Differently", fmt.Sprintf(
		"Traceloop answers with project %s and environment %s for the %s. An API key never moves, so the state keeps its project and its environment. "+
			"Compare them with the Traceloop dashboard. If they are right, the API differs from what this version of the provider expects: check whether there is a newer version.",
		answered.ProjectID.ValueString(), answered.Environment, m.Describe()))
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
	return fmt.Sprintf("API key %s of project %s, environment %q", show(m.apiKey()), m.ProjectID.ValueString(), m.Environment.ValueString())
}

// show names a key by its masked form, if the service gave one, and its id.
func show(k traceloop.APIKey) string {
	switch {
	case k.ID == "":
		return k.MaskedKey
	case k.MaskedKey == "":
		return "with the id " + k.ID
	}
	return fmt.Sprintf("%s (id %s)", k.MaskedKey, k.ID)
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

func (m model) handle() base.Handle { return base.HandleOf("api_key", m.ID.ValueString()) }

// object is the key for the ledger. "token" is that of its address.
func (m model) object(token string) base.Object {
	where := m.request()
	return base.Object{Handle: m.handle(), Place: placeOf(where), Within: around(where), Token: token, Type: typeName, Name: m.Describe()}
}

func (m model) request() traceloop.APIKeyRequest {
	return traceloop.APIKeyRequest{ProjectID: m.ProjectID.ValueString(), Environment: m.Environment.ValueString()}
}

// placeOf is the place of a key: an environment of a project holds one.
func placeOf(r traceloop.APIKeyRequest) base.Handle {
	return base.HandleOf("api_key_of", r.ProjectID, r.Environment)
}

// requestOf is the reverse of placeOf.
func requestOf(place base.Handle) traceloop.APIKeyRequest {
	parts := strings.Split(string(place), "/")
	return traceloop.APIKeyRequest{ProjectID: parts[1], Environment: parts[2]}
}

// around is what a key is destroyed with.
func around(r traceloop.APIKeyRequest) []base.Handle {
	return []base.Handle{base.HandleOf("project", r.ProjectID), base.EnvironmentHandle(r.ProjectID, r.Environment), base.EnvironmentHandle("", r.Environment)}
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

// activeKey returns the active key of a project and environment, or nil. The list is the client's, cached or not.
func activeKey(ctx context.Context, list base.APIKeyList, of traceloop.APIKeyRequest) (*traceloop.APIKey, error) {
	return base.First(list(ctx, traceloop.APIKeyFilter(of)), func(traceloop.APIKey) bool { return true })
}
