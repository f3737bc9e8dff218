package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// Each client names the argument that it waits for, and not one of the other client.
func TestClients_nameTheirOwnUnknownArgument(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.CreateProject("Orders")
	_, projectKey := server.GenerateKey(project.ID, "prd")
	server.CreateSetup(projectKey, "checkout", "char-count")
	for name, test := range map[string]struct {
		settings            arguments
		management, project string // what each one waits for
	}{
		"base_url":        {arguments{"base_url": unknownText}, "base_url", "base_url"},
		"request_timeout": {arguments{"request_timeout": unknownText}, "request_timeout", "request_timeout"},
		"api_key":         {arguments{"api_key": unknownText}, "api_key", ""},
		"project_api_key": {arguments{"project_api_key": unknownText}, "", "project_api_key"},
		"both keys":       {arguments{"api_key": unknownText, "project_api_key": unknownText}, "api_key", "project_api_key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := arguments{"base_url": server.URL, "api_key": server.ManagementKey, "project_api_key": projectKey}
			d := newDriverWith(t, time.Now, settings.with(test.settings))
			waitsFor(t, d.readData("traceloop_projects", nil), test.management)
			err := d.readData("traceloop_auto_monitor_setup", arguments{"external_id": "checkout"})
			waitsFor(t, err, test.project)
			if advised := strings.Contains(fmt.Sprint(err), "depends_on"); advised != (test.project == "project_api_key") {
				t.Errorf("it advises to set depends_on: %t, %v", advised, err)
			}
		})
	}
}

func waitsFor(t *testing.T, err error, argument string) {
	t.Helper()
	if argument == "" {
		if err != nil {
			t.Error(err)
		}
		return
	}
	refuses(t, err, "Unknown Provider Configuration", `"`+argument+`" is not known`)
}

// A plan that could not read the setups says which argument was missing.
func TestClients_unreadSetupsNameTheUnknownArgument(t *testing.T) {
	t.Parallel()
	const kind = "traceloop_auto_monitor_setup"
	server := standingStill(t)
	key := projectKey(server, "prd")
	known := arguments{"base_url": server.URL, "api_key": server.ManagementKey, "project_api_key": key}
	l := newLife(newDriverWith(t, time.Now, known), kind)
	l.apply(arguments{"external_id": "checkout", "evaluators": []string{"char-count"}}, "create")

	for argument, want := range map[string]string{
		"base_url":        `The provider argument "base_url" is not known before apply`,
		"project_api_key": "The project key is not known before apply, because this plan creates or rotates it",
		"api_key":         "",
	} {
		d := newDriverWith(t, time.Now, known.with(arguments{argument: unknownText}))
		typ := d.schemas[kind].ValueType()
		read := ask(t.Context(), t, d.server.ReadResource, &tfprotov6.ReadResourceRequest{TypeName: kind, CurrentState: d.dynamic(typ, l.state.value)})
		if err := failure(read.Diagnostics); err != nil {
			t.Errorf("%s: %v", argument, err)
		}
		said := ""
		for _, diag := range read.Diagnostics {
			said += diag.Detail
		}
		if want == "" && said != "" || !strings.Contains(said, want) {
			t.Errorf("%s: the read says %q, want %q", argument, said, want)
		}
	}
}

// A provider block with a project's key alone says so too if nothing listens at the base URL.
func TestClients_projectKeyAloneAndNobodyListens(t *testing.T) {
	t.Parallel()
	d := newDriverWith(t, time.Now, arguments{"base_url": "http://127.0.0.1:1", "project_api_key": "tl_0123456789012345678901234567890123456789", "max_retries": int64(0)})
	phrases := []string{"Nothing listens at the base URL http://127.0.0.1:1", "Is the emulator running?"}
	refuses(t, d.readData("traceloop_auto_monitor_setups", nil), phrases...)
	newLife(d, "traceloop_organization").refusesToApply(arguments{"name": "Acme"}, phrases...)
}

// Where the provider's configuration is not known yet, a client that can defer is told to
// defer everything that has to call the API. Any other plans what it can: a creation.
func TestDeferred_unknownProviderConfiguration(t *testing.T) {
	t.Parallel()
	const kind = "traceloop_project"
	config := arguments{"name": "Orders"}
	prior := arguments{"id": "p1", "name": "Orders", "slug": "orders", "created_at": "2026-01-02T03:04:05Z", "deletion_protection": true}
	for _, deferral := range []bool{true, false} {
		settings := arguments{"api_key": "management-key", "base_url": unknownText}
		d := newDriverWith(t, time.Now, settings)
		providerType, typ := d.schema().Provider.ValueType(), d.schemas[kind].ValueType()
		ask(t.Context(), t, d.server.ConfigureProvider, &tfprotov6.ConfigureProviderRequest{
			Config: d.dynamic(providerType, d.object(providerType, settings)), ClientCapabilities: &tfprotov6.ConfigureProviderClientCapabilities{DeferralAllowed: deferral},
		})
		state := d.object(typ, prior)
		identity := d.newIdentity(kind, arguments{"id": "p1"})

		read := ask(t.Context(), t, d.server.ReadResource, &tfprotov6.ReadResourceRequest{TypeName: kind, CurrentState: d.dynamic(typ, state), CurrentIdentity: identity})
		checkDeferred(t, "read", deferral, read.Deferred, read.Diagnostics, true)
		if deferral && !d.value(typ, read.NewState).Equal(state) {
			t.Errorf("a deferred read changes the state: %s", d.value(typ, read.NewState))
		}

		imported := ask(t.Context(), t, d.server.ImportResourceState, &tfprotov6.ImportResourceStateRequest{TypeName: kind, Identity: identity})
		checkDeferred(t, "import", deferral, imported.Deferred, imported.Diagnostics, true)

		none := d.none(kind).value
		planned := ask(t.Context(), t, d.server.PlanResourceChange, &tfprotov6.PlanResourceChangeRequest{
			TypeName: kind, PriorState: d.dynamic(typ, none), Config: d.dynamic(typ, d.object(typ, config)), ProposedNewState: d.dynamic(typ, d.proposed(kind, none, d.object(typ, config))),
		})
		checkDeferred(t, "plan", deferral, planned.Deferred, planned.Diagnostics, false)

		action := ask(t.Context(), t, d.extended().PlanAction, &tfprotov6.PlanActionRequest{ActionType: revokeAction, Config: d.actionConfig(arguments{"id": "k1"})})
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
