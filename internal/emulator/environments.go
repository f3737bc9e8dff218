package emulator

import (
	"database/sql"
	"net/http"
	"slices"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// Environment is an environment as the API shows it.
type Environment struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Slug      string  `json:"slug"`
	Scope     string  `json:"scope"`
	ProjectID *string `json:"project_id"`
	BuiltIn   bool    `json:"built_in"`
	CreatedAt string  `json:"created_at"`
}

const environmentColumns = "t.id, t.name, t.slug, iif(t.project_id IS NULL, 'organization', 'project'), t.project_id, t.built_in, t.created_at"

func scanEnvironment(scan row) (v Environment, err error) {
	err = scan(&v.ID, &v.Name, &v.Slug, &v.Scope, &v.ProjectID, &v.BuiltIn, &v.CreatedAt)
	return v, err
}

// listEnvironments lists the rows of both scopes, or the environments of one project, including
// every organization-level one (Rule 3).
func (e *Emulator) listEnvironments(r *http.Request) (answer, error) {
	page, err := parsePage(r, "project_id")
	if err != nil {
		return answer{}, err
	}
	project, filtered, err := filter(r, "project_id")
	if err != nil {
		return answer{}, err
	}
	return e.transact(func(tx *sql.Tx) (any, error) {
		if !filtered {
			return readPage(tx, page, environmentColumns, "FROM environments t WHERE true", nil, scanEnvironment)
		}
		if _, err := projectByID(tx, project); err != nil {
			return nil, err
		}
		return readPage(tx, page, environmentColumns, "FROM environments t WHERE (t.project_id IS NULL OR t.project_id = ?)",
			[]any{project}, scanEnvironment)
	})
}

func (e *Emulator) getEnvironment(r *http.Request) (answer, error) {
	return e.transact(func(tx *sql.Tx) (any, error) { return environmentByID(tx, r.PathValue("id")) })
}

func (e *Emulator) createEnvironment(r *http.Request) (answer, error) {
	var name string
	var project *string
	body, err := readBody(r, fields{"name": &name, "project_id": &project})
	if err != nil {
		return answer{}, err
	}
	if err := checkEnvironmentName(name); err != nil {
		return answer{}, err
	}
	if project != nil && *project == "" {
		return answer{}, refuse(http.StatusBadRequest, "project_id is empty; leave it out for an organization-level environment.")
	}
	return e.create(r, creation{operation: "createEnvironment", body: body, do: func(tx *sql.Tx) (any, error) {
		return insertEnvironment(tx, Environment{Name: name, ProjectID: project, CreatedAt: e.timestamp()})
	}})
}

// deleteEnvironment also deletes the keys and traces, in every project that has the environment
// (Rules 3 and 8).
func (e *Emulator) deleteEnvironment(r *http.Request) (answer, error) {
	return e.delete(func(tx *sql.Tx) (sql.Result, error) {
		result, err := tx.Exec("DELETE FROM environments WHERE id = ?", r.PathValue("id"))
		if violates(err, "built_in_environment") {
			err = builtInStays()
		}
		return result, err
	}, noSuchEnvironment(r.PathValue("id")))
}

// insertEnvironment makes the slug, and the id if it is empty.
func insertEnvironment(tx *sql.Tx, v Environment) (Environment, error) {
	slug, id := traceloop.Slug(v.Name), v.ID
	err := tx.QueryRow("INSERT INTO environments (id, project_id, name, slug, built_in, created_at) VALUES ("+newOr+", ?, ?, ?, ?, ?) RETURNING id",
		v.ID, v.ProjectID, v.Name, slug, v.BuiltIn, v.CreatedAt).Scan(&v.ID)
	switch {
	case violates(err, "FOREIGN KEY"):
		return v, noSuchProject(*v.ProjectID)
	case err != nil:
		return v, idTaken(environmentRefused(err, slug), "environments.id", id)
	}
	return environmentByID(tx, v.ID)
}

func checkEnvironmentName(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if traceloop.Slug(name) == "" {
		return refuse(http.StatusBadRequest, "name %q has no ASCII letter and no digit to make a slug from.", name)
	}
	return nil
}

// environmentRefused names the rule that the database found violated.
func environmentRefused(err error, slug string) error {
	taken := violates(err, "slug_of_the_organization") || violates(err, "environments.slug")
	switch {
	case taken && slices.Contains(contract.BuiltInEnvironments, slug):
		err = refuse(http.StatusConflict, "The slug %q belongs to a built-in environment, which every project has.", slug)
	case violates(err, "slug_of_a_project"):
		err = refuse(http.StatusConflict, "A project already has an environment with the slug %q, so the organization cannot have one.", slug)
	case violates(err, "slug_of_the_organization"):
		err = refuse(http.StatusConflict, "The organization already has an environment with the slug %q, and every project inherits it.", slug)
	case violates(err, "environments.project_id"):
		err = refuse(http.StatusConflict, "The project already has an environment with the slug %q.", slug)
	case violates(err, "environments.slug"):
		err = refuse(http.StatusConflict, "The organization already has an environment with the slug %q.", slug)
	}
	return err
}

func environmentByID(tx *sql.Tx, id string) (Environment, error) {
	return readOne(tx, scanEnvironment, noSuchEnvironment(id), "SELECT "+environmentColumns+" FROM environments t WHERE id = ?", id)
}

func builtInStays() error {
	return refuse(http.StatusConflict, "The built-in environments dev, stg and prd cannot be deleted.")
}

func noSuchEnvironment(id string) error {
	return refuse(http.StatusNotFound, "There is no environment with the id %q.", id)
}
