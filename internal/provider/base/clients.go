package base

import (
	"context"
	"fmt"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

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
	value, err := ParseFullKey(c.Key.Value)
	if err == nil {
		c.Key.Value = value
	}
	return err
}

func (c *Credential) isUnknown() bool { return len(c.Unknown.Steps()) > 0 }

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

// The API key of a project and environment is for the operations that Traceloop publishes. It is a
// provider argument: a resource argument would have to be in the state, for reads and deletes.
//
// The key may come from a resource of the same configuration. Then it is unknown in the plan
// that creates or rotates the key, and setups are planned without a call.

// HasProjectKey reports whether there is a project's key, known or not. Otherwise it adds an error.
func (d *Data) HasProjectKey(diags *diag.Diagnostics) bool {
	return d.hasProjectKey("", diags)
}

func (d *Data) hasProjectKey(advice string, diags *diag.Diagnostics) bool {
	if d.project.client != nil || d.project.isUnknown() {
		return true
	}
	diags.AddError("Missing Project Key",
		"Auto monitor setups, evaluators and organizations need the API key of a project and environment, and none is set. "+
			"Set the provider argument \"project_api_key\" (or the environment variable "+EnvProjectKey+"). "+
			"If age_recipients seals the key of a traceloop_api_key, its attribute key is null: open the key with the ephemeral resource of the same name. The provider does not send the management key instead. "+RefreshHint+advice)
	return false
}

// Project returns the client of the project's key. It adds an error if there is none. After an error of the
// caller's it returns none either.
func (d *Data) Project(diags *diag.Diagnostics) (*traceloop.ProjectClient, bool) {
	return d.ProjectOr("", diags)
}

// ProjectForWriting is Project for a call that changes something.
func (d *Data) ProjectForWriting(diags *diag.Diagnostics) (*traceloop.ProjectClient, bool) {
	d.Ledger.Write()
	return d.Project(diags)
}

// ProjectForReading is Project for a data source.
func (d *Data) ProjectForReading(diags *diag.Diagnostics) (*traceloop.ProjectClient, bool) {
	return d.ProjectOr("If the key is that of a traceloop_api_key in this configuration, say so in the data source: depends_on = [traceloop_api_key.example]. "+
		"A plan that changes the key then leaves the data source to its apply, which knows the key.", diags)
}

// ProjectOr is Project with another way on, for its error. It is about the key.
func (d *Data) ProjectOr(advice string, diags *diag.Diagnostics) (*traceloop.ProjectClient, bool) {
	if diags.HasError() {
		return nil, false
	}
	if d.project.client != nil {
		return d.project.client, true
	}
	if d.project.isUnknown() && !d.project.Unknown.Equal(path.Root("project_api_key")) {
		advice = ""
	}
	if advice != "" {
		advice = "\n\n" + advice
	}
	if d.hasProjectKey(advice, diags) {
		addUnknownConfiguration(diags, d.project.Unknown, advice)
	}
	return nil, false
}

// ProjectIfKnown returns nil if there is no client yet. It is for a look at plan time that can be
// skipped.
func (d *Data) ProjectIfKnown() *traceloop.ProjectClient { return d.project.client }

// ProjectKeySource says where the project's key comes from.
func (d *Data) ProjectKeySource() string { return d.project.Key.Source }

// ProjectForRefresh returns nil if there is no client: without a key, with an error; with one that is not
// known yet, with a warning, once for all objects of a kind, that the plan uses what is in the state.
func (d *Data) ProjectForRefresh(objects string, diags *diag.Diagnostics) *traceloop.ProjectClient {
	if !d.HasProjectKey(diags) || d.project.client != nil || d.warnedUnread.Add(objects) {
		return d.project.client
	}
	why := "The project key is not known before apply, because this plan creates or rotates it."
	if unknown := d.project.Unknown; !unknown.Equal(path.Root("project_api_key")) {
		why = fmt.Sprintf("The provider argument %q is not known before apply.", unknown)
	}
	diags.AddWarning(objects+" Were Not Read", why+" The plan uses what is in the state. The next plan shows changes made outside Terraform.")
	return nil
}

func addUnknownConfiguration(diags *diag.Diagnostics, argument path.Path, advice string) {
	diags.AddError("Unknown Provider Configuration", fmt.Sprintf(
		"The provider argument %q is not known before apply, but this step must call the Traceloop API. "+
			"First apply the resource that the argument refers to: terraform apply -target=ADDRESS. Then plan again.%s", argument, advice))
}

// EnvironmentList is a list method of the management client, cached or not.
type EnvironmentList func(context.Context, traceloop.EnvironmentFilter) iter.Seq2[traceloop.Environment, error]

// APIKeyList is a list method of the management client, cached or not.
type APIKeyList func(context.Context, traceloop.APIKeyFilter) iter.Seq2[traceloop.APIKey, error]
