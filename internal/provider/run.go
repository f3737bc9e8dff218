package provider

import (
	"sync"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// run stores what this process knows about one plan or one apply: what it has read, what it
// plans, and what it has done. Resources report facts and ask questions. The client, not run,
// caches what the service answered (see its lists). When Terraform calls, and what follows from
// that: DESIGN.md, "Run".
type run struct {
	mu sync.Mutex

	planning bool            // this is certainly a plan
	writing  bool            // this is certainly an apply
	inState  map[string]bool // ids of objects, by UpgradeResourceState
	read     map[string]bool // ids of keys, by Read
	imported map[string]bool // ids of keys, by ImportState

	holdings  map[string]holding // planned objects of the state, by id
	at        map[place]string   // ids of holdings
	claims    map[place]claim    // planned creations
	destroyed map[string]string  // descriptions of projects that the plan destroys, by id

	projects     map[string]bool // ids of existing projects; true if this process created it
	environments map[place]bool  // existing environments

	generated map[string]bool    // ids of keys that this process generated
	emptied   map[place]bool     // places whose key this process revoked
	handovers map[place]handover // from the delete of a replacement to its creation
}

// place can hold one object: a project by its name, an environment by its slug and scope, or an
// API key by its project and environment.
type place struct {
	kind    placeKind
	project string // id; empty for a project and for an organization-level environment
	name    string // a project's name or an environment's slug
}

type placeKind string

const (
	projectPlace     placeKind = "project"
	environmentPlace placeKind = "environment"
	apiKeyPlace      placeKind = "api_key"
)

// holding is an object of the state and what the plan does with it.
type holding struct {
	id        string
	place     place
	object    interface{ describe() string }
	protected bool
	loss      string                 // what is lost if it is destroyed
	keys      traceloop.APIKeyFilter // the keys that are revoked if it is destroyed
	leaves    bool                   // the plan destroys or moves it
}

// claim is a creation in the plan.
type claim struct {
	replaced string // id of the object that it replaces, if any
	revokes  bool   // it may revoke an existing key
}

// conflict says why a plan cannot put an object in a place.
type conflict int

const (
	noConflict conflict = iota
	isKept              // another resource keeps an object there
	isLeaving           // another resource removes an object there, perhaps too late
	isClaimed           // another resource creates one there
)

// handover passes data from the delete of a replacement to its creation.
type handover struct {
	deleted       string // description of what was deleted
	plannedRevoke string // id of the key that the plan announced to revoke
}

func newRun() *run {
	return &run{
		planning: currentCommand().plans,
		inState:  map[string]bool{}, read: map[string]bool{}, imported: map[string]bool{},
		holdings: map[string]holding{}, at: map[place]string{}, claims: map[place]claim{}, destroyed: map[string]string{},
		projects: map[string]bool{}, environments: map[place]bool{},
		generated: map[string]bool{}, emptied: map[place]bool{}, handovers: map[place]handover{},
	}
}

// beginWriting is called before the first write. Terraform plans each creation again while
// applying; its checks need not run twice. Before the first write, an apply looks like a plan, so
// up to -parallelism creations are checked twice.
func (r *run) beginWriting() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writing = true
}

func (r *run) isWriting() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.writing
}

// isPlanning reports whether this is certainly a plan.
func (r *run) isPlanning() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.planning
}

// sawState notes an object of the state.
func (r *run) sawState(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inState[id] = true
}

// mayLeave reports whether an object of the state was not planned yet. It may be planned later,
// or never, if it is tainted or deposed.
func (r *run) mayLeave(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.inState[id] && r.holdings[id].id == ""
}

// markRead notes a key that was refreshed. Only a plan refreshes.
func (r *run) markRead(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read[id], r.planning = true, true
}

func (r *run) markImported(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.imported[id], r.planning = true, true
}

func (r *run) wasImported(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.imported[id]
}

// mayRotate reports whether this may rotate a key that is due. An apply must not rotate a key
// that its plan did not, and a plan does not replace a key that it imports.
func (r *run) mayRotate(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.read[id] && !r.imported[id]
}

