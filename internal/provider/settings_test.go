package provider_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

const anyRead = "data \"traceloop_projects\" \"all\" {}\n"

// Most of these tests set environment variables of the process, so they are not parallel.

func TestSettings_fromEnvironment(t *testing.T) {
	server := emulatortest.Start(t)
	t.Setenv("TRACELOOP_MANAGEMENT_BASE_URL", "\n "+server.URL+"/ \n")
	t.Setenv("TRACELOOP_MANAGEMENT_API_KEY", " "+server.ManagementKey+"\n")
	if err := newDriverWith(t, time.Now, nil).readData("traceloop_projects", nil); err != nil {
		t.Error(err)
	}
	t.Setenv("TRACELOOP_MANAGEMENT_BASE_URL", "https://127.0.0.1:1")
	t.Setenv("TRACELOOP_MANAGEMENT_API_KEY", "tl_of_somebody_else")
	if err := newDriver(t, server, time.Now).readData("traceloop_projects", nil); err != nil { // the arguments come first
		t.Error(err)
	}
	if n := calls(server, "GET", "/v2/projects"); n != 2 {
		t.Errorf("the server got %d requests, want 2", n)
	}
}

func TestSettings_refused(t *testing.T) {
	server := emulatortest.Start(t)
	project := server.CreateProject("Orders")
	_, projectKey := server.GenerateKey(project.ID, "prd")
	html := serves(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html><body>Welcome</body></html>")
	})

	for name, test := range map[string]struct {
		environment map[string]string
		arguments   arguments
		phrases     []string
	}{
		"no key":                     {nil, nil, []string{"Missing Management Key", "TRACELOOP_MANAGEMENT_API_KEY"}},
		"only the SDK's key":         {map[string]string{"TRACELOOP_API_KEY": "tl_secret_of_sdk"}, nil, []string{"Missing Management Key", "TRACELOOP_API_KEY is set", "cannot manage", "TRACELOOP_MANAGEMENT_API_KEY"}},
		"empty key":                  {nil, arguments{"api_key": ""}, []string{"Invalid Provider Configuration", "api_key"}},
		"masked key":                 {nil, arguments{"project_api_key": "tl_************************************QQHK"}, []string{"Invalid Provider Configuration", "project_api_key", "masked key"}},
		"masked key in a variable":   {map[string]string{"TRACELOOP_MANAGEMENT_API_KEY": "tl_****QQHK"}, nil, []string{"Invalid Management Key", "masked key"}},
		"empty key variable":         {map[string]string{"TRACELOOP_MANAGEMENT_API_KEY": ""}, nil, []string{"Invalid Management Key", "environment variable TRACELOOP_MANAGEMENT_API_KEY"}},
		"key in two parts":           {nil, arguments{"api_key": "tl_secret_ part"}, []string{"Invalid Provider Configuration", "api_key"}},
		"key with a control":         {map[string]string{"TRACELOOP_MANAGEMENT_API_KEY": "tl_secret_\x01part"}, nil, []string{"Invalid Management Key", "environment variable TRACELOOP_MANAGEMENT_API_KEY"}},
		"rejected key":               {nil, arguments{"api_key": "tl_secret_unknown"}, []string{"401", "provider argument \"api_key\"", "has not been revoked", "Without -data, the emulator makes a new management key at each start"}},
		"rejected key of a variable": {map[string]string{"TRACELOOP_MANAGEMENT_API_KEY": "tl_secret_unknown"}, nil, []string{"401", "environment variable TRACELOOP_MANAGEMENT_API_KEY"}},
		"project's key":              {nil, arguments{"api_key": projectKey}, []string{"403", "project's own API key", "TRACELOOP_MANAGEMENT_API_KEY"}},
		"empty URL":                  {nil, arguments{"base_url": ""}, []string{"Invalid Provider Configuration", "base_url"}},
		"URL without a scheme":       {nil, arguments{"base_url": "api.traceloop.com"}, []string{"Invalid Provider Configuration", "base_url", "https"}},
		"plain http":                 {nil, arguments{"base_url": "http://api.traceloop.com"}, []string{"Invalid Provider Configuration", "base_url", "https"}},
		"white space in the URL":     {nil, arguments{"base_url": "https://api.trace loop.com"}, []string{"Invalid Provider Configuration", "base_url"}},
		"plain http in a variable":   {map[string]string{"TRACELOOP_MANAGEMENT_BASE_URL": "http://api.traceloop.com"}, nil, []string{"Invalid Base URL", "environment variable TRACELOOP_MANAGEMENT_BASE_URL", "https"}},
		"not the API":                {nil, arguments{"base_url": html}, []string{"does not come from the Traceloop API", "provider argument \"base_url\""}},
		"not the API, in a variable": {map[string]string{"TRACELOOP_MANAGEMENT_BASE_URL": html}, nil, []string{"does not come from the Traceloop API", "environment variable TRACELOOP_MANAGEMENT_BASE_URL"}},
		"nobody listens":             {nil, arguments{"base_url": "http://127.0.0.1:1"}, []string{"Nothing listens at the base URL http://127.0.0.1:1", "provider argument \"base_url\"", "Is the emulator running?", "make emulator"}},
		"timeout without a unit":     {nil, arguments{"request_timeout": "30"}, []string{"request_timeout", "30s"}},
		"no time at all":             {nil, arguments{"request_timeout": "0s"}, []string{"request_timeout", "between 1s and 10m"}},
		"endless retries":            {nil, arguments{"max_retries": int64(1000)}, []string{"max_retries", "whole number from 0 to 10"}},
		"half a retry":               {nil, arguments{"max_retries": 1.5}, []string{"max_retries", "whole number from 0 to 10", "It is 1.5"}},
		"huge retries":               {nil, arguments{"max_retries": 1e30}, []string{"max_retries", "whole number from 0 to 10", "It is 1e+30"}},
		"no such certificate":        {nil, arguments{"ca_cert_file": "/nonexistent/ca.pem"}, []string{"Unable to Read CA Certificates", "provider argument \"ca_cert_file\""}},
		"not a certificate":          {map[string]string{"TRACELOOP_CA_CERT_FILE": "settings_test.go"}, nil, []string{"Unable to Read CA Certificates", "environment variable TRACELOOP_CA_CERT_FILE"}},
	} {
		t.Run(name, func(t *testing.T) {
			settings := arguments{"max_retries": int64(0)}
			if test.environment["TRACELOOP_MANAGEMENT_BASE_URL"] == "" {
				settings["base_url"] = server.URL
			}
			if _, ok := test.environment["TRACELOOP_MANAGEMENT_API_KEY"]; !ok && !strings.Contains(name, "SDK") && name != "no key" {
				settings["api_key"] = server.ManagementKey
			}
			for variable, value := range test.environment {
				t.Setenv(variable, value)
			}
			d, err := startDriver(t, provider.NewServer(time.Now), settings.with(test.arguments))
			if err == nil {
				err = d.readData("traceloop_projects", nil)
			}
			refuses(t, err, test.phrases...)
			if err != nil {
				hides(t, err.Error(), "tl_secret", server.ManagementKey, projectKey)
			}
		})
	}
	noWrites(t, server)
}

