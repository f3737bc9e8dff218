package emulator

import (
	"database/sql"
	"net/http"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// CreatedOrganization is the only answer about an organization, with its keys in full.
type CreatedOrganization struct {
	OrgID        string           `json:"org_id"`
	Environments []EnvironmentKey `json:"environments"`
}

// EnvironmentKey is the API key of an environment.
type EnvironmentKey struct {
	Slug string `json:"slug"`
	Key  string `json:"api_key"`
}

// createOrganization is refused unless the settings allow it, like the service does for most
// accounts. The keys of the new organization can send traces; nothing else is stored.
func (c *call) createOrganization() (any, error) {
	var name string
	var environments []string
	retention := contract.MaxRetentionHours
	err := c.read(fields{"org_name": &name, "envs": &environments, "retention_hours": &retention})
	switch {
	case err != nil:
		return nil, err
	case !c.e.settings.snapshot().AllowOrganizations:
		return nil, refuse(http.StatusForbidden, "Not allowed to create organizations")
	case name == "":
		return nil, refuse(http.StatusBadRequest, "org_name is required")
	case retention < contract.MinRetentionHours || retention > contract.MaxRetentionHours:
		return nil, refuse(http.StatusBadRequest, "retention_hours must be between %d and %d", contract.MinRetentionHours, contract.MaxRetentionHours)
	}
	if environments == nil {
		environments = contract.BuiltInEnvironments
	}
	return c.once("createOrganization", true, func() (any, error) { return insertOrganization(c.tx, name, environments, retention) })
}

func insertOrganization(tx *sql.Tx, name string, environments []string, retention int) (*CreatedOrganization, error) {
	organization := &CreatedOrganization{Environments: []EnvironmentKey{}}
	err := tx.QueryRow("INSERT INTO organizations (name, retention_hours) VALUES (?, ?) RETURNING id", name, retention).Scan(&organization.OrgID)
	if err != nil {
		return nil, err
	}
	for _, environment := range environments {
		slug, key := traceloop.Slug(environment), newKey()
		if slug == "" {
			return nil, refuse(http.StatusBadRequest, "no slug can be made from the environment %q", environment)
		}
		_, err := tx.Exec("INSERT INTO organization_keys (organization_id, environment, hash) VALUES (?, ?, ?)", organization.OrgID, slug, hashKey(key))
		if violates(err, "organization_keys.environment") {
			return nil, refuse(http.StatusBadRequest, "two environments have the slug %q", slug)
		}
		if err != nil {
			return nil, err
		}
		organization.Environments = append(organization.Environments, EnvironmentKey{slug, key})
	}
	return organization, nil
}
