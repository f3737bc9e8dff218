package provider

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// setupRun stores what this process knows about the setups of one plan or one apply. A bulk
// upsert replaces a setup with the same external id, so a creation must check that none exists.
type setupRun struct {
	looking sync.Mutex // held while the list is read

	mu      sync.Mutex
	before  map[string][]traceloop.AutoMonitorSetup // before the first write, by external id; nil if not read yet
	managed map[string]bool                         // ids of setups in the state
	deleted map[string]bool                         // ids of setups that this process deleted
	claimed map[string]bool                         // external ids that this process creates
	kept    map[string]string                       // ids of setups that the plan leaves where they are, by external id
	leaving map[string]string                       // ids of setups that the plan deletes, by external id
	planned map[string]string                       // what the plan creates, by external id: the id of what it replaces, if any
	warned  bool                                    // whether warnUnread has warned
	fresh   time.Time                               // when the client's cache was last cleared
}

// markManaged notes a setup of the state. A plan that creates one with its external id replaces it.
func (s *setupRun) markManaged(setup setupModel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.managed == nil {
		s.managed = map[string]bool{}
	}
	s.managed[setup.ID.ValueString()] = true
}

func (s *setupRun) isManaged(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.managed[id]
}

// markDeleted notes a setup that this process deleted.
func (s *setupRun) markDeleted(setup setupModel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deleted == nil {
		s.deleted = map[string]bool{}
	}
	s.deleted[setup.ID.ValueString()] = true
	delete(s.claimed, setup.ExternalID.ValueString())
}

// keep reports whether no other resource of the plan creates a setup with the external id of
// this one, which stays.
func (s *setupRun) keep(setup setupModel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = map[string]string{}
	}
	id, externalID := setup.ID.ValueString(), setup.ExternalID.ValueString()
	s.kept[externalID] = id
	replaces, created := s.planned[externalID]
	return !created || replaces == id
}

// leave reports whether no other resource of the plan creates a setup with the external id of
// this one, which the plan deletes. Terraform may delete it too late, or delete the new one.
func (s *setupRun) leave(setup setupModel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leaving == nil {
		s.leaving = map[string]string{}
	}
	id, externalID := setup.ID.ValueString(), setup.ExternalID.ValueString()
	s.leaving[externalID] = id
	replaces, created := s.planned[externalID]
	return !created || replaces == id
}

// create reports whether no other resource of the plan creates, keeps or deletes a setup with
// the external id. replaces is the id of the setup that the new one replaces, if it is known to.
func (s *setupRun) create(externalID, replaces string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.planned == nil {
		s.planned = map[string]string{}
	}
	_, twice := s.planned[externalID]
	s.planned[externalID] = replaces
	other := cmp.Or(s.kept[externalID], s.leaving[externalID])
	return !twice && (other == "" || other == replaces)
}

// claim reports whether this is the first resource of the run that creates the external id.
func (s *setupRun) claim(externalID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.claimed == nil {
		s.claimed = map[string]bool{}
	}
	claimed := s.claimed[externalID]
	s.claimed[externalID] = true
	return !claimed
}

// find returns the setup of the key's project and environment that had the external id before
// the first write, or nil. One list serves all calls, once it is known which setups of the
// organization belong to the key.
func (s *setupRun) find(ctx context.Context, client *traceloop.ProjectClient, externalID string) (*traceloop.AutoMonitorSetup, error) {
	if err := s.look(ctx, client); err != nil {
		return nil, err
	}
	s.mu.Lock()
	candidates := slices.DeleteFunc(slices.Clone(s.before[externalID]), func(setup traceloop.AutoMonitorSetup) bool { return s.deleted[setup.ID] })
	s.mu.Unlock()
	own := client.OwnProjectID()
	for _, candidate := range candidates {
		if own == "" {
			setup, err := client.GetAutoMonitorSetup(ctx, externalID, "")
			if traceloop.IsNotFound(err) {
				return nil, nil
			}
			return setup, err
		}
		if candidate.ProjectID == own {
			return &candidate, nil
		}
	}
	return nil, nil
}

func (s *setupRun) look(ctx context.Context, client *traceloop.ProjectClient) error {
	s.looking.Lock()
	defer s.looking.Unlock()
	if s.before != nil {
		return nil
	}
	setups, err := client.ListAutoMonitorSetups(ctx, "")
	if err != nil {
		return err
	}
	before := map[string][]traceloop.AutoMonitorSetup{}
	for _, setup := range setups {
		before[setup.ExternalID] = append(before[setup.ExternalID], setup)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = before
	return nil
}

// freshen clears the client's cache unless it is new, so that resources that wait at the same
// time share a list.
func (s *setupRun) freshen(now time.Time, client *traceloop.ProjectClient) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.fresh) >= firstPoll/2 {
		s.fresh = now
		client.ForgetAutoMonitorSetups()
	}
}

// warnUnread warns once that a plan uses the setups in the state.
func (s *setupRun) warnUnread(diags *diag.Diagnostics) {
	if diags.HasError() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.warned {
		return
	}
	s.warned = true
	diags.AddWarning("Auto Monitor Setups Were Not Read",
		"The project key is not known before apply, because this plan creates or rotates it. The plan uses the setups in the state. The next plan shows changes made outside Terraform.")
}

// refuseTaken reports whether the external id is free. Otherwise it adds an error.
func (r *setupResource) refuseTaken(ctx context.Context, externalID string, planning bool, diags *diag.Diagnostics) bool {
	taken, err := r.setups.find(ctx, r.project.client, externalID)
	switch {
	case err != nil:
		diags.AddError("Unable to Check Auto Monitor Setup", r.projectFailure(fmt.Sprintf("check that no auto monitor setup %q exists, because creating one would replace it", externalID), err))
	case taken != nil && !(planning && r.setups.isManaged(taken.ID)):
		diags.AddAttributeError(path.Root("external_id"), "Auto Monitor Setup Already Exists", fmt.Sprintf(
			"The project and environment of the project key already have the %s, created %s. Nothing was changed. Choose one:\n\n"+
				"  - To manage that setup, import it (write the address of this resource after \"to\"):\n\n%s\n\n"+
				"  - If this resource, or one that refers to it, has lifecycle { create_before_destroy = true }, remove that: two setups cannot share one external id.\n"+
				"  - Use another external id.",
			newSetupModel(*taken).describe(), timestamp(taken.CreatedAt).ValueString(), importBlock("traceloop_auto_monitor_setup", "example", externalID)))
	case !planning && !r.setups.claim(externalID):
		addTwoSetups(externalID, diags)
	default:
		return true
	}
	return false
}

func addTwoSetups(externalID string, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("external_id"), "Two Resources for One Auto Monitor Setup", fmt.Sprintf(
		"Another resource has, creates or deletes the auto monitor setup %q with the same project key. Nothing was changed for this one. "+
			"Remove one of the two, or choose another external id for one of them. To move the setup to another resource, use a moved block. To give the external id to another resource, apply once without the new one.", externalID))
}
