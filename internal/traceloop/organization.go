package traceloop

import (
	"context"
	"fmt"
)

// OrganizationRequest describes a new organization.
type OrganizationRequest struct {
	Name           string   `json:"org_name"`
	Environments   []string `json:"envs,omitempty"`
	RetentionHours int64    `json:"retention_hours,omitempty"` // 1 to 720; 0 leaves it to the service
}

// Organization is a new organization, with the API key of each environment. The service shows
// them only once.
type Organization struct {
	ID   string
	Keys []EnvironmentKey
}

// EnvironmentKey is the API key of an environment.
type EnvironmentKey struct {
	Environment string // the environment's slug
	Key         string `json:"-"` // the secret
}

// Format never writes the secret.
func (k EnvironmentKey) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "{Environment:%s}", k.Environment)
}

func readOrganization(f *fields) Organization {
	organization := Organization{ID: f.text("org_id")}
	for _, e := range f.objects("environments") {
		organization.Keys = append(organization.Keys, EnvironmentKey{Environment: e.text("slug"), Key: e.text("api_key")})
	}
	return organization
}

// CreateOrganization creates an organization. The service has no operation that reads, changes or
// deletes one. After an *UnknownOutcomeError it may exist, and its keys are lost.
func (c *ProjectClient) CreateOrganization(ctx context.Context, r OrganizationRequest) (*Organization, error) {
	return create(ctx, c.client, c.client.paths.Organizations, r, readOrganization)
}
