package provider

import (
	"errors"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// ClientFromEnvironment returns the client of a provider block without arguments, for what the
// provider's binary does beside serving.
func ClientFromEnvironment(userAgent string) (*traceloop.Client, error) {
	data, diags := newProviderData(providerModel{}, userAgent, traceloop.Paths{})
	if diags.HasError() {
		problems := make([]error, 0, len(diags))
		for _, d := range diags.Errors() {
			problems = append(problems, errors.New(d.Summary()+". "+d.Detail()))
		}
		return nil, errors.Join(problems...)
	}
	if data.client == nil { // a project's key alone is enough for some resources
		return nil, errors.New("Missing Management Key. " + missingKeyDetail())
	}
	return data.client, nil
}
