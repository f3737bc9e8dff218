package base

import (
	"sync"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// Run stores what this process knows about one plan or one apply: what it has read, what it
// plans, and what it has done. Resources report facts and ask questions. The client, not run,
// caches what the service answered (see loader). When Terraform calls, and what follows from
// that: DESIGN.md, "Ledger".
type Run struct {
	mu sync.Mutex

	writing bool // this is certainly an apply

	holdings  map[string]Holding // planned objects of the state, by id
	at        map[Place]string   // ids of holdings
	claims    map[Place]claim    // planned creations
	destroyed map[string]string  // descriptions of projects that the plan destroys, by id

	projects     map[string]bool // ids of existing projects; true if this process created it
	environments map[Place]bool  // existing environments

	handovers map[Place]Handover // from the delete of a replacement to its creation
}

// Place can hold one object: a project by its name, or an environment by its slug and scope.
type Place struct {
	Kind    PlaceKind
	Project string // id; empty for a project and for an organization-level environment
	Name    string // a project's name or an environment's slug
}

// PlaceKind says what a place is for.
type PlaceKind string

const (
	ProjectPlace     PlaceKind = "project"
	EnvironmentPlace PlaceKind = "environment"
)

// Holding is an object of the state and what the plan does with it.
type Holding struct {
	ID        string
	Place     Place
	Object    interface{ Describe() string }
	Protected bool
	Loss      string                 // what is lost if it is destroyed
	Keys      traceloop.APIKeyFilter // the keys that are revoked if it is destroyed
	Leaves    bool                   // the plan destroys or moves it
}

// claim is a creation in the plan.
type claim struct {
	replaced string // id of the object that it replaces, if any
	revokes  bool   // it may revoke an existing key
}

// PlaceConflict says why a plan cannot put an object in a place.
type PlaceConflict int

const (
	NoConflict PlaceConflict = iota
	IsKept                   // another resource keeps an object there
	IsLeaving                // another resource removes an object there, perhaps too late
	IsClaimed                // another resource creates one there
)

// Handover passes data from the delete of a replacement to its creation.
type Handover struct {
	Deleted string // description of what was deleted
}

func newRun() *Run {
	return &Run{
		holdings: map[string]Holding{}, at: map[Place]string{}, claims: map[Place]claim{}, destroyed: map[string]string{},
		projects: map[string]bool{}, environments: map[Place]bool{},
		handovers: map[Place]Handover{},
	}
}

// BeginWriting is called before the first write. Terraform plans each creation again while
// applying; its checks need not run twice. Before the first write, an apply looks like a plan, so
// up to -parallelism creations are checked twice.
func (r *Run) BeginWriting() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writing = true
}

// IsWriting reports whether this is certainly an apply.
func (r *Run) IsWriting() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.writing
}

// Keep notes an object that the plan does not move.
func (r *Run) Keep(h Holding) (Holding, PlaceConflict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holdings[h.ID] = h
	for _, p := range r.rivals(h.Place) {
		if c, ok := r.claims[p]; ok && c.replaced != h.ID {
			return Holding{}, IsClaimed
		}
		if other := r.holdings[r.at[p]]; other.ID != "" && other.ID != h.ID && !other.Leaves {
			return other, IsKept
		}
	}
	r.at[h.Place] = h.ID
	return Holding{}, NoConflict
}

// Leave notes an object that the plan destroys or moves. It reports whether another resource
// needs the place before it is free.
func (r *Run) Leave(h Holding) PlaceConflict {
	r.mu.Lock()
	defer r.mu.Unlock()
	h.Leaves = true
	r.holdings[h.ID], r.at[h.Place] = h, h.ID
	for _, p := range r.rivals(h.Place) {
		if c, ok := r.claims[p]; ok && !c.revokes && c.replaced != h.ID {
			return IsClaimed
		}
	}
	return NoConflict
}

// Claim notes a planned creation. "replaced" is the id of the object that it replaces, or empty.
func (r *Run) Claim(p Place, replaced string, revokes bool) (Holding, PlaceConflict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rival := range r.rivals(p) {
		if _, ok := r.claims[rival]; ok {
			return Holding{}, IsClaimed
		}
		switch other := r.holdings[r.at[rival]]; {
		case other.ID == "" || other.ID == replaced:
		case !other.Leaves:
			return other, IsKept
		case !revokes:
			return other, IsLeaving
		}
	}
	r.claims[p] = claim{replaced, revokes}
	return Holding{}, NoConflict
}

// rivals returns the places that conflict with p: an environment and an organization-level one
// cannot have the same slug.
func (r *Run) rivals(p Place) []Place {
	if p.Kind != EnvironmentPlace {
		return []Place{p}
	}
	if p.Project != "" {
		return []Place{p, {Kind: EnvironmentPlace, Name: p.Name}}
	}
	rivals := []Place{p}
	add := func(q Place) {
		if q.Kind == p.Kind && q.Name == p.Name && q != p {
			rivals = append(rivals, q)
		}
	}
	for q := range r.at {
		add(q)
	}
	for q := range r.claims {
		add(q)
	}
	return rivals
}

// Holding returns the object with this id, as its plan noted it.
func (r *Run) Holding(id string) Holding {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.holdings[id]
}

// MarkDestroyed notes a project that the plan destroys. It returns the protected environments that
// the plan keeps in it.
func (r *Run) MarkDestroyed(projectID, description string) []Holding {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.destroyed[projectID] = description
	var kept []Holding
	for _, h := range r.holdings {
		if h.Place.Kind == EnvironmentPlace && h.Place.Project == projectID && h.Protected && !h.Leaves {
			kept = append(kept, h)
		}
	}
	return kept
}

// DestroyedProject returns the description of a project that the plan destroys.
func (r *Run) DestroyedProject(projectID string) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	description, ok := r.destroyed[projectID]
	return description, ok
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
	r.environments[Place{EnvironmentPlace, e.ProjectID, e.Slug}] = true
}

// hasEnvironment reports whether an existing project is known to have an environment, or this
// plan creates it.
func (r *Run) hasEnvironment(projectID, slug string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range []Place{{EnvironmentPlace, projectID, slug}, {EnvironmentPlace, "", slug}} {
		if _, claimed := r.claims[p]; claimed || r.environments[p] {
			return true
		}
	}
	return false
}

// HandOver passes data to the creation of the same replacement.
func (r *Run) HandOver(to Place, h Handover) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handovers[to] = h
}

// HandedOver returns the data of the delete, if this process deleted the replaced object.
func (r *Run) HandedOver(to Place) (Handover, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h, ok := r.handovers[to]
	return h, ok
}
