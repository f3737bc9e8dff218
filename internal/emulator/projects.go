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

var projects = kind[Project]{
	table: "projects", columns: "t.id, t.name, t.slug, t.created_at, t.updated_at",
	scan: func(scan row) (p Project, err error) {
		err = scan(&p.ID, &p.Name, &p.Slug, &p.CreatedAt, &p.UpdatedAt)
		return p, err
	},
	absent: "There is no project with the id %q.",
}

// checkProject refuses the id of a project that does not exist.
func checkProject(tx *sql.Tx, id string) error {
	_, err := projects.byID(tx, id)
	return err
}

func (c *call) createProject() (any, error) {
	name, err := c.projectName()
	if err != nil {
		return nil, err
	}
	return c.once("createProject", false, func() (any, error) {
		return insertProject(c.tx, Project{Name: name, CreatedAt: c.now})
	})
}

func (c *call) updateProject() (any, error) {
	name, err := c.projectName()
	if err != nil {
		return nil, err
	}
	project, err := projects.byID(c.tx, c.PathValue("id"))
	if err != nil || project.Name == name {
		return project, err
	}
	project.Name, project.UpdatedAt = name, c.now
	if project.Slug, err = freeProjectSlug(c.tx, name, project.ID); err != nil {
		return nil, err
	}
	_, err = c.tx.Exec("UPDATE projects SET name = ?, slug = ?, updated_at = ? WHERE id = ?",
		project.Name, project.Slug, project.UpdatedAt, project.ID)
	return project, projectRefused(err, project)
}

// projectName reads the body of a creation or a change.
func (c *call) projectName() (name string, err error) {
	if err := c.read(fields{"name": &name}); err != nil {
		return "", err
	}
	return name, checkName(name)
}

// insertProject makes what is empty: the id and the slug.
func insertProject(tx *sql.Tx, p Project) (_ Project, err error) {
	if p.Slug == "" {
		if p.Slug, err = freeProjectSlug(tx, p.Name, ""); err != nil {
			return p, err
		}
	}
	given := p
	p.UpdatedAt = p.CreatedAt
	err = tx.QueryRow("INSERT INTO projects (id, name, slug, created_at, updated_at) VALUES ("+newOr+", ?, ?, ?, ?) RETURNING id",
		p.ID, p.Name, p.Slug, p.CreatedAt, p.UpdatedAt).Scan(&p.ID)
	return p, projectRefused(err, given)
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

// projectRefused names the rule that the database found violated.
func projectRefused(err error, p Project) error {
	switch {
	case violates(err, "projects.name"):
		return refuse(http.StatusConflict, "A project named %q already exists.", p.Name)
	case violates(err, "projects.slug"):
		return refuse(http.StatusConflict, "Another project has the slug %q.", p.Slug)
	}
	return idTaken(err, "projects.id", p.ID)
}
