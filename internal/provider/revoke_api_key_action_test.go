package provider_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const revokeAction = "traceloop_revoke_api_key"

// actionConfig makes the configuration of an action block.
func (d *driver) actionConfig(config arguments) *tfprotov6.DynamicValue {
	d.t.Helper()
	schema := d.schema()
	typ := schema.ActionSchemas[revokeAction].Schema.ValueType()
	return d.dynamic(typ, d.object(typ, config))
}

// planAction validates and plans, as core does before anybody agrees.
func (d *driver) planAction(config arguments) []*tfprotov6.Diagnostic {
	d.t.Helper()
	dynamic := d.actionConfig(config)
	validated := ask(d.t.Context(), d.t, d.extended().ValidateActionConfig, &tfprotov6.ValidateActionConfigRequest{ActionType: revokeAction, Config: dynamic})
	if failure(validated.Diagnostics) != nil {
		return validated.Diagnostics
	}
	planned := ask(d.t.Context(), d.t, d.extended().PlanAction, &tfprotov6.PlanActionRequest{ActionType: revokeAction, Config: dynamic})
	return planned.Diagnostics
}

// invoke runs the action. It returns what is shown meanwhile, and the diagnostics.
func (d *driver) invoke(config arguments) (progress []string, diags []*tfprotov6.Diagnostic) {
	d.t.Helper()
	stream := ask(d.t.Context(), d.t, d.extended().InvokeAction, &tfprotov6.InvokeActionRequest{ActionType: revokeAction, Config: d.actionConfig(config)})
	completed := 0
	for event := range stream.Events {
		switch e := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			progress = append(progress, e.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			completed++
			diags = e.Diagnostics
		}
	}
	if completed != 1 {
		d.t.Errorf("the action ended %d times", completed)
	}
	return progress, diags
}

// texts joins diagnostics.
func texts(diags []*tfprotov6.Diagnostic) string {
	var all []string
	for _, diag := range diags {
		all = append(all, diag.Summary+": "+diag.Detail)
	}
	return strings.Join(all, "\n")
}

// The key itself in the place of its id is a leak, and no proof that the key is revoked.
func TestRevokeAction_keyInThePlaceOfItsID(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	_, key := server.GenerateKey(server.Projects()[0].ID, "prd")
	server.ResetRequests()
	d := newDriver(t, server, time.Now)
	refuses(t, failure(d.planAction(arguments{"id": key})), "Unable to Find API Key", "an API key was given in the place of an id", "Give the id")
	_, diags := d.invoke(arguments{"id": key}) // the plan may not have known it
	refuses(t, failure(diags), "Unable to Find API Key", "an API key was given in the place of an id", "Give the id")
	for _, request := range server.Requests() {
		hides(t, request.Path, key)
	}
}

// By either form the plan names the key, the action revokes it and says so, and the next plan
// offers a new one.
func TestRevokeAction_revokes(t *testing.T) {
	for _, byID := range []bool{true, false} {
		t.Run(fmt.Sprintf("by id: %t", byID), func(t *testing.T) {
			o := newOutcome(t)
			o.creates(nil)
			_, other := o.server.GenerateKey(o.projectID, "stg")
			secret, masked := o.text("key"), o.text("masked_key")
			config := o.config(nil)
			if byID {
				config = arguments{"id": o.text("id")}
			}
			d := o.provider.next()
			planned := d.planAction(config)
			warns(t, planned, "API Key Will Be Revoked", masked)
			o.accepts(secret)

			progress, diags := d.invoke(config)
			shown := strings.Join(progress, "\n")
			if want := fmt.Sprintf(`^Looking for.*\nRevoking the API key %s.*\nRevoked the API key %[1]s.*$`, regexp.QuoteMeta(masked)); len(diags) > 0 || !regexp.MustCompile(want).MatchString(shown) {
				t.Errorf("its progress is %q, and it says %q", progress, texts(diags))
			}
			hides(t, shown+texts(planned), secret, secret[3:])
			o.rejects(secret)
			o.accepts(other)
			o.creates(nil) // the refresh finds it gone
		})
	}
}

// Where there is no key, or no longer, it does nothing and says so.
func TestRevokeAction_noKey(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.Projects()[0].ID
	id, _ := server.GenerateKey(project, "stg")
	server.RevokeKey(id)
	for name, config := range map[string]arguments{
		"never one":  {"project_id": project, "environment": "prd"},
		"no longer":  {"project_id": project, "environment": "stg"},
		"revoked id": {"id": id},
		"unknown id": {"id": "nobody"},
	} {
		d := newDriver(t, server, time.Now)
		if planned := d.planAction(config); len(planned) > 0 {
			t.Errorf("%s: the plan says %q", name, texts(planned))
		}
		progress, diags := d.invoke(config)
		if failure(diags) != nil || !slices.Equal(warnings(diags), []string{"No API Key to Revoke"}) || len(progress) != 2 || !strings.Contains(progress[1], "nothing was changed") {
			t.Errorf("%s: it shows %q and says %q", name, progress, texts(diags))
		}
	}
	noWrites(t, server)
}

