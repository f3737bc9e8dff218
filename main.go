// The Traceloop provider for Terraform and OpenTofu.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
	"github.com/traceloop/terraform-provider-traceloop/internal/servicecheck"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// version is set by the release build.
var version = "dev"

func main() {
	// A CLI starts the provider without arguments.
	if len(os.Args) > 1 && os.Args[1] == servicecheck.Name {
		os.Exit(checkService(os.Args[2:]))
	}
	debug := flag.Bool("debug", false, "run as a server that a debugger is attached to; prints the TF_REATTACH_PROVIDERS to use")
	flag.Parse()

	if err := provider.Serve(version, *debug); err != nil {
		log.Fatal(err)
	}
}

func checkService(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return servicecheck.Command{
		Version: version,
		Clients: func() (*traceloop.Client, *traceloop.ProjectClient, error) {
			return provider.ClientsFromEnvironment("terraform-provider-traceloop/" + version + " " + servicecheck.Name)
		},
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Now: time.Now,
	}.Run(ctx, args)
}
