package environment

import (
	"context"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// findEnvironment looks for an environment by its slug, in its own scope.
func (r *managedResource) findEnvironment(ctx context.Context, client *traceloop.Client, projectID, name string, started time.Time) base.Settled[traceloop.Environment] {
	for environment, err := range client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}) {
		if err != nil {
			return base.Settled[traceloop.Environment]{Err: err}
		}
		if environment.Name == name && environment.ProjectID == projectID {
			return base.Settled[traceloop.Environment]{Object: &environment, Ours: client.CreatedSince(environment.CreatedAt, started)}
		}
	}
	return base.Settled[traceloop.Environment]{}
}
