package provider

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// identityAttribute is one attribute of a resource's identity. An import needs all of them.
type identityAttribute struct {
	name, description, example string
	pattern                    *regexp.Regexp
	message                    string
}

var (
	projectIdentity     = []identityAttribute{{"id", "Id of the project.", "cm9v2g95l0000qz8k5h3d7f1a", idPattern, idMessage}}
	environmentIdentity = []identityAttribute{{"id", "Id of the environment.", "cm9v2g95l0000qz8k5h3d7f1a", idPattern, idMessage}}
	apiKeyIdentity      = []identityAttribute{
		{"project_id", "Id of the project that the key sends traces to.", "cm9v2g95l0000qz8k5h3d7f1a", idPattern, idMessage},
		{"environment", "Slug of the environment that the key sends traces to.", "prd", slugPattern, slugMessage},
	}
)

func identitySchema(attributes []identityAttribute) identityschema.Schema {
	schema := identityschema.Schema{Attributes: map[string]identityschema.Attribute{}}
	for _, a := range attributes {
		schema.Attributes[a.name] = identityschema.StringAttribute{Description: a.description, RequiredForImport: true}
	}
	return schema
}

// setIdentity sets the values in the order of the attributes.
func setIdentity(identity *tfsdk.ResourceIdentity, attributes []identityAttribute, values ...types.String) {
	raw := make(map[string]tftypes.Value, len(values))
	for i, value := range values {
		raw[attributes[i].name] = tftypes.NewValue(tftypes.String, value.ValueString())
	}
	identity.Raw = tftypes.NewValue(identity.Raw.Type(), raw)
}

// completeIdentity sets the identity if the state has none, because an older provider or a CLI
// without identities wrote it. Otherwise an identity never changes.
func completeIdentity(identity *tfsdk.ResourceIdentity, attributes []identityAttribute, values ...types.String) {
	if identity.Raw.IsFullyNull() {
		setIdentity(identity, attributes, values...)
	}
}

// importID returns the id string of an import, or makes one from the identity.
func importID(req resource.ImportStateRequest, attributes []identityAttribute, diags *diag.Diagnostics) string {
	if req.Identity == nil || req.Identity.Raw.IsNull() {
		return req.ID
	}
	var raw map[string]tftypes.Value
	if err := req.Identity.Raw.As(&raw); err != nil {
		diags.AddError("Invalid Import Identity", fmt.Sprintf("The identity cannot be read: %s.", err))
		return ""
	}
	var parts, problems []string
	for _, a := range attributes {
		var value *string
		if err := raw[a.name].As(&value); err != nil || value == nil {
			problems = append(problems, a.name+" is missing")
			continue
		}
		if !a.pattern.MatchString(*value) {
			problems = append(problems, fmt.Sprintf("%s = %q: it %s", a.name, maskKeyIn(*value), a.message))
		}
		parts = append(parts, *value)
	}
	if len(problems) > 0 {
		diags.AddError("Invalid Import Identity", fmt.Sprintf("Nothing was imported:\n\n  - %s\n\nUse:\n\n%s", strings.Join(problems, "\n  - "), identityExample(attributes)))
	}
	return strings.Join(parts, "/")
}

// identityExample returns the identity argument of an import block.
func identityExample(attributes []identityAttribute) string {
	width := 0
	for _, a := range attributes {
		width = max(width, len(a.name))
	}
	var b strings.Builder
	b.WriteString("  identity = {\n")
	for _, a := range attributes {
		fmt.Fprintf(&b, "    %-*s = %q\n", width, a.name, a.example)
	}
	b.WriteString("  }")
	return b.String()
}
