package emulator

import (
	"database/sql"
	"net/http"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// APIKey is a key as the API shows it, never in full.
type APIKey struct {
	ID          string `json:"id"`
	ProjectID   string `json:"project_id"`
	Environment string `json:"environment"`
	MaskedKey   string `json:"masked_key"`
	CreatedAt   string `json:"created_at"`

	sha256 string // for an export
}

// GeneratedAPIKey is the only answer with a key in full (Rule 6).
type GeneratedAPIKey struct {
	APIKey
	Key string `json:"api_key"`
}

var apiKeys = kind[APIKey]{
	table: "api_keys", joins: "JOIN environments e ON e.id = t.environment_id",
	columns: "t.id, t.project_id, e.slug, t.masked_key, t.created_at, lower(hex(t.hash))",
	scan: func(scan row) (k APIKey, err error) {
		err = scan(&k.ID, &k.ProjectID, &k.Environment, &k.MaskedKey, &k.CreatedAt, &k.sha256)
		return k, err
	},
	absent: "There is no active API key with the id %q.",
	filters: []filter{
		{"environment", "e.slug = ?", func(_ *sql.Tx, slug string) error { return checkEnvironmentSlug(slug) }},
		{"project_id", "t.project_id = ?", checkProject},
	},
}

func (c *call) createAPIKey() (any, error) {
	var project, environment string
	err := c.read(fields{"project_id": &project, "environment": &environment})
	if err == nil && project == "" {
		err = refuse(http.StatusBadRequest, "project_id is missing or empty.")
	}
	if err == nil {
		err = checkEnvironmentSlug(environment)
	}
	if err != nil {
		return nil, err
	}
	return c.once("createAPIKey", true, func() (any, error) {
		key := newKey()
		shown, err := insertAPIKey(c.tx, APIKey{ProjectID: project, Environment: environment, MaskedKey: traceloop.MaskKey(key), CreatedAt: c.now}, hashKey(key))
		return GeneratedAPIKey{shown, key}, err
	})
}

// insertAPIKey makes the id if it is empty.
func insertAPIKey(tx *sql.Tx, k APIKey, hash []byte) (APIKey, error) {
	given := k
	err := tx.QueryRow("INSERT INTO api_keys (project_id, environment_id, hash, masked_key, created_at, id) VALUES (?1, "+environmentInForce+", ?3, ?4, ?5, "+newOr+") RETURNING id",
		k.ProjectID, k.Environment, hash, k.MaskedKey, k.CreatedAt, k.ID).Scan(&k.ID)
	return k, apiKeyRefused(err, given)
}

// environmentInForce selects the environment with the slug ?2 of the project ?1, own or inherited.
const environmentInForce = "(SELECT id FROM environments WHERE slug = ?2 AND (project_id IS NULL OR project_id = ?1))"

func checkEnvironmentSlug(slug string) error {
	switch {
	case slug == "":
		return refuse(http.StatusBadRequest, "environment is missing or empty.")
	case traceloop.Slug(slug) != slug:
		return refuse(http.StatusBadRequest, "environment must be a slug such as %q, not %q.", traceloop.Slug("EU Production"), slug)
	}
	return nil
}

// apiKeyRefused names the rule that the database found violated.
func apiKeyRefused(err error, k APIKey) error {
	switch {
	case violates(err, "no_such_project"):
		return projects.none(k.ProjectID)
	case violates(err, "environment_not_in_force"):
		return noEnvironmentInForce(k.Environment)
	case violates(err, "api_keys.environment_id"):
		return refuse(http.StatusConflict, "The environment %q of this project already has an API key, and it can have only one. Revoke that key first.", k.Environment)
	case violates(err, "api_keys.hash"):
		return refuse(http.StatusConflict, "Another entry has the same key. Each environment of a project needs its own.")
	}
	return idTaken(err, "api_keys.id", k.ID)
}

func noEnvironmentInForce(slug string) error {
	return refuse(http.StatusNotFound, "The project has no environment with the slug %q.", slug)
}
