package provider_test

import (
	"fmt"
	"testing"

	"filippo.io/age"
	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

const (
	organizationAddress = "traceloop_organization.acme"
	organizationsPath   = "/v2/organizations"
)

func organizationHCL(rest string) string {
	return "resource \"traceloop_organization\" \"acme\" {\n" + rest + "}\n"
}

const acme = "  name         = \"Acme\"\n  environments = [\"dev\", \"EU Production\"]\n"

func allowingOrganizations(t *testing.T) (server *emulatortest.Server, key string) {
	t.Helper()
	server = emulatortest.Start(t)
	server.SetSettings(emulatortest.Settings{AllowOrganizations: true})
	return server, projectKey(server, "prd")
}

func TestAccOrganization_life(t *testing.T) {
	t.Parallel()
	server, key := allowingOrganizations(t)
	hcl := func(rest string) string { return withProjectKey(server, key, organizationHCL(rest)) }
	sameID := statecheck.CompareValue(compare.ValuesSame())
	const unchangeable = "Organization Cannot Be Changed"
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{
				Config: hcl(acme),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(organizationAddress, plancheck.ResourceActionCreate),
					plancheck.ExpectSensitiveValue(organizationAddress, tfjsonpath.New("keys")),
				}},
				ConfigStateChecks: []statecheck.StateCheck{
					sameID.AddStateValue(organizationAddress, tfjsonpath.New("id")),
					statecheck.ExpectKnownValue(organizationAddress, tfjsonpath.New("retention_hours"), knownvalue.Int64Exact(720)),
					statecheck.ExpectKnownValue(organizationAddress, tfjsonpath.New("keys"), knownvalue.MapExact(map[string]knownvalue.Check{
						"dev": accepted{server}, "eu-production": accepted{server},
					})),
					isNull(organizationAddress, "encrypted_keys"),
				},
			},
			{Config: hcl("  name = \"Other\"\n  environments = [\"dev\", \"EU Production\"]\n"), ExpectError: says(unchangeable, "name", "no operation that changes")},
			{Config: hcl("  name = \"Acme\"\n  environments = [\"dev\"]\n"), ExpectError: says(unchangeable, "environments")},
			{Config: hcl(acme + "  retention_hours = 24\n"), ExpectError: says(unchangeable, "retention_hours")},
			{Config: hcl(acme + "  age_recipients = [\"" + newIdentity(t).Recipient().String() + "\"]\n"), ExpectError: says(unchangeable, "cannot seal them again")},
			{ResourceName: organizationAddress, ImportState: true, ImportStateId: "x", ExpectError: says("Organization Cannot Be Imported", "no operation that reads")},
			{Config: hcl(acme), ConfigStateChecks: []statecheck.StateCheck{sameID.AddStateValue(organizationAddress, tfjsonpath.New("id"))}},
		},
	})
	if n := len(server.Requests()) - 0; calls(server, "POST", organizationsPath) != 1 || n != 1 {
		t.Errorf("%d requests, want the one that creates: %v", n, server.Requests())
	}
}

// accepted checks for a key with which spans are accepted.
type accepted struct{ server *emulatortest.Server }

func (c accepted) CheckValue(value any) error {
	key, _ := value.(string)
	if status := c.server.SendSpans(key, 1); status != 200 {
		return fmt.Errorf("spans are answered %d", status)
	}
	return nil
}

func (accepted) String() string { return "a key that sends spans" }

func TestAccOrganization_sealed(t *testing.T) {
	t.Parallel()
	server, key := allowingOrganizations(t)
	identity := newIdentity(t)
	hcl := withProjectKey(server, key, organizationHCL(acme+"  age_recipients = [\""+identity.Recipient().String()+"\"]\n"))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{
				Config: hcl,
				ConfigStateChecks: []statecheck.StateCheck{
					isNull(organizationAddress, "keys"),
					statecheck.ExpectKnownValue(organizationAddress, tfjsonpath.New("encrypted_keys"), knownvalue.MapExact(map[string]knownvalue.Check{
						"dev": sealedKey{identity, accepted{server}}, "eu-production": sealedKey{identity, accepted{server}},
					})),
				},
			},
		},
	})
}

