package base

import (
	"slices"
	"strings"
	"sync"
)

// Handle names an object that exists, or the place that an object takes.
//
//	project/ID, environment/PROJECT/SLUG, environment/organization/SLUG,
//	api_key/ID, setup/ENV_PROJECT/EXTERNAL_ID, organization/ID, evaluator/ID
//
// Two objects cannot share a place. The handle of an environment is its place too: the keys of an
// environment name it by its slug.
type Handle string

// HandleOf joins the parts of a handle.
func HandleOf(kind string, parts ...string) Handle {
	return Handle(strings.Join(append([]string{kind}, parts...), "/"))
}

// EnvironmentHandle names an environment by its slug. Without a project it is organization-level.
func EnvironmentHandle(projectID, slug string) Handle {
	if projectID == "" {
		projectID = "organization"
	}
	return HandleOf("environment", projectID, slug)
}

// Object is an object of the state, as a plan sees it.
type Object struct {
	Handle Handle
	Place  Handle   // what no other object can take while this one exists
	Within []Handle // destroying one of these destroys the object too
	ID     string   // for an environment: a state that is not refreshed may know another one by the same handle
	Token  string   // of its address: see AddressToken
	Type   string   // resource type, for a block to copy
	Name   string   // as diagnostics name it: project "Orders" (id …)

	Protected bool // the state protects it from deletion
}

// Creation is an object that a plan creates.
type Creation struct {
	Place     Handle
	AlsoTakes Handle // a second place that it takes from creations that need it free
	NeedsFree Handle // a second place that no other creation of the plan may take
	Within    []Handle
	Replaces  Handle // the object that it replaces, if any
	Revokes   bool   // it may destroy what is in its place
	Type      string
	Name      string // as diagnostics name its place
}

// mayFail is a creation, or a new name, that the service will probably refuse.
type mayFail struct {
	name  string // as diagnostics name it
	place Handle
}

// Ledger holds one plan to one rule: nothing that the plan keeps may be destroyed by the same plan,
// not under another address, not by a cascade, and not by a creation that revokes. Terraform
// guarantees no order between two resources, so each call looks for its opposite.
//
// A ledger sees the resources of one provider block. Terraform starts a provider anew for each
// plan and each apply, and Terraform's core does not plan again what an apply does not change. So
// an apply finds nothing here that its plan did not find. `terraform test` is the exception:
// see NewLedger.
type Ledger struct {
	manyWalks bool

	mu        sync.Mutex
	imported  map[Handle]Object
	read      map[Handle]Object   // by place, those that were read and not planned yet
	twice     []Object            // those that were read at one address, and are imported to another one
	readAt    map[Handle]Handle   // their places
	seen      map[Handle]bool     // whether the state or the configuration has the object
	unplanned map[Handle][]string // tokens of the addresses at which an object was read, and not planned yet
	kept      map[Handle][]Object // more than one where the state has the object at two addresses
	keptAt    map[Handle]Object   // by place
	keptIn    map[Handle][]Object // by each handle of Object.Within
	destroyed map[Handle]Object
	leaving   map[Handle]Object // those destroyed, by place
	created   map[Handle]Creation
	createdIn map[Handle]Creation // by each handle of Creation.Within
	anew      map[Handle]Creation // by the handle of a tainted object, what replaces it
	mayFail   []mayFail
	creates   map[string]bool // by resource type, also where the plan does not know the place
	writing   bool
}

// NewLedger returns an empty ledger. manyWalks says that the process serves more than one plan or
// apply with one configuration, as it does for `terraform test` since Terraform 1.15. Then an object
// that is kept and later destroyed begins a new plan, and so does the opposite, and creations are
// not compared, because an apply plans each of them again.
func NewLedger(manyWalks bool) *Ledger {
	l := &Ledger{manyWalks: manyWalks}
	l.reset()
	return l
}

func (l *Ledger) reset() {
	l.imported, l.destroyed, l.leaving = map[Handle]Object{}, map[Handle]Object{}, map[Handle]Object{}
	l.kept, l.keptAt, l.keptIn = map[Handle][]Object{}, map[Handle]Object{}, map[Handle][]Object{}
	l.created, l.createdIn, l.anew = map[Handle]Creation{}, map[Handle]Creation{}, map[Handle]Creation{}
	l.read, l.readAt, l.seen = map[Handle]Object{}, map[Handle]Handle{}, map[Handle]bool{}
	l.mayFail, l.twice, l.creates, l.unplanned = nil, nil, map[string]bool{}, map[Handle][]string{}
}

