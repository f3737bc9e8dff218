package provider

import (
	"context"
	"maps"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type contextKey struct{}

// ballast stands for the loggers that a request's context carries.
type ballast [1 << 10]byte

// What a request's context holds is free when the request has ended.
func TestServerLetsGoOfContexts(t *testing.T) {
	newServer, err := newServer("test", time.Now, true)
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
	_, err := briefly(ctx, false, func(ctx context.Context, _ struct{}) (struct{}, error) {
		if ctx.Value(contextKey{}) != "value" {
			t.Error("the value is missing")
		}
		return struct{}{}, nil
	}, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
}

// Where nobody will see logs, it ends with the request's and has none of its values.
func TestServerQuietContexts(t *testing.T) {
	ctx, end := context.WithCancel(context.WithValue(t.Context(), contextKey{}, "value"))
	defer end()
	_, err := briefly(ctx, true, func(ctx context.Context, _ struct{}) (struct{}, error) {
		child, cancel := context.WithCancel(ctx)
		defer cancel()
		if child.Value(contextKey{}) != nil {
			t.Error("the value is there")
		}
		end()
		<-child.Done()
		return struct{}{}, nil
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
