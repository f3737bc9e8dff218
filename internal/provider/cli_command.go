package provider

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// cliCommand is what a person asked the CLI to do, as far as a plan has to know: the protocol
// does not tell. It is read off the command line of the parent process, and empty where that is
// not to be had, as on Windows or under a debugger.
type cliCommand struct {
	// plans is true for a plan without an apply. A plan and an apply that has written nothing yet
	// look alike otherwise.
	plans bool

	// destroys is true for destroy, and for plan and apply with -destroy. Before it plans to destroy,
	// the CLI plans as usual to refresh the state, and throws that plan away; but an error in it
	// ends the command (destroyPlan in core's context_plan.go). What the configuration asks
	// for must not stop anybody from destroying it. Where this is not known, -refresh=false
	// leaves the usual plan out.
	destroys bool
}

var currentCommand = sync.OnceValue(func() cliCommand {
	return parseCommand(parentArguments(os.Getppid()), os.Getenv)
})

// destroysOnly reports whether nothing of what is planned is going to be created or changed.
func destroysOnly() bool { return currentCommand().destroys }

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

// parentArguments returns the arguments of a process, or none where they are not to be had.
func parentArguments(pid int) []string {
	switch runtime.GOOS {
	case "linux":
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if fields := strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00"); err == nil {
			return fields[1:]
		}
	case "darwin":
		line, err := exec.CommandContext(context.Background(), "/bin/ps", "-o", "args=", "-p", fmt.Sprint(pid)).Output()
		if fields := strings.Fields(string(bytes.TrimSpace(line))); err == nil && len(fields) > 0 {
			return fields[1:]
		}
	}
	return nil
}
