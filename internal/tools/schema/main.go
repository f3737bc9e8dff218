// Schema prints the provider's schemas in the JSON of `terraform providers schema`, as input
// for the documentation generator.
//
// It asks the provider rather than a CLI, because each CLI and each version of it leaves out the
// kinds of object that it does not know itself, and the documentation must not depend on that.
//
// With -list it prints a line for each object and each attribute, which .changes/schema.txt keeps from release to release.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

func main() {
	asList := flag.Bool("list", false, "print a line for each object and each attribute instead")
	flag.Parse()
	err := run(context.Background(), *asList)
	if err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, asList bool) error {
	schemas, err := ofProvider(ctx)
	if err != nil {
		return err
	}
	if asList {
		for _, e := range list(schemas.Providers["traceloop"]) {
			fmt.Println(e)
		}
		return nil
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(schemas)
}

func ofProvider(ctx context.Context) (*schemas, error) {
	server, err := providerserver.NewProtocol6WithError(provider.New("dev")())()
	if err != nil {
		return nil, err
	}
	return export(ctx, server)
}
