package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type schemas struct {
	FormatVersion string                    `json:"format_version"`
	Providers     map[string]providerSchema `json:"provider_schemas"`
}

type providerSchema struct {
	Provider           *schema             `json:"provider"`
	Resources          map[string]schema   `json:"resource_schemas,omitempty"`
	DataSources        map[string]schema   `json:"data_source_schemas,omitempty"`
	EphemeralResources map[string]schema   `json:"ephemeral_resource_schemas,omitempty"`
	ListResources      map[string]schema   `json:"list_resource_schemas,omitempty"`
	Actions            map[string]schema   `json:"action_schemas,omitempty"`
	Functions          map[string]function `json:"functions,omitempty"`
	Identities         map[string]identity `json:"resource_identity_schemas,omitempty"`
}

type schema struct {
	Version int64  `json:"version"`
	Block   *block `json:"block"`
}

type block struct {
	Attributes      map[string]attribute   `json:"attributes,omitempty"`
	Blocks          map[string]nestedBlock `json:"block_types,omitempty"`
	Description     string                 `json:"description,omitempty"`
	DescriptionKind string                 `json:"description_kind"`
	Deprecated      bool                   `json:"deprecated,omitempty"`
}

type nestedBlock struct {
	Nesting  string `json:"nesting_mode"`
	Block    *block `json:"block"`
	MinItems int64  `json:"min_items,omitempty"`
	MaxItems int64  `json:"max_items,omitempty"`
}

type attribute struct {
	Type            tftypes.Type `json:"type,omitempty"`
	NestedType      *nestedType  `json:"nested_type,omitempty"`
	Description     string       `json:"description,omitempty"`
	DescriptionKind string       `json:"description_kind"`
	Deprecated      bool         `json:"deprecated,omitempty"`
	Required        bool         `json:"required,omitempty"`
	Optional        bool         `json:"optional,omitempty"`
	Computed        bool         `json:"computed,omitempty"`
	Sensitive       bool         `json:"sensitive,omitempty"`
	WriteOnly       bool         `json:"write_only,omitempty"`
}

type nestedType struct {
	Attributes map[string]attribute `json:"attributes"`
	Nesting    string               `json:"nesting_mode"`
}

type function struct {
	Description        string       `json:"description,omitempty"`
	Summary            string       `json:"summary,omitempty"`
	DeprecationMessage string       `json:"deprecation_message,omitempty"`
	ReturnType         tftypes.Type `json:"return_type"`
	Parameters         []parameter  `json:"parameters,omitempty"`
	Variadic           *parameter   `json:"variadic_parameter,omitempty"`
}

type parameter struct {
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Nullable    bool         `json:"is_nullable,omitempty"`
	Type        tftypes.Type `json:"type"`
}

type identity struct {
	Version    int64                        `json:"version"`
	Attributes map[string]identityAttribute `json:"attributes"`
}

type identityAttribute struct {
	Type              tftypes.Type `json:"type"`
	Description       string       `json:"description,omitempty"`
	RequiredForImport bool         `json:"required_for_import,omitempty"`
	OptionalForImport bool         `json:"optional_for_import,omitempty"`
}

func export(ctx context.Context, server tfprotov6.ProviderServer) (*schemas, error) {
	got, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	ids, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return nil, err
	}
	for _, d := range append(got.Diagnostics, ids.Diagnostics...) {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			err = errors.Join(err, fmt.Errorf("%s: %s", d.Summary, d.Detail))
		}
	}
	if err != nil {
		return nil, err
	}

	whole := newSchema(got.Provider)
	return &schemas{
		FormatVersion: "1.0",
		// tfplugindocs looks for the short name, whatever the address is.
		Providers: map[string]providerSchema{"traceloop": {
			Provider:           &whole,
			Resources:          each(got.ResourceSchemas, newSchema),
			DataSources:        each(got.DataSourceSchemas, newSchema),
			EphemeralResources: each(got.EphemeralResourceSchemas, newSchema),
			ListResources:      each(got.ListResourceSchemas, newSchema),
			Actions:            each(got.ActionSchemas, func(a *tfprotov6.ActionSchema) schema { return newSchema(a.Schema) }),
			Functions:          each(got.Functions, newFunction),
			Identities:         each(ids.IdentitySchemas, newIdentity),
		}},
	}, nil
}

