package base

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// cliCommand is the command that the CLI runs. The plugin protocol does not tell it, so it is
// read from the command line of the parent process. It is empty if that cannot be read, such as
// on Windows or under a debugger.
type cliCommand struct {
	// plans is true for a plan without an apply. Otherwise a plan looks the same as an apply
	// that has not written yet.
	plans bool

	// destroys is true for destroy, and for plan and apply with -destroy. Before that, the CLI
	// makes a usual plan to refresh the state and discards it, but an error in it ends the command
	// (destroyPlan in core's context_plan.go). So no error about the configuration may stop a
	// destroy. If this is not known, -refresh=false avoids the usual plan.
	destroys bool
}

var currentCommand = sync.OnceValue(func() cliCommand {
	return parseCommand(parentArguments(os.Getppid()), os.Getenv)
})

// DestroysOnly reports whether the command creates and changes nothing.
func DestroysOnly() bool { return currentCommand().destroys }

// parseCommand reads the arguments of a CLI, without its name.
func parseCommand(arguments []string, getenv func(string) string) cliCommand {
	at := slices.IndexFunc(arguments, func(a string) bool { return !strings.HasPrefix(a, "-") })
	if at < 0 {
		return cliCommand{}
	}
	name := arguments[at]
	for _, variable := range []string{"TF_CLI_ARGS", "TF_CLI_ARGS_" + name} {
		arguments = append(arguments, strings.Fields(getenv(variable))...)
	}
	destroy := slices.ContainsFunc(arguments, func(a string) bool {
		flag, isFlag := strings.CutPrefix(a, "-")
		flag = strings.TrimPrefix(flag, "-")
		return isFlag && (flag == "destroy" || flag == "destroy=true")
	})
	return cliCommand{
		plans:    name == "plan",
		destroys: name == "destroy" || (name == "plan" || name == "apply") && destroy,
	}
}

// parentArguments returns the arguments of a process, or none if they cannot be read.
func parentArguments(pid int) []string {
	switch runtime.GOOS {
	case "linux":
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if fields := strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00"); err == nil {
			return fields[1:]
		}
	case "darwin":
		line, err := exec.CommandContext(context.Background(), "/bin/ps", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
		if fields := strings.Fields(string(bytes.TrimSpace(line))); err == nil && len(fields) > 0 {
			return fields[1:]
		}
	}
	return nil
}
