package base

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	resourceschema "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/text/unicode/norm"
)

// AttributesOf returns attributes of a resource as its data sources have them: computed.
func AttributesOf(from resource.Resource, names ...string) map[string]schema.Attribute {
	var resp resource.SchemaResponse
	from.Schema(context.Background(), resource.SchemaRequest{}, &resp)
	computed := map[string]schema.Attribute{}
	for _, name := range names {
		computed[name] = attributeOf(resp.Schema.Attributes[name])
	}
	return computed
}

func attributeOf(of resourceschema.Attribute) schema.Attribute {
	description := of.GetMarkdownDescription()
	if of.IsRequired() || of.IsOptional() {
		// The rest of the first sentence, and all others, are about how to set it.
		description, _, _ = strings.Cut(strings.TrimSuffix(description, "."), ". ")
		description, _, _ = strings.Cut(description, "; ")
		description += "."
	}
	switch a := of.(type) {
	case resourceschema.StringAttribute:
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	case resourceschema.BoolAttribute:
		return schema.BoolAttribute{MarkdownDescription: description, Computed: true}
	case resourceschema.NumberAttribute:
		return schema.NumberAttribute{MarkdownDescription: description, Computed: true}
	case resourceschema.ListAttribute:
		return schema.ListAttribute{MarkdownDescription: description, Computed: true, ElementType: a.ElementType}
	case resourceschema.SetAttribute:
		return schema.SetAttribute{MarkdownDescription: description, Computed: true, ElementType: a.ElementType}
	case resourceschema.ListNestedAttribute:
		return schema.ListNestedAttribute{MarkdownDescription: description, Computed: true, NestedObject: objectOf(a.NestedObject)}
	case resourceschema.MapNestedAttribute:
		return schema.MapNestedAttribute{MarkdownDescription: description, Computed: true, NestedObject: objectOf(a.NestedObject)}
	}
	panic(fmt.Sprintf("no data source has an attribute like this %T", of))
}

func objectOf(of resourceschema.NestedAttributeObject) (object schema.NestedAttributeObject) {
	object.Attributes = map[string]schema.Attribute{}
	for name, attribute := range of.Attributes {
		object.Attributes[name] = attributeOf(attribute)
	}
	return object
}

// Selecting makes an attribute one by which a data source can find its object. "more" ends its
// description.
func Selecting(attributes map[string]schema.Attribute, name string, validators []validator.String, more string) {
	description := strings.TrimSpace(attributes[name].GetMarkdownDescription() + " " + more)
	attributes[name] = schema.StringAttribute{MarkdownDescription: description, Optional: true, Computed: true, Validators: validators}
}

// SameName compares names in NFC, because Terraform converts every string to NFC. The service
// may store a name in NFD.
func SameName(a, b string) bool {
	return norm.NFC.String(a) == norm.NFC.String(b)
}

// Selector is an argument that selects the object of a data source.
type Selector struct {
	Name  string
	Value types.String
}

// Selected returns the selector that the configuration sets.
func Selected(selectors ...Selector) (name, value string) {
	for _, s := range selectors {
		if !s.Value.IsNull() {
			return s.Name, s.Value.ValueString()
		}
	}
	return "", ""
}

// LookUp returns the object that has a name or a slug, or nil and all objects. Where no name is exactly the
// same, it takes one that is the same in NFC.
func LookUp[T any](objects iter.Seq2[T, error], by, wanted string, texts func(T) (name, slug string)) (found *T, all []T, err error) {
	for object, err := range objects {
		if err != nil {
			return nil, nil, err
		}
		name, slug := texts(object)
		switch {
		case by == "name" && name == wanted, by == "slug" && slug == wanted:
			return &object, nil, nil
		case by == "name" && found == nil && SameName(name, wanted):
			found = &object
		}
		all = append(all, object)
	}
	return found, all, nil
}

// DependsOnKey is for the page of a data source that uses the key of a project.
const DependsOnKey = "If `project_api_key` refers to a key of the same configuration, add `depends_on = [traceloop_api_key.example]` to the data source. Otherwise a plan that creates or rotates the key fails, because it does not know the key yet."

// LookedUpByName ends the description of a name in a data source.
const LookedUpByName = "It is looked up exactly as it is written. Accents may be composed or decomposed (Unicode NFC or NFD)."

// Listing is the attribute with what a plural data source lists.
func Listing(description string, attributes map[string]schema.Attribute) schema.Attribute {
	return schema.ListNestedAttribute{MarkdownDescription: description, Computed: true, NestedObject: schema.NestedAttributeObject{Attributes: attributes}}
}

// NewDataSource returns a data source. Its model has the arguments; read adds what they select, or an
// error.
func NewDataSource[Model any](name string, schema schema.Schema, read func(context.Context, *Data, *Model, *diag.Diagnostics), validators ...datasource.ConfigValidator) datasource.DataSource {
	return &dataSource[Model]{name: name, schema: schema, read: read, validators: validators}
}

type dataSource[Model any] struct {
	*Data

	name       string
	schema     schema.Schema
	read       func(context.Context, *Data, *Model, *diag.Diagnostics)
	validators []datasource.ConfigValidator
}

func (d *dataSource[Model]) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + d.name
}

func (d *dataSource[Model]) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = d.schema
}

func (d *dataSource[Model]) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return d.validators
}

func (d *dataSource[Model]) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.Data = ConfigureProject(req.ProviderData, &resp.Diagnostics) // which key it needs, read finds out
}

func (d *dataSource[Model]) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model Model
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	d.read(ctx, d.Data, &model, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	}
}
