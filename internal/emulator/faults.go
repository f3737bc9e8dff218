package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// The kinds of fault.
const (
	faultStatus     = "status"
	faultDropBefore = "drop_before"
	faultDropAfter  = "drop_after"
	faultDelay      = "delay"
	faultTruncate   = "truncate"
	faultGarbage    = "garbage"
	faultHuge       = "huge"
)

var faultKinds = []string{faultStatus, faultDropBefore, faultDropAfter, faultDelay, faultTruncate, faultGarbage, faultHuge}

// faultHeader names the fault in an answer that a fault made or changed.
const faultHeader = "X-Emulator-Fault"

// Fault is a failure of the requests that match.
type Fault struct {
	Method string `json:"method,omitempty"` // any, if empty
	Path   string `json:"path,omitempty"`   // prefix; any, if empty
	Kind   string `json:"kind"`
	After  int    `json:"after,omitempty"` // matching requests to skip first
	Times  int    `json:"times,omitempty"` // requests to hit after that; 1, if 0

	// Of the kind "status".
	Status     int     `json:"status,omitempty"`
	RetryAfter *int    `json:"retry_after,omitempty"` // seconds
	Body       *string `json:"body,omitempty"`        // an error of the API, if nil
	Done       bool    `json:"done,omitempty"`        // whether the operation is carried out

	// Of the kind "delay".
	MS int `json:"ms,omitempty"`
}

// SetFaults replaces the fault plan. If several faults match a request, the first one that is due
// hits it, and all of them count it for their After.
func (e *Emulator) SetFaults(plan ...Fault) error {
	plan = slices.Clone(plan)
	for i := range plan {
		if plan[i].Times == 0 {
			plan[i].Times = 1
		}
		if err := plan[i].check(); err != nil {
			return fmt.Errorf("faults[%d]: %w", i, err)
		}
	}
	e.faults.add(true, plan...)
	e.requests.touch()
	return nil
}

func (f Fault) check() error {
	switch {
	case !slices.Contains(faultKinds, f.Kind):
		return fmt.Errorf("kind %q is unknown; it must be one of %s", f.Kind, strings.Join(faultKinds, ", "))
	case f.Method != strings.ToUpper(f.Method):
		return fmt.Errorf("method %q must be in upper case", f.Method)
	case f.Path != "" && !strings.HasPrefix(f.Path, "/"):
		return fmt.Errorf("path %q must begin with /", f.Path)
	case strings.HasPrefix(f.Path, controlPrefix):
		return errors.New("path: faults do not apply to control calls")
	case f.After < 0:
		return errors.New("after must be 0 or more")
	case f.Times < 1:
		return errors.New("times must be 1 or more")
	case f.Kind == faultStatus && (f.Status < 200 || f.Status > 599):
		return errors.New(`kind "status" needs status, from 200 to 599: a 1xx is never the last answer`)
	case f.Kind != faultStatus && (f.Status != 0 || f.RetryAfter != nil || f.Body != nil || f.Done):
		return fmt.Errorf(`status, retry_after, body and done belong to kind "status", not to %q`, f.Kind)
	case f.RetryAfter != nil && *f.RetryAfter < 0:
		return errors.New("retry_after must be 0 seconds or more")
	case f.Kind == faultDelay && (f.MS < 1 || f.MS > int(maxWait.Milliseconds())):
		return errors.New(`kind "delay" needs ms, from 1 to 3600000, an hour`)
	case f.Kind != faultDelay && f.MS != 0:
		return fmt.Errorf(`ms belongs to kind "delay", not to %q`, f.Kind)
	}
	return nil
}

type plannedFault struct {
	Fault
	Number     int // its id on the page
	seen, hits int
}

type faults struct {
	mu   sync.Mutex
	plan []*plannedFault
	last int // the number given last
}

// add does not change the other faults or their counts, unless it replaces them.
func (f *faults) add(replace bool, plan ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if replace {
		f.plan = nil
	}
	for _, fault := range plan {
		f.last++
		f.plan = append(f.plan, &plannedFault{Fault: fault, Number: f.last})
	}
}

func (f *faults) remove(number int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan = slices.DeleteFunc(f.plan, func(fault *plannedFault) bool { return fault.Number == number })
}

func (f *faults) snapshot() []plannedFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]plannedFault, len(f.plan))
	for i, fault := range f.plan {
		list[i] = *fault
	}
	return list
}

// next returns the fault that hits this request. Its kind is empty if there is none.
func (f *faults) next(r *http.Request) (hit Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.plan {
		if fault.Method != "" && fault.Method != r.Method || !strings.HasPrefix(r.URL.Path, fault.Path) {
			continue
		}
		fault.seen++
		if hit.Kind == "" && fault.seen > fault.After && fault.hits < fault.Times {
			fault.hits++
			hit = fault.Fault
		}
	}
	return hit
}

// carriesOut reports whether the operation is carried out.
func (f Fault) carriesOut() bool {
	return f.Kind != faultDropBefore && (f.Kind != faultStatus || f.Done)
}

// drops reports whether the connection is closed without an answer.
func (f Fault) drops() bool {
	return f.Kind == faultDropBefore || f.Kind == faultDropAfter
}

// corrupt changes the answer before it is sent.
func (f Fault) corrupt(held *heldAnswer) {
	switch f.Kind {
	case faultStatus:
		f.answer(held)
	case faultTruncate:
		held.body.Truncate(held.body.Len() / 2)
	case faultGarbage:
		held.status = http.StatusOK
		held.header.Set("Content-Type", "text/html; charset=utf-8")
		held.body.Reset()
		held.body.WriteString("<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1></body></html>\n")
	default: // other kinds do not change the answer
		return
	}
	held.header.Set(faultHeader, f.Kind)
}

func (f Fault) answer(held *heldAnswer) {
	*held = *newHeldAnswer()
	if f.RetryAfter != nil {
		held.header.Set("Retry-After", strconv.Itoa(*f.RetryAfter))
	}
	if f.Body == nil {
		writeJSON(held, f.Status, errorBody(strings.TrimSpace(fmt.Sprintf("Injected fault: %d %s", f.Status, http.StatusText(f.Status)))+"."))
		return
	}
	contentType := "text/plain; charset=utf-8"
	if json.Valid([]byte(*f.Body)) {
		contentType = "application/json"
	}
	held.header.Set("Content-Type", contentType)
	held.status = f.Status
	held.body.WriteString(*f.Body)
}

// sendEndless sends endless JSON until the client closes the connection.
func sendEndless(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set(faultHeader, faultHuge)
	w.WriteHeader(status)
	_, err := io.WriteString(w, `{"data":[`)
	for items := strings.Repeat(`{"id":"c000000000000000000000000"},`, 1000); err == nil; {
		_, err = io.WriteString(w, items)
	}
}
