package traceloop

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestErrorTexts(t *testing.T) {
	refused := &Error{Answer: Answer{409, "req-1", "POST", "/v2/projects"}, Message: `A project named "x" exists already.`}
	for want, err := range map[string]error{
		`POST /v2/projects: 409 Conflict: A project named "x" exists already. (request id req-1)`: refused,
		"GET /v2/projects: 520: No.": &Error{Answer: Answer{520, "", "GET", "/v2/projects"}, Message: "No."},
		"GET /v2/projects: the answer (404 Not Found) does not come from the Traceloop API: its content type is text/html": &UnreadableError{
			Answer: Answer{404, "", "GET", "/v2/projects"}, Reason: "its content type is text/html",
		},
		"POST /v2/projects: 500 Internal Server Error: Oops.; it is unknown whether the service carried out this POST": &UnknownOutcomeError{
			Method: "POST", Path: "/v2/projects", Err: &Error{Answer: Answer{500, "", "POST", "/v2/projects"}, Message: "Oops."},
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
	if !errors.As(wrap(&Error{Answer: Answer{StatusCode: 404}}), &refused) || refused.StatusCode != 404 {
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

	if !IsNotFound(wrap(&Error{Answer: Answer{StatusCode: 404}})) || IsNotFound(wrap(&Error{Answer: Answer{StatusCode: 409}})) || IsNotFound(&UnreadableError{Answer: Answer{StatusCode: 404}}) || IsNotFound(nil) {
		t.Error("IsNotFound is wrong")
	}
	if !IsConflict(wrap(&Error{Answer: Answer{StatusCode: 409}})) || IsConflict(wrap(&Error{Answer: Answer{StatusCode: 404}})) || IsConflict(&UnreadableError{Answer: Answer{StatusCode: 409}}) || IsConflict(nil) {
		t.Error("IsConflict is wrong")
	}
}
