//go:build unix

// Standin is what the CLI starts in place of the provider. It starts the provider, and notes
// what it used up, which nobody but its parent is told.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

func main() {
	code, err := run(os.Getenv("BENCH_PROVIDER"), os.Getenv("BENCH_NOTES"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
	}
	os.Exit(code)
}

func run(provider, notes string) (code int, err error) {
	cmd := exec.Command(provider, os.Args[1:]...) //nolint:noctx // the CLI ends it
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		return 1, err
	}
	state := cmd.ProcessState
	file, err := os.OpenFile(notes, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // bench names it
	if err != nil {
		return 1, err
	}
	defer file.Close()
	// One write, since the providers of several CLIs may end at the same time.
	_, err = fmt.Fprintf(file, "%d %f\n", state.UserTime()+state.SystemTime(), peak(state))
	return max(0, state.ExitCode()), err
}

// peak is the largest resident set of a process, in MB.
func peak(state *os.ProcessState) float64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return float64(usage.Maxrss) / 1e6
	}
	return float64(usage.Maxrss) * 1024 / 1e6
}
