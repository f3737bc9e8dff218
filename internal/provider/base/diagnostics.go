package base

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// Failure returns the detail of a diagnostic for a failed call. "attempted" completes
// "The provider tried to …".
func (d *Data) Failure(attempted string, err error) string {
	return fmt.Sprintf("The provider tried to %s.\n\n%s\n\n%s", attempted, err, d.NextStep(err))
}

// sentence ends a text with a full stop, unless a block to copy is at its end.
func sentence(s string) string {
	if strings.HasSuffix(s, "}") {
		return s
	}
	return s + "."
}

// NextStep maps an error to what the reader can do next.
func (d *Data) NextStep(err error) string {
	var (
		unknown     *traceloop.UnknownOutcomeError
		unreadable  *traceloop.UnreadableError
		mismatch    *traceloop.MismatchError
		missing     *traceloop.MissingOperationError
		rateLimited *traceloop.RateLimitError
		answer      *traceloop.Error
	)
	switch {
	case errors.As(err, &unknown):
		return "It is not known whether the service carried out the request. Look in the Traceloop dashboard before you apply again. If the object exists, import it or delete it first, because Terraform does not know it."
	case errors.As(err, &rateLimited):
		return "The service asks for a longer pause than the provider waits. Run the command again after that time. A lower -parallelism sends requests more slowly."
	case errors.As(err, &unreadable):
		return fmt.Sprintf("This answer does not come from the Traceloop API. Check that the base URL %s, which comes from %s, is the address of the API, and that no proxy answers instead of it.", d.baseURL.Value, d.baseURL.Source)
	case errors.As(err, &mismatch):
		return "The API differs from what this version of the provider expects. Check whether there is a newer version of the provider. If the newest one fails too, report this, with the report of \"traceloop-emulator check -report FILE\"."
	case errors.As(err, &missing) && missing.Method == http.MethodPatch:
		return fmt.Sprintf("The service cannot change this object: it does not have the operation. Nothing was changed. Check that the base URL %s, which comes from %s, is the address of the API. "+
			"If it is, set the argument back, and change the object in the Traceloop dashboard instead.", d.baseURL.Value, d.baseURL.Source)
	case errors.As(err, &missing):
		return fmt.Sprintf("The service does not have this operation, so nothing was carried out. Check that the base URL %s, which comes from %s, is the address of the API. "+
			"If it is, this version of the provider does not fit the service: report this, with the report of \"traceloop-emulator check -report FILE\".", d.baseURL.Value, d.baseURL.Source)
	case errors.As(err, &answer):
		return d.nextStepAfter(answer)
	}
	return d.nextStepWithoutAnswer(err)
}

// nextStepWithoutAnswer is NextStep for a call that did not reach the service.
func (d *Data) nextStepWithoutAnswer(err error) string {
	var (
		authority   x509.UnknownAuthorityError
		name        x509.HostnameError
		certificate x509.CertificateInvalidError
		proxy       *traceloop.ProxyError
		network     *net.OpError
		server      = fmt.Sprintf("the base URL %s, which comes from %s", d.baseURL.Value, d.baseURL.Source)
	)
	switch {
	case errors.Is(err, traceloop.ErrKeyAsID):
		return "Nothing was sent, and nothing was changed. Give the id. The data sources traceloop_projects, traceloop_environments and traceloop_api_keys list the ids."
	case errors.Is(err, context.Canceled):
		return "The run was interrupted before the request was carried out. Run the command again to continue."
	case errors.As(err, &authority):
		return fmt.Sprintf("Nothing was sent to %s. Its certificate is signed by an authority that this machine does not trust. "+
			"If the authority is your own, or belongs to a proxy that opens TLS connections, set ca_cert_file (or %s) to a PEM file with the certificate of the authority. If it is set already, the file does not contain the right certificate.", server, EnvCACertFile)
	case errors.As(err, &name):
		return fmt.Sprintf("Nothing was sent to %s. Its certificate is for another host. Check the host name in the URL, and the DNS entry of that host.", server)
	case errors.As(err, &certificate) && certificate.Reason == x509.Expired:
		return fmt.Sprintf("Nothing was sent to %s. Its certificate, or the certificate of its authority, has expired or is not valid yet. Check the clock of this machine. If the clock is right, ask the operator of the server to renew the certificate.", server)
	case errors.As(err, &proxy):
		return "The proxy comes from the environment variable HTTPS_PROXY. If the proxy asks for a user name and a password, add them to its URL. If it blocks the host, let it allow the host. To connect without the proxy, add the host to NO_PROXY."
	case errors.As(err, &network) && network.Op == "proxyconnect":
		return "The proxy cannot be reached. It comes from the environment variable HTTPS_PROXY. Check its address. To connect without the proxy, add the host of the base URL to NO_PROXY."
	case errors.As(err, &network) && (network.Op == "remote error" || network.Op == "local error"): // crypto/tls's alerts
		return fmt.Sprintf("Nothing was sent to %s. The TLS handshake failed. The provider accepts TLS 1.2 and newer. Check what the server, or a proxy in front of it, offers.", server)
	case traceloop.IsRefused(err) && d.isLoopback:
		return fmt.Sprintf("Nothing listens at %s. Is the emulator running? To start it, run `make emulator` in a clone of the provider's repository, and set the two variables that it prints. "+
			"To use Traceloop's own service, unset %s and remove the provider argument \"base_url\".", server, EnvBaseURL)
	case traceloop.IsUnknownHost(err):
		return fmt.Sprintf("The host name in %s, does not exist, as far as this machine can tell. Check the spelling. If the name is right, check this machine's network and DNS.", server)
	case errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Sprintf("Nothing was sent to %s. The server at that address does not use TLS. Check the host and the port in the URL.", server)
	}
	return fmt.Sprintf("Check that this machine can reach %s. If it needs a proxy, set HTTPS_PROXY.", server)
}

