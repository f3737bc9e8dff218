package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// missing reports whether a project has no such environment, and the plan creates none. It
// also returns the slugs of the project's environments.
func (d *providerData) missing(ctx context.Context, projectID, slug string) (bool, []string, error) {
	known := func() bool {
		_, created := d.run.knowsProject(projectID)
		return created || slices.Contains(builtInSlugs, slug) || d.run.hasEnvironment(projectID, slug)
	}
	if known() {
		return false, nil, nil
	}
	// The environments of any one project show those that all of them have.
	d.learnEnvironments.Do(func() { _, _ = d.listEnvironments(ctx, d.client.ListEnvironments, projectID) })
	if known() {
		return false, nil, nil
	}
	slugs, err := d.listEnvironments(ctx, d.client.ListEnvironments, projectID)
	if err == nil && !slices.Contains(slugs, slug) {
		// Another provider block may have created it since this client read the list.
		slugs, err = d.listEnvironments(ctx, d.client.ListEnvironmentsUncached, projectID)
	}
	return err == nil && !slices.Contains(slugs, slug), slugs, err
}

// checkProject refuses a project that does not exist. It ignores other errors: the call that
// needs the project reports them.
func (d *providerData) checkProject(ctx context.Context, projectID string, diags *diag.Diagnostics) {
	if exists, _ := d.run.knowsProject(projectID); exists {
		return
	}
	if _, err := d.listEnvironments(ctx, d.client.ListEnvironments, projectID); traceloop.IsNotFound(err) {
		d.addUnknownProject(ctx, projectID, diags)
	}
}

// listEnvironments returns the slugs of a project's environments, including inherited ones.
func (d *providerData) listEnvironments(ctx context.Context, list environmentList, projectID string) ([]string, error) {
	slugs := []string{}
	for environment, err := range list(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}) {
		if err != nil {
			return nil, err
		}
		d.run.sawEnvironment(environment)
		slugs = append(slugs, environment.Slug)
	}
	d.run.sawProject(projectID)
	return slugs, nil
}
