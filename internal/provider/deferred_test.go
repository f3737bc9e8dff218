package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// newUnknownDriver configures the provider with a base URL that is not known yet.
func newUnknownDriver(t *testing.T, deferral bool) *driver {
	t.Helper()
	settings := arguments{"api_key": "management-key", "base_url": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)}
	d := newDriverWith(t, time.Now, settings)
	schema, err := providerSchema()
	if err != nil {
		t.Fatal(err)
	}
	typ := schema.Provider.ValueType()
	configured, err := d.server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{
		Config:             d.dynamic(typ, d.object(typ, settings)),
		ClientCapabilities: &tfprotov6.ConfigureProviderClientCapabilities{DeferralAllowed: deferral},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := failure(configured.Diagnostics); err != nil {
		t.Fatal(err)
	}
	return d
}

// Where the provider's configuration is not known yet, a client that can defer is told to
// defer everything that has to call the API. Any other plans what it can: a creation.
func TestDeferred_unknownProviderConfiguration(t *testing.T) {
	t.Parallel()
	const kind = "traceloop_project"
	config := arguments{"name": "Orders"}
	prior := arguments{"id": "p1", "name": "Orders", "slug": "orders", "created_at": "2026-01-02T03:04:05Z", "deletion_protection": true}
	for _, deferral := range []bool{true, false} {
		d := newUnknownDriver(t, deferral)
		typ := d.schemas[kind].ValueType()
		state := d.object(typ, prior)
		identity := d.newIdentity(kind, arguments{"id": "p1"})

		read, err := d.server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{TypeName: kind, CurrentState: d.dynamic(typ, state), CurrentIdentity: identity})
		if err != nil {
			t.Fatal(err)
		}
		checkDeferred(t, "read", deferral, read.Deferred, read.Diagnostics, true)
		if deferral && !d.value(typ, read.NewState).Equal(state) {
			t.Errorf("a deferred read changes the state: %s", d.value(typ, read.NewState))
		}

		imported, err := d.server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: kind, Identity: identity})
		if err != nil {
			t.Fatal(err)
		}
		checkDeferred(t, "import", deferral, imported.Deferred, imported.Diagnostics, true)

		none := d.none(kind).value
		planned, err := d.server.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{
			TypeName: kind, PriorState: d.dynamic(typ, none), Config: d.dynamic(typ, d.object(typ, config)), ProposedNewState: d.dynamic(typ, d.proposed(kind, none, d.object(typ, config))),
		})
		if err != nil {
			t.Fatal(err)
		}
		checkDeferred(t, "plan", deferral, planned.Deferred, planned.Diagnostics, false)

		action, err := d.extended().PlanAction(t.Context(), &tfprotov6.PlanActionRequest{ActionType: revokeAction, Config: d.actionConfig(arguments{"id": "k1"})})
		if err != nil {
			t.Fatal(err)
		}
		checkDeferred(t, "action", deferral, action.Deferred, action.Diagnostics, false)

		// A query cannot be deferred.
		if _, err := d.query(kind, nil, 10, false); err == nil || !strings.Contains(err.Error(), `"base_url" is not known`) {
			t.Errorf("the query says %v", err)
		}
	}
}

func checkDeferred(t *testing.T, what string, deferral bool, deferred *tfprotov6.Deferred, diags []*tfprotov6.Diagnostic, needsAPI bool) {
	t.Helper()
	err := failure(diags)
	switch {
	case deferral:
		if err != nil || deferred == nil || deferred.Reason != tfprotov6.DeferredReasonProviderConfigUnknown {
			t.Errorf("the %s is not deferred: %v, %v", what, deferred, err)
		}
	case deferred != nil:
		t.Errorf("the %s is deferred for a client that cannot", what)
	case needsAPI:
		if err == nil || !strings.Contains(err.Error(), "Unknown Provider Configuration") {
			t.Errorf("the %s says %v", what, err)
		}
	case err != nil:
		t.Errorf("the %s says %v", what, err)
	}
}
