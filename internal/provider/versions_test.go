package provider_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"
)

// cliVersion is the kind of the CLI at hand, Terraform or OpenTofu, and its version.
var cliVersion = sync.OnceValues(func() (string, [2]int) {
	out, err := exec.Command(os.Getenv("TF_ACC_TERRAFORM_PATH"), "version").Output()
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

// A feature is what only some CLIs have: since which minor version of 1, or 0 for not at all.
type feature struct {
	name                string
	terraform, openTofu int
}

var (
	functions  = feature{"functions", 8, 7}
	identities = feature{"import by identity", 12, 12}
	queries    = feature{"query", 14, 0}
	actions    = feature{"actions", 14, 0}
	forgetting = feature{"destroy = false in resource blocks", 16, 0}
)

// supported reports whether the CLI at hand has the feature.
func (f feature) supported() bool {
	kind, version := cliVersion()
	since := f.terraform
	if kind == "OpenTofu" {
		since = f.openTofu
	}
	return since > 0 && (version[0] > 1 || version[1] >= since)
}

// needs skips a test whose feature the CLI at hand does not have.
func needs(t *testing.T, f feature) {
	t.Helper()
	if !f.supported() {
		kind, version := cliVersion()
		t.Skipf("%s %d.%d has no %s", kind, version[0], version[1], f.name)
	}
}
