package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

// twoOrganizations are two organizations behind one address, as they are at Traceloop: the key of a
// request decides which one answers.
func twoOrganizations(t *testing.T) (ours, other *emulatortest.Server, address string) {
	t.Helper()
	ours, other = emulatortest.Start(t), emulatortest.Start(t)
	return ours, other, serves(t, func(w http.ResponseWriter, r *http.Request) {
		server := ours
		if strings.HasSuffix(r.Header.Get("Authorization"), " "+other.ManagementKey) {
			server = other
		}
		server.Emulator.ServeHTTP(w, r)
	})
}

// Only the organization that has an object can empty a state of it.
func TestCLI_anotherOrganizationsKey(t *testing.T) {
	t.Parallel()
	ours, other, address := twoOrganizations(t)
	cli := newCLI(t, ours)
	cli.set("TRACELOOP_MANAGEMENT_BASE_URL", address)
	cli.write(ordersHCL + europeHCL)
	cli.apply()
	cli.plan("-destroy", "-out=saved")
	before := cli.state()

	cli.set("TRACELOOP_MANAGEMENT_API_KEY", other.ManagementKey)
	for _, line := range []string{
		"plan", "apply -refresh-only", "destroy", "destroy -refresh=false -parallelism=1", "destroy -target=traceloop_environment.eu", "apply saved",
	} {
		out := cli.fails(line, "Another Organization Answers", "terraform state rm ADDRESS", "Without -data", "nothing was changed")
		hides(t, out, "No Longer Found", other.ManagementKey)
		if after := cli.state(); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Fatalf("%s changed the state from\n%v to\n%v", line, before, after)
		}
	}
	noWritesThatCount(t, other)

	cli.set("TRACELOOP_MANAGEMENT_API_KEY", ours.ManagementKey)
	cli.plan("-detailed-exitcode")
	cli.destroy()
	if len(ours.Projects()) != 1 || len(ours.Environments("")) != 3 {
		t.Errorf("the organization has %v and %v", ours.Projects(), ours.Environments(""))
	}
}

func TestGone_anotherOrganization(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{projectKind, environmentKind, keyKind} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			ours, other, address := twoOrganizations(t)
			config := ofKind(kind, ours)
			settings := arguments{"base_url": address, "api_key": ours.ManagementKey}
			theirs := arguments{"base_url": address, "api_key": other.ManagementKey}
			for _, now := range []func() time.Time{time.Now, minutesLater} { // however old it is
				l := newLife(newDriverWith(t, now, settings), kind)
				l.apply(config, "create")
				made := l.state
				stranger := newLife(newDriverWith(t, now, theirs), kind)
				stranger.state = made

				_, err := stranger.provider.next().refresh(t.Context(), kind, made)
				refuses(t, err, "Another Organization Answers", "terraform state rm")
				refusesToDestroy(stranger, made, "Another Organization Answers")
				// A lost answer does not make the 404 a success.
				other.SetFaults(emulatortest.Fault{Method: "DELETE", Kind: "status", Status: 502})
				refusesToDestroy(stranger, made, "Another Organization Answers")

				// Core drops the private state of a tainted object.
				tainted := made
				tainted.private, tainted.tainted = nil, true
				if now().After(time.Now().Add(time.Minute)) { // a young one is looked for
					refusesToDestroy(stranger, tainted, "Unable to Confirm", "Is Gone", "terraform state rm")
				}
				l.destroy()
			}
			noWritesThatCount(t, other)
		})
	}
}

// The project's key deletes a setup. That says nothing about the organization of the management key.
func TestGone_projectKeyProvesNothing(t *testing.T) {
	t.Parallel()
	ours, other, address := twoOrganizations(t)
	settings := arguments{"base_url": address, "api_key": ours.ManagementKey, "project_api_key": projectKey(ours, "dev")}
	setup := newLife(newDriverWith(t, minutesLater, settings), setupKind)
	setup.apply(ofKind(setupKind, ours), "create")
	key := newLife(newDriverWith(t, minutesLater, settings), keyKind)
	key.apply(ofKind(keyKind, ours), "create")

	d := newDriverWith(t, minutesLater, settings.with(arguments{"api_key": other.ManagementKey})) // one apply, without a refresh
	if after, err := destroysIn(d, setupKind, setup.state); err != nil || !after.value.IsNull() {
		t.Fatalf("the setup is %s; %v", after.value, err)
	}
	after, err := destroysIn(d, keyKind, key.state)
	refuses(t, err, "Another Organization Answers")
	if after.value.IsNull() {
		t.Error("the state has lost the key")
	}
}

