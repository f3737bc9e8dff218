package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// runMain makes the test binary the provider's.
const runMain = "TRACELOOP_PROVIDER_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(runMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// Without arguments it is a plugin, which tells a person so.
func TestNormalUseIsServing(t *testing.T) {
	t.Parallel()
	command := exec.CommandContext(t.Context(), os.Args[0])
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TF_") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env, runMain+"=1")
	out, err := command.CombinedOutput()
	exit, _ := errors.AsType[*exec.ExitError](err)
	if exit == nil || exit.ExitCode() != 1 || !strings.Contains(string(out), "This binary is a plugin") {
		t.Errorf("it ends with %v:\n%s", err, out)
	}
}
