package traceloop

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// Answer is what errors say about an answer.
type Answer struct {
	StatusCode int
	RequestID  string // identifies the request in the service's logs; may be empty
	Method     string
	Path       string
}

func (a Answer) status() string { return statusLine(a.StatusCode) }

// describe adds the operation and the request id to a text.
func (a Answer) describe(text string) string {
	if a.RequestID != "" {
		text += fmt.Sprintf(" (request id %s)", a.RequestID)
	}
	return fmt.Sprintf("%s %s: %s", a.Method, a.Path, text)
}

// ErrKeyAsID refuses to send a key in the address of a request, where an id belongs. The service would not find
// it, which would look as if the key was revoked.
var ErrKeyAsID = errors.New("an API key was given in the place of an id")

// Error is a refusal by the service.
type Error struct {
	Answer

	Message   string // from the service, or why there is none
	revoked   bool   // see IsRevoked
	mayBeOurs bool   // see MayHaveDeleted
}

func (e *Error) Error() string { return e.describe(e.status() + ": " + e.Message) }

// IsNotFound reports whether the service said that the object does not exist. A 404 that does not
// come from the API, such as a proxy's page, is an *UnreadableError: DESIGN.md, "404".
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && isNotFound(e.StatusCode)
}

// isNotFound takes 410 for a 404: some services remember what they deleted.
func isNotFound(status int) bool { return status == http.StatusNotFound || status == http.StatusGone }

// MayHaveDeleted reports whether a DELETE was answered 404 after an attempt whose answer was lost: that one has
// deleted the object, unless another organization answers.
func MayHaveDeleted(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.mayBeOurs
}

// IsConflict reports whether the service refused because of its current state, such as a name that
// is taken. It may answer so with 500 and the text of its database.
func IsConflict(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (e.StatusCode == http.StatusConflict || isDuplicate(e.StatusCode, e.Message))
}

// isDuplicate reports whether an answer has the text of a database that refused a second object.
// Then the request was not carried out.
func isDuplicate(status int, message string) bool {
	return status == http.StatusInternalServerError && strings.Contains(message, "duplicate key value violates unique constraint")
}

// IsRefusedKey reports whether the service refused the key, as it does once the key is revoked.
func IsRefusedKey(err error) bool {
	return hasStatus(err, http.StatusUnauthorized) || hasStatus(err, http.StatusForbidden)
}

// IsRevoked reports whether the service said that a key is revoked, and not only that it finds none.
func IsRevoked(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.revoked
}

// IsRefused reports whether nothing listens at the address that was called.
func IsRefused(err error) bool {
	const windows = syscall.Errno(10061) // WSAECONNREFUSED, which is not syscall.ECONNREFUSED
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, windows)
}

// IsUnknownHost reports whether the name of the host that was called does not exist. Another
// attempt would not change that: the name is misspelled, or the machine has no network.
func IsUnknownHost(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}

func hasStatus(err error, status int) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.StatusCode == status
}

// UnreadableError is an answer that does not come from the API: a web page, an incomplete or too
// large body, a redirect, a refusal in the words of a gateway.
type UnreadableError struct {
	Answer

	Reason string // such as "its content type is text/html"; never a part of the body
	Err    error  // why reading stopped, or nil
}

func (e *UnreadableError) Error() string {
	return e.describe(fmt.Sprintf("the answer (%s) does not come from the Traceloop API: %s", e.status(), e.Reason))
}

func (e *UnreadableError) Unwrap() error { return e.Err }

// MismatchError is an answer of the API that differs from what this version of the client expects:
// a field is missing or has another type. The service may have changed.
type MismatchError struct {
	Answer

	Reason string // such as "its field created_at is missing"; never a value
}

func (e *MismatchError) Error() string {
	return e.describe(fmt.Sprintf("the answer (%s) differs from what this version of the provider expects: %s", e.status(), e.Reason))
}

// MissingOperationError says that the service, or the address that was called, does not have this
// operation. Nothing was carried out. The status is 404 or 405.
type MissingOperationError struct{ Answer }

func (e *MissingOperationError) Error() string {
	return e.describe(e.status() + ": the service at this address does not have this operation")
}

// UnknownOutcomeError is a POST that the service may have carried out. Check whether the object
// exists before another attempt.
type UnknownOutcomeError struct {
	Method  string
	Path    string
	Started time.Time // of the first attempt, by our clock; see Client.CreatedSince
	Err     error     // why the outcome is unknown

	// MayBeConflict says that the service answered with 500, as it may also do if the object was there
	// before. So an object that came into being at about the same time may be somebody else's.
	MayBeConflict bool
}

func (e *UnknownOutcomeError) Error() string {
	return fmt.Sprintf("%v; it is unknown whether the service carried out this %s", e.Err, e.Method)
}

func (e *UnknownOutcomeError) Unwrap() error { return e.Err }

// RateLimitError is a call that ended because the service asks for a longer wait than the client
// accepts. The request was not carried out.
type RateLimitError struct {
	Until  time.Time // when the service accepts requests again
	Method string
	Path   string
}

func (e *RateLimitError) Error() string {
	return fmt.Sprintf("%s %s: the service accepts no requests until %s, which is longer than the provider waits",
		e.Method, e.Path, e.Until.UTC().Format(time.RFC3339))
}

// ProxyError is a refusal by the proxy. The request did not reach the service.
type ProxyError struct {
	StatusCode int
	Host       string // of the proxy, with its port
}

func (e *ProxyError) Error() string {
	return fmt.Sprintf("%s: the proxy %s refuses to connect (status %d)", cmp.Or(http.StatusText(e.StatusCode), "Refused"), e.Host, e.StatusCode)
}

func statusLine(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}
