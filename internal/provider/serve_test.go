package provider

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"testing"
	"weak"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type contextKey struct{}

// ballast stands for the loggers that a request's context carries.
type ballast [1 << 10]byte

// What a request's context holds is free when the request has ended.
func TestServerLetsGoOfContexts(t *testing.T) {
	newServer, err := newServer(newProvider("test"), true)
	if err != nil {
		t.Fatal(err)
	}
	s := newServer()
	validate := func(load *ballast) {
		// As from gRPC: cancelled when the request has ended.
		ctx, end := context.WithCancel(context.WithValue(t.Context(), contextKey{}, load))
		defer end()
		typ := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"key": tftypes.String, "name": tftypes.String}}
		config, err := tfprotov6.NewDynamicValue(typ, tftypes.NewValue(typ, nil))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: "traceloop_project", Config: &config}); err != nil {
			t.Fatal(err)
		}
	}

	load := new(ballast)
	kept := weak.Make(load)
	validate(load)
	load = nil //nolint:ineffassign,wastedassign // so that only the server could keep it
	runtime.GC()
	if kept.Value() != nil {
		t.Errorf("the context of a request that has ended is still in use ")
	}
	runtime.KeepAlive(s)
}

// Where logs are wanted it is the request's context.
func TestServerHandsOverContexts(t *testing.T) {
	ctx := context.WithValue(t.Context(), contextKey{}, "value")
	_, err := call(ctx, false, func(ctx context.Context, _ struct{}) (*tfprotov6.ReadResourceResponse, error) {
		if ctx.Value(contextKey{}) != "value" {
			t.Error("the value is missing")
		}
		return &tfprotov6.ReadResourceResponse{}, nil
	}, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
}

// Where nobody will see logs, it ends with the request's and has none of its values.
func TestServerQuietContexts(t *testing.T) {
	ctx, end := context.WithCancel(context.WithValue(t.Context(), contextKey{}, "value"))
	defer end()
	_, err := call(ctx, true, func(ctx context.Context, _ struct{}) (*tfprotov6.ReadResourceResponse, error) {
		child, cancel := context.WithCancel(ctx)
		defer cancel()
		if child.Value(contextKey{}) != nil {
			t.Error("the value is there")
		}
		end()
		<-child.Done()
		return &tfprotov6.ReadResourceResponse{}, nil
	}, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSilenceUnseenLogs(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		given, set map[string]string
		quiet      bool
	}{
		{nil, map[string]string{"TF_LOG_SDK": "OFF", "TF_LOG_SDK_PROTO": "OFF", "TF_LOG_SDK_FRAMEWORK": "OFF", "TF_LOG_PROVIDER_TRACELOOP": "OFF"}, true},
		{map[string]string{"TF_LOG": "", "TF_LOG_SDK": "TRACE"}, map[string]string{"TF_LOG_SDK_PROTO": "OFF", "TF_LOG_SDK_FRAMEWORK": "OFF", "TF_LOG_PROVIDER_TRACELOOP": "OFF"}, true},
		{map[string]string{"TF_LOG": "INFO"}, map[string]string{}, false},
		{map[string]string{"TF_LOG_PROVIDER": "DEBUG"}, map[string]string{}, false},
	} {
		set := map[string]string{}
		quiet, err := silenceUnseenLogs(
			func(name string) (string, bool) { value, ok := test.given[name]; return value, ok },
			func(name, value string) error { set[name] = value; return nil })
		if err != nil || quiet != test.quiet || !maps.Equal(set, test.set) {
			t.Errorf("with %v: %t, %v, %v; want %t, %v", test.given, quiet, set, err, test.quiet, test.set)
		}
	}
}

// A stream works with the request's context while it is read, and lets go of it then.
func TestServerStreams(t *testing.T) {
	newServer, err := newServer(newProvider("test"), true)
	if err != nil {
		t.Fatal(err)
	}
	s, ok := newServer().(frameworkServer)
	if !ok {
		t.Fatal("the server does not have all of the protocol")
	}
	typ := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String, "project_id": tftypes.String, "environment": tftypes.String}}
	empty, err := tfprotov6.NewDynamicValue(typ, tftypes.NewValue(typ, map[string]tftypes.Value{
		"id": tftypes.NewValue(tftypes.String, nil), "project_id": tftypes.NewValue(tftypes.String, nil), "environment": tftypes.NewValue(tftypes.String, nil),
	}))
	if err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func(context.Context) (read func() int){
		"list": func(ctx context.Context) func() int {
			stream, err := s.ListResource(ctx, &tfprotov6.ListResourceRequest{TypeName: "traceloop_nothing", Config: &empty})
			if err != nil {
				t.Fatal(err)
			}
			return func() (n int) {
				for range stream.Results {
					n++
				}
				return n
			}
		},
		"action": func(ctx context.Context) func() int {
			stream, err := s.InvokeAction(ctx, &tfprotov6.InvokeActionRequest{ActionType: "traceloop_nothing", Config: &empty})
			if err != nil {
				t.Fatal(err)
			}
			return func() (n int) {
				for range stream.Events {
					n++
				}
				return n
			}
		},
	} {
		load := new(ballast)
		kept := weak.Make(load)
		ctx, end := context.WithCancel(context.WithValue(t.Context(), contextKey{}, load))
		if n := read(ctx)(); n != 1 {
			t.Errorf("%s: %d results, want the error", name, n)
		}
		end()
		ctx, load = nil, nil //nolint:ineffassign,wastedassign,fatcontext // so that only the server could keep it
		runtime.GC()
		if kept.Value() != nil {
			t.Errorf("%s: the context of a stream that has been read is still in use", name)
		}
		runtime.KeepAlive(s)
	}
}

// Until then, the stream ends with the request.
func TestServerStreamsInContext(t *testing.T) {
	t.Parallel()
	ctx, endRequest := context.WithCancel(t.Context())
	defer endRequest()
	brief, end := callContext(ctx, true)
	for range visited(func(push func(int) bool) {
		if brief.Err() != nil {
			t.Error("the context has ended before the stream was read")
		}
		push(1)
	}, func(*int) {}, end) {
		endRequest()
		<-brief.Done()
	}

	brief, end = callContext(t.Context(), true)
	for range visited(slices.Values([]int{1}), func(*int) {}, end) {
		if brief.Err() != nil {
			t.Error("the context has ended while the stream is read")
		}
	}
	if brief.Err() == nil {
		t.Error("the context has not ended with the stream")
	}
}
