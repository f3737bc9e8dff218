// Schema prints the provider's schemas in the JSON of `terraform providers schema`, as input
// for the documentation generator.
//
// It asks the provider rather than a CLI, because each CLI and each version of it leaves out the
// kinds of object that it does not know itself, and the documentation must not depend on that.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	schemas, err := ofProvider(ctx)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(schemas)
}

func ofProvider(ctx context.Context) (*tfjson.ProviderSchemas, error) {
	server, err := providerserver.NewProtocol6WithError(provider.New("dev")())()
	if err != nil {
		return nil, err
	}
	return export(ctx, server)
}