// keep notes an object that the plan does not move.
func (r *run) keep(h holding) (holding, conflict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holdings[h.id] = h
	for _, p := range r.rivals(h.place) {
		if c, ok := r.claims[p]; ok && c.replaced != h.id {
			return holding{}, isClaimed
		}
		if other := r.holdings[r.at[p]]; other.id != "" && other.id != h.id && !other.leaves {
			return other, isKept
		}
	}
	r.at[h.place] = h.id
	return holding{}, noConflict
}

// leave notes an object that the plan destroys or moves. It reports whether another resource
// needs the place before it is free.
func (r *run) leave(h holding) conflict {
	r.mu.Lock()
	defer r.mu.Unlock()
	h.leaves = true
	r.holdings[h.id], r.at[h.place] = h, h.id
	for _, p := range r.rivals(h.place) {
		if c, ok := r.claims[p]; ok && !c.revokes && c.replaced != h.id {
			return isClaimed
		}
	}
	return noConflict
}

// claim notes a planned creation. "replaced" is the id of the object that it replaces, or empty.
func (r *run) claim(p place, replaced string, revokes bool) (holding, conflict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rival := range r.rivals(p) {
		if _, ok := r.claims[rival]; ok {
			return holding{}, isClaimed
		}
		switch other := r.holdings[r.at[rival]]; {
		case other.id == "" || other.id == replaced:
		case !other.leaves:
			return other, isKept
		case !revokes:
			return other, isLeaving
		}
	}
	r.claims[p] = claim{replaced, revokes}
	return holding{}, noConflict
}

// rivals returns the places that conflict with p: an environment and an organization-level one
// cannot have the same slug.
func (r *run) rivals(p place) []place {
	if p.kind != environmentPlace {
		return []place{p}
	}
	if p.project != "" {
		return []place{p, {kind: environmentPlace, name: p.name}}
	}
	rivals := []place{p}
	add := func(q place) {
		if q.kind == p.kind && q.name == p.name && q != p {
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

// holding returns the object with this id, as its plan noted it.
func (r *run) holding(id string) holding {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.holdings[id]
}

// markDestroyed notes a project that the plan destroys. It returns the protected environments that
// the plan keeps in it.
func (r *run) markDestroyed(projectID, description string) []holding {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.destroyed[projectID] = description
	var kept []holding
	for _, h := range r.holdings {
		if h.place.kind == environmentPlace && h.place.project == projectID && h.protected && !h.leaves {
			kept = append(kept, h)
		}
	}
	return kept
}

// destroyedProject returns the description of a project that the plan destroys.
func (r *run) destroyedProject(projectID string) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	description, ok := r.destroyed[projectID]
	return description, ok
}

// sawProject notes a project that exists.
func (r *run) sawProject(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	created := r.projects[id]
	r.projects[id] = created
}

// createdProject notes a project that this process created. It has no keys, and its environments
// need no check before they are used.
func (r *run) createdProject(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.projects[id] = true
}

// knowsProject reports whether a project is known to exist, and whether this process created it.
func (r *run) knowsProject(id string) (exists, created bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	created, exists = r.projects[id]
	return exists, created
}

// sawEnvironment notes an environment that exists.
func (r *run) sawEnvironment(e traceloop.Environment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.environments[place{environmentPlace, e.ProjectID, e.Slug}] = true
}

// hasEnvironment reports whether an existing project is known to have an environment, or this
// plan creates it.
func (r *run) hasEnvironment(projectID, slug string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range []place{{environmentPlace, projectID, slug}, {environmentPlace, "", slug}} {
		if _, claimed := r.claims[p]; claimed || r.environments[p] {
			return true
		}
	}
	return false
}

func (r *run) generatedKey(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.generated[id] = true
}

// isOurs reports whether this process has generated a key, which it must not revoke.
func (r *run) isOurs(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.generated[id]
}

// markEmptied notes a place whose key this process has revoked.
func (r *run) markEmptied(p place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.emptied[p] = true
}

func (r *run) isEmptied(p place) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.emptied[p]
}

func (r *run) handOver(to place, h handover) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handovers[to] = h
}

// handedOver returns the data of the delete, if this process deleted the replaced object.
func (r *run) handedOver(to place) (handover, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h, ok := r.handovers[to]
	return h, ok
}
