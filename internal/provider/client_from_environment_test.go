package provider_test

import (
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

func TestClientFromEnvironment(t *testing.T) {
	t.Setenv("TRACELOOP_BASE_URL", "http://127.0.0.1:1")
	t.Setenv("TRACELOOP_MANAGEMENT_API_KEY", "tlm_TopSecretManagementKey0001")
	client, err := provider.ClientFromEnvironment("test")
	if err != nil || client.BaseURL() != traceloop.DefaultBaseURL {
		t.Errorf("an unset base URL is %v, %v", client, err)
	}
	t.Setenv("TRACELOOP_MANAGEMENT_BASE_URL", "")
	if _, err := provider.ClientFromEnvironment("test"); err == nil || !strings.Contains(err.Error(), "TRACELOOP_MANAGEMENT_BASE_URL") {
		t.Errorf("an empty base URL is accepted: %v", err)
	}
	t.Setenv("TRACELOOP_MANAGEMENT_BASE_URL", "http://127.0.0.1:2")
	if client, err = provider.ClientFromEnvironment("test"); err != nil || client.BaseURL() != "http://127.0.0.1:2" {
		t.Errorf("the base URL is %v, %v", client, err)
	}
}

// A project's key manages no organization.
func TestClientFromEnvironment_projectKeyAlone(t *testing.T) {
	t.Setenv("TRACELOOP_PROJECT_API_KEY", "tl_0123456789012345678901234567890123456789")
	if client, err := provider.ClientFromEnvironment("test"); err == nil || !strings.Contains(err.Error(), "Missing Management Key") {
		t.Errorf("got %v, %v", client, err)
	}
}
