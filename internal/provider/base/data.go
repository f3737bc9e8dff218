// Package base is what the objects of the provider share: the clients, what this process knows of
// one plan or apply, identities, diagnostics, and validators. It imports no object.
package base

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

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

// Credential is the key of a client. While an argument that the client needs is unknown, it is
// the path of that argument instead.
type Credential struct {
	Key     Setting
	Unknown path.Path
}

// access is a client of the API, or the reason why there is none.
type access[Client any] struct {
	Credential

	client *Client // nil without a key, or while an argument is unknown
}

// Parse checks the key, and drops the white space around it.
func (c *Credential) Parse() error {
	if !c.Key.Found || c.isUnknown() {
		return nil
	}
	value, err := traceloop.ParseKey(c.Key.Value)
	if err == nil {
		c.Key.Value = value
	}
	return err
}

func (c *Credential) isUnknown() bool { return len(c.Unknown.Steps()) > 0 }

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

// EnvironmentList is the client's list method, cached or not.
type EnvironmentList func(context.Context, traceloop.EnvironmentFilter) iter.Seq2[traceloop.Environment, error]

// APIKeyList is the client's list method, cached or not.
type APIKeyList func(context.Context, traceloop.APIKeyFilter) iter.Seq2[traceloop.APIKey, error]

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

// Management returns the client of the management key. It adds an error if there is none. After an error of
// the caller's it returns none either.
func (d *Data) Management(diags *diag.Diagnostics) (*traceloop.Client, bool) {
	switch {
	case diags.HasError():
	case d.management.client != nil:
		return d.management.client, true
	case d.management.isUnknown():
		addUnknownConfiguration(diags, d.management.Unknown, "")
	default:
		diags.AddError("Missing Management Key", MissingKeyDetail())
	}
	return nil, false
}

// ManagementForWriting is Management for a call that changes something.
func (d *Data) ManagementForWriting(diags *diag.Diagnostics) (*traceloop.Client, bool) {
	d.Ledger.Write()
	return d.Management(diags)
}

// ManagementIfKnown returns nil if there is no client yet. It is for a look at plan time that can
// be skipped.
func (d *Data) ManagementIfKnown() *traceloop.Client { return d.management.client }

func addUnknownConfiguration(diags *diag.Diagnostics, argument path.Path, advice string) {
	diags.AddError("Unknown Provider Configuration", fmt.Sprintf(
		"The provider argument %q is not known before apply, but this step must call the Traceloop API. "+
			"First apply the resource that the argument refers to: terraform apply -target=ADDRESS. Then plan again.%s", argument, advice))
}

// BaseURL returns the address of the API.
func (d *Data) BaseURL() string { return d.baseURL.Value }
