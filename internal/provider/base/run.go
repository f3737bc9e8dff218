package base

import (
	"sync"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// Run stores which projects and environments this process knows to exist, so that nothing is looked
// up twice before a key is generated. Resources report what they have seen. The client, not Run, caches
// what the service answered.
type Run struct {
	mu           sync.Mutex
	projects     map[string]bool // by id; true if this process created it
	environments map[Handle]bool
}

func newRun() *Run {
	return &Run{projects: map[string]bool{}, environments: map[Handle]bool{}}
}

// SawProject notes a project that exists.
func (r *Run) SawProject(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	created := r.projects[id]
	r.projects[id] = created
}

// CreatedProject notes a project that this process created. It has no keys, and its environments
// need no check before they are used.
func (r *Run) CreatedProject(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.projects[id] = true
}

// KnowsProject reports whether a project is known to exist, and whether this process created it.
func (r *Run) KnowsProject(id string) (exists, created bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	created, exists = r.projects[id]
	return exists, created
}

// SawEnvironment notes an environment that exists.
func (r *Run) SawEnvironment(e traceloop.Environment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.environments[EnvironmentHandle(e.ProjectID, e.Slug)] = true
}

// hasEnvironment reports whether an existing project is known to have an environment.
func (r *Run) hasEnvironment(projectID, slug string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.environments[EnvironmentHandle(projectID, slug)] || r.environments[EnvironmentHandle("", slug)]
}
