package base

import "github.com/traceloop/terraform-provider-traceloop/internal/traceloop"

// Run stores which projects and environments this process knows to exist, so that nothing is looked
// up twice before a key is generated. Resources report what they have seen. The client, not Run, caches
// what the service answered.
type Run struct {
	projects     Set[string] // by id
	created      Set[string] // ids of projects that this process created
	environments Set[Handle]
}

// SawProject notes a project that exists.
func (r *Run) SawProject(id string) { r.projects.Add(id) }

// CreatedProject notes a project that this process created. It has no keys, and its environments
// need no check before they are used.
func (r *Run) CreatedProject(id string) { r.created.Add(id) }

// KnowsProject reports whether a project is known to exist, and whether this process created it.
func (r *Run) KnowsProject(id string) (exists, created bool) {
	created = r.created.Has(id)
	return created || r.projects.Has(id), created
}

// SawEnvironment notes an environment that exists.
func (r *Run) SawEnvironment(e traceloop.Environment) {
	r.environments.Add(EnvironmentHandle(e.ProjectID, e.Slug))
}

// hasEnvironment reports whether an existing project is known to have an environment.
func (r *Run) hasEnvironment(projectID, slug string) bool {
	return r.environments.Has(EnvironmentHandle(projectID, slug)) || r.environments.Has(EnvironmentHandle("", slug))
}
