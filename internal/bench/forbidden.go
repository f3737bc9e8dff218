package main

import (
	"context"
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
	out, err := devtool.GoList(ctx, "-deps", devtool.Module)
	if err != nil {
		return nil, err
	}
	return strings.Fields(out), nil
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
