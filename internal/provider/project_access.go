package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// projectAccess is the API key of a project and environment, for the operations that Traceloop
// publishes. It is a provider argument: a resource argument would have to be in the state, for
// reads and deletes.
//
// The key may come from a resource of the same configuration. Then it is unknown in the plan
// that creates or rotates the key, and setups are planned without a call.
type projectAccess struct {
	client  *traceloop.ProjectClient // nil without a key, or while the key is unknown
	key     setting
	unknown bool
}

func newProjectAccess(argument types.String, diags *diag.Diagnostics) projectAccess {
	if argument.IsUnknown() {
		return projectAccess{unknown: true}
	}
	key := lookup(argument, "project_api_key", envProjectKey)
	if !key.found {
		return projectAccess{}
	}
	value, err := traceloop.ParseKey(key.value)
	if err != nil {
		// Not anchored: the CLI would print that line of the configuration.
		diags.AddError("Invalid Project Key", fmt.Sprintf(
			"The API key of a project and environment, from %s, cannot be used: %s. Set it to the key exactly as Traceloop showed it, on one line.", key.source, err))
	}
	key.value = value
	return projectAccess{key: key}
}

// configureProject is the Configure method of everything that uses a project's key.
func configureProject(data any, diags *diag.Diagnostics) *providerData {
	d, ok := data.(*providerData)
	if data != nil && !ok {
		diags.AddError("Unexpected Provider Data", fmt.Sprintf("The provider passed data of type %T. This is a bug in the provider. Please report it.", data))
	}
	return d
}

// isProjectKnown reports whether the project's key is known now. It adds an error if there is
// no key at all.
func (d *providerData) isProjectKnown(diags *diag.Diagnostics) bool {
	if d.project.client == nil && !d.project.unknown && d.isWhollyKnown() {
		diags.AddError("Missing Project Key",
			"Auto monitor setups and organizations need the API key of a project and environment, and none is set. "+
				"Set the provider argument \"project_api_key\" (or the environment variable "+envProjectKey+"). "+
				"If age_recipients seals the key of a traceloop_api_key, its attribute key is null: open the key with the ephemeral resource of the same name. The provider does not send the management key instead.")
	}
	return d.project.client != nil
}

// projectReady is ready for calls with the project's key.
func (d *providerData) projectReady(diags *diag.Diagnostics) bool {
	if d.isProjectKnown(diags) {
		return true
	}
	if !diags.HasError() {
		argument := d.unknown
		if d.project.unknown {
			argument = path.Root("project_api_key")
		}
		addUnknownConfiguration(diags, argument)
	}
	return false
}

// projectFailure is failure for calls with the project's key.
func (d *providerData) projectFailure(attempted string, err error) string {
	var (
		next   string
		item   *traceloop.ItemError
		other  *traceloop.OtherEnvironmentError
		answer *traceloop.Error
	)
	switch {
	case errors.As(err, &item):
		next = "The service refused this setup. The other setups of the same request are not affected. Correct the configuration and apply again."
	case errors.As(err, &other):
		next = fmt.Sprintf("The project key comes from %s. Use the key of the project and environment that the setup belongs to. "+
			"To move the setup, destroy it with that key first. To keep it in Traceloop but stop managing it, use a removed block with destroy = false.", d.project.key.source)
	case errors.As(err, &answer) && answer.StatusCode == http.StatusUnauthorized:
		next = fmt.Sprintf("The project key comes from %s. Check that it is complete and has not been revoked.", d.project.key.source)
	case errors.As(err, &answer) && answer.StatusCode == http.StatusForbidden:
		next = fmt.Sprintf("The project key comes from %s. Check that it is the API key of a project and environment; this operation does not accept a management key.", d.project.key.source)
	default: // for 401 and 403, nextStep would name the management key
		next = d.nextStep(err)
	}
	return fmt.Sprintf("The provider tried to %s.\n\n%s\n\n%s", attempted, err, next)
}

// sleep waits for d. It returns early with the context's error if ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
