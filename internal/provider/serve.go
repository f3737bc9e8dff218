package provider

import (
	"context"
	"fmt"
	"iter"
	"os"
	"reflect"
	"runtime/debug"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/organization"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// Address is the provider's source address.
const Address = "registry.terraform.io/traceloop/traceloop"

// Serve serves the provider to the CLI. With debug, the CLI has to be told to attach to it.
func Serve(version string, debug bool) error {
	raiseGCPercent()
	var options []tf6server.ServeOpt
	quiet := false
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	} else {
		var err error
		if quiet, err = silenceUnseenLogs(os.LookupEnv, os.Setenv); err != nil {
			return err
		}
	}
	newServer, err := newServer(newProvider(version), quiet)
	if err != nil {
		return err
	}
	return tf6server.Serve(Address, newServer, options...)
}

// raiseGCPercent uses more memory to save time, unless GOGC is set: DESIGN.md, "GC".
func raiseGCPercent() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(150)
	}
}

// silenceUnseenLogs turns off the logs of the plugin libraries if nobody will see them, and
// reports that: DESIGN.md, "Logs".
func silenceUnseenLogs(get func(string) (string, bool), set func(string, string) error) (bool, error) {
	for _, name := range []string{"TF_LOG", "TF_LOG_PROVIDER"} {
		if level, _ := get(name); level != "" {
			return false, nil
		}
	}
	for _, name := range []string{"TF_LOG_SDK", "TF_LOG_SDK_PROTO", "TF_LOG_SDK_FRAMEWORK", "TF_LOG_PROVIDER_TRACELOOP"} {
		if _, chosen := get(name); chosen {
			continue
		}
		if err := set(name, "OFF"); err != nil {
			return true, err
		}
	}
	return true, nil
}

func newServer(p *traceloopProvider, quiet bool) (func() tfprotov6.ProviderServer, error) {
	served := providerserver.NewProtocol6(p)()
	framework, ok := served.(frameworkServer)
	if !ok {
		return nil, fmt.Errorf("%T does not have all of the protocol", served)
	}
	return func() tfprotov6.ProviderServer { return &server{framework, p, quiet} }, nil
}

// frameworkServer is the interface of the framework's server.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	tfprotov6.StateStoreServer
}

// server adds three things to the framework's server: it masks what looks like a key in each message,
// its errors of a validation name what the apply has destroyed before, and it ends the context of each
// call with the call if nobody will see logs: DESIGN.md, "Masking" and "Contexts".
type server struct {
	frameworkServer

	provider *traceloopProvider
	quiet    bool
}

// UpgradeResourceState is the only call about a tainted object in a plan that does not refresh.
// The framework passes it on to a resource only if the schema has a new version.
func (s *server) UpgradeResourceState(ctx context.Context, r *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	if data := s.provider.data.Load(); data != nil && r.TypeName == organization.TypeName && r.RawState != nil {
		organization.NoteProtected(data, r.RawState.JSON)
	}
	return call(ctx, s.quiet, s.frameworkServer.UpgradeResourceState, r)
}

func (s *server) ValidateProviderConfig(ctx context.Context, r *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return call(ctx, s.quiet, s.frameworkServer.ValidateProviderConfig, r)
}

func (s *server) ConfigureProvider(ctx context.Context, r *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	return call(ctx, s.quiet, s.frameworkServer.ConfigureProvider, r)
}

func (s *server) ValidateDataResourceConfig(ctx context.Context, r *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return call(ctx, s.quiet, s.frameworkServer.ValidateDataResourceConfig, r)
}

func (s *server) ValidateEphemeralResourceConfig(ctx context.Context, r *tfprotov6.ValidateEphemeralResourceConfigRequest) (*tfprotov6.ValidateEphemeralResourceConfigResponse, error) {
	return call(ctx, s.quiet, s.frameworkServer.ValidateEphemeralResourceConfig, r)
}

func (s *server) ValidateListResourceConfig(ctx context.Context, r *tfprotov6.ValidateListResourceConfigRequest) (*tfprotov6.ValidateListResourceConfigResponse, error) {
	return call(ctx, s.quiet, s.frameworkServer.ValidateListResourceConfig, r)
}

func (s *server) ValidateActionConfig(ctx context.Context, r *tfprotov6.ValidateActionConfigRequest) (*tfprotov6.ValidateActionConfigResponse, error) {
	return call(ctx, s.quiet, s.frameworkServer.ValidateActionConfig, r)
}

func (s *server) ImportResourceState(ctx context.Context, r *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return call(ctx, s.quiet, s.frameworkServer.ImportResourceState, r)
}

func (s *server) OpenEphemeralResource(ctx context.Context, r *tfprotov6.OpenEphemeralResourceRequest) (*tfprotov6.OpenEphemeralResourceResponse, error) {
	return call(ctx, s.quiet, s.frameworkServer.OpenEphemeralResource, r)
}

func (s *server) PlanAction(ctx context.Context, r *tfprotov6.PlanActionRequest) (*tfprotov6.PlanActionResponse, error) {
	return call(ctx, s.quiet, s.frameworkServer.PlanAction, r)
}

func (s *server) ValidateResourceConfig(ctx context.Context, r *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	response, err := call(ctx, s.quiet, s.frameworkServer.ValidateResourceConfig, r)
	if data := s.provider.data.Load(); data != nil && err == nil {
		for _, d := range response.Diagnostics {
			if d.Severity == tfprotov6.DiagnosticSeverityError {
				d.Detail = data.Applied.NameReplaced(d.Detail, r.TypeName)
			}
		}
	}
	return response, err
}

