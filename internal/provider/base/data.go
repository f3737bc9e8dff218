// Package base is what the objects of the provider share: the clients, what this process knows of
// one plan or apply, identities, diagnostics, and validators. It imports no object.
package base

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// Data is shared by all resources and data sources of one plan or apply.
type Data struct {
	Now   func() time.Time // the one clock of the provider
	Sleep func(context.Context, time.Duration) error

	Ledger  *Ledger
	Applied Applied
	Started time.Time // of this process's plan or apply

	Absences   Absences
	KeysBefore KeysBefore
	// KeysRead has the ids of the keys that this process has read. A key is due only in a process that has
	// read it, so that an apply never rotates a key that its plan did not.
	KeysRead      Set[string]
	WarnedRevoked atomic.Bool // that a plan revokes keys whose blocks are gone

	Monitors          Monitors
	PlannedEvaluators Set[string] // slugs, for the setups that use them

	management access[traceloop.Client]
	project    access[traceloop.ProjectClient]
	baseURL    Setting
	answering  answering
	isLoopback bool // the API is on this machine, as the emulator is

	warnedUnread Set[string] // kinds of objects: see ProjectForRefresh
}

// Config is the provider block together with the environment variables.
type Config struct {
	Client                    traceloop.Config // without a key
	BaseURL                   Setting
	ManagementKey, ProjectKey Credential
	Now                       func() time.Time
	Sleep                     func(context.Context, time.Duration) error
	ManyWalks                 bool // see NewLedger
}

// NewData makes the clients of a provider block.
func NewData(c Config) (*Data, error) {
	d := &Data{
		Now: c.Now, Sleep: c.Sleep, Ledger: NewLedger(c.ManyWalks), Started: c.Now(), baseURL: c.BaseURL,
		management: access[traceloop.Client]{Credential: c.ManagementKey},
		project:    access[traceloop.ProjectClient]{Credential: c.ProjectKey},
	}
	c.Client.Secrets = []string{c.ManagementKey.Key.Value, c.ProjectKey.Key.Value}
	var err, projectErr error
	if c.ManagementKey.Key.Found && !c.ManagementKey.isUnknown() {
		c.Client.Key = c.ManagementKey.Key.Value
		if d.management.client, err = traceloop.New(c.Client); err == nil {
			d.isLoopback = d.management.client.IsLoopback()
		}
	}
	if c.ProjectKey.Key.Found && !c.ProjectKey.isUnknown() {
		c.Client.Key = c.ProjectKey.Key.Value
		if d.project.client, projectErr = traceloop.NewProjectClient(c.Client); projectErr == nil {
			d.isLoopback = d.project.client.IsLoopback()
		}
	}
	return d, errors.Join(err, projectErr)
}

// Configure is the Configure method of everything that uses the management key.
func Configure(data any, diags *diag.Diagnostics) *Data {
	d := ConfigureProject(data, diags)
	if d != nil && d.management.client == nil && !d.management.isUnknown() {
		diags.AddError("Missing Management Key", MissingKeyDetail())
	}
	return d
}

// ConfigureProject is the Configure method of everything that uses a project's key.
func ConfigureProject(data any, diags *diag.Diagnostics) *Data {
	if data == nil {
		return nil // validation: the provider is not configured yet
	}
	d, ok := data.(*Data)
	if !ok {
		diags.AddError("Unexpected Provider Data", fmt.Sprintf("The provider passed data of type %T. This is a bug in the provider. Please report it.", data))
	}
	return d
}

// BaseURL returns the address of the API.
func (d *Data) BaseURL() string { return d.baseURL.Value }