// sealedKey checks what a ciphertext opens to.
type sealedKey struct {
	identity *age.X25519Identity
	key      knownvalue.Check
}

func (c sealedKey) CheckValue(value any) error {
	text, _ := value.(string)
	key, err := decrypt(text, c.identity)
	if err != nil {
		return err
	}
	return c.key.CheckValue(key)
}

func (c sealedKey) String() string { return "sealed: " + c.key.String() }

func TestAccOrganization_refusedBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	server, key := allowingOrganizations(t)
	for name, test := range map[string]struct {
		rest    string
		phrases []string
	}{
		"no name":            {"  name = \"\"\n", []string{"name", "between 1 and 255"}},
		"no environments":    {"  name = \"A\"\n  environments = []\n", []string{"environments", "at least 1"}},
		"no slug":            {"  name = \"A\"\n  environments = [\"?\"]\n", []string{"environments", "ASCII letter or digit"}},
		"retention of none":  {"  name = \"A\"\n  retention_hours = 0\n", []string{"retention_hours", "between 1 and 720"}},
		"retention too long": {"  name = \"A\"\n  retention_hours = 721\n", []string{"retention_hours", "between 1 and 720"}},
		"private key":        {"  name = \"A\"\n  age_recipients = [\"AGE-SECRET-KEY-1\"]\n", []string{"Invalid Recipient", "private key"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(),
				Steps:                    []resource.TestStep{{Config: withProjectKey(server, key, organizationHCL(test.rest)), PlanOnly: true, ExpectError: says(test.phrases...)}},
			})
			noWrites(t, server)
		})
	}
}

func TestCLI_organizationIsForgottenWithAWarning(t *testing.T) {
	t.Parallel()
	server, key := allowingOrganizations(t)
	cli := newCLI(t, server).withKey(key)
	cli.write(organizationHCL(acme))
	hides(t, cli.apply(), "tl_")
	destroyed := cli.destroy()
	shows(t, destroyed, "Organization Will Not Be Deleted", "Organization Was Not Deleted", "ask Traceloop's support", "1 destroyed")
	if n := len(server.Requests()); n != 1 {
		t.Errorf("%d requests, want the one that creates", n)
	}
}

func TestCLI_organizationFailures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		faults  []emulatortest.Fault
		allowed bool
		phrases []string
	}{
		"not allowed":  {nil, false, []string{"Unable to Create Organization", "Not allowed to create organizations", "Only some organizations may create organizations"}},
		"lost answer":  {[]emulatortest.Fault{{Method: "POST", Path: organizationsPath, Kind: "drop_after"}}, true, []string{"Organization May Exist", "Ask Traceloop's support", "creates a second one"}},
		"half answer":  {[]emulatortest.Fault{{Method: "POST", Path: organizationsPath, Kind: "truncate"}}, true, []string{"Organization May Exist", "shows the id and the keys only once"}},
		"server error": {[]emulatortest.Fault{{Method: "POST", Path: organizationsPath, Kind: "status", Status: 500}}, true, []string{"Organization May Exist"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := emulatortest.Start(t)
			server.SetSettings(emulatortest.Settings{AllowOrganizations: test.allowed})
			server.SetFaults(test.faults...)
			cli := newCLI(t, server).withKey(projectKey(server, "prd"))
			cli.write(organizationHCL(acme))
			out, err := cli.run("apply", "-auto-approve", "-input=false")
			if err == nil {
				t.Fatal("apply succeeded")
			}
			shows(t, out, test.phrases...)
			hides(t, out, "tl_")
			if n := calls(server, "POST", organizationsPath); n != 1 {
				t.Errorf("%d attempts, want one: a repeat could create a second organization", n)
			}
		})
	}
}