func (s *server) UpgradeResourceIdentity(ctx context.Context, r *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return call(ctx, s.quiet, s.frameworkServer.UpgradeResourceIdentity, r)
}

func (s *server) ReadResource(ctx context.Context, r *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return call(ctx, s.quiet, s.frameworkServer.ReadResource, r)
}

func (s *server) PlanResourceChange(ctx context.Context, r *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return call(ctx, s.quiet, s.frameworkServer.PlanResourceChange, r)
}

func (s *server) ApplyResourceChange(ctx context.Context, r *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return call(ctx, s.quiet, s.frameworkServer.ApplyResourceChange, r)
}

func (s *server) ReadDataSource(ctx context.Context, r *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return call(ctx, s.quiet, s.frameworkServer.ReadDataSource, r)
}

func (s *server) GenerateResourceConfig(ctx context.Context, r *tfprotov6.GenerateResourceConfigRequest) (*tfprotov6.GenerateResourceConfigResponse, error) {
	return call(ctx, s.quiet, s.frameworkServer.GenerateResourceConfig, r)
}

// CallFunction passes a null argument on. OpenTofu 1.12 sends it without a value, which the
// framework reports as a bug of the provider.
func (s *server) CallFunction(ctx context.Context, r *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	for _, argument := range r.Arguments {
		if len(argument.MsgPack) == 0 && len(argument.JSON) == 0 {
			argument.JSON = []byte("null")
		}
	}
	return s.frameworkServer.CallFunction(ctx, r)
}

// ListResource ends when its results have been read.
func (s *server) ListResource(ctx context.Context, r *tfprotov6.ListResourceRequest) (*tfprotov6.ListResourceServerStream, error) {
	inner, end := callContext(ctx, s.quiet)
	stream, err := s.frameworkServer.ListResource(inner, r)
	if err != nil {
		end()
		return nil, err
	}
	stream.Results = visited(stream.Results, func(result *tfprotov6.ListResourceResult) { hideKeys(result.Diagnostics, r.Config) }, end)
	return stream, nil
}

// InvokeAction ends when its events have been read.
func (s *server) InvokeAction(ctx context.Context, r *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	inner, end := callContext(ctx, s.quiet)
	stream, err := s.frameworkServer.InvokeAction(inner, r)
	if err != nil {
		end()
		return nil, err
	}
	stream.Events = visited(stream.Events, func(e *tfprotov6.InvokeActionEvent) {
		switch event := e.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			event.Message = traceloop.MaskKeyIn(event.Message)
			e.Type = event
		case tfprotov6.CompletedInvokeActionEventType:
			hideKeys(event.Diagnostics, r.Config)
		}
	}, end)
	return stream, nil
}

// visited calls visit with each element before it goes on, and end when the stream has been read.
func visited[T any](stream iter.Seq[T], visit func(*T), end func()) iter.Seq[T] {
	return func(push func(T) bool) {
		defer end()
		for element := range stream {
			if visit(&element); !push(element) {
				return
			}
		}
	}
}

// call calls the framework, and masks what looks like a key in the diagnostics of its response.
func call[Request, Response any](ctx context.Context, quiet bool, method func(context.Context, Request) (*Response, error), r Request) (*Response, error) {
	inner, end := callContext(ctx, quiet)
	defer end()
	response, err := method(inner, r)
	if err != nil {
		return nil, err
	}
	var config *tfprotov6.DynamicValue
	if field := reflect.Indirect(reflect.ValueOf(r)).FieldByName("Config"); field.IsValid() {
		config, _ = reflect.TypeAssert[*tfprotov6.DynamicValue](field)
	}
	// Every response has this field, and no interface to get it by.
	diagnostics, ok := reflect.TypeAssert[[]*tfprotov6.Diagnostic](reflect.ValueOf(response).Elem().FieldByName("Diagnostics"))
	if !ok {
		return nil, fmt.Errorf("%T has no diagnostics", response)
	}
	hideKeys(diagnostics, config)
	return response, nil
}

// hideKeys masks what looks like a key. A diagnostic that has a key, or is about an argument that has one,
// loses its place in the configuration, because the CLI would print that line.
func hideKeys(diagnostics []*tfprotov6.Diagnostic, config *tfprotov6.DynamicValue) {
	for _, d := range diagnostics {
		summary, detail := traceloop.MaskKeyIn(d.Summary), traceloop.MaskKeyIn(d.Detail)
		if summary != d.Summary || detail != d.Detail || hasKey(config, d.Attribute) {
			d.Summary, d.Detail, d.Attribute = summary, detail, nil
		}
	}
}

// hasKey reports whether the argument at a path contains what looks like a key. What cannot be read may
// be one.
func hasKey(config *tfprotov6.DynamicValue, at *tftypes.AttributePath) bool {
	if config == nil || at == nil || len(at.Steps()) == 0 {
		return false
	}
	var arguments map[string]msgpack.RawMessage
	if err := msgpack.Unmarshal(config.MsgPack, &arguments); err != nil {
		return true
	}
	name, _ := at.Steps()[0].(tftypes.AttributeName)
	given := string(arguments[string(name)])
	return traceloop.MaskKeyIn(given) != given
}

// callContext returns the context of a call. If quiet, it has no values, and ends with ctx or
// with the call.
func callContext(ctx context.Context, quiet bool) (inner context.Context, end func()) {
	if !quiet {
		return ctx, func() {}
	}
	inner, cancel := context.WithCancel(context.Background())
	stop := context.AfterFunc(ctx, cancel)
	return inner, func() {
		stop()
		cancel()
	}
}