// destroysIn plans with the provider of another process, and applies with this one.
func destroysIn(d *driver, kind string, prior instance) (instance, error) {
	p, err := d.next().plan(d.t.Context(), kind, prior, nil)
	if err != nil {
		return prior, err
	}
	return d.carryOut(d.t.Context(), kind, prior, p)
}

// Behind a wrong base URL everything is "not found".
func TestGone_wrongBaseURL(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{projectKind, environmentKind, keyKind} {
		server := emulatortest.Start(t, emulatortest.WithAnyRequest())
		right := newLife(newDriver(t, server, minutesLater), kind)
		right.apply(ofKind(kind, server), "create")
		l := newLife(newDriverWith(t, minutesLater, arguments{"base_url": server.URL + "/api", "api_key": server.ManagementKey}), kind)
		l.state = right.state
		l.refusesToPlan(ofKind(kind, server), `comes from the provider argument "base_url"`)
		refusesToDestroy(l, l.state, `comes from the provider argument "base_url"`)
		right.destroy()
	}
}

// noWritesThatCount checks that nothing that was asked to be changed was.
func noWritesThatCount(t *testing.T, server *emulatortest.Server) {
	t.Helper()
	for _, request := range server.Requests() {
		if request.Method != "GET" && request.Status < 400 {
			t.Errorf("%s %s was carried out", request.Method, request.Path)
		}
	}
}

// ofKind is an object of a kind that no other resource is needed for.
func ofKind(kind string, server *emulatortest.Server) arguments {
	switch kind {
	case projectKind:
		return arguments{"name": "Orders", "deletion_protection": false}
	case environmentKind:
		return arguments{"name": "EU Production", "deletion_protection": false}
	case setupKind:
		return setupConfig("checkout", "char-count")
	case evaluatorKind:
		return evaluatorConfig("Tone").with(arguments{"deletion_protection": false})
	}
	return arguments{"project_id": server.Projects()[0].ID, "environment": "prd"}
}

// refusesToDestroy is a destroy with -refresh=false that fails and keeps the object in the state.
func refusesToDestroy(l *life, state instance, phrases ...string) {
	l.t.Helper()
	after, _, err := l.provider.next().apply(l.t.Context(), l.kind, state, nil)
	refuses(l.t, err, phrases...)
	if after.value.IsNull() {
		l.t.Error("the state has lost the object")
	}
}

// A state of an older version has no note. Then the service's word counts as before, with a warning.
func TestGone_withoutANote(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.CreateProject("Orders").ID
	l := newLife(newDriver(t, server, minutesLater), environmentKind)
	config := arguments{"name": "EU Production", "project_id": project, "deletion_protection": false}
	l.apply(config, "create")
	l.state.private = nil
	made := l.state

	// The first read makes the note, and later ones keep it as it is.
	read, err := l.provider.next().refresh(t.Context(), environmentKind, made)
	if err != nil || !strings.Contains(string(read.private), "origin") {
		t.Fatalf("the private state is %s after a read; %v", read.private, err)
	}
	again, err := l.provider.next().refresh(t.Context(), environmentKind, read)
	if err != nil || !bytes.Equal(again.private, read.private) {
		t.Errorf("a second read changes the private state from %s to %s; %v", read.private, again.private, err)
	}

	server.DeleteEnvironment(l.id())
	if after, err := l.provider.next().refresh(t.Context(), environmentKind, made); err != nil || !after.value.IsNull() {
		t.Errorf("its project is there, so it is gone: %v, %v", after.value, err)
	}
	l.state = made
	l.apply(nil, "") // the refresh finds it gone
	l.state = made
	after, p, err := l.provider.next().apply(t.Context(), environmentKind, made, nil)
	if err != nil || p.action != "delete" || !after.value.IsNull() {
		t.Errorf("-refresh=false: its project is there, so it is gone: %v, %v", after.value, err)
	}

	server.DeleteProject(project)
	if after, err := l.provider.next().refresh(t.Context(), environmentKind, made); err != nil || !after.value.IsNull() {
		t.Errorf("a refresh takes the service's word: %v, %v", after.value, err)
	}
	refusesToDestroy(l, made, "Unable to Confirm Environment Is Gone", "without -refresh=false", "terraform state rm")
}

