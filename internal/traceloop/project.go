package traceloop

import (
	"cmp"
	"context"
	"iter"
	"time"
)

// Project contains the traces of one application, separated by environment.
type Project struct {
	ID        string
	Name      string
	Slug      string
	CreatedAt time.Time
}

func readProject(f *fields) Project {
	return Project{
		ID:        f.text("id"),
		Name:      f.text("name"),
		Slug:      f.text("slug"),
		CreatedAt: f.time("created_at"),
	}
}

// ProjectRequest contains what can be set in a project.
type ProjectRequest struct {
	Name string `json:"name"`
}

// ListProjects yields all projects, in any order. It uses the client's cache. An error comes last.
func (c *Client) ListProjects(ctx context.Context) iter.Seq2[Project, error] {
	return c.projects.all(ctx)
}

// ListProjectsUncached is ListProjects without the cache; see ListAPIKeysUncached.
func (c *Client) ListProjectsUncached(ctx context.Context) iter.Seq2[Project, error] {
	return c.projects.list(ctx, nil)
}

// CreateProject creates a project. If the name is taken, the error is a conflict (see IsConflict).
// After an *UnknownOutcomeError the project may exist: look for its name before another attempt.
func (c *Client) CreateProject(ctx context.Context, r ProjectRequest) (*Project, error) {
	defer invalidate(c.projects, c.environments)()
	project, err := create(ctx, c.connection, c.paths.Projects, r, readProject)
	if err != nil {
		return nil, err
	}
	project.Name, project.CreatedAt = cmp.Or(project.Name, r.Name), c.orNow(project.CreatedAt)
	return project, nil
}

// GetProject reads a project. If there is none, the error satisfies IsNotFound.
func (c *Client) GetProject(ctx context.Context, id string) (*Project, error) {
	return c.projects.get(ctx, id)
}

// UpdateProject renames a project. If the name is taken, the error is a conflict (see IsConflict).
func (c *Client) UpdateProject(ctx context.Context, id string, r ProjectRequest) (*Project, error) {
	defer invalidate(c.projects)()
	return update(ctx, c.connection, c.paths.Projects, id, r, readProject)
}

// DeleteProject deletes a project and its traces and revokes its keys. It cannot be undone.
func (c *Client) DeleteProject(ctx context.Context, id string) error {
	defer invalidate(c.projects, c.environments, c.apiKeys)()
	return c.projects.remove(ctx, id)
}
