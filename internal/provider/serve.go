package provider

import (
	"context"
	"fmt"
	"iter"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// Address is where the CLIs know the provider from.
const Address = "registry.terraform.io/traceloop/traceloop"

// Serve serves the provider to a CLI, or with debug to one that is told to attach to it.
func Serve(version string, debug bool) error {
	collectLessOften()
	var options []tf6server.ServeOpt
	quiet := false
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	} else {
		var err error
		if quiet, err = quieten(os.LookupEnv, os.Setenv); err != nil {
			return err
		}
	}
	newServer, err := newServer(version, quiet)
	if err != nil {
		return err
	}
	return tf6server.Serve(Address, newServer, options...)
}

// collectLessOften trades memory for time, unless GOGC says otherwise. A provider lives for
// seconds, holds little and drops some 0.5 MB for each resource of a plan: with Go's default
// it collects its garbage dozens of times a second.
func collectLessOften() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(150)
	}
}

// quieten turns off logs that nobody will see. The plugin libraries write some hundred lines
// for each resource of a plan unless told not to, and a CLI that was not asked for logs
// reads and drops them: together half of the time that a plan takes. It reports whether
// nobody will see logs.
func quieten(get func(string) (string, bool), set func(string, string) error) (bool, error) {
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

func newServer(version string, quiet bool) (func() tfprotov6.ProviderServer, error) {
	newFramework := providerserver.NewProtocol6(New(version)())
	framework, ok := newFramework().(frameworkServer)
	if !ok {
		return nil, fmt.Errorf("%T does not have all of the protocol", newFramework())
	}
	return func() tfprotov6.ProviderServer { return &server{framework, quiet} }, nil
}

// frameworkServer is all that the framework serves.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	tfprotov6.StateStoreServer
}

// server is the framework's, but for memory: the framework keeps a child of the context of
// every request until it is stopped, and with that context its loggers, in all some 60 KB
// for each resource of a plan. Here the calls that Terraform makes for each resource, and those that stream, have
// a context that lets go of its own when they end, and has no loggers where nobody will see
// logs: the framework would copy them for each attribute.
type server struct {
	frameworkServer

	quiet bool
}

func (s *server) ValidateResourceConfig(ctx context.Context, r *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return briefly(ctx, s.quiet, s.frameworkServer.ValidateResourceConfig, r)
}

func (s *server) UpgradeResourceState(ctx context.Context, r *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return briefly(ctx, s.quiet, s.frameworkServer.UpgradeResourceState, r)
}

func (s *server) UpgradeResourceIdentity(ctx context.Context, r *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return briefly(ctx, s.quiet, s.frameworkServer.UpgradeResourceIdentity, r)
}

func (s *server) ImportResourceState(ctx context.Context, r *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return briefly(ctx, s.quiet, s.frameworkServer.ImportResourceState, r)
}

func (s *server) ReadResource(ctx context.Context, r *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return briefly(ctx, s.quiet, s.frameworkServer.ReadResource, r)
}

func (s *server) PlanResourceChange(ctx context.Context, r *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return briefly(ctx, s.quiet, s.frameworkServer.PlanResourceChange, r)
}

func (s *server) ApplyResourceChange(ctx context.Context, r *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return briefly(ctx, s.quiet, s.frameworkServer.ApplyResourceChange, r)
}

func (s *server) ValidateDataResourceConfig(ctx context.Context, r *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return briefly(ctx, s.quiet, s.frameworkServer.ValidateDataResourceConfig, r)
}

func (s *server) ReadDataSource(ctx context.Context, r *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return briefly(ctx, s.quiet, s.frameworkServer.ReadDataSource, r)
}

func (s *server) CallFunction(ctx context.Context, r *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	return briefly(ctx, s.quiet, s.frameworkServer.CallFunction, r)
}

func (s *server) GenerateResourceConfig(ctx context.Context, r *tfprotov6.GenerateResourceConfigRequest) (*tfprotov6.GenerateResourceConfigResponse, error) {
	return briefly(ctx, s.quiet, s.frameworkServer.GenerateResourceConfig, r)
}

// ListResource works while its results are read.
func (s *server) ListResource(ctx context.Context, r *tfprotov6.ListResourceRequest) (*tfprotov6.ListResourceServerStream, error) {
	b := newBrief(ctx, s.quiet)
	stream, err := s.frameworkServer.ListResource(b, r) //nolint:contextcheck // b is ctx until then
	if err != nil {
		b.end()
		return nil, err
	}
	stream.Results = untilRead(b, stream.Results)
	return stream, nil
}

// InvokeAction works while its events are read.
func (s *server) InvokeAction(ctx context.Context, r *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	b := newBrief(ctx, s.quiet)
	stream, err := s.frameworkServer.InvokeAction(b, r) //nolint:contextcheck // b is ctx until then
	if err != nil {
		b.end()
		return nil, err
	}
	stream.Events = untilRead(b, stream.Events)
	return stream, nil
}

// untilRead ends a brief context when a stream has been read.
func untilRead[T any](b *brief, stream iter.Seq[T]) iter.Seq[T] {
	return func(push func(T) bool) {
		defer b.end()
		stream(push)
	}
}

// briefly makes a call with a brief context.
func briefly[Request, Response any](ctx context.Context, quiet bool, call func(context.Context, Request) (Response, error), r Request) (Response, error) {
	b := newBrief(ctx, quiet)
	defer b.end()
	return call(b, r) //nolint:contextcheck // b is ctx until then
}

// brief is another context until that of the call is no longer wanted.
type brief struct {
	current atomic.Pointer[context.Context]
	quiet   bool // without values, which are the loggers
}

func newBrief(ctx context.Context, quiet bool) *brief {
	b := &brief{quiet: quiet}
	b.current.Store(&ctx)
	return b
}

// end leaves no child of the call's context, which would keep that.
func (b *brief) end() { b.current.Store(&ended) }

var ended = func() context.Context {
	ctx, end := context.WithCancel(context.Background())
	end()
	return ctx
}()

func (b *brief) Deadline() (time.Time, bool) { return (*b.current.Load()).Deadline() }
func (b *brief) Done() <-chan struct{}       { return (*b.current.Load()).Done() }
func (b *brief) Err() error                  { return (*b.current.Load()).Err() }

func (b *brief) Value(key any) any {
	// By a pointer, package context finds the parent of a child that it would watch in a goroutine otherwise.
	if _, ok := key.(*int); b.quiet && !ok {
		return nil
	}
	return (*b.current.Load()).Value(key)
}