// Conflict is a breach of the rule. Both sides are described in its message.
type Conflict struct {
	Reason  Reason
	This    string // name of the object or place of the call that found the conflict
	Other   string // name of the object or place on the other side
	Type    string // resource type of the call that found the conflict: its message is anchored there
	Warning bool   // the plan may go on
	Strands bool   // the object that a creation replaces may be destroyed, and the creation fail
	InState bool   // for SecondAddress: this plan does not import the object, so the state has both addresses
}

// Reason says why two resources of a plan conflict.
type Reason int

const (
	// SecondAddress means that two addresses have the same object.
	SecondAddress Reason = iota
	// DestroyedUnderIt means that the plan keeps This, and destroys Other, which holds it.
	DestroyedUnderIt
	// KeptInside means that the plan destroys This, and keeps Other inside it.
	KeptInside
	// PlaceKept means that the plan creates This where it keeps Other.
	PlaceKept
	// PlaceLeaving means that the plan creates This where another address destroys Other, perhaps too late.
	PlaceLeaving
	// PlaceCreatedTwice means that two resources create an object in one place.
	PlaceCreatedTwice
)

// Import notes an import. The plan must not have the object at another address.
func (l *Ledger) Import(o Object) *Conflict {
	l.mu.Lock()
	defer l.mu.Unlock()
	others := slices.Clone(l.kept[o.Handle])
	for _, at := range []map[Handle]Object{l.imported, l.destroyed} {
		if other, ok := at[o.Handle]; ok {
			others = append(others, other)
		}
	}
	switch i := slices.IndexFunc(others, o.sameObject); {
	case i >= 0 && l.manyWalks:
		l.reset()
	case i >= 0:
		conflict := l.secondAddress(o, others[i])
		conflict.InState = false
		return conflict
	}
	l.imported[o.Handle], l.seen[o.Handle] = o, true
	if at, ok := l.read[l.readAt[o.Handle]]; ok && at.Handle == o.Handle {
		return l.readTwice(at)
	}
	return nil
}

// readTwice notes an object that was read at one address and not planned, and that is imported to
// another address. If it is tainted, the plan creates another one and destroys this one. If the plan
// creates nothing of the type, OpenTofu forgets the object at the first address.
func (l *Ledger) readTwice(o Object) *Conflict {
	l.twice = append(l.twice, o)
	for _, c := range l.created {
		if c.mayReplaceTainted(o) {
			return l.secondAddress(o, l.imported[o.Handle])
		}
	}
	return nil
}

func (c Creation) mayReplaceTainted(o Object) bool { return o.Type == c.Type && c.Replaces == "" }

// CreateSome notes that the plan creates an object of a type, perhaps in a place that it does not know.
func (l *Ledger) CreateSome(resourceType string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.creates[resourceType] = true
}

// CreatesSomeOf reports whether CreateSome noted one of these types.
func (l *Ledger) CreatesSomeOf(resourceTypes ...string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(resourceTypes, func(t string) bool { return l.creates[t] })
}

// Creates reports whether the plan creates an object in a place.
func (l *Ledger) Creates(place Handle) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.created[place]
	return ok
}

// WasImported reports whether this plan imports the object.
func (l *Ledger) WasImported(h Handle) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.imported[h]
	return ok
}

// ReadAgain notes that an object was read before. An import reads its object once, so a process that
// serves many plans has begun another one: this plan does not import the object.
func (l *Ledger) ReadAgain(h Handle) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.manyWalks {
		delete(l.imported, h)
	}
}

// Read notes an object that was read. Terraform plans it next, unless it is tainted: then it plans
// only the creation of another one. OpenTofu also reads an object that it only forgets.
func (l *Ledger) Read(o Object) *Conflict {
	l.mu.Lock()
	defer l.mu.Unlock()
	if other, ok := l.imported[o.Handle]; ok && other.Token != o.Token && other.sameObject(o) && !l.manyWalks {
		return l.readTwice(o)
	}
	l.read[o.Place], l.readAt[o.Handle], l.seen[o.Handle] = o, o.Place, true
	if !slices.Contains(l.unplanned[o.Handle], o.Token) {
		l.unplanned[o.Handle] = append(l.unplanned[o.Handle], o.Token)
	}
	return nil
}

// Has reports whether the plan has met an object: at some address, it is managed here. An object that
// it has not met yet may be managed here too.
func (l *Ledger) Has(h Handle) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[h]
}

// Tainted returns the object that was read in a place and was not planned.
func (l *Ledger) Tainted(place Handle) (Object, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o, ok := l.read[place]
	return o, ok
}