// The SDK's variable for the base URL is often that of a collector.
func TestAccSettings_SDKsBaseURLIsNeverCalled(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	collector := serves(t, func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("TRACELOOP_BASE_URL was called: %s %s", r.Method, r.URL)
	})
	// The default base URL is seen at a proxy, which lets nothing pass.
	proxy := &connectProxy{refusal: http.StatusForbidden}

	c := newCLI(t, server)
	c.set("TRACELOOP_BASE_URL", collector)
	c.setProxy(serves(t, proxy.ServeHTTP), "")
	c.write(ordersHCL)
	c.apply()
	if asked := proxy.requests(); len(server.Projects()) != 2 || asked != "" {
		t.Errorf("with both variables: the projects are %v, and the proxy got %s", server.Projects(), asked)
	}

	c.Env = slices.DeleteFunc(c.Env, func(entry string) bool { return strings.HasPrefix(entry, "TRACELOOP_MANAGEMENT_BASE_URL=") })
	out, err := c.run("plan", "-input=false")
	if asked := proxy.requests(); err == nil || !strings.Contains(asked, "CONNECT api.traceloop.com:443") {
		t.Errorf("with the SDK's variable alone: %v, and the proxy got %s\n%s", err, asked, out)
	}
	hides(t, out, "TRACELOOP_BASE_URL", collector, server.ManagementKey)
}
