package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
)

func TestNoKeyIsPrinted(t *testing.T) {
	api, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	const (
		key      = "tl_0123456789abcdefghijABCDEFGHIJ0123456789"
		harmless = "tl_short and traceloop_api_key.orders"
	)
	var printed bytes.Buffer
	out = &printed
	defer func() { out = os.Stdout }()
	step("A step with " + key)
	say("api_key = %q\n%s, %s", key, api.ManagementKey(), harmless)

	if strings.Contains(printed.String(), key) || strings.Contains(printed.String(), api.ManagementKey()) {
		t.Errorf("printed a key:\n%s", printed.String())
	}
	for _, want := range []string{"tl_************************************6789", harmless} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("did not print %q:\n%s", want, printed.String())
		}
	}
}

func TestTellingLines(t *testing.T) {
	t.Parallel()

	for line, want := range map[string]bool{
		"# traceloop_api_key.orders must be replaced":                    true,
		"Plan: 1 to add, 0 to change, 1 to destroy.":                     true,
		"No changes. Your infrastructure matches the configuration.":     true,
		"OpenTofu has been successfully initialized!":                    true,
		"traceloop_api_key.orders: Destruction complete after 0s":        true,
		"Destroy complete! Resources: 3 destroyed.":                      true,
		"traceloop_api_key.orders: Refreshing state... [id=c1]":          false,
		"+ environment = \"eu-production\"":                              false,
		"Terraform will perform the following actions:":                  false,
		"You can apply this plan to save these new output values to the": false,
	} {
		if got := telling.MatchString(line); got != want {
			t.Errorf("%q is shown: %t, want %t", line, got, want)
		}
	}
}
