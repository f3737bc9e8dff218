package provider_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

const (
	organizationKind  = "traceloop_organization"
	organizationsPath = "/v2/organizations"
)

func organizationHCL(rest string) string {
	return "resource \"traceloop_organization\" \"acme\" {\n" + rest + "}\n"
}

const acme = "  name         = \"Acme\"\n  environments = [\"dev\", \"EU Production\"]\n"

func allowingOrganizations(t *testing.T, options ...emulatortest.Option) (server *emulatortest.Server, key string) {
	t.Helper()
	server = emulatortest.Start(t, options...)
	server.SetSettings(emulatortest.Settings{AllowOrganizations: true})
	return server, projectKey(server, "prd")
}

func newOrganizationLife(t *testing.T, server *emulatortest.Server, key string) *life {
	t.Helper()
	return newLife(newDriverWith(t, time.Now, arguments{"base_url": server.URL, "project_api_key": key}), organizationKind)
}

func acmeConfig() arguments {
	return arguments{"name": "Acme", "environments": []string{"dev", "EU Production"}}
}

// organizationLife is the whole life of an organization.
func organizationLife(t *testing.T, variant emulatortest.Option) {
	t.Helper()
	server, key := allowingOrganizations(t, variant)
	server.ResetRequests()
	l := newOrganizationLife(t, server, key)
	l.apply(acmeConfig(), "create")
	l.has(arguments{"retention_hours": int64(720), "encrypted_keys": nil})
	keys := l.mapOf("keys")
	if names := slices.Sorted(maps.Keys(keys)); !slices.Equal(names, []string{"dev", "eu-production"}) {
		t.Errorf("there are keys of %v", names)
	}
	for _, key := range keys {
		answers(t, server, key, 200)
	}
	for _, attribute := range l.provider.schemas[organizationKind].Block.Attributes {
		if attribute.Name == "keys" && !attribute.Sensitive {
			t.Error("the keys are not sensitive")
		}
	}

	const unchangeable = "Organization Cannot Be Changed"
	for _, test := range []struct {
		change  arguments
		phrases []string
	}{
		{arguments{"name": "Other"}, []string{"name", "no operation that changes"}},
		{arguments{"environments": []string{"dev"}}, []string{"environments"}},
		{arguments{"retention_hours": int64(24)}, []string{"retention_hours"}},
		{arguments{"age_recipients": []string{newIdentity(t).Recipient().String()}}, []string{"cannot seal them again"}},
	} {
		// The plan warns, so that it stops nobody else.
		changed := acmeConfig().with(test.change)
		if warned := warnings(l.plan(changed, true).diags); !slices.Equal(warned, []string{unchangeable}) {
			t.Errorf("the plan of %v warns of %q", test.change, warned)
		}
		l.refusesToApply(changed, append([]string{unchangeable}, append(test.phrases, "Nothing was changed")...)...)
	}
	id := l.id()
	l.changesNothing(acmeConfig())
	l.has(arguments{"id": id})
	l.apply(acmeConfig().with(arguments{"deletion_protection": false}), "update")
	l.destroy()
	if n := len(server.Requests()); calls(server, "POST", organizationsPath) != 1 || n != 1 {
		t.Errorf("%d requests, want the one that creates: %v", n, server.Requests())
	}
}

func TestOrganization_sealed(t *testing.T) {
	t.Parallel()
	server, key := allowingOrganizations(t)
	identity := newIdentity(t)
	l := newOrganizationLife(t, server, key)
	l.apply(acmeConfig().with(arguments{"age_recipients": []string{identity.Recipient().String()}, "deletion_protection": false}), "create")
	l.has(arguments{"keys": nil})
	sealed := l.mapOf("encrypted_keys")
	if names := slices.Sorted(maps.Keys(sealed)); !slices.Equal(names, []string{"dev", "eu-production"}) {
		t.Errorf("there are keys of %v", names)
	}
	for _, text := range sealed {
		key, err := decrypt(text, identity)
		if err != nil {
			t.Error(err)
		}
		answers(t, server, key, 200)
	}
	l.destroy()
}

func TestCLI_organizationIsForgottenWithAWarning(t *testing.T) {
	t.Parallel()
	server, key := allowingOrganizations(t)
	cli := newCLI(t, server).withKey(key)
	cli.write(organizationHCL(acme))
	hides(t, cli.apply(), "tl_")
	hides(t, cli.plan("-detailed-exitcode"), "tl_")

	cli.fails("destroy", "Deletion Protection Is On", "terraform untaint")
	cli.write(organizationHCL(acme + "  deletion_protection = false\n"))
	cli.apply()
	cli.write(organizationHCL(acme + "  deletion_protection = false\n  retention_hours = 24\n")) // is not in the way
	destroyed := cli.destroy()
	shows(t, destroyed, "Organization Will Not Be Deleted", "Organization Was Not Deleted", "ask Traceloop's support", "1 destroyed")
	if n := len(server.Requests()); n != 1 {
		t.Errorf("%d requests, want the one that creates", n)
	}
}

// Traceloop takes a second organization of one name, so only here is create_before_destroy possible.
func TestCLI_unprotectedOrganizationIsReplacedInEitherOrder(t *testing.T) {
	t.Parallel()
	server, key := allowingOrganizations(t)
	for _, lifecycle := range []string{"", createFirst + "\n"} {
		cli := newCLI(t, server).withKey(key)
		cli.write(organizationHCL(acme + "  deletion_protection = false\n" + lifecycle))
		cli.apply()
		shows(t, cli.apply("-replace=traceloop_organization.acme"), "Organization Was Not Deleted", "1 added, 0 changed, 1 destroyed")
		cli.ok("taint", "traceloop_organization.acme")
		shows(t, cli.apply(), "Organization Was Not Deleted", "1 added, 0 changed, 1 destroyed")
		cli.plan("-detailed-exitcode")
	}
}

func TestOrganization_failures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		faults  []emulatortest.Fault
		allowed bool
		phrases []string
	}{
		"not allowed":  {nil, false, []string{"Unable to Create Organization", "Not allowed to create organizations", "Only some organizations may create organizations"}},
		"lost answer":  {[]emulatortest.Fault{{Kind: "drop_after"}}, true, []string{"Organization May Exist", "Ask Traceloop's support", "creates a second one"}},
		"half answer":  {[]emulatortest.Fault{{Kind: "truncate"}}, true, []string{"Organization May Exist", "shows the id and the keys only once"}},
		"server error": {[]emulatortest.Fault{{Kind: "status", Status: 500}}, true, []string{"Organization May Exist"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, key := allowingOrganizations(t)
			server.SetSettings(emulatortest.Settings{AllowOrganizations: test.allowed})
			server.SetFaults(test.faults...)
			newOrganizationLife(t, server, key).refusesToApply(acmeConfig(), test.phrases...)
			if n := calls(server, "POST", organizationsPath); n != 1 {
				t.Errorf("%d attempts, want one: a repeat could create a second organization", n)
			}
		})
	}
}
