package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ list.ListResourceWithConfigure = (*projectListResource)(nil)

func newProjectListResource() list.ListResource {
	return &projectListResource{}
}

type projectListResource struct {
	*providerData
}

func (l *projectListResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_project"
}

func (l *projectListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the projects of the organization, oldest first. Each is shown as its name. " + queryVersions,
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Only the project with this name, exactly as it is written. Default: all projects.",
				Optional:            true,
				Validators:          nameValidator,
			},
		},
	}
}

func (l *projectListResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.providerData = configure(req.ProviderData, &resp.Diagnostics)
}

func (l *projectListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config struct {
		Name types.String `tfsdk:"name"`
	}
	diags := req.Config.Get(ctx, &config)
	if diags.HasError() || !l.ready(&diags) {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}

	projects := where(l.client.ListProjects(ctx), func(p traceloop.Project) bool {
		return config.Name.IsNull() || p.Name == config.Name.ValueString()
	})
	if !config.Name.IsNull() {
		req.Limit = 1 // names are unique
	}
	stream.Results = results(ctx, req, projectIdentity, projects, func(p traceloop.Project) (listed, error) {
		model := importedProject(p)
		return listed{p.Name, []types.String{model.ID}, model}, nil
	}, func(err error, diags *diag.Diagnostics) {
		diags.AddError("Unable to List Projects", l.failure("list the projects", err))
	})
}

// importedProject is the resource after an import.
func importedProject(p traceloop.Project) projectResourceModel {
	return projectResourceModel{projectModel: newProjectModel(p), DeletionProtection: types.BoolValue(true)}
}
