package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ list.ListResourceWithConfigure = (*apiKeyListResource)(nil)

func newAPIKeyListResource() list.ListResource {
	return &apiKeyListResource{}
}

type apiKeyListResource struct {
	*providerData
}

func (l *apiKeyListResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_key"
}

func (l *apiKeyListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the active API keys of the organization, oldest first. Each is shown as its project and environment, such as `Orders / prd`. The keys themselves cannot be retrieved: the attribute `key` is null. " + queryVersions,
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Only keys of the project with this id. Default: all projects.",
				Optional:            true,
				Validators:          idValidator,
			},
			"environment": schema.StringAttribute{
				MarkdownDescription: "Only keys of the environment with this slug. Default: all environments.",
				Optional:            true,
				Validators:          slugValidator,
			},
			"min_age_days": schema.Int64Attribute{
				MarkdownDescription: "Only keys that are at least this many days old; 0 or more. Default: any age.",
				Optional:            true,
				Validators:          []validator.Int64{int64validator.AtLeast(0)},
			},
		},
	}
}

func (l *apiKeyListResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.providerData = configure(req.ProviderData, &resp.Diagnostics)
}

func (l *apiKeyListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config struct {
		ProjectID   types.String `tfsdk:"project_id"`
		Environment types.String `tfsdk:"environment"`
		MinAgeDays  types.Int64  `tfsdk:"min_age_days"`
	}
	diags := req.Config.Get(ctx, &config)
	if diags.HasError() || !l.ready(&diags) {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}

	filter := traceloop.APIKeyFilter{ProjectID: config.ProjectID.ValueString(), Environment: config.Environment.ValueString()}
	keys := where(l.client.ListAPIKeys(ctx, filter), func(k traceloop.APIKey) bool {
		return newAgedAPIKeyModel(k, l.now()).AgeDays.ValueInt64() >= config.MinAgeDays.ValueInt64()
	})
	stream.Results = results(ctx, req, apiKeyIdentity, keys, func(k traceloop.APIKey) (listed, error) {
		model := importedAPIKey(k)
		project, err := l.projectName(ctx, k.ProjectID)
		return listed{project + " / " + k.Environment, []types.String{model.ProjectID, model.Environment}, model}, err
	}, func(err error, diags *diag.Diagnostics) {
		if traceloop.IsNotFound(err) {
			l.addUnknownProject(ctx, filter.ProjectID, diags)
			return
		}
		diags.AddError("Unable to List API Keys", l.failure("list the active API keys", err))
	})
}

// importedAPIKey is the resource after an import, without the value of the key.
func importedAPIKey(k traceloop.APIKey) apiKeyResourceModel {
	return apiKeyResourceModel{
		apiKeyModel:      newAPIKeyModel(k),
		RotationTriggers: types.MapNull(types.StringType),
		AgeRecipients:    types.SetNull(types.StringType),
		ReplaceExisting:  types.BoolValue(false),
	}
}
