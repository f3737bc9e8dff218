package base

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// Monitors is what the auto monitor setups of a process share.
type Monitors struct {
	PlannedEvaluators Set[string] // slugs, for the setups that use them

	creating sync.Map    // external id to *sync.Mutex
	warned   Set[string] // of which objects ProjectForRefresh has warned

	mu    sync.Mutex
	fresh time.Time // when the client's cache was last cleared
}

// Creating lets one creation at a time look for an external id and take it. Otherwise two
// resources with one external id could both find that it is free, and a bulk upsert would replace
// the setup of the first one. It returns the function that ends the creation.
func (m *Monitors) Creating(externalID string) func() {
	value, _ := m.creating.LoadOrStore(externalID, &sync.Mutex{})
	mu, _ := value.(*sync.Mutex)
	mu.Lock()
	return mu.Unlock
}

// Freshen clears the client's cache unless it was cleared within that time, so that resources that
// wait at the same time share a list.
func (m *Monitors) Freshen(now time.Time, within time.Duration, client *traceloop.ProjectClient) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Sub(m.fresh) >= within {
		m.fresh = now
		client.ForgetAutoMonitorSetups()
	}
}

// ProjectForRefresh returns nil if there is no client: without a key, with an error; with one that is not
// known yet, with a warning, once for all objects of a kind, that the plan uses what is in the state.
func (d *Data) ProjectForRefresh(objects string, diags *diag.Diagnostics) *traceloop.ProjectClient {
	if !d.HasProjectKey(diags) || d.project.client != nil || d.Monitors.warned.Add(objects) {
		return d.project.client
	}
	why := "The project key is not known before apply, because this plan creates or rotates it."
	if unknown := d.project.Unknown; !unknown.Equal(path.Root("project_api_key")) {
		why = fmt.Sprintf("The provider argument %q is not known before apply.", unknown)
	}
	diags.AddWarning(objects+" Were Not Read", why+" The plan uses what is in the state. The next plan shows changes made outside Terraform.")
	return nil
}

const organizationIDKey = "org_id"

// NoteOrganizationID stores in the private state which organization a setup belongs to, as the
// service's answer says. It writes only what is new, so that a refresh changes nothing.
func NoteOrganizationID(ctx context.Context, private PrivateState, id string, diags *diag.Diagnostics) {
	if id != "" && organizationID(ctx, private, diags) != id {
		setPrivate(ctx, private, organizationIDKey, id, diags)
	}
}

// RememberOrganization is NoteOrganizationID for an object whose answers do not say it. It asks only once for
// an object. If it cannot find out, the next read does.
func (d *Data) RememberOrganization(ctx context.Context, private PrivateState, diags *diag.Diagnostics) {
	if organizationID(ctx, private, diags) != "" {
		return
	}
	if id, err := d.projectOrganization(ctx); err == nil {
		NoteOrganizationID(ctx, private, id, diags)
	}
}

func organizationID(ctx context.Context, private PrivateState, diags *diag.Diagnostics) string {
	var id string
	getPrivate(ctx, private, organizationIDKey, &id, diags)
	return id
}

// RememberProject notes which organization has the project of a setup, if the management client
// finds it. It asks only once for a setup: a plan of many setups sends no request for this.
func (d *Data) RememberProject(ctx context.Context, private PrivateState, projectID string, diags *diag.Diagnostics) {
	client := d.ManagementIfKnown()
	var before origin
	getPrivate(ctx, private, originKey, &before, diags)
	if client == nil || before.Organization != "" {
		return
	}
	if _, err := client.GetProject(ctx, projectID); err == nil {
		d.Remember(ctx, client, private, diags)
	}
}

// IsProjectGone reports whether the management client, if there is one, knows that the project of a
// setup no longer exists: the organization that had it answers, and does not find it. Traceloop has
// deleted the setup with it. An object without a project is not in one.
func (d *Data) IsProjectGone(ctx context.Context, private PrivateState, projectID string, diags *diag.Diagnostics) bool {
	client := d.ManagementIfKnown()
	if client == nil || projectID == "" {
		return false
	}
	if _, err := client.GetProject(ctx, projectID); !traceloop.IsNotFound(err) {
		return false
	}
	var before origin
	getPrivate(ctx, private, originKey, &before, diags)
	now, err := d.originOf(ctx, client)
	return err == nil && before.Organization != "" && before == now
}
