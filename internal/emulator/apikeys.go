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
}

// GeneratedAPIKey is the only answer with a key in full (Rule 6).
type GeneratedAPIKey struct {
	APIKey
	Key string `json:"api_key"`
}

const (
	apiKeyColumns = "t.id, t.project_id, e.slug, t.masked_key, t.created_at"
	apiKeyTables  = "FROM api_keys t JOIN environments e ON e.id = t.environment_id"
)

func scanAPIKey(scan row) (k APIKey, err error) {
	err = scan(&k.ID, &k.ProjectID, &k.Environment, &k.MaskedKey, &k.CreatedAt)
	return k, err
}

func (e *Emulator) listAPIKeys(r *http.Request) (answer, error) {
	page, err := parsePage(r, "project_id", "environment")
	if err != nil {
		return answer{}, err
	}
	project, ofProject, err := filter(r, "project_id")
	if err != nil {
		return answer{}, err
	}
	environment, ofEnvironment, err := filter(r, "environment")
	if err != nil {
		return answer{}, err
	}
	if ofEnvironment {
		if err := checkEnvironmentSlug(environment); err != nil {
			return answer{}, err
		}
	}
	return e.transact(func(tx *sql.Tx) (any, error) {
		where, args := " WHERE true", []any{}
		if ofProject {
			if _, err := projectByID(tx, project); err != nil {
				return nil, err
			}
			where, args = where+" AND t.project_id = ?", append(args, project)
		}
		if ofEnvironment {
			where, args = where+" AND e.slug = ?", append(args, environment)
		}
		return readPage(tx, page, apiKeyColumns, apiKeyTables+where, args, scanAPIKey)
	})
}

func (e *Emulator) getAPIKey(r *http.Request) (answer, error) {
	return e.transact(func(tx *sql.Tx) (any, error) { return apiKeyByID(tx, r.PathValue("id")) })
}

func apiKeyByID(tx *sql.Tx, id string) (APIKey, error) {
	return readOne(tx, scanAPIKey, noSuchAPIKey(id), "SELECT "+apiKeyColumns+" "+apiKeyTables+" WHERE t.id = ?", id)
}

func (e *Emulator) createAPIKey(r *http.Request) (answer, error) {
	var project, environment string
	body, err := readBody(r, fields{"project_id": &project, "environment": &environment})
	switch {
	case err != nil:
		return answer{}, err
	case project == "":
		return answer{}, refuse(http.StatusBadRequest, "project_id is missing or empty.")
	}
	if err := checkEnvironmentSlug(environment); err != nil {
		return answer{}, err
	}
	return e.create(r, creation{operation: "createAPIKey", body: body, secret: true, do: func(tx *sql.Tx) (any, error) {
		key := newKey()
		shown, err := insertAPIKey(tx, APIKey{ProjectID: project, Environment: environment, MaskedKey: traceloop.MaskKey(key), CreatedAt: e.timestamp()}, hashKey(key))
		return GeneratedAPIKey{shown, key}, err
	}})
}

// deleteAPIKey revokes by key id, so an old id never revokes a newer key.
func (e *Emulator) deleteAPIKey(r *http.Request) (answer, error) {
	return e.delete(func(tx *sql.Tx) (sql.Result, error) {
		return tx.Exec("DELETE FROM api_keys WHERE id = ?", r.PathValue("id"))
	}, noSuchAPIKey(r.PathValue("id")))
}

// insertAPIKey makes the id if it is empty.
func insertAPIKey(tx *sql.Tx, k APIKey, hash []byte) (APIKey, error) {
	id := k.ID
	err := tx.QueryRow("INSERT INTO api_keys (project_id, environment_id, hash, masked_key, created_at, id) VALUES (?1, "+environmentInForce+", ?3, ?4, ?5, "+newOr+") RETURNING id",
		k.ProjectID, k.Environment, hash, k.MaskedKey, k.CreatedAt, id).Scan(&k.ID)
	if violates(err, "api_keys.hash") {
		err = refuse(http.StatusConflict, "Another entry has the same key. Each environment of a project needs its own.")
	}
	return k, idTaken(apiKeyRefused(err, k.ProjectID, k.Environment), "api_keys.id", id)
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
func apiKeyRefused(err error, project, environment string) error {
	switch {
	case violates(err, "no_such_project"):
		return noSuchProject(project)
	case violates(err, "environment_not_in_force"):
		return noEnvironmentInForce(environment)
	case violates(err, "api_keys.environment_id"):
		return refuse(http.StatusConflict, "The environment %q of this project already has an API key, and it can have only one. Revoke that key first.", environment)
	}
	return err
}

func noEnvironmentInForce(slug string) error {
	return refuse(http.StatusNotFound, "The project has no environment with the slug %q.", slug)
}

func noSuchAPIKey(id string) error {
	return refuse(http.StatusNotFound, "There is no active API key with the id %q.", id)
}
