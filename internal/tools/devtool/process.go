package devtool

import (
	"context"
	"os"
	"os/exec"
	"time"
)

// Command is exec.CommandContext, except that a context that ends asks the process to stop, and
// what is left of it and of its own children ten seconds later is killed.
func Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	ownGroup(cmd)
	cmd.Cancel = func() error {
		err := cmd.Process.Signal(os.Interrupt)
		if err != nil { // Windows has no such signal.
			return cmd.Process.Kill()
		}
		return nil
	}
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// Reap kills what cmd has left running. It is to be called once cmd has been waited for.
func Reap(cmd *exec.Cmd) { killGroup(cmd) }
