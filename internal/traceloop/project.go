package traceloop

import (
	"context"
	"iter"
	"time"
)

// Project holds the traces of one application, apart by environment.
type Project struct {
	ID        string
	Name      string
	Slug      string
	CreatedAt time.Time
	UpdatedAt time.Time
}

func readProject(f *fields) Project {
	return Project{
		ID:        f.text("id"),
		Name:      f.text("name"),
		Slug:      f.text("slug"),
		CreatedAt: f.time("created_at"),
		UpdatedAt: f.time("updated_at"),
	}
}

// ProjectRequest is what can be chosen about a project.
type ProjectRequest struct {
	Name string `json:"name"`
}

// ListProjects yields all projects, oldest first, from what this client has read since its
// last write if that tells. An error is yielded once, last.
func (c *Client) ListProjects(ctx context.Context) iter.Seq2[Project, error] {
	return c.projects.all(ctx)
}

// ListProjectsFresh is ListProjects by requests of its own; see ListAPIKeysFresh.
func (c *Client) ListProjectsFresh(ctx context.Context) iter.Seq2[Project, error] {
	return list(ctx, c, c.paths.Projects, nil, readProject)
}

// CreateProject creates a project. A name that is taken is a conflict; see IsConflict.
// It is repeated like a read, with the same Idempotency-Key. An *UnknownOutcomeError says
// that the project may exist now.
func (c *Client) CreateProject(ctx context.Context, r ProjectRequest) (*Project, error) {
	defer invalidate(c.projects, c.environments)()
	return createIdempotent(ctx, c, c.paths.Projects, r, readProject)
}

// GetProject reads a project. See IsNotFound for one that does not exist.
func (c *Client) GetProject(ctx context.Context, id string) (*Project, error) {
	return c.projects.get(ctx, id)
}

// UpdateProject renames a project. A name that is taken is a conflict; see IsConflict.
func (c *Client) UpdateProject(ctx context.Context, id string, r ProjectRequest) (*Project, error) {
	defer invalidate(c.projects)()
	return update(ctx, c, c.paths.Projects, id, r, readProject)
}

// DeleteProject deletes a project and its traces, for good, and revokes its keys.
func (c *Client) DeleteProject(ctx context.Context, id string) error {
	defer invalidate(c.projects, c.environments, c.apiKeys)()
	return c.projects.remove(ctx, id)
}
