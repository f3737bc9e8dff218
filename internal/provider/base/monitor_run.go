package base

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

// MonitorRun stores what this process knows about the setups of one plan or one apply. A bulk
// upsert replaces a setup with the same external id, so a creation must check that none exists.
type MonitorRun struct {
	looking sync.Mutex // held while the list is read

	mu      sync.Mutex
	before  map[string][]traceloop.AutoMonitorSetup // before the first write, by external id; nil if not read yet
	managed map[string]bool                         // ids of setups in the state
	deleted map[string]bool                         // ids of setups that this process deleted
	claimed map[string]bool                         // external ids that this process creates
	kept    map[string]string                       // ids of setups that the plan leaves where they are, by external id
	leaving map[string]string                       // ids of setups that the plan deletes, by external id
	planned map[string]string                       // what the plan creates, by external id: the id of what it replaces, if any
	warned  bool                                    // whether WarnUnread has warned
	fresh   time.Time                               // when the client's cache was last cleared
}

// MarkManaged notes a setup of the state. A plan that creates one with its external id replaces it.
func (s *MonitorRun) MarkManaged(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.managed == nil {
		s.managed = map[string]bool{}
	}
	s.managed[id] = true
}

// IsManaged reports whether a setup is in the state.
func (s *MonitorRun) IsManaged(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.managed[id]
}

// MarkDeleted notes a setup that this process deleted.
func (s *MonitorRun) MarkDeleted(id, externalID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deleted == nil {
		s.deleted = map[string]bool{}
	}
	s.deleted[id] = true
	delete(s.claimed, externalID)
}

// Keep reports whether no other resource of the plan creates a setup with the external id of
// this one, which stays.
func (s *MonitorRun) Keep(id, externalID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = map[string]string{}
	}
	s.kept[externalID] = id
	replaces, created := s.planned[externalID]
	return !created || replaces == id
}

// Leave reports whether no other resource of the plan creates a setup with the external id of
// this one, which the plan deletes. Terraform may delete it too late, or delete the new one.
func (s *MonitorRun) Leave(id, externalID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leaving == nil {
		s.leaving = map[string]string{}
	}
	s.leaving[externalID] = id
	replaces, created := s.planned[externalID]
	return !created || replaces == id
}

// Create reports whether no other resource of the plan creates, keeps or deletes a setup with
// the external id. replaces is the id of the setup that the new one replaces, if it is known to.
func (s *MonitorRun) Create(externalID, replaces string) bool {
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

// Claim reports whether this is the first resource of the run that creates the external id.
func (s *MonitorRun) Claim(externalID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.claimed == nil {
		s.claimed = map[string]bool{}
	}
	claimed := s.claimed[externalID]
	s.claimed[externalID] = true
	return !claimed
}

// Find returns the setup of the key's project and environment that had the external id before
// the first write, or nil. One list serves all calls, once it is known which setups of the
// organization belong to the key.
func (s *MonitorRun) Find(ctx context.Context, client *traceloop.ProjectClient, externalID string) (*traceloop.AutoMonitorSetup, error) {
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

func (s *MonitorRun) look(ctx context.Context, client *traceloop.ProjectClient) error {
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

// Freshen clears the client's cache unless it was cleared within that time, so that resources that
// wait at the same time share a list.
func (s *MonitorRun) Freshen(now time.Time, within time.Duration, client *traceloop.ProjectClient) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.fresh) >= within {
		s.fresh = now
		client.ForgetAutoMonitorSetups()
	}
}

// WarnUnread warns once that a plan uses the setups in the state.
func (s *MonitorRun) WarnUnread(unknown path.Path, diags *diag.Diagnostics) {
	if diags.HasError() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.warned {
		return
	}
	s.warned = true
	why := "The project key is not known before apply, because this plan creates or rotates it."
	if !unknown.Equal(path.Root("project_api_key")) {
		why = fmt.Sprintf("The provider argument %q is not known before apply.", unknown)
	}
	diags.AddWarning("Auto Monitor Setups Were Not Read", why+" The plan uses the setups in the state. The next plan shows changes made outside Terraform.")
}
