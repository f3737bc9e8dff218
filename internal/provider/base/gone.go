package base

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

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

// Absences stores what one process knows about objects that the service does not find.
type Absences struct {
	deleted sync.Map // handles of what this process deleted

	waiting sync.Mutex // held during a round: all that wait share its list
	waited  time.Duration
	rounds  int
	lists   map[string]roundList // by kind
}

// roundList is what one round found.
type roundList struct {
	round   int
	objects any // []T
}

// Deleted notes an object that this process deleted. What was in it is gone too.
func (a *Absences) Deleted(h Handle) { a.deleted.Store(h, true) }

// Created notes that an object has a handle again, as a new environment or setup may have that of an older one.
func (a *Absences) Created(h Handle) { a.deleted.Delete(h) }

func (a *Absences) hasDeletedAny(of []Handle) bool {
	return slices.ContainsFunc(of, func(h Handle) bool {
		_, deleted := a.deleted.Load(h)
		return deleted
	})
}

// clock is the service's, as a client knows it.
type clock interface {
	Now() (time.Time, bool)
	CreatedSince(created, ours time.Time) bool
}

// witness is a client that did not find an object, and what it knows of organizations.
type witness struct {
	clock       clock
	key, source string // which key it has, and where that comes from
	before, now origin
	differs     string // that before and now are not the same
	hasProject  func(ctx context.Context, id string) (bool, error)
}

func (s *Stored[T]) witness(ctx context.Context, diags *diag.Diagnostics) (w witness, err error) {
	d := s.Data
	if s.OfProjectKey {
		client := d.project.client
		w = witness{clock: client, key: "project key", source: d.ProjectKeySource(), hasProject: func(_ context.Context, id string) (bool, error) {
			return client.OwnProjectID() == id, nil
		}}
		w.before.Organization = organizationID(ctx, s.Private, diags)
		w.now.Organization, err = d.projectOrganization(ctx)
		w.differs = fmt.Sprintf("The object belongs to the organization %s, and the project key to the organization %s", w.before.Organization, w.now.Organization)
		return w, err
	}
	client := d.management.client
	w = witness{clock: client, key: "management key", source: d.management.Key.Source, hasProject: func(ctx context.Context, id string) (bool, error) {
		_, err := client.GetProject(ctx, id)
		if traceloop.IsNotFound(err) {
			return false, nil
		}
		return true, err
	}}
	w.before = getPrivate[origin](ctx, s.Private, originKey, diags)
	w.now, err = d.originOf(ctx, client)
	w.differs = fmt.Sprintf("The object was last found at %s, and now that of the management key answers, at %s", w.before.BaseURL, w.now.BaseURL)
	return w, err
}

// absence is the result of confirmGone.
type absence int

const (
	// notConfirmed means that the object is not known to be gone. There is an error.
	notConfirmed absence = iota
	// found means that the service shows the object now.
	found
	// perhapsGone means that the object is gone, or that it belongs to another organization.
	perhapsGone
	// isGone means that the object does not exist any more.
	isGone
)

// confirmGone decides about an object that the service answers with 404. If it is there after all, it
// returns the object. If that is certain, the object is not looked for again, however young it is. If it
// is strict, an object of unknown origin is not taken as gone.
func (s *Stored[T]) confirmGone(ctx context.Context, certain, strict bool, diags *diag.Diagnostics) (*T, absence) {
	if s.Data.Absences.hasDeletedAny(append(s.Within, s.Handle)) { // at another address, the object itself
		return nil, isGone
	}
	if s.OfProjectKey && s.Data.IsProjectGone(ctx, s.Private, s.ProjectID, diags) {
		return nil, isGone
	}
	fail := func(attempted string, err error) (*T, absence) {
		diags.AddError("Unable to Confirm "+s.Kind+" Is Gone", s.failure(attempted, err))
		return nil, notConfirmed
	}
	w, err := s.witness(ctx, diags)
	isKnown := w.before.Organization != ""
	switch {
	case diags.HasError():
		return nil, notConfirmed
	case isKnown && err != nil:
		return fail("find out whether the organization that has the "+s.Name+" answers", err)
	case isKnown && w.now.Organization != "" && w.before != w.now:
		s.addAnotherAnswers(w, diags)
		return nil, notConfirmed
	}

	if created, isYoung := s.young(w.clock); isYoung && !certain {
		object, err := s.await(ctx)
		switch {
		case err != nil:
			return fail("look again for the "+s.Name+", which was created a moment ago", err)
		case object != nil:
			return object, found
		}
		diags.AddError(s.Kind+" Not Found Yet", fmt.Sprintf(
			"Traceloop does not find the %s, which was created at %s, less than two minutes ago. It may need more time to show a new object. The object stays in the state, and nothing was changed. "+
				"From %s on, a plan takes it as deleted. Run the command again then.", s.Name, s.CreatedAt.ValueString(), Timestamp(created.Add(youth)).ValueString()))
		return nil, notConfirmed
	}
	if isKnown && w.before == w.now {
		return nil, isGone
	}

	if s.ProjectID != "" {
		has, err := w.hasProject(ctx, s.ProjectID)
		switch {
		case err != nil:
			return fail("read the project "+s.ProjectID, err)
		case has:
			return nil, isGone
		}
	}
	if !strict {
		return nil, perhapsGone
	}
	diags.AddError("Unable to Confirm "+s.Kind+" Is Gone", fmt.Sprintf(
		"Traceloop does not find the %s. Either it was deleted, or the %[2]s from %[3]s belongs to another organization. The state does not say which organization has it. "+
			"So it stays in the state, and nothing was changed. Choose one:\n\n"+
			"  - Check that the %[2]s belongs to the organization that has the object. Then plan again, without -refresh=false.\n"+
			"  - To let Terraform forget the object, use terraform state rm ADDRESS.", s.Name, w.key, w.source))
	return nil, notConfirmed
}