func (d *Data) nextStepAfter(answer *traceloop.Error) string {
	switch answer.StatusCode {
	case http.StatusUnauthorized:
		detail := fmt.Sprintf("The management key comes from %s. Check that it is complete, belongs to this organization and has not been revoked.", d.management.Key.Source)
		if d.isLoopback {
			detail += " Without -data, the emulator makes a new management key at each start. Set the variables that it printed last."
		}
		return detail
	case http.StatusForbidden:
		return fmt.Sprintf("The key comes from %s. If it is a project's own API key, which sends traces (%s), use a management key instead: set %s.", d.management.Key.Source, EnvTracesKey, EnvManagementKey)
	case http.StatusTooManyRequests:
		return "The service accepts no more requests at the moment. Run the command again later. A lower -parallelism sends requests more slowly."
	case http.StatusNotFound, http.StatusGone:
		return fmt.Sprintf("Either the object does not exist, or the base URL %s, which comes from %s, is not the address of the API. Check both.", d.baseURL.Value, d.baseURL.Source)
	case http.StatusConflict, http.StatusBadRequest, http.StatusUnprocessableEntity:
		return "Nothing was changed. Correct the configuration and apply again."
	}
	if answer.StatusCode >= http.StatusInternalServerError {
		report := "."
		if answer.RequestID != "" {
			report = " and give them the request id."
		}
		return "The service failed. Run the command again. If it fails again, ask Traceloop's support" + report
	}
	return fmt.Sprintf("Check that the base URL %s, which comes from %s, is the address of the Traceloop API, and that the provider is up to date.", d.baseURL.Value, d.baseURL.Source)
}

// ProjectFailure is Failure for calls with the project's key.
func (d *Data) ProjectFailure(attempted string, err error) string {
	var (
		next   string
		item   *traceloop.ItemError
		other  *traceloop.OtherEnvironmentError
		answer *traceloop.Error
	)
	switch {
	case errors.As(err, &item) && item.Internal:
		next = "The service failed. Nothing is wrong with this setup, and the other setups of the same request are not affected. Apply again. If it fails again, ask Traceloop's support."
	case errors.As(err, &item):
		next = "The service refused this setup. The other setups of the same request are not affected. Correct the configuration and apply again."
	case errors.As(err, &other):
		next = fmt.Sprintf("The project key comes from %s. Use the key of the project and environment that the setup belongs to.", d.project.Key.Source)
	case errors.As(err, &answer) && answer.StatusCode == http.StatusUnauthorized:
		next = fmt.Sprintf("The project key comes from %s. Check that it is complete and has not been revoked. If it has, use another key of that project, or let Terraform forget what needs it: terraform state rm ADDRESS.", d.project.Key.Source)
	case errors.As(err, &answer) && answer.StatusCode == http.StatusForbidden:
		next = fmt.Sprintf("The project key comes from %s. Check that it is the API key of a project and environment; this operation does not accept a management key.", d.project.Key.Source)
	default: // for 401 and 403, NextStep would name the management key
		next = d.NextStep(err)
	}
	return fmt.Sprintf("The provider tried to %s.\n\n%s\n\n%s", attempted, err, next)
}
