package base

import (
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/types"
)

// The environment variables of the provider block.
const (
	EnvManagementKey = "TRACELOOP_MANAGEMENT_API_KEY"
	EnvBaseURL       = "TRACELOOP_MANAGEMENT_BASE_URL"
	EnvProjectKey    = "TRACELOOP_PROJECT_API_KEY"
	EnvCACertFile    = "TRACELOOP_CA_CERT_FILE"

	// EnvTracesKey is the SDKs' variable for a project's own key. It is read only to explain
	// that it does not help here. The SDKs' TRACELOOP_BASE_URL is never read: it often points
	// to a collector, which must not get the management key.
	EnvTracesKey = "TRACELOOP_API_KEY"
)

// Setting is a value and its source, for diagnostics.
type Setting struct {
	Value  string
	Source string
	Found  bool
}

// Lookup returns the argument, or else the environment variable. An empty variable counts as
// set, and so is an error: usually a CI secret is missing.
func Lookup(argument types.String, name, variable string) Setting {
	if !argument.IsNull() {
		return Setting{Value: argument.ValueString(), Source: fmt.Sprintf("the provider argument %q", name), Found: true}
	}
	if value, ok := os.LookupEnv(variable); ok {
		return Setting{Value: value, Source: "the environment variable " + variable, Found: true}
	}
	return Setting{}
}

// MissingKeyDetail says how to set the management key.
func MissingKeyDetail() string {
	detail := "The Traceloop API needs a management key, and none is set. Set the environment variable " + EnvManagementKey +
		" (or the provider argument \"api_key\"). To try the provider without an account, start the emulator: it prints the variables to set."
	if os.Getenv(EnvTracesKey) != "" {
		detail = EnvTracesKey + " is set, but it holds a project's own key for sending traces. That key cannot manage projects, environments or keys, so the provider does not read it.\n\n" + detail
	}
	return detail
}
