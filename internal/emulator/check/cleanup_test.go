package check

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

// done reports whether the emulator has carried out a write.
func (e *exchange) done() bool { return e.Method != http.MethodGet && e.status < 300 }

// The answer to each write that was carried out is lost once, or the check is interrupted while the
// write is under way.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	writes := 0
	server := populated(t)
	url, _ := startBroken(t, server, func(e *exchange) {
		if e.done() {
			writes++
		}
	})
	if r := check(t, t.Context(), url, server, writing...); r.status != exitHolds || writes < 15 {
		t.Fatalf("status %d, %d writes", r.status, writes)
	}
	for _, fault := range []string{"answer lost", "interrupted"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			for at := 1; at <= writes; at++ {
				server := populated(t)
				before := export(t, server)
				ctx, interrupt := context.WithCancel(t.Context())
				n, want := 0, exitFailed
				url, _ := startBroken(t, server, func(e *exchange) {
					if !e.done() {
						return
					}
					if n++; n != at {
						return
					}
					if e.lost = fault == "answer lost"; !e.lost {
						interrupt()
					} else if e.on("DELETE", "/v2/auto-monitor-setups/") && strings.HasSuffix(e.URL.Path, "-2") {
						want = exitHolds // no rule, but the removal of what the bulk upsert created
					}
				})
				r := check(t, ctx, url, server, writing...)
				interrupt()
				if after := export(t, server); after != before {
					t.Errorf("write %d: the organization has changed:\n%s\n%s\n%s", at, before, after, r.stdout)
				}
				if said := strings.Contains(r.stdout, "Removing what the check created"); said != (fault == "interrupted") {
					t.Errorf("write %d: it says that it was interrupted: %t", at, said)
				}
				if r.status != want {
					t.Errorf("write %d: status %d\n%s", at, r.status, troubles(r.lines))
				}
				leaks(t, server, r.report)
			}
		})
	}
}

// An interrupt during the reads creates nothing.
func TestInterruptedBeforeItWrites(t *testing.T) {
	t.Parallel()
	server := populated(t)
	ctx, interrupt := context.WithCancel(t.Context())
	url, b := startBroken(t, server, func(e *exchange) {
		if e.on("GET", "/v2/api-keys") {
			interrupt()
		}
	})
	r := check(t, ctx, url, server, writing...)
	if len(b.writes) > 0 || r.status != exitFailed || !strings.Contains(r.stderr, "interrupted") {
		t.Errorf("status %d, %q, writes %q", r.status, r.stderr, b.writes)
	}
}

// What cannot be removed is the last thing that is printed, with how to remove it.
func TestWhatIsLeftIsPrintedLast(t *testing.T) {
	t.Parallel()
	server := populated(t)
	url, b := startBroken(t, server, nil)
	b.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusInternalServerError)
		}
		return r.Method == http.MethodDelete
	}
	r := check(t, t.Context(), url, server, writing...)
	if r.status != exitLeft {
		t.Errorf("status %d", r.status)
	}
	_, last, found := strings.Cut(r.stdout, "Could not be removed.")
	if !found || strings.Contains(last, "holds") {
		t.Fatalf("it does not come last:\n%s", r.stdout)
	}
	for _, p := range server.Projects() {
		ours := strings.HasPrefix(p.Name, "Check of terraform-provider-traceloop")
		if ours != strings.Contains(last, `echo "Authorization: Bearer $TRACELOOP_MANAGEMENT_API_KEY" | curl -X DELETE -H @- `+url+"/v2/projects/"+p.ID) {
			t.Errorf("%s: how to delete it is wrong:\n%s", p.Name, last)
		}
		if ours && !strings.Contains(last, p.Name[:len(p.Name)-len(" (renamed)")]) {
			t.Errorf("%q is not named:\n%s", p.Name, last)
		}
	}
	if strings.Contains(r.stdout+r.stderr+r.report, server.ManagementKey) {
		t.Error("the management key is shown")
	}
	leaks(t, server, r.report)
	if !strings.Contains(r.report, "could not be removed") {
		t.Errorf("the report does not say so:\n%s", r.report)
	}
}

// The service fails permanently after the project is created.
func TestServiceThatGoesAway(t *testing.T) {
	t.Parallel()
	server := populated(t)
	url, b := startBroken(t, server, nil)
	made := false
	b.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		if made {
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}
		made = r.Method == http.MethodPost && r.URL.Path == "/v2/projects"
		return false
	}
	b.change = func(e *exchange) {
		if e.on("POST", "/v2/projects") {
			e.lost = true
		}
	}
	r := check(t, t.Context(), url, server, writing...)
	if r.status != exitLeft || !strings.Contains(r.stdout, "look for the project in the answer to") || !strings.Contains(r.stdout, url+"/v2/projects") {
		t.Errorf("status %d\n%s", r.status, r.stdout)
	}
}

// A service that answers a creation with an object of somebody else's, or with an id that leads to
// another path, loses nothing.
func TestWhatWasThereBeforeStays(t *testing.T) {
	t.Parallel()
	for name, ofAnother := range map[string]func(*org) string{
		"another project": func(server *org) string { return server.Projects()[1].ID },
		"a key":           func(server *org) string { return server.Keys()[0].ID },
		"a parent":        func(*org) string { return ".." },
	} {
		server := populated(t)
		url, b := startBroken(t, server, func(e *exchange) {
			if e.done() && e.Method == http.MethodPost && e.object()["id"] != nil {
				e.object()["id"] = ofAnother(server)
			}
		})
		before := export(t, server)
		r := check(t, t.Context(), url, server, writing...)
		if after := export(t, server); after != before || r.status != exitDiffers {
			t.Errorf("%s: status %d, the organization has changed:\n%s\n%s\n%q", name, r.status, before, after, b.writes)
		}
	}
}
