package traceloop

import (
	"context"
	"iter"
	"net/url"
	"slices"
	"time"
)

// The scopes of an environment.
const (
	// ScopeOrganization is that of an environment which every project inherits.
	ScopeOrganization = "organization"
	// ScopeProject is that of an environment which one project has.
	ScopeProject = "project"
)

// Environment divides the traces of a project, such as dev from prd.
type Environment struct {
	ID        string
	Name      string
	Slug      string
	Scope     string
	ProjectID string // empty for an organization-level environment
	BuiltIn   bool   // dev, stg and prd, which cannot be deleted
	CreatedAt time.Time
}

func readEnvironment(f *fields) Environment {
	e := Environment{
		ID:        f.text("id"),
		Name:      f.text("name"),
		Slug:      f.text("slug"),
		Scope:     f.text("scope"),
		BuiltIn:   f.boolean("built_in"),
		CreatedAt: f.time("created_at"),
	}
	if e.Scope == ScopeProject {
		e.ProjectID = f.text("project_id")
	} else {
		e.ProjectID = f.optionalText("project_id")
	}
	return e
}

// EnvironmentRequest describes an environment to create. Without a project it is
// organization-level.
type EnvironmentRequest struct {
	Name      string `json:"name"`
	ProjectID string `json:"project_id,omitempty"`
}

// EnvironmentFilter restricts a list to the environments in force in one project,
// inherited ones included. Without a project every environment of the organization is
// listed, of both scopes.
type EnvironmentFilter struct {
	ProjectID string
}

func (f EnvironmentFilter) query() url.Values {
	if f.ProjectID == "" {
		return nil
	}
	return url.Values{"project_id": {f.ProjectID}}
}

func (f EnvironmentFilter) selects(e *Environment) bool {
	return e.Scope == ScopeOrganization || e.ProjectID == f.ProjectID
}

// ListEnvironments yields environments, oldest first, from what this client has read
// since its last write if that tells. An error is yielded once, last; IsNotFound says that
// the filter's project does not exist.
func (c *Client) ListEnvironments(ctx context.Context, filter EnvironmentFilter) iter.Seq2[Environment, error] {
	if filter == (EnvironmentFilter{}) {
		return c.environments.all(ctx)
	}
	return c.environments.where(ctx, filter.query(), filter.selects, func(found []Environment) (bool, error) {
		return slices.ContainsFunc(found, func(e Environment) bool { return e.BuiltIn && e.ProjectID == filter.ProjectID }), nil // every project has some
	})
}

// ListEnvironmentsFresh is ListEnvironments by requests of its own; see ListAPIKeysFresh.
func (c *Client) ListEnvironmentsFresh(ctx context.Context, filter EnvironmentFilter) iter.Seq2[Environment, error] {
	return list(ctx, c, c.paths.Environments, filter.query(), readEnvironment)
}

// CreateEnvironment creates an environment. A slug that is taken is a conflict; see
// IsConflict. An *UnknownOutcomeError says that the environment may exist now.
func (c *Client) CreateEnvironment(ctx context.Context, r EnvironmentRequest) (*Environment, error) {
	defer invalidate(c.environments)()
	return createIdempotent(ctx, c, c.paths.Environments, r, readEnvironment)
}

// GetEnvironment reads an environment. See IsNotFound for one that does not exist.
func (c *Client) GetEnvironment(ctx context.Context, id string) (*Environment, error) {
	return c.environments.get(ctx, id)
}

// DeleteEnvironment deletes an environment and its traces, for good, and revokes its
// keys; an organization-level one in every project. A built-in one is a conflict.
func (c *Client) DeleteEnvironment(ctx context.Context, id string) error {
	defer invalidate(c.environments, c.apiKeys)()
	return c.environments.remove(ctx, id)
}
