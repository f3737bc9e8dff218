package provider

import (
	"context"
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
	newServer, err := newServer("test")
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
		t.Error("the context of a request that has ended is still in use")
	}
	runtime.KeepAlive(s)
}

// Until then it is the request's context: its values, and its end.
func TestServerHandsOverContexts(t *testing.T) {
	ctx, end := context.WithDeadline(context.WithValue(t.Context(), contextKey{}, "value"), time.Now().Add(time.Hour))
	defer end()
	var child context.Context
	_, err := briefly(ctx, func(ctx context.Context, _ struct{}) (struct{}, error) {
		var cancel context.CancelFunc
		child, cancel = context.WithCancel(ctx)
		defer cancel()
		if child.Value(contextKey{}) != "value" {
			t.Error("the value is missing")
		}
		if _, ok := child.Deadline(); !ok {
			t.Error("the deadline is missing")
		}
		if child.Err() != nil {
			t.Error("it has ended already")
		}
		end()
		<-child.Done()
		return struct{}{}, nil
	}, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	if child.Value(contextKey{}) != nil {
		t.Error("the value outlives the request")
	}
}
