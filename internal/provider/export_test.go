package provider

import (
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// For the tests of the package's outside.
var Seal = seal

// NewServer is the server that a CLI speaks to.
func NewServer(now func() time.Time) func() (tfprotov6.ProviderServer, error) {
	return func() (tfprotov6.ProviderServer, error) {
		newServer, err := newServer("test", now, false)
		if err != nil {
			return nil, err
		}
		return newServer(), nil
	}
}
