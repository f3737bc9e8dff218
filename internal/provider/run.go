package provider

import (
	"sync"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// run is what this process knows of one plan or one apply: what it has read, what it is
// going to do, and what it has done. Resources tell it facts and ask it questions. What the
// service knows is the client's to remember, see the loader there.
//
// Terraform starts the provider anew for each walk, and configures it once for each provider
// block. So a run sees the resources of one provider block only, and an apply knows nothing
// of its plan but what the plan left in a resource's private state (see replacement).
//
//	call                              in a plan                                        in an apply
//	UpgradeResourceState              first, for each object of the state              for those that change
//	ImportResourceState               before the first read of an import               never
//	ReadResource                      before the plan of the same resource;            never
//	                                  not at all with -refresh=false
//	PlanResourceChange, state only    destroy                                          never
//	PlanResourceChange, both          update, or the first half of a replacement       update only
//	PlanResourceChange, plan only     creation; the second half of a replacement,      again, just before each
//	                                  right after the first and with its private       creation, without that
//	                                  state; the whole replacement of a tainted        private state
//	                                  object, without it
//	ApplyResourceChange               never                                            the delete of a replacement
//	                                                                                   with the private state of
//	                                                                                   the plan, a creation without
//
// Not told apart: a plan and an apply that has written nothing yet; a plan and the refresh
// before a destroy (see cliCommand). A forced replacement (-replace, replace_triggered_by)
// is planned as an update first. With create_before_destroy, an error in the second plan of a
// creation leaves the old object deposed, and nothing in its place: what only a plan may
// refuse it refuses only where it is sure to be one.
//
// No order is guaranteed between two resources unless one refers to the other, nor that a
// resource is planned at all (-target, removed blocks, tainted objects). Each question is
// therefore asked at both ends: by whoever comes to a place, and by whoever is there.
type run struct {
	mu sync.Mutex

	planning bool            // this is a plan for sure
	writing  bool            // this is an apply for sure
	inState  map[string]bool // ids of objects, by UpgradeResourceState
	read     map[string]bool // ids of keys, by Read
	imported map[string]bool // ids of keys, by ImportState

	holdings map[string]holding // by id: what the state has, by each plan of it
	at       map[place]string   // ids of holdings
	claims   map[place]claim    // what the plan creates, by each creation
	doomed   map[string]string  // ids of projects that the plan destroys, and their descriptions

	projects     map[string]bool // ids of projects that exist; true for those that this process created
	environments map[place]bool  // those that exist

	generated map[string]bool    // ids of keys, by each creation
	emptied   map[place]bool     // places whose key this process revoked
	handovers map[place]handover // by the delete of each replacement
}

// place is where the service has room for one object: a project's name, an environment's slug
// at its level, or an API key's environment in its project.
type place struct {
	kind    placeKind
	project string // id; empty for a project, and at organization level
	name    string // a project's name or an environment's slug
}

type placeKind string

const (
	projectPlace     placeKind = "project"
	environmentPlace placeKind = "environment"
	apiKeyPlace      placeKind = "api_key"
)

// holding is an object of the state, and what the plan does with it.
type holding struct {
	id        string
	place     place
	object    interface{ describe() string }
	protected bool
	loss      string                 // what goes with it
	keys      traceloop.APIKeyFilter // those that go with it
	leaves    bool                   // the plan destroys it, or moves it elsewhere
}

// claim is a creation in the plan.
type claim struct {
	replaced string // id of the object that it replaces, if any
	revokes  bool   // it may revoke what it finds
}

// conflict is why a plan cannot have an object in a place.
type conflict int

const (
	noConflict conflict = iota
	isKept              // another resource has an object there, and keeps it
	isLeaving           // another resource has an object there, and may give it up too late
	isClaimed           // another resource creates one there
)

// handover is what the delete of a replacement leaves to its creation.
type handover struct {
	gone  string // description of what was deleted
	named string // id of the key that the plan said the creation would revoke
}

func newRun() *run {
	return &run{
		planning: currentCommand().plans,
		inState:  map[string]bool{}, read: map[string]bool{}, imported: map[string]bool{},
		holdings: map[string]holding{}, at: map[place]string{}, claims: map[place]claim{}, doomed: map[string]string{},
		projects: map[string]bool{}, environments: map[place]bool{},
		generated: map[string]bool{}, emptied: map[place]bool{}, handovers: map[place]handover{},
	}
}

// beginWriting notes that this is an apply. Terraform plans each creation again then; what
// the plan has checked is not checked again. Until the first write an apply looks like a plan,
// so up to -parallelism creations are checked twice.
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

// isPlanning reports whether this is a plan for sure.
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

// mayLeave reports whether an object of the state was not planned so far: it may be planned
// later, or it is tainted, or deposed, and Terraform is not going to ask.
func (r *run) mayLeave(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.inState[id] && r.holdings[id].id == ""
}

// markRead notes a key that was refreshed, which only a plan does.
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

// mayRotate reports whether a key may be found to be due. An apply must not find what its
// plan has not, and a plan does not replace a key that it imports.
func (r *run) mayRotate(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.read[id] && !r.imported[id]
}

// keep notes an object that the plan leaves where h says.
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

// leave notes an object that the plan destroys or moves from where h says. It reports
// whether another resource counts on the place.
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

// claim notes a creation, in the place of "replaced" if that is an id.
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

// rivals are the places of which one object at most can be taken. A project cannot have an
// environment with the slug of an organization-level one.
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

// holding returns the object that the second half of a replacement replaces.
func (r *run) holding(id string) holding {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.holdings[id]
}

// doom notes a project that the plan destroys, and returns the protected environments that
// the plan keeps in it.
func (r *run) doom(projectID, description string) []holding {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.doomed[projectID] = description
	var stay []holding
	for _, h := range r.holdings {
		if h.place.kind == environmentPlace && h.place.project == projectID && h.protected && !h.leaves {
			stay = append(stay, h)
		}
	}
	return stay
}

// isDoomed returns the description of a project that the plan destroys.
func (r *run) isDoomed(projectID string) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	description, ok := r.doomed[projectID]
	return description, ok
}

// sawProject notes a project that exists.
func (r *run) sawProject(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.projects[id] = r.projects[id]
}

// createdProject notes a project that this process created: it has no keys, and what is
// wrong with its environments is found out for free when they are used.
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

// hasEnvironment reports whether a project that exists is known to have an environment, or
// to get it in this plan.
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

// generatedKey notes a key that this process has generated.
func (r *run) generatedKey(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.generated[id] = true
}

// isOurs reports whether this process has generated a key. It must not revoke it again.
func (r *run) isOurs(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.generated[id]
}

// empty notes a place whose key this process has revoked.
func (r *run) empty(p place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.emptied[p] = true
}

func (r *run) isEmptied(p place) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.emptied[p]
}

// handOver notes what a delete leaves to the creation in a place.
func (r *run) handOver(to place, h handover) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handovers[to] = h
}

// handedOver returns what the delete of the same replacement has left, if it was this process's.
func (r *run) handedOver(to place) (handover, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h, ok := r.handovers[to]
	return h, ok
}
