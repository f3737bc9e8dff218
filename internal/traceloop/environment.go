package traceloop

import (
	"cmp"
	"context"
	"iter"
	"net/url"
	"slices"
	"time"
)

// The scopes of an environment.
const (
	// ScopeOrganization means that every project inherits the environment.
	ScopeOrganization = "organization"
	// ScopeProject means that one project owns the environment.
	ScopeProject = "project"
)

// Environment separates the traces of a project, such as dev from prd.
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
		BuiltIn:   optionalOr[bool](f, "built_in", "true or false"),
		CreatedAt: f.time("created_at"),
	}
	if e.Scope == ScopeProject {
		e.ProjectID = f.text("project_id")
	} else {
		e.ProjectID = f.optionalText("project_id")
	}
	return e
}

// EnvironmentRequest describes a new environment. Without a project it is organization-level.
type EnvironmentRequest struct {
	Name      string `json:"name"`
	ProjectID string `json:"project_id,omitempty"`
}

// EnvironmentFilter restricts a list to the environments of one project, including inherited
// ones. Without a project, the list has every environment of the organization, of both scopes.
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

// ListEnvironments yields environments, in any order. It uses the client's cache if that has the
// answer. An error comes last; IsNotFound means that the filter's project does not exist.
func (c *Client) ListEnvironments(ctx context.Context, filter EnvironmentFilter) iter.Seq2[Environment, error] {
	if filter == (EnvironmentFilter{}) {
		return c.environments.all(ctx)
	}
	return c.environments.where(ctx, filter.query(), filter.selects, func(found []Environment) (bool, error) {
		if slices.ContainsFunc(found, func(e Environment) bool { return e.ProjectID == filter.ProjectID }) {
			return true, nil
		}
		return c.projectExists(ctx, filter.ProjectID) // all are organization-level
	})
}

// ListEnvironmentsUncached is ListEnvironments without the cache; see ListAPIKeysUncached.
func (c *Client) ListEnvironmentsUncached(ctx context.Context, filter EnvironmentFilter) iter.Seq2[Environment, error] {
	list := c.environments.collection
	list.read = func(f *fields) Environment {
		environment := readEnvironment(f)
		if filter.ProjectID != "" && !filter.selects(&environment) { // the service ignores the filter
			f.gone = "It is in another project."
		}
		return environment
	}
	return list.list(ctx, filter.query())
}

// OrganizationMark returns an id that differs between organizations and stays the same in one: that
// of the built-in organization-level environment with the smallest slug, which cannot be deleted.
// It is empty if there is none. It uses the client's cache.
func (c *Client) OrganizationMark(ctx context.Context) (string, error) {
	var mark Environment
	for e, err := range c.environments.all(ctx) {
		if err != nil {
			return "", err
		}
		if e.BuiltIn && e.Scope == ScopeOrganization && (mark.ID == "" || e.Slug < mark.Slug) {
			mark = e
		}
	}
	return mark.ID, nil
}

// CreateEnvironment creates an environment. If the slug is taken, the error is a conflict (see
// IsConflict). After an *UnknownOutcomeError the environment may exist: look for its name before
// another attempt.
func (c *Client) CreateEnvironment(ctx context.Context, r EnvironmentRequest) (*Environment, error) {
	defer invalidate(c.environments)()
	environment, err := create(ctx, c.connection, c.paths.Environments, r, readEnvironment)
	if err != nil {
		return nil, err
	}
	environment.Name, environment.CreatedAt = cmp.Or(environment.Name, r.Name), c.orNow(environment.CreatedAt)
	if environment.Scope == "" {
		environment.Scope, environment.ProjectID = ScopeOrganization, r.ProjectID
		if r.ProjectID != "" {
			environment.Scope = ScopeProject
		}
	}
	return environment, nil
}

// GetEnvironment reads an environment. If there is none, the error satisfies IsNotFound.
func (c *Client) GetEnvironment(ctx context.Context, id string) (*Environment, error) {
	return c.environments.get(ctx, id)
}

// DeleteEnvironment deletes an environment and its traces and revokes its keys, in every project
// for an organization-level one. For a built-in one, the error is a conflict.
func (c *Client) DeleteEnvironment(ctx context.Context, id string) error {
	defer invalidate(c.environments, c.apiKeys)()
	return c.environments.remove(ctx, id)
}
