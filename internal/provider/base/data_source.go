package base

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	resourceschema "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// ComputedAttributes returns attributes of a resource as its data sources have them: computed. An
// empty description stands for the resource's.
func ComputedAttributes(ctx context.Context, from resource.Resource, descriptions map[string]string) map[string]schema.Attribute {
	var resp resource.SchemaResponse
	from.Schema(ctx, resource.SchemaRequest{}, &resp)
	computed := map[string]schema.Attribute{}
	for name, description := range descriptions {
		attribute := resp.Schema.Attributes[name]
		if description == "" {
			description = attribute.GetMarkdownDescription()
		}
		switch attribute.(type) {
		case resourceschema.StringAttribute:
			computed[name] = schema.StringAttribute{MarkdownDescription: description, Computed: true}
		case resourceschema.BoolAttribute:
			computed[name] = schema.BoolAttribute{MarkdownDescription: description, Computed: true}
		default:
			panic(fmt.Sprintf("no data source has an attribute like %q, a %T", name, attribute))
		}
	}
	return computed
}

// Selecting is an attribute by which a data source can find its object.
func Selecting(description string, validators []validator.String) schema.Attribute {
	return schema.StringAttribute{MarkdownDescription: description, Optional: true, Computed: true, Validators: validators}
}

// NewPluralDataSource returns a data source that lists objects. The model has its arguments, and gets
// what they select.
func NewPluralDataSource[Model any](name string, schema schema.Schema, list func(context.Context, *Data, *Model, *diag.Diagnostics)) datasource.DataSource {
	return &pluralDataSource[Model]{name: name, schema: schema, list: list}
}

type pluralDataSource[Model any] struct {
	*Data

	name   string
	schema schema.Schema
	list   func(context.Context, *Data, *Model, *diag.Diagnostics)
}

func (d *pluralDataSource[Model]) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + d.name
}

func (d *pluralDataSource[Model]) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = d.schema
}

func (d *pluralDataSource[Model]) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.Data = ConfigureProject(req.ProviderData, &resp.Diagnostics) // which key it needs, list finds out
}

func (d *pluralDataSource[Model]) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model Model
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	d.list(ctx, d.Data, &model, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	}
}
