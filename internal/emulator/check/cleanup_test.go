package check

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// The answer to each write that was carried out is lost once, or the check is interrupted while the
// write is under way.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"answer lost", "interrupted"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			writes, removed := 0, false
			for at := 1; at == writes+1; at++ { // until there was no such write
				ctx, interrupt := context.WithCancel(t.Context())
				n, want, method := 0, exitHolds, ""
				r := populated(t, func(e *exchange) {
					if !e.done() {
						return
					}
					// The other setup of the bulk upsert, whose removal is no rule.
					removal := e.on("DELETE", setups+"/") && strings.HasSuffix(e.URL.Path, "-2")
					removed = removed || removal
					if n++; n != at {
						return
					}
					if writes, want = at, exitFailed; !removal {
						method = e.Method
					}
					if e.lost = fault == "answer lost"; !e.lost {
						interrupt()
					} else if removal {
						want = exitHolds
					}
				}).check(t, ctx, writing...)
				interrupt()
				interrupted := fault == "interrupted" && writes == at
				if said := strings.Contains(r.stdout, "Removing what the check created"); said != interrupted {
					t.Errorf("write %d: it says that it was interrupted: %t", at, said)
				}
				if r.status != want {
					t.Errorf("write %d: status %d\n%s", at, r.status, r.troubles())
				}
				judged := slices.DeleteFunc(r.lines, func(line string) bool {
					return strings.HasPrefix(line, string(notShown)) || strings.Contains(line, "every operation")
				})
				if last := judged[len(judged)-1]; interrupted && !strings.HasPrefix(last, "holds "+method) {
					t.Errorf("write %d: the interrupt stopped it on its way: %s", at, last)
				}
			}
			if writes < 15 || !removed {
				t.Errorf("only %d writes, or a setup is left to its project", writes)
			}
		})
	}
}

// An interrupt during the reads creates nothing.
func TestInterruptedBeforeItWrites(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	r := populated(t, func(e *exchange) {
		if e.on("GET", apiKeys) {
			interrupt()
		}
		if e.Method != http.MethodGet {
			t.Errorf("it wrote: %s %s", e.Method, e.URL.Path)
		}
	}).check(t, ctx, writing...)
	if r.status != exitFailed || !strings.Contains(r.stderr, "interrupted") {
		t.Errorf("status %d, %q", r.status, r.stderr)
	}
}

// What cannot be removed is the last thing that is printed, with how to remove it: where nothing can be deleted, and
// where the service goes away while it creates the project.
func TestWhatIsLeftIsPrintedLast(t *testing.T) {
	t.Parallel()
	for _, goesAway := range []bool{false, true} {
		made := false
		s := populated(t, func(e *exchange) { e.lost = goesAway && e.on("POST", projects) })
		s.refuse = func(e *exchange) bool {
			e.status = http.StatusInternalServerError
			refused := goesAway && made || e.Method == http.MethodDelete
			made = made || e.on("POST", projects)
			return refused
		}
		r := s.check(t, t.Context(), writing...)
		_, last, _ := strings.Cut(r.stdout, "Could not be removed.")
		if r.status != exitLeft || strings.Contains(last, "holds") || !strings.Contains(r.report, "could not be removed") || strings.Contains(r.stdout+r.stderr, s.ManagementKey) {
			t.Errorf("status %d, or it does not come last, or the report does not say so, or it shows the key:\n%s", r.status, r.stdout)
		}
		for _, p := range s.Projects() {
			ours := strings.HasPrefix(p.Name, "Check of terraform-provider-traceloop")
			how := "curl -X DELETE -H @- " + s.url + projects + "/" + p.ID
			if goesAway {
				how = "look for the project in the answer to:\n    echo \"Authorization: Bearer $TRACELOOP_MANAGEMENT_API_KEY\" | curl -X GET -H @- " + s.url + projects + "\n"
			}
			if ours != strings.Contains(last, how) && (ours || !goesAway) {
				t.Errorf("%s: how to delete it is wrong:\n%s", p.Name, last)
			}
			if ours && !strings.Contains(last, strings.TrimSuffix(p.Name, " (renamed)")) {
				t.Errorf("%q is not named:\n%s", p.Name, last)
			}
		}
	}
}

// A service that answers a creation with an object of somebody else's, or with an id that leads to
// another path, loses nothing.
func TestWhatWasThereBeforeStays(t *testing.T) {
	t.Parallel()
	for name, ofAnother := range map[string]func(*service) string{
		"another project": func(s *service) string { return s.Projects()[1].ID },
		"a key":           func(s *service) string { return s.Keys()[0].ID },
		"a parent":        func(*service) string { return ".." },
	} {
		s := populated(t, nil)
		s.change = func(e *exchange) {
			if strings.Contains(e.URL.Path, "..") {
				t.Errorf("%s: %s %s was sent", name, e.Method, e.URL.Path)
			}
			if e.done() && e.Method == http.MethodPost && e.object()["id"] != nil {
				e.object()["id"] = ofAnother(s)
			}
		}
		if r := s.check(t, t.Context(), writing...); r.status != exitDiffers {
			t.Errorf("%s: status %d\n%s", name, r.status, r.stdout)
		}
	}
}
