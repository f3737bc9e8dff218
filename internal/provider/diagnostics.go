package provider

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// failure is the detail of a diagnostic for a failed call: what was attempted, what
// came back, and what to do next.
//
// "attempted" completes "The provider tried to …".
func (d *providerData) failure(attempted string, err error) string {
	return fmt.Sprintf("The provider tried to %s.\n\n%s\n\n%s", attempted, err, d.nextStep(err))
}

// nextStep is the one table from what the service answered to what to do next.
func (d *providerData) nextStep(err error) string {
	var (
		unknown    *traceloop.UnknownOutcomeError
		unreadable *traceloop.UnreadableError
		limited    *traceloop.RateLimitError
		answer     *traceloop.Error
	)
	switch {
	case errors.As(err, &unknown):
		return "It is not known whether the service carried this out. Look in the Traceloop dashboard before you apply again: what is there now is unknown to Terraform, and has to be imported or removed first."
	case errors.As(err, &limited):
		return "The service asks for a longer pause than the provider waits. Run it again after that time; a lower -parallelism sends requests more slowly."
	case errors.As(err, &unreadable):
		return fmt.Sprintf("That is not an answer of the Traceloop API. Check that the base URL %s, which comes from %s, is that of the API, and that no proxy answers in its place.", d.baseURL.value, d.baseURL.source)
	case errors.As(err, &answer):
		return d.nextStepAfter(answer.StatusCode)
	}
	return fmt.Sprintf("Check that this machine reaches the base URL %s, which comes from %s. If it needs a proxy, set HTTPS_PROXY; if the certificate is signed by an authority of your own, set ca_cert_file.", d.baseURL.value, d.baseURL.source)
}

func (d *providerData) nextStepAfter(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return fmt.Sprintf("The management key comes from %s. Check that it is complete, belongs to this organization and has not been revoked.", d.key.source)
	case http.StatusForbidden:
		return fmt.Sprintf("The key comes from %s. If it is a project's own API key, which sends traces (%s), put a management key in its place: set %s.", d.key.source, envTracesKey, envManagementKey)
	case http.StatusTooManyRequests:
		return "The service allows no more requests at the moment. Run it again later; a lower -parallelism sends requests more slowly."
	case http.StatusNotFound:
		return "It does not exist, or no longer. Check the id; a plan shows what Terraform will do about it."
	case http.StatusConflict, http.StatusBadRequest:
		return "Nothing was changed. Correct the configuration and apply again."
	}
	if status >= http.StatusInternalServerError {
		return "The service failed. Run it again; if it goes on, ask Traceloop's support and name the request id."
	}
	return fmt.Sprintf("Check that the base URL %s, which comes from %s, is that of the Traceloop API, and that the provider is up to date.", d.baseURL.value, d.baseURL.source)
}
