package environment

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

type pluralModel struct {
	ProjectID    types.String `tfsdk:"project_id"`
	Environments []model      `tfsdk:"environments"`
}

// NewPluralDataSource returns the data source traceloop_environments.
func NewPluralDataSource() datasource.DataSource {
	return base.NewPluralDataSource("environments", schema.Schema{
		MarkdownDescription: "Lists environments, oldest first. With `project_id`, it lists the environments of that project, including inherited ones. Without it, it lists every environment of the organization, of both scopes.",
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Id of the project whose environments to list. Default: all environments of the organization.",
				Optional:            true,
				Validators:          base.IDValidator,
			},
			"environments": schema.ListNestedAttribute{
				MarkdownDescription: "The environments.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: attributes(context.Background())},
			},
		},
	}, listEnvironments)
}

func listEnvironments(ctx context.Context, d *base.Data, into *pluralModel, diags *diag.Diagnostics) {
	client, ok := d.Management(diags)
	if !ok {
		return
	}
	projectID := into.ProjectID.ValueString()
	into.Environments = []model{}
	for environment, err := range client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}) {
		if err != nil {
			addListError(ctx, d, client, projectID, err, diags)
			return
		}
		d.Run.SawEnvironment(environment)
		into.Environments = append(into.Environments, newModel(environment))
	}
}

func addListError(ctx context.Context, d *base.Data, client *traceloop.Client, projectID string, err error, diags *diag.Diagnostics) {
	if traceloop.IsNotFound(err) {
		d.AddUnknownProject(ctx, client, projectID, diags)
		return
	}
	diags.AddError("Unable to List Environments", d.Failure("list environments", err))
}
