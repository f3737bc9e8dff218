package apikey

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var (
	_ datasource.DataSourceWithConfigure        = (*dataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*dataSource)(nil)
)

// NewDataSource returns the data source traceloop_api_key.
func NewDataSource() datasource.DataSource {
	return &dataSource{}
}

type dataSource struct {
	*base.Data
}

func (d *dataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_key"
}

func (d *dataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := attributes(ctx)
	attributes["id"] = base.Selecting("Id of the key.", base.IDValidator)
	attributes["project_id"] = base.Selecting("Id of the project that the key sends traces to.", base.IDValidator)
	attributes["environment"] = base.Selecting("Slug of the environment that the key sends traces to.", base.SlugValidator)
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads one active API key, by `id`, or by `project_id` and `environment`. The key itself cannot be retrieved. A missing key is an error; the data source `traceloop_api_keys` returns an empty list instead.",
		Attributes:          attributes,
	}
}

// attributes are those of a key in a data source.
func attributes(ctx context.Context) map[string]schema.Attribute {
	attributes := base.ComputedAttributes(ctx, NewResource(), map[string]string{
		"id":          "Id of the key.",
		"project_id":  "Id of the project that the key sends traces to.",
		"environment": "Slug of the environment that the key sends traces to.",
		"masked_key":  "",
		"created_at":  "",
	})
	attributes["age_days"] = schema.Int64Attribute{MarkdownDescription: "Age of the key in whole days, when the plan is made.", Computed: true}
	return attributes
}

func (d *dataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{
		datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("environment")),
		datasourcevalidator.RequiredTogether(path.MatchRoot("project_id"), path.MatchRoot("environment")),
	}
}

func (d *dataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.Data = base.Configure(req.ProviderData, &resp.Diagnostics)
}

func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config agedModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	client, ok := d.Management(&resp.Diagnostics)
	if !ok {
		return
	}

	if !config.ID.IsNull() {
		d.readByID(ctx, client, config.ID.ValueString(), resp)
		return
	}
	projectID, environment := config.ProjectID.ValueString(), config.Environment.ValueString()
	key, err := activeKey(client.ListAPIKeys(ctx, traceloop.APIKeyFilter{ProjectID: projectID, Environment: environment}))
	switch {
	case traceloop.IsNotFound(err):
		d.AddUnknownProject(ctx, client, projectID, &resp.Diagnostics)
	case err != nil:
		resp.Diagnostics.AddError("Unable to Read API Key", d.Failure(fmt.Sprintf("find the key of project %s, environment %q", projectID, environment), err))
	case key == nil:
		resp.Diagnostics.AddAttributeError(path.Root("environment"), "API Key Not Found", d.explainNoKey(ctx, client, projectID, environment))
	default:
		resp.Diagnostics.Append(resp.State.Set(ctx, newAgedModel(*key, d.Now()))...)
	}
}

// explainNoKey tells an environment without a key from a slug that the project does not have.
func (d *dataSource) explainNoKey(ctx context.Context, client *traceloop.Client, projectID, slug string) string {
	var environments []traceloop.Environment
	for environment, err := range client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}) {
		if err != nil || environment.Slug == slug {
			return fmt.Sprintf("The project %s has no active key in the environment %q. Generate one with a traceloop_api_key resource, or use the data source traceloop_api_keys, which returns an empty list.", projectID, slug)
		}
		environments = append(environments, environment)
	}
	return fmt.Sprintf("The project %s has no environment with the slug %q. %s", projectID, slug, base.SuggestEnvironment("slug", slug, environments))
}

func (d *dataSource) readByID(ctx context.Context, client *traceloop.Client, id string, resp *datasource.ReadResponse) {
	key, err := client.GetAPIKey(ctx, id)
	switch {
	case traceloop.IsNotFound(err):
		resp.Diagnostics.AddAttributeError(path.Root("id"), "API Key Not Found", fmt.Sprintf(
			"Traceloop has no active key with the id %q: it never existed, or it was revoked. The data source traceloop_api_keys lists the active keys.", id))
	case err != nil:
		resp.Diagnostics.AddError("Unable to Read API Key", d.Failure(fmt.Sprintf("read the key with the id %q", id), err))
	default:
		resp.Diagnostics.Append(resp.State.Set(ctx, newAgedModel(*key, d.Now()))...)
	}
}