// Keep notes an object that the plan does not destroy.
func (l *Ledger) Keep(o Object) *Conflict {
	l.mu.Lock()
	defer l.mu.Unlock()
	if gone, ok := l.destroyed[o.Handle]; ok && l.manyWalks && gone.Token == o.Token {
		l.reset()
	}
	l.planned(o)
	if other, ok := l.imported[o.Handle]; ok && other.Token != o.Token && other.sameObject(o) {
		return l.secondAddress(o, other)
	}
	if other, ok := l.destroyed[o.Handle]; ok && other.sameObject(o) {
		return l.secondAddress(o, other)
	}
	for _, h := range o.Within {
		if gone, ok := l.destroyed[h]; ok {
			return &Conflict{Reason: DestroyedUnderIt, This: o.Name, Other: gone.Name, Type: o.Type}
		}
		if c, ok := l.anew[h]; ok {
			return &Conflict{Reason: DestroyedUnderIt, This: o.Name, Other: c.Name, Type: o.Type}
		}
	}
	others := l.kept[o.Handle]
	if slices.ContainsFunc(others, o.sameAddress) {
		return nil
	}
	l.kept[o.Handle], l.keptAt[o.Place] = append(others, o), o
	for _, h := range o.Within {
		l.keptIn[h] = append(l.keptIn[h], o)
	}
	if i := slices.IndexFunc(others, o.sameObject); i >= 0 {
		duplicate := l.secondAddress(o, others[i])
		duplicate.Warning = true
		return duplicate
	}
	if c, ok := l.created[o.Place]; ok && c.Replaces != o.Handle { // the plan may go on, and keeps the object
		if l.isTaintedElsewhere(o, c) {
			return l.secondAddress(o, o)
		}
		return &Conflict{Reason: PlaceKept, This: c.Name, Other: o.Name, Type: o.Type, Strands: c.Replaces != ""}
	}
	return nil
}

// planned notes that an object is not tainted.
func (l *Ledger) planned(o Object) {
	l.seen[o.Handle] = true
	l.unplanned[o.Handle] = slices.DeleteFunc(l.unplanned[o.Handle], func(token string) bool { return token == o.Token })
	delete(l.anew, o.Handle)
	if place := l.readAt[o.Handle]; l.read[place].Handle == o.Handle { // a rename plans it for another place
		delete(l.read, place)
	}
}

func (o Object) sameObject(other Object) bool { return o.Handle == other.Handle && o.ID == other.ID }

func (o Object) sameAddress(other Object) bool {
	return o.Handle == other.Handle && o.Token == other.Token
}

// Destroy notes an object that the plan destroys. Terraform plans the deletion of a deposed object again
// in the apply that has created its successor: after the first write, that is no conflict.
func (l *Ledger) Destroy(o Object) *Conflict {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.manyWalks && slices.ContainsFunc(l.kept[o.Handle], o.sameAddress) {
		l.reset()
	}
	return l.destroy(o)
}

// Replace notes that the plan replaces an object, and returns it. Terraform plans a forced
// replacement as an update first, so the plan may have seemed to keep the object.
func (l *Ledger) Replace(h Handle, token string) (Object, *Conflict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	isSame := func(o Object) bool { return o.Handle == h && o.Token == token }
	i := slices.IndexFunc(l.kept[h], isSame)
	if i < 0 {
		return l.destroyed[h], nil
	}
	o := l.kept[h][i]
	l.kept[h] = slices.Delete(l.kept[h], i, i+1)
	for _, within := range o.Within {
		l.keptIn[within] = slices.DeleteFunc(l.keptIn[within], isSame)
	}
	if isSame(l.keptAt[o.Place]) {
		delete(l.keptAt, o.Place)
	}
	return o, l.destroy(o)
}

func (l *Ledger) destroy(o Object) *Conflict {
	l.planned(o)
	if other, ok := l.imported[o.Handle]; ok && other.Token != o.Token && other.sameObject(o) {
		return l.secondAddress(o, other)
	}
	if i := slices.IndexFunc(l.kept[o.Handle], o.sameObject); i >= 0 {
		return l.secondAddress(o, l.kept[o.Handle][i])
	}
	if inside := l.keptIn[o.Handle]; len(inside) > 0 {
		return &Conflict{Reason: KeptInside, This: o.Name, Other: inside[0].Name, Type: o.Type}
	}
	if c, ok := l.createdIn[o.Handle]; ok {
		return &Conflict{Reason: KeptInside, This: o.Name, Other: c.Name, Type: o.Type}
	}
	if c, ok := l.created[o.Place]; ok && !l.writing && !c.Revokes && c.Replaces != o.Handle {
		return &Conflict{Reason: PlaceLeaving, This: c.Name, Other: o.Name, Type: o.Type}
	}
	l.destroyed[o.Handle], l.leaving[o.Place] = o, o
	return nil
}

