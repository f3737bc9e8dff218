package base

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// This file decides what it means that the service does not find an object of the state. The object
// is gone only if the same organization answers that had it, and if it is not so young that the
// service may not show it yet: DESIGN.md, "Gone".

const (
	// youth is the age, by the service's clock, up to which an object may not be shown yet.
	youth = 2 * time.Minute
	// patience limits how long one process waits for young objects, all together.
	patience = 10 * time.Second
	// pause is the wait before each look at the list.
	pause = 2 * time.Second
)

// originKey is the key of the private state for the origin of an object.
const originKey = "origin"

// origin says which organization has an object, and where it was found. It does not depend on the
// key of a request: keys differ between people, and rotate.
type origin struct {
	BaseURL      string `json:"base_url"`
	Organization string `json:"organization"` // see traceloop.Client.OrganizationMark
}

// Absences stores what one process knows about objects that the service does not find.
type Absences struct {
	asking sync.Mutex // held while the origin is asked for
	origin *origin
	failed error

	mu      sync.Mutex
	deleted map[Handle]bool // by this process

	waiting sync.Mutex // held during a round: all that wait share its list
	waited  time.Duration
	rounds  int
	lists   map[string]roundList // by kind
}

// roundList is what one round found.
type roundList struct {
	round   int
	objects any // map[string]T, by id
}

// Deleted notes an object that this process deleted. What was in it is gone too.
func (a *Absences) Deleted(h Handle) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.deleted == nil {
		a.deleted = map[Handle]bool{}
	}
	a.deleted[h] = true
}

func (a *Absences) hasDeletedAny(of []Handle) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, h := range of {
		if a.deleted[h] {
			return true
		}
	}
	return false
}

// originOf returns which organization answers. It asks once in a process.
func (d *Data) originOf(ctx context.Context, client *traceloop.Client) (origin, error) {
	a := &d.Absences
	a.asking.Lock()
	defer a.asking.Unlock()
	if a.origin == nil && a.failed == nil {
		mark, err := client.OrganizationMark(ctx)
		if ctx.Err() != nil {
			return origin{}, ctx.Err()
		}
		a.origin, a.failed = &origin{d.address(), mark}, err
	}
	if a.failed != nil {
		return origin{}, a.failed
	}
	return *a.origin, nil
}

// Remember notes in the private state which organization has an object that was found or created.
// It writes only what differs, so that a refresh without changes leaves the state as it is. If it
// cannot find out, the next read does.
func (d *Data) Remember(ctx context.Context, client *traceloop.Client, private PrivateState, diags *diag.Diagnostics) {
	now, err := d.originOf(ctx, client)
	if err != nil || now.Organization == "" {
		return
	}
	var before origin
	getPrivate(ctx, private, originKey, &before, diags)
	if before != now {
		setPrivate(ctx, private, originKey, now, diags)
	}
}

// Confirm notes that an object was changed: so the organization that had it answers. It saves the
// request with which Remember asks.
func (d *Data) Confirm(ctx context.Context, private PrivateState, diags *diag.Diagnostics) {
	var before origin
	getPrivate(ctx, private, originKey, &before, diags)
	a := &d.Absences
	a.asking.Lock()
	defer a.asking.Unlock()
	if a.origin == nil && before.Organization != "" && before.BaseURL == d.address() {
		a.origin, a.failed = &before, nil
	}
}

// address returns the base URL in the form of an origin.
func (d *Data) address() string { return strings.TrimRight(strings.TrimSpace(d.baseURL.Value), "/") }

// Gone describes an object of the state that the service answered with 404.
type Gone[T any] struct {
	Object // its handle, what it is within, and its name

	Kind      string // as summaries name it: Project
	ID        string
	ProjectID string // of the project that it is in, if any
	CreatedAt types.String
	Private   PrivateState
	List      func(context.Context) iter.Seq2[T, error] // without the cache
	IDOf      func(T) string

	// Certain says that the object is not just hidden: another one has its place, where only one can be,
	// or the service says that it is revoked.
	Certain bool

	// Strict is for a delete. A plan refreshes an object before it destroys it, and so has its origin.
	// Without one, there was no refresh, or the object is tainted and Terraform dropped the origin.
	Strict bool
}

// Absence is the result of ConfirmGone.
type Absence int

const (
	// NotConfirmed means that the object is not known to be gone. There is an error.
	NotConfirmed Absence = iota
	// Found means that the service shows the object now.
	Found
	// PerhapsGone means that the object is gone, or that it belongs to another organization.
	PerhapsGone
	// IsGone means that the object does not exist any more.
	IsGone
)

