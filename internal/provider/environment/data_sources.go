package environment

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

func attributes() map[string]schema.Attribute {
	return base.AttributesOf(NewResource(), "id", "name", "project_id", "slug", "scope", "built_in", "created_at")
}

// NewDataSource returns the data source traceloop_environment.
func NewDataSource() datasource.DataSource {
	attributes := attributes()
	base.Selecting(attributes, "id", base.IDValidator, "")
	base.Selecting(attributes, "name", base.EnvironmentNameValidator, base.LookedUpByName)
	base.Selecting(attributes, "slug", base.SlugValidator, "")
	base.Selecting(attributes, "project_id", base.IDValidator, "With `name` or `slug`: the project in which to look the environment up, which may only inherit it.")
	return base.NewDataSource("environment", schema.Schema{
		MarkdownDescription: "Reads one environment, by exactly one of `id`, `name` and `slug`. With `project_id`, it looks up the name or slug among the environments of that project, including inherited ones. " +
			"Without it, it looks among the organization-level environments. A missing environment is an error.",
		Attributes: attributes,
	}, readEnvironment,
		datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("name"), path.MatchRoot("slug")),
		datasourcevalidator.Conflicting(path.MatchRoot("id"), path.MatchRoot("project_id")))
}

func readEnvironment(ctx context.Context, d *base.Data, into *model, diags *diag.Diagnostics) {
	client, ok := d.Management(diags)
	if !ok {
		return
	}
	by, wanted := base.Selected(base.Selector{Name: "id", Value: into.ID}, base.Selector{Name: "name", Value: into.Name}, base.Selector{Name: "slug", Value: into.Slug})
	projectID := into.ProjectID.ValueString()
	environment, existing, err := find(ctx, client, projectID, by, wanted)
	switch {
	case traceloop.IsNotFound(err) && by != "id":
		d.AddUnknownProject(ctx, client, projectID, diags)
	case traceloop.IsNotFound(err):
		diags.AddAttributeError(path.Root("id"), "Environment Not Found",
			fmt.Sprintf("Traceloop has no environment with the id %q. The data source traceloop_environments lists the environments.", wanted))
	case err != nil:
		diags.AddError("Unable to Read Environment", d.Failure(fmt.Sprintf("find the environment with the %s %q", by, wanted), err))
	case environment == nil:
		where, more := "The organization has no organization-level environment", " For an environment of a project, set project_id."
		if projectID != "" {
			where, more = "The project "+projectID+" has no environment", ""
		}
		diags.AddAttributeError(path.Root(by), "Environment Not Found",
			fmt.Sprintf("%s with the %s %q. %s%s", where, by, wanted, base.SuggestEnvironment(by, wanted, existing), more))
	default:
		*into = newModel(*environment)
		if projectID != "" {
			into.ProjectID = types.StringValue(projectID) // an inherited environment has no project
		}
	}
}

// find returns nil and the environments that there are if none has the name or slug.
func find(ctx context.Context, client *traceloop.Client, projectID, by, wanted string) (*traceloop.Environment, []traceloop.Environment, error) {
	if by == "id" {
		environment, err := client.GetEnvironment(ctx, wanted)
		return environment, nil, err
	}
	environments := base.Where(client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}), func(e traceloop.Environment) bool {
		return projectID != "" || e.Scope == traceloop.ScopeOrganization
	})
	return base.LookUp(environments, by, wanted, func(e traceloop.Environment) (name, slug string) { return e.Name, e.Slug })
}

type pluralModel struct {
	ProjectID    types.String `tfsdk:"project_id"`
	Environments []model      `tfsdk:"environments"`
}

// NewPluralDataSource returns the data source traceloop_environments.
func NewPluralDataSource() datasource.DataSource {
	return base.NewDataSource("environments", schema.Schema{
		MarkdownDescription: "Lists environments, oldest first. With `project_id`, it lists the environments of that project, including inherited ones. Without it, it lists every environment of the organization, of both scopes.",
		Attributes: map[string]schema.Attribute{
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Id of the project whose environments to list. Default: all environments of the organization.",
				Optional:            true,
				Validators:          base.IDValidator,
			},
			"environments": base.Listing("The environments.", attributes()),
		},
	}, readEnvironments)
}

func readEnvironments(ctx context.Context, d *base.Data, into *pluralModel, diags *diag.Diagnostics) {
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
