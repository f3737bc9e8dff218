package main

import (
	"os/exec"
	"runtime"
	"syscall"
)

// dieWithUs has the provider killed where the stand-in is, as a CLI does with one that it
// has no patience with.
func dieWithUs(cmd *exec.Cmd) {
	runtime.LockOSThread() // the kernel means the thread
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
