package project

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ list.ListResourceWithConfigure = (*listResource)(nil)

// NewListResource returns the list resource traceloop_project.
func NewListResource() list.ListResource {
	return &listResource{}
}

type listResource struct {
	*base.Data
}

func (l *listResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_project"
}

func (l *listResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the projects of the organization, oldest first. Each is shown as its name. " + base.QueryVersions,
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Only the project with this name, exactly as it is written. Default: all projects.",
				Optional:            true,
				Validators:          base.NameValidator,
			},
		},
	}
}

func (l *listResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.Data = base.Configure(req.ProviderData, &resp.Diagnostics)
}

func (l *listResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config struct {
		Name types.String `tfsdk:"name"`
	}
	diags := req.Config.Get(ctx, &config)
	if diags.HasError() {
		return
	}
	client, ok := l.Management(&diags)
	if !ok {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}

	projects := base.Where(client.ListProjects(ctx), func(p traceloop.Project) bool {
		return config.Name.IsNull() || p.Name == config.Name.ValueString()
	})
	if !config.Name.IsNull() {
		req.Limit = 1 // names are unique
	}
	stream.Results = base.Results(ctx, req, identity, projects, func(p traceloop.Project) (base.Listed, error) {
		model := imported(p)
		return base.Listed{Name: p.Name, Identity: []types.String{model.ID}, Resource: model}, nil
	}, func(err error, diags *diag.Diagnostics) {
		diags.AddError("Unable to List Projects", l.Failure("list the projects", err))
	})
}

// imported is the resource after an import.
func imported(p traceloop.Project) resourceModel {
	return resourceModel{model: newModel(p), DeletionProtection: types.BoolValue(true)}
}
