package base

import (
	"cmp"
	"context"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// This file notes which organization has an object: its origin for what the management key reads, and the
// organization's id for what a project's key reads. DESIGN.md, "Gone", says why.

// origin says which organization has an object, and where it was found. It does not depend on the
// key of a request: keys differ between people, and rotate.
type origin struct {
	BaseURL      string `json:"base_url"`
	Organization string `json:"organization"` // see traceloop.Client.OrganizationMark
}

// answering is which organization answers, as far as this process has asked.
type answering struct {
	mu     sync.Mutex // held while the origin is asked for
	origin *origin    // with the management key
	failed error

	learn          sync.Once
	organizationID string // with the project's key
	learnFailed    error
}

// originOf returns which organization answers. It asks once in a process.
func (d *Data) originOf(ctx context.Context, client *traceloop.Client) (origin, error) {
	a := &d.answering
	a.mu.Lock()
	defer a.mu.Unlock()
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
	if getPrivate[origin](ctx, private, originKey, diags) != now {
		setPrivate(ctx, private, originKey, now, diags)
	}
}

// Confirm notes that the management key changed an object: so the organization that had it answers. It saves
// the request with which Remember asks.
func (d *Data) Confirm(ctx context.Context, private PrivateState, diags *diag.Diagnostics) {
	before := getPrivate[origin](ctx, private, originKey, diags)
	a := &d.answering
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.origin == nil && before.Organization != "" && before.BaseURL == d.address() {
		a.origin, a.failed = &before, nil
	}
}

// address returns the base URL in the form of an origin.
func (d *Data) address() string { return strings.TrimRight(strings.TrimSpace(d.baseURL.Value), "/") }

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
	return getPrivate[string](ctx, private, organizationIDKey, diags)
}

// RememberProject notes which organization has the project of a setup, if the management client
// finds it. It asks only once for a setup: a plan of many setups sends no request for this.
func (d *Data) RememberProject(ctx context.Context, private PrivateState, projectID string, diags *diag.Diagnostics) {
	client := d.ManagementIfKnown()
	before := getPrivate[origin](ctx, private, originKey, diags)
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
	before := getPrivate[origin](ctx, private, originKey, diags)
	now, err := d.originOf(ctx, client)
	return err == nil && before.Organization != "" && before == now
}

// projectOrganization returns the id of the organization of the project's key, as the list of setups
// shows it, or "". It asks once in a process.
func (d *Data) projectOrganization(ctx context.Context) (id string, err error) {
	a := &d.answering
	a.learn.Do(func() {
		var setups []traceloop.AutoMonitorSetup
		setups, a.learnFailed = d.project.client.ListAutoMonitorSetups(ctx, "")
		for _, setup := range setups {
			a.organizationID = cmp.Or(a.organizationID, setup.OrgID)
		}
	})
	return a.organizationID, a.learnFailed
}