// Somebody may revoke the key first, or the answer to the revocation may be lost.
func TestRevokeAction_outcomes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault   emulatortest.Fault
		revoked bool
		ends    string // how the last progress begins
		says    string // the error; empty for none
	}{
		"somebody else was faster": {emulatortest.Fault{Kind: "status", Status: 404, Done: true}, true, "Somebody else has just revoked the API key tl_", ""},
		"lost answer":              {emulatortest.Fault{Kind: "drop_after"}, true, "Revoked the API key tl_", ""},
		"lost request":             {emulatortest.Fault{Kind: "drop_before"}, true, "Revoked the API key tl_", ""},
		"failure and done":         {emulatortest.Fault{Kind: "status", Status: 500, Done: true}, true, "Revoked the API key tl_", ""},
		"failure that goes on":     {emulatortest.Fault{Kind: "status", Status: 500, Times: 100}, false, "Revoking the API key tl_", "Unable to Revoke API Key"},
		"refusal":                  {emulatortest.Fault{Kind: "status", Status: 403}, false, "Revoking the API key tl_", "use a management key instead"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := emulatortest.Start(t)
			project := server.Projects()[0].ID
			_, key := server.GenerateKey(project, "prd")
			d := newDriverWith(t, time.Now, arguments{"base_url": server.URL, "api_key": server.ManagementKey, "max_retries": int64(1)})
			fault := test.fault
			fault.Method, fault.Path = "DELETE", "/v2/api-keys/"
			server.SetFaults(fault)
			progress, diags := d.invoke(arguments{"project_id": project, "environment": "prd"})
			if !strings.HasPrefix(progress[len(progress)-1], test.ends) {
				t.Errorf("its progress is %q, want it to end with %q", progress, test.ends)
			}
			if got := texts(diags); test.says == "" && got != "" || !strings.Contains(got, test.says) {
				t.Errorf("it says %q, want %q", got, test.says)
			}
			server.SetFaults()
			if status := server.SendSpans(key, 1); (status == http.StatusUnauthorized) != test.revoked {
				t.Errorf("the key is answered %d; revoked: %t", status, test.revoked)
			}
		})
	}
}

// A slip at such a moment must not look like a key that is gone.
func TestRevokeAction_refused(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.Projects()[0].ID
	server.GenerateKey(project, "prd")
	for name, test := range map[string]struct {
		config  arguments
		invalid bool // the configuration alone shows it
		says    string
	}{
		"neither form":        {arguments{}, true, "Exactly one of these attributes must be configured: [id,environment]"},
		"both forms":          {arguments{"id": "k", "project_id": project, "environment": "prd"}, true, "Exactly one of these attributes must be configured: [id,environment]"},
		"project alone":       {arguments{"project_id": project}, true, "These attributes must be configured together: [project_id,environment]"},
		"environment alone":   {arguments{"environment": "prd"}, true, "These attributes must be configured together: [project_id,environment]"},
		"environment by name": {arguments{"project_id": project, "environment": "PRD"}, true, "must be the slug of an environment"},
		"unknown project":     {arguments{"project_id": "nobody", "environment": "prd"}, false, `no project with the id "nobody"`},
		"unknown environment": {arguments{"project_id": project, "environment": "prod"}, false, `no environment with the slug "prod"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDriver(t, server, time.Now)
			if got := texts(d.planAction(test.config)); !strings.Contains(got, test.says) {
				t.Errorf("the plan says %q, want %q", got, test.says)
			}
			if test.invalid {
				return
			}
			if _, diags := d.invoke(test.config); !strings.Contains(texts(diags), test.says) || failure(diags) == nil {
				t.Errorf("it says %q, want %q", texts(diags), test.says)
			}
		})
	}
	t.Cleanup(func() { noWrites(t, server) })
}

// The provider's own key is refused at the plan and, should that have been skipped, at apply.
func TestRevokeAction_ownKey(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.Projects()[0].ID
	id, key := server.GenerateKey(project, "prd")
	proxy := ownKey(t, server, traceloop.MaskKey(key))
	for _, config := range []arguments{{"id": id}, {"project_id": project, "environment": "prd"}} {
		d := newDriverWith(t, time.Now, arguments{"base_url": proxy, "api_key": server.ManagementKey})
		_, applied := d.invoke(config)
		for what, diags := range map[string][]*tfprotov6.Diagnostic{"plan": d.planAction(config), "apply": applied} {
			if err := failure(diags); err == nil || !strings.Contains(err.Error(), "Provider Would Revoke Its Own Key") {
				t.Errorf("%s of %v: it says %q", what, config, texts(diags))
			}
		}
	}
	answers(t, server, key, 200)
}

// What is not known yet is left to the apply: no request is made.
func TestRevokeAction_unknown(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	for _, config := range []arguments{
		{"id": unknownText},
		{"project_id": unknownText, "environment": "prd"},
		{"project_id": server.Projects()[0].ID, "environment": unknownText},
	} {
		server.ResetRequests()
		if diags := newDriver(t, server, time.Now).planAction(config); len(diags) > 0 {
			t.Errorf("the plan of %v says %q", config, texts(diags))
		}
		if n := len(server.Requests()); n > 0 {
			t.Errorf("the plan of %v makes %d requests", config, n)
		}
	}
}

// ownKey is a service that shows one key with the masked form of the management key.
func ownKey(t *testing.T, server *emulatortest.Server, masked string) (address string) {
	t.Helper()
	return rewriting(t, server, masked, traceloop.MaskKey(server.ManagementKey))
}

// rewriting is a service that shows one text in the place of another.
func rewriting(t *testing.T, server *emulatortest.Server, shown, instead string) (address string) {
	t.Helper()
	return serves(t, func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		server.Emulator.ServeHTTP(answer, r)
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.WriteHeader(answer.Code)
		_, _ = io.WriteString(w, strings.ReplaceAll(answer.Body.String(), shown, instead))
	})
}
