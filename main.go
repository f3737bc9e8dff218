// The Traceloop provider for Terraform and OpenTofu.
package main

import (
	"flag"
	"log"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "run as a server that a debugger is attached to; prints the TF_REATTACH_PROVIDERS to use")
	flag.Parse()

	if err := provider.Serve(version, *debug); err != nil {
		log.Fatal(err)
	}
}