// hiding is a service that does not show new objects until the provider has waited for some time.
type hiding struct {
	server *emulatortest.Server
	url    string

	mu     sync.Mutex
	hidden func(id string) bool // nil: none
	slept  time.Duration        // by the provider
	shows  time.Duration        // how long the provider has to sleep until it sees everything
	lists  int
}

func newHiding(t *testing.T, shows time.Duration) *hiding {
	t.Helper()
	h := &hiding{server: emulatortest.Start(t), shows: shows}
	h.url = serves(t, func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		hidden := h.hidden
		if hidden == nil || h.slept >= h.shows {
			h.server.Emulator.ServeHTTP(w, r)
			return
		}
		var body []byte
		if r.Body != nil {
			body, _ = io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		var request struct {
			ProjectID string `json:"project_id"`
		}
		_ = json.Unmarshal(body, &request) // there may be none
		if hidden(path.Base(r.URL.Path)) || hidden(r.URL.Query().Get("project_id")) || hidden(request.ProjectID) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error":"not found"}`)
			return
		}
		recorded := httptest.NewRecorder()
		h.server.Emulator.ServeHTTP(recorded, r)
		answer := recorded.Body.Bytes()
		var list map[string]any
		if r.Method == http.MethodGet && json.Unmarshal(answer, &list) == nil && list["data"] != nil {
			h.lists++
			shown := slices.DeleteFunc(list["data"].([]any), func(object any) bool { return hidden(object.(map[string]any)["id"].(string)) })
			list["data"], list["total_results"] = shown, len(shown)
			answer, _ = json.Marshal(list)
		}
		w.Header().Set("Content-Type", recorded.Header().Get("Content-Type"))
		w.WriteHeader(recorded.Code)
		_, _ = w.Write(answer)
	})
	return h
}

// hide begins to hide objects.
func (h *hiding) hide(hidden func(id string) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hidden, h.slept, h.lists = hidden, 0, 0
}

func (h *hiding) driver(t *testing.T) *driver {
	t.Helper()
	sleep := func(ctx context.Context, d time.Duration) error {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.slept += d
		return ctx.Err()
	}
	return newDriverOf(t, provider.NewServerWithSleep(time.Now, sleep), arguments{"base_url": h.url, "api_key": h.server.ManagementKey})
}

func all(string) bool { return true }

func is(id string) func(string) bool { return func(other string) bool { return other == id } }

func TestGone_young(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{projectKind, environmentKind, keyKind} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			h := newHiding(t, 3*time.Second)
			config := ofKind(kind, h.server)
			l := newLife(h.driver(t), kind)
			l.apply(config, "create")
			id := l.id()

			// It shows up while the provider waits.
			h.hide(is(id))
			l.apply(config, "")
			l.has(arguments{"id": id})

			// It does not.
			h.shows = time.Hour
			h.hide(is(id))
			_, err := l.provider.next().refresh(t.Context(), kind, l.state)
			refuses(t, err, "Not Found Yet", "less than two minutes ago", "From 20", "on, a plan takes it as deleted")
			if h.slept != 10*time.Second {
				t.Errorf("the provider waits for %s, want 10 s", h.slept)
			}
			h.hide(is(id))
			refusesToDestroy(l, l.state, "Not Found Yet")

			// Its delete, when it shows up.
			h.shows = 3 * time.Second
			h.hide(is(id))
			var after instance
			after, _, err = l.provider.next().apply(t.Context(), kind, l.state, nil)
			if err != nil || !after.value.IsNull() || len(h.server.Projects()) != 1 || len(h.server.Environments("")) != 3 || len(h.server.Keys()) != 0 {
				t.Errorf("the delete of an object that shows up: %v, %v", after.value, err)
			}
		})
	}
}

// One process may serve several plans, as for terraform test. An environment that it deletes and creates again
// has its slug again, and the new one's key is not gone with the old one.
func TestGone_environmentIsThereAgain(t *testing.T) {
	t.Parallel()
	h := newHiding(t, time.Hour)
	d, europe := h.driver(t), arguments{"name": "EU", "deletion_protection": false}
	first, err := d.create(t.Context(), environmentKind, europe)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := destroysIn(d, environmentKind, first); err != nil {
		t.Fatal(err)
	}
	if _, err := d.create(t.Context(), environmentKind, europe); err != nil {
		t.Fatal(err)
	}
	key, err := d.create(t.Context(), keyKind, arguments{"project_id": h.server.Projects()[0].ID, "environment": "eu"})
	if err != nil {
		t.Fatal(err)
	}
	h.hide(is(d.text(key, "id")))
	_, err = d.refresh(t.Context(), keyKind, key)
	refuses(t, err, "Not Found Yet")
}

