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

// destroysOnly reports whether the CLI that started this process was told to destroy.
//
// Before a destroy plan the CLI plans as usual, to refresh the state, and throws that plan
// away; but an error in it ends the command (destroyPlan in core's context_plan.go). What the
// configuration asks for must not stop anybody from destroying it, and the protocol does
// not tell such a plan apart, so the command line of the parent has to. Where that is not to
// be had, as on Windows or under a debugger, the plan counts as a usual one; then
// -refresh=false leaves it out.
var destroysOnly = sync.OnceValue(func() bool {
	return destroys(parentArguments(os.Getppid()), os.Getenv)
})

// destroys reads the arguments of a CLI, without its name.
func destroys(arguments []string, getenv func(string) string) bool {
	command := slices.IndexFunc(arguments, func(a string) bool { return !strings.HasPrefix(a, "-") })
	if command < 0 {
		return false
	}
	name := arguments[command]
	if name == "destroy" {
		return true
	}
	if name != "plan" && name != "apply" {
		return false
	}
	for _, variable := range []string{"TF_CLI_ARGS", "TF_CLI_ARGS_" + name} {
		arguments = append(arguments, strings.Fields(getenv(variable))...)
	}
	return slices.ContainsFunc(arguments, func(a string) bool {
		flag, isFlag := strings.CutPrefix(a, "-")
		flag = strings.TrimPrefix(flag, "-")
		return isFlag && (flag == "destroy" || flag == "destroy=true")
	})
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
