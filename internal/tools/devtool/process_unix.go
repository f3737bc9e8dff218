//go:build unix

package devtool

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps the terminal's Ctrl-C from a child: it would come on top of the one that the
// child is sent when the context ends, and two of them make a CLI abandon its providers.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // ESRCH is the normal outcome.
	}
}
