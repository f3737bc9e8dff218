package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// For the tests of the package's outside.
var Seal = base.Seal

// NewServer is the server that a CLI speaks to. What it waits for takes no time.
func NewServer(now func() time.Time) func() (tfprotov6.ProviderServer, error) {
	return NewServerWithPaths(now, traceloop.Paths{})
}

// NewServerWithPaths is NewServer for an API with other paths than the contract's.
func NewServerWithPaths(now func() time.Time, paths traceloop.Paths) func() (tfprotov6.ProviderServer, error) {
	return starting(func() *traceloopProvider {
		return &traceloopProvider{version: "test", now: now, sleep: noSleep, paths: paths}
	})
}

// NewServerWithSleep is NewServer with a way to let time pass.
func NewServerWithSleep(now func() time.Time, sleep func(context.Context, time.Duration) error) func() (tfprotov6.ProviderServer, error) {
	return starting(func() *traceloopProvider { return &traceloopProvider{version: "test", now: now, sleep: sleep} })
}

func starting(newProvider func() *traceloopProvider) func() (tfprotov6.ProviderServer, error) {
	return func() (tfprotov6.ProviderServer, error) {
		newServer, err := newServer(newProvider(), false)
		if err != nil {
			return nil, err
		}
		return newServer(), nil
	}
}

func noSleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }
