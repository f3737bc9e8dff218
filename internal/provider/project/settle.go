package project

import (
	"context"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// findProject looks for a project by its name.
func (r *managedResource) findProject(ctx context.Context, client *traceloop.Client, name string, started time.Time) base.Settled[traceloop.Project] {
	for project, err := range client.ListProjects(ctx) {
		if err != nil {
			return base.Settled[traceloop.Project]{Err: err}
		}
		if project.Name == name {
			return base.Settled[traceloop.Project]{Object: &project, Ours: client.CreatedSince(project.CreatedAt, started)}
		}
	}
	return base.Settled[traceloop.Project]{}
}