func each[From, To any](from map[string]From, convert func(From) To) map[string]To {
	to := make(map[string]To, len(from))
	for name, value := range from {
		to[name] = convert(value)
	}
	return to
}

func newSchema(from *tfprotov6.Schema) schema {
	return schema{Version: from.Version, Block: newBlock(from.Block)}
}

func newBlock(from *tfprotov6.SchemaBlock) *block {
	to := &block{
		Attributes:      newAttributes(from.Attributes),
		Blocks:          make(map[string]nestedBlock, len(from.BlockTypes)),
		Description:     from.Description,
		DescriptionKind: kind(from.DescriptionKind),
		Deprecated:      from.Deprecated,
	}
	for _, b := range from.BlockTypes {
		to.Blocks[b.TypeName] = nestedBlock{
			Nesting: blockNesting[b.Nesting], Block: newBlock(b.Block), MinItems: b.MinItems, MaxItems: b.MaxItems,
		}
	}
	return to
}

func newAttributes(from []*tfprotov6.SchemaAttribute) map[string]attribute {
	to := make(map[string]attribute, len(from))
	for _, a := range from {
		converted := attribute{
			Type:            a.Type,
			Description:     a.Description,
			DescriptionKind: kind(a.DescriptionKind),
			Deprecated:      a.Deprecated,
			Required:        a.Required,
			Optional:        a.Optional,
			Computed:        a.Computed,
			Sensitive:       a.Sensitive,
			WriteOnly:       a.WriteOnly,
		}
		if a.NestedType != nil {
			converted.NestedType = &nestedType{
				Attributes: newAttributes(a.NestedType.Attributes),
				Nesting:    objectNesting[a.NestedType.Nesting],
			}
		}
		to[a.Name] = converted
	}
	return to
}

func newFunction(from *tfprotov6.Function) function {
	to := function{
		Description:        from.Description,
		Summary:            from.Summary,
		DeprecationMessage: from.DeprecationMessage,
		ReturnType:         from.Return.Type,
	}
	for _, p := range from.Parameters {
		to.Parameters = append(to.Parameters, newParameter(p))
	}
	if from.VariadicParameter != nil {
		variadic := newParameter(from.VariadicParameter)
		to.Variadic = &variadic
	}
	return to
}

func newParameter(from *tfprotov6.FunctionParameter) parameter {
	return parameter{Name: from.Name, Description: from.Description, Nullable: from.AllowNullValue, Type: from.Type}
}

func newIdentity(from *tfprotov6.ResourceIdentitySchema) identity {
	to := identity{Version: from.Version, Attributes: make(map[string]identityAttribute, len(from.IdentityAttributes))}
	for _, a := range from.IdentityAttributes {
		to.Attributes[a.Name] = identityAttribute{
			Type: a.Type, Description: a.Description, RequiredForImport: a.RequiredForImport, OptionalForImport: a.OptionalForImport,
		}
	}
	return to
}

func kind(k tfprotov6.StringKind) string {
	if k == tfprotov6.StringKindMarkdown {
		return "markdown"
	}
	return "plain"
}

var blockNesting = map[tfprotov6.SchemaNestedBlockNestingMode]string{
	tfprotov6.SchemaNestedBlockNestingModeSingle: "single",
	tfprotov6.SchemaNestedBlockNestingModeList:   "list",
	tfprotov6.SchemaNestedBlockNestingModeSet:    "set",
	tfprotov6.SchemaNestedBlockNestingModeMap:    "map",
	tfprotov6.SchemaNestedBlockNestingModeGroup:  "group",
}

var objectNesting = map[tfprotov6.SchemaObjectNestingMode]string{
	tfprotov6.SchemaObjectNestingModeSingle: "single",
	tfprotov6.SchemaObjectNestingModeList:   "list",
	tfprotov6.SchemaObjectNestingModeSet:    "set",
	tfprotov6.SchemaObjectNestingModeMap:    "map",
}
