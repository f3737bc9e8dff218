package traceloop

import (
	"context"
	"fmt"
	"net/http"
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
	ID   string // may be empty: see Problems
	Keys []EnvironmentKey

	// Problems say what the answer lacks, in sentences without keys. Everything else is there.
	Problems []string
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

// readOrganization keeps everything that is there, because no other answer has it. Only an answer
// without an id and without a key is of no use.
func readOrganization(f *fields, requested []string) Organization {
	lenient := f.lenient()
	organization := Organization{ID: lenient.optionalText("org_id")}
	problem := func(format string, args ...any) {
		organization.Problems = append(organization.Problems, fmt.Sprintf(format, args...))
	}
	if organization.ID == "" {
		problem("The answer does not contain the id of the organization.")
	}
	seen := map[string]bool{}
	for i, e := range lenient.optionalObjects("environments") {
		key := EnvironmentKey{Environment: e.optionalText("slug"), Key: e.optionalText("api_key")}
		switch {
		case key.Environment == "":
			problem("Environment %d of the answer has no slug.", i+1)
		case seen[key.Environment]:
			problem("The answer contains the environment %q more than once.", key.Environment)
		}
		seen[key.Environment] = true
		if key.Key == "" {
			problem("The answer contains no API key for the environment %q.", key.Environment)
			continue
		}
		organization.Keys = append(organization.Keys, key)
	}
	for _, name := range requested {
		if !seen[name] && !seen[Slug(name)] {
			problem("The environment %q was requested, and the answer does not contain it.", name)
		}
	}
	if len(requested) == 0 && len(seen) == 0 {
		problem("The answer contains no environment.")
	}
	if organization.ID == "" && len(organization.Keys) == 0 {
		f.text("org_id")
	}
	return organization
}

// CreateOrganization creates an organization. The service has no operation that reads, changes or
// deletes one. After an *UnknownOutcomeError it may exist, and its keys are lost.
func (c *ProjectClient) CreateOrganization(ctx context.Context, r OrganizationRequest) (*Organization, error) {
	return object(ctx, c.connection, request{method: http.MethodPost, path: c.paths.Organizations, body: r}, func(f *fields) Organization {
		return readOrganization(f, r.Environments)
	})
}
