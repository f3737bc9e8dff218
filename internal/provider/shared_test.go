package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/traceloop/terraform-provider-traceloop/internal/clitest"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

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
