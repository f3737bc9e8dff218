package monitor

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ datasource.DataSourceWithConfigure = (*dataSource)(nil)

// NewDataSource returns the data source traceloop_auto_monitor_setup.
func NewDataSource() datasource.DataSource {
	return &dataSource{}
}

type dataSource struct {
	*base.Data
}

func (d *dataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_auto_monitor_setup"
}

func (d *dataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := attributes()
	attributes["external_id"] = schema.StringAttribute{
		MarkdownDescription: "External id of the setup.",
		Required:            true,
		Validators:          externalIDValidator,
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads one auto monitor setup of the project and environment of the provider argument `project_api_key`. A missing setup is an error. The operation is documented by Traceloop.\n\n" + dependsOn,
		Attributes:          attributes,
	}
}

// dependsOn is for the pages of the data sources.
const dependsOn = "If `project_api_key` refers to a key of the same configuration, add `depends_on = [traceloop_api_key.example]` to the data source. Otherwise a plan that creates or rotates the key fails, because it does not know the key yet."

func attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"id":          schema.StringAttribute{MarkdownDescription: "Id of the setup.", Computed: true},
		"external_id": schema.StringAttribute{MarkdownDescription: "External id of the setup.", Computed: true},
		"evaluators":  schema.SetAttribute{MarkdownDescription: "Slugs of the evaluators.", ElementType: types.StringType, Computed: true},
		"selector": schema.ListNestedAttribute{
			MarkdownDescription: "Rules that a span must match, all of them. Null: every span.",
			Computed:            true,
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"key":      schema.StringAttribute{MarkdownDescription: "Name of the attribute.", Computed: true},
				"source":   schema.StringAttribute{MarkdownDescription: "Where the attribute is: `span_attributes` or `resource_attributes`.", Computed: true},
				"operator": schema.StringAttribute{MarkdownDescription: "How the attribute is compared.", Computed: true},
				"value":    schema.StringAttribute{MarkdownDescription: "Value to compare with, if the operator takes one value.", Computed: true},
				"values":   schema.SetAttribute{MarkdownDescription: "Values to compare with, if the operator takes several.", ElementType: types.StringType, Computed: true},
			}},
		},
		"status": schema.StringAttribute{MarkdownDescription: "Progress of the setup: `pending`, `in_progress`, `waiting_for_spans`, `completed`, `partial` or `failed`.", Computed: true},
		"evaluator_status": schema.MapNestedAttribute{
			MarkdownDescription: "Progress of each evaluator, by its slug.",
			Computed:            true,
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"status":        schema.StringAttribute{MarkdownDescription: "Status of the evaluator.", Computed: true},
				"error_message": schema.StringAttribute{MarkdownDescription: "Why the evaluator failed. Null if it did not.", Computed: true},
			}},
		},
		"project_id":     schema.StringAttribute{MarkdownDescription: "Id of the project that the setup belongs to.", Computed: true},
		"env_project_id": schema.StringAttribute{MarkdownDescription: "Id of the project and environment together.", Computed: true},
		"created_at":     schema.StringAttribute{MarkdownDescription: "When the setup was created, as an RFC 3339 time in UTC.", Computed: true},
		"updated_at":     schema.StringAttribute{MarkdownDescription: "When the setup was last updated, as an RFC 3339 time in UTC.", Computed: true},
	}
}

func (d *dataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.Data = base.ConfigureProject(req.ProviderData, &resp.Diagnostics)
}

func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	client, ok := d.ProjectForReading(&resp.Diagnostics)
	if !ok {
		return
	}
	externalID := config.ExternalID.ValueString()
	setup, err := client.GetAutoMonitorSetup(ctx, externalID, "")
	if traceloop.IsNotFound(err) {
		resp.Diagnostics.AddAttributeError(path.Root("external_id"), "Auto Monitor Setup Not Found", fmt.Sprintf(
			"The project and environment of the project key, which comes from %s, have no auto monitor setup with the external id %q. The data source traceloop_auto_monitor_setups lists them.", d.ProjectKeySource(), externalID))
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Read Auto Monitor Setup", d.ProjectFailure(fmt.Sprintf("read the auto monitor setup %q", externalID), err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, newModel(named(ctx, client, *setup)))...)
}
