package environment

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

// NewDataSource returns the data source traceloop_environment.
func NewDataSource() datasource.DataSource {
	return &dataSource{}
}

type dataSource struct {
	*base.Data
}

func (d *dataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_environment"
}

func (d *dataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := attributes(ctx)
	attributes["id"] = base.Selecting("Id of the environment.", base.IDValidator)
	attributes["name"] = base.Selecting("Name of the environment, exactly as it is written. Accents may be composed or decomposed (Unicode NFC or NFD).", base.EnvironmentNameValidator)
	attributes["slug"] = base.Selecting("Slug of the environment, such as `prd` or `eu-production`.", base.SlugValidator)
	attributes["project_id"] = base.Selecting("Id of the project in which to look up a name or slug. When `id` is given, this is the project that owns the environment, or null for an organization-level environment.", base.IDValidator)
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads one environment, by exactly one of `id`, `name` and `slug`. With `project_id`, it looks up the name or slug among the environments of that project, including inherited ones. " +
			"Without it, it looks among the organization-level environments. A missing environment is an error.",
		Attributes: attributes,
	}
}

// attributes are those of an environment in a data source.
func attributes(ctx context.Context) map[string]schema.Attribute {
	return base.ComputedAttributes(ctx, NewResource(), map[string]string{
		"id":         "Id of the environment.",
		"name":       "Name of the environment.",
		"project_id": "Id of the project that owns the environment; null for an organization-level environment.",
		"slug":       "",
		"scope":      "`project` if one project owns the environment, `organization` if every project inherits it.",
		"built_in":   "",
		"created_at": "",
	})
}

func (d *dataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{
		datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("name"), path.MatchRoot("slug")),
		datasourcevalidator.Conflicting(path.MatchRoot("id"), path.MatchRoot("project_id")),
	}
}

func (d *dataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.Data = base.Configure(req.ProviderData, &resp.Diagnostics)
}

func (d *dataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	client, ok := d.Management(&resp.Diagnostics)
	if !ok {
		return
	}

	by, wanted := base.Selected(base.Selector{Name: "id", Value: config.ID}, base.Selector{Name: "name", Value: config.Name}, base.Selector{Name: "slug", Value: config.Slug})
	projectID := config.ProjectID.ValueString()
	environment, existing, err := d.find(ctx, client, projectID, by, wanted)
	switch {
	case traceloop.IsNotFound(err) && by != "id":
		d.AddUnknownProject(ctx, client, projectID, &resp.Diagnostics)
	case traceloop.IsNotFound(err):
		resp.Diagnostics.AddAttributeError(path.Root("id"), "Environment Not Found",
			fmt.Sprintf("Traceloop has no environment with the id %q. The data source traceloop_environments lists the environments.", wanted))
	case err != nil:
		resp.Diagnostics.AddError("Unable to Read Environment", d.Failure(fmt.Sprintf("find the environment with the %s %q", by, wanted), err))
	case environment == nil:
		where := "The organization has no organization-level environment"
		if projectID != "" {
			where = "The project " + projectID + " has no environment"
		}
		resp.Diagnostics.AddAttributeError(path.Root(by), "Environment Not Found",
			fmt.Sprintf("%s with the %s %q. %s", where, by, wanted, base.SuggestEnvironment(by, wanted, existing)))
	default:
		d.Run.SawEnvironment(*environment)
		state := newModel(*environment)
		if projectID != "" {
			state.ProjectID = config.ProjectID // an inherited environment has no project
		}
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	}
}

// find returns nil and the environments that there are if none has the name or slug.
func (d *dataSource) find(ctx context.Context, client *traceloop.Client, projectID, by, wanted string) (*traceloop.Environment, []traceloop.Environment, error) {
	if by == "id" {
		environment, err := client.GetEnvironment(ctx, wanted)
		return environment, nil, err
	}
	var same *traceloop.Environment
	var seen []traceloop.Environment
	for environment, err := range client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}) {
		switch {
		case err != nil:
			return nil, nil, err
		case projectID == "" && environment.Scope != traceloop.ScopeOrganization:
			continue
		case by == "name" && environment.Name == wanted, by == "slug" && environment.Slug == wanted:
			return &environment, nil, nil
		case by == "name" && same == nil && base.SameName(environment.Name, wanted):
			same = &environment
		}
		seen = append(seen, environment)
	}
	return same, seen, nil
}
