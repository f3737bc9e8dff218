package provider

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// environmentCheck answers at plan time whether a project has an environment, with one
// list request for each project that existed before the plan.
type environmentCheck struct {
	lists singleflight.Group

	mu      sync.Mutex
	slugs   map[string][]string // by project id
	planned map[string]bool     // by project id (empty: organization-level) and slug
	created map[string]bool     // by project id
}

// plan notes an environment that the plan under way creates.
func (c *environmentCheck) plan(projectID, slug string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.planned == nil {
		c.planned = map[string]bool{}
	}
	c.planned[projectID+"/"+slug] = true
}

// create notes a project that this process created: what is wrong with its
// environments is found out for free when they are used.
func (c *environmentCheck) create(projectID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.created == nil {
		c.created = map[string]bool{}
	}
	c.created[projectID] = true
}

// in returns the slugs of the environments in force in a project, from memory where it
// can; none for a project that this process created.
func (c *environmentCheck) in(ctx context.Context, client *traceloop.Client, projectID string) ([]string, error) {
	c.mu.Lock()
	slugs, listed := c.slugs[projectID]
	listed = listed || c.created[projectID]
	c.mu.Unlock()
	if listed {
		return slugs, nil
	}

	_, err, _ := c.lists.Do(projectID, func() (any, error) {
		found, err := environmentSlugs(ctx, client, projectID)
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.slugs == nil {
			c.slugs = map[string][]string{}
		}
		c.slugs[projectID] = found
		return nil, nil
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.slugs[projectID], err
}

// missing returns true, and the slugs that there are, when the project has no such
// environment and the plan creates none. The error is that of the list request.
func (c *environmentCheck) missing(ctx context.Context, client *traceloop.Client, projectID, slug string) (bool, []string, error) {
	c.mu.Lock()
	settled := c.created[projectID] || c.planned[projectID+"/"+slug] || c.planned["/"+slug]
	c.mu.Unlock()
	if settled {
		return false, nil, nil
	}

	slugs, err := c.in(ctx, client, projectID)
	if err != nil || slices.Contains(slugs, slug) {
		return false, nil, err
	}
	// The remembered list may be older than an environment that this apply has created.
	slugs, err = environmentSlugs(ctx, client, projectID)
	return err == nil && !slices.Contains(slugs, slug), slugs, err
}

// environmentSlugs lists the environments in force in a project.
func environmentSlugs(ctx context.Context, client *traceloop.Client, projectID string) ([]string, error) {
	slugs := []string{}
	for environment, err := range client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}) {
		if err != nil {
			return nil, err
		}
		slugs = append(slugs, environment.Slug)
	}
	return slugs, nil
}
