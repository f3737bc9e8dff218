package emulator

import (
	"database/sql"
	"net/http"
	"strconv"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// Project is a project as the API shows it.
type Project struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Slug      string `json:"slug"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
}

const projectColumns = "t.id, t.name, t.slug, t.created_at, t.updated_at"

func scanProject(scan row) (p Project, err error) {
	err = scan(&p.ID, &p.Name, &p.Slug, &p.CreatedAt, &p.UpdatedAt)
	return p, err
}

func (e *Emulator) listProjects(r *http.Request) (answer, error) {
	page, err := parsePage(r)
	if err != nil {
		return answer{}, err
	}
	return e.transact(func(tx *sql.Tx) (any, error) {
		return readPage(tx, page, projectColumns, "FROM projects t WHERE true", nil, scanProject)
	})
}

func (e *Emulator) getProject(r *http.Request) (answer, error) {
	return e.transact(func(tx *sql.Tx) (any, error) { return projectByID(tx, r.PathValue("id")) })
}

func (e *Emulator) createProject(r *http.Request) (answer, error) {
	var name string
	body, err := readBody(r, fields{"name": &name})
	if err != nil {
		return answer{}, err
	}
	if err := checkName(name); err != nil {
		return answer{}, err
	}
	return e.create(r, creation{operation: "createProject", body: body, do: func(tx *sql.Tx) (any, error) {
		return insertProject(tx, Project{Name: name, CreatedAt: e.timestamp()})
	}})
}

func (e *Emulator) updateProject(r *http.Request) (answer, error) {
	var name string
	if _, err := readBody(r, fields{"name": &name}); err != nil {
		return answer{}, err
	}
	if err := checkName(name); err != nil {
		return answer{}, err
	}
	return e.transact(func(tx *sql.Tx) (any, error) {
		project, err := projectByID(tx, r.PathValue("id"))
		if err != nil || project.Name == name {
			return project, err
		}
		project.Name, project.UpdatedAt = name, e.timestamp()
		if project.Slug, err = freeProjectSlug(tx, name, project.ID); err != nil {
			return nil, err
		}
		_, err = tx.Exec("UPDATE projects SET name = ?, slug = ?, updated_at = ? WHERE id = ?",
			project.Name, project.Slug, project.UpdatedAt, project.ID)
		return project, projectNameTaken(err, name)
	})
}

// deleteProject also deletes the project's environments, keys and traces (Rule 8): see ON
// DELETE CASCADE in the schema.
func (e *Emulator) deleteProject(r *http.Request) (answer, error) {
	return e.delete(func(tx *sql.Tx) (sql.Result, error) {
		return tx.Exec("DELETE FROM projects WHERE id = ?", r.PathValue("id"))
	}, noSuchProject(r.PathValue("id")))
}

// insertProject makes what is empty: the id and the slug.
func insertProject(tx *sql.Tx, p Project) (_ Project, err error) {
	if p.Slug == "" {
		if p.Slug, err = freeProjectSlug(tx, p.Name, ""); err != nil {
			return p, err
		}
	}
	id := p.ID
	p.UpdatedAt = p.CreatedAt
	err = tx.QueryRow("INSERT INTO projects (id, name, slug, created_at, updated_at) VALUES ("+newOr+", ?, ?, ?, ?) RETURNING id",
		id, p.Name, p.Slug, p.CreatedAt, p.UpdatedAt).Scan(&p.ID)
	if violates(err, "projects.slug") {
		err = refuse(http.StatusConflict, "Another project has the slug %q.", p.Slug)
	}
	return p, idTaken(projectNameTaken(err, p.Name), "projects.id", id)
}

// freeProjectSlug makes a slug from the name. It adds a number if another project has the slug.
func freeProjectSlug(tx *sql.Tx, name, id string) (string, error) {
	base := traceloop.Slug(name)
	if base == "" {
		base = "project"
	}
	slug := base
	for n := 2; ; n++ {
		var taken bool
		err := tx.QueryRow("SELECT EXISTS (SELECT 1 FROM projects WHERE slug = ? AND id <> ?)", slug, id).Scan(&taken)
		if err != nil || !taken {
			return slug, err
		}
		suffix := "-" + strconv.Itoa(n)
		// A slug has the same maximum length as a name.
		slug = strings.TrimRight(base[:min(len(base), contract.MaxName-len(suffix))], "-") + suffix
	}
}

func projectByID(tx *sql.Tx, id string) (Project, error) {
	return readOne(tx, scanProject, noSuchProject(id), "SELECT "+projectColumns+" FROM projects t WHERE id = ?", id)
}

func noSuchProject(id string) error {
	return refuse(http.StatusNotFound, "There is no project with the id %q.", id)
}

func projectNameTaken(err error, name string) error {
	if violates(err, "projects.name") {
		return refuse(http.StatusConflict, "A project named %q already exists.", name)
	}
	return err
}
