package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const keyAddress = "traceloop_api_key.orders"

// The life of a key and of its environment.
func TestAccAPIKey_life(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, emulatortest.WithNow(anHourAgo))
	c := newCLI(t, server)
	key := ""
	for _, step := range []struct {
		environment, triggers, summary string
		before                         func()
	}{
		{"EU", "null", "3 added, 0 changed, 0 destroyed", nil},
		{"EU", `{ at = "1" }`, "0 added, 1 changed, 0 destroyed", nil}, // only recorded
		{"EU", `{ at = "2" }`, "1 added, 0 changed, 1 destroyed", nil}, // rotated
		{"EU", `{ at = "2" }`, "1 added, 0 changed, 0 destroyed", func() { server.RevokeKey(server.Keys()[0].ID) }},
		{"US", `{ at = "2" }`, "2 added, 0 changed, 2 destroyed", nil}, // an environment has no rename
	} {
		if step.before != nil {
			step.before()
		}
		c.write(ordersHCL + strings.Replace(europeHCL, "EU Production", step.environment, 1) +
			resourceOf(keyKind, "orders", "project_id = traceloop_project.orders.id", "environment = traceloop_environment.eu.slug", "rotation_triggers = "+step.triggers) +
			"output \"key\" {\n  sensitive = true\n  value     = traceloop_api_key.orders.key\n}\n")
		out := c.apply()
		shows(t, out, step.summary)
		was := key
		key = strings.TrimSpace(c.ok("output", "-raw", "key"))
		hides(t, out, key)
		if rotated := !strings.HasPrefix(step.summary, "0 added"); rotated != (key != was) || rotated && was != "" && server.SendSpans(was, 1) != 401 || server.SendSpans(key, 1) != 200 {
			t.Errorf("%s: the key is another one: %t", step.summary, key != was)
		}
		c.plan("-detailed-exitcode")
	}

	// Imported: everything but the key, and what is recorded.
	before, environment := c.state()[keyKind][0], c.state()[environmentKind][0]
	c.ok("state", "rm", keyAddress, environmentAddress)
	c.ok("import", environmentAddress, fmt.Sprint(environment["id"]))
	c.ok("import", keyAddress, fmt.Sprint(before["project_id"], "/us"))
	shows(t, c.apply(), "0 added, 2 changed, 0 destroyed")
	if after := c.state()[keyKind][0]; after["id"] != before["id"] || after["created_at"] != before["created_at"] || after["key"] != nil {
		t.Errorf("the import makes %v of %v", after, before)
	}
	if after := c.state()[environmentKind][0]; fmt.Sprint(after) != fmt.Sprint(environment) {
		t.Errorf("the import makes %v of %v", after, environment)
	}
	c.destroy()
	if len(server.Keys()) != 0 || len(server.Environments("")) != 3 || server.SendSpans(key, 1) != 401 {
		t.Errorf("after destroy there are %v and %v", server.Keys(), server.Environments(""))
	}
}

// keyLife is the whole life of an API key: generated, rotated, sealed, imported with its value, revoked.
func keyLife(t *testing.T, server *emulatortest.Server, newServer newServer) {
	t.Helper()
	project := server.CreateProject("Orders").ID
	l := newLife(newDriverOf(t, newServer, arguments{"base_url": server.URL, "api_key": server.ManagementKey}), keyKind)
	config := arguments{"project_id": project, "environment": "prd", "rotate_after_days": int64(90)}
	l.apply(config, "create")
	first := l.text("key")
	answers(t, server, first, 200)
	l.has(arguments{"masked_key": traceloop.MaskKey(first)})

	// The first triggers are only recorded. Other ones rotate.
	triggered := func(at string) arguments {
		return config.with(arguments{"rotation_triggers": map[string]string{"at": at}})
	}
	l.apply(triggered("1"), "update")
	l.has(arguments{"key": first})
	l.apply(triggered("2"), "replace")
	second := l.text("key")
	answers(t, server, first, 401)
	answers(t, server, second, 200)

	// Its value comes from elsewhere, and takes the place of the mask alone.
	imported := newLife(l.provider, keyKind)
	var err error
	if imported.state, err = l.provider.next().importID(t.Context(), keyKind, project+"/prd"); err != nil {
		t.Fatal(err)
	}
	imported.apply(triggered("2").with(arguments{"existing_key_wo": second}), "update")
	imported.has(arguments{"key": second, "id": l.id()})
	imported.changesNothing(triggered("2"))
	answers(t, server, second, 200)

	// Sealed: only the private key opens it.
	identity := newIdentity(t)
	sealed := triggered("2").with(arguments{"age_recipients": []string{identity.Recipient().String()}})
	l.apply(sealed, "replace")
	l.has(arguments{"key": nil})
	third, err := decrypt(l.text("encrypted_key"), identity)
	if err != nil {
		t.Fatal(err)
	}
	answers(t, server, second, 401)
	answers(t, server, third, 200)

	// Revoked outside Terraform: generated again.
	server.RevokeKey(l.id())
	l.apply(sealed, "create")
	l.destroy()
	if keys := server.Keys(); len(keys) != 0 {
		t.Errorf("the server has %d keys after destroy", len(keys))
	}
}
