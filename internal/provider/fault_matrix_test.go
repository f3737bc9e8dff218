package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// The fault matrix: every operation on a resource, with every fault at every one of its
// requests. The run succeeds, or it fails with an error that says what to do next. That
// step leads to the configured state. Meanwhile nothing is lost or doubled, and no key is
// active that neither the state nor the error has. With -short, each operation meets each fault
// at one request, and each of its requests meets some fault.

// outcomes count how the cases ended.
type outcomes struct{ succeeded, converged, followed atomic.Int64 }

// matrixWidth is how many cases are under way at a time: most of them wait most of the time.
const matrixWidth = 32

func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	var ended outcomes
	sealTo := recipient(t)

	// Not t.Parallel, which runs as many at a time as there are processors.
	var cases errgroup.Group
	cases.SetLimit(matrixWidth)
	for _, op := range operations {
		// The requests of a run without faults: each is hit in turn.
		var requests []emulatortest.Request
		t.Run(op.name, func(t *testing.T) {
			s := newScene(t, sealTo, nil)
			prior := s.prepare(op)
			after, err := s.run(op, prior)
			requests = s.server.Requests()
			s.checkAfter(op, prior, after, err)
			if occupied := err != nil; occupied != op.occupied || len(requests) == 0 {
				t.Fatalf("without a fault: %v, with the requests %v", err, requests)
			}
			if len(requests) > len(faults) {
				t.Errorf("%d requests are more than there are faults: with -short, some would meet none", len(requests))
			}
		})
		for i, f := range faults {
			hits := f.hits(requests)
			if !thorough() {
				hits = someOf(hits, i)
			}
			for _, hit := range hits {
				cases.Go(func() error {
					t.Run(fmt.Sprintf("%s, %s %s", op.name, f.name, hit.where), func(t *testing.T) { op.meets(t, f, hit, sealTo, &ended) })
					return nil
				})
			}
		}
	}
	_ = cases.Wait() // the cases report for themselves

	t.Logf("%d cases succeeded, %d failed and one more apply converged, %d failed and the named step led on", ended.succeeded.Load(), ended.converged.Load(), ended.followed.Load())
}

// hit is a fault at one request, or from it on.
type hit struct {
	where   string
	inject  emulatortest.Fault
	request emulatortest.Request
}

// hits are the cases of a fault in a run that sends these requests.
func (f fault) hits(requests []emulatortest.Request) []hit {
	var all []hit
	seen := map[string]bool{}
	for n, request := range requests {
		once := f.inject
		once.After = n
		all = append(all, hit{fmt.Sprintf("at request %d", n+1), once, request})
		if !f.lasts {
			continue
		}
		rest := once
		rest.Times = 1000
		all = append(all, hit{fmt.Sprintf("from request %d on", n+1), rest, request})
		if call := request.Method + " " + request.Path; !seen[call] {
			seen[call] = true
			every := f.inject
			every.Method, every.Path, every.Times = request.Method, request.Path, 1000
			all = append(all, hit{fmt.Sprintf("at every %s of request %d", request.Method, n+1), every, request})
		}
	}
	return all
}

// someOf are two hits of the fault with this index: one at a single request and, if the fault is
// tried as an outage, one of those. From fault to fault they move on to the next request.
func someOf(hits []hit, index int) []hit {
	var single, outage []hit
	for _, h := range hits {
		if h.inject.Times == 0 {
			single = append(single, h)
		} else {
			outage = append(outage, h)
		}
	}
	some := []hit{single[index%len(single)]}
	if len(outage) > 0 {
		some = append(some, outage[index%len(outage)])
	}
	return some
}

// meets is one case.
func (op operation) meets(t *testing.T, f fault, h hit, sealTo string, ended *outcomes) {
	s := newScene(t, sealTo, f.settings)
	prior := s.prepare(op)
	inject := h.inject
	inject.Path = s.translate(inject.Path, h.request)
	s.server.SetFaults(inject)
	after, err := s.run(op, prior)
	s.server.SetFaults()
	// One without a status is still under way, though nobody waits for it any longer.
	if !slices.ContainsFunc(s.server.Requests(), func(r emulatortest.Request) bool { return r.Fault != "" || r.Status == 0 }) {
		t.Errorf("the fault hit no request: %v", s.server.Requests())
	}

	s.checkAfter(op, prior, after, err)
	s.notReplayedBlindly()
	// The error of an operation that is refused in any case may be its own.
	if says := func(phrase string) bool { return strings.Contains(err.Error(), phrase) }; err != nil && !op.occupied && !slices.ContainsFunc(f.says, says) {
		t.Errorf("the error says none of %q: %v", f.says, err)
	}
	// A broken 409 is not repeated: its status alone says that nothing was done.
	if once := inject.Times == 0; once && f.transient && !op.occupied && err != nil && !strings.Contains(err.Error(), "(409 Conflict)") {
		t.Errorf("the run should get over a single one, and fails: %v", err)
	}
	// An object that was created, and can be read, is taken over, unless the service answers every creation
	// like a conflict.
	created := inject.Kind == "drop_after" || inject.Kind == "garbage" || inject.Done && inject.Times == 0
	if created && inject.Method == "POST" && op.kind != keyKind && err != nil {
		t.Errorf("the object that was created is not taken over: %v", err)
	}
	// With replace_existing a conflict is no refusal.
	if f.refuses && h.request.Method != "GET" && err == nil && !(f.inject.Status == 409 && op.configIn(s)["replace_existing"] == true) {
		t.Errorf("%s %s was refused, and the run succeeded", h.request.Method, h.request.Path)
	}

	end, steps := s.converge(op, after, err)
	s.checkEnd(op, prior, end)
	switch {
	case err == nil:
		ended.succeeded.Add(1)
	case steps == 0:
		ended.converged.Add(1)
	default:
		ended.followed.Add(1)
	}
}

// translate turns the path of a request of another scene, whose ids differ, into a prefix that fits here.
func (s *scene) translate(path string, hit emulatortest.Request) string {
	if path == "" {
		return ""
	}
	parts := strings.Split(hit.Path, "/")
	if len(parts) < 4 {
		return path
	}
	return strings.Join(parts[:3], "/") + "/" // the operation uses no id but the object's own
}
