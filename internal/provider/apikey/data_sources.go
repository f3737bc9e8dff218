package apikey

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

func attributes() map[string]schema.Attribute {
	attributes := base.AttributesOf(NewResource(), "id", "project_id", "environment", "masked_key", "created_at")
	attributes["age_days"] = schema.Int64Attribute{MarkdownDescription: "Age of the key in whole days, when the plan is made.", Computed: true}
	return attributes
}

// NewDataSource returns the data source traceloop_api_key.
func NewDataSource() datasource.DataSource {
	attributes := attributes()
	base.Selecting(attributes, "id", base.IDValidator, "")
	base.Selecting(attributes, "project_id", base.IDValidator, "")
	base.Selecting(attributes, "environment", base.SlugValidator, "")
	return base.NewDataSource("api_key", schema.Schema{
		MarkdownDescription: "Reads one active API key, by `id`, or by `project_id` and `environment`. The key itself cannot be retrieved. A missing key is an error; the data source `traceloop_api_keys` returns an empty list instead.",
		Attributes:          attributes,
	}, readAPIKey,
		datasourcevalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("environment")),
		datasourcevalidator.RequiredTogether(path.MatchRoot("project_id"), path.MatchRoot("environment")))
}

func readAPIKey(ctx context.Context, d *base.Data, into *agedModel, diags *diag.Diagnostics) {
	client, ok := d.Management(diags)
	if !ok {
		return
	}
	id, projectID, environment := into.ID.ValueString(), into.ProjectID.ValueString(), into.Environment.ValueString()
	var key *traceloop.APIKey
	var err error
	what := fmt.Sprintf("read the key with the id %q", id)
	if id != "" {
		key, err = client.GetAPIKey(ctx, id)
	} else {
		what = fmt.Sprintf("find the key of project %s, environment %q", projectID, environment)
		key, err = activeKey(ctx, client.ListAPIKeys, traceloop.APIKeyRequest{ProjectID: projectID, Environment: environment})
	}
	switch {
	case traceloop.IsNotFound(err) && id != "":
		diags.AddAttributeError(path.Root("id"), "API Key Not Found", fmt.Sprintf(
			"Traceloop has no active key with the id %q: it never existed, or it was revoked. The data source traceloop_api_keys lists the active keys.", id))
	case traceloop.IsNotFound(err):
		d.AddUnknownProject(ctx, client, projectID, diags)
	case err != nil:
		diags.AddError("Unable to Read API Key", d.Failure(what, err))
	case key == nil:
		why, _ := missingEnvironment(ctx, client.ListEnvironments, projectID, environment)
		if why == "" {
			why = fmt.Sprintf("The project %s has no active key in the environment %q. Generate one with a traceloop_api_key resource, or use the data source traceloop_api_keys, which returns an empty list.", projectID, environment)
		}
		diags.AddAttributeError(path.Root("environment"), "API Key Not Found", why)
	default:
		*into = newAgedModel(*key, d.Now())
	}
}

// maxMinAge limits min_age_days: about 2700 years.
const maxMinAge = 1_000_000

type pluralModel struct {
	listModel
	APIKeys []agedModel `tfsdk:"api_keys"`
}

// filters are arguments of the data source and of the list resource.
func filters() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"project_id": schema.StringAttribute{
			MarkdownDescription: "Only keys of the project with this id. Default: all projects.",
			Optional:            true,
			Validators:          base.IDValidator,
		},
		"environment": schema.StringAttribute{
			MarkdownDescription: "Only keys of the environment with this slug. Default: all environments.",
			Optional:            true,
			Validators:          base.SlugValidator,
		},
		"min_age_days": schema.NumberAttribute{
			MarkdownDescription: "Only keys that are at least this many days old: a whole number, 0 or more. Default: any age.",
			Optional:            true,
			Validators:          []validator.Number{base.WholeNumber(0, maxMinAge)},
		},
	}
}

// NewPluralDataSource returns the data source traceloop_api_keys.
func NewPluralDataSource() datasource.DataSource {
	all := filters()
	all["api_keys"] = base.Listing("The keys.", attributes())
	return base.NewDataSource("api_keys", schema.Schema{
		MarkdownDescription: "Lists the active API keys of the organization, oldest first, in their masked form. The keys themselves cannot be retrieved. The list is empty, with a warning, if no project has the `environment`.",
		Attributes:          all,
	}, readAPIKeys)
}

func readAPIKeys(ctx context.Context, d *base.Data, into *pluralModel, diags *diag.Diagnostics) {
	client, ok := d.Management(diags)
	if !ok {
		return
	}
	into.APIKeys = []agedModel{}
	for key, err := range into.list(ctx, d, client) {
		if err != nil {
			into.addError(ctx, d, client, err, diags)
			return
		}
		into.APIKeys = append(into.APIKeys, newAgedModel(key, d.Now()))
	}
	if len(into.APIKeys) > 0 || into.Environment.IsNull() {
		return
	}
	// A policy that reads the list would pass. Only a warning: the same configuration may create the environment.
	why, _ := missingEnvironment(ctx, client.ListEnvironments, into.ProjectID.ValueString(), into.Environment.ValueString())
	if why != "" {
		diags.AddAttributeWarning(path.Root("environment"), unknownEnvironmentSummary, "The list of keys is empty. "+why+
			"\n\nIf this configuration creates the environment, refer to it: environment = traceloop_environment.example.slug.")
	}
}
