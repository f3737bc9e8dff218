package project

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

type listModel struct {
	Name types.String `tfsdk:"name"`
}

// NewListResource returns the list resource traceloop_project.
func NewListResource() list.ListResource {
	return base.NewListResource("project", schema.Schema{
		MarkdownDescription: "Lists the projects of the organization, oldest first. Each is shown as its name. " + base.QueryVersions,
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Only the project with this name, exactly as it is written. Default: all projects.",
				Optional:            true,
				Validators:          base.NameValidator,
			},
		},
	}, listResults)
}

func listResults(ctx context.Context, d *base.Data, config listModel, req list.ListRequest, diags *diag.Diagnostics) iter.Seq[list.ListResult] {
	client, ok := d.Management(diags)
	if !ok {
		return nil
	}
	projects := base.Where(client.ListProjects(ctx), func(p traceloop.Project) bool {
		return config.Name.IsNull() || p.Name == config.Name.ValueString()
	})
	if !config.Name.IsNull() {
		req.Limit = 1 // names are unique
	}
	return base.Results(ctx, req, identity, projects, func(p traceloop.Project) (base.Listed, error) {
		model := imported(p)
		return base.Listed{Name: p.Name, Identity: []types.String{model.ID}, Resource: model}, nil
	}, func(err error, diags *diag.Diagnostics) {
		diags.AddError("Unable to List Projects", d.Failure("list the projects", err))
	})
}
