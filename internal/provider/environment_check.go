package provider

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"golang.org/x/sync/singleflight"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// environmentCheck answers at plan time whether a project has an environment. It asks the
// service only for what the plan has neither read nor is going to create. An apply that has
// only just begun looks like a plan, so that what is asked for must be cheap: the look at
// the project's keys is one that generating them needs anyway, and the environments of any
// one project show those that all of them have.
type environmentCheck struct {
	lists    singleflight.Group
	created  sync.Map     // ids of projects that this process has created
	projects sync.Map     // ids of other projects that exist
	looks    atomic.Int32 // at projects that were not known
	inForce  sync.Map     // project id (empty: in all projects), slash, slug
	learned  atomic.Bool  // whether inForce has what all projects have
}

// plan notes an environment that the plan under way creates.
func (c *environmentCheck) plan(projectID, slug string) {
	c.inForce.Store(projectID+"/"+slug, true)
}

// create notes a project that this process created: what is wrong with its
// environments is found out for free when they are used.
func (c *environmentCheck) create(projectID string) {
	c.created.Store(projectID, true)
}

// sawProject notes a project that the service has.
func (c *environmentCheck) sawProject(id string) {
	c.projects.Store(id, true)
}

// sawEnvironment notes an environment that the service has.
func (c *environmentCheck) sawEnvironment(e traceloop.Environment) {
	c.inForce.Store(e.ProjectID+"/"+e.Slug, true)
}

// knows reports whether a project is known to exist, and whether this process has created it.
func (c *environmentCheck) knows(projectID string) (exists, created bool) {
	_, created = c.created.Load(projectID)
	_, exists = c.projects.Load(projectID)
	return exists || created, created
}

// has reports whether a project that exists is known to have the environment.
func (c *environmentCheck) has(projectID, slug string) bool {
	_, everywhere := c.inForce.Load("/" + slug)
	_, here := c.inForce.Load(projectID + "/" + slug)
	return everywhere || here || slices.Contains(builtInSlugs, slug)
}

// learn lists the environments of the first project that it is called for.
func (c *environmentCheck) learn(ctx context.Context, client *traceloop.Client, projectID string) {
	// An error is not for whoever waits here, who may have asked for another project.
	_, _, _ = c.lists.Do("", func() (any, error) {
		if !c.learned.Load() {
			_, _ = c.list(ctx, client, projectID)
		}
		return nil, nil
	})
}

// list returns the slugs of the environments in force in a project.
func (c *environmentCheck) list(ctx context.Context, client *traceloop.Client, projectID string) ([]string, error) {
	slugs, err, _ := c.lists.Do(projectID, func() (any, error) {
		slugs := []string{}
		for environment, err := range client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}) {
			if err != nil {
				return nil, err
			}
			c.sawEnvironment(environment)
			slugs = append(slugs, environment.Slug)
		}
		c.sawProject(projectID)
		c.learned.Store(true)
		return slugs, nil
	})
	if err != nil {
		return nil, err
	}
	return slugs.([]string), nil //nolint:forcetypeassert // from above
}

// maxLooks is how many projects an apply looks at before it creates: what it works on at
// the same time, by default.
const maxLooks = 10

// look finds out whether a project exists. Only a plan has many to look at, and no use for
// what the look at their keys shows.
func (d *providerData) look(ctx context.Context, projectID string) error {
	if d.environments.looks.Add(1) <= maxLooks {
		return d.occupancy.look(ctx, d.client, projectID)
	}
	_, err := d.client.GetProject(ctx, projectID)
	return err
}

// missing returns true, and the slugs that there are, when the project has no such
// environment and the plan creates none. The error is that of a list request.
func (d *providerData) missing(ctx context.Context, projectID, slug string) (bool, []string, error) {
	c := &d.environments
	exists, created := c.knows(projectID)
	if created {
		return false, nil, nil
	}
	if !exists {
		if err := d.look(ctx, projectID); err != nil {
			return false, nil, err
		}
		c.sawProject(projectID)
	}
	if c.has(projectID, slug) {
		return false, nil, nil
	}
	if c.learn(ctx, d.client, projectID); c.has(projectID, slug) {
		return false, nil, nil
	}
	slugs, err := c.list(ctx, d.client, projectID)
	return err == nil && !slices.Contains(slugs, slug), slugs, err
}

// checkProject refuses a project that does not exist. Other failures are left to the
// call that needs the answer.
func (d *providerData) checkProject(ctx context.Context, projectID string, diags *diag.Diagnostics) {
	if exists, _ := d.environments.knows(projectID); exists {
		return
	}
	if _, err := d.environments.list(ctx, d.client, projectID); traceloop.IsNotFound(err) {
		addUnknownProject(diags, projectID)
	}
}
