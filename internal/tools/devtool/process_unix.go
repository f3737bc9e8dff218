//go:build unix

package devtool

import (
	"os/exec"
	"syscall"
)

// ownGroup prevents the terminal's Ctrl-C from reaching a child. The child gets an interrupt when the
// context ends, and a second one makes a CLI abandon its providers.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // ESRCH is the normal outcome.
	}
}
