package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

// forbidden are packages of the emulator and of the tests, which the released binary must not
// carry: they would multiply its size, and each is attack surface beside an organization's keys.
var forbidden = []string{
	"modernc.org/sqlite",
	"github.com/getkin/kin-openapi",
	"go.opentelemetry.io",
	"github.com/hashicorp/terraform-plugin-testing",
	"github.com/hashicorp/terraform-plugin-sdk",
	devtool.Module + "/internal/emulator",
}

// linked lists the packages of the provider's binary.
func linked(ctx context.Context) ([]string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-deps", devtool.Module).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, out)
	}
	return strings.Fields(string(out)), nil
}

func forbiddenAmong(packages []string) []string {
	var found []string
	for _, p := range packages {
		for _, f := range forbidden {
			if p == f || strings.HasPrefix(p, f+"/") {
				found = append(found, p)
			}
		}
	}
	return found
}
