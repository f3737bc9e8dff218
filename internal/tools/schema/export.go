package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

func export(ctx context.Context, server tfprotov6.ProviderServer) (*tfjson.ProviderSchemas, error) {
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
	return &tfjson.ProviderSchemas{
		FormatVersion: "1.0",
		// tfplugindocs looks for the short name, whatever the address is.
		Schemas: map[string]*tfjson.ProviderSchema{"traceloop": {
			ConfigSchema:             newSchema(got.Provider),
			ResourceSchemas:          each(got.ResourceSchemas, newSchema),
			DataSourceSchemas:        each(got.DataSourceSchemas, newSchema),
			EphemeralResourceSchemas: each(got.EphemeralResourceSchemas, newSchema),
			ListResourceSchemas:      each(got.ListResourceSchemas, newSchema),
			ActionSchemas:            each(got.ActionSchemas, newAction),
			Functions:                each(got.Functions, newFunction),
			ResourceIdentitySchemas:  each(ids.IdentitySchemas, newIdentity),
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

func newSchema(from *tfprotov6.Schema) *tfjson.Schema {
	return &tfjson.Schema{Version: uint64(from.Version), Block: newBlock(from.Block)} //nolint:gosec // it is not negative
}

func newAction(from *tfprotov6.ActionSchema) *tfjson.ActionSchema {
	return &tfjson.ActionSchema{Block: newBlock(from.Schema.Block)}
}

func newBlock(from *tfprotov6.SchemaBlock) *tfjson.SchemaBlock {
	to := &tfjson.SchemaBlock{
		Attributes: newAttributes(from.Attributes), NestedBlocks: map[string]*tfjson.SchemaBlockType{},
		Description: from.Description, DescriptionKind: kind(from.DescriptionKind), Deprecated: from.Deprecated,
	}
	for _, b := range from.BlockTypes {
		to.NestedBlocks[b.TypeName] = &tfjson.SchemaBlockType{NestingMode: nesting(b.Nesting), Block: newBlock(b.Block)}
	}
	return to
}

func newAttributes(from []*tfprotov6.SchemaAttribute) map[string]*tfjson.SchemaAttribute {
	to := make(map[string]*tfjson.SchemaAttribute, len(from))
	for _, a := range from {
		to[a.Name] = &tfjson.SchemaAttribute{
			AttributeType: newType(a.Type), Description: a.Description, DescriptionKind: kind(a.DescriptionKind), Deprecated: a.Deprecated,
			Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive, WriteOnly: a.WriteOnly,
		}
		if a.NestedType != nil {
			to[a.Name].AttributeNestedType = &tfjson.SchemaNestedAttributeType{
				Attributes: newAttributes(a.NestedType.Attributes), NestingMode: nesting(a.NestedType.Nesting),
			}
		}
	}
	return to
}

func newFunction(from *tfprotov6.Function) *tfjson.FunctionSignature {
	to := &tfjson.FunctionSignature{
		Description: from.Description, Summary: from.Summary, DeprecationMessage: from.DeprecationMessage, ReturnType: newType(from.Return.Type),
	}
	for _, p := range from.Parameters {
		to.Parameters = append(to.Parameters, newParameter(p))
	}
	if from.VariadicParameter != nil {
		to.VariadicParameter = newParameter(from.VariadicParameter)
	}
	return to
}

func newParameter(from *tfprotov6.FunctionParameter) *tfjson.FunctionParameter {
	return &tfjson.FunctionParameter{Name: from.Name, Description: from.Description, IsNullable: from.AllowNullValue, Type: newType(from.Type)}
}

func newIdentity(from *tfprotov6.ResourceIdentitySchema) *tfjson.IdentitySchema {
	to := &tfjson.IdentitySchema{Version: uint64(from.Version), Attributes: map[string]*tfjson.IdentityAttribute{}} //nolint:gosec // it is not negative
	for _, a := range from.IdentityAttributes {
		to.Attributes[a.Name] = &tfjson.IdentityAttribute{
			IdentityType: newType(a.Type), Description: a.Description, RequiredForImport: a.RequiredForImport, OptionalForImport: a.OptionalForImport,
		}
	}
	return to
}

// newType is without a type for an attribute that has attributes of its own.
func newType(from tftypes.Type) cty.Type {
	if from == nil {
		return cty.NilType
	}
	data, err := json.Marshal(from)
	if err != nil {
		panic(err) // each type is one of the framework's
	}
	to, err := ctyjson.UnmarshalType(data)
	if err != nil {
		panic(err) // both packages write a type in the same way
	}
	return to
}

func kind(k tfprotov6.StringKind) tfjson.SchemaDescriptionKind {
	if k == tfprotov6.StringKindMarkdown {
		return tfjson.SchemaDescriptionKindMarkdown
	}
	return tfjson.SchemaDescriptionKindPlain
}

func nesting(mode fmt.Stringer) tfjson.SchemaNestingMode {
	return tfjson.SchemaNestingMode(strings.ToLower(mode.String()))
}
