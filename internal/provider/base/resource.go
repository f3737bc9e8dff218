package base

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// ManagedResource is what a resource implements that can be imported by its identity.
type ManagedResource interface {
	resource.ResourceWithConfigure
	resource.ResourceWithIdentity
	resource.ResourceWithImportState
	resource.ResourceWithModifyPlan
}

// Resource is the part of a resource that does not depend on its object.
type Resource struct {
	*Data

	Name          string                             // without that of the provider
	ConfigureWith func(any, *diag.Diagnostics) *Data // Configure or ConfigureProject
}

// Metadata gives the resource its type name.
func (r *Resource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.Name
}

// Configure gets the data of the provider block.
func (r *Resource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.Data = r.ConfigureWith(req.ProviderData, &resp.Diagnostics)
}

// IdentifiedResource is a Resource that has an identity.
type IdentifiedResource struct {
	Resource

	identity []IdentityAttribute
}

// NewResource returns the embedded part of a resource.
func NewResource(name string, identity []IdentityAttribute, configure func(any, *diag.Diagnostics) *Data) IdentifiedResource {
	return IdentifiedResource{Resource{Name: name, ConfigureWith: configure}, identity}
}

// IdentitySchema requires every attribute for an import.
func (r *IdentifiedResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema.Attributes = map[string]identityschema.Attribute{}
	for _, a := range r.identity {
		resp.IdentitySchema.Attributes[a.Name] = identityschema.StringAttribute{Description: a.Description, RequiredForImport: true}
	}
}

// Import puts an object into the state, unless the plan has it at another address too. The model is that of the
// resource, the identity is its own.
func (r *IdentifiedResource) Import(ctx context.Context, resp *resource.ImportStateResponse, o Object, model any, identity ...types.String) bool {
	o.Token = NewAddressToken(ctx, resp.Private, &resp.Diagnostics)
	if r.Ledger.Import(o).Report(&resp.Diagnostics) {
		return false
	}
	SetIdentity(resp.Identity, r.identity, identity...)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	return true
}

// IdentityAttribute is one attribute of a resource's identity. An import needs all of them.
type IdentityAttribute struct {
	Name, Description, Example string
	Pattern                    *regexp.Regexp
	Message                    string
}

// SetIdentity sets the values in the order of the attributes.
func SetIdentity(identity *tfsdk.ResourceIdentity, attributes []IdentityAttribute, values ...types.String) {
	raw := make(map[string]tftypes.Value, len(values))
	for i, value := range values {
		raw[attributes[i].Name] = tftypes.NewValue(tftypes.String, value.ValueString())
	}
	identity.Raw = tftypes.NewValue(identity.Raw.Type(), raw)
}

// CompleteIdentity sets the identity if the state has none, because an older provider or a CLI
// without identities wrote it. Otherwise an identity never changes.
func CompleteIdentity(identity *tfsdk.ResourceIdentity, attributes []IdentityAttribute, values ...types.String) {
	if identity.Raw.IsFullyNull() {
		SetIdentity(identity, attributes, values...)
	}
}

// ImportID returns the id string of an import, or makes one from the identity.
func ImportID(req resource.ImportStateRequest, attributes []IdentityAttribute, diags *diag.Diagnostics) string {
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
		if err := raw[a.Name].As(&value); err != nil || value == nil {
			problems = append(problems, a.Name+" is missing")
			continue
		}
		if !a.Pattern.MatchString(*value) || strings.HasPrefix(*value, traceloop.KeyPrefix) {
			problems = append(problems, fmt.Sprintf("%s = %q: it %s", a.Name, *value, a.Message))
		}
		parts = append(parts, *value)
	}
	if len(problems) > 0 {
		diags.AddError("Invalid Import Identity", fmt.Sprintf("Nothing was imported:\n\n  - %s\n\nUse:\n\n%s", strings.Join(problems, "\n  - "), identityExample(attributes)))
	}
	return strings.Join(parts, "/")
}

// identityExample returns the identity argument of an import block.
func identityExample(attributes []IdentityAttribute) string {
	width := 0
	for _, a := range attributes {
		width = max(width, len(a.Name))
	}
	var b strings.Builder
	b.WriteString("  identity = {\n")
	for _, a := range attributes {
		fmt.Fprintf(&b, "    %-*s = %q\n", width, a.Name, a.Example)
	}
	b.WriteString("  }")
	return b.String()
}

// AddInvalidImportID lists every accepted form, each with an example.
func AddInvalidImportID(diags *diag.Diagnostics, object, id string, forms ...string) {
	diags.AddError("Invalid Import ID", fmt.Sprintf(
		"%q does not identify the %s to import. Use:\n\n  %s", id, object, strings.Join(forms, "\n  ")))
}
