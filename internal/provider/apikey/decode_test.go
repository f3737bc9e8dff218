package apikey

import (
	"reflect"
	"strconv"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// TestAPIKeyResourceModelIsDecodedAsByReflection fills each attribute with a null, an unknown
// and a known value, all of them different.
func TestAPIKeyResourceModelIsDecodedAsByReflection(t *testing.T) {
	t.Parallel()

	var schema resource.SchemaResponse
	NewResource().Schema(t.Context(), resource.SchemaRequest{}, &schema)
	typ, ok := schema.Schema.Type().TerraformType(t.Context()).(tftypes.Object)
	if !ok {
		t.Fatalf("the schema is %s", schema.Schema.Type())
	}
	n := 0
	known := func(typ tftypes.Type) tftypes.Value {
		n++
		text := tftypes.NewValue(tftypes.String, strconv.Itoa(n))
		switch {
		case typ.Is(tftypes.String):
			return text
		case typ.Is(tftypes.Number):
			return tftypes.NewValue(typ, n)
		case typ.Is(tftypes.Bool):
			return tftypes.NewValue(typ, true)
		case typ.Is(tftypes.Map{}):
			return tftypes.NewValue(typ, map[string]tftypes.Value{"version": text})
		default:
			return tftypes.NewValue(typ, []tftypes.Value{text})
		}
	}

	for name, value := range map[string]func(tftypes.Type) tftypes.Value{
		"null":    func(typ tftypes.Type) tftypes.Value { return tftypes.NewValue(typ, nil) },
		"unknown": func(typ tftypes.Type) tftypes.Value { return tftypes.NewValue(typ, tftypes.UnknownValue) },
		"known":   known,
	} {
		fields := map[string]tftypes.Value{}
		for attribute, typ := range typ.AttributeTypes {
			fields[attribute] = value(typ)
		}
		state := tfsdk.State{Schema: schema.Schema, Raw: tftypes.NewValue(typ, fields)}

		type withoutMethods resourceModel
		var byReflection withoutMethods
		var decoded *resourceModel
		diags := state.Get(t.Context(), &byReflection)
		diags.Append(state.Get(t.Context(), &decoded)...)
		if diags.HasError() {
			t.Fatalf("%s: %v", name, diags)
		}
		if want := resourceModel(byReflection); !reflect.DeepEqual(*decoded, want) {
			t.Errorf("%s values are decoded to\n%+v instead of\n%+v", name, *decoded, want)
		}
	}
}
