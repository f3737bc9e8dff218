package provider

import (
	"context"
	"fmt"
	"iter"
	"os"
	"runtime/debug"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
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
	newServer, err := newServer(version, time.Now, quiet)
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

func newServer(version string, now func() time.Time, quiet bool) (func() tfprotov6.ProviderServer, error) {
	return serverOf(&traceloopProvider{version: version, now: now, sleep: base.Sleep}, quiet)
}

func serverOf(p *traceloopProvider, quiet bool) (func() tfprotov6.ProviderServer, error) {
	framework, ok := providerserver.NewProtocol6(p)().(frameworkServer)
	if !ok {
		return nil, fmt.Errorf("%T does not have all of the protocol", framework)
	}
	return func() tfprotov6.ProviderServer { return &server{framework, quiet} }, nil
}

// frameworkServer is the interface of the framework's server.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	tfprotov6.StateStoreServer
}

// server adds one thing to the framework's server: it ends the context of each call with the call
// if nobody will see logs: DESIGN.md, "Contexts".
type server struct {
	frameworkServer

	quiet bool
}

func (s *server) UpgradeResourceState(ctx context.Context, r *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return withCallContext(ctx, s.quiet, s.frameworkServer.UpgradeResourceState, r)
}

func (s *server) ValidateResourceConfig(ctx context.Context, r *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return withCallContext(ctx, s.quiet, s.frameworkServer.ValidateResourceConfig, r)
}

func (s *server) UpgradeResourceIdentity(ctx context.Context, r *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return withCallContext(ctx, s.quiet, s.frameworkServer.UpgradeResourceIdentity, r)
}

func (s *server) ReadResource(ctx context.Context, r *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return withCallContext(ctx, s.quiet, s.frameworkServer.ReadResource, r)
}

func (s *server) PlanResourceChange(ctx context.Context, r *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return withCallContext(ctx, s.quiet, s.frameworkServer.PlanResourceChange, r)
}

func (s *server) ApplyResourceChange(ctx context.Context, r *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return withCallContext(ctx, s.quiet, s.frameworkServer.ApplyResourceChange, r)
}

func (s *server) ReadDataSource(ctx context.Context, r *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return withCallContext(ctx, s.quiet, s.frameworkServer.ReadDataSource, r)
}

func (s *server) GenerateResourceConfig(ctx context.Context, r *tfprotov6.GenerateResourceConfigRequest) (*tfprotov6.GenerateResourceConfigResponse, error) {
	return withCallContext(ctx, s.quiet, s.frameworkServer.GenerateResourceConfig, r)
}

// ListResource ends when its results have been read.
func (s *server) ListResource(ctx context.Context, r *tfprotov6.ListResourceRequest) (*tfprotov6.ListResourceServerStream, error) {
	inner, end := callContext(ctx, s.quiet)
	stream, err := s.frameworkServer.ListResource(inner, r)
	if err != nil {
		end()
		return nil, err
	}
	stream.Results = untilRead(stream.Results, end)
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
	stream.Events = untilRead(stream.Events, end)
	return stream, nil
}

// untilRead calls end when the stream has been read.
func untilRead[T any](stream iter.Seq[T], end func()) iter.Seq[T] {
	return func(push func(T) bool) {
		defer end()
		stream(push)
	}
}

func withCallContext[Request, Response any](ctx context.Context, quiet bool, call func(context.Context, Request) (Response, error), r Request) (Response, error) {
	inner, end := callContext(ctx, quiet)
	defer end()
	return call(inner, r)
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
