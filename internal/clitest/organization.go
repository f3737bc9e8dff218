package clitest

import (
	"fmt"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// NewLargeOrganization has 50 projects, 3 organization-level and 20 project-level
// environments and 120 keys, made through the API.
func NewLargeOrganization(t *testing.T) *emulatortest.Server {
	t.Helper()
	server := emulatortest.Start(t)
	for _, name := range []string{"Load test", "Canary", "Demo"} {
		server.CreateEnvironment("", name)
	}
	project := server.Projects()[0] // every organization begins with one
	for i := range 50 {
		if i > 0 {
			project = server.CreateProject(fmt.Sprintf("Service %02d", i))
		}
		server.GenerateKey(project.ID, "dev")
		server.GenerateKey(project.ID, "prd")
		if i < 20 {
			server.GenerateKey(project.ID, server.CreateEnvironment(project.ID, fmt.Sprintf("EU %02d", i)).Slug)
		}
	}
	if projects, keys := len(server.Projects()), len(server.Keys()); projects != 50 || keys != 120 {
		t.Fatalf("there are %d projects and %d keys", projects, keys)
	}
	server.ResetRequests()
	return server
}

// WholeOrganization is how many objects NewLargeOrganization has that can be imported.
const WholeOrganization = 50 + 3 + 20 + 120

// CheckAdoption checks what the adoption has cost, and that the server is as it was.
func CheckAdoption(t *testing.T, server *emulatortest.Server) {
	t.Helper()
	NoWrites(t, server)
	n := len(server.Requests())
	t.Logf("%d objects are adopted with %d requests", WholeOrganization, n)
	if n > 20 {
		t.Errorf("%d requests, want at most 20: %v", n, server.Requests())
	}
}
