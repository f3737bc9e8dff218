package clitest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"
)

// cliVersion is the kind of the CLI at hand, Terraform or OpenTofu, and its version.
var cliVersion = sync.OnceValues(func() (string, [2]int) {
	out, err := exec.CommandContext(context.Background(), os.Getenv("TF_ACC_TERRAFORM_PATH"), "version").Output()
	match := regexp.MustCompile(`(Terraform|OpenTofu) v(\d+)\.(\d+)\.`).FindSubmatch(out)
	if err != nil || match == nil {
		panic(fmt.Sprintf("%s: %v", out, err))
	}
	var version [2]int
	for i := range version {
		if _, err := fmt.Sscan(string(match[2+i]), &version[i]); err != nil {
			panic(err)
		}
	}
	return string(match[1]), version
})

// Feature is what only some CLIs have: since which minor version of 1, or 0 for not at all.
type Feature struct {
	Name                string
	Terraform, OpenTofu int
}

// What the tests need of a CLI.
var (
	Functions = Feature{"functions", 8, 7}
	// Ephemeral resources and write-only arguments.
	EphemeralValues = Feature{"ephemeral values", 11, 11}
	Identities      = Feature{"import by identity", 12, 12}
	Queries         = Feature{"query", 14, 0}
	Actions         = Feature{"actions", 14, 0}
	// The part of 1.16 that the guide on versions describes.
	Terraform116 = Feature{"features of Terraform 1.16", 16, 0}
)

// Supported reports whether the CLI at hand has the feature.
func (f Feature) Supported() bool {
	kind, version := cliVersion()
	since := f.Terraform
	if kind == "OpenTofu" {
		since = f.OpenTofu
	}
	return since > 0 && (version[0] > 1 || version[1] >= since)
}

// Needs skips a test whose feature the CLI at hand does not have.
func Needs(t *testing.T, f Feature) {
	t.Helper()
	if !f.Supported() {
		kind, version := cliVersion()
		t.Skipf("%s %d.%d has no %s", kind, version[0], version[1], f.Name)
	}
}
