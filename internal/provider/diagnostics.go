package provider

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// failure is the detail of a diagnostic for a failed call: what was attempted, what
// came back, and what to do next.
//
// "attempted" completes "The provider tried to …".
func (d *providerData) failure(attempted string, err error) string {
	return fmt.Sprintf("The provider tried to %s.\n\n%s\n\n%s", attempted, err, d.nextStep(err))
}

// addNotFound warns that an object leaves the state. The service's 404 is the same for one that
// is gone and for one of another organization.
func (d *providerData) addNotFound(diags *diag.Diagnostics, kind, described, gone, next string) {
	diags.AddWarning(kind+" No Longer Found", fmt.Sprintf("With the management key from %s, Traceloop shows no %s. There are two possible reasons:\n\n"+
		"  - %s;\n"+
		"  - the management key belongs to another organization.\n\n"+
		"Check which it is before you apply. Apply removes the %s from the state; %s.", d.key.source, described, gone, described, next))
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
	return d.nextStepWithoutAnswer(err)
}

// nextStepWithoutAnswer is for a call that did not get through to the service.
func (d *providerData) nextStepWithoutAnswer(err error) string {
	var (
		authority   x509.UnknownAuthorityError
		name        x509.HostnameError
		certificate x509.CertificateInvalidError
		proxy       *traceloop.ProxyError
		network     *net.OpError
		server      = fmt.Sprintf("the base URL %s, which comes from %s", d.baseURL.value, d.baseURL.source)
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "The run was interrupted before this was carried out. Run it again to go on from here."
	case errors.As(err, &authority):
		return fmt.Sprintf("Nothing was sent to %s: its certificate is signed by an authority that this machine does not trust. "+
			"If it is an authority of your own, or that of a proxy which opens TLS connections, set ca_cert_file (or %s) to a PEM file with its certificate; where one is set, it is not the right one.", server, envCACertFile)
	case errors.As(err, &name):
		return fmt.Sprintf("Nothing was sent to %s: its certificate is that of another host. Check the host name in the URL, and that DNS leads where it should.", server)
	case errors.As(err, &certificate) && certificate.Reason == x509.Expired:
		return fmt.Sprintf("Nothing was sent to %s: its certificate has expired or is not valid yet, or that of its authority. Check the clock of this machine; if it is right, whoever runs the server has to renew the certificate.", server)
	case errors.As(err, &proxy):
		return "The proxy comes from the environment variable HTTPS_PROXY. Give it a user name and a password if it asks for them, have it allow the host, or name the host in NO_PROXY to go without the proxy."
	case errors.As(err, &network) && network.Op == "proxyconnect":
		return "The proxy, which comes from the environment variable HTTPS_PROXY, cannot be reached. Check its address, or name the host of the base URL in NO_PROXY to go without it."
	case errors.As(err, &network) && (network.Op == "remote error" || network.Op == "local error"): // crypto/tls's alerts
		return fmt.Sprintf("Nothing was sent to %s: there is no agreement on TLS. The provider takes TLS 1.2 and newer; check what the server, or a proxy before it, offers.", server)
	case traceloop.IsRefused(err) && d.client.IsLoopback():
		return fmt.Sprintf("Nothing listens at %s. Is the emulator running? To start it, run `make emulator` in a clone of the provider's repository, and set the two variables that it prints. "+
			"To use Traceloop's own service, unset %s and the provider argument \"base_url\".", server, envBaseURL)
	case errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Sprintf("Nothing was sent to %s: the server there does not speak TLS. Check the host and the port in the URL.", server)
	}
	return fmt.Sprintf("Check that this machine reaches %s. If it needs a proxy, set HTTPS_PROXY.", server)
}

func (d *providerData) nextStepAfter(status int) string {
	switch status {
	case http.StatusUnauthorized:
		detail := fmt.Sprintf("The management key comes from %s. Check that it is complete, belongs to this organization and has not been revoked.", d.key.source)
		if d.client.IsLoopback() {
			detail += " An emulator without -data makes a new management key at each start: set the variables that it printed last."
		}
		return detail
	case http.StatusForbidden:
		return fmt.Sprintf("The key comes from %s. If it is a project's own API key, which sends traces (%s), put a management key in its place: set %s.", d.key.source, envTracesKey, envManagementKey)
	case http.StatusTooManyRequests:
		return "The service allows no more requests at the moment. Run it again later; a lower -parallelism sends requests more slowly."
	case http.StatusNotFound:
		return fmt.Sprintf("It does not exist, or no longer, or the base URL %s, which comes from %s, is not that of the API.", d.baseURL.value, d.baseURL.source)
	case http.StatusConflict, http.StatusBadRequest:
		return "Nothing was changed. Correct the configuration and apply again."
	}
	if status >= http.StatusInternalServerError {
		return "The service failed. Run it again; if it goes on, ask Traceloop's support and name the request id."
	}
	return fmt.Sprintf("Check that the base URL %s, which comes from %s, is that of the Traceloop API, and that the provider is up to date.", d.baseURL.value, d.baseURL.source)
}
