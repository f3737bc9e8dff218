package base

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// Missing reports whether a project has no such environment, and the plan creates none. It
// also returns the slugs of the project's environments.
func (d *Data) Missing(ctx context.Context, client *traceloop.Client, projectID, slug string) (bool, []string, error) {
	known := func() bool {
		_, created := d.Run.KnowsProject(projectID)
		return created || slices.Contains(BuiltInSlugs, slug) || d.Run.hasEnvironment(projectID, slug) ||
			d.Ledger.Creates(EnvironmentHandle(projectID, slug)) || d.Ledger.Creates(EnvironmentHandle("", slug))
	}
	if known() {
		return false, nil, nil
	}
	// The environments of any one project show those that all of them have.
	d.learnEnvironments.Do(func() { _, _ = d.ListEnvironments(ctx, client.ListEnvironments, projectID) })
	if known() {
		return false, nil, nil
	}
	slugs, err := d.ListEnvironments(ctx, client.ListEnvironments, projectID)
	if err == nil && !slices.Contains(slugs, slug) {
		// Another provider block may have created it since this client read the list.
		slugs, err = d.ListEnvironments(ctx, client.ListEnvironmentsUncached, projectID)
	}
	return err == nil && !slices.Contains(slugs, slug), slugs, err
}

// CheckProject refuses a project that does not exist. It ignores other errors: the call that
// needs the project reports them.
func (d *Data) CheckProject(ctx context.Context, client *traceloop.Client, projectID string, diags *diag.Diagnostics) {
	if exists, _ := d.Run.KnowsProject(projectID); exists {
		return
	}
	if _, err := d.ListEnvironments(ctx, client.ListEnvironments, projectID); traceloop.IsNotFound(err) {
		d.AddUnknownProject(ctx, client, projectID, diags)
	}
}

// ListEnvironments returns the slugs of a project's environments, including inherited ones.
func (d *Data) ListEnvironments(ctx context.Context, list EnvironmentList, projectID string) ([]string, error) {
	slugs := []string{}
	for environment, err := range list(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}) {
		if err != nil {
			return nil, err
		}
		d.Run.SawEnvironment(environment)
		slugs = append(slugs, environment.Slug)
	}
	d.Run.SawProject(projectID)
	return slugs, nil
}

// BuiltInSlugs are the environments that every project has. Source: Traceloop's
// documentation, "Projects and Environments".
var BuiltInSlugs = []string{"dev", "stg", "prd"}