// All that wait share a list for each round, and one limit.
func TestGone_manyYoung(t *testing.T) {
	t.Parallel()
	h := newHiding(t, time.Hour)
	d := h.driver(t)
	var made []instance
	for i := range 50 {
		state, err := d.create(t.Context(), projectKind, arguments{"name": fmt.Sprintf("Orders %d", i)})
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, state)
	}
	h.hide(func(id string) bool {
		return slices.ContainsFunc(made, func(i instance) bool { return d.text(i, "id") == id })
	})
	reading := d.next()
	var group sync.WaitGroup
	for _, state := range made {
		group.Go(func() {
			if _, err := reading.refresh(t.Context(), projectKind, state); err == nil {
				t.Error("the refresh succeeds")
			}
		})
	}
	group.Wait()
	// The client looks at lists too, to confirm a 404, and for the organization.
	if h.slept != 10*time.Second || h.lists > 6+2*len(made) {
		t.Errorf("they wait for %s and read %d lists", h.slept, h.lists)
	}
}

// The first apply: the project is created, and the service does not know it yet when its environment is.
func TestGone_newProjectIsAwaited(t *testing.T) {
	t.Parallel()
	h := newHiding(t, 3*time.Second)
	d := h.driver(t)
	project, err := d.create(t.Context(), projectKind, arguments{"name": "Orders"})
	if err != nil {
		t.Fatal(err)
	}
	h.hide(is(d.text(project, "id")))
	if _, err := d.create(t.Context(), environmentKind, arguments{"name": "EU", "project_id": d.text(project, "id")}); err != nil {
		t.Error(err)
	}
	h.hide(is(d.text(project, "id")))
	other, err := d.create(t.Context(), projectKind, arguments{"name": "Billing"})
	if err != nil {
		t.Fatal(err)
	}
	h.hide(is(d.text(other, "id")))
	if _, err := d.create(t.Context(), keyKind, arguments{"environment": "prd", "project_id": d.text(other, "id")}); err != nil {
		t.Error(err)
	}

	// Somebody else's project is not awaited.
	h.hide(all)
	if _, err := d.next().create(t.Context(), environmentKind, arguments{"name": "US", "project_id": "cnosuchproject"}); err == nil || h.slept != 0 {
		t.Errorf("an unknown project is awaited for %s: %v", h.slept, err)
	}
}

// What was deleted elsewhere is not protected, and leaves the state with a word. A plan does not announce to destroy what its
// refresh did not find.
func TestCLI_protectedInstanceIsGone(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t, emulatortest.WithNow(anHourAgo))
	cli := newCLI(t, server)
	config := func(names string) string {
		each := "for_each = toset([" + names + "])"
		return resourceOf(projectKind, "all", each, "name = each.key") +
			block(environmentKind, "all", each, "project_id = traceloop_project.all[each.key].id", named("EU")) +
			resourceOf(keyKind, "all", each, "project_id = traceloop_project.all[each.key].id", "environment = traceloop_environment.all[each.key].slug")
	}
	deletes := func(name string) {
		for _, p := range server.Projects() {
			if p.Name == name {
				server.DeleteProject(p.ID)
			}
		}
	}
	cli.write(config(`"A", "B"`))
	cli.apply()
	deletes("B")
	cli.write(config(`"A"`))
	out := ""
	for _, flags := range modes("traceloop_project.all") {
		out = cli.plan(strings.Fields("-out=saved " + flags)...)
		hides(t, out, "Deletion Protection")
	}
	shows(t, out, "Project No Longer Found", "Environment No Longer Found", "API Key No Longer Found", "it was revoked, or its project or environment was deleted")
	hides(t, out, "Destroying Is Irreversible", "API Keys Will Be Revoked")
	hides(t, cli.ok("plan", "-input=false", "-refresh-only"), "Deletion Protection")
	cli.ok("apply", "saved")
	cli.plan("-detailed-exitcode")
	deletes("A")
	shows(t, cli.apply(), "that apply generates a new key", "3 added, 0 changed, 0 destroyed")
}
