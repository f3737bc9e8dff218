package project

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
)

type pluralModel struct {
	Projects []model `tfsdk:"projects"`
}

// NewPluralDataSource returns the data source traceloop_projects.
func NewPluralDataSource() datasource.DataSource {
	return base.NewPluralDataSource("projects", schema.Schema{
		MarkdownDescription: "Lists the projects of the organization, oldest first.",
		Attributes: map[string]schema.Attribute{
			"projects": schema.ListNestedAttribute{
				MarkdownDescription: "The projects.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: attributes(context.Background())},
			},
		},
	}, listProjects)
}

func listProjects(ctx context.Context, d *base.Data, into *pluralModel, diags *diag.Diagnostics) {
	client, ok := d.Management(diags)
	if !ok {
		return
	}
	into.Projects = []model{}
	for project, err := range client.ListProjects(ctx) {
		if err != nil {
			diags.AddError("Unable to List Projects", d.Failure("list the projects of the organization", err))
			return
		}
		d.Run.SawProject(project.ID)
		into.Projects = append(into.Projects, newModel(project))
	}
}