// addAnotherAnswers refuses to take the word of an organization that never had the object.
func (s *Stored[T]) addAnotherAnswers(w witness, diags *diag.Diagnostics) {
	restarted := ""
	if s.Data.isLoopback {
		restarted = "\n  - Without -data, the emulator begins with a new organization at each start, and the objects of the earlier one are gone. Then remove the file terraform.tfstate."
	}
	diags.AddError("Another Organization Answers", fmt.Sprintf(
		"Traceloop does not find the %s. As far as the state knows, another organization has it. %s. The %s comes from %s. "+
			"So the object may still exist. It stays in the state, and nothing was changed. Choose one:\n\n"+
			"  - Use a key, and the base URL, of the organization that has the object. Then run the command again.\n"+
			"  - To let Terraform forget the object, use terraform state rm ADDRESS.%s", s.Name, w.differs, w.key, w.source, restarted))
}

// young reports whether the service may not show an object yet.
func (s *Stored[T]) young(clock clock) (created time.Time, isYoung bool) {
	created, err := time.Parse(time.RFC3339, s.CreatedAt.ValueString())
	if err != nil {
		return created, false
	}
	if _, known := clock.Now(); !known {
		return created, s.Data.Now().Sub(created) < youth
	}
	return created, clock.CreatedSince(created, s.Data.Now().Add(-youth))
}

// await looks for a young object until the patience of the process ends. A round is one wait and one
// list, which all objects of a kind share.
func (s *Stored[T]) await(ctx context.Context) (*T, error) {
	for {
		object, isOver, err := s.awaitRound(ctx)
		if object != nil || isOver || err != nil {
			return object, err
		}
	}
}

// awaitRound looks into the list of this round, or else begins the next one.
func (s *Stored[T]) awaitRound(ctx context.Context) (object *T, isOver bool, err error) {
	a := &s.Data.Absences
	a.waiting.Lock()
	defer a.waiting.Unlock()
	list, listed := a.lists[s.Kind]
	if !listed || list.round < a.rounds {
		objects, err := collect(s.List(ctx))
		if err != nil {
			return nil, false, err
		}
		if a.lists == nil {
			a.lists = map[string]roundList{}
		}
		list = roundList{a.rounds, objects}
		a.lists[s.Kind] = list
	}
	objects, _ := list.objects.([]T)
	if i := slices.IndexFunc(objects, s.Is); i >= 0 {
		return &objects[i], false, nil
	}
	if a.waited >= patience {
		return nil, true, nil
	}
	if err := s.Data.Sleep(ctx, pause); err != nil {
		return nil, false, err
	}
	a.waited += pause
	a.rounds++
	return nil, false, nil
}

// AwaitProject waits for a project that this process created and that the service does not find yet.
// It reports whether it is worth another attempt.
func (d *Data) AwaitProject(ctx context.Context, client *traceloop.Client, projectID string) bool {
	if !d.Applied.Made.Has(projectID) {
		return false
	}
	project := Stored[traceloop.Project]{
		Data: d, Kind: "Project", List: client.ListProjectsUncached, Is: func(p traceloop.Project) bool { return p.ID == projectID },
	}
	object, err := project.await(ctx)
	return err == nil && object != nil
}
