package provider

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// providerData is shared by all resources and data sources of one plan or apply.
type providerData struct {
	client       *traceloop.Client // nil without a management key, or while a provider argument is unknown
	unknown      path.Path         // the unknown argument
	key, baseURL setting
	now          func() time.Time
	sleep        func(context.Context, time.Duration) error

	project projectAccess
	setups  setupRun

	run               *run
	keysBefore        keysBefore
	learnEnvironments sync.Once
}

// environmentList and apiKeyList are the client's list methods, cached or fresh.
type (
	environmentList func(context.Context, traceloop.EnvironmentFilter) iter.Seq2[traceloop.Environment, error]
	apiKeyList      func(context.Context, traceloop.APIKeyFilter) iter.Seq2[traceloop.APIKey, error]
)

// configure is the Configure method of every resource and data source.
func configure(data any, diags *diag.Diagnostics) *providerData {
	if data == nil {
		return nil // validation: the provider is not configured yet
	}
	d, ok := data.(*providerData)
	if !ok {
		diags.AddError("Unexpected Provider Data", fmt.Sprintf("The provider passed data of type %T. This is a bug in the provider. Please report it.", data))
		return nil
	}
	if d.client == nil && d.isWhollyKnown() {
		diags.AddError("Missing Management Key", missingKeyDetail())
	}
	return d
}

// isWhollyKnown reports whether every provider argument except project_api_key is known.
func (d *providerData) isWhollyKnown() bool { return len(d.unknown.Steps()) == 0 }

// ready reports whether the API can be called. Otherwise it adds an error.
func (d *providerData) ready(diags *diag.Diagnostics) bool {
	if d.client != nil {
		return true
	}
	addUnknownConfiguration(diags, d.unknown)
	return false
}

func addUnknownConfiguration(diags *diag.Diagnostics, argument path.Path) {
	diags.AddError("Unknown Provider Configuration", fmt.Sprintf(
		"The provider argument %q is not known before apply, but this step must call the Traceloop API. "+
			"First apply the resource that the argument refers to: terraform apply -target=ADDRESS. Then plan again.", argument))
}

// writable is ready for a call that changes something.
func (d *providerData) writable(diags *diag.Diagnostics) bool {
	d.run.beginWriting()
	return d.ready(diags)
}
