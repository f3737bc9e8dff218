package environment

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

type listModel struct {
	ProjectID      types.String `tfsdk:"project_id"`
	Scope          types.String `tfsdk:"scope"`
	IncludeBuiltIn types.Bool   `tfsdk:"include_built_in"`
}

// NewListResource returns the list resource traceloop_environment.
func NewListResource() list.ListResource {
	return base.NewListResource("environment", schema.Schema{
		MarkdownDescription: "Lists environments, oldest first. A project-level environment is shown as `Orders / EU Production`, an organization-level environment as `Load test (organization-level)`. " + base.QueryVersions,
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Only environments of the project with this id, including inherited ones. Default: every environment of the organization, of both scopes.",
				Optional:            true,
				Validators:          base.IDValidator,
			},
			"scope": schema.StringAttribute{
				MarkdownDescription: "Only environments of this scope: `organization` or `project`. Default: both.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.OneOf(traceloop.ScopeOrganization, traceloop.ScopeProject)},
			},
			"include_built_in": schema.BoolAttribute{
				MarkdownDescription: "Whether to also list the built-in environments `dev`, `stg` and `prd`, which need no resource. Default: `false`.",
				Optional:            true,
			},
		},
	}, listResults)
}

func listResults(ctx context.Context, d *base.Data, config listModel, req list.ListRequest, diags *diag.Diagnostics) iter.Seq[list.ListResult] {
	client, ok := d.Management(diags)
	if !ok {
		return nil
	}
	projectID := config.ProjectID.ValueString()
	environments := base.Where(client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}), func(e traceloop.Environment) bool {
		return (config.Scope.IsNull() || e.Scope == config.Scope.ValueString()) && (config.IncludeBuiltIn.ValueBool() || !e.BuiltIn)
	})
	return base.Results(ctx, req, identity, environments, func(e traceloop.Environment) (base.Listed, error) {
		model := imported(e)
		found := base.Listed{Name: e.Name + " (organization-level)", Identity: []types.String{model.ID}, Resource: model}
		if e.ProjectID == "" {
			return found, nil
		}
		project, err := d.ProjectName(ctx, client, e.ProjectID)
		found.Name = project + " / " + e.Name
		return found, err
	}, func(err error, diags *diag.Diagnostics) {
		addListError(ctx, d, client, projectID, err, diags)
	})
}
