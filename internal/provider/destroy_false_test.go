package provider_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// What the guide on versions says of lifecycle { destroy = false } in the block of a key.
func TestCLI_destroyFalse(t *testing.T) {
	t.Parallel()
	needs(t, forgetting)
	configuration := func(server *emulatortest.Server, generation int) string {
		return fmt.Sprintf(`resource "traceloop_api_key" "k" {
  project_id        = %q
  environment       = "prd"
  rotation_triggers = { generation = "%d" }

  lifecycle {
    destroy = false
  }
}

output "key" {
  value     = traceloop_api_key.k.key
  sensitive = true
}
`, server.Projects()[0].ID, generation)
	}
	accepted := func(t *testing.T, server *emulatortest.Server, key string) bool {
		t.Helper()
		return server.SendSpans(key, 1) == http.StatusOK
	}

	t.Run("a rotation revokes, and a block that goes does not", func(t *testing.T) {
		t.Parallel()
		server := emulatortest.Start(t)
		cli := newCLI(t, server)
		cli.write(configuration(server, 1))
		cli.apply()
		before := cli.ok("output", "-raw", "key")
		cli.write(configuration(server, 2))
		cli.apply()
		key := cli.ok("output", "-raw", "key")
		if accepted(t, server, before) || !accepted(t, server, key) {
			t.Error("after a rotation, the old key is accepted or the new one is not")
		}

		cli.write("")
		cli.apply()
		hides(t, cli.ok("state", "list"), "traceloop_api_key")
		if !accepted(t, server, key) {
			t.Error("the key that was forgotten is revoked")
		}
	})

	t.Run("a tainted key stays active", func(t *testing.T) {
		t.Parallel()
		server := emulatortest.Start(t)
		cli := newCLI(t, server)
		cli.write(configuration(server, 1))
		cli.apply()
		key := cli.ok("output", "-raw", "key")
		cli.ok("taint", "traceloop_api_key.k")
		cli.fails("apply", "Environment Already Has an API Key")
		if !accepted(t, server, key) {
			t.Error("the tainted key is revoked")
		}
	})

	t.Run("untaint keeps the key", func(t *testing.T) {
		t.Parallel()
		server := emulatortest.Start(t)
		cli := newCLI(t, server)
		cli.write(configuration(server, 1))
		cli.apply()
		cli.ok("taint", "traceloop_api_key.k")
		cli.ok("untaint", "traceloop_api_key.k")
		shows(t, cli.plan(), "No changes")
	})
}
