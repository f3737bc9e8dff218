package provider

import (
	"errors"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// ClientsFromEnvironment returns the clients of a provider block without arguments, for the
// sub-commands of the provider's binary. A client is nil if the environment has no key for it.
func ClientsFromEnvironment(userAgent string) (*traceloop.Client, *traceloop.ProjectClient, error) {
	data, diags := newProviderData(providerModel{}, userAgent, traceloop.Paths{}, time.Now, base.Sleep, false)
	if diags.HasError() {
		problems := make([]error, 0, len(diags))
		for _, d := range diags.Errors() {
			problems = append(problems, errors.New(d.Summary()+". "+d.Detail()))
		}
		return nil, nil, errors.Join(problems...)
	}
	return data.ManagementIfKnown(), data.ProjectIfKnown(), nil
}
