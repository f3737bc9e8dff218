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

// environments of a project are its own and every organization-level one (Rule 3).
var environments = kind[Environment]{
	table: "environments", columns: "t.id, t.name, t.slug, " + scopeColumn + ", t.project_id, t.built_in, t.created_at",
	scan: func(scan row) (v Environment, err error) {
		err = scan(&v.ID, &v.Name, &v.Slug, &v.Scope, &v.ProjectID, &v.BuiltIn, &v.CreatedAt)
		return v, err
	},
	absent:  "There is no environment with the id %q.",
	filters: []filter{{"project_id", "(t.project_id IS NULL OR t.project_id = ?)", checkProject}},
}

const scopeColumn = "iif(t.project_id IS NULL, 'organization', 'project')"

func (c *call) createEnvironment() (any, error) {
	var name string
	var project *string
	if err := c.read(fields{"name": &name, "project_id": &project}); err != nil {
		return nil, err
	}
	if err := checkEnvironmentName(name); err != nil {
		return nil, err
	}
	if project != nil && *project == "" {
		return nil, refuse(http.StatusBadRequest, "project_id is empty; leave it out for an organization-level environment.")
	}
	return c.once("createEnvironment", false, func() (any, error) {
		return insertEnvironment(c.tx, Environment{Name: name, ProjectID: project, CreatedAt: c.now})
	})
}

func (c *call) deleteEnvironment() (any, error) {
	deleted, err := environments.delete(c)
	if violates(err, "built_in_environment") {
		err = builtInStays()
	}
	return deleted, err
}

// insertEnvironment makes the slug, and the id if it is empty.
func insertEnvironment(tx *sql.Tx, v Environment) (Environment, error) {
	slug, id := traceloop.Slug(v.Name), v.ID
	err := tx.QueryRow("INSERT INTO environments (id, project_id, name, slug, built_in, created_at) VALUES ("+newOr+", ?, ?, ?, ?, ?) RETURNING id",
		v.ID, v.ProjectID, v.Name, slug, v.BuiltIn, v.CreatedAt).Scan(&v.ID)
	switch {
	case violates(err, "FOREIGN KEY"):
		return v, projects.none(*v.ProjectID)
	case err != nil:
		return v, idTaken(environmentRefused(err, slug), "environments.id", id)
	}
	return environments.byID(tx, v.ID)
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

func builtInStays() error {
	return refuse(http.StatusConflict, "The built-in environments dev, stg and prd cannot be deleted.")
}
