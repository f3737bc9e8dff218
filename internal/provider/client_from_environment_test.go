package provider_test

import (
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

func TestClientsFromEnvironment(t *testing.T) {
	t.Setenv("TRACELOOP_BASE_URL", "http://127.0.0.1:1")
	t.Setenv("TRACELOOP_MANAGEMENT_API_KEY", "tlm_TopSecretManagementKey0001")
	client, project, err := provider.ClientsFromEnvironment("test")
	if err != nil || client.BaseURL() != traceloop.DefaultBaseURL || project != nil {
		t.Errorf("an unset base URL is %v, %v", client, err)
	}
	t.Setenv("TRACELOOP_MANAGEMENT_BASE_URL", "")
	if _, _, err := provider.ClientsFromEnvironment("test"); err == nil || !strings.Contains(err.Error(), "TRACELOOP_MANAGEMENT_BASE_URL") {
		t.Errorf("an empty base URL is accepted: %v", err)
	}
	t.Setenv("TRACELOOP_MANAGEMENT_BASE_URL", "http://127.0.0.1:2")
	if client, _, err = provider.ClientsFromEnvironment("test"); err != nil || client.BaseURL() != "http://127.0.0.1:2" {
		t.Errorf("the base URL is %v, %v", client, err)
	}
}

// Either key is enough, and none is not. Each goes to its own client.
func TestClientsFromEnvironment_projectKeyAlone(t *testing.T) {
	t.Setenv("TRACELOOP_API_KEY", "tl_0123456789012345678901234567890123456789")
	if _, _, err := provider.ClientsFromEnvironment("test"); err == nil || !strings.Contains(err.Error(), "Missing Management Key") {
		t.Errorf("without a key: %v", err)
	}
	t.Setenv("TRACELOOP_PROJECT_API_KEY", "tl_0123456789012345678901234567890123456789")
	client, project, err := provider.ClientsFromEnvironment("test")
	if err != nil || client != nil || project == nil {
		t.Errorf("got %v, %v, %v", client, project, err)
	}
}