// Create notes a creation. After the first write of an apply it finds nothing: the service refuses
// what its plan could not know.
func (l *Ledger) Create(c Creation) *Conflict {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.manyWalks || l.writing {
		return nil
	}
	if i := slices.IndexFunc(l.twice, c.mayReplaceTainted); i >= 0 {
		return l.secondAddress(l.twice[i], l.imported[l.twice[i].Handle])
	}
	for _, h := range c.Within {
		if gone, ok := l.destroyed[h]; ok {
			return &Conflict{Reason: DestroyedUnderIt, This: c.Name, Other: gone.Name, Type: c.Type}
		}
		if another, ok := l.anew[h]; ok {
			return &Conflict{Reason: DestroyedUnderIt, This: c.Name, Other: another.Name, Type: c.Type}
		}
	}
	if tainted, ok := l.read[c.Place]; ok && tainted.Handle != c.Replaces {
		if inside := l.keptIn[tainted.Handle]; len(inside) > 0 {
			return &Conflict{Reason: KeptInside, This: tainted.Name, Other: inside[0].Name, Type: c.Type}
		}
		if inside, ok := l.createdIn[tainted.Handle]; ok {
			return &Conflict{Reason: KeptInside, This: tainted.Name, Other: inside.Name, Type: c.Type}
		}
		l.anew[tainted.Handle] = c
	}
	conflict := l.isTaken(c) // perhaps a warning, so the creation is noted in any case
	l.created[c.Place] = c
	if c.AlsoTakes != "" {
		l.created[c.AlsoTakes] = c
	}
	for _, h := range c.Within {
		l.createdIn[h] = c
	}
	return conflict
}

// isTaken finds another resource of the plan in the place of a creation.
func (l *Ledger) isTaken(c Creation) *Conflict {
	if o, ok := l.keptAt[c.Place]; ok && o.Handle != c.Replaces {
		if l.isTaintedElsewhere(o, c) {
			return l.secondAddress(o, o)
		}
		return &Conflict{Reason: PlaceKept, This: c.Name, Other: o.Name, Type: o.Type, Strands: c.Replaces != ""}
	}
	for _, place := range []Handle{c.Place, c.NeedsFree} {
		if other, ok := l.created[place]; ok {
			return &Conflict{Reason: PlaceCreatedTwice, This: c.Name, Other: other.Name, Type: c.Type, Strands: c.Replaces != "" || other.Replaces != ""}
		}
	}
	if o, ok := l.leaving[c.Place]; ok && o.Handle != c.Replaces && !c.Revokes {
		return &Conflict{Reason: PlaceLeaving, This: c.Name, Other: o.Name, Type: o.Type}
	}
	return nil
}

// isTaintedElsewhere reports whether the state has a kept object at another address too, which was read
// and not planned: it is tainted there, and a creation in its place replaces it.
func (l *Ledger) isTaintedElsewhere(o Object, c Creation) bool {
	return c.Replaces == "" && len(l.unplanned[o.Handle]) > 0 && !l.manyWalks
}

// MayFail notes a creation that the service will probably refuse, such as a project whose name is
// taken, or such a new name of an object. If a tainted object has the name, the apply deletes that one
// first, unless it is protected. A process that serves many plans does not know whether the next one has it too.
func (l *Ledger) MayFail(name string, place Handle) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.manyWalks {
		return
	}
	l.mayFail = append(l.mayFail, mayFail{name, place})
}

// FirstMayFail returns the first creation, or new name, that will probably fail, or "". A replacement does not go on
// then: Terraform destroys the old object, and creates nothing that refers to what has failed, or to another
// instance of its block. What an object refers to is planned before it.
func (l *Ledger) FirstMayFail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, creation := range l.mayFail {
		if tainted, ok := l.read[creation.place]; !ok || tainted.Protected {
			return creation.name
		}
	}
	return ""
}

// Write notes that this process applies a plan: it is about to change something.
func (l *Ledger) Write() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writing = true
}

// IsWriting reports whether this process applies a plan.
func (l *Ledger) IsWriting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.writing
}

func (l *Ledger) secondAddress(this, other Object) *Conflict {
	_, imported := l.imported[this.Handle]
	return &Conflict{Reason: SecondAddress, This: this.Name, Other: other.Name, Type: this.Type, InState: !imported}
}
