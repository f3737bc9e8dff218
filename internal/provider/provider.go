// Package provider is the Traceloop provider: its block, its settings, its functions, and how it is
// served. Each kind of object is a package of its own, and base is what they share.
package provider

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/apikey"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider/environment"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider/evaluator"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider/monitor"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider/organization"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider/project"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var (
	_ provider.ProviderWithActions            = (*traceloopProvider)(nil)
	_ provider.ProviderWithEphemeralResources = (*traceloopProvider)(nil)
	_ provider.ProviderWithFunctions          = (*traceloopProvider)(nil)
	_ provider.ProviderWithListResources      = (*traceloopProvider)(nil)
	_ provider.ProviderWithValidateConfig     = (*traceloopProvider)(nil)
)

// New returns the constructor of the provider.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return newProvider(version) }
}

func newProvider(version string) *traceloopProvider {
	return &traceloopProvider{version: version, now: time.Now, sleep: base.Sleep}
}

type traceloopProvider struct {
	version string
	now     func() time.Time // the one clock of the provider
	sleep   func(context.Context, time.Duration) error
	paths   traceloop.Paths // zero: the contract's

	validated atomic.Bool // since the last Configure
	data      atomic.Pointer[base.Data]
}

type providerModel struct {
	APIKey         types.String `tfsdk:"api_key"`
	ProjectAPIKey  types.String `tfsdk:"project_api_key"`
	BaseURL        types.String `tfsdk:"base_url"`
	RequestTimeout types.String `tfsdk:"request_timeout"`
	MaxRetries     types.Number `tfsdk:"max_retries"`
	CACertFile     types.String `tfsdk:"ca_cert_file"`
}

func (p *traceloopProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "traceloop"
	resp.Version = p.version
}

func (p *traceloopProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "[Traceloop](https://www.traceloop.com) is an observability service for LLM applications. This provider manages its projects, environments and API keys as code, and rotates the keys.",
		Attributes: map[string]schema.Attribute{
			"api_key": schema.StringAttribute{
				MarkdownDescription: "Management key of the organization. It can also come from the environment variable `" + base.EnvManagementKey + "`, which keeps it out of the configuration. " +
					"White space around it is dropped. A project's own API key (`" + base.EnvTracesKey + "`) sends traces and cannot manage anything, so the provider never uses it as a credential.",
				Optional:   true,
				Sensitive:  true,
				Validators: []validator.String{base.SecretParserValidator("api_key", base.ParseFullKey)},
			},
			"project_api_key": schema.StringAttribute{
				MarkdownDescription: "API key of a project and environment, for `traceloop_auto_monitor_setup`, `traceloop_evaluator` and `traceloop_organization`. " +
					"It can also come from the environment variable `" + base.EnvProjectKey + "`. White space around it is dropped. The setups belong to the project and environment of this key. For another environment, use another provider block with an `alias`. " +
					"The key may come from a `traceloop_api_key` resource in the same configuration. The provider never sends it instead of `api_key`, or `api_key` instead of it.",
				Optional:   true,
				Sensitive:  true,
				Validators: []validator.String{base.SecretParserValidator("project_api_key", base.ParseFullKey)},
			},
			"base_url": schema.StringAttribute{
				MarkdownDescription: "Address of the API: an `https` URL, or an `http` URL on loopback (the emulator). It can also come from the environment variable `" + base.EnvBaseURL + "`. The provider never reads the SDK's `TRACELOOP_BASE_URL`. " +
					"Default: `" + traceloop.DefaultBaseURL + "`.",
				Optional:   true,
				Validators: []validator.String{base.ParserValidator("base_url", traceloop.ParseBaseURL)},
			},
			"request_timeout": schema.StringAttribute{
				MarkdownDescription: "Time limit for one attempt of a request, including its answer, as a duration such as `30s` or `1m30s`; from `1s` to `10m`. Default: `30s`.",
				Optional:            true,
				Validators:          []validator.String{base.ParserValidator("request_timeout", parseTimeout)},
			},
			"max_retries": schema.NumberAttribute{
				MarkdownDescription: "How many times the provider repeats a failed request, if repeating is safe: a whole number from 0 to 10. Repeats after a rate limit do not count. Default: `4`.",
				Optional:            true,
				Validators:          []validator.Number{base.WholeNumber(0, 10)},
			},
			"ca_cert_file": schema.StringAttribute{
				MarkdownDescription: "Path of a PEM file with certificates of authorities to trust, in addition to the system's. Use it for a proxy or gateway with your own certificate. " +
					"It can also come from the environment variable `" + base.EnvCACertFile + "`.",
				Optional: true,
			},
		},
	}
}

// ValidateConfig notes that this process serves one plan or one apply. Terraform's core validates
// the provider block in that process before it configures the provider (node_provider.go in
// internal/terraform). `terraform test` configures one process for all of its runs, and does not
// validate before that (node_provider.go in internal/moduletest/graph, since Terraform 1.15).
func (p *traceloopProvider) ValidateConfig(context.Context, provider.ValidateConfigRequest, *provider.ValidateConfigResponse) {
	p.validated.Store(true)
}

func (p *traceloopProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}

	if _, unknown := config.unknownShared(); (unknown || config.APIKey.IsUnknown()) && req.ClientCapabilities.DeferralAllowed {
		resp.Deferred = &provider.Deferred{Reason: provider.DeferredReasonProviderConfigUnknown}
	}
	settings, diags := config.settings("terraform-provider-traceloop/"+p.version+" Terraform/"+req.TerraformVersion, p.paths)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	settings.Now, settings.Sleep, settings.ManyWalks = p.now, p.sleep, !p.validated.Swap(false)
	data, err := base.NewData(settings)
	if err != nil {
		resp.Diagnostics.AddError("Unable to Configure Provider", fmt.Sprintf("The provider cannot set up its client for the Traceloop API: %s.", err))
		return
	}
	p.data.Store(data)
	resp.ResourceData, resp.DataSourceData, resp.ListResourceData, resp.ActionData = data, data, data, data
}

func (p *traceloopProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		project.NewResource,
		environment.NewResource,
		apikey.NewResource,
		monitor.NewResource,
		evaluator.NewResource,
		organization.NewResource,
	}
}

func (p *traceloopProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		project.NewDataSource,
		project.NewPluralDataSource,
		environment.NewDataSource,
		environment.NewPluralDataSource,
		apikey.NewDataSource,
		apikey.NewPluralDataSource,
		monitor.NewDataSource,
		monitor.NewPluralDataSource,
		evaluator.NewDataSource,
		evaluator.NewPluralDataSource,
	}
}

func (p *traceloopProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{
		project.NewListResource,
		environment.NewListResource,
		apikey.NewListResource,
		monitor.NewListResource,
		evaluator.NewListResource,
	}
}

func (p *traceloopProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{
		apikey.NewRevokeAction,
	}
}

func (p *traceloopProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{
		apikey.NewEphemeralResource,
	}
}

func (p *traceloopProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{
		newEnvironmentSlugFunction,
		newMaskKeyFunction,
		newOTLPHeadersFunction,
	}
}
