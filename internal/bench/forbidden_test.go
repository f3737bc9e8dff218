package main

import (
	"slices"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/tools/devtool"
)

func TestProviderLinksNoForbiddenPackage(t *testing.T) {
	t.Parallel()

	packages, err := linked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The list is the one of the provider, and what is sought in it would be found.
	for _, want := range []string{devtool.Module + "/internal/provider", "google.golang.org/grpc"} {
		if !slices.Contains(packages, want) {
			t.Fatalf("the provider does not link %s: this is not the list it should be", want)
		}
	}
	planted := append(slices.Clone(packages), "modernc.org/sqlite/lib")
	if got := forbiddenAmong(planted); !slices.Contains(got, "modernc.org/sqlite/lib") {
		t.Fatalf("a forbidden package went unnoticed: %v", got)
	}

	if got := forbiddenAmong(packages); len(got) > 0 {
		t.Errorf("the provider links packages that only the emulator and the tests may use: %v", got)
	}
}
