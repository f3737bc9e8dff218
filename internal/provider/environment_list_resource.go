package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ list.ListResourceWithConfigure = (*environmentListResource)(nil)

func newEnvironmentListResource() list.ListResource {
	return &environmentListResource{}
}

type environmentListResource struct {
	*providerData
}

func (l *environmentListResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_environment"
}

func (l *environmentListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists environments, oldest first. A project-level environment is shown as `Orders / EU Production`, an organization-level environment as `Load test (organization-level)`. " + queryVersions,
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Only environments of the project with this id, including inherited ones. Default: every environment of the organization, of both scopes.",
				Optional:            true,
				Validators:          idValidator,
			},
			"scope": schema.StringAttribute{
				MarkdownDescription: "Only environments of this scope: `organization` or `project`. Default: both.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.OneOf(traceloop.ScopeOrganization, traceloop.ScopeProject)},
			},
			"include_built_in": schema.BoolAttribute{
				MarkdownDescription: "Whether to also list the built-in environments `dev`, `stg` and `prd` of each project, which need no resource. Default: `false`.",
				Optional:            true,
			},
		},
	}
}

func (l *environmentListResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.providerData = configure(req.ProviderData, &resp.Diagnostics)
}

func (l *environmentListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config struct {
		ProjectID      types.String `tfsdk:"project_id"`
		Scope          types.String `tfsdk:"scope"`
		IncludeBuiltIn types.Bool   `tfsdk:"include_built_in"`
	}
	diags := req.Config.Get(ctx, &config)
	if diags.HasError() || !l.ready(&diags) {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}

	projectID := config.ProjectID.ValueString()
	environments := where(l.client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}), func(e traceloop.Environment) bool {
		return (config.Scope.IsNull() || e.Scope == config.Scope.ValueString()) && (config.IncludeBuiltIn.ValueBool() || !e.BuiltIn)
	})
	stream.Results = results(ctx, req, environmentIdentity, environments, func(e traceloop.Environment) (listed, error) {
		model := importedEnvironment(e)
		found := listed{e.Name + " (organization-level)", []types.String{model.ID}, model}
		if e.ProjectID == "" {
			return found, nil
		}
		project, err := l.projectName(ctx, e.ProjectID)
		found.name = project + " / " + e.Name
		return found, err
	}, func(err error, diags *diag.Diagnostics) {
		if traceloop.IsNotFound(err) {
			l.addUnknownProject(ctx, projectID, diags)
			return
		}
		diags.AddError("Unable to List Environments", l.failure("list environments", err))
	})
}

// importedEnvironment is the resource after an import.
func importedEnvironment(e traceloop.Environment) environmentResourceModel {
	return environmentResourceModel{environmentModel: newEnvironmentModel(e), DeletionProtection: types.BoolValue(true)}
}
