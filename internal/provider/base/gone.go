package base

import (
	"context"
	"fmt"
	"iter"
	"slices"
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

	deleted sync.Map // handles of what this process deleted

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
func (a *Absences) Deleted(h Handle) { a.deleted.Store(h, true) }

func (a *Absences) hasDeletedAny(of []Handle) bool {
	return slices.ContainsFunc(of, func(h Handle) bool {
		_, deleted := a.deleted.Load(h)
		return deleted
	})
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

// Client is that of the management key, or that of a project's key.
type Client interface {
	Now() (time.Time, bool)
	CreatedSince(created, ours time.Time) bool
}

// witness is a client that did not find an object, and what it knows of organizations.
type witness struct {
	key, source string // which key it has, and where that comes from
	before, now origin
	differs     string // that before and now are not the same
	hasProject  func(ctx context.Context, id string) (bool, error)
}

func (d *Data) witnessOf(ctx context.Context, client Client, private PrivateState, diags *diag.Diagnostics) (w witness, err error) {
	switch client := client.(type) {
	case *traceloop.Client:
		w = witness{key: "management key", source: d.management.Key.Source, hasProject: func(ctx context.Context, id string) (bool, error) {
			_, err := client.GetProject(ctx, id)
			if traceloop.IsNotFound(err) {
				return false, nil
			}
			return true, err
		}}
		getPrivate(ctx, private, originKey, &w.before, diags)
		w.now, err = d.originOf(ctx, client)
		w.differs = fmt.Sprintf("The object was last found at %s, and now that of the management key answers, at %s", w.before.BaseURL, w.now.BaseURL)
	case *traceloop.ProjectClient:
		w = witness{key: "project key", source: d.ProjectKeySource(), hasProject: func(_ context.Context, id string) (bool, error) {
			return client.OwnProjectID() == id, nil
		}}
		w.before.Organization, w.now.Organization = OrganizationID(ctx, private, diags), d.ProjectOrganizationID(ctx)
		w.differs = fmt.Sprintf("The object belongs to the organization %s, and the project key to the organization %s", w.before.Organization, w.now.Organization)
	}
	return w, err
}

// failure is Failure or ProjectFailure.
func (d *Data) failure(client Client, attempted string, err error) string {
	if _, ok := client.(*traceloop.ProjectClient); !ok {
		return d.Failure(attempted, err)
	}
	detail := d.ProjectFailure(attempted, err)
	if !strings.Contains(detail, RefreshHint) { // there may be blocks to copy after it
		detail += " " + RefreshHint
	}
	return detail
}

// isMissing reports whether an error says that the service does not have an object. The key of a project is refused
// once its project is gone, and everything in it.
func isMissing[T any](ctx context.Context, d *Data, client Client, g Gone[T], err error, diags *diag.Diagnostics) bool {
	if _, ok := client.(*traceloop.ProjectClient); ok && traceloop.IsRefusedKey(err) {
		return d.IsProjectGone(ctx, g.Private, g.ProjectID, diags)
	}
	return traceloop.IsNotFound(err)
}

// Read reads an object of the state. It returns nil if it cannot, with an error, or if the object is gone.
func Read[T any](ctx context.Context, d *Data, client Client, g Gone[T], get func(context.Context, string) (*T, error), diags *diag.Diagnostics) (*T, Absence) {
	object, err := get(ctx, g.ID)
	if isMissing(ctx, d, client, g, err, diags) {
		return ConfirmGone(ctx, d, client, g, diags)
	}
	if err != nil {
		diags.AddError("Unable to Read "+g.Kind, d.failure(client, "read the "+g.Name, err))
		return nil, NotConfirmed
	}
	return object, Found
}

// Exists looks for an object that is not to be destroyed. It is false, with an error, if that cannot be
// said. What cannot be read exists.
func Exists[T any](ctx context.Context, d *Data, client Client, g Gone[T], get func(context.Context, string) (*T, error), diags *diag.Diagnostics) bool {
	if _, err := get(ctx, g.ID); !traceloop.IsNotFound(err) {
		return true
	}
	_, absence := ConfirmGone(ctx, d, client, g, diags)
	return absence == Found
}

// Delete deletes an object. It is gone if there is no error, and none in diags. "how" is for
// Applied.Destroyed: empty if the object was gone already.
func Delete[T any](ctx context.Context, d *Data, client Client, g Gone[T], remove func(context.Context, string) error, diags *diag.Diagnostics) (how string, err error) {
	how, err = "deleted", remove(ctx, g.ID)
	if isMissing(ctx, d, client, g, err, diags) {
		_, absence := ConfirmGone(ctx, d, client, g, diags)
		if absence == Found {
			err = remove(ctx, g.ID)
		} else {
			how, err = "", nil
		}
		if absence == PerhapsGone { // not after Strict
			diags.AddWarning(g.Kind+" No Longer Found", fmt.Sprintf(
				"Traceloop does not find the %s, so Terraform only removed it from the state. Either it was deleted, or the project key from %s belongs to another organization. Check which one it is.", g.Name, d.ProjectKeySource()))
		}
	}
	if err == nil && !diags.HasError() {
		d.Absences.Deleted(g.Handle)
		d.Confirm(ctx, g.Private, diags)
	}
	return how, err
}

// ConfirmGone decides about an object that the service does not find. If it is there after all, it
// returns the object.
func ConfirmGone[T any](ctx context.Context, d *Data, client Client, g Gone[T], diags *diag.Diagnostics) (*T, Absence) {
	if d.Absences.hasDeletedAny(append(g.Within, g.Handle)) { // at another address, the object itself
		return nil, IsGone
	}
	if _, ok := client.(*traceloop.ProjectClient); ok && d.IsProjectGone(ctx, g.Private, g.ProjectID, diags) {
		return nil, IsGone
	}
	w, err := d.witnessOf(ctx, client, g.Private, diags)
	fail := func(attempted string, err error) (*T, Absence) {
		diags.AddError("Unable to Confirm "+g.Kind+" Is Gone", d.failure(client, attempted, err))
		return nil, NotConfirmed
	}
	switch {
	case diags.HasError():
		return nil, NotConfirmed
	case err != nil && w.before.Organization != "":
		return fail("find out whether the organization that has the "+g.Name+" answers", err)
	case w.before.Organization != "" && w.now.Organization != "" && w.before != w.now:
		restarted := ""
		if d.isLoopback {
			restarted = "\n  - Without -data, the emulator begins with a new organization at each start, and the objects of the earlier one are gone. Then remove the file terraform.tfstate."
		}
		diags.AddError("Another Organization Answers", fmt.Sprintf(
			"Traceloop does not find the %s. As far as the state knows, another organization has it. %s. The %s comes from %s. "+
				"So the object may still exist. It stays in the state, and nothing was changed. Choose one:\n\n"+
				"  - Use a key, and the base URL, of the organization that has the object. Then run the command again.\n"+
				"  - To let Terraform forget the object, use terraform state rm ADDRESS.%s", g.Name, w.differs, w.key, w.source, restarted))
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
	if w.before.Organization != "" && w.before == w.now {
		return nil, IsGone
	}

	if g.ProjectID != "" {
		has, err := w.hasProject(ctx, g.ProjectID)
		switch {
		case err != nil:
			return fail("read the project "+g.ProjectID, err)
		case has:
			return nil, IsGone
		}
	}
	if !g.Strict {
		return nil, PerhapsGone
	}
	diags.AddError("Unable to Confirm "+g.Kind+" Is Gone", fmt.Sprintf(
		"Traceloop does not find the %s. Either it was deleted, or the %[2]s from %[3]s belongs to another organization. The state does not say which organization has it. "+
			"So it stays in the state, and nothing was changed. Choose one:\n\n"+
			"  - Check that the %[2]s belongs to the organization that has the object. Then plan again, without -refresh=false.\n"+
			"  - To let Terraform forget the object, use terraform state rm ADDRESS.", g.Name, w.key, w.source))
	return nil, NotConfirmed
}

// AddGone warns that an object leaves the state, after ConfirmGone. "gone" says what has happened,
// "next" what apply does.
func (d *Data) AddGone(diags *diag.Diagnostics, absence Absence, kind, described, gone, next string) {
	d.addGone(diags, absence, "management key from "+d.management.Key.Source, kind, described, gone, next)
}

// AddProjectGone is AddGone for what the project's key reads.
func (d *Data) AddProjectGone(diags *diag.Diagnostics, absence Absence, kind, described string) {
	d.addGone(diags, absence, "project key from "+d.ProjectKeySource(), kind, described, "it was deleted", "If the configuration still has it, that apply creates a new one")
}

func (d *Data) addGone(diags *diag.Diagnostics, absence Absence, key, kind, described, gone, next string) {
	next = fmt.Sprintf("The next apply removes the %s from the state. %s", described, sentence(next))
	if absence == IsGone {
		diags.AddWarning(kind+" No Longer Found", fmt.Sprintf("Traceloop does not find the %s any more, because %s.\n\n%s", described, gone, next))
		return
	}
	diags.AddWarning(kind+" No Longer Found", fmt.Sprintf("Traceloop does not find the %s. The request used the %s. There are two possible reasons:\n\n"+
		"  - %s;\n"+
		"  - the key belongs to another organization.\n\n"+
		"Check which one it is before you apply. %s", described, key, gone, next))
}

// young reports whether the service may not show an object yet.
func (d *Data) young(client Client, createdAt types.String) (created time.Time, isYoung bool) {
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
