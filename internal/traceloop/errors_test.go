package traceloop

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestErrorTexts(t *testing.T) {
	refused := &Error{StatusCode: 409, Message: `A project named "x" exists already.`, RequestID: "req-1", Method: "POST", Path: "/v2/projects"}
	for want, err := range map[string]error{
		`POST /v2/projects: 409 Conflict: A project named "x" exists already. (request id req-1)`: refused,
		"GET /v2/projects: 520: No.": &Error{StatusCode: 520, Message: "No.", Method: "GET", Path: "/v2/projects"},
		"GET /v2/projects: the answer (404 Not Found) does not come from the Traceloop API: its content type is text/html": &UnreadableError{
			StatusCode: 404, Reason: "its content type is text/html", Method: "GET", Path: "/v2/projects",
		},
		"POST /v2/projects: 500 Internal Server Error: Oops.; it is unknown whether the service carried out this POST": &UnknownOutcomeError{
			Method: "POST", Path: "/v2/projects", Err: &Error{StatusCode: 500, Message: "Oops.", Method: "POST", Path: "/v2/projects"},
		},
	} {
		if err.Error() != want {
			t.Errorf("got  %q\nwant %q", err, want)
		}
	}
}

func TestErrorsAreFoundInAChain(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("creating: %w", err) }
	var (
		refused    *Error
		unreadable *UnreadableError
		unknown    *UnknownOutcomeError
		limited    *RateLimitError
	)
	if !errors.As(wrap(&Error{StatusCode: 404}), &refused) || refused.StatusCode != 404 {
		t.Error("*Error is not found")
	}
	if !errors.As(wrap(&UnreadableError{Err: context.Canceled}), &unreadable) || !errors.Is(unreadable, context.Canceled) {
		t.Error("*UnreadableError, or its cause, is not found")
	}
	if !errors.As(wrap(&UnknownOutcomeError{Err: &UnreadableError{}}), &unknown) || !errors.As(unknown, &unreadable) {
		t.Error("*UnknownOutcomeError, or its cause, is not found")
	}
	if !errors.As(wrap(&RateLimitError{}), &limited) {
		t.Error("*RateLimitError is not found")
	}

	if !IsNotFound(wrap(&Error{StatusCode: 404})) || IsNotFound(wrap(&Error{StatusCode: 409})) || IsNotFound(&UnreadableError{StatusCode: 404}) || IsNotFound(nil) {
		t.Error("IsNotFound is wrong")
	}
	if !IsConflict(wrap(&Error{StatusCode: 409})) || IsConflict(wrap(&Error{StatusCode: 404})) || IsConflict(&UnreadableError{StatusCode: 409}) || IsConflict(nil) {
		t.Error("IsConflict is wrong")
	}
}
