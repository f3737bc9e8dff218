package provider

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// settings reads the provider block and the environment variables. The diagnostics name the source
// of a bad value, and never repeat a key. While an argument that both clients need is unknown,
// nothing else is read.
func (m providerModel) settings(userAgent string, paths traceloop.Paths) (base.Config, diag.Diagnostics) {
	var diags diag.Diagnostics
	shared, isUnknown := m.unknownShared()
	managementKey := credential(m.APIKey, "api_key", base.EnvManagementKey, shared)
	projectKey := credential(m.ProjectAPIKey, "project_api_key", base.EnvProjectKey, shared)
	config := base.Config{ManagementKey: managementKey, ProjectKey: projectKey}
	if isUnknown {
		return config, diags
	}

	// A provider block that manages only setups needs no management key.
	if !managementKey.Key.Found && !m.APIKey.IsUnknown() && !projectKey.Key.Found && !m.ProjectAPIKey.IsUnknown() {
		diags.AddError("Missing Management Key", base.MissingKeyDetail())
	}
	// Neither is anchored to its argument: the CLI would print that line of the configuration.
	if err := config.ManagementKey.Parse(); err != nil {
		diags.AddError("Invalid Management Key",
			fmt.Sprintf("The management key from %s cannot be used: %s. Set it to the key exactly as Traceloop showed it, on one line.", managementKey.Key.Source, err))
	}
	if err := config.ProjectKey.Parse(); err != nil {
		diags.AddError("Invalid Project Key", fmt.Sprintf(
			"The API key of a project and environment, from %s, cannot be used: %s. Set it to the key exactly as Traceloop showed it, on one line.", projectKey.Key.Source, err))
	}

	config.BaseURL = base.Lookup(m.BaseURL, "base_url", base.EnvBaseURL)
	if !config.BaseURL.Found {
		config.BaseURL = base.Setting{Value: traceloop.DefaultBaseURL, Source: "the provider's default"}
	}
	if value, err := traceloop.ParseBaseURL(config.BaseURL.Value); err != nil {
		diags.AddAttributeError(path.Root("base_url"), "Invalid Base URL",
			fmt.Sprintf("The base URL from %s cannot be used: %s. Use %s, or the URL that the emulator prints, or leave it unset.", config.BaseURL.Source, err, traceloop.DefaultBaseURL))
	} else {
		config.BaseURL.Value = value.String()
	}

	timeout := traceloop.DefaultRequestTimeout
	if !m.RequestTimeout.IsNull() {
		value, err := parseTimeout(m.RequestTimeout.ValueString())
		if err != nil {
			diags.AddAttributeError(path.Root("request_timeout"), "Invalid Request Timeout", fmt.Sprintf("The request timeout cannot be used: %s. Give a duration such as 30s.", err))
		}
		timeout = value
	}
	retries := traceloop.DefaultMaxRetries
	if !m.MaxRetries.IsNull() {
		retries = int(base.Whole(m.MaxRetries))
	}

	var roots *x509.CertPool
	if file := base.Lookup(m.CACertFile, "ca_cert_file", base.EnvCACertFile); file.Found {
		var err error
		if roots, err = traceloop.ReadRootCAs(file.Value); err != nil {
			diags.AddAttributeError(path.Root("ca_cert_file"), "Unable to Read CA Certificates",
				fmt.Sprintf("The file from %s cannot be used: %s. Give the path of a PEM file that contains the certificate of the authority, or leave it unset.", file.Source, err))
		}
	}
	config.Client = traceloop.Config{
		BaseURL: config.BaseURL.Value, UserAgent: userAgent, RequestTimeout: timeout, MaxRetries: retries, RootCAs: roots, Paths: paths,
	}
	return config, diags
}

// credential returns the key from an argument or from an environment variable. "shared" is the
// first unknown argument that both clients need, if there is one.
func credential(argument types.String, name, variable string, shared path.Path) base.Credential {
	if argument.IsUnknown() {
		return base.Credential{Unknown: path.Root(name)}
	}
	return base.Credential{Key: base.Lookup(argument, name, variable), Unknown: shared}
}

// unknownShared returns the first unknown argument that both clients need.
func (m providerModel) unknownShared() (path.Path, bool) {
	for _, argument := range []struct {
		name  string
		value interface{ IsUnknown() bool }
	}{
		{"base_url", m.BaseURL},
		{"request_timeout", m.RequestTimeout},
		{"max_retries", m.MaxRetries},
		{"ca_cert_file", m.CACertFile},
	} {
		if argument.value.IsUnknown() {
			return path.Root(argument.name), true
		}
	}
	return path.Empty(), false
}

func parseTimeout(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is not a duration such as 30s or 1m30s", s)
	case d < time.Second || d > 10*time.Minute:
		return 0, fmt.Errorf("%s is not between 1s and 10m", s)
	}
	return d, nil
}
