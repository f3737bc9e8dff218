package provider

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const (
	envManagementKey = "TRACELOOP_MANAGEMENT_API_KEY"
	envBaseURL       = "TRACELOOP_MANAGEMENT_BASE_URL"
	envProjectKey    = "TRACELOOP_PROJECT_API_KEY"
	envCACertFile    = "TRACELOOP_CA_CERT_FILE"

	// envTracesKey is the SDKs' variable for a project's own key. It is read only to explain
	// that it does not help here. The SDKs' TRACELOOP_BASE_URL is never read: it often points
	// to a collector, which must not get the management key.
	envTracesKey = "TRACELOOP_API_KEY"
)

// setting is a value and its source, for diagnostics.
type setting struct {
	value  string
	source string
	found  bool
}

// lookup returns the argument, or else the environment variable. An empty variable counts as
// set, and so is an error: usually a CI secret is missing.
func lookup(argument types.String, name, variable string) setting {
	if !argument.IsNull() {
		return setting{value: argument.ValueString(), source: fmt.Sprintf("the provider argument %q", name), found: true}
	}
	if value, ok := os.LookupEnv(variable); ok {
		return setting{value: value, source: "the environment variable " + variable, found: true}
	}
	return setting{}
}

// newProviderData makes a client from a configuration without unknown values. The diagnostics
// name the source of a bad value, and never repeat a key.
func newProviderData(config providerModel, userAgent string, paths traceloop.Paths) (*providerData, diag.Diagnostics) {
	var diags diag.Diagnostics

	key := lookup(config.APIKey, "api_key", envManagementKey)
	project := newProjectAccess(config.ProjectAPIKey, &diags)
	if !key.found {
		// A provider block that manages only setups needs no management key.
		if !project.key.found && !project.unknown {
			diags.AddError("Missing Management Key", missingKeyDetail())
		}
	} else if value, err := traceloop.ParseKey(key.value); err != nil {
		// Not anchored to api_key: the CLI would print that line of the configuration.
		diags.AddError("Invalid Management Key",
			fmt.Sprintf("The management key from %s cannot be used: %s. Set it to the key exactly as Traceloop showed it, on one line.", key.source, err))
	} else {
		key.value = value
	}

	baseURL := lookup(config.BaseURL, "base_url", envBaseURL)
	if !baseURL.found {
		baseURL = setting{value: traceloop.DefaultBaseURL, source: "the provider's default"}
	}
	if value, err := traceloop.ParseBaseURL(baseURL.value); err != nil {
		diags.AddAttributeError(path.Root("base_url"), "Invalid Base URL",
			fmt.Sprintf("The base URL from %s cannot be used: %s. Use %s, or the URL that the emulator prints, or leave it unset.", baseURL.source, err, traceloop.DefaultBaseURL))
	} else {
		baseURL.value = value.String()
	}

	timeout := traceloop.DefaultRequestTimeout
	if !config.RequestTimeout.IsNull() {
		value, err := parseTimeout(config.RequestTimeout.ValueString())
		if err != nil {
			diags.AddAttributeError(path.Root("request_timeout"), "Invalid Request Timeout", fmt.Sprintf("The request timeout cannot be used: %s. Give a duration such as 30s.", err))
		}
		timeout = value
	}
	retries := traceloop.DefaultMaxRetries
	if !config.MaxRetries.IsNull() {
		retries = int(config.MaxRetries.ValueInt64())
	}

	var roots *x509.CertPool
	if file := lookup(config.CACertFile, "ca_cert_file", envCACertFile); file.found {
		var err error
		if roots, err = certPool(file.value); err != nil {
			diags.AddAttributeError(path.Root("ca_cert_file"), "Unable to Read CA Certificates",
				fmt.Sprintf("The file from %s cannot be used: %s. Give the path of a PEM file that contains the certificate of the authority, or leave it unset.", file.source, err))
		}
	}
	if diags.HasError() {
		return nil, diags
	}

	data := &providerData{key: key, baseURL: baseURL, project: project, run: newRun()}
	client := traceloop.Config{
		BaseURL: baseURL.value, UserAgent: userAgent, RequestTimeout: timeout, MaxRetries: retries, RootCAs: roots, Paths: paths,
		Secrets: []string{key.value, project.key.value},
	}
	var err, projectErr error
	if key.found {
		client.Key = key.value
		data.client, err = traceloop.New(client)
	}
	if project.key.found {
		client.Key = project.key.value
		data.project.client, projectErr = traceloop.NewProjectClient(client)
	}
	if err = errors.Join(err, projectErr); err != nil {
		diags.AddError("Unable to Configure Provider", fmt.Sprintf("The provider cannot set up its client for the Traceloop API: %s.", err))
		return nil, diags
	}
	return data, diags
}

func missingKeyDetail() string {
	detail := "The Traceloop API needs a management key, and none is set. Set the environment variable " + envManagementKey +
		" (or the provider argument \"api_key\"). To try the provider without an account, start the emulator: it prints the variables to set."
	if os.Getenv(envTracesKey) != "" {
		detail = envTracesKey + " is set, but it holds a project's own key for sending traces. That key cannot manage projects, environments or keys, so the provider does not read it.\n\n" + detail
	}
	return detail
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

// certPool returns the system's authorities and those of a PEM file.
func certPool(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, errors.New("the path is empty")
	}
	pem, err := os.ReadFile(file) //nolint:gosec // The practitioner names the file.
	if err != nil {
		return nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s contains no PEM certificate", file)
	}
	return roots, nil
}
