package traceloop_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// A key is rotated: the old one is revoked, then another one is generated. The API shows a key
// in full in the answer that generates it, and never again.
func ExampleClient() {
	api, err := emulator.New(emulator.Options{})
	if err != nil {
		panic(err)
	}
	defer api.Close()
	server := httptest.NewServer(api)
	defer server.Close()

	client, err := traceloop.New(traceloop.Config{BaseURL: server.URL, Key: api.ManagementKey(), UserAgent: "example"})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	project, err := client.CreateProject(ctx, traceloop.ProjectRequest{Name: "Checkout"})
	if err != nil {
		panic(err)
	}
	place := traceloop.APIKeyRequest{ProjectID: project.ID, Environment: "prd"}
	first, err := client.CreateAPIKey(ctx, place)
	if err != nil {
		panic(err)
	}

	_, err = client.CreateAPIKey(ctx, place)
	fmt.Println("a second key is refused:", traceloop.IsConflict(err))

	if err := client.RevokeAPIKey(ctx, first.ID); err != nil {
		panic(err)
	}
	second, err := client.CreateAPIKey(ctx, place)
	if err != nil {
		panic(err)
	}
	for key, err := range client.ListAPIKeys(ctx, traceloop.APIKeyFilter{ProjectID: project.ID}) {
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s has the new key: %t\n", key.Environment, key.ID == second.ID && key.MaskedKey == traceloop.MaskKey(second.Key))
	}
	// Output:
	// a second key is refused: true
	// prd has the new key: true
}