// ConfirmGone decides about an object that the service does not find. If it is there after all, it
// returns the object.
func ConfirmGone[T any](ctx context.Context, d *Data, client *traceloop.Client, g Gone[T], diags *diag.Diagnostics) (*T, Absence) {
	if d.Absences.hasDeletedAny(append(g.Within, g.Handle)) { // at another address, the object itself
		return nil, IsGone
	}
	fail := func(attempted string, err error) (*T, Absence) {
		diags.AddError("Unable to Confirm "+g.Kind+" Is Gone", d.Failure(attempted, err))
		return nil, NotConfirmed
	}
	var before origin
	getPrivate(ctx, g.Private, originKey, &before, diags)
	now, err := d.originOf(ctx, client)
	switch {
	case diags.HasError():
		return nil, NotConfirmed
	case err != nil && before.Organization != "":
		return fail("find out whether the organization that has the "+g.Name+" answers", err)
	case before.Organization != "" && now.Organization != "" && before != now:
		d.addOtherOrganization(diags, g.Name, before, now)
		return nil, NotConfirmed
	}

	if created, isYoung := d.young(client, g.CreatedAt); isYoung && !g.Certain {
		object, err := Await(ctx, d, g)
		switch {
		case err != nil:
			return fail("look again for the "+g.Name+", which was created a moment ago", err)
		case object != nil:
			return object, Found
		}
		diags.AddError(g.Kind+" Not Found Yet", fmt.Sprintf(
			"Traceloop does not find the %s, which was created at %s, less than two minutes ago. It may need more time to show a new object. The object stays in the state, and nothing was changed. "+
				"From %s on, a plan takes it as deleted. Run the command again then.", g.Name, g.CreatedAt.ValueString(), Timestamp(created.Add(youth)).ValueString()))
		return nil, NotConfirmed
	}
	if before.Organization != "" && before == now {
		return nil, IsGone
	}

	if g.ProjectID != "" {
		_, err := client.GetProject(ctx, g.ProjectID)
		if err == nil {
			return nil, IsGone
		}
		if !traceloop.IsNotFound(err) {
			return fail("read the project "+g.ProjectID, err)
		}
	}
	if !g.Strict {
		return nil, PerhapsGone
	}
	diags.AddError("Unable to Confirm "+g.Kind+" Is Gone", fmt.Sprintf(
		"Traceloop does not find the %s. Either it was deleted, or the management key from %s belongs to another organization. The state does not say which organization has it. "+
			"So it stays in the state, and nothing was changed. Choose one:\n\n"+
			"  - Check that the management key belongs to the organization that has the object. Then plan again, without -refresh=false.\n"+
			"  - To let Terraform forget the object, use terraform state rm ADDRESS.", g.Name, d.management.Key.Source))
	return nil, NotConfirmed
}

func (d *Data) addOtherOrganization(diags *diag.Diagnostics, name string, before, now origin) {
	detail := fmt.Sprintf(
		"Traceloop does not find the %s. As far as the state knows, another organization has it: the object was last found at %s, and now the organization of the management key from %s answers, at %s. "+
			"So the object may still exist. It stays in the state, and nothing was changed. Choose one:\n\n"+
			"  - Use a management key, and the base URL, of the organization that has the object. Then run the command again.\n"+
			"  - To let Terraform forget the object, use terraform state rm ADDRESS.", name, before.BaseURL, d.management.Key.Source, now.BaseURL)
	if d.isLoopback {
		detail += "\n  - Without -data, the emulator begins with a new organization at each start, and the objects of the earlier one are gone. Then remove the file terraform.tfstate."
	}
	diags.AddError("Another Organization Answers", detail)
}

// young reports whether the service may not show an object yet.
func (d *Data) young(client *traceloop.Client, createdAt types.String) (created time.Time, isYoung bool) {
	created, err := time.Parse(time.RFC3339, createdAt.ValueString())
	if err != nil {
		return created, false
	}
	if _, known := client.Now(); !known {
		return created, d.Now().Sub(created) < youth
	}
	return created, client.CreatedSince(created, d.Now().Add(-youth))
}

// Await looks for a young object until the patience of the process ends. A round is one wait and one
// list, which all objects of a kind share.
func Await[T any](ctx context.Context, d *Data, g Gone[T]) (*T, error) {
	a := &d.Absences
	for {
		object, isOver, err := awaitRound(ctx, d, a, g)
		if object != nil || isOver || err != nil {
			return object, err
		}
	}
}

// awaitRound looks into the list of this round, or else begins the next one.
func awaitRound[T any](ctx context.Context, d *Data, a *Absences, g Gone[T]) (object *T, isOver bool, err error) {
	a.waiting.Lock()
	defer a.waiting.Unlock()
	list, listed := a.lists[g.Kind]
	if !listed || list.round < a.rounds {
		objects := map[string]T{}
		for object, err := range g.List(ctx) {
			if err != nil {
				return nil, false, err
			}
			objects[g.IDOf(object)] = object
		}
		if a.lists == nil {
			a.lists = map[string]roundList{}
		}
		list = roundList{a.rounds, objects}
		a.lists[g.Kind] = list
	}
	if found, ok := list.objects.(map[string]T)[g.ID]; ok {
		return &found, false, nil
	}
	if a.waited >= patience {
		return nil, true, nil
	}
	if err := d.Sleep(ctx, pause); err != nil {
		return nil, false, err
	}
	a.waited += pause
	a.rounds++
	return nil, false, nil
}

// AwaitProject waits for a project that this process created and that the service does not find yet.
// It reports whether it is worth another attempt.
func (d *Data) AwaitProject(ctx context.Context, client *traceloop.Client, projectID string) bool {
	if _, created := d.Run.KnowsProject(projectID); !created {
		return false
	}
	object, err := Await(ctx, d, Gone[traceloop.Project]{
		Kind: "Project", ID: projectID, List: client.ListProjectsUncached, IDOf: func(p traceloop.Project) string { return p.ID },
	})
	return err == nil && object != nil
}
