package base

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// maxNamed limits how many keys a warning names.
const maxNamed = 10

// WarnCascade names the keys that are revoked with an object that a plan destroys, and refuses
// if one is the provider's own. "more" is a sentence about what else is deleted.
func (d *Data) WarnCascade(ctx context.Context, diags *diag.Diagnostics, object, loss string, keys traceloop.APIKeyFilter, more string) {
	client := d.ManagementIfKnown()
	if client == nil {
		return // the provider's configuration is not known yet
	}
	found, err := collect(client.ListAPIKeys(ctx, keys))
	if traceloop.IsNotFound(err) {
		return // deleted outside Terraform
	}
	if err != nil {
		diags.AddWarning("Destroying Is Irreversible", fmt.Sprintf(
			"Apply destroys the %s: %s. %sThe provider could not find out which keys these are:\n\n%s", object, loss, more, err))
		return
	}
	if d.RefuseOwnKey(diags, "destroy the "+object, found...) {
		return
	}
	diags.AddWarning("Destroying Is Irreversible", fmt.Sprintf("Apply destroys the %s: %s. %s%s", object, loss, more, d.describeRevoked(ctx, client, found)))
}

// GuardCascade refuses to delete an object if that revokes the provider's own key. It returns the keys
// that are revoked.
func (d *Data) GuardCascade(diags *diag.Diagnostics, object string, keys iter.Seq2[traceloop.APIKey, error]) ([]traceloop.APIKey, bool) {
	found, err := collect(keys)
	if traceloop.IsNotFound(err) {
		return nil, true
	}
	if err != nil {
		diags.AddError("Unable to Check API Keys", d.Failure("list the API keys that would be revoked with the "+object, err))
		return nil, false
	}
	return found, !d.RefuseOwnKey(diags, "destroy the "+object, found...)
}

// WarnDestroyed names the keys that are revoked with an object that an apply destroys. No plan has named those that
// were generated after it, and none at all if the object is tainted or Terraform was told to replace it.
func (d *Data) WarnDestroyed(ctx context.Context, client *traceloop.Client, diags *diag.Diagnostics, object string, keys []traceloop.APIKey) {
	if len(keys) > 0 {
		diags.AddWarning("Destroying Is Irreversible", fmt.Sprintf("This apply destroys the %s. %s", object, d.describeRevoked(ctx, client, keys)))
	}
}

// describeRevoked names the keys by project and environment.
func (d *Data) describeRevoked(ctx context.Context, client *traceloop.Client, keys []traceloop.APIKey) string {
	if len(keys) == 0 {
		return "No API key is active there."
	}
	names := map[string]string{}
	var b strings.Builder
	fmt.Fprintf(&b, "%s revoked, and applications that use %s can no longer send traces:\n", pluralIs(len(keys), "API key"), themOrIt(len(keys)))
	for _, key := range keys[:min(len(keys), maxNamed)] {
		name, ok := names[key.ProjectID]
		if !ok {
			name = key.ProjectID
			if project, err := client.GetProject(ctx, key.ProjectID); err == nil {
				name = fmt.Sprintf("%q", project.Name)
			}
			names[key.ProjectID] = name
		}
		fmt.Fprintf(&b, "\n  - project %s, environment %q: %s", name, key.Environment, cmp.Or(key.MaskedKey, "id "+key.ID))
	}
	if more := len(keys) - maxNamed; more > 0 {
		projects := map[string]bool{}
		for _, key := range keys {
			projects[key.ProjectID] = true
		}
		fmt.Fprintf(&b, "\n  - and %d more; %s in all", more, plural(len(projects), "project"))
	}
	return b.String()
}

// RefuseOwnKey adds an error if the masked form of a key is that of the provider's own key. A mask that
// shows too little of a key says nothing.
func (d *Data) RefuseOwnKey(diags *diag.Diagnostics, action string, keys ...traceloop.APIKey) bool {
	for _, key := range keys {
		if matches, provable := traceloop.MaskMatches(key.MaskedKey, d.management.Key.Value); matches && provable {
			diags.AddError("Provider Would Revoke Its Own Key", fmt.Sprintf(
				"The provider was asked to %s. That would revoke the key %s (id %s) of project %s, environment %q, which looks like the provider's own key. The provider's key comes from %s. Without it, every further call would fail and the apply would stop half-way. "+
					"Nothing was changed. Configure the provider with another management key, then apply again.",
				action, key.MaskedKey, key.ID, key.ProjectID, key.Environment, d.management.Key.Source))
			return true
		}
	}
	return false
}
