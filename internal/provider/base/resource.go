package base

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
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
	resp.IdentitySchema = identitySchema(r.identity)
}
