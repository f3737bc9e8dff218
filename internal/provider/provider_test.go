package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/traceloop/terraform-provider-traceloop/internal/clitest"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

func TestMain(m *testing.M) { clitest.Main(m) }

func factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"traceloop": provider.NewServer(time.Now),
	}
}

// configured prepends a provider block for the server.
func configured(server *emulatortest.Server, hcl string) string {
	return fmt.Sprintf("provider \"traceloop\" {\n  base_url = %q\n  api_key  = %q\n}\n\n", server.URL, server.ManagementKey) + hcl
}

// says matches a diagnostic that holds all of the phrases, in this order, however the
// CLI wraps its lines.
func says(phrases ...string) *regexp.Regexp {
	space := regexp.MustCompile(`\s+`)
	for i, phrase := range phrases {
		words := space.Split(strings.TrimSpace(phrase), -1)
		for j, word := range words {
			words[j] = regexp.QuoteMeta(word)
		}
		phrases[i] = strings.Join(words, `[\s│]+`)
	}
	return regexp.MustCompile(`(?s)` + strings.Join(phrases, `.*`))
}

// attribute checks one attribute's exact value in the state.
func attribute(address, name, value string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), knownvalue.StringExact(value))
}

// isNull checks that an attribute is null in the state.
func isNull(address, name string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), knownvalue.Null())
}

// created checks that a plan creates a resource.
func created(address string) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreate)}}
}

// The names that clitest has in this package.
var (
	thorough = clitest.Thorough
	needs    = clitest.Needs

	identities   = clitest.Identities
	queries      = clitest.Queries
	actions      = clitest.Actions
	terraform116 = clitest.Terraform116

	shows    = clitest.Shows
	hides    = clitest.Hides
	calls    = clitest.Calls
	writes   = clitest.Writes
	noWrites = clitest.NoWrites

	newIdentity = clitest.NewIdentity
	decrypt     = clitest.Decrypt
)

// cli is the real CLI, with what the tests of this package alone do with it.
type cli struct {
	*clitest.CLI
	t *testing.T
}

func newCLI(t *testing.T, server *emulatortest.Server) *cli {
	t.Helper()
	return &cli{clitest.New(t, server), t}
}

func (c *cli) unattached() *cli {
	c.Unattached()
	return c
}

func (c *cli) write(hcl string)                   { c.t.Helper(); c.Write(hcl) }
func (c *cli) run(args ...string) (string, error) { c.t.Helper(); return c.Run(args...) }
func (c *cli) ok(args ...string) string           { c.t.Helper(); return c.OK(args...) }
func (c *cli) fails(line string, phrases ...string) string {
	c.t.Helper()
	return c.Fails(line, phrases...)
}

func (c *cli) plan(args ...string) string         { c.t.Helper(); return c.Plan(args...) }
func (c *cli) apply(args ...string) string        { c.t.Helper(); return c.Apply(args...) }
func (c *cli) destroy() string                    { c.t.Helper(); return c.Destroy() }
func (c *cli) state() map[string][]map[string]any { c.t.Helper(); return c.State() }

// checks looks at the state as a step of the testing framework does.
func (c *cli) checks(checks ...statecheck.StateCheck) {
	c.t.Helper()
	var req statecheck.CheckStateRequest
	c.Parse(&req.State, "show", "-json")
	for _, check := range checks {
		var resp statecheck.CheckStateResponse
		check.CheckState(c.t.Context(), req, &resp)
		if resp.Error != nil {
			c.t.Error(resp.Error)
		}
	}
}

func recipient(t *testing.T) string {
	t.Helper()
	return newIdentity(t).Recipient().String()
}
