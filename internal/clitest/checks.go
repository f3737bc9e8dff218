package clitest

import (
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// Shows checks that the output holds every phrase.
func Shows(t *testing.T, output string, phrases ...string) {
	t.Helper()
	for _, phrase := range phrases {
		if !strings.Contains(output, phrase) {
			t.Errorf("the output does not say %q:\n%s", phrase, output)
		}
	}
}

// Hides is the opposite of Shows.
func Hides(t *testing.T, output string, phrases ...string) {
	t.Helper()
	for _, phrase := range phrases {
		if strings.Contains(output, phrase) {
			t.Errorf("the output says %q:\n%s", phrase, output)
		}
	}
}

// Calls counts recorded requests by method and path prefix.
func Calls(server *emulatortest.Server, method, path string) int {
	n := 0
	for _, request := range server.Requests() {
		if request.Method == method && strings.HasPrefix(request.Path, path) {
			n++
		}
	}
	return n
}

// Writes counts recorded requests that change something.
func Writes(server *emulatortest.Server) int {
	return Calls(server, "POST", "/v2/") + Calls(server, "PUT", "/v2/") + Calls(server, "PATCH", "/v2/") + Calls(server, "DELETE", "/v2/")
}

// NoWrites checks that a refused configuration changed nothing.
func NoWrites(t *testing.T, server *emulatortest.Server) {
	t.Helper()
	if n := Writes(server); n != 0 {
		t.Errorf("%d requests that write were sent, want none: %v", n, server.Requests())
	}
}
