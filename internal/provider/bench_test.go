package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

const benchKind = "traceloop_api_key"

// BenchmarkReadResource is one read of a key as core asks for it, where the list of keys has
// been read: what the provider's side of the protocol takes.
func BenchmarkReadResource(b *testing.B) {
	d, keys := keysInState(b, 100)
	next := 0
	for b.Loop() {
		if _, err := d.refresh(b.Context(), benchKind, keys[next].instance); err != nil {
			b.Fatal(err)
		}
		next = (next + 1) % len(keys)
	}
}

// BenchmarkPlan is all that core asks of a provider in a plan that finds nothing to change.
// To see what takes the time:
//
//	go test -run='^$' -bench=Plan/1000 -cpuprofile=cpu.out ./internal/provider
func BenchmarkPlan(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d, keys := keysInState(b, n)
			b.ReportAllocs()
			for b.Loop() {
				for _, key := range keys {
					planUnchanged(b.Context(), d, key)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/key")
		})
	}
}

// keyInState is a key in a state, and in the state's file.
type keyInState struct {
	instance

	config arguments
	file   []byte
}

// planUnchanged upgrades a key's state, validates its configuration, reads it and plans.
func planUnchanged(ctx context.Context, d *driver, key keyInState) {
	d.t.Helper()
	typ := d.schemas[benchKind].ValueType()
	_, err := d.server.UpgradeResourceState(ctx, &tfprotov6.UpgradeResourceStateRequest{TypeName: benchKind, RawState: &tfprotov6.RawState{JSON: key.file}})
	if err != nil {
		d.t.Fatal(err)
	}
	_, err = d.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: benchKind, Config: d.dynamic(typ, d.object(typ, key.config))})
	if err != nil {
		d.t.Fatal(err)
	}
	read, err := d.refresh(ctx, benchKind, key.instance)
	if err != nil {
		d.t.Fatal(err)
	}
	planned, err := d.plan(ctx, benchKind, read, key.config)
	if err != nil || planned.action != "" {
		d.t.Fatalf("the plan is to %q: %v", planned.action, err)
	}
}

// keysInState creates n keys, ten to a project, and has them in a state.
func keysInState(b *testing.B, n int) (*driver, []keyInState) {
	b.Helper()
	server := emulatortest.Start(b)
	d := newDriver(b, server, time.Now)
	const perProject = 10
	for i := range perProject {
		server.CreateEnvironment("", fmt.Sprintf("env-%d", i))
	}
	var project string
	for i := range n {
		if i%perProject == 0 {
			project = server.CreateProject(fmt.Sprintf("Project %d", i)).ID
		}
		server.GenerateKey(project, fmt.Sprintf("env-%d", i%perProject))
	}

	keys := make([]keyInState, 0, n)
	typ := d.schemas[benchKind].ValueType()
	for _, key := range server.Keys() {
		state := arguments{
			"id": key.ID, "project_id": key.ProjectID, "environment": key.Environment, "masked_key": key.MaskedKey, "created_at": key.CreatedAt,
			"key": "tl_of_" + key.ID, "replace_existing": false,
		}
		file, err := json.Marshal(state)
		if err != nil {
			b.Fatal(err)
		}
		read, err := d.refresh(b.Context(), benchKind, instance{value: d.object(typ, state)}) // with times as the provider writes them
		if err != nil {
			b.Fatal(err)
		}
		keys = append(keys, keyInState{
			instance: read,
			config:   arguments{"project_id": key.ProjectID, "environment": key.Environment},
			file:     file,
		})
	}
	return d, keys
}
