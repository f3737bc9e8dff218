// The Traceloop provider for Terraform and OpenTofu.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "run as a server that a debugger is attached to; prints the TF_REATTACH_PROVIDERS to use")
	flag.Parse()

	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address: "registry.terraform.io/traceloop/traceloop",
		Debug:   *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}
