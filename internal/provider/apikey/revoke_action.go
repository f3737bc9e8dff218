package apikey

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/actionvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var (
	_ action.ActionWithConfigure        = (*revokeAction)(nil)
	_ action.ActionWithConfigValidators = (*revokeAction)(nil)
	_ action.ActionWithModifyPlan       = (*revokeAction)(nil)
)

// NewRevokeAction returns the action traceloop_revoke_api_key.
func NewRevokeAction() action.Action {
	return &revokeAction{}
}

type revokeAction struct {
	*base.Data
}

type revokeModel struct {
	ID          types.String `tfsdk:"id"`
	ProjectID   types.String `tfsdk:"project_id"`
	Environment types.String `tfsdk:"environment"`
}

func (a *revokeAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_revoke_api_key"
}

func (a *revokeAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Revokes an API key at once, for example after a leak. Choose the key by `id`, or by `project_id` and `environment`. Applications that use the key can no longer send traces. " +
			"If a `traceloop_api_key` resource manages the key, the next apply generates another. If there is no key, the action warns and changes nothing.\n\n" +
			"The provider refuses to revoke its own key. Actions need Terraform 1.14; OpenTofu does not have them yet.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Id of the key. Exactly one of `id` and `environment` is required.",
				Optional:            true,
				Validators:          base.IDValidator,
			},
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Id of the project that the key sends traces to. Required with `environment`.",
				Optional:            true,
				Validators:          base.IDValidator,
			},
			"environment": schema.StringAttribute{
				MarkdownDescription: "Slug of the environment that the key sends traces to. The action revokes the key that is active there when it runs.",
				Optional:            true,
				Validators:          base.SlugValidator,
			},
		},
	}
}

func (a *revokeAction) ConfigValidators(context.Context) []action.ConfigValidator {
	return []action.ConfigValidator{
		actionvalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("environment")),
		actionvalidator.RequiredTogether(path.MatchRoot("project_id"), path.MatchRoot("environment")),
	}
}

func (a *revokeAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	a.Data = base.Configure(req.ProviderData, &resp.Diagnostics)
}

// ModifyPlan names the key, if it is known, before the user approves the plan.
func (a *revokeAction) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	var config revokeModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || a.Data == nil || config.isUnknown() {
		return
	}
	client := a.ManagementIfKnown()
	if client == nil {
		return
	}
	key := a.find(ctx, client, config, client.ListAPIKeys, &resp.Diagnostics)
	if key == nil || a.RefuseOwnKey(&resp.Diagnostics, "revoke an API key", *key) {
		return
	}
	resp.Diagnostics.AddWarning("API Key Will Be Revoked", fmt.Sprintf(
		"This action revokes the %s, generated %s ago. Applications that use it can no longer send traces.", newModel(*key).Describe(), base.Elapsed(a.Now().Sub(key.CreatedAt))))
}

func (a *revokeAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var config revokeModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	client, ok := a.ManagementForWriting(&resp.Diagnostics)
	if !ok {
		return
	}
	progress := func(format string, args ...any) {
		resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf(format, args...)})
	}

	progress("Looking for the API key %s", config.Describe())
	key := a.find(ctx, client, config, client.ListAPIKeysUncached, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if key == nil {
		progress("There is no active API key %s: nothing was changed", config.Describe())
		resp.Diagnostics.AddWarning("No API Key to Revoke", fmt.Sprintf(
			"Traceloop has no active API key %s: it never existed, or it was revoked already. Nothing was changed. The data source traceloop_api_keys lists the active keys.", config.Describe()))
		return
	}
	if a.RefuseOwnKey(&resp.Diagnostics, "revoke an API key", *key) {
		return
	}
	description := newModel(*key).Describe()
	progress("Revoking the %s", description)
	err := client.RevokeAPIKey(ctx, key.ID)
	switch {
	case traceloop.IsNotFound(err) && !traceloop.MayHaveDeleted(err):
		progress("Somebody else has just revoked the %s", description)
	case err != nil && !traceloop.MayHaveDeleted(err):
		resp.Diagnostics.AddError("Unable to Revoke API Key", a.Failure("revoke the "+description, err))
	default:
		progress("Revoked the %s. Applications that use it can no longer send traces", description)
	}
}

// find returns the key, or nil if there is none. A missing project or environment is an error:
// a typing mistake must not look as if the leaked key was revoked already.
func (a *revokeAction) find(ctx context.Context, client *traceloop.Client, config revokeModel, list base.APIKeyList, diags *diag.Diagnostics) *traceloop.APIKey {
	var key *traceloop.APIKey
	var err error
	projectID, environment := config.ProjectID.ValueString(), config.Environment.ValueString()
	if config.ID.IsNull() {
		key, err = activeKey(ctx, list, traceloop.APIKeyRequest{ProjectID: projectID, Environment: environment})
		if err == nil && key == nil {
			var missing string
			if missing, err = missingEnvironment(ctx, client.ListEnvironmentsUncached, projectID, environment); missing != "" {
				diags.AddAttributeError(path.Root("environment"), unknownEnvironmentSummary, missing+referToEnvironment)
			}
		}
		if traceloop.IsNotFound(err) {
			a.AddUnknownProject(ctx, client, projectID, diags)
			return nil
		}
	} else if key, err = client.GetAPIKey(ctx, config.ID.ValueString()); traceloop.IsNotFound(err) {
		return nil
	}
	if err != nil {
		diags.AddError("Unable to Find API Key", a.Failure("find the API key "+config.Describe()+", to revoke it", err))
		return nil
	}
	return key
}

func (m revokeModel) isUnknown() bool {
	return m.ID.IsUnknown() || m.ProjectID.IsUnknown() || m.Environment.IsUnknown()
}

// Describe names the object in a sentence.
func (m revokeModel) Describe() string {
	if !m.ID.IsNull() {
		return "with the id " + m.ID.ValueString()
	}
	return fmt.Sprintf("of project %s, environment %q", m.ProjectID.ValueString(), m.Environment.ValueString())
}
