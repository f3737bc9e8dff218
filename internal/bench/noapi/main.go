// Noapi is a provider that asks nobody: what its plans and applies take, they take with any provider. Its resources are named and
// used as those of traceloop are.
package main

import (
	"context"
	"log"
	"strconv"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func main() {
	err := providerserver.Serve(context.Background(), func() provider.Provider { return noapi{} }, providerserver.ServeOpts{Address: "registry.terraform.io/bench/noapi"})
	if err != nil {
		log.Fatal(err)
	}
}

type noapi struct{}

func (noapi) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "noapi"
}

func (noapi) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

func (noapi) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}

func (noapi) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (noapi) Resources(context.Context) []func() resource.Resource {
	kind := func(name string) func() resource.Resource {
		return func() resource.Resource { return object{name} }
	}
	return []func() resource.Resource{kind("environment"), kind("project"), kind("api_key")}
}

type object struct{ name string }

type model struct {
	ID                 types.String `tfsdk:"id"`
	Name               types.String `tfsdk:"name"`
	Slug               types.String `tfsdk:"slug"`
	ProjectID          types.String `tfsdk:"project_id"`
	Environment        types.String `tfsdk:"environment"`
	CreatedAt          types.String `tfsdk:"created_at"`
	DeletionProtection types.Bool   `tfsdk:"deletion_protection"`
}

func (o object) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "noapi_" + o.name
}

func (object) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	computed := schema.StringAttribute{Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}}
	optional := schema.StringAttribute{Optional: true, PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()}}
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id": computed, "slug": computed, "created_at": computed,
		"name": optional, "project_id": optional, "environment": optional,
		"deletion_protection": schema.BoolAttribute{Optional: true},
	}}
}

var created atomic.Int64

func (o object) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	m.ID = types.StringValue(o.name + strconv.FormatInt(created.Add(1), 10))
	m.Slug, m.CreatedAt = types.StringValue(m.Name.ValueString()), types.StringValue("2026-01-01T00:00:00Z")
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (object) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m model
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (object) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var m model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (object) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
